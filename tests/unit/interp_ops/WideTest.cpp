// Wide integers, against the compiler's own integers of any width.
#include <cfloat>
#include <cmath>
#include <csignal>
#include <random>

#include "Harness.h"

namespace kiln::interp {
namespace {

// Wide enough for each exact result.
using Exact = _BitInt(512);

template <unsigned bits> struct Wide {
  using Int = _BitInt(bits);
  using UInt = unsigned _BitInt(bits);
  static constexpr unsigned width = bits;
  static constexpr unsigned words = (bits + 63) / 64;
  static constexpr Exact signedMin = -(static_cast<Exact>(1) << (bits - 1));
  static constexpr Exact signedMax = -signedMin - 1;
  static constexpr Exact unsignedMax = (static_cast<Exact>(1) << bits) - 1;

  static std::vector<UInt> values() {
    std::vector<UInt> values;
    for (unsigned shift : {0u, 1u, 31u, 63u, 64u, bits - 2, bits - 1})
      for (int offset : {-1, 0, 1})
        values.push_back((static_cast<UInt>(1) << shift) + static_cast<UInt>(offset));
    for (std::size_t i = 0, n = values.size(); i < n; ++i)
      values.push_back(-values[i]);
    std::mt19937_64 random(bits);
    for (unsigned i = 0; i < 20; ++i) {
      UInt value = 0;
      for (unsigned word = 0; word < words; ++word)
        value = static_cast<UInt>(value << 63 << 1) | static_cast<UInt>(random());
      values.push_back(value >> random() % bits);
    }
    return values;
  }

  /// In a frame the bits above the width are zero; in the compiler's memory form they are undefined.
  static void set(Machine& machine, unsigned index, UInt value) {
    for (unsigned word = 0; word < words; ++word)
      machine.frame[index + word] = static_cast<Word>(value >> (word * 64));
  }
  static UInt get(const Machine& machine, unsigned index) {
    UInt value = 0;
    for (unsigned word = words; word-- > 0;)
      value = static_cast<UInt>(value << 63 << 1) | static_cast<UInt>(machine.frame[index + word]);
    if (bits % 64 != 0)
      EXPECT_EQ(machine.frame[index + words - 1] >> bits % 64, 0u);
    return value;
  }
};

template <typename W> class WideOps : public testing::Test {
protected:
  using Int = typename W::Int;
  using UInt = typename W::UInt;

  /// The result, and whether the overflow bit is set. In 128 bits both handlers must agree.
  std::pair<UInt, bool> binary(IntOp op, UInt a, UInt b) {
    Machine machine;
    W::set(machine, 8, a);
    W::set(machine, 16, b);
    machine.run(wideBinary(op), {1, 8, 16, 0}, {W::width});
    auto result = W::get(machine, 1);
    Word over = machine.frame[1 + W::words];
    EXPECT_TRUE(op >= IntOp::SAddOver ? over <= 1 : over == kUntouched);
    if (W::width == 128) {
      machine.run(int128Binary(op), {4, 8, 16, 0});
      EXPECT_TRUE(W::get(machine, 4) == result) << static_cast<int>(op);
      EXPECT_EQ(machine.frame[6], over);
    }
    return {result, over == 1};
  }

  bool compare(Predicate predicate, UInt a, UInt b) {
    Machine machine;
    W::set(machine, 8, a);
    W::set(machine, 16, b);
    machine.run(wideCompare(predicate), {1, 8, 16, 0}, {W::width});
    if (W::width == 128) {
      machine.run(int128Compare(predicate), {2, 8, 16, 0});
      EXPECT_EQ(machine.frame[1], machine.frame[2]);
    }
    return machine.frame[1];
  }

  UInt unary(IntUnary op, UInt a) {
    Machine machine;
    W::set(machine, 8, a);
    machine.run(wideUnary(op), {1, 8, 0, 0}, {W::width});
    return W::get(machine, 1);
  }

  void expect(IntOp op, UInt a, UInt b, UInt expected) {
    EXPECT_TRUE(binary(op, a, b).first == expected)
        << static_cast<int>(op) << " of " << static_cast<double>(a) << " and " << static_cast<double>(b);
  }

  /// `exact` is the result without bounds.
  void expectBounded(IntOp saturating, IntOp overflowing, UInt a, UInt b, Exact exact, bool isSigned) {
    Exact low = isSigned ? W::signedMin : 0;
    Exact high = isSigned ? W::signedMax : W::unsignedMax;
    Exact clamped = exact < low ? low : exact > high ? high : exact;
    if (saturating != IntOp::Count)
      expect(saturating, a, b, static_cast<UInt>(clamped));
    if (overflowing == IntOp::Count)
      return;
    auto [result, over] = binary(overflowing, a, b);
    EXPECT_TRUE(result == static_cast<UInt>(exact));
    EXPECT_EQ(over, clamped != exact);
  }
};

using Widths = testing::Types<Wide<65>, Wide<128>, Wide<129>, Wide<192>, Wide<200>>;
class WidthName {
public:
  template <typename W> static std::string GetName(int) { return "i" + std::to_string(W::width); }
};
TYPED_TEST_SUITE(WideOps, Widths, WidthName);

TYPED_TEST(WideOps, Arithmetic) {
  using Int = typename TypeParam::Int;
  using UInt = typename TypeParam::UInt;
  for (UInt a : TypeParam::values())
    for (UInt b : TypeParam::values()) {
      this->expect(IntOp::Add, a, b, a + b);
      this->expect(IntOp::Sub, a, b, a - b);
      this->expect(IntOp::Mul, a, b, a * b);
      this->expect(IntOp::And, a, b, a & b);
      this->expect(IntOp::Or, a, b, a | b);
      this->expect(IntOp::Xor, a, b, a ^ b);
      auto x = static_cast<Int>(a), y = static_cast<Int>(b);
      this->expect(IntOp::SMax, a, b, static_cast<UInt>(x < y ? y : x));
      this->expect(IntOp::SMin, a, b, static_cast<UInt>(x < y ? x : y));
      this->expect(IntOp::UMax, a, b, a < b ? b : a);
      this->expect(IntOp::UMin, a, b, a < b ? a : b);
      if (b == 0)
        continue;
      this->expect(IntOp::UDiv, a, b, a / b);
      this->expect(IntOp::URem, a, b, a % b);
      if (y == -1) // the compiler's own division of the minimum is undefined
        continue;
      this->expect(IntOp::SDiv, a, b, static_cast<UInt>(x / y));
      this->expect(IntOp::SRem, a, b, static_cast<UInt>(x % y));
    }
}

TYPED_TEST(WideOps, BoundedArithmetic) {
  using Int = typename TypeParam::Int;
  using UInt = typename TypeParam::UInt;
  for (UInt a : TypeParam::values())
    for (UInt b : TypeParam::values()) {
      Exact x = static_cast<Int>(a), y = static_cast<Int>(b), u = a, v = b;
      this->expectBounded(IntOp::SAddSat, IntOp::SAddOver, a, b, x + y, true);
      this->expectBounded(IntOp::UAddSat, IntOp::UAddOver, a, b, u + v, false);
      this->expectBounded(IntOp::SSubSat, IntOp::SSubOver, a, b, x - y, true);
      this->expectBounded(IntOp::USubSat, IntOp::USubOver, a, b, u - v, false);
      this->expectBounded(IntOp::Count, IntOp::SMulOver, a, b, x * y, true);
      this->expectBounded(IntOp::Count, IntOp::UMulOver, a, b, u * v, false);
    }
}

TYPED_TEST(WideOps, Shifts) {
  using Int = typename TypeParam::Int;
  using UInt = typename TypeParam::UInt;
  for (UInt a : TypeParam::values()) {
    for (unsigned count = 0; count < TypeParam::width; ++count) {
      UInt b = count;
      Exact x = static_cast<Int>(a), u = a;
      this->expect(IntOp::Shl, a, b, a << count);
      this->expect(IntOp::LShr, a, b, a >> count);
      this->expect(IntOp::AShr, a, b, static_cast<UInt>(static_cast<Int>(a) >> count));
      this->expectBounded(IntOp::SShlSat, IntOp::Count, a, b, x * (static_cast<Exact>(1) << count), true);
      this->expectBounded(IntOp::UShlSat, IntOp::Count, a, b, u << count, false);
    }
    // Poison, but no crash.
    for (IntOp op : {IntOp::Shl, IntOp::LShr, IntOp::AShr, IntOp::SShlSat, IntOp::UShlSat})
      for (UInt count : {static_cast<UInt>(TypeParam::width), static_cast<UInt>(~static_cast<UInt>(0))}) {
        Machine machine;
        TypeParam::set(machine, 8, a);
        TypeParam::set(machine, 16, count);
        machine.run(wideBinary(op), {1, 8, 16, 0}, {TypeParam::width});
        machine.run(int128Binary(op), {4, 8, 16, 0});
      }
  }
}

TYPED_TEST(WideOps, Comparisons) {
  using Int = typename TypeParam::Int;
  using UInt = typename TypeParam::UInt;
  for (UInt a : TypeParam::values())
    for (UInt b : TypeParam::values()) {
      auto x = static_cast<Int>(a), y = static_cast<Int>(b);
      EXPECT_EQ(this->compare(Predicate::Eq, a, b), a == b);
      EXPECT_EQ(this->compare(Predicate::Ne, a, b), a != b);
      EXPECT_EQ(this->compare(Predicate::Ugt, a, b), a > b);
      EXPECT_EQ(this->compare(Predicate::Uge, a, b), a >= b);
      EXPECT_EQ(this->compare(Predicate::Ult, a, b), a < b);
      EXPECT_EQ(this->compare(Predicate::Ule, a, b), a <= b);
      EXPECT_EQ(this->compare(Predicate::Sgt, a, b), x > y);
      EXPECT_EQ(this->compare(Predicate::Sge, a, b), x >= y);
      EXPECT_EQ(this->compare(Predicate::Slt, a, b), x < y);
      EXPECT_EQ(this->compare(Predicate::Sle, a, b), x <= y);
    }
}

TYPED_TEST(WideOps, Bits) {
  using Int = typename TypeParam::Int;
  using UInt = typename TypeParam::UInt;
  constexpr unsigned width = TypeParam::width;
  for (UInt a : TypeParam::values()) {
    unsigned ones = 0, leading = width, trailing = width;
    UInt reversed = 0;
    for (unsigned i = 0; i < width; ++i)
      if (a >> i & 1) {
        ++ones;
        leading = width - 1 - i;
        trailing = trailing == width ? i : trailing;
        reversed |= static_cast<UInt>(1) << (width - 1 - i);
      }
    EXPECT_TRUE(this->unary(IntUnary::Ctpop, a) == ones);
    EXPECT_TRUE(this->unary(IntUnary::Ctlz, a) == leading);
    EXPECT_TRUE(this->unary(IntUnary::Cttz, a) == trailing);
    EXPECT_TRUE(this->unary(IntUnary::BitReverse, a) == reversed);
    EXPECT_TRUE(this->unary(IntUnary::Abs, a) == (static_cast<Int>(a) < 0 ? -a : a));
    if (width % 16 == 0) {
      UInt swapped = 0;
      for (unsigned i = 0; i < width; i += 8)
        swapped |= (a >> i & 0xff) << (width - 8 - i);
      EXPECT_TRUE(this->unary(IntUnary::Bswap, a) == swapped);
    }
  }
}

TYPED_TEST(WideOps, FunnelShifts) {
  using UInt = typename TypeParam::UInt;
  constexpr unsigned width = TypeParam::width;
  for (UInt a : TypeParam::values())
    for (UInt count : TypeParam::values()) {
      UInt b = ~a ^ (a << 7);
      Machine machine;
      TypeParam::set(machine, 8, a);
      TypeParam::set(machine, 16, b);
      TypeParam::set(machine, 24, count);
      unsigned _BitInt(400) both = static_cast<unsigned _BitInt(400)>(a) << width | b;
      auto places = static_cast<unsigned>(count % static_cast<UInt>(width));
      machine.run(wideFunnel(true), {1, 8, 16, 24}, {width});
      EXPECT_TRUE(TypeParam::get(machine, 1) == static_cast<UInt>(both << places >> width));
      machine.run(wideFunnel(false), {1, 8, 16, 24}, {width});
      EXPECT_TRUE(TypeParam::get(machine, 1) == static_cast<UInt>(both >> places));
    }
}

/// The bits above a small integer in its word are undefined.
template <unsigned from, unsigned to> void checkExtension() {
  for (auto value : Wide<200>::values())
    for (bool isSigned : {false, true})
      for (unsigned source : {8u, 1u, 2u}) { // also where the result lies over the operand
        auto operand = static_cast<unsigned _BitInt(from)>(value);
        Machine machine;
        for (unsigned word = 0; word < (from + 63) / 64; ++word)
          machine.frame[source + word] = static_cast<Word>(static_cast<unsigned _BitInt(256)>(operand) >> (word * 64));
        if (from == 8 || from == 16 || from == 32)
          machine.frame[source] |= kUntouched << from;
        machine.run(wideExtend(isSigned), {1, static_cast<std::uint16_t>(source), 0, 0}, {from, to});
        auto expected = isSigned ? static_cast<unsigned _BitInt(to)>(static_cast<_BitInt(from)>(operand))
                                 : static_cast<unsigned _BitInt(to)>(operand);
        for (unsigned word = 0; word < (to + 63) / 64; ++word)
          EXPECT_EQ(machine.frame[1 + word],
                    static_cast<Word>(static_cast<unsigned _BitInt(256)>(expected) >> (word * 64)))
              << from << " to " << to << (isSigned ? " signed" : "");
      }
}

template <unsigned from> void checkExtensions() {
  checkExtension<from, 8>();
  checkExtension<from, 33>();
  checkExtension<from, 64>();
  checkExtension<from, 65>();
  checkExtension<from, 128>();
  checkExtension<from, 129>();
  checkExtension<from, 200>();
}

TEST(WideExtend, BetweenAllWidths) {
  checkExtensions<8>();
  checkExtensions<16>();
  checkExtensions<32>();
  checkExtensions<33>();
  checkExtensions<64>();
  checkExtensions<65>();
  checkExtensions<128>();
  checkExtensions<129>();
  checkExtensions<200>();
}

template <typename T> void checkFloat(FloatType type, std::size_t bytes) {
  auto code = static_cast<std::uint16_t>(type);
  for (auto value : Wide<128>::values()) {
    // Natively.
    Machine machine;
    Wide<128>::set(machine, 8, value);
    auto number = static_cast<unsigned __int128>(value);
    machine.run(wideToFloat(false), {1, 8, 0, code}, {128});
    auto expected = static_cast<T>(number);
    EXPECT_EQ(memcmp(&machine.frame[1], &expected, bytes), 0);
    machine.run(wideToFloat(true), {1, 8, 0, code}, {128});
    expected = static_cast<T>(static_cast<__int128>(number));
    EXPECT_EQ(memcmp(&machine.frame[1], &expected, bytes), 0);
    // And back, where it is in range.
    machine.run(wideFromFloat(true, false), {4, 1, 0, code}, {128});
    if (expected < T(0x1p126) && expected > T(-0x1p126))
      EXPECT_TRUE(Wide<128>::get(machine, 4) == static_cast<unsigned __int128>(static_cast<__int128>(expected)));
  }
}

TEST(WideFloat, NativeConversions) {
  checkFloat<float>(FloatType::Float, 4);
  checkFloat<double>(FloatType::Double, 8);
  checkFloat<long double>(FloatType::X86Fp80, 10);
  checkFloat<__float128>(FloatType::Fp128, 16);
}

TEST(WideFloat, ExactMultiplesOfPowersOfTwo) {
  constexpr auto extended = static_cast<std::uint16_t>(FloatType::X86Fp80);
  constexpr auto twice = static_cast<std::uint16_t>(FloatType::Double);
  for (Word significand : {Word{1}, Word{3}, Word{0x8000000000000001}, ~Word{0}, Word{0x20000000000001}})
    for (unsigned shift = 0; shift < 136; ++shift) {
      auto value = static_cast<Wide<200>::UInt>(significand) << shift;
      long double exact = std::ldexp(static_cast<long double>(significand), static_cast<int>(shift));
      auto rounded = static_cast<double>(exact);
      Machine machine;
      Wide<200>::set(machine, 8, value);
      machine.run(wideToFloat(true), {1, 8, 0, extended}, {200});
      EXPECT_EQ(memcmp(&machine.frame[1], &exact, 10), 0);
      machine.run(wideFromFloat(true, false), {4, 1, 0, extended}, {200});
      EXPECT_TRUE(Wide<200>::get(machine, 4) == value);
      machine.run(wideToFloat(false), {1, 8, 0, twice}, {200});
      EXPECT_EQ(machine.value<double>(1), rounded);
    }
}

TEST(WideFloat, Saturates) {
  auto convert = [](double value, bool isSigned, Word bits) {
    Machine machine;
    machine.set(8, value);
    machine.run(wideFromFloat(isSigned, true), {1, 8, 0, static_cast<std::uint16_t>(FloatType::Double)}, {bits});
    return machine;
  };
  Machine high = convert(1e300, true, 129);
  EXPECT_TRUE(Wide<129>::get(high, 1) == Wide<129>::UInt(Wide<129>::signedMax));
  Machine low = convert(-INFINITY, true, 129);
  EXPECT_TRUE(Wide<129>::get(low, 1) == Wide<129>::UInt(Wide<129>::signedMin));
  Machine below = convert(-1.5, false, 128);
  EXPECT_TRUE(Wide<128>::get(below, 1) == 0);
  Machine none = convert(NAN, true, 200);
  EXPECT_TRUE(Wide<200>::get(none, 1) == 0);
  Machine odd = convert(1e20, true, 33); // widths of one word that are no machine's
  EXPECT_EQ(odd.frame[1], 0xffffffffu);
}

TEST(WideDivision, ByZeroIsNoHang) {
  Machine machine;
  Wide<200>::set(machine, 8, 5);
  Wide<200>::set(machine, 16, 0);
  for (IntOp op : {IntOp::UDiv, IntOp::SDiv, IntOp::URem, IntOp::SRem})
    machine.run(wideBinary(op), {1, 8, 16, 0}, {200});
#ifndef KILN_SANITIZED // which handles the signal
  auto divide = [&](IntOp op) { machine.run(int128Binary(op), {1, 8, 16, 0}); };
  EXPECT_EXIT(divide(IntOp::UDiv), testing::KilledBySignal(SIGFPE), "");
  EXPECT_EXIT(divide(IntOp::SRem), testing::KilledBySignal(SIGFPE), "");
#endif
}

TEST(WideDivision, MinimumByMinusOneWraps) {
  Machine machine;
  auto minimum = static_cast<Wide<128>::UInt>(1) << 127;
  Wide<128>::set(machine, 8, minimum);
  Wide<128>::set(machine, 16, ~static_cast<Wide<128>::UInt>(0));
  machine.run(int128Binary(IntOp::SDiv), {1, 8, 16, 0});
  EXPECT_TRUE(Wide<128>::get(machine, 1) == minimum);
  machine.run(wideBinary(IntOp::SDiv), {1, 8, 16, 0}, {128});
  EXPECT_TRUE(Wide<128>::get(machine, 1) == minimum);
}

} // namespace
} // namespace kiln::interp

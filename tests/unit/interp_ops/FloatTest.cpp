// Arithmetic in the formats that the test's compiler computes natively.
#include <cfenv>
#include <cmath>
#include <set>
#include <string>

#include "FloatValues.h"
#include "interp/ops/Quad.h"

namespace kiln::interp {
namespace {

template <typename T> class FloatOps : public testing::Test {
protected:
  static constexpr FloatType type = TypeOf<T>::type;
  static constexpr bool hasConstants = type == FloatType::Float || type == FloatType::Double;

  T binary(FloatOp op, T a, T b, Form form) {
    Machine machine;
    Word k = 0;
    machine.set(4, a, kBytes<T>);
    machine.set(8, b, kBytes<T>);
    // The operand that is a constant is not read from the frame.
    if (form != Form::RR) {
      memcpy(&k, form == Form::RK ? &b : &a, sizeof(T) < 8 ? sizeof(T) : 8);
      machine.frame[form == Form::RK ? 8 : 4] = kUntouched;
      machine.run(floatBinary(op, type, form), {1, 4, 8, 0}, {k});
    } else {
      machine.run(floatBinary(op, type), {1, 4, 8, 0});
    }
    EXPECT_EQ(machine.frame[sizeof(T) > 8 ? 3 : 2], kUntouched);
    if (sizeof(T) == 4)
      EXPECT_EQ(machine.frame[1] >> 32, 0u);
    return machine.value<T>(1);
  }

  T unary(FloatUnary op, T a) {
    Machine machine;
    machine.set(4, a, kBytes<T>);
    machine.run(floatUnary(op, type), {1, 4, 0, 0});
    return machine.value<T>(1);
  }

  template <typename Expected> void checkBinary(FloatOp op, Expected expected) {
    for (T a : specialValues<T>())
      for (T b : specialValues<T>())
        for (Form form : {Form::RR, Form::RK, Form::KR})
          if (form == Form::RR || hasConstants)
            EXPECT_TRUE(same(binary(op, a, b, form), T(expected(a, b))))
                << static_cast<int>(op) << ": " << static_cast<double>(a) << ", " << static_cast<double>(b);
  }

  template <typename Expected> void checkUnary(FloatUnary op, Expected expected) {
    for (T a : specialValues<T>())
      EXPECT_TRUE(same(unary(op, a), T(expected(a)))) << static_cast<int>(op) << ": " << static_cast<double>(a);
  }
};

using Types = testing::Types<float, double, long double, __float128>;
class TypeName {
public:
  template <typename T> static std::string GetName(int) {
    return std::array{"float", "double", "x86_fp80", "fp128"}[static_cast<int>(TypeOf<T>::type) - 2];
  }
};
TYPED_TEST_SUITE(FloatOps, Types, TypeName);

TYPED_TEST(FloatOps, ArithmeticIsNative) {
  using T = TypeParam;
  this->checkBinary(FloatOp::Add, [](T a, T b) { return a + b; });
  this->checkBinary(FloatOp::Sub, [](T a, T b) { return a - b; });
  this->checkBinary(FloatOp::Mul, [](T a, T b) { return a * b; });
  this->checkBinary(FloatOp::Div, [](T a, T b) { return a / b; });
}

TYPED_TEST(FloatOps, LibraryFunctionsAreTheSystems) {
  using T = TypeParam;
  if constexpr (std::is_same_v<T, __float128>) {
    this->checkBinary(FloatOp::Rem, fmodf128);
    this->checkBinary(FloatOp::Pow, powf128);
    this->checkBinary(FloatOp::Atan2, atan2f128);
    this->checkUnary(FloatUnary::Sqrt, sqrtf128);
    this->checkUnary(FloatUnary::Sin, sinf128);
    this->checkUnary(FloatUnary::Exp10, exp10f128);
    this->checkUnary(FloatUnary::RoundEven, roundevenf128);
  } else {
    this->checkBinary(FloatOp::Rem, [](T a, T b) { return std::fmod(a, b); });
    this->checkBinary(FloatOp::Pow, [](T a, T b) { return std::pow(a, b); });
    this->checkBinary(FloatOp::Atan2, [](T a, T b) { return std::atan2(a, b); });
    this->checkUnary(FloatUnary::Sqrt, [](T a) { return std::sqrt(a); });
    this->checkUnary(FloatUnary::Floor, [](T a) { return std::floor(a); });
    this->checkUnary(FloatUnary::Ceil, [](T a) { return std::ceil(a); });
    this->checkUnary(FloatUnary::Trunc, [](T a) { return std::trunc(a); });
    this->checkUnary(FloatUnary::Rint, [](T a) { return std::rint(a); });
    this->checkUnary(FloatUnary::NearbyInt, [](T a) { return std::nearbyint(a); });
    this->checkUnary(FloatUnary::Round, [](T a) { return std::round(a); });
    this->checkUnary(FloatUnary::RoundEven, [](T a) { return std::rint(a); }); // in the mode that tests run in
    this->checkUnary(FloatUnary::Sin, [](T a) { return std::sin(a); });
    this->checkUnary(FloatUnary::Cos, [](T a) { return std::cos(a); });
    this->checkUnary(FloatUnary::Tan, [](T a) { return std::tan(a); });
    this->checkUnary(FloatUnary::Exp, [](T a) { return std::exp(a); });
    this->checkUnary(FloatUnary::Exp2, [](T a) { return std::exp2(a); });
    this->checkUnary(FloatUnary::Log, [](T a) { return std::log(a); });
    this->checkUnary(FloatUnary::Log2, [](T a) { return std::log2(a); });
    this->checkUnary(FloatUnary::Log10, [](T a) { return std::log10(a); });
    this->checkUnary(FloatUnary::Asin, [](T a) { return std::asin(a); });
    this->checkUnary(FloatUnary::Acos, [](T a) { return std::acos(a); });
    this->checkUnary(FloatUnary::Atan, [](T a) { return std::atan(a); });
    this->checkUnary(FloatUnary::Sinh, [](T a) { return std::sinh(a); });
    this->checkUnary(FloatUnary::Cosh, [](T a) { return std::cosh(a); });
    this->checkUnary(FloatUnary::Tanh, [](T a) { return std::tanh(a); });
    // Not in the standard library.
    if constexpr (std::is_same_v<T, float>)
      this->checkUnary(FloatUnary::Exp10, ::exp10f);
    else if constexpr (std::is_same_v<T, double>)
      this->checkUnary(FloatUnary::Exp10, ::exp10);
    else
      this->checkUnary(FloatUnary::Exp10, ::exp10l);
  }
}

TYPED_TEST(FloatOps, MinimaAndMaxima) {
  using T = TypeParam;
  // Of two zeros minnum may return either; equality does not tell them apart.
  for (T a : specialValues<T>())
    for (T b : specialValues<T>()) {
      T low = this->binary(FloatOp::MinNum, a, b, Form::RR);
      T high = this->binary(FloatOp::MaxNum, a, b, Form::RR);
      T lowest = this->binary(FloatOp::Minimum, a, b, Form::RR);
      T highest = this->binary(FloatOp::Maximum, a, b, Form::RR);
      if (a == a && b == b) {
        EXPECT_TRUE(low == (a < b ? a : b) && high == (a < b ? b : a));
        EXPECT_TRUE(lowest == low && highest == high);
      } else {
        EXPECT_TRUE(a == a ? low == a && high == a : same(low, b) && same(high, b));
        EXPECT_TRUE(lowest != lowest && highest != highest);
      }
    }
  T zero = 0;
  for (auto [a, b] : {std::pair{zero, -zero}, std::pair{-zero, zero}}) {
    EXPECT_TRUE(same(this->binary(FloatOp::Minimum, a, b, Form::RR), -zero));
    EXPECT_TRUE(same(this->binary(FloatOp::Maximum, a, b, Form::RR), zero));
  }
}

TYPED_TEST(FloatOps, SignsAreBits) {
  using T = TypeParam;
  unsigned signWord = sizeof(T) > 8 ? 1 : 0;
  Word sign = Word{1} << (kBytes<T> * 8 - 1) % 64;
  // A signaling NaN with a payload: x87 needs its integer bit.
  unsigned __int128 bits = sizeof(T) == 4   ? 0x7f812345
                           : sizeof(T) == 8 ? 0x7ff0123456789abc
                           : kBytes<T> == 10
                               ? (static_cast<unsigned __int128>(0x7fff) << 64) + 0x8123456789abcdef
                               : (static_cast<unsigned __int128>(0x7fff012345678901) << 64) + 0x123456789abcdef;
  Machine machine;
  machine.set(4, bits, kBytes<T>);
  machine.set(8, T(-1), kBytes<T>);
  machine.run(floatUnary(FloatUnary::Neg, this->type), {10, 4, 0, 0});
  machine.run(floatUnary(FloatUnary::Abs, this->type), {12, 10, 0, 0});
  machine.run(floatBinary(FloatOp::CopySign, this->type), {14, 4, 8, 0});
  for (unsigned word = 0; word <= signWord; ++word) {
    Word flipped = machine.frame[4 + word] ^ (word == signWord ? sign : 0);
    EXPECT_EQ(machine.frame[10 + word], flipped);
    EXPECT_EQ(machine.frame[12 + word], machine.frame[4 + word]);
    EXPECT_EQ(machine.frame[14 + word], flipped);
  }
  // Quiet after canonicalize, with the payload kept.
  machine.run(floatUnary(FloatUnary::Canonicalize, this->type), {16, 4, 0, 0});
  EXPECT_EQ(machine.frame[16] ^ machine.frame[4], sizeof(T) == 4    ? Word{1} << 22
                                                  : sizeof(T) == 8  ? Word{1} << 51
                                                  : kBytes<T> == 10 ? Word{1} << 62
                                                                    : 0);
  this->checkUnary(FloatUnary::Canonicalize, [](T a) { return a; });
  this->checkUnary(FloatUnary::Neg, [](T a) { return -a; });
  this->checkBinary(FloatOp::CopySign, [](T a, T b) { return __builtin_signbit(a) == __builtin_signbit(b) ? a : -a; });
}

TYPED_TEST(FloatOps, EachPredicate) {
  using T = TypeParam;
  for (T a : specialValues<T>())
    for (T b : specialValues<T>()) {
      // Predicates are sets of: equal 1, greater 2, less 4, unordered 8.
      unsigned relation = a != a || b != b ? 8 : a < b ? 4 : a > b ? 2 : 1;
      for (unsigned predicate = 0; predicate < 16; ++predicate) {
        Machine machine;
        machine.set(4, a, kBytes<T>);
        machine.set(8, b, kBytes<T>);
        machine.run(floatCompare(predicate, this->type), {1, 4, 8, 0});
        EXPECT_EQ(machine.frame[1], (predicate & relation) != 0) << predicate;
      }
    }
}

TYPED_TEST(FloatOps, RoundingModesOfTheProgram) {
  using T = TypeParam;
  // Volatile, for the compiler to compute these when it is told to and not before.
  volatile T one = 1, three = 3, third = 0, negative = 0;
  std::vector<T> thirds;
  for (int mode : {FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST, FE_UPWARD}) {
    std::fesetround(mode);
    third = one / three;
    negative = -one / three;
    T actual = this->binary(FloatOp::Div, 1, 3, Form::RR);
    T actualNegative = this->binary(FloatOp::Div, -1, 3, Form::RR);
    T rint = this->unary(FloatUnary::Rint, T(2.5));
    T nearby = this->unary(FloatUnary::NearbyInt, T(-2.5));
    T even = this->unary(FloatUnary::RoundEven, T(3.5));
    std::fesetround(FE_TONEAREST);
    EXPECT_TRUE(same(actual, T(third)));
    EXPECT_TRUE(same(actualNegative, T(negative)));
    EXPECT_TRUE(rint == (mode == FE_UPWARD ? 3 : 2));
    EXPECT_TRUE(nearby == (mode == FE_DOWNWARD ? -3 : -2));
    EXPECT_TRUE(even == 4);
    thirds.push_back(actual);
  }
  EXPECT_TRUE(thirds.front() < thirds.back());
}

TYPED_TEST(FloatOps, MultiplyAdd) {
  using T = TypeParam;
  auto run = [&](Handler handler, T a, T b, T c) {
    Machine machine;
    machine.set(4, a, kBytes<T>);
    machine.set(6, b, kBytes<T>);
    machine.set(8, c, kBytes<T>);
    machine.run(handler, {1, 4, 6, 8});
    return machine.value<T>(1);
  };
  for (T a : specialValues<T>())
    for (T b : specialValues<T>()) {
      T product = a * b;
      for (T c : {T(0), T(1), T(-0.1), -product}) {
        T fused = run(floatMultiplyAdd(this->type, true), a, b, c);
        if constexpr (std::is_same_v<T, __float128>)
          EXPECT_TRUE(same(fused, fmaf128(a, b, c)));
        else
          EXPECT_TRUE(same(fused, std::fma(a, b, c)));
        volatile T twice = product;
        EXPECT_TRUE(same(run(floatMultiplyAdd(this->type, false), a, b, c), T(twice + c)));
        if (this->hasConstants) {
          EXPECT_TRUE(same(run(floatMultiplySubtract(this->type, true), a, b, c), T(twice - c)));
          EXPECT_TRUE(same(run(floatMultiplySubtract(this->type, false), a, b, c), T(c - twice)));
        }
      }
    }
}

TYPED_TEST(FloatOps, PowersAndParts) {
  using T = TypeParam;
  unsigned words = sizeof(T) > 8 ? 2 : 1;
  for (T a : specialValues<T>()) {
    Machine machine;
    machine.set(4, a, kBytes<T>);
    for (int exponent : {0, 1, 2, 3, 10, 77, -1, -2, -13, 100000, -100000, INT32_MAX, INT32_MIN}) {
      machine.set(8, exponent, 4, kUntouched);
      machine.run(floatMisc(FloatMisc::Ldexp, this->type), {10, 4, 8, 0});
      machine.run(floatMisc(FloatMisc::Powi, this->type), {12, 4, 8, 0});
      if constexpr (std::is_same_v<T, __float128>) {
        EXPECT_TRUE(same(machine.value<T>(10), ldexpf128(a, exponent)));
      } else {
        EXPECT_TRUE(same(machine.value<T>(10), std::ldexp(a, exponent)));
        T expected = std::is_same_v<T, float>    ? __builtin_powif(a, exponent)
                     : std::is_same_v<T, double> ? __builtin_powi(a, exponent)
                                                 : __builtin_powil(a, exponent);
        EXPECT_TRUE(same(machine.value<T>(12), expected)) << static_cast<double>(a) << " ^ " << exponent;
      }
    }
    machine.run(floatMisc(FloatMisc::Frexp, this->type), {10, 4, 0, 0});
    machine.run(floatMisc(FloatMisc::Modf, this->type), {20, 4, 0, 0});
    int exponent = 0;
    T whole = 0;
    if constexpr (std::is_same_v<T, __float128>) {
      EXPECT_TRUE(same(machine.value<T>(10), frexpf128(a, &exponent)));
      EXPECT_TRUE(same(machine.value<T>(20), modff128(a, &whole)));
    } else {
      EXPECT_TRUE(same(machine.value<T>(10), std::frexp(a, &exponent)));
      EXPECT_TRUE(same(machine.value<T>(20), std::modf(a, &whole)));
    }
    EXPECT_EQ(machine.frame[10 + words], static_cast<unsigned>(exponent));
    EXPECT_TRUE(same(machine.value<T>(20 + words), whole));
  }
  for (auto [value, nearest, awayFromZero] : {std::tuple{2.5, 2, 3}, {-2.5, -2, -3}, {-7.75, -8, -8}, {0.25, 0, 0}}) {
    Machine machine;
    machine.set(4, T(value), kBytes<T>);
    machine.run(floatMisc(FloatMisc::Lrint, this->type), {10, 4, 0, 0});
    machine.run(floatMisc(FloatMisc::Lround, this->type), {11, 4, 0, 0});
    EXPECT_EQ(machine.value<long>(10), nearest);
    EXPECT_EQ(machine.value<long>(11), awayFromZero);
  }
}

// Every op that a selector yields has one name, and no two have the same.
TEST(FloatNames, AreUnique) {
  std::set<std::string> names;
  std::set<Handler> handlers;
  std::size_t count = 0;
  auto visit = [&](Handler handler, std::string name, std::string_view layout) {
    EXPECT_NE(handler, nullptr) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_TRUE(handlers.insert(handler).second || name.ends_with(".wide")) << name;
    EXPECT_EQ(layout.empty(), name == "fence");
    ++count;
  };
  listFloatOps(visit);
  listWideOps(visit);
  listAtomicOps(visit);
  for (const char* name : {"fadd.f64", "fadd.f64.rk", "fcmp.olt.f32", "add.i128", "atomicrmw.add.i32"})
    EXPECT_TRUE(names.contains(name)) << name;
  EXPECT_FALSE(names.contains("fadd.f80.rk"));
  EXPECT_FALSE(names.contains("atomicrmw.fadd.i16"));
  EXPECT_GT(count, 700u);
}

} // namespace
} // namespace kiln::interp

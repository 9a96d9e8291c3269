// The small formats, conversions and classes, against LLVM's APFloat: it computes each format in integers.
#include <llvm/ADT/APFloat.h>
#include <llvm/ADT/APInt.h>
#include <llvm/ADT/APSInt.h>
#include <llvm/ADT/StringExtras.h>
#include <llvm/Support/Error.h>

#include <cmath>
#include <random>

#include "FloatValues.h"

using llvm::APFloat;
using llvm::APInt;

namespace kiln::interp {
namespace {

constexpr std::array kTypes = {FloatType::Half,   FloatType::BFloat,  FloatType::Float,
                               FloatType::Double, FloatType::X86Fp80, FloatType::Fp128};
constexpr std::array kSmall = {FloatType::Half, FloatType::BFloat};

const llvm::fltSemantics& semantics(FloatType type) {
  switch (type) {
  case FloatType::Half:
    return APFloat::IEEEhalf();
  case FloatType::BFloat:
    return APFloat::BFloat();
  case FloatType::Float:
    return APFloat::IEEEsingle();
  case FloatType::Double:
    return APFloat::IEEEdouble();
  case FloatType::X86Fp80:
    return APFloat::x87DoubleExtended();
  default:
    return APFloat::IEEEquad();
  }
}

unsigned bitsOf(FloatType type) {
  return APFloat::semanticsSizeInBits(semantics(type));
}
unsigned wordsOf(FloatType type) {
  return bitsOf(type) > 64 ? 2 : 1;
}

/// Bits above the format's in its last word are undefined.
void put(Machine& machine, unsigned index, const APFloat& value) {
  APInt bits = value.bitcastToAPInt();
  machine.frame[index + bits.getNumWords() - 1] = kUntouched;
  memcpy(&machine.frame[index], bits.getRawData(), (bits.getBitWidth() + 7) / 8);
}

APFloat get(const Machine& machine, unsigned index, FloatType type) {
  return APFloat(semantics(type), APInt(bitsOf(type), llvm::ArrayRef<Word>(&machine.frame[index], wordsOf(type))));
}

void expectSame(const APFloat& actual, const APFloat& expected, const std::string& what) {
  EXPECT_TRUE(expected.isNaN() ? actual.isNaN() && !actual.isSignaling() : actual.bitwiseIsEqual(expected))
      << what << " gave " << llvm::toString(actual.bitcastToAPInt(), 16, false) << " and not "
      << llvm::toString(expected.bitcastToAPInt(), 16, false);
}

std::string text(const APFloat& value) {
  return llvm::toString(value.bitcastToAPInt(), 16, false);
}

std::vector<APFloat> specials(FloatType type) {
  const auto& format = semantics(type);
  std::vector<APFloat> values = {APFloat::getZero(format),
                                 APFloat::getInf(format),
                                 APFloat::getQNaN(format),
                                 APFloat::getSNaN(format),
                                 APFloat::getLargest(format),
                                 APFloat::getSmallest(format),
                                 APFloat::getSmallestNormalized(format)};
  for (const char* number : {"1",
                             "1.5",
                             "2.5",
                             "0.1",
                             "3",
                             "127",
                             "127.5",
                             "128",
                             "255.9",
                             "256",
                             "2049",
                             "32768",
                             "65519",
                             "65520",
                             "65504",
                             "1e-7",
                             "6e-8",
                             "3e-8",
                             "2147483648",
                             "4294967295",
                             "4294967296",
                             "1e15",
                             "9223372036854775807",
                             "9223372036854775808",
                             "18446744073709551615",
                             "18446744073709551616",
                             "1e38",
                             "3.4e38",
                             "1e-40"}) {
    APFloat value(format);
    (void)llvm::cantFail(value.convertFromString(number, APFloat::rmNearestTiesToEven));
    values.push_back(value);
  }
  for (std::size_t i = 0, n = values.size(); i < n; ++i)
    values.push_back(-values[i]);
  return values;
}

TEST(SmallFormats, Arithmetic) {
  constexpr auto mode = APFloat::rmNearestTiesToEven;
  std::mt19937 random(1);
  for (FloatType type : kSmall) {
    auto values = specials(type);
    for (unsigned i = 0; i < 200; ++i)
      values.push_back(APFloat(semantics(type), APInt(16, random() & 0xffff)));
    for (const APFloat& a : values)
      for (const APFloat& b : values) {
        Machine machine;
        put(machine, 4, a);
        put(machine, 5, b);
        APFloat sum = a, difference = a, product = a, quotient = a;
        sum.add(b, mode);
        difference.subtract(b, mode);
        product.multiply(b, mode);
        quotient.divide(b, mode);
        for (auto [op, expected] : {std::pair{FloatOp::Add, &sum},
                                    {FloatOp::Sub, &difference},
                                    {FloatOp::Mul, &product},
                                    {FloatOp::Div, &quotient}}) {
          machine.run(floatBinary(op, type), {1, 4, 5, 0});
          EXPECT_EQ(machine.frame[1] >> 16, 0u);
          expectSame(get(machine, 1, type), *expected, text(a) + " op " + text(b));
        }
        machine.run(floatCompare(4, type), {2, 4, 5, 0});
        EXPECT_EQ(machine.frame[2], a.compare(b) == APFloat::cmpLessThan);
      }
  }
}

TEST(SmallFormats, EachValueOfOneOperand) {
  for (FloatType type : kSmall)
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
      APFloat value(semantics(type), APInt(16, bits));
      Machine machine;
      put(machine, 4, value);
      machine.run(floatUnary(FloatUnary::Neg, type), {1, 4, 0, 0});
      ASSERT_EQ(machine.frame[1], bits ^ 0x8000);
      machine.run(floatConvert(type, FloatType::Double), {1, 4, 0, 0});
      double wide = machine.value<double>(1);
      ASSERT_TRUE(std::isnan(wide) ? value.isNaN() : wide == value.convertToDouble());
      bool lost = false;
      APFloat root(std::sqrt(wide));
      root.convert(semantics(type), APFloat::rmNearestTiesToEven, &lost);
      machine.run(floatUnary(FloatUnary::Sqrt, type), {1, 4, 0, 0});
      expectSame(get(machine, 1, type), root, "square root of " + text(value));
      machine.run(floatUnary(FloatUnary::Floor, type), {1, 4, 0, 0});
      APFloat floor = value;
      floor.roundToIntegral(APFloat::rmTowardNegative);
      expectSame(get(machine, 1, type), floor, "floor of " + text(value));
    }
}

TEST(SmallFormats, MultiplyAddRoundsOnceOrTwice) {
  constexpr auto mode = APFloat::rmNearestTiesToEven;
  std::mt19937 random(2);
  for (FloatType type : kSmall) {
    auto values = specials(type);
    for (unsigned i = 0; i < 40000; ++i) {
      auto pick = [&] {
        return random() % 3 ? APFloat(semantics(type), APInt(16, random() & 0xffff)) : values[random() % values.size()];
      };
      APFloat a = pick(), b = pick(), c = pick();
      Machine machine;
      put(machine, 4, a);
      put(machine, 5, b);
      put(machine, 6, c);
      APFloat once = a, twice = a;
      once.fusedMultiplyAdd(b, c, mode);
      twice.multiply(b, mode);
      twice.add(c, mode);
      machine.run(floatMultiplyAdd(type, true), {1, 4, 5, 6});
      expectSame(get(machine, 1, type), once, text(a) + " * " + text(b) + " + " + text(c));
      machine.run(floatMultiplyAdd(type, false), {1, 4, 5, 6});
      expectSame(get(machine, 1, type), twice, text(a) + " * " + text(b) + " + " + text(c) + ", twice");
    }
  }
}

TEST(Conversions, BetweenFormats) {
  std::mt19937_64 random(3);
  for (FloatType from : kTypes)
    for (FloatType to : kTypes) {
      if (from == to)
        continue;
      auto values = specials(from);
      // Around what the other format can tell apart: its values, the middles between two, and their neighbours.
      for (const APFloat& there : specials(to)) {
        bool lost = false;
        APFloat value = there;
        value.convert(semantics(from), APFloat::rmNearestTiesToEven, &lost);
        values.push_back(value);
        APFloat next = there;
        next.next(false);
        next.convert(semantics(from), APFloat::rmNearestTiesToEven, &lost);
        APFloat middle = value;
        middle.add(next, APFloat::rmNearestTiesToEven);
        middle.divide(APFloat(semantics(from), "2"), APFloat::rmNearestTiesToEven);
        values.push_back(middle);
        for (bool down : {false, true}) {
          APFloat near = middle;
          near.next(down);
          values.push_back(near);
        }
      }
      for (const APFloat& value : values) {
        Machine machine;
        put(machine, 4, value);
        machine.run(floatConvert(from, to), {1, 4, 0, 0});
        EXPECT_EQ(machine.frame[1 + wordsOf(to)], wordsOf(to) == 2 ? kUntouched : machine.frame[2]);
        APFloat expected = value;
        bool lost = false;
        expected.convert(semantics(to), APFloat::rmNearestTiesToEven, &lost);
        APFloat actual = get(machine, 1, to);
        if (value.isNaN()) // a widened bfloat stays signaling, for its widening is a shift
          EXPECT_TRUE(actual.isNaN());
        else
          expectSame(actual, expected, text(value) + " converted");
      }
    }
}

TEST(Conversions, FromIntegers) {
  const std::vector<Word> values = {0,
                                    1,
                                    2,
                                    127,
                                    128,
                                    255,
                                    256,
                                    2049,
                                    32767,
                                    32768,
                                    65519,
                                    65520,
                                    65535,
                                    1 << 24,
                                    (1 << 24) + 1,
                                    INT32_MAX,
                                    1u << 31,
                                    UINT32_MAX,
                                    (1ull << 53) + 1,
                                    (1ull << 53) + 3,
                                    INT64_MAX,
                                    1ull << 63,
                                    (1ull << 63) + 1025,
                                    UINT64_MAX};
  for (FloatType type : kTypes)
    for (Width width = 0; width < kWidthCount; ++width)
      for (Word value : values)
        for (Word operand : {value, ~value, -value})
          for (bool isSigned : {false, true}) {
            Machine machine;
            machine.frame[4] = operand;
            machine.run(intToFloat(isSigned, width, type), {1, 4, 0, 0});
            // bfloat by way of float, as native code does.
            FloatType first = type == FloatType::BFloat ? FloatType::Float : type;
            APFloat expected(semantics(first));
            expected.convertFromAPInt(APInt(64, operand).trunc(8u << width), isSigned, APFloat::rmNearestTiesToEven);
            bool lost = false;
            expected.convert(semantics(type), APFloat::rmNearestTiesToEven, &lost);
            expectSame(get(machine, 1, type), expected, "integer " + std::to_string(operand));
          }
}

TEST(Conversions, ToIntegers) {
  for (FloatType type : kTypes)
    for (const APFloat& value : specials(type))
      for (Width width = 0; width < kWidthCount; ++width)
        for (bool isSigned : {false, true}) {
          Machine machine;
          put(machine, 4, value);
          llvm::APSInt expected(8u << width, !isSigned);
          bool exact = false;
          // Of values out of range it yields the nearest integer, of NaN zero.
          auto status = value.convertToInteger(expected, APFloat::rmTowardZero, &exact);
          machine.run(floatToInt(isSigned, true, width, type), {1, 4, 0, 0});
          EXPECT_EQ(machine.frame[1], expected.getZExtValue()) << text(value) << " to " << (8u << width);
          machine.run(floatToInt(isSigned, false, width, type), {1, 4, 0, 0});
          if (!(status & APFloat::opInvalidOp))
            EXPECT_EQ(machine.frame[1], expected.getZExtValue()) << text(value) << " to " << (8u << width);
        }
  // What the processor makes of values out of range.
  Machine machine;
  machine.set(4, 1e300);
  machine.run(floatToInt(true, false, 3, FloatType::Double), {1, 4, 0, 0});
  EXPECT_EQ(machine.frame[1], Word{1} << 63);
}

enum ClassBit : unsigned {
  SignalingNaN = 1 << 0,
  QuietNaN = 1 << 1,
  NegativeInfinity = 1 << 2,
  NegativeNormal = 1 << 3,
  NegativeSubnormal = 1 << 4,
  NegativeZero = 1 << 5,
  PositiveZero = 1 << 6,
  PositiveSubnormal = 1 << 7,
  PositiveNormal = 1 << 8,
  PositiveInfinity = 1 << 9
};

unsigned classOf(const APFloat& value) {
  if (value.isNaN())
    return value.isSignaling() ? SignalingNaN : QuietNaN;
  bool negative = value.isNegative();
  if (value.isInfinity())
    return negative ? NegativeInfinity : PositiveInfinity;
  if (value.isZero())
    return negative ? NegativeZero : PositiveZero;
  if (value.isDenormal())
    return negative ? NegativeSubnormal : PositiveSubnormal;
  return negative ? NegativeNormal : PositiveNormal;
}

void expectClass(FloatType type, const APFloat& value, unsigned expected) {
  Machine machine;
  put(machine, 4, value);
  for (Word mask = 0; mask < 1024; ++mask) {
    machine.run(floatMisc(FloatMisc::IsClass, type), {1, 4, 0, 0}, {mask});
    ASSERT_EQ(machine.frame[1], (mask & expected) != 0) << text(value) << " mask " << mask;
  }
}

TEST(Classes, OfEachFormat) {
  for (FloatType type : kTypes)
    for (const APFloat& value : specials(type))
      expectClass(type, value, classOf(value));
}

TEST(Classes, OfInvalidX87Values) {
  auto value = [](Word exponent, Word significand) {
    Word words[] = {significand, exponent};
    return APFloat(APFloat::x87DoubleExtended(), APInt(80, words));
  };
  // Not numbers to the processor: their integer bit is missing.
  expectClass(FloatType::X86Fp80, value(0x3fff, 0x4000000000000000), QuietNaN);
  expectClass(FloatType::X86Fp80, value(0x3fff, 0x2000000000000000), SignalingNaN);
  expectClass(FloatType::X86Fp80, value(0x7fff, 0), SignalingNaN);
  // A pseudo-denormal has the value of a normal number.
  expectClass(FloatType::X86Fp80, value(0, 0x8000000000000000), PositiveNormal);
}

} // namespace
} // namespace kiln::interp

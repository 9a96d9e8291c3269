#include "compile/baseline/Kernels.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicInst.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "compile/baseline/Parts.h"
#include "compile/baseline/Shapes.h"

namespace kiln::baseline {
namespace {

using U128 = unsigned __int128;
using I128 = __int128;

template <typename T> T read(const std::uint8_t* from, unsigned index = 0) {
  T value;
  memcpy(&value, from + index * sizeof(T), sizeof(T));
  return value;
}
template <typename T> void write(std::uint8_t* to, T value, unsigned index = 0) {
  memcpy(to + index * sizeof(T), &value, sizeof(T));
}

// Integers of up to 128 bits ------------------------------------------------------------------------------------------

U128 maskOf(std::uint64_t width) { return ~U128{0} >> (128 - width); }
I128 signExtend(U128 value, std::uint64_t width) { return static_cast<I128>(value << (128 - width)) >> (128 - width); }

template <typename Op> void wide(KernelFrame* frame, std::uint64_t width) {
  auto operand = [&](unsigned i) { return read<U128>(frame->operands[i]); };
  bool beyond = false;
  U128 result = Op::of(operand(0), operand(1), operand(2), width, beyond);
  write(frame->results[0], result & maskOf(width));
  write(frame->results[1], std::uint64_t{beyond});
}

struct WidePopulation {
  static U128 of(U128 a, U128, U128, std::uint64_t, bool&) {
    return static_cast<unsigned>(std::popcount(static_cast<std::uint64_t>(a)) +
                                 std::popcount(static_cast<std::uint64_t>(a >> 64)));
  }
};
struct WideReverse {
  static U128 of(U128 a, U128, U128, std::uint64_t width, bool&) {
    U128 low = __builtin_bitreverse64(static_cast<std::uint64_t>(a)),
         high = __builtin_bitreverse64(static_cast<std::uint64_t>(a >> 64));
    return (low << 64 | high) >> (128 - width);
  }
};
struct WideFunnelLeft {
  static U128 of(U128 a, U128 b, U128 count, std::uint64_t width, bool&) {
    auto by = static_cast<unsigned>(count % width);
    return by == 0 ? a : a << by | b >> (width - by);
  }
};
struct WideFunnelRight {
  static U128 of(U128 a, U128 b, U128 count, std::uint64_t width, bool&) {
    auto by = static_cast<unsigned>(count % width);
    return by == 0 ? b : a << (width - by) | b >> by;
  }
};
struct WideProduct {
  static U128 of(U128 a, U128 b, U128, std::uint64_t width, bool& beyond) {
    U128 product = 0;
    beyond = __builtin_mul_overflow(a, b, &product) || product > maskOf(width);
    return product;
  }
};
struct WideSignedProduct {
  static U128 of(U128 a, U128 b, U128, std::uint64_t width, bool& beyond) {
    I128 product = 0;
    beyond = __builtin_mul_overflow(signExtend(a, width), signExtend(b, width), &product);
    beyond |= signExtend(static_cast<U128>(product), width) != product;
    return static_cast<U128>(product);
  }
};
struct WideShift {
  static U128 of(U128 a, U128 count, U128, std::uint64_t width, bool&) {
    U128 shifted = a << static_cast<unsigned>(count % 128) & maskOf(width);
    return shifted >> static_cast<unsigned>(count % 128) == a ? shifted : ~U128{0};
  }
};
struct WideSignedShift {
  static U128 of(U128 a, U128 count, U128, std::uint64_t width, bool&) {
    I128 value = signExtend(a, width), shifted = signExtend(a << static_cast<unsigned>(count % 128), width);
    if (shifted >> static_cast<unsigned>(count % 128) == value)
      return static_cast<U128>(shifted);
    return value < 0 ? U128{1} << (width - 1) : maskOf(width - 1);
  }
};

Kernel wideKernel(const llvm::IntrinsicInst& intrinsic, unsigned width) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::ctpop: return wide<WidePopulation>;
  case llvm::Intrinsic::bitreverse: return wide<WideReverse>;
  case llvm::Intrinsic::fshl:
  case llvm::Intrinsic::fshr:
    if (width == 128 && llvm::isa<llvm::ConstantInt>(intrinsic.getArgOperand(2)))
      return nullptr;
    return intrinsic.getIntrinsicID() == llvm::Intrinsic::fshl ? wide<WideFunnelLeft> : wide<WideFunnelRight>;
  case llvm::Intrinsic::umul_with_overflow: return wide<WideProduct>;
  case llvm::Intrinsic::smul_with_overflow: return wide<WideSignedProduct>;
  case llvm::Intrinsic::ushl_sat: return wide<WideShift>;
  case llvm::Intrinsic::sshl_sat: return wide<WideSignedShift>;
  default: return nullptr;
  }
}

// Lanes of integers ---------------------------------------------------------------------------------------------------

template <typename Lane, typename Op> void unary(KernelFrame* frame, std::uint64_t lanes) {
  for (unsigned i = 0; i < lanes; ++i)
    write<Lane>(frame->results[0], Op::of(read<Lane>(frame->operands[0], i)), i);
}
template <typename Lane, typename Op> void binary(KernelFrame* frame, std::uint64_t lanes) {
  for (unsigned i = 0; i < lanes; ++i)
    write<Lane>(frame->results[0], Op::of(read<Lane>(frame->operands[0], i), read<Lane>(frame->operands[1], i)), i);
}
template <typename Lane, typename Op> void ternary(KernelFrame* frame, std::uint64_t lanes) {
  for (unsigned i = 0; i < lanes; ++i)
    write<Lane>(frame->results[0],
                Op::of(read<Lane>(frame->operands[0], i), read<Lane>(frame->operands[1], i),
                       read<Lane>(frame->operands[2], i)),
                i);
}
/// The second result is a mask, whose lanes fill 16 bytes.
template <typename Lane, typename Op> void checked(KernelFrame* frame, std::uint64_t lanes) {
  const std::size_t stride = maskLane(static_cast<unsigned>(lanes));
  for (unsigned i = 0; i < lanes; ++i) {
    Lane result{};
    bool beyond = Op::of(read<Lane>(frame->operands[0], i), read<Lane>(frame->operands[1], i), result);
    write(frame->results[0], result, i);
    memset(frame->results[1] + i * stride, beyond ? 0xff : 0, stride);
  }
}

template <typename T> using Signed = std::make_signed_t<T>;
template <typename T> constexpr unsigned kBits = 8 * sizeof(T);
template <typename T> Signed<T> asSigned(T value) { return static_cast<Signed<T>>(value); }

struct UDiv {
  template <typename T> static T of(T a, T b) { return static_cast<T>(a / b); }
};
struct SDiv {
  template <typename T> static T of(T a, T b) { return static_cast<T>(asSigned(a) / asSigned(b)); }
};
struct URem {
  template <typename T> static T of(T a, T b) { return static_cast<T>(a % b); }
};
struct SRem {
  template <typename T> static T of(T a, T b) { return static_cast<T>(asSigned(a) % asSigned(b)); }
};
struct Shl {
  template <typename T> static T of(T a, T b) { return static_cast<T>(a << b % kBits<T>); }
};
struct LShr {
  template <typename T> static T of(T a, T b) { return static_cast<T>(a >> b % kBits<T>); }
};
struct AShr {
  template <typename T> static T of(T a, T b) { return static_cast<T>(asSigned(a) >> b % kBits<T>); }
};
struct Population {
  template <typename T> static T of(T a) { return static_cast<T>(std::popcount(a)); }
};
struct LeadingZeros {
  template <typename T> static T of(T a) { return static_cast<T>(std::countl_zero(a)); }
};
struct TrailingZeros {
  template <typename T> static T of(T a) { return static_cast<T>(std::countr_zero(a)); }
};
struct Reverse {
  template <typename T> static T of(T a) { return static_cast<T>(__builtin_bitreverse64(a) >> (64 - kBits<T>)); }
};
struct FunnelLeft {
  template <typename T> static T of(T a, T b, T c) {
    unsigned by = c % kBits<T>;
    return by == 0 ? a : static_cast<T>(a << by | b >> (kBits<T> - by));
  }
};
struct FunnelRight {
  template <typename T> static T of(T a, T b, T c) {
    unsigned by = c % kBits<T>;
    return by == 0 ? b : static_cast<T>(a << (kBits<T> - by) | b >> by);
  }
};
enum class Exactly : std::uint8_t { Sum, Difference, Product };
/// `of` tells whether the exact result is beyond the range.
template <Exactly kOperation, bool kSigned> struct Checked {
  template <typename T> static bool of(T a, T b, T& result) {
    using Number = std::conditional_t<kSigned, Signed<T>, T>;
    const auto left = static_cast<Number>(a), right = static_cast<Number>(b);
    Number exact = 0;
    bool beyond = false;
    if constexpr (kOperation == Exactly::Sum)
      beyond = __builtin_add_overflow(left, right, &exact);
    else if constexpr (kOperation == Exactly::Difference)
      beyond = __builtin_sub_overflow(left, right, &exact);
    else
      beyond = __builtin_mul_overflow(left, right, &exact);
    result = static_cast<T>(exact);
    return beyond;
  }
};
template <bool kSigned> using Sum = Checked<Exactly::Sum, kSigned>;
template <bool kSigned> using Difference = Checked<Exactly::Difference, kSigned>;
template <bool kSigned> using Product = Checked<Exactly::Product, kSigned>;
/// What is beyond becomes the end that the exact result lies behind.
template <template <bool> typename Op, bool kSigned> struct Saturated {
  template <typename T> static T of(T a, T b) {
    T result = 0;
    if (!Op<kSigned>::of(a, b, result))
      return result;
    if constexpr (kSigned)
      return static_cast<T>(asSigned(a) < 0 ? std::numeric_limits<Signed<T>>::min()
                                            : std::numeric_limits<Signed<T>>::max());
    else
      return std::is_same_v<Op<false>, Difference<false>> ? T{0} : static_cast<T>(~T{0});
  }
};
template <bool kSigned> struct SaturatedShift {
  template <typename T> static T of(T a, T b) {
    auto shifted = static_cast<T>(a << b % kBits<T>);
    if constexpr (kSigned) {
      if (asSigned(shifted) >> b % kBits<T> == asSigned(a))
        return shifted;
      return static_cast<T>(asSigned(a) < 0 ? std::numeric_limits<Signed<T>>::min()
                                            : std::numeric_limits<Signed<T>>::max());
    } else {
      return static_cast<T>(shifted >> b % kBits<T>) == a ? shifted : static_cast<T>(~T{0});
    }
  }
};

/// The form for lanes of so many bits: what `form` gives for a lane of that type.
template <typename Form> Kernel ofLane(unsigned bits, Form&& form) {
  switch (bits) {
  case 8: return form(std::uint8_t{});
  case 16: return form(std::uint16_t{});
  case 32: return form(std::uint32_t{});
  default: return form(std::uint64_t{});
  }
}
template <typename Op> Kernel unaryOf(unsigned bits) {
  return ofLane(bits, [](auto lane) -> Kernel { return unary<decltype(lane), Op>; });
}
template <typename Op> Kernel binaryOf(unsigned bits) {
  return ofLane(bits, [](auto lane) -> Kernel { return binary<decltype(lane), Op>; });
}
template <typename Op> Kernel ternaryOf(unsigned bits) {
  return ofLane(bits, [](auto lane) -> Kernel { return ternary<decltype(lane), Op>; });
}
template <typename Op> Kernel checkedOf(unsigned bits) {
  return ofLane(bits, [](auto lane) -> Kernel { return checked<decltype(lane), Op>; });
}

bool isSplat(const llvm::Value* value) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  return constant && constant->getSplatValue();
}

Kernel intKernel(const llvm::IntrinsicInst& intrinsic, unsigned bits) {
  const bool small = bits <= 16;
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::ctpop: return unaryOf<Population>(bits);
  case llvm::Intrinsic::ctlz: return unaryOf<LeadingZeros>(bits);
  case llvm::Intrinsic::cttz: return unaryOf<TrailingZeros>(bits);
  case llvm::Intrinsic::bitreverse: return unaryOf<Reverse>(bits);
  case llvm::Intrinsic::fshl:
    return isSplat(intrinsic.getArgOperand(2)) && bits >= 16 ? nullptr : ternaryOf<FunnelLeft>(bits);
  case llvm::Intrinsic::fshr:
    return isSplat(intrinsic.getArgOperand(2)) && bits >= 16 ? nullptr : ternaryOf<FunnelRight>(bits);
  case llvm::Intrinsic::sadd_sat: return small ? nullptr : binaryOf<Saturated<Sum, true>>(bits);
  case llvm::Intrinsic::uadd_sat: return small ? nullptr : binaryOf<Saturated<Sum, false>>(bits);
  case llvm::Intrinsic::ssub_sat: return small ? nullptr : binaryOf<Saturated<Difference, true>>(bits);
  case llvm::Intrinsic::usub_sat: return small ? nullptr : binaryOf<Saturated<Difference, false>>(bits);
  case llvm::Intrinsic::sshl_sat: return binaryOf<SaturatedShift<true>>(bits);
  case llvm::Intrinsic::ushl_sat: return binaryOf<SaturatedShift<false>>(bits);
  case llvm::Intrinsic::sadd_with_overflow: return checkedOf<Sum<true>>(bits);
  case llvm::Intrinsic::uadd_with_overflow: return checkedOf<Sum<false>>(bits);
  case llvm::Intrinsic::ssub_with_overflow: return checkedOf<Difference<true>>(bits);
  case llvm::Intrinsic::usub_with_overflow: return checkedOf<Difference<false>>(bits);
  case llvm::Intrinsic::smul_with_overflow: return checkedOf<Product<true>>(bits);
  case llvm::Intrinsic::umul_with_overflow: return checkedOf<Product<false>>(bits);
  default: return nullptr;
  }
}

// Lanes of floats and doubles -----------------------------------------------------------------------------------------

#define KILN_REAL_UNARY(name, function)                                                                                \
  struct name {                                                                                                        \
    template <typename T> static T of(T a) {                                                                           \
      return function(a);                                                                                              \
    }                                                                                                                  \
  };
KILN_REAL_UNARY(Sin, std::sin)
KILN_REAL_UNARY(Cos, std::cos)
KILN_REAL_UNARY(Tan, std::tan)
KILN_REAL_UNARY(Exp, std::exp)
KILN_REAL_UNARY(Exp2, std::exp2)
KILN_REAL_UNARY(Log, std::log)
KILN_REAL_UNARY(Log2, std::log2)
KILN_REAL_UNARY(Log10, std::log10)
KILN_REAL_UNARY(Floor, std::floor)
KILN_REAL_UNARY(Ceil, std::ceil)
KILN_REAL_UNARY(Trunc, std::trunc)
KILN_REAL_UNARY(Rint, std::rint)
KILN_REAL_UNARY(NearbyInt, std::nearbyint)
KILN_REAL_UNARY(Round, std::round)
#undef KILN_REAL_UNARY
struct RoundEven {
  static float of(float a) { return __builtin_roundevenf(a); }
  static double of(double a) { return __builtin_roundeven(a); }
};
struct Pow {
  template <typename T> static T of(T a, T b) { return std::pow(a, b); }
};
struct Remainder {
  template <typename T> static T of(T a, T b) { return std::fmod(a, b); }
};
struct MinNum {
  template <typename T> static T of(T a, T b) { return std::fmin(a, b); }
};
struct MaxNum {
  template <typename T> static T of(T a, T b) { return std::fmax(a, b); }
};
/// NaN if there is one; -0 is less than 0.
struct Minimum {
  template <typename T> static T of(T a, T b) {
    if (std::isnan(a) || std::isnan(b))
      return a + b;
    return a < b || (a == b && std::signbit(a)) ? a : b;
  }
};
struct Maximum {
  template <typename T> static T of(T a, T b) {
    if (std::isnan(a) || std::isnan(b))
      return a + b;
    return a > b || (a == b && !std::signbit(a)) ? a : b;
  }
};
struct Fma {
  template <typename T> static T of(T a, T b, T c) { return std::fma(a, b, c); }
};

/// All lanes to one, from the first on.
template <typename Lane, typename Op> void reduce(KernelFrame* frame, std::uint64_t lanes) {
  Lane result = read<Lane>(frame->operands[0]);
  for (unsigned i = 1; i < lanes; ++i)
    result = Op::of(result, read<Lane>(frame->operands[0], i));
  write(frame->results[0], result);
}
template <typename Lane> void powi(KernelFrame* frame, std::uint64_t lanes) {
  auto power = read<std::int32_t>(frame->operands[1]);
  for (unsigned i = 0; i < lanes; ++i)
    write<Lane>(frame->results[0], static_cast<Lane>(__builtin_powi(read<Lane>(frame->operands[0], i), power)), i);
}

template <typename Op> Kernel realUnaryOf(bool isFloat) { return isFloat ? unary<float, Op> : unary<double, Op>; }
template <typename Op> Kernel realBinaryOf(bool isFloat) { return isFloat ? binary<float, Op> : binary<double, Op>; }
template <typename Op> Kernel reduceOf(bool isFloat) { return isFloat ? reduce<float, Op> : reduce<double, Op>; }

Kernel realKernel(const llvm::IntrinsicInst& intrinsic, bool isFloat) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::sin: return realUnaryOf<Sin>(isFloat);
  case llvm::Intrinsic::cos: return realUnaryOf<Cos>(isFloat);
  case llvm::Intrinsic::tan: return realUnaryOf<Tan>(isFloat);
  case llvm::Intrinsic::exp: return realUnaryOf<Exp>(isFloat);
  case llvm::Intrinsic::exp2: return realUnaryOf<Exp2>(isFloat);
  case llvm::Intrinsic::log: return realUnaryOf<Log>(isFloat);
  case llvm::Intrinsic::log2: return realUnaryOf<Log2>(isFloat);
  case llvm::Intrinsic::log10: return realUnaryOf<Log10>(isFloat);
  case llvm::Intrinsic::floor: return realUnaryOf<Floor>(isFloat);
  case llvm::Intrinsic::ceil: return realUnaryOf<Ceil>(isFloat);
  case llvm::Intrinsic::trunc: return realUnaryOf<Trunc>(isFloat);
  case llvm::Intrinsic::rint: return realUnaryOf<Rint>(isFloat);
  case llvm::Intrinsic::nearbyint: return realUnaryOf<NearbyInt>(isFloat);
  case llvm::Intrinsic::round: return realUnaryOf<Round>(isFloat);
  case llvm::Intrinsic::roundeven: return realUnaryOf<RoundEven>(isFloat);
  case llvm::Intrinsic::pow: return realBinaryOf<Pow>(isFloat);
  case llvm::Intrinsic::powi: return isFloat ? powi<float> : powi<double>;
  case llvm::Intrinsic::fma: return isFloat ? ternary<float, Fma> : ternary<double, Fma>;
  case llvm::Intrinsic::minnum: return realBinaryOf<MinNum>(isFloat);
  case llvm::Intrinsic::maxnum: return realBinaryOf<MaxNum>(isFloat);
  case llvm::Intrinsic::minimum: return realBinaryOf<Minimum>(isFloat);
  case llvm::Intrinsic::maximum: return realBinaryOf<Maximum>(isFloat);
  case llvm::Intrinsic::vector_reduce_fmin: return reduceOf<MinNum>(isFloat);
  case llvm::Intrinsic::vector_reduce_fmax: return reduceOf<MaxNum>(isFloat);
  case llvm::Intrinsic::vector_reduce_fminimum: return reduceOf<Minimum>(isFloat);
  case llvm::Intrinsic::vector_reduce_fmaximum: return reduceOf<Maximum>(isFloat);
  default: return nullptr;
  }
}

// Conversions ---------------------------------------------------------------------------------------------------------

template <typename From, typename To> void convert(KernelFrame* frame, std::uint64_t lanes) {
  for (unsigned i = 0; i < lanes; ++i)
    write<To>(frame->results[0], static_cast<To>(read<From>(frame->operands[0], i)), i);
}
/// NaN becomes zero, what is too large or too small the end of the range.
template <typename From, typename To> void saturate(KernelFrame* frame, std::uint64_t lanes) {
  using Limits = std::numeric_limits<To>;
  for (unsigned i = 0; i < lanes; ++i) {
    auto value = read<From>(frame->operands[0], i);
    To result = 0;
    // Two to the power of the digits is exact in either format, unlike the largest number of the range.
    if (value >= std::ldexp(From{1}, Limits::digits))
      result = Limits::max();
    else if (value <= static_cast<From>(Limits::min()))
      result = Limits::min();
    else if (!std::isnan(value))
      result = static_cast<To>(value);
    write(frame->results[0], result, i);
  }
}
template <typename From> Kernel saturateTo(unsigned bits, bool isSigned) {
  switch (bits) {
  case 8: return isSigned ? saturate<From, std::int8_t> : saturate<From, std::uint8_t>;
  case 16: return isSigned ? saturate<From, std::int16_t> : saturate<From, std::uint16_t>;
  case 32: return isSigned ? saturate<From, std::int32_t> : saturate<From, std::uint32_t>;
  default: return isSigned ? saturate<From, std::int64_t> : saturate<From, std::uint64_t>;
  }
}

Kernel conversionKernel(const llvm::Instruction& cast, const llvm::Type* from, const llvm::Type* to) {
  if (cast.getOpcode() == llvm::Instruction::UIToFP && from->isIntegerTy(64))
    return to->isFloatTy() ? convert<std::uint64_t, float> : convert<std::uint64_t, double>;
  if (cast.getOpcode() == llvm::Instruction::FPToUI && to->isIntegerTy(64))
    return from->isFloatTy() ? convert<float, std::uint64_t> : convert<double, std::uint64_t>;
  return nullptr;
}

Kernel arithmeticKernel(const llvm::Instruction& instruction, const llvm::Type* lane) {
  const unsigned bits = lane->getScalarSizeInBits();
  // Shifts of these have no form with a count of its own for each lane.
  const bool isSlowShift = instruction.isShift() && bits <= 16 && !isSplat(instruction.getOperand(1));
  switch (instruction.getOpcode()) {
  case llvm::Instruction::UDiv: return binaryOf<UDiv>(bits);
  case llvm::Instruction::SDiv: return binaryOf<SDiv>(bits);
  case llvm::Instruction::URem: return binaryOf<URem>(bits);
  case llvm::Instruction::SRem: return binaryOf<SRem>(bits);
  case llvm::Instruction::Shl: return isSlowShift ? binaryOf<Shl>(bits) : nullptr;
  case llvm::Instruction::LShr: return isSlowShift ? binaryOf<LShr>(bits) : nullptr;
  case llvm::Instruction::AShr: return isSlowShift ? binaryOf<AShr>(bits) : nullptr;
  case llvm::Instruction::FRem: return realBinaryOf<Remainder>(lane->isFloatTy());
  default: return nullptr;
  }
}

} // namespace

Kernel kernelOf(const llvm::Instruction& instruction, std::uint64_t& width) {
  const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  if (intrinsic ? intrinsic->arg_size() == 0 : !(instruction.isBinaryOp() || instruction.isCast()))
    return nullptr;
  const llvm::Type* type = instruction.getOperand(0)->getType();
  if (isWide(type)) {
    width = type->getIntegerBitWidth();
    return intrinsic ? wideKernel(*intrinsic, static_cast<unsigned>(width)) : nullptr;
  }
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  if (!vector)
    return nullptr;
  width = vector->getNumElements();
  const llvm::Type* lane = vector->getElementType();
  if (lane->isIntegerTy(1))
    return nullptr;
  if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction))
    return conversionKernel(*cast, lane, cast->getType()->getScalarType());
  if (!intrinsic)
    return arithmeticKernel(instruction, lane);
  if (intrinsic->getIntrinsicID() == llvm::Intrinsic::fptosi_sat ||
      intrinsic->getIntrinsicID() == llvm::Intrinsic::fptoui_sat) {
    const bool isSigned = intrinsic->getIntrinsicID() == llvm::Intrinsic::fptosi_sat;
    const unsigned bits = intrinsic->getType()->getScalarSizeInBits();
    return lane->isFloatTy() ? saturateTo<float>(bits, isSigned) : saturateTo<double>(bits, isSigned);
  }
  return lane->isFloatingPointTy() ? realKernel(*intrinsic, lane->isFloatTy())
                                   : intKernel(*intrinsic, lane->getScalarSizeInBits());
}

} // namespace kiln::baseline

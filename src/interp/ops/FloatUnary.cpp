// Floating point with one operand, and the operations with an integer or two results.
#include <cmath>

#include "interp/ops/FloatFormat.h"
#include "interp/ops/Quad.h"
#include "interp/ops/Table.h"

namespace kiln::interp {
namespace {

constexpr unsigned kFloatUnaries = static_cast<unsigned>(FloatUnary::Count);

/// A function of the C library in each precision.
struct Library {
  float (*single)(float);
  double (*twice)(double);
  long double (*extended)(long double);
  __float128 (*quad)(__float128);

  float operator()(float value) const { return single(value); }
  double operator()(double value) const { return twice(value); }
  long double operator()(long double value) const { return extended(value); }
  __float128 operator()(__float128 value) const { return quad(value); }
};

constexpr Library libraryFunction(FloatUnary op) {
  switch (op) {
  case FloatUnary::Sqrt:
    return {::sqrtf, ::sqrt, ::sqrtl, ::sqrtf128};
  case FloatUnary::Floor:
    return {::floorf, ::floor, ::floorl, ::floorf128};
  case FloatUnary::Ceil:
    return {::ceilf, ::ceil, ::ceill, ::ceilf128};
  case FloatUnary::Trunc:
    return {::truncf, ::trunc, ::truncl, ::truncf128};
  case FloatUnary::Rint:
    return {::rintf, ::rint, ::rintl, ::rintf128};
  case FloatUnary::NearbyInt:
    return {::nearbyintf, ::nearbyint, ::nearbyintl, ::nearbyintf128};
  case FloatUnary::Round:
    return {::roundf, ::round, ::roundl, ::roundf128};
  case FloatUnary::RoundEven:
    return {::roundevenf, ::roundeven, ::roundevenl, ::roundevenf128};
  case FloatUnary::Sin:
    return {::sinf, ::sin, ::sinl, ::sinf128};
  case FloatUnary::Cos:
    return {::cosf, ::cos, ::cosl, ::cosf128};
  case FloatUnary::Tan:
    return {::tanf, ::tan, ::tanl, ::tanf128};
  case FloatUnary::Exp:
    return {::expf, ::exp, ::expl, ::expf128};
  case FloatUnary::Exp2:
    return {::exp2f, ::exp2, ::exp2l, ::exp2f128};
  case FloatUnary::Exp10:
    return {::exp10f, ::exp10, ::exp10l, ::exp10f128};
  case FloatUnary::Log:
    return {::logf, ::log, ::logl, ::logf128};
  case FloatUnary::Log2:
    return {::log2f, ::log2, ::log2l, ::log2f128};
  case FloatUnary::Log10:
    return {::log10f, ::log10, ::log10l, ::log10f128};
  case FloatUnary::Asin:
    return {::asinf, ::asin, ::asinl, ::asinf128};
  case FloatUnary::Acos:
    return {::acosf, ::acos, ::acosl, ::acosf128};
  case FloatUnary::Atan:
    return {::atanf, ::atan, ::atanl, ::atanf128};
  case FloatUnary::Sinh:
    return {::sinhf, ::sinh, ::sinhl, ::sinhf128};
  case FloatUnary::Cosh:
    return {::coshf, ::cosh, ::coshl, ::coshf128};
  case FloatUnary::Tanh:
    return {::tanhf, ::tanh, ::tanhl, ::tanhf128};
  default:
    return {};
  }
}

template <FloatUnary op, typename T> T applyLibrary(T value) {
  // The one that is an instruction.
  if constexpr (op == FloatUnary::Sqrt && !std::is_same_v<T, __float128>)
    return std::sqrt(value);
  constexpr Library function = libraryFunction(op);
  return function(value);
}

template <FloatUnary op, FloatType F> KILN_HANDLER Word unary(Op* ip, Word* frame) {
  write<F>(frame, ip->d, applyLibrary<op>(read<F>(frame, ip->a)));
  KILN_NEXT(kOpWords);
}

/// The operations on bits: they keep NaNs as they are, but Canonicalize makes them quiet.
template <FloatUnary op, FloatType F> Raw<F> applyRaw(Raw<F> raw) {
  if constexpr (op == FloatUnary::Neg)
    return raw ^ kSignBit<F>;
  else if constexpr (op == FloatUnary::Abs)
    return raw & kMagnitude<F>;
  else
    return (raw & kMagnitude<F>) > kInfinity<F> ? raw | kQuietBit<F> : raw;
}

template <FloatUnary op, FloatType F> KILN_HANDLER Word unaryRaw(Op* ip, Word* frame) {
  put(frame, ip->d, applyRaw<op, F>(readRaw<F>(frame, ip->a)));
  KILN_NEXT(kOpWords);
}

constexpr auto kUnary = handlerTable<kFloatUnaries * kFloatTypeCount>([]<std::size_t i> -> Handler {
  constexpr auto op = static_cast<FloatUnary>(i / kFloatTypeCount);
  constexpr auto type = static_cast<FloatType>(i % kFloatTypeCount);
  if constexpr (op == FloatUnary::Neg || op == FloatUnary::Abs || op == FloatUnary::Canonicalize)
    return &unaryRaw<op, type>;
  else
    return &unary<op, type>;
});

/// As the compiler's runtime does it: by squaring, the inverse of the result for a negative power.
template <FloatType F> Compute<F> power(Compute<F> base, std::int32_t exponent) {
  auto left = static_cast<std::uint32_t>(exponent);
  left = exponent < 0 ? -left : left;
  Compute<F> result = left & 1 ? base : Compute<F>{1};
  while (left >>= 1) {
    base *= base;
    if (left & 1)
      result *= base;
  }
  return exponent < 0 ? 1 / result : result;
}

template <FloatType F> KILN_HANDLER Word powi(Op* ip, Word* frame) {
  write<F>(frame, ip->d, power<F>(read<F>(frame, ip->a), get<std::int32_t>(frame, ip->b)));
  KILN_NEXT(kOpWords);
}

template <FloatType F> KILN_HANDLER Word ldexp(Op* ip, Word* frame) {
  auto value = read<F>(frame, ip->a);
  auto exponent = get<std::int32_t>(frame, ip->b);
  if constexpr (F == FloatType::Fp128)
    write<F>(frame, ip->d, ldexpf128(value, exponent));
  else
    write<F>(frame, ip->d, std::ldexp(value, exponent));
  KILN_NEXT(kOpWords);
}

/// The class of a value, as its bit in the masks of llvm.is.fpclass.
template <FloatType F> unsigned classOf(Raw<F> raw) {
  bool negative = (raw & kSignBit<F>) != 0;
  raw &= kMagnitude<F>;
  // What the x87 does not take for a number: no integer bit though the exponent is not zero.
  constexpr unsigned fraction = FormatOf<F>::fraction;
  bool invalid = F == FloatType::X86Fp80 && (raw >> fraction & 1) == 0 && (raw >> fraction) != 0;
  if (raw > kInfinity<F> || invalid)
    return raw & kQuietBit<F> ? 1 << 1 : 1 << 0;
  if (raw == 0)
    return negative ? 1 << 5 : 1 << 6;
  if (raw == kInfinity<F>)
    return negative ? 1 << 2 : 1 << 9;
  if (raw >> fraction == 0)
    return negative ? 1 << 4 : 1 << 7;
  return negative ? 1 << 3 : 1 << 8;
}

template <FloatType F> KILN_HANDLER Word isClass(Op* ip, Word* frame) {
  frame[ip->d] = (classOf<F>(readRaw<F>(frame, ip->a)) & ip->k[0]) != 0;
  KILN_NEXT(kOpWords + 1);
}

// Out of line: what needs an address must not give the handler a stack frame that its tail call might still refer to.
template <FloatType F> [[gnu::noinline]] void splitExponent(Word* frame, const Op* ip) {
  auto value = read<F>(frame, ip->a);
  int exponent = 0;
  if constexpr (F == FloatType::Fp128)
    value = frexpf128(value, &exponent);
  else
    value = std::frexp(value, &exponent);
  write<F>(frame, ip->d, value);
  put(frame, ip->d + kWordsOf<F>, exponent);
}

template <FloatType F> KILN_HANDLER Word frexp(Op* ip, Word* frame) {
  splitExponent<F>(frame, ip);
  KILN_NEXT(kOpWords);
}

template <FloatType F> [[gnu::noinline]] void splitFraction(Word* frame, const Op* ip) {
  auto value = read<F>(frame, ip->a);
  Compute<F> whole = 0;
  if constexpr (F == FloatType::Fp128)
    value = modff128(value, &whole);
  else
    value = std::modf(value, &whole);
  write<F>(frame, ip->d, value);
  write<F>(frame, ip->d + kWordsOf<F>, whole);
}

template <FloatType F> KILN_HANDLER Word modf(Op* ip, Word* frame) {
  splitFraction<F>(frame, ip);
  KILN_NEXT(kOpWords);
}

template <FloatType F> KILN_HANDLER Word lrint(Op* ip, Word* frame) {
  if constexpr (F == FloatType::Fp128)
    put(frame, ip->d, lrintf128(read<F>(frame, ip->a)));
  else
    put(frame, ip->d, std::lrint(read<F>(frame, ip->a)));
  KILN_NEXT(kOpWords);
}

template <FloatType F> KILN_HANDLER Word lround(Op* ip, Word* frame) {
  if constexpr (F == FloatType::Fp128)
    put(frame, ip->d, lroundf128(read<F>(frame, ip->a)));
  else
    put(frame, ip->d, std::lround(read<F>(frame, ip->a)));
  KILN_NEXT(kOpWords);
}

template <FloatMisc op, FloatType F> constexpr Handler miscHandler() {
  switch (op) {
  case FloatMisc::Powi:
    return &powi<F>;
  case FloatMisc::Ldexp:
    return &ldexp<F>;
  case FloatMisc::IsClass:
    return &isClass<F>;
  case FloatMisc::Frexp:
    return &frexp<F>;
  case FloatMisc::Lrint:
    return &lrint<F>;
  case FloatMisc::Lround:
    return &lround<F>;
  case FloatMisc::Modf:
    return &modf<F>;
  case FloatMisc::Count:
    break;
  }
  return nullptr;
}

constexpr auto kMisc =
    handlerTable<static_cast<unsigned>(FloatMisc::Count) * kFloatTypeCount>([]<std::size_t i> -> Handler {
      return miscHandler<static_cast<FloatMisc>(i / kFloatTypeCount), static_cast<FloatType>(i % kFloatTypeCount)>();
    });

} // namespace

Handler floatUnary(FloatUnary op, FloatType type) {
  return kUnary[static_cast<unsigned>(op) * kFloatTypeCount + static_cast<unsigned>(type)];
}

Handler floatMisc(FloatMisc op, FloatType type) {
  return kMisc[static_cast<unsigned>(op) * kFloatTypeCount + static_cast<unsigned>(type)];
}

} // namespace kiln::interp

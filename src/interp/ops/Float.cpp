// Floating point with two and three operands: arithmetic, comparison, multiply-add.
#include <cmath>

#include "interp/ops/FloatFormat.h"
#include "interp/ops/Quad.h"
#include "interp/ops/Table.h"

namespace kiln::interp {
namespace {

constexpr unsigned kFloatOps = static_cast<unsigned>(FloatOp::Count);

__float128 libraryRem(__float128 a, __float128 b) {
  return fmodf128(a, b);
}
__float128 libraryPow(__float128 a, __float128 b) {
  return powf128(a, b);
}
__float128 libraryAtan2(__float128 a, __float128 b) {
  return atan2f128(a, b);
}
template <typename T> T libraryRem(T a, T b) {
  return std::fmod(a, b);
}
template <typename T> T libraryPow(T a, T b) {
  return std::pow(a, b);
}
template <typename T> T libraryAtan2(T a, T b) {
  return std::atan2(a, b);
}

template <FloatOp op, typename T> T combine(T a, T b) {
  switch (op) {
  case FloatOp::Add:
    return a + b;
  case FloatOp::Sub:
    return a - b;
  case FloatOp::Mul:
    return a * b;
  case FloatOp::Div:
    return a / b;
  case FloatOp::Rem:
    return libraryRem(a, b);
  // The number if only one is, and of two zeros the left one: what the code generator's sequence yields.
  case FloatOp::MinNum:
    return a != a ? b : b < a ? b : a;
  case FloatOp::MaxNum:
    return a != a ? b : b > a ? b : a;
  // NaN if one is, and -0 < +0.
  case FloatOp::Minimum:
    return a != a || b != b ? a + b : a == b ? (__builtin_signbit(a) ? a : b) : b < a ? b : a;
  case FloatOp::Maximum:
    return a != a || b != b ? a + b : a == b ? (__builtin_signbit(a) ? b : a) : b > a ? b : a;
  case FloatOp::Pow:
    return libraryPow(a, b);
  case FloatOp::Atan2:
    return libraryAtan2(a, b);
  case FloatOp::CopySign:
  case FloatOp::Count:
    break;
  }
  __builtin_unreachable();
}

template <FloatOp op, FloatType F, Form form> KILN_HANDLER Word binary(Op* ip, Word* frame) {
  auto a = form == Form::KR ? fromMemory<F>(ip->k) : read<F>(frame, ip->a);
  auto b = form == Form::RK ? fromMemory<F>(ip->k) : read<F>(frame, ip->b);
  write<F>(frame, ip->d, combine<op>(a, b));
  KILN_NEXT(kOpWords + (form != Form::RR));
}

// On bits: a NaN stays as it is.
template <FloatType F, Form form> KILN_HANDLER Word copySign(Op* ip, Word* frame) {
  auto a = form == Form::KR ? constant<Raw<F>>(ip) : readRaw<F>(frame, ip->a);
  auto b = form == Form::RK ? constant<Raw<F>>(ip) : readRaw<F>(frame, ip->b);
  put(frame, ip->d, static_cast<Raw<F>>((a & kMagnitude<F>) | (b & kSignBit<F>)));
  KILN_NEXT(kOpWords + (form != Form::RR));
}

template <FloatOp op, FloatType F, Form form> constexpr Handler binaryHandler() {
  if constexpr (form != Form::RR && F != FloatType::Float && F != FloatType::Double)
    return nullptr;
  else if constexpr (op == FloatOp::CopySign)
    return &copySign<F, form>;
  else
    return &binary<op, F, form>;
}

constexpr auto kBinary = handlerTable<kFloatOps * kFloatTypeCount * kFormCount>([]<std::size_t i> {
  return binaryHandler<static_cast<FloatOp>(i / kFormCount / kFloatTypeCount),
                       static_cast<FloatType>(i / kFormCount % kFloatTypeCount), static_cast<Form>(i % kFormCount)>();
});

template <unsigned predicate, typename T> bool holds(T a, T b) {
  switch (predicate) {
  case 0:
    return false;
  case 1:
    return a == b;
  case 2:
    return a > b;
  case 3:
    return a >= b;
  case 4:
    return a < b;
  case 5:
    return a <= b;
  case 6:
    return a < b || a > b;
  case 7:
    return !__builtin_isunordered(a, b);
  case 15:
    return true;
  default:
    return !holds<15 - predicate>(a, b); // the unordered ones
  }
}

template <unsigned predicate, FloatType F> KILN_HANDLER Word compare(Op* ip, Word* frame) {
  frame[ip->d] = holds<predicate>(read<F>(frame, ip->a), read<F>(frame, ip->b));
  KILN_NEXT(kOpWords);
}

constexpr unsigned kPredicates = 16;

constexpr auto kCompare = handlerTable<kPredicates * kFloatTypeCount>([]<std::size_t i> -> Handler {
  return &compare<i / kFloatTypeCount, static_cast<FloatType>(i % kFloatTypeCount)>;
});

/// a * b + c for the small formats. The product is exact in double; the sum is rounded to odd there, so that rounding
/// it to the format rounds once.
double addExactProduct(float a, float b, double c) {
  double product = static_cast<double>(a) * b;
  double sum = product + c;
  double part = sum - product;
  double error = (product - (sum - part)) + (c - part);
  auto bits = std::bit_cast<std::uint64_t>(sum);
  if (!(error != 0) || !std::isfinite(sum) || (bits & 1))
    return sum;
  return std::bit_cast<double>((error > 0) == (sum > 0) ? bits + 1 : bits - 1);
}

template <FloatType F> KILN_HANDLER Word fusedMultiplyAdd(Op* ip, Word* frame) {
  auto a = read<F>(frame, ip->a), b = read<F>(frame, ip->b), c = read<F>(frame, ip->c);
  if constexpr (F == FloatType::Half)
    put(frame, ip->d, static_cast<_Float16>(addExactProduct(a, b, c)));
  else if constexpr (F == FloatType::BFloat)
    put(frame, ip->d, bfloatBits(roundToOdd(addExactProduct(a, b, c))));
  else if constexpr (F == FloatType::Fp128)
    write<F>(frame, ip->d, fmaf128(a, b, c));
  else
    write<F>(frame, ip->d, std::fma(a, b, c));
  KILN_NEXT(kOpWords);
}

template <FloatType F> KILN_HANDLER Word multiplyThenAdd(Op* ip, Word* frame) {
  auto product = rounded<F>(read<F>(frame, ip->a) * read<F>(frame, ip->b));
  write<F>(frame, ip->d, product + read<F>(frame, ip->c));
  KILN_NEXT(kOpWords);
}

template <FloatType F, bool productFirst> KILN_HANDLER Word multiplySubtract(Op* ip, Word* frame) {
  auto product = read<F>(frame, ip->a) * read<F>(frame, ip->b);
  auto c = read<F>(frame, ip->c);
  write<F>(frame, ip->d, productFirst ? product - c : c - product);
  KILN_NEXT(kOpWords);
}

constexpr auto kMultiplyAdd = handlerTable<2 * kFloatTypeCount>([]<std::size_t i> -> Handler {
  constexpr auto type = static_cast<FloatType>(i / 2);
  return i % 2 ? &fusedMultiplyAdd<type> : &multiplyThenAdd<type>;
});

} // namespace

Handler floatBinary(FloatOp op, FloatType type, Form form) {
  return kBinary[(static_cast<unsigned>(op) * kFloatTypeCount + static_cast<unsigned>(type)) * kFormCount +
                 static_cast<unsigned>(form)];
}

Handler floatCompare(unsigned predicate, FloatType type) {
  return kCompare[predicate * kFloatTypeCount + static_cast<unsigned>(type)];
}

Handler floatMultiplyAdd(FloatType type, bool fused) {
  return kMultiplyAdd[static_cast<unsigned>(type) * 2 + fused];
}

Handler floatMultiplySubtract(FloatType type, bool productFirst) {
  switch (type) {
  case FloatType::Float:
    return productFirst ? &multiplySubtract<FloatType::Float, true> : &multiplySubtract<FloatType::Float, false>;
  case FloatType::Double:
    return productFirst ? &multiplySubtract<FloatType::Double, true> : &multiplySubtract<FloatType::Double, false>;
  default:
    return nullptr;
  }
}

} // namespace kiln::interp

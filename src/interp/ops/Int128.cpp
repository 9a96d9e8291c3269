// Integers of 128 bits: the compiler's own type does them.
#include "interp/ops/Table.h"

#include "interp/Ops.h"

namespace kiln::interp {
namespace {

using Int = __int128;
using UInt = unsigned __int128;

constexpr UInt kMax = ~UInt{0};
constexpr Int kSignedMax = static_cast<Int>(kMax >> 1);
constexpr Int kSignedMin = -kSignedMax - 1;

Int asSigned(UInt value) {
  return static_cast<Int>(value);
}
UInt clampSigned(bool negative) {
  return static_cast<UInt>(negative ? kSignedMin : kSignedMax);
}

/// Shifts by the width or more are poison: any result will do.
unsigned shiftCount(UInt count) {
  return static_cast<unsigned>(count) & 127;
}

template <IntOp op> UInt apply(UInt a, UInt b) {
  Int result;
  switch (op) {
  case IntOp::Add:
    return a + b;
  case IntOp::Sub:
    return a - b;
  case IntOp::Mul:
    return a * b;
  case IntOp::UDiv:
    return a / b;
  // The functions of the compiler's runtime, as in native code: they trap for 0 and wrap for the minimum by -1.
  case IntOp::SDiv:
    return static_cast<UInt>(asSigned(a) / asSigned(b));
  case IntOp::URem:
    return a % b;
  case IntOp::SRem:
    return static_cast<UInt>(asSigned(a) % asSigned(b));
  case IntOp::Shl:
    return a << shiftCount(b);
  case IntOp::LShr:
    return a >> shiftCount(b);
  case IntOp::AShr:
    return static_cast<UInt>(asSigned(a) >> shiftCount(b));
  case IntOp::And:
    return a & b;
  case IntOp::Or:
    return a | b;
  case IntOp::Xor:
    return a ^ b;
  case IntOp::SMax:
    return asSigned(a) > asSigned(b) ? a : b;
  case IntOp::SMin:
    return asSigned(a) < asSigned(b) ? a : b;
  case IntOp::UMax:
    return a > b ? a : b;
  case IntOp::UMin:
    return a < b ? a : b;
  case IntOp::SAddSat:
    return __builtin_add_overflow(asSigned(a), asSigned(b), &result) ? clampSigned(asSigned(a) < 0)
                                                                     : static_cast<UInt>(result);
  case IntOp::UAddSat:
    return a + b < a ? kMax : a + b;
  case IntOp::SSubSat:
    return __builtin_sub_overflow(asSigned(a), asSigned(b), &result) ? clampSigned(asSigned(a) < 0)
                                                                     : static_cast<UInt>(result);
  case IntOp::USubSat:
    return a < b ? 0 : a - b;
  case IntOp::SShlSat:
    return asSigned(a << shiftCount(b)) >> shiftCount(b) == asSigned(a) ? a << shiftCount(b)
                                                                        : clampSigned(asSigned(a) < 0);
  case IntOp::UShlSat:
    return a << shiftCount(b) >> shiftCount(b) == a ? a << shiftCount(b) : kMax;
  default:
    break;
  }
  __builtin_unreachable();
}

template <IntOp op, typename T> bool overflows(T a, T b, T& result) {
  switch (op) {
  case IntOp::SAddOver:
  case IntOp::UAddOver:
    return __builtin_add_overflow(a, b, &result);
  case IntOp::SSubOver:
  case IntOp::USubOver:
    return __builtin_sub_overflow(a, b, &result);
  default:
    return __builtin_mul_overflow(a, b, &result);
  }
}

template <IntOp op> KILN_HANDLER Word binary(Op* ip, Word* frame) {
  put(frame, ip->d, apply<op>(get<UInt>(frame, ip->a), get<UInt>(frame, ip->b)));
  KILN_NEXT(kOpWords);
}

/// The result, and behind it whether it overflowed. Out of line, for its local has an address.
template <IntOp op, typename T> [[gnu::noinline]] void applyOver(Word* frame, const Op* ip) {
  T result;
  bool over = overflows<op>(get<T>(frame, ip->a), get<T>(frame, ip->b), result);
  put(frame, ip->d, result);
  frame[ip->d + 2] = over;
}

template <IntOp op> KILN_HANDLER Word binaryOver(Op* ip, Word* frame) {
  constexpr bool isSigned = op == IntOp::SAddOver || op == IntOp::SSubOver || op == IntOp::SMulOver;
  applyOver<op, std::conditional_t<isSigned, Int, UInt>>(frame, ip);
  KILN_NEXT(kOpWords);
}

constexpr auto kBinary = handlerTable<static_cast<unsigned>(IntOp::Count)>([]<std::size_t i> -> Handler {
  constexpr auto op = static_cast<IntOp>(i);
  if constexpr (op >= IntOp::SAddOver)
    return &binaryOver<op>;
  else
    return &binary<op>;
});

template <Predicate predicate> bool holds(UInt a, UInt b) {
  switch (predicate) {
  case Predicate::Eq:
    return a == b;
  case Predicate::Ne:
    return a != b;
  case Predicate::Ugt:
    return a > b;
  case Predicate::Uge:
    return a >= b;
  case Predicate::Ult:
    return a < b;
  case Predicate::Ule:
    return a <= b;
  case Predicate::Sgt:
    return asSigned(a) > asSigned(b);
  case Predicate::Sge:
    return asSigned(a) >= asSigned(b);
  case Predicate::Slt:
    return asSigned(a) < asSigned(b);
  case Predicate::Sle:
    return asSigned(a) <= asSigned(b);
  case Predicate::Count:
    break;
  }
  __builtin_unreachable();
}

template <Predicate predicate> KILN_HANDLER Word compare(Op* ip, Word* frame) {
  frame[ip->d] = holds<predicate>(get<UInt>(frame, ip->a), get<UInt>(frame, ip->b));
  KILN_NEXT(kOpWords);
}

constexpr auto kCompare = handlerTable<static_cast<unsigned>(Predicate::Count)>(
    []<std::size_t i> -> Handler { return &compare<static_cast<Predicate>(i)>; });

} // namespace

Handler int128Binary(IntOp op) {
  return kBinary[static_cast<unsigned>(op)];
}
Handler int128Compare(Predicate predicate) {
  return kCompare[static_cast<unsigned>(predicate)];
}

} // namespace kiln::interp

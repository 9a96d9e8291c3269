// Atomic operations, all sequentially consistent: on x86 an ordering weaker than that has the same instructions. Plain
// loads and stores do for the weaker atomic ones.
#include "interp/ops/Names.h"
#include "interp/ops/Table.h"

namespace kiln::interp {
namespace {

constexpr unsigned kAtomicOps = static_cast<unsigned>(AtomicOp::Count);

template <Width width> struct UnsignedOf;
template <> struct UnsignedOf<0> {
  using Type = std::uint8_t;
};
template <> struct UnsignedOf<1> {
  using Type = std::uint16_t;
};
template <> struct UnsignedOf<2> {
  using Type = std::uint32_t;
};
template <> struct UnsignedOf<3> {
  using Type = std::uint64_t;
};
template <Width width> using Unsigned = typename UnsignedOf<width>::Type;

/// The address that the word holds.
template <typename T> T* pointer(const Word* frame, unsigned index) {
  return reinterpret_cast<T*>(frame[index]);
}

constexpr bool isFloat(AtomicOp op) {
  return op >= AtomicOp::FAdd;
}

template <AtomicOp op, typename T> T combineFloat(T a, T b) {
  switch (op) {
  case AtomicOp::FAdd:
    return a + b;
  case AtomicOp::FSub:
    return a - b;
  case AtomicOp::FMax:
    return a != a ? b : b > a ? b : a;
  default:
    return a != a ? b : b < a ? b : a;
  }
}

/// What is stored, for the operations that are no instruction.
template <AtomicOp op, typename T> T combine(T old, T operand) {
  using Signed = std::make_signed_t<T>;
  auto less = [](T a, T b) { return static_cast<Signed>(a) < static_cast<Signed>(b); };
  switch (op) {
  case AtomicOp::Nand:
    return static_cast<T>(~(old & operand));
  case AtomicOp::Max:
    return less(old, operand) ? operand : old;
  case AtomicOp::Min:
    return less(operand, old) ? operand : old;
  case AtomicOp::UMax:
    return old < operand ? operand : old;
  case AtomicOp::UMin:
    return operand < old ? operand : old;
  case AtomicOp::UIncWrap:
    return old >= operand ? 0 : static_cast<T>(old + 1);
  case AtomicOp::UDecWrap:
    return old == 0 || old > operand ? operand : static_cast<T>(old - 1);
  default:
    break;
  }
  if constexpr (isFloat(op)) {
    using Float = std::conditional_t<sizeof(T) == 4, float, double>;
    return std::bit_cast<T>(combineFloat<op>(std::bit_cast<Float>(old), std::bit_cast<Float>(operand)));
  }
  __builtin_unreachable();
}

template <AtomicOp op, typename T> T combineInLoop(T* address, T operand) {
  T old = __atomic_load_n(address, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(address, &old, combine<op>(old, operand), false, __ATOMIC_SEQ_CST,
                                      __ATOMIC_SEQ_CST)) {
  }
  return old;
}

template <AtomicOp op, typename T> T exchange(T* address, T operand) {
  switch (op) {
  case AtomicOp::Xchg:
    return __atomic_exchange_n(address, operand, __ATOMIC_SEQ_CST);
  case AtomicOp::Add:
    return __atomic_fetch_add(address, operand, __ATOMIC_SEQ_CST);
  case AtomicOp::Sub:
    return __atomic_fetch_sub(address, operand, __ATOMIC_SEQ_CST);
  case AtomicOp::And:
    return __atomic_fetch_and(address, operand, __ATOMIC_SEQ_CST);
  case AtomicOp::Or:
    return __atomic_fetch_or(address, operand, __ATOMIC_SEQ_CST);
  case AtomicOp::Xor:
    return __atomic_fetch_xor(address, operand, __ATOMIC_SEQ_CST);
  default:
    return combineInLoop<op>(address, operand);
  }
}

template <AtomicOp op, Width width> KILN_HANDLER Word readModifyWrite(Op* ip, Word* frame) {
  using T = Unsigned<width>;
  put(frame, ip->d, exchange<op>(pointer<T>(frame, ip->a), get<T>(frame, ip->b)));
  KILN_NEXT(kOpWords);
}

constexpr auto kReadModifyWrite = handlerTable<kAtomicOps * kWidthCount>([]<std::size_t i> -> Handler {
  constexpr auto op = static_cast<AtomicOp>(i / kWidthCount);
  constexpr Width width = i % kWidthCount;
  if constexpr (isFloat(op) && width < 2)
    return nullptr;
  else
    return &readModifyWrite<op, width>;
});

template <typename T> KILN_HANDLER Word compareExchange(Op* ip, Word* frame) {
  constexpr unsigned words = sizeof(T) > 8 ? 2 : 1;
  T seen = get<T>(frame, ip->b);
  bool success = __atomic_compare_exchange_n(pointer<T>(frame, ip->a), &seen, get<T>(frame, ip->c), false,
                                             __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  put(frame, ip->d, seen);
  frame[ip->d + words] = success;
  KILN_NEXT(kOpWords);
}

template <typename T> KILN_HANDLER Word store(Op* ip, Word* frame) {
  __atomic_store_n(pointer<T>(frame, ip->a), get<T>(frame, ip->d), __ATOMIC_SEQ_CST);
  KILN_NEXT(kOpWords);
}

KILN_HANDLER Word load128(Op* ip, Word* frame) {
  put(frame, ip->d, __atomic_load_n(pointer<unsigned __int128>(frame, ip->a), __ATOMIC_SEQ_CST));
  KILN_NEXT(kOpWords);
}

KILN_HANDLER Word fullFence(Op* ip, Word* frame) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  KILN_NEXT(kOpWords);
}

constexpr auto kCompareExchange =
    handlerTable<kWidthCount>([]<std::size_t i> -> Handler { return &compareExchange<Unsigned<i>>; });
constexpr auto kStore = handlerTable<kWidthCount>([]<std::size_t i> -> Handler { return &store<Unsigned<i>>; });

constexpr std::array<std::string_view, kAtomicOps> kNames = {"xchg",      "add",  "sub",  "and",  "nand", "or",
                                                             "xor",       "max",  "min",  "umax", "umin", "uinc_wrap",
                                                             "udec_wrap", "fadd", "fsub", "fmax", "fmin"};

} // namespace

Handler atomicReadModifyWrite(AtomicOp op, Width width) {
  return kReadModifyWrite[static_cast<unsigned>(op) * kWidthCount + width];
}
Handler atomicCompareExchange(Width width) {
  return kCompareExchange[width];
}
Handler atomicCompareExchange128() {
  return &compareExchange<unsigned __int128>;
}
Handler atomicStore(Width width) {
  return kStore[width];
}
Handler atomicLoad128() {
  return &load128;
}
Handler atomicStore128() {
  return &store<unsigned __int128>;
}
Handler fence() {
  return &fullFence;
}

void listAtomicOps(const OpVisitor& visit) {
  for (unsigned op = 0; op < kAtomicOps; ++op)
    for (Width width = 0; width < kWidthCount; ++width)
      if (Handler handler = atomicReadModifyWrite(static_cast<AtomicOp>(op), width))
        visit(handler, dotted({"atomicrmw", kNames[op], kWidthNames[width]}), "d,a,b");
  for (Width width = 0; width < kWidthCount; ++width) {
    visit(atomicCompareExchange(width), dotted({"cmpxchg", kWidthNames[width]}), "d,a,b,c");
    visit(atomicStore(width), dotted({"atomicstore", kWidthNames[width]}), "a,d");
  }
  visit(atomicCompareExchange128(), "cmpxchg.i128", "d,a,b,c");
  visit(atomicLoad128(), "atomicload.i128", "d,a");
  visit(atomicStore128(), "atomicstore.i128", "a,d");
  visit(fence(), "fence", "");
}

} // namespace kiln::interp

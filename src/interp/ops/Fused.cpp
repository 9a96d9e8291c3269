// Ops that do the work of two instructions.
//
// Chosen by how often one op follows the other in the benchmark programs (bench/ops.py, "pairs"), one family at a time
// rather than pair by pair: arithmetic whose right operand is loaded, arithmetic on the result of arithmetic with a
// constant, and branches on a loaded value.
#include "interp/ops/Access.h"
#include "interp/ops/Arithmetic.h"
#include "interp/ops/Branch.h"

namespace kiln::interp {
namespace {

constexpr IntOp kLoading[] = {IntOp::Add, IntOp::Sub, IntOp::Mul, IntOp::And, IntOp::Or, IntOp::Xor};
constexpr FloatOp kFloatLoading[] = {FloatOp::Add, FloatOp::Sub, FloatOp::Mul, FloatOp::Div};
constexpr IntOp kFirst[] = {IntOp::Add, IntOp::Mul, IntOp::And, IntOp::Xor, IntOp::Shl, IntOp::LShr, IntOp::AShr};
constexpr IntOp kSecondConstant[] = {IntOp::Add, IntOp::Mul,  IntOp::And,  IntOp::Or,
                                     IntOp::Xor, IntOp::Shl, IntOp::LShr, IntOp::AShr};
constexpr IntOp kSecond[] = {IntOp::Add, IntOp::Sub, IntOp::And, IntOp::Or, IntOp::Xor};

template <std::size_t N, typename T> constexpr int indexIn(const T (&list)[N], T value) {
  for (std::size_t i = 0; i < N; ++i)
    if (list[i] == value)
      return static_cast<int>(i);
  return -1;
}

/// b is the base of the address, c its offset or the word of an index that counts elements.
template <typename T, bool Indexed> Word addressOf(const Op* ip, const Word* frame) {
  if constexpr (Indexed)
    return frame[ip->b] + frame[ip->c] * sizeof(T);
  else
    return frame[ip->b] + static_cast<Word>(std::int64_t{static_cast<std::int16_t>(ip->c)});
}

template <IntOp O, unsigned W, bool Indexed> KILN_HANDLER Word loading(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  U b = read<U>(addressOf<U, Indexed>(ip, frame));
  put<U>(frame, ip->d, Binary<O, W>::apply(get<U>(frame, ip->a), b));
  KILN_NEXT(2);
}

template <FloatOp O, typename T, bool Indexed> KILN_HANDLER Word floatLoading(Op* ip, Word* frame) {
  T a = get<T>(frame, ip->a), b = read<T>(addressOf<T, Indexed>(ip, frame));
  if constexpr (O == FloatOp::Add)
    a = a + b;
  else if constexpr (O == FloatOp::Sub)
    a = a - b;
  else if constexpr (O == FloatOp::Mul)
    a = a * b;
  else
    a = a / b;
  put<T>(frame, ip->d, a);
  KILN_NEXT(2);
}

template <typename T> KILN_HANDLER Word multiplyAddTimes(Op* ip, Word* frame) {
  T addend = get<T>(frame, ip->c) * constant<T>(ip);
  put<T>(frame, ip->d, get<T>(frame, ip->a) * get<T>(frame, ip->b) + addend);
  KILN_NEXT(3);
}

template <IntOp First, IntOp Second, unsigned W> KILN_HANDLER Word chainConstant(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  U first = Binary<First, W>::apply(get<U>(frame, ip->a), constant<U>(ip));
  put<U>(frame, ip->d, Binary<Second, W>::apply(first, constant<U>(ip, 1)));
  KILN_NEXT(4);
}

/// Swapped: the chained value is the right operand.
template <IntOp First, IntOp Second, unsigned W, bool Swapped> KILN_HANDLER Word chain(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  U first = Binary<First, W>::apply(get<U>(frame, ip->a), constant<U>(ip)), b = get<U>(frame, ip->b);
  put<U>(frame, ip->d, Swapped ? Binary<Second, W>::apply(b, first) : Binary<Second, W>::apply(first, b));
  KILN_NEXT(3);
}

template <Predicate P, unsigned W, bool Loop, bool Count> KILN_HANDLER Word branchLoading(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  using Layout = At<true, Loop, Count>;
  U a = read<U>(frame[ip->x] + static_cast<Word>(std::int64_t{static_cast<std::int16_t>(ip->y)}));
  KILN_BRANCH((holds<P, W>(a, constant<U>(ip))), Layout, Loop, Count);
}

/// x = k[0] >> 16 added to the word that the lower 16 bits of k[0] name; then as stepBranch().
template <Predicate P, unsigned W, bool K, bool Loop, bool Count> KILN_HANDLER Word stepFrom(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  using Layout = StepAt<K, Loop, Count>;
  Word packed = ip->k[0];
  U a = static_cast<U>(get<U>(frame, packed & 0xffff) + static_cast<U>(static_cast<std::int64_t>(packed) >> 16)), b;
  put<U>(frame, ip->x, a);
  if constexpr (K)
    b = constant<U>(ip, 1);
  else
    b = get<U>(frame, ip->y);
  KILN_BRANCH((holds<P, W>(a, b)), Layout, Loop, Count);
}

constexpr std::size_t kFirsts = std::size(kFirst), kSeconds = std::size(kSecond);
constexpr std::size_t kConstants = std::size(kSecondConstant);
constexpr std::size_t kPredicates = static_cast<std::size_t>(Predicate::Count);

// Widths 2 and 3 are the last factor but the form.
constexpr auto kLoadingTable = handlerTable<std::size(kLoading) * 4>(
    []<std::size_t i>() -> Handler { return loading<kLoading[i / 4], 2 + i / 2 % 2, i % 2 != 0>; });
constexpr auto kFloatLoadingTable = handlerTable<std::size(kFloatLoading) * 4>([]<std::size_t i>() -> Handler {
  using T = std::conditional_t<(i / 2 % 2) != 0, double, float>;
  return floatLoading<kFloatLoading[i / 4], T, i % 2 != 0>;
});
constexpr auto kChainConstantTable = handlerTable<kFirsts * kConstants * 2>([]<std::size_t i>() -> Handler {
  return chainConstant<kFirst[i / 2 / kConstants], kSecondConstant[i / 2 % kConstants], 2 + i % 2>;
});
constexpr auto kChainTable = handlerTable<kFirsts * kSeconds * 4>([]<std::size_t i>() -> Handler {
  return chain<kFirst[i / 4 / kSeconds], kSecond[i / 4 % kSeconds], 2 + i / 2 % 2, i % 2 != 0>;
});
constexpr auto kBranchTable = handlerTable<kPredicates * 16>([]<std::size_t i>() -> Handler {
  return branchLoading<static_cast<Predicate>(i / 16), i / 4 % 4, (i & 2) != 0, (i & 1) != 0>;
});
constexpr auto kStepFromTable = handlerTable<kPredicates * 32>([]<std::size_t i>() -> Handler {
  return stepFrom<static_cast<Predicate>(i / 32), i / 8 % 4, (i & 4) != 0, (i & 2) != 0, (i & 1) != 0>;
});

constexpr unsigned bitsOf(BranchForm form) { return form.constant * 4u + form.loop * 2u + form.count; }

} // namespace

Handler intLoading(IntOp op, Width width, bool indexed) {
  int at = width >= 2 ? indexIn(kLoading, op) : -1;
  return at < 0 ? nullptr : kLoadingTable[static_cast<unsigned>(at) * 4 + (width - 2) * 2 + indexed];
}
Handler floatLoading(FloatOp op, FloatType type, bool indexed) {
  int at = type == FloatType::Float || type == FloatType::Double ? indexIn(kFloatLoading, op) : -1;
  return at < 0 ? nullptr : kFloatLoadingTable[static_cast<unsigned>(at) * 4 + (type == FloatType::Double) * 2u + indexed];
}
Handler multiplyAddScaled(FloatType type) {
  return type == FloatType::Float ? multiplyAddTimes<float> : multiplyAddTimes<double>;
}
Handler intChainConstant(IntOp first, IntOp second, Width width) {
  int a = width >= 2 ? indexIn(kFirst, first) : -1, b = indexIn(kSecondConstant, second);
  return a < 0 || b < 0 ? nullptr
                        : kChainConstantTable[(static_cast<unsigned>(a) * kConstants + static_cast<unsigned>(b)) * 2 + width - 2];
}
Handler intChain(IntOp first, IntOp second, Width width, bool swapped) {
  int a = width >= 2 ? indexIn(kFirst, first) : -1, b = indexIn(kSecond, second);
  return a < 0 || b < 0
             ? nullptr
             : kChainTable[(static_cast<unsigned>(a) * kSeconds + static_cast<unsigned>(b)) * 4 + (width - 2) * 2 + swapped];
}
Handler branchLoading(Predicate predicate, Width width, BranchForm form) {
  return kBranchTable[static_cast<unsigned>(predicate) * 16 + width * 4 + (bitsOf(form) & 3)];
}
Handler stepFromBranch(Predicate predicate, Width width, BranchForm form) {
  return kStepFromTable[static_cast<unsigned>(predicate) * 32 + width * 8 + bitsOf(form)];
}

void listFusedOps(const OpVisitor& visit) {
  auto name = [](IntOp op) { return std::string(kIntOpNames[static_cast<unsigned>(op)]); };
  constexpr std::string_view floatNames[] = {"fadd", "fsub", "fmul", "fdiv"};
  for (Width width : {2u, 3u}) {
    std::string tail = dotWidth(width);
    for (bool indexed : {false, true})
      for (IntOp op : kLoading)
        visit(intLoading(op, width, indexed), name(op) + tail + (indexed ? ".load.idx" : ".load"), "d,a,b,c");
    for (IntOp first : kFirst) {
      for (IntOp second : kSecondConstant)
        visit(intChainConstant(first, second, width), name(first) + '.' + name(second) + tail + ".rkk", "d,a,k,k");
      for (IntOp second : kSecond)
        for (bool swapped : {false, true})
          visit(intChain(first, second, width, swapped),
                name(first) + '.' + name(second) + tail + (swapped ? ".rkr.swapped" : ".rkr"), "d,a,b,k");
    }
  }
  for (FloatType type : {FloatType::Float, FloatType::Double})
    for (bool indexed : {false, true})
      for (unsigned i = 0; i < std::size(kFloatLoading); ++i)
        visit(floatLoading(kFloatLoading[i], type, indexed),
              std::string(floatNames[i]) + (type == FloatType::Float ? ".f32" : ".f64") + (indexed ? ".load.idx" : ".load"),
              "d,a,b,c");
  visit(multiplyAddTimes<float>, "fmuladd.fmul.f32", "d,a,b,c,k");
  visit(multiplyAddTimes<double>, "fmuladd.fmul.f64", "d,a,b,c,k");
  for (unsigned bits = 0; bits < 8; ++bits) {
    BranchForm form{(bits & 4) != 0, (bits & 2) != 0, (bits & 1) != 0};
    std::string tail = std::string(form.loop ? ".loop" : "") + (form.count ? ".count" : "");
    std::string words = std::string(form.loop ? ",budget,header" : "") + (form.count ? ",count,count" : "");
    for (Width width = 0; width < kWidthCount; ++width)
      for (unsigned p = 0; p < kPredicates; ++p) {
        std::string what = std::string(kPredicateNames[p]) + dotWidth(width);
        if (form.constant)
          visit(branchLoading(static_cast<Predicate>(p), width, form), "br.load." + what + tail, "x,y,jump,k" + words);
        visit(stepFromBranch(static_cast<Predicate>(p), width, form),
              "step.from.br." + what + (form.constant ? ".rk" : "") + tail,
              (form.constant ? "x,jump,k,k" : "x,y,jump,k") + words);
      }
  }
}

} // namespace kiln::interp

// Branches, switches and returns.
#include "interp/ops/Branch.h"

namespace kiln::interp {
namespace {

/// Bits of LLVM's fcmp predicate: 1 equal, 2 greater, 4 less, 8 unordered.
template <unsigned P, typename T> bool holdsFloat(T a, T b) {
  if constexpr (P == 0) return false;
  if constexpr (P == 15) return true;
  if constexpr (P == 1) return a == b;
  if constexpr (P == 2) return a > b;
  if constexpr (P == 3) return a >= b;
  if constexpr (P == 4) return a < b;
  if constexpr (P == 5) return a <= b;
  if constexpr (P == 6) return a < b || a > b;
  if constexpr (P == 7) return !__builtin_isunordered(a, b);
  if constexpr (P == 8) return __builtin_isunordered(a, b);
  if constexpr (P == 9) return !(a < b || a > b);
  if constexpr (P == 10) return !(a <= b);
  if constexpr (P == 11) return !(a < b);
  if constexpr (P == 12) return !(a >= b);
  if constexpr (P == 13) return !(a > b);
  return a != b;
}


template <Predicate P, unsigned W, bool K, bool Loop, bool Count> KILN_HANDLER Word branch(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  using Layout = At<K, Loop, Count>;
  U a = get<U>(frame, ip->x), b;
  if constexpr (K)
    b = constant<U>(ip);
  else
    b = get<U>(frame, ip->y);
  KILN_BRANCH((holds<P, W>(a, b)), Layout, Loop, Count);
}

template <bool Zero, unsigned W, bool Loop, bool Count> KILN_HANDLER Word branchOnBits(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  using Layout = At<true, Loop, Count>;
  bool none = (get<U>(frame, ip->x) & constant<U>(ip)) == 0;
  KILN_BRANCH(none == Zero, Layout, Loop, Count);
}

template <unsigned P, typename T, bool K, bool Loop, bool Count> KILN_HANDLER Word branchOnFloat(Op* ip, Word* frame) {
  using Layout = At<K, Loop, Count>;
  T a = get<T>(frame, ip->x), b;
  if constexpr (K)
    b = constant<T>(ip);
  else
    b = get<T>(frame, ip->y);
  KILN_BRANCH((holdsFloat<P, T>(a, b)), Layout, Loop, Count);
}

template <bool WhenSet, bool Loop, bool Count> KILN_HANDLER Word branchOnBit(Op* ip, Word* frame) {
  using Layout = At<false, Loop, Count>;
  bool set = get<std::uint8_t>(frame, ip->x) & 1;
  KILN_BRANCH(set == WhenSet, Layout, Loop, Count);
}

/// The step is k[0], so a compared constant is k[1].
template <Predicate P, unsigned W, bool K, bool Loop, bool Count> KILN_HANDLER Word step(Op* ip, Word* frame) {
  using U = typename Types<W>::U;
  using Layout = StepAt<K, Loop, Count>;
  U a = static_cast<U>(get<U>(frame, ip->x) + constant<U>(ip)), b;
  put<U>(frame, ip->x, a);
  if constexpr (K)
    b = constant<U>(ip, 1);
  else
    b = get<U>(frame, ip->y);
  KILN_BRANCH((holds<P, W>(a, b)), Layout, Loop, Count);
}

template <bool Loop, bool Count> KILN_HANDLER Word go(Op* ip, Word* frame) {
  if constexpr (Loop) {
    if constexpr (Count)
      bump(reinterpret_cast<LoopHeader*>(ip->k[1])->jumps);
    if (loopBudgetSpent(ip->k[0])) [[unlikely]]
      [[clang::musttail]] return backEdge<0>(ip, frame);
  }
  KILN_JUMP(ip->offset);
}

template <bool Loop, bool Count> KILN_HANDLER Word moveAndGo(Op* ip, Word* frame) {
  frame[ip->x] = frame[ip->y];
  [[clang::musttail]] return go<Loop, Count>(ip, frame);
}

template <bool Loop, bool Count> KILN_HANDLER Word moveTwiceAndGo(Op* ip, Word* frame) {
  frame[ip->d] = frame[ip->a];
  frame[ip->b] = frame[ip->c];
  if constexpr (Loop) {
    if constexpr (Count)
      bump(reinterpret_cast<LoopHeader*>(ip->k[2])->jumps);
    if (loopBudgetSpent(ip->k[1])) [[unlikely]]
      [[clang::musttail]] return backEdgeFar(ip, frame);
  }
  KILN_JUMP(static_cast<std::int64_t>(ip->k[0]));
}

/// The case's jump, which may be a back-edge: those have their budget counted by the op they lead to.
template <unsigned W> KILN_HANDLER Word chooseDense(Op* ip, Word* frame) {
  auto* table = reinterpret_cast<SwitchTable*>(ip->k[0]);
  std::uint64_t index = get<typename Types<W>::U>(frame, ip->a) - table->low;
  if constexpr (W != 3)
    index &= (std::uint64_t{1} << (8u << W)) - 1;
  SwitchTable::Case& chosen = index < table->dense ? table->cases[index] : table->otherwise;
  bump(chosen.count);
  KILN_JUMP(chosen.offset);
}

template <unsigned W> KILN_HANDLER Word chooseSparse(Op* ip, Word* frame) {
  auto* table = reinterpret_cast<SwitchTable*>(ip->k[0]);
  std::uint64_t value = get<typename Types<W>::U>(frame, ip->a);
  std::size_t low = 0, high = table->sorted;
  while (low < high) {
    std::size_t middle = (low + high) / 2;
    if (table->values[middle] < value)
      low = middle + 1;
    else
      high = middle;
  }
  bool found = low < table->sorted && table->values[low] == value;
  SwitchTable::Case& chosen = found ? table->cases[low] : table->otherwise;
  bump(chosen.count);
  KILN_JUMP(chosen.offset);
}

KILN_HANDLER Word leaveWithWord(Op* ip, Word* frame) { return frame[ip->a]; }
KILN_HANDLER Word leaveWithConstant(Op* ip, Word*) { return ip->k[0]; }
KILN_HANDLER Word leave(Op*, Word*) { return 0; }
KILN_HANDLER Word leaveWithWords(Op* ip, Word* frame) {
  memmove(frame, frame + ip->a, ip->c * sizeof(Word));
  return 0;
}
KILN_HANDLER Word trap(Op*, Word*) { __builtin_trap(); }

// Last index: constant, loop, count as bits 2, 1, 0.
constexpr std::size_t kPredicates = static_cast<std::size_t>(Predicate::Count);
constexpr auto kBranch = handlerTable<kPredicates * 32>(
    []<std::size_t i>() -> Handler {
      return branch<static_cast<Predicate>(i / 32), i / 8 % 4, (i & 4) != 0, (i & 2) != 0, (i & 1) != 0>;
    });
constexpr auto kStep = handlerTable<kPredicates * 32>(
    []<std::size_t i>() -> Handler {
      return step<static_cast<Predicate>(i / 32), i / 8 % 4, (i & 4) != 0, (i & 2) != 0, (i & 1) != 0>;
    });
constexpr auto kBits = handlerTable<32>(
    []<std::size_t i>() -> Handler { return branchOnBits<(i / 16) != 0, i / 4 % 4, (i & 2) != 0, (i & 1) != 0>; });
constexpr auto kFloat = handlerTable<16 * 16>(
    []<std::size_t i>() -> Handler {
      using T = std::conditional_t<(i / 8 % 2) != 0, double, float>;
      return branchOnFloat<i / 16, T, (i & 4) != 0, (i & 2) != 0, (i & 1) != 0>;
    });
constexpr auto kBit = handlerTable<8>(
    []<std::size_t i>() -> Handler { return branchOnBit<(i / 4) != 0, (i & 2) != 0, (i & 1) != 0>; });
constexpr Handler kDense[] = {chooseDense<0>, chooseDense<1>, chooseDense<2>, chooseDense<3>};
constexpr Handler kSparse[] = {chooseSparse<0>, chooseSparse<1>, chooseSparse<2>, chooseSparse<3>};

constexpr unsigned bitsOf(BranchForm form) { return form.constant * 4u + form.loop * 2u + form.count; }

} // namespace

Handler branchInt(Predicate predicate, Width width, BranchForm form) {
  return kBranch[static_cast<unsigned>(predicate) * 32 + width * 8 + bitsOf(form)];
}
Handler stepBranch(Predicate predicate, Width width, BranchForm form) {
  return kStep[static_cast<unsigned>(predicate) * 32 + width * 8 + bitsOf(form)];
}
Handler branchBits(bool zero, Width width, BranchForm form) {
  return kBits[zero * 16u + width * 4 + (bitsOf(form) & 3)];
}
Handler branchFloat(unsigned predicate, FloatType type, BranchForm form) {
  return kFloat[predicate * 16 + (type == FloatType::Double) * 8u + bitsOf(form)];
}
Handler branchBit(bool whenSet, BranchForm form) { return kBit[whenSet * 4u + (bitsOf(form) & 3)]; }
Handler jump(BranchForm form) {
  return !form.loop ? go<false, false> : form.count ? go<true, true> : go<true, false>;
}
Handler moveJump(BranchForm form) {
  return !form.loop ? moveAndGo<false, false> : form.count ? moveAndGo<true, true> : moveAndGo<true, false>;
}
Handler moveTwoJump(BranchForm form) {
  return !form.loop ? moveTwiceAndGo<false, false> : form.count ? moveTwiceAndGo<true, true> : moveTwiceAndGo<true, false>;
}
Handler switchDense(Width width) { return kDense[width]; }
Handler switchSparse(Width width) { return kSparse[width]; }
Handler returnWord() { return leaveWithWord; }
Handler returnConstant() { return leaveWithConstant; }
Handler returnVoid() { return leave; }
Handler returnWords() { return leaveWithWords; }
Handler unreachable() { return trap; }

namespace {

constexpr std::string_view kFloatNames[] = {"false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord",
                                            "uno", "ueq", "ugt", "uge", "ult", "ule", "une", "true"};

std::string suffix(BranchForm form) {
  return std::string(form.constant ? ".rk" : "") + (form.loop ? ".loop" : "") + (form.count ? ".count" : "");
}

/// "x,y,jump" and the variant's words; `head` are words in front of them.
std::string layout(std::string fields, BranchForm form, unsigned head = 0) {
  fields += ",jump";
  for (unsigned i = 0; i < head + form.constant; ++i)
    fields += ",k";
  if (form.loop)
    fields += ",budget,header";
  if (form.count)
    fields += ",count,count";
  return fields;
}

} // namespace

void listControlOps(const OpVisitor& visit) {
  for (unsigned bits = 0; bits < 8; ++bits) {
    BranchForm form{(bits & 4) != 0, (bits & 2) != 0, (bits & 1) != 0};
    std::string fields = form.constant ? "x" : "x,y";
    for (Width width = 0; width < kWidthCount; ++width)
      for (unsigned p = 0; p < kPredicates; ++p) {
        std::string tail = std::string(kPredicateNames[p]) + dotWidth(width) + suffix(form);
        visit(branchInt(static_cast<Predicate>(p), width, form), "br." + tail, layout(fields, form));
        visit(stepBranch(static_cast<Predicate>(p), width, form), "step.br." + tail, layout(fields, form, 1));
      }
    for (unsigned p = 0; p < 16; ++p)
      for (FloatType type : {FloatType::Float, FloatType::Double})
        visit(branchFloat(p, type, form),
              "br." + std::string(kFloatNames[p]) + (type == FloatType::Float ? ".f32" : ".f64") + suffix(form),
              layout(fields, form));
    if (form.constant) {
      for (Width width = 0; width < kWidthCount; ++width)
        for (bool zero : {false, true})
          visit(branchBits(zero, width, form),
                std::string(zero ? "br.none" : "br.any") + dotWidth(width) + suffix(form), layout("x", form));
    } else {
      visit(branchBit(true, form), "br.set" + suffix(form), layout("x", form));
      visit(branchBit(false, form), "br.clear" + suffix(form), layout("x", form));
    }
  }
  for (Width width = 0; width < kWidthCount; ++width) {
    visit(switchDense(width), "switch.dense" + dotWidth(width), "a,table");
    visit(switchSparse(width), "switch.sparse" + dotWidth(width), "a,table");
  }
  for (BranchForm form : {BranchForm{}, BranchForm{false, true, false}, BranchForm{false, true, true}}) {
    visit(jump(form), "jump" + suffix(form), form.loop ? "jump,budget,header" : "jump");
    visit(moveJump(form), "move.jump" + suffix(form), form.loop ? "x,y,jump,budget,header" : "x,y,jump");
    visit(moveTwoJump(form), "move.two.jump" + suffix(form), form.loop ? "d,a,b,c,far,budget,header" : "d,a,b,c,far");
  }
  visit(returnWord(), "ret", "a");
  visit(returnConstant(), "ret.k", "k");
  visit(returnVoid(), "ret.void", "");
  visit(returnWords(), "ret.words", "a,c");
  visit(unreachable(), "unreachable", "");
}

} // namespace kiln::interp

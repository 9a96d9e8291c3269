// Calls in all directions, and transfers into compiled code.
#include <alloca.h>

#include <algorithm>

#include "interp/Code.h"
#include "interp/Handlers.h"
#include "interp/ops/Types.h"

extern "C" {
// FunctionTable.cpp
void kiln_budget_spent(kiln::Counters* counters);
// Stack.S
KILN_HANDLER kiln::interp::Word kiln_interp_allocate(kiln::interp::Op*, kiln::interp::Word*);
KILN_HANDLER kiln::interp::Word kiln_interp_stack_save(kiln::interp::Op*, kiln::interp::Word*);
KILN_HANDLER kiln::interp::Word kiln_interp_stack_restore(kiln::interp::Op*, kiln::interp::Word*);
}

namespace kiln::interp {
namespace {

// Frames of callees are made by alloca in the caller's handler, which so has a frame pointer: it finds its own frame again
// whatever variable-size blocks the callee left on the stack.

inline const std::uint16_t* argumentsOf(const Op* ip) { return reinterpret_cast<const std::uint16_t*>(ip->k + 2); }

inline void countCall(FunctionEntry* entry) {
  if (spends(reinterpret_cast<std::int64_t*>(&entry->counters->calls))) [[unlikely]]
    kiln_budget_spent(entry->counters);
}

inline bool isInterpreted(const FunctionEntry* entry) {
  return entry->slot->load(std::memory_order_acquire) == entry->thunk;
}

inline unsigned callWords(unsigned arguments) { return CallForm{arguments, 0}.words(); }

/// Through the platform's convention.
[[gnu::noinline]] void callAddress(Op* ip, Word* frame, std::uintptr_t target) {
  const CallShape& shape = reinterpret_cast<CallSite*>(ip->k[1])->shape;
  auto* image = static_cast<Word*>(alloca((ip->b + 1u) * sizeof(Word)));
  const std::uint16_t* from = argumentsOf(ip);
  for (unsigned i = 0; i < ip->b; ++i)
    image[i] = frame[from[i]];
  callNative(shape, reinterpret_cast<const void*>(target), image, frame + ip->d);
}

KILN_HANDLER Word throughSlot(Op* ip, Word* frame) {
  auto target = reinterpret_cast<FunctionEntry*>(ip->k[0])->slot->load(std::memory_order_acquire);
  callAddress(ip, frame, target);
  KILN_NEXT(callWords(ip->b));
}

KILN_HANDLER Word toAddress(Op* ip, Word* frame) {
  callAddress(ip, frame, ip->k[0]);
  KILN_NEXT(callWords(ip->b));
}

/// N arguments, or any number if N is kAny; one result at most, or any number if Results. `callee` is the new frame.
constexpr unsigned kAny = 7;
template <unsigned N, bool Results>
[[gnu::always_inline]] inline void enter(Op* ip, Word* frame, FunctionEntry* entry, Word* callee) {
  const std::uint16_t* from = argumentsOf(ip);
  if constexpr (N == kAny) {
    for (unsigned i = 0; i < ip->b; ++i)
      callee[i] = frame[from[i]];
  } else {
    for (unsigned i = 0; i < N; ++i)
      callee[i] = frame[from[i]];
  }
  countCall(entry);
  Word result = entry->code->run(entry->code, callee);
  if constexpr (Results)
    memcpy(frame + ip->d, callee, ip->c * sizeof(Word));
  else
    frame[ip->d] = result;
}

template <unsigned N, bool Results> KILN_HANDLER Word direct(Op* ip, Word* frame) {
  auto* entry = reinterpret_cast<FunctionEntry*>(ip->k[0]);
  if (!isInterpreted(entry)) [[unlikely]]
    [[clang::musttail]] return throughSlot(ip, frame);
  enter<N, Results>(ip, frame, entry, static_cast<Word*>(alloca(entry->frameBytes)));
  KILN_NEXT(callWords(N == kAny ? ip->b : N));
}

KILN_HANDLER Word indirectSlow(Op* ip, Word* frame) {
  auto* site = reinterpret_cast<CallSite*>(ip->k[1]);
  std::uintptr_t target = frame[ip->a];
  if (FunctionEntry* entry = directTarget(*site, target))
    __atomic_store_n(&ip->k[0], reinterpret_cast<Word>(entry), __ATOMIC_RELAXED);
  callAddress(ip, frame, target);
  KILN_NEXT(callWords(ip->b));
}

template <unsigned N, bool Results, bool Count> KILN_HANDLER Word indirect(Op* ip, Word* frame) {
  std::uintptr_t target = frame[ip->a];
  if constexpr (Count)
    reinterpret_cast<CallSite*>(ip->k[1])->targets.record(target);
  auto* entry = reinterpret_cast<FunctionEntry*>(__atomic_load_n(&ip->k[0], __ATOMIC_RELAXED));
  if (entry->stub != target || !isInterpreted(entry)) [[unlikely]]
    [[clang::musttail]] return indirectSlow(ip, frame);
  enter<N, Results>(ip, frame, entry, static_cast<Word*>(alloca(entry->frameBytes)));
  KILN_NEXT(callWords(N == kAny ? ip->b : N));
}

/// Whole words in integer registers, and back.
template <unsigned N, std::size_t... I>
inline Word callIntegers(std::uintptr_t target, const Word* frame, const std::uint16_t* from, std::index_sequence<I...>) {
  return reinterpret_cast<Word (*)(decltype((void)I, Word())...)>(target)(frame[from[I]]...);
}

template <unsigned N> KILN_HANDLER Word toIntegers(Op* ip, Word* frame) {
  const CallShape& shape = reinterpret_cast<CallSite*>(ip->k[1])->shape;
  Word result = callIntegers<N>(ip->k[0], frame, argumentsOf(ip), std::make_index_sequence<N>());
  frame[ip->d] = result & shape.resultMask;
  KILN_NEXT(callWords(N));
}

template <unsigned N> KILN_HANDLER Word toDoubles(Op* ip, Word* frame) {
  const std::uint16_t* from = argumentsOf(ip);
  double result;
  if constexpr (N == 1)
    result = reinterpret_cast<double (*)(double)>(ip->k[0])(get<double>(frame, from[0]));
  else
    result = reinterpret_cast<double (*)(double, double)>(ip->k[0])(get<double>(frame, from[0]), get<double>(frame, from[1]));
  put<double>(frame, ip->d, result);
  KILN_NEXT(5);
}

struct Protected {
  Op* ip;
  Word* frame;
};

/// A plain function, so that its callers find their registers again when an exception passes.
void perform(void* argument) {
  auto* call = static_cast<Protected*>(argument);
  call->ip->run(call->ip, call->frame);
}

KILN_HANDLER Word protectedCall(Op* ip, Word* frame) {
  Protected call{reinterpret_cast<Op*>(ip->k + 2), frame};
  const auto& stub = *reinterpret_cast<const SharedStub*>(ip->k[0]);
  LandingResult landed = stub.stub(&call, perform);
  if (!landed.exception)
    KILN_JUMP(static_cast<std::int64_t>(ip->k[1]));
  frame[ip->x] = reinterpret_cast<Word>(landed.exception);
  frame[ip->x + 1] = static_cast<std::uint32_t>(stub.selectorOf(landed));
  KILN_JUMP(ip->offset);
}

KILN_HANDLER Word endProtected(Op*, Word*) { return 0; }

KILN_HANDLER Word resumeUnwinding(Op* ip, Word* frame) {
  reinterpret_cast<void (*)(void*)>(ip->k[0])(reinterpret_cast<void*>(frame[ip->a]));
  __builtin_trap();
}

KILN_HANDLER Word startVariadicList(Op* ip, Word* frame) {
  auto* entry = reinterpret_cast<FunctionEntry*>(ip->k[0]);
  auto* registers = reinterpret_cast<RegisterFile*>(frame[entry->variadicWord]);
  auto* stack = reinterpret_cast<std::byte*>(frame[entry->variadicWord + 1]);
  VaList list = startVariadic(*entry->shape, *registers, stack);
  memcpy(reinterpret_cast<void*>(frame[ip->a]), &list, sizeof(list));
  KILN_NEXT(3);
}

KILN_HANDLER Word recordOneSize(Op* ip, Word* frame) {
  reinterpret_cast<ValueCounts*>(ip->k[0])->record(frame[ip->a]);
  KILN_NEXT(3);
}

KILN_HANDLER Word skipArguments(Op* ip, Word* frame) { KILN_NEXT(3); }

/// Looks at the arguments that have not varied yet; when all have, the op turns into one that does nothing.
KILN_HANDLER Word recordArguments(Op* ip, Word* frame) {
  auto* values = reinterpret_cast<ArgumentValues*>(ip->k[0]);
  bool any = false;
  for (ArgumentValues::Argument& argument : values->arguments) {
    if (argument.varied)
      continue;
    Word now = frame[argument.word] & argument.mask;
    if (argument.calls == 0)
      argument.value = now;
    if (argument.value == now) {
      bump(argument.calls);
      any = true;
    } else {
      argument.varied = true;
    }
  }
  if (!any)
    __atomic_store_n(reinterpret_cast<Word*>(&ip->run), reinterpret_cast<Word>(&skipArguments), __ATOMIC_RELAXED);
  KILN_NEXT(3);
}

constexpr auto kDirect = handlerTable<16>([]<std::size_t i>() -> Handler { return direct<i / 2, (i & 1) != 0>; });
constexpr auto kIndirect =
    handlerTable<32>([]<std::size_t i>() -> Handler { return indirect<i / 4, (i & 2) != 0, (i & 1) != 0>; });
constexpr auto kIntegers = handlerTable<7>([]<std::size_t i>() -> Handler { return toIntegers<i>; });

} // namespace

namespace {

/// The rest of the activation, in compiled code. Results of several words are then where a return op would have put them.
[[gnu::noinline]] Word goOnIn(const void* continuation, const LoopHeader& header, Word* frame) {
  auto* state = static_cast<Word*>(alloca((stateWords(header) + 1) * sizeof(Word)));
  captureState(header, frame, state);
  Word argument = reinterpret_cast<Word>(state);
  callNative(continuationShape(header), continuation, &argument, frame);
  return frame[0];
}

} // namespace

template <unsigned At> KILN_HANDLER Word backEdge(Op* ip, Word* frame) {
  LoopHeader& header = *reinterpret_cast<LoopHeader*>(ip->k[At + 1]);
  if (const void* continuation = atBackEdge(header))
    return goOnIn(continuation, header, frame);
  KILN_JUMP(ip->offset);
}

KILN_HANDLER Word backEdgeFar(Op* ip, Word* frame) {
  LoopHeader& header = *reinterpret_cast<LoopHeader*>(ip->k[2]);
  if (const void* continuation = atBackEdge(header))
    return goOnIn(continuation, header, frame);
  KILN_JUMP(static_cast<std::int64_t>(ip->k[0]));
}
template KILN_HANDLER Word backEdge<0>(Op*, Word*);
template KILN_HANDLER Word backEdge<1>(Op*, Word*);
template KILN_HANDLER Word backEdge<2>(Op*, Word*);

void enterFromNative(NativeEntry* native, RegisterFile* registers, std::byte* stack) {
  auto* entry = static_cast<FunctionEntry*>(native);
  auto* frame = static_cast<Word*>(alloca(entry->frameBytes));
  const CallShape& shape = *entry->shape;
  readArguments(shape, *registers, stack, frame);
  if (shape.variadic) {
    frame[entry->variadicWord] = reinterpret_cast<Word>(registers);
    frame[entry->variadicWord + 1] = reinterpret_cast<Word>(stack);
  }
  countCall(entry);
  Word result = entry->code->run(entry->code, frame);
  if (shape.resultWords == 1)
    frame[0] = result;
  writeResults(shape, frame, *registers);
}

Handler callDirect(CallForm form) { return kDirect[std::min(form.arguments, kAny) * 2 + (form.results > 1)]; }
Handler callSlot() { return throughSlot; }
Handler callExternal(const CallShape& shape, CallForm form) {
  if (shape.fast == FastCall::Integers && !shape.variadic && form.arguments <= 6)
    return kIntegers[form.arguments];
  if (shape.fast == FastCall::Doubles && !shape.variadic && form.results == 1 && form.arguments >= 1 && form.arguments <= 2)
    return form.arguments == 1 ? toDoubles<1> : toDoubles<2>;
  return toAddress;
}
Handler callIndirect(CallForm form, bool count) {
  return kIndirect[std::min(form.arguments, kAny) * 4 + (form.results > 1) * 2u + count];
}
Handler invoke() { return protectedCall; }
Handler invokeEnd() { return endProtected; }
Handler resume() { return resumeUnwinding; }
Handler variadicStart() { return startVariadicList; }
Handler recordSize() { return recordOneSize; }
Handler profileArguments() { return recordArguments; }
Handler allocate() { return kiln_interp_allocate; }
Handler stackSave() { return kiln_interp_stack_save; }
Handler stackRestore() { return kiln_interp_stack_restore; }

FunctionEntry* noEntry() {
  static FunctionEntry none;
  return &none;
}

void listCallOps(const OpVisitor& visit) {
  for (unsigned n = 0; n <= kAny; ++n)
    for (bool results : {false, true}) {
      CallForm form{n, results ? 2u : 1u};
      std::string count = n == kAny ? ".n" : '.' + std::to_string(n);
      std::string tail = results ? ".words" : "";
      visit(callDirect(form), "call" + count + tail, "call");
      visit(callIndirect(form, false), "call.indirect" + count + tail, "call");
      visit(callIndirect(form, true), "call.indirect" + count + tail + ".count", "call");
    }
  for (unsigned n = 0; n < kIntegers.size(); ++n)
    visit(kIntegers[n], "call.native.int." + std::to_string(n), "call");
  visit(toDoubles<1>, "call.native.f64.1", "call");
  visit(toDoubles<2>, "call.native.f64.2", "call");
  visit(throughSlot, "call.slot", "call");
  visit(toAddress, "call.native", "call");
  visit(protectedCall, "invoke", "x,jump,k,k");
  visit(endProtected, "invoke.end", "");
  visit(resumeUnwinding, "resume", "a,k");
  visit(startVariadicList, "va.start", "a,k");
  visit(recordOneSize, "profile.size", "a,k");
  visit(recordArguments, "profile.arguments", "k");
  visit(skipArguments, "profile.done", "k");
}

bool standsInForCalls(std::uintptr_t handler) {
  return handler == reinterpret_cast<std::uintptr_t>(&throughSlot) || handler == reinterpret_cast<std::uintptr_t>(&indirectSlow);
}

} // namespace kiln::interp

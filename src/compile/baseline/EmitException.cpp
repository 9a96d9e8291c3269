// Invokes, landing pads, resume.
//
// An invoke is a call whose code has an entry in the table of call sites. The personality enters the frame again where the
// landing is: behind all blocks, with callee-saved registers and RSP as they were at the call, the exception in RAX and the
// selector in EDX. What was saved around the call is brought back there, and the block of the landing pad goes on as after any
// other edge.
//
// Source: Itanium C++ ABI, Exception Handling, 1.6 and 2.4.
#include <llvm/IR/Constants.h>

#include "compile/baseline/Emitter.h"

namespace kiln::baseline {

void Emitter::emitInvoke(const llvm::InvokeInst& invoke) {
  if (!invoke.getUnwindDest()->getLandingPadInst())
    refuse("invoke without a landing pad of the Itanium kind");
  if (!function_.hasPersonalityFn())
    refuse("invoke without a personality");
  const llvm::Function* callee = invoke.getCalledFunction();
  if (invoke.isInlineAsm()) {
    emitAsm(invoke);
  } else if (callee && callee->isIntrinsic()) {
    if (callee->getIntrinsicID() != llvm::Intrinsic::donothing)
      refuse("invoke of " + llvm::Intrinsic::getBaseName(callee->getIntrinsicID()).str());
  } else {
    invoke_ = &invoke;
    emitPlainCall(invoke);
    invoke_ = nullptr;
  }
  emitEdge(invoke.getParent(), invoke.getNormalDest(), true);
}

/// The landing of the call at hand. Calls that land in one block with the same things to bring back share it.
std::uint32_t Emitter::landing(const llvm::InvokeInst& invoke) {
  const llvm::BasicBlock* to = invoke.getUnwindDest();
  auto [pad, fresh] = pads_.try_emplace(to);
  if (fresh)
    pad->second.site = siteOf(*to->getLandingPadInst());
  if (std::uint32_t last = pad->second.last; last != kNone && !llvm::isa<llvm::PHINode>(to->front())) {
    const Landing& known = landings_[last];
    if (llvm::ArrayRef(known.saved) == llvm::ArrayRef(saved_) && known.stack == callStack_ &&
        plan_.isBackEdge(known.invoke->getParent(), to) == plan_.isBackEdge(invoke.getParent(), to))
      return last;
  }
  pad->second.last = static_cast<std::uint32_t>(landings_.size());
  landings_.push_back({&invoke, {saved_.begin(), saved_.end()}, callStack_});
  return pad->second.last;
}

std::uint32_t Emitter::siteOf(const llvm::LandingPadInst& pad) {
  InvokeSite site;
  site.cleanup = pad.isCleanup();
  for (unsigned i = 0; i < pad.getNumClauses(); ++i) {
    const llvm::Constant* types = pad.getClause(i);
    LandingClause& clause = site.clauses.emplace_back();
    if (pad.isCatch(i)) {
      clause.types.push_back(typeIndex(types));
      continue;
    }
    clause.kind = LandingClause::Kind::Filter;
    for (unsigned j = 0; j < types->getType()->getArrayNumElements(); ++j)
      clause.types.push_back(typeIndex(types->getAggregateElement(j)));
  }
  out_->landings.push_back(std::move(site));
  return static_cast<std::uint32_t>(out_->landings.size() - 1);
}

/// The function's number of a type: 1 less than its selector.
std::uint32_t Emitter::typeIndex(const llvm::Constant* type) {
  auto [known, fresh] = typeIndices_.try_emplace(addressOf(type), static_cast<std::uint32_t>(out_->types.size()));
  if (fresh)
    out_->types.push_back(known->first);
  return known->second;
}

std::uintptr_t Emitter::addressOf(const llvm::Constant* constant) {
  auto bits = environment_.evaluate(constant, data_);
  if (!bits)
    refuse(bits.error().message);
  return bits->getZExtValue();
}

void Emitter::emitLandings() {
  if (landings_.empty())
    return;
  out_->personality = addressOf(function_.getPersonalityFn());
  std::vector<std::uint32_t> offsets;
  for (const Landing& landing : landings_) {
    offsets.push_back(a_.here());
    emitLanding(landing);
  }
  for (CallRange& call : out_->calls)
    call.landing = offsets[call.landing];
}

void Emitter::emitLanding(const Landing& landing) {
  constexpr Register kRdx = 2;
  Gp selector = x86::rdx;
  for (std::uint32_t part : landing.saved)
    if (plan_.placeAt(part).reg == kRdx)
      move(selector = x86::r11, x86::rdx);
  if (landing.stack)
    a_.add(x86::rsp, landing.stack);
  restore(landing.saved);
  const llvm::BasicBlock* to = landing.invoke->getUnwindDest();
  std::uint32_t number = plan_.numberOf(to->getLandingPadInst());
  // RDX may be the place of the exception.
  if (isUsed(number, 1))
    wrote(number, 1, selector);
  if (isUsed(number, 0))
    wrote(number, 0, x86::rax);
  emitEdge(landing.invoke->getParent(), to, false);
}

void Emitter::emitResume(const llvm::ResumeInst& resume) {
  std::uintptr_t address = environment_.libraryFunction("_Unwind_Resume");
  if (!address)
    refuse("needs the library function _Unwind_Resume");
  readInto(x86::rdi, resume.getValue(), 0);
  callAddress(address);
}

bool Emitter::emitExceptionIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (intrinsic.getIntrinsicID() != llvm::Intrinsic::eh_typeid_for)
    return false;
  Gp result = target(currentNumber_);
  a_.mov(sized(result, 32), typeIndex(llvm::cast<llvm::Constant>(intrinsic.getArgOperand(0))) + 1);
  wrote(currentNumber_, 0, result);
  return true;
}

} // namespace kiln::baseline

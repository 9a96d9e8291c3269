#include "compile/baseline/emit/Exceptions.h"

#include <llvm/IR/Constants.h>

#include <algorithm>

#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/Control.h"
#include "flow/Landings.h"

namespace kiln::baseline {

void Exceptions::emitInvoke(const llvm::InvokeInst& invoke) {
  if (!invoke.getUnwindDest()->getLandingPadInst())
    refuse("invoke without a landing pad of the Itanium kind");
  if (!e_.function.hasPersonalityFn())
    refuse("invoke without a personality");
  const llvm::Function* callee = invoke.getCalledFunction();
  if (callee && callee->isIntrinsic()) {
    if (callee->getIntrinsicID() != llvm::Intrinsic::donothing)
      refuse("invoke of " + llvm::Intrinsic::getBaseName(callee->getIntrinsicID()).str());
  } else {
    invoke_ = &invoke;
    families_.calls.emit(invoke);
    invoke_ = nullptr;
  }
  families_.control.emitEdge(invoke.getParent(), invoke.getNormalDest(), true);
}

void Exceptions::noteCall(std::uint32_t begin, llvm::ArrayRef<std::uint32_t> saved, std::uint32_t stack) {
  const llvm::BasicBlock* to = invoke_->getUnwindDest();
  auto [pad, fresh] = pads_.try_emplace(to);
  if (fresh) {
    pad->second.site = static_cast<std::uint32_t>(e_.out->landings.size());
    e_.out->landings.push_back(flow::siteOf(
        *to->getLandingPadInst(), [&](const llvm::Constant* type) { return indexOfType(type); }));
  }
  // The landing's offset is put in when it has one.
  e_.out->calls.push_back({begin, a_.here(), landing(pad->second, saved, stack), pad->second.site});
}

/// The landing of the call at hand. Calls that land in one block with the same things to bring back share it.
std::uint32_t Exceptions::landing(Pad& pad, llvm::ArrayRef<std::uint32_t> saved, std::uint32_t stack) {
  const llvm::BasicBlock *from = invoke_->getParent(), *to = invoke_->getUnwindDest();
  if (pad.last != kNone && !llvm::isa<llvm::PHINode>(to->front())) {
    const Landing& known = landings_[pad.last];
    if (llvm::ArrayRef(known.saved) == saved && known.stack == stack &&
        plan_.isBackEdge(known.invoke->getParent(), to) == plan_.isBackEdge(from, to))
      return pad.last;
  }
  pad.last = static_cast<std::uint32_t>(landings_.size());
  landings_.push_back({invoke_, {saved.begin(), saved.end()}, stack});
  return pad.last;
}

Reference Exceptions::referenceTo(const llvm::Constant* constant) {
  if (std::optional<SymbolAddress> symbol = symbolIn(constant))
    switch (symbol->ref.kind) {
    case SymbolRef::Kind::Function: return {Target::Stub, symbol->ref.id, symbol->addend};
    case SymbolRef::Kind::Data: return {Target::Data, symbol->ref.id, symbol->addend};
    case SymbolRef::Kind::External: return {Target::External, symbol->ref.id, symbol->addend};
    case SymbolRef::Kind::Null: return {Target::Null, 0, symbol->addend};
    default: break;
    }
  auto bits = e_.environment.evaluate(constant, e_.data);
  if (!bits)
    refuse(bits.error().message);
  e_.out->bound |= e_.environment.hasAddress(constant, *bits, e_.data);
  return {Target::Null, 0, static_cast<std::int64_t>(bits->getZExtValue())};
}

/// A type's selector is 1 more than its index.
std::uint32_t Exceptions::indexOfType(const llvm::Constant* type) {
  std::vector<Reference>& types = e_.out->types;
  const Reference reference = referenceTo(type);
  const auto known = std::find(types.begin(), types.end(), reference);
  const auto index = static_cast<std::uint32_t>(known - types.begin());
  if (known == types.end())
    types.push_back(reference);
  return index;
}

void Exceptions::emitLandings() {
  if (landings_.empty())
    return;
  e_.out->personality = referenceTo(e_.function.getPersonalityFn());
  std::vector<std::uint32_t> offsets;
  for (const Landing& landing : landings_) {
    offsets.push_back(a_.here());
    emitLanding(landing);
  }
  for (CallRange& call : e_.out->calls)
    call.landing = offsets[call.landing];
}

void Exceptions::emitLanding(const Landing& landing) {
  Gp selector = x86::rdx;
  for (std::uint32_t part : landing.saved)
    if (plan_.placeAt(part).reg == kRdx)
      move(selector = x86::r11, x86::rdx);
  if (landing.stack)
    a_.add(x86::rsp, landing.stack);
  families_.calls.restore(landing.saved);
  const llvm::BasicBlock* to = landing.invoke->getUnwindDest();
  std::uint32_t number = plan_.numberOf(to->getLandingPadInst());
  // RDX may be the place of the exception.
  if (isUsed(number, 1))
    wrote(number, 1, selector);
  if (isUsed(number, 0))
    wrote(number, 0, x86::rax);
  families_.control.emitEdge(landing.invoke->getParent(), to, false);
}

void Exceptions::emitResume(const llvm::ResumeInst& resume) {
  std::uintptr_t address = e_.environment.libraryFunction("_Unwind_Resume");
  if (!address)
    refuse("needs the library function _Unwind_Resume");
  readInto(x86::rdi, resume.getValue(), 0);
  families_.calls.callAddress({RuntimeAddress::Kind::Library, address, 0, "_Unwind_Resume"});
}

bool Exceptions::emitIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (intrinsic.getIntrinsicID() != llvm::Intrinsic::eh_typeid_for)
    return false;
  Gp result = target(self());
  a_.mov(sized(result, 32), indexOfType(llvm::cast<llvm::Constant>(intrinsic.getArgOperand(0))) + 1);
  wrote(self(), 0, result);
  return true;
}

} // namespace kiln::baseline

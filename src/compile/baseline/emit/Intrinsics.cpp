#include "compile/baseline/emit/Intrinsics.h"

#include <llvm/Analysis/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicsX86.h>

#include "abi/NativeCall.h"
#include "compile/baseline/emit/Blocks.h"
#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/Exceptions.h"
#include "compile/baseline/emit/Floats.h"
#include "compile/baseline/emit/Integers.h"
#include "compile/baseline/emit/Signature.h"
#include "compile/baseline/emit/Vectors.h"
#include "compile/baseline/emit/WideIntegers.h"
#include "compile/baseline/emit/X87.h"
#include "program/ThreadLocals.h"
#include "transition/FrameState.h"

namespace kiln::baseline {

void Intrinsics::emit(const llvm::IntrinsicInst& intrinsic) {
  if (isNothing(intrinsic))
    return;
  const Families& to = families_;
  if (to.blocks.emitIntrinsic(intrinsic) || to.vectors.emitIntrinsic(intrinsic) || to.wide.emitIntrinsic(intrinsic) ||
      to.integers.emitIntrinsic(intrinsic) || emitOfFrame(intrinsic) || emitKnown(intrinsic) ||
      emitMachine(intrinsic) || to.floats.emitIntrinsic(intrinsic) || to.x87.emitIntrinsic(intrinsic) ||
      to.exceptions.emitIntrinsic(intrinsic))
    return;
  refuse("intrinsic " + llvm::Intrinsic::getBaseName(intrinsic.getIntrinsicID()).str());
}

void Intrinsics::giveConstant(std::uint64_t value) {
  if (!isUsed(self()))
    return;
  Gp to = target(self());
  loadConstant(to, value);
  wrote(self(), 0, to);
}

/// Questions to the optimiser that have an answer without one, the same as LLVM's code generation gives without
/// optimisation.
bool Intrinsics::emitKnown(const llvm::IntrinsicInst& intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::is_constant: {
    const auto* constant = llvm::dyn_cast<llvm::Constant>(intrinsic.getArgOperand(0));
    giveConstant(constant && constant->isManifestConstant());
    return true;
  }
  case llvm::Intrinsic::objectsize: {
    // Not known: the answer for the largest, or the smallest.
    const bool smallest = llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(1))->isOne();
    giveConstant(smallest ? 0 : ~std::uint64_t{0} >> (64 - bitsOf(intrinsic.getType())));
    return true;
  }
  case llvm::Intrinsic::allow_runtime_check:
  case llvm::Intrinsic::allow_ubsan_check:
    giveConstant(1);
    return true;
  case llvm::Intrinsic::get_dynamic_area_offset:
    giveConstant(0);
    return true;
  default:
    return false;
  }
}

// The frame -----------------------------------------------------------------------------------------------------------

bool Intrinsics::emitOfFrame(const llvm::IntrinsicInst& intrinsic) {
  if (e_.options.loop != kNone && seesFrame(intrinsic)) {
    // The frame and the arguments are those of the activation that was left; what lies in front of the loop never runs.
    if (llvm::isPotentiallyReachable(&FunctionNumbers(e_.function).block(e_.options.loop), intrinsic.getParent()))
      refuse("looks at its frame behind an entry at a loop");
    a_.ud2();
    return true;
  }
  auto give = [&](auto&& make) {
    Gp to = target(self());
    make(to);
    wrote(self(), 0, to);
  };
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::stacksave:
    give([&](Gp to) { a_.mov(to, x86::rsp); });
    return true;
  case llvm::Intrinsic::stackrestore:
    emitStackRestore(intrinsic);
    return true;
  case llvm::Intrinsic::frameaddress:
    if (!llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(0))->isZero())
      refuse("frame address of a caller");
    give([&](Gp to) { a_.mov(to, x86::rbp); });
    return true;
  case llvm::Intrinsic::returnaddress:
    if (!llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(0))->isZero())
      refuse("return address of a caller");
    give([&](Gp to) { a_.mov(to, frame(8)); });
    return true;
  case llvm::Intrinsic::addressofreturnaddress:
    give([&](Gp to) { a_.lea(to, frame(8)); });
    return true;
  case llvm::Intrinsic::vastart:
    families_.signature.emitVariadicStart(intrinsic);
    return true;
  case llvm::Intrinsic::vacopy: {
    Mem to = blockAt(intrinsic.getArgOperand(0), x86::r10), from = blockAt(intrinsic.getArgOperand(1), x86::r11);
    families_.blocks.copyPieces(to, from, sizeof(VaList), false);
    return true;
  }
  default:
    return false;
  }
}

/// Code that was entered at a loop may find the stack pointer of the frame that it continues, above its own: nothing of
/// this frame is to be released then.
void Intrinsics::emitStackRestore(const llvm::IntrinsicInst& intrinsic) {
  Gp saved = read(intrinsic.getArgOperand(0));
  Label done = a_.newLabel();
  if (e_.options.loop != kNone) {
    a_.cmp(saved, x86::rbp);
    a_.ja(done);
  }
  a_.mov(x86::rsp, saved);
  a_.bind(done);
}

// Threads and the machine ---------------------------------------------------------------------------------------------

bool Intrinsics::emitMachine(const llvm::IntrinsicInst& intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::threadlocal_address:
    emitThreadLocal(intrinsic);
    return true;
  case llvm::Intrinsic::thread_pointer: {
    Gp to = target(self());
    Mem pointer = x86::ptr_abs(0, 8);
    pointer.setSegment(x86::fs);
    a_.mov(to, pointer);
    wrote(self(), 0, to);
    return true;
  }
  case llvm::Intrinsic::trap:
  case llvm::Intrinsic::ubsantrap:
    a_.ud2();
    return true;
  case llvm::Intrinsic::debugtrap:
    a_.int3();
    return true;
  case llvm::Intrinsic::clear_cache:
    return true; // the processor sees what it wrote
  case llvm::Intrinsic::prefetch:
    emitPrefetch(intrinsic);
    return true;
  case llvm::Intrinsic::x86_sse2_pause:
    a_.pause();
    return true;
  case llvm::Intrinsic::x86_sse2_mfence:
    a_.mfence();
    return true;
  case llvm::Intrinsic::x86_sse2_lfence:
    a_.lfence();
    return true;
  case llvm::Intrinsic::x86_sse_sfence:
    a_.sfence();
    return true;
  case llvm::Intrinsic::readcyclecounter:
  case llvm::Intrinsic::x86_rdtsc:
    emitCycleCounter();
    return true;
  case llvm::Intrinsic::load_relative: {
    // base + the 32-bit distance at base + offset
    signExtendInto(x86::r10, intrinsic.getArgOperand(1));
    Gp base = read(intrinsic.getArgOperand(0), 0, x86::r11), to = target(self());
    a_.movsxd(to, x86::dword_ptr(base, x86::r10));
    a_.add(to, base);
    wrote(self(), 0, to);
    return true;
  }
  default:
    return false;
  }
}

void Intrinsics::emitCycleCounter() {
  // RDX may be somebody's place.
  a_.mov(x86::r11, x86::rdx);
  a_.rdtsc();
  a_.shl(x86::rdx, 32);
  a_.or_(x86::rax, x86::rdx);
  a_.mov(x86::rdx, x86::r11);
  if (isUsed(self()))
    wrote(self(), 0, x86::rax);
}

/// The address of this thread's copy, from the program's own block or from the library that defines the variable.
void Intrinsics::emitThreadLocal(const llvm::IntrinsicInst& intrinsic) {
  const auto* variable = llvm::dyn_cast<llvm::GlobalValue>(intrinsic.getArgOperand(0)->stripPointerCasts());
  if (!variable)
    refuse("thread-local address of no variable");
  SymbolRef ref = e_.environment.symbolOf(variable);
  const bool own = ref.kind == SymbolRef::Kind::Tls;
  if (!own && ref.kind != SymbolRef::Kind::External)
    refuse("thread-local address of no variable");
  const void* argument = own ? e_.environment.threadLocals() : e_.environment.externalName(ref.id).c_str();
  const auto kind = own ? RuntimeAddress::Kind::ThreadLocals : RuntimeAddress::Kind::Name;
  families_.calls.saveAround();
  a_.mov(x86::rdi, runtimeAddress({kind, reinterpret_cast<std::uintptr_t>(argument), own ? 0 : ref.id}));
  families_.calls.callAddress(own ? RuntimeAddress::kiln(&ThreadLocals::baseOf)
                                  : RuntimeAddress::kiln(&ThreadLocals::external));
  if (own)
    addOffset(x86::rax, static_cast<std::int64_t>(e_.environment.tlsOffset(ref.id)) + ref.offset);
  if (isUsed(self()))
    wrote(self(), 0, x86::rax);
  families_.calls.restoreAround();
}

void Intrinsics::emitPrefetch(const llvm::IntrinsicInst& intrinsic) {
  auto argument = [&](unsigned index) {
    return llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(index))->getZExtValue();
  };
  if (argument(3) == 0)
    return; // of code
  const Mem at = ofSize(blockAt(intrinsic.getArgOperand(0), x86::r10), 0);
  switch (argument(2)) {
  case 0:
    a_.prefetchnta(at);
    break;
  case 1:
    a_.prefetcht2(at);
    break;
  case 2:
    a_.prefetcht1(at);
    break;
  default:
    a_.prefetcht0(at);
    break;
  }
}

} // namespace kiln::baseline

// Intrinsics: who takes which, and those about the frame, variable arguments, threads and the machine.
#include <llvm/Analysis/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicsX86.h>

#include "abi/NativeCall.h"
#include "compile/baseline/Emitter.h"
#include "program/ThreadLocals.h"
#include "transition/FrameState.h"

namespace kiln::baseline {

void Emitter::emitIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (isNothing(intrinsic))
    return;
  if (emitMemoryIntrinsic(intrinsic) || emitVectorIntrinsic(intrinsic) || emitWideIntrinsic(intrinsic) ||
      emitIntIntrinsic(intrinsic) || emitFrameIntrinsic(intrinsic) || emitKnownIntrinsic(intrinsic) ||
      emitMachineIntrinsic(intrinsic) || emitFloatIntrinsic(intrinsic) || emitX87Intrinsic(intrinsic) ||
      emitExceptionIntrinsic(intrinsic))
    return;
  refuse("intrinsic " + llvm::Intrinsic::getBaseName(intrinsic.getIntrinsicID()).str());
}

void Emitter::giveConstant(std::uint64_t value) {
  if (!isUsed(currentNumber_))
    return;
  Gp to = target(currentNumber_);
  loadConstant(to, value);
  wrote(currentNumber_, 0, to);
}

/// Questions to the optimiser that have an answer without one, the same as LLVM's code generation gives without
/// optimisation.
bool Emitter::emitKnownIntrinsic(const llvm::IntrinsicInst& intrinsic) {
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

bool Emitter::emitFrameIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  if (options_.loop != kNone && seesFrame(intrinsic)) {
    // The frame and the arguments are those of the activation that was left; what lies in front of the loop never runs.
    if (llvm::isPotentiallyReachable(&FunctionNumbers(function_).block(options_.loop), intrinsic.getParent()))
      refuse("looks at its frame behind an entry at a loop");
    a_.ud2();
    return true;
  }
  auto give = [&](auto&& make) {
    Gp to = target(currentNumber_);
    make(to);
    wrote(currentNumber_, 0, to);
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
    emitVariadicStart(intrinsic);
    return true;
  case llvm::Intrinsic::vacopy: {
    Mem to = blockAt(intrinsic.getArgOperand(0), x86::r10), from = blockAt(intrinsic.getArgOperand(1), x86::r11);
    copyPieces(to, from, sizeof(VaList), false);
    return true;
  }
  default:
    return false;
  }
}

/// Code that was entered at a loop may find the stack pointer of the frame that it continues, above its own: nothing of
/// this frame is to be released then.
void Emitter::emitStackRestore(const llvm::IntrinsicInst& intrinsic) {
  Gp saved = read(intrinsic.getArgOperand(0));
  Label done = a_.newLabel();
  if (options_.loop != kNone) {
    a_.cmp(saved, x86::rbp);
    a_.ja(done);
  }
  a_.mov(x86::rsp, saved);
  a_.bind(done);
}

/// The list begins behind the named arguments.
void Emitter::emitVariadicStart(const llvm::IntrinsicInst& intrinsic) {
  if (!shape_->variadic)
    refuse("va_start in a function that is not variadic");
  Mem list = blockAt(intrinsic.getArgOperand(0), x86::r10);
  auto field = [&](std::size_t offset, unsigned bytes) {
    Mem at = list;
    at.addOffset(static_cast<std::int64_t>(offset));
    at.setSize(bytes);
    return at;
  };
  a_.mov(field(offsetof(VaList, gprOffset), 4), 8 * shape_->gprUsed);
  a_.mov(field(offsetof(VaList, sseOffset), 4),
         static_cast<std::uint32_t>(offsetof(RegisterFile, sse)) + 16 * shape_->sseUsed);
  a_.lea(x86::rax, frame(16 + static_cast<std::int32_t>(shape_->stackBytes)));
  a_.mov(field(offsetof(VaList, overflowArea), 8), x86::rax);
  a_.lea(x86::rax, frame(variadicSlot_));
  a_.mov(field(offsetof(VaList, registerSaveArea), 8), x86::rax);
}

/// The next argument of a list, of a type that takes one register: from the save area while there are some, then from
/// the stack.
void Emitter::emitVariadicArgument(const llvm::VAArgInst& next) {
  llvm::Type* type = next.getType();
  const bool real = isOneXmm(type);
  if (!real && !(isOneGpr(type) && isExactWidth(type)))
    refuse("va_arg of an unusual type");
  const auto offset = static_cast<std::int32_t>(real ? offsetof(VaList, sseOffset) : offsetof(VaList, gprOffset));
  const auto end = static_cast<std::int32_t>(real ? offsetof(RegisterFile, nest) : offsetof(RegisterFile, sse));
  readInto(x86::r10, next.getPointerOperand());
  Mem used = x86::dword_ptr(x86::r10, offset), overflow = x86::qword_ptr(x86::r10, offsetof(VaList, overflowArea));
  Label onStack = a_.newLabel(), found = a_.newLabel();
  a_.mov(x86::r11d, used);
  a_.cmp(x86::r11d, end);
  a_.jae(onStack);
  a_.add(used, real ? 16 : 8);
  a_.add(x86::r11, x86::qword_ptr(x86::r10, offsetof(VaList, registerSaveArea)));
  a_.jmp(found);
  a_.bind(onStack);
  a_.mov(x86::r11, overflow);
  a_.add(overflow, 8);
  a_.bind(found);
  if (real) {
    Xmm to = targetXmm(currentNumber_);
    loadXmm(to, x86::ptr(x86::r11), type->isFloatTy() ? 4 : 8);
    return wrote(currentNumber_, 0, to);
  }
  Gp to = target(currentNumber_);
  loadInteger(to, x86::ptr(x86::r11), bitsOf(type));
  wrote(currentNumber_, 0, to);
}

// Threads and the machine ---------------------------------------------------------------------------------------------

bool Emitter::emitMachineIntrinsic(const llvm::IntrinsicInst& intrinsic) {
  switch (intrinsic.getIntrinsicID()) {
  case llvm::Intrinsic::threadlocal_address:
    emitThreadLocal(intrinsic);
    return true;
  case llvm::Intrinsic::thread_pointer: {
    Gp to = target(currentNumber_);
    Mem self = x86::ptr_abs(0, 8);
    self.setSegment(x86::fs);
    a_.mov(to, self);
    wrote(currentNumber_, 0, to);
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
    // RDX may be somebody's place.
    a_.mov(x86::r11, x86::rdx);
    a_.rdtsc();
    a_.shl(x86::rdx, 32);
    a_.or_(x86::rax, x86::rdx);
    a_.mov(x86::rdx, x86::r11);
    if (isUsed(currentNumber_))
      wrote(currentNumber_, 0, x86::rax);
    return true;
  case llvm::Intrinsic::load_relative: {
    // base + the 32-bit distance at base + offset
    signExtendInto(x86::r10, intrinsic.getArgOperand(1));
    Gp base = read(intrinsic.getArgOperand(0), 0, x86::r11), to = target(currentNumber_);
    a_.movsxd(to, x86::dword_ptr(base, x86::r10));
    a_.add(to, base);
    wrote(currentNumber_, 0, to);
    return true;
  }
  default:
    return false;
  }
}

/// The address of this thread's copy, from the program's own block or from the library that defines the variable.
void Emitter::emitThreadLocal(const llvm::IntrinsicInst& intrinsic) {
  const auto* variable = llvm::dyn_cast<llvm::GlobalValue>(intrinsic.getArgOperand(0)->stripPointerCasts());
  if (!variable)
    refuse("thread-local address of no variable");
  SymbolRef ref = environment_.symbolOf(variable);
  const bool own = ref.kind == SymbolRef::Kind::Tls;
  if (!own && ref.kind != SymbolRef::Kind::External)
    refuse("thread-local address of no variable");
  const void* argument = own ? environment_.threadLocals() : environment_.externalName(ref.id).c_str();
  saveAround();
  a_.mov(x86::rdi, addressConstant(Target::Runtime, runtimeIndex(reinterpret_cast<std::uintptr_t>(argument)), 0));
  callAddress(own ? reinterpret_cast<std::uintptr_t>(&ThreadLocals::baseOf)
                  : reinterpret_cast<std::uintptr_t>(&ThreadLocals::external));
  if (own)
    addOffset(x86::rax, static_cast<std::int64_t>(environment_.tlsOffset(ref.id)) + ref.offset);
  if (isUsed(currentNumber_))
    wrote(currentNumber_, 0, x86::rax);
  restoreAround();
}

void Emitter::emitPrefetch(const llvm::IntrinsicInst& intrinsic) {
  auto argument = [&](unsigned index) {
    return llvm::cast<llvm::ConstantInt>(intrinsic.getArgOperand(index))->getZExtValue();
  };
  if (argument(3) == 0)
    return; // of code
  Mem at = blockAt(intrinsic.getArgOperand(0), x86::r10);
  at.setSize(0);
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

#include "compile/baseline/emit/Calls.h"

#include "compile/baseline/emit/Counts.h"
#include "compile/baseline/emit/Exceptions.h"
#include "compile/baseline/emit/Intrinsics.h"
#include "compile/baseline/emit/Memory.h"
#include "compile/baseline/emit/X87.h"
#include "flow/Calls.h"

namespace kiln::baseline {

void Calls::emit(const llvm::CallBase& call) {
  if (call.isInlineAsm())
    return emitAssembly(call);
  if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&call))
    return families_.intrinsics.emit(*intrinsic);
  if (call.isMustTailCall() || isTailJump(call))
    return emitTailJump(call);
  emitPlain(call);
}

const CallShape& Calls::shapeOf(const llvm::CallBase& call) {
  auto found = flow::shapeOfCall(e_.shapes, call);
  if (!found)
    refuse(found.error());
  if ((*found)->preservesMost)
    refuse("call with the calling convention coldcc");
  return **found;
}

void Calls::emitPlain(const llvm::CallBase& call) {
  const CallShape& shape = shapeOf(call);
  saveAround();
  std::int32_t results = 0;
  if (shape.demoted)
    results = plan_.newSlot(static_cast<std::uint32_t>(e_.data.getTypeAllocSize(call.getType()).getFixedValue()), 16);
  families_.counts.recordCompareSize(call);
  takeStack(shape);
  writeStackArguments(call, shape, x86::ptr(x86::rsp));
  const Callee callee = calleeOf(call);
  moveRegisterArguments(call, shape);
  if (shape.demoted)
    a_.lea(x86::rdi, frame(results));
  if (shape.variadic)
    a_.mov(x86::eax, shape.sseUsed);
  perform(targetOf(callee));
  giveStackBack();
  takeResults(call, shape, results);
  restoreAround();
}

// Around calls --------------------------------------------------------------------------------------------------------

void Calls::saveAround() {
  saved_.clear();
  plan_.savedAcross(e_.position, saved_);
  // A class's stretch may go over a call that defines one of its members: what comes back is the new value.
  const std::uint32_t own = plan_.placeIndex(self());
  if (own != kNone)
    llvm::erase_if(saved_, [&](std::uint32_t part) { return part >= own && part < own + plan_.stateOf(self()).words; });
  for (std::uint32_t part : saved_) {
    const Place& place = plan_.placeAt(part);
    if (place.reg < kFirstXmm)
      a_.mov(frame(place.offset), gp(place.reg));
    else
      storeXmm(frame(place.offset), xmm(place.reg), plan_.partInfo(part).bytes);
  }
}

void Calls::restore(llvm::ArrayRef<std::uint32_t> parts) {
  for (std::uint32_t part : parts) {
    const Place& place = plan_.placeAt(part);
    if (place.reg < kFirstXmm)
      a_.mov(gp(place.reg), frame(place.offset));
    else
      loadXmm(xmm(place.reg), frame(place.offset), plan_.partInfo(part).bytes);
  }
}

// Arguments -----------------------------------------------------------------------------------------------------------

/// Room for stack arguments, aligned.
void Calls::takeStack(const CallShape& shape) {
  stack_ = (shape.stackBytes + 15) / 16 * 16;
  if (stack_ == 0)
    return;
  if (shape.stackAlign > 16)
    refuse("stack arguments aligned to more than 16 bytes");
  a_.sub(x86::rsp, stack_);
}

void Calls::giveStackBack() {
  if (std::uint32_t bytes = std::exchange(stack_, 0))
    a_.add(x86::rsp, bytes);
}

void Calls::writeStackArguments(const llvm::CallBase& call, const CallShape& shape, const Mem& area) {
  if (shape.stackBytes == 0)
    return;
  std::uint32_t word = 0;
  for (const llvm::Use& argument : call.args()) {
    const Parts parts = partsOf(argument->getType());
    for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part) {
      if (const StackCopy* copy = copyOfWord(shape, word)) {
        copyToStack(*copy, argument.get());
        continue;
      }
      const Move* move = moveOfWord(shape.arguments, word);
      if (!move || move->area != Area::Stack)
        continue;
      requireWhole(parts[part], shape.arguments, word);
      writeStackPart(argument.get(), part, parts[part], *move, within(area, move->offset, 8));
    }
  }
}

void Calls::writeStackPart(const llvm::Value* value, unsigned part, const Part& form, const Move& move, const Mem& to) {
  if (form.bank == Bank::Memory)
    return copyX87(to, families_.x87.memory(value, part));
  if (form.bank == Bank::Xmm)
    return storeXmm(to, readXmm(value, part), form.bytes);
  std::optional<std::int32_t> immediate = immediateOf(value);
  if (immediate && move.transfer != Transfer::ZeroExtend) {
    a_.mov(to, *immediate);
  } else if (!immediate && move.transfer == Transfer::Copy) {
    a_.mov(to, read(value, part));
  } else {
    giveInteger(x86::rax, value, move);
    a_.mov(to, x86::rax);
  }
}

/// A `byval` argument: the callee gets a copy.
void Calls::copyToStack(const StackCopy& copy, const llvm::Value* pointer) {
  constexpr std::uint32_t kUnrolled = 128;
  auto to = static_cast<std::int32_t>(copy.offset);
  if (copy.bytes <= kUnrolled) {
    Gp from = read(pointer, 0, x86::r11);
    std::uint32_t at = 0;
    auto piece = [&](std::uint32_t bytes) {
      auto offset = static_cast<std::int32_t>(at);
      if (bytes == 16) {
        loadXmm(x86::xmm15, x86::ptr(from, offset), 16);
        storeXmm(x86::ptr(x86::rsp, to + offset), x86::xmm15, 16);
      } else {
        Gp value = sized(x86::rax, 8 * bytes);
        a_.mov(value, x86::ptr(from, offset));
        a_.mov(x86::ptr(x86::rsp, to + offset, bytes), value);
      }
      at += bytes;
    };
    for (std::uint32_t bytes : {16u, 8u, 4u, 2u, 1u})
      while (copy.bytes - at >= bytes)
        piece(bytes);
    return;
  }
  // RSI, RDI and RCX may be places; XMM14, R10 and R11 keep them.
  readInto(x86::r11, pointer);
  a_.mov(x86::rax, x86::rsi);
  a_.mov(x86::r10, x86::rdi);
  a_.movq(x86::xmm14, x86::rcx);
  a_.mov(x86::rsi, x86::r11);
  a_.lea(x86::rdi, x86::ptr(x86::rsp, to));
  a_.mov(x86::ecx, copy.bytes);
  a_.rep().movsb();
  a_.movq(x86::rcx, x86::xmm14);
  a_.mov(x86::rdi, x86::r10);
  a_.mov(x86::rsi, x86::rax);
}

void Calls::moveRegisterArguments(const llvm::CallBase& call, const CallShape& shape) {
  startMoves();
  llvm::SmallVector<const Move*, 4> extensions;
  std::uint32_t word = 0;
  for (const llvm::Use& argument : call.args()) {
    llvm::Type* type = argument->getType();
    if (isOneGpr(type) || isOneXmm(type)) {
      const Move* move = copyOfWord(shape, word) ? nullptr : moveOfWord(shape.arguments, word);
      ++word;
      if (!move || move->area != Area::Registers)
        continue;
      if (isNest(*move))
        refuse("nest argument");
      addMove(Location::of(argumentRegister(*move)), argument.get(), 0, 8);
      if (move->transfer == Transfer::ZeroExtend || move->transfer == Transfer::SignExtend)
        extensions.push_back(move);
      continue;
    }
    const Parts parts = partsOf(type);
    for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part) {
      const Move* move = moveOfWord(shape.arguments, word);
      if (!move || move->area != Area::Registers)
        continue;
      requireWhole(parts[part], shape.arguments, word);
      addMove(Location::of(argumentRegister(*move)), argument.get(), part, parts[part].bytes);
    }
  }
  makeMoves();
  for (const Move* each : extensions)
    extend(gp(argumentRegister(*each)), *each);
}

/// As the callee expects an argument: to 32 bits.
void Calls::extend(Gp reg, const Move& move) {
  const unsigned bits = move.bits;
  if (move.transfer == Transfer::ZeroExtend) {
    if (bits == 8 || bits == 16)
      a_.movzx(sized(reg, 32), sized(reg, bits));
    else if (bits == 32)
      a_.mov(sized(reg, 32), sized(reg, 32));
  } else if (bits == 8 || bits == 16) {
    a_.movsx(sized(reg, 32), sized(reg, bits));
  } else if (bits < 64 && bits != 32) {
    a_.shl(reg, 64 - bits);
    a_.sar(reg, 64 - bits);
  }
}

// The call ------------------------------------------------------------------------------------------------------------

Calls::Callee Calls::calleeOf(const llvm::CallBase& call) {
  const llvm::GlobalValue* callee = flow::calledGlobal(call);
  SymbolRef ref = callee ? e_.environment.symbolOf(callee) : SymbolRef{};
  if (ref.kind == SymbolRef::Kind::Function && ref.offset == 0)
    return {Callee::Kind::Slot, ref.id};
  if (ref.kind == SymbolRef::Kind::External && ref.offset == 0)
    return {Callee::Kind::External, ref.id};
  readInto(x86::r10, call.getCalledOperand());
  if (!callee)
    families_.counts.recordTarget(call);
  return {Callee::Kind::Register, 0};
}

asmjit::Operand Calls::targetOf(const Callee& callee) {
  switch (callee.kind) {
  case Callee::Kind::Slot: return a_.outside(Target::Slot, callee.id);
  case Callee::Kind::External: return addressConstant(Target::External, callee.id, 0);
  default: return x86::r10;
  }
}

void Calls::perform(const asmjit::Operand& target) {
  const std::uint32_t begin = a_.here();
  a_.emit(x86::Inst::kIdCall, target);
  families_.exceptions.called(begin, saved_, stack_);
}

// Results -------------------------------------------------------------------------------------------------------------

void Calls::takeResults(const llvm::CallBase& call, const CallShape& shape, std::int32_t memory) {
  llvm::Type* type = call.getType();
  const std::uint32_t number = numberOf(call);
  if (type->isVoidTy())
    return;
  if (shape.demoted) {
    forEachLeaf(type, e_.data, [&](unsigned part, llvm::Type* leaf, std::int64_t offset) {
      families_.memory.loadLeaf(number, part, frame(memory + static_cast<std::int32_t>(offset)), leaf);
    });
    return;
  }
  if (!isOneGpr(type))
    return takeParts(number, type, shape);
  if (!isUsed(number))
    return;
  if (!isExactWidth(type))
    clean(x86::rax, bitsOf(type));
  wrote(number, 0, x86::rax);
}

/// A result in RAX waits in R10 while the others are moved: moves use RAX.
void Calls::takeParts(std::uint32_t number, llvm::Type* type, const CallShape& shape) {
  const Parts parts = partsOf(type);
  startMoves();
  bool usesRax = false;
  std::uint32_t word = 0;
  for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part) {
    const Place& place = plan_.placeOf(number, part);
    const Move* move = moveOfWord(shape.results, word);
    if (!move)
      refuse("a result in an unusual place");
    requireWhole(parts[part], shape.results, word);
    if (parts[part].bank == Bank::Memory) {
      families_.x87.pop(number, part);
      continue;
    }
    if (move->transfer == Transfer::FloatX87 || move->transfer == Transfer::DoubleX87)
      refuse("a float in an x87 register");
    if (!place.exists())
      continue;
    Register from = resultRegister(*move);
    if (!isSseResult(*move) && move->bits < 64 && !isExactWidth(move->bits))
      clean(gp(from), move->bits);
    if (from == kRax) {
      usesRax = true;
      from = kR10;
    }
    addMove(Location::of(place), Location::of(from), parts[part].bytes);
  }
  if (usesRax)
    a_.mov(x86::r10, x86::rax);
  makeMoves();
  normaliseMasks(number, type);
}

// Assembly ------------------------------------------------------------------------------------------------------------

void Calls::emitAssembly(const llvm::CallBase& call) {
  auto operands = flow::operandsGivenBack(call);
  if (!operands || operands->size() > 1)
    refuse("inline assembly");
  if (operands->empty())
    return;
  const llvm::Value* operand = operands->front();
  if (!operand || operand->getType() != call.getType() || !isOneGpr(call.getType()))
    refuse("inline assembly");
  wrote(numberOf(call), 0, read(operand));
}

} // namespace kiln::baseline

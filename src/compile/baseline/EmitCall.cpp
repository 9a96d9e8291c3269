// Calls, arguments and results (System V x86-64; the shapes are abi/CallShape's).
//
// The order at a call: save what must be saved, take stack and write stack arguments, move register arguments all at once,
// extend what the callee expects extended, call, give the stack back, take the results, bring back what was saved. The target
// of an indirect call waits in R10, which moves do not use.
#include <llvm/IR/Constants.h>
#include <llvm/IR/InlineAsm.h>

#include "compile/baseline/Emitter.h"

namespace kiln::baseline {
namespace {

constexpr Register kArgumentGprs[] = {7, 6, 2, 1, 8, 9};

bool isSse(const Move& move) {
  return move.area == Area::Registers && move.offset >= offsetof(RegisterFile, sse) && move.offset < offsetof(RegisterFile, nest);
}
bool isNest(const Move& move) { return move.area == Area::Registers && move.offset == offsetof(RegisterFile, nest); }
Register argumentRegister(const Move& move) {
  return isSse(move) ? static_cast<Register>(kFirstXmm + (move.offset - offsetof(RegisterFile, sse)) / 16)
                     : kArgumentGprs[move.offset / 8];
}

} // namespace

// The function's own arguments -----------------------------------------------------------------------------------------

void Emitter::receiveArguments() {
  if (shape_->demoted || shape_->sretGpr >= 0) {
    hiddenSlot_ = plan_.newSlot(8);
    a_.mov(frame(hiddenSlot_), gp(kArgumentGprs[shape_->demoted ? 0 : shape_->sretGpr]));
  }
  if (shape_->variadic)
    saveVariadicRegisters();
  moves_.clear();
  constantMoves_.clear();
  struct Odd {
    std::uint32_t number;
    unsigned part, bits;
  };
  llvm::SmallVector<Odd, 4> odd;
  llvm::SmallVector<std::pair<std::uint32_t, std::uint32_t>, 4> x87; // argument, offset
  std::uint32_t word = 0, number = 0;
  for (const llvm::Argument& argument : function_.args()) {
    std::uint32_t self = number++;
    Parts parts;
    (void)plan_.partsOfType(argument.getType(), parts);
    for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part) {
      const Place& place = plan_.placeOf(self, part);
      if (!place.exists())
        continue;
      if (const StackCopy* copy = copyOfWord(*shape_, word)) {
        // The copy on the caller's stack is the callee's.
        if (place.inRegister()) {
          byvalPlaces_.push_back({place, 16 + static_cast<std::int32_t>(copy->offset)});
        } else {
          a_.lea(x86::rax, frame(16 + static_cast<std::int32_t>(copy->offset)));
          a_.mov(frame(place.offset), x86::rax);
        }
        continue;
      }
      const Move* move = moveOfWord(shape_->arguments, word);
      if (!move || isNest(*move))
        refuse("an argument in an unusual place");
      requireWhole(parts[part], shape_->arguments, word);
      Location to{place.reg, place.inRegister() ? 0 : place.offset};
      if (parts[part].bank == Bank::Memory)
        x87.emplace_back(self, move->offset);
      else if (move->area == Area::Stack)
        moves_.push_back({to, {kNoRegister, 16 + static_cast<std::int32_t>(move->offset)}, stackBytes(parts[part])});
      else
        moves_.push_back({to, {argumentRegister(*move), 0}, parts[part].bytes});
      if (moves_.size() && moves_.back().to == moves_.back().from)
        moves_.pop_back();
      if (isOneGpr(argument.getType()) && !isExactWidth(argument.getType()))
        odd.push_back({self, part, bitsOf(argument.getType())});
      else if (argument.getType()->isIntegerTy() && part == 1 && bitsOf(argument.getType()) < 128)
        odd.push_back({self, part, bitsOf(argument.getType()) - 64});
      else if (!isOneGpr(argument.getType()) && move->bits < 64 && !isExactWidth(move->bits) && parts[part].bank == Bank::Gpr)
        odd.push_back({self, part, move->bits});
    }
  }
  moveAll(moves_, {});
  for (auto [place, offset] : byvalPlaces_)
    a_.lea(gp(place.reg), frame(offset));
  byvalPlaces_.clear();
  for (auto [argument, offset] : x87)
    copyX87(frame(plan_.placeOf(argument, 0).offset), frame(16 + static_cast<std::int32_t>(offset)));
  for (const Odd& each : odd) { // nothing is known of the bits above
    const Place& place = plan_.placeOf(each.number, each.part);
    Gp reg = gp(place.inRegister() ? place.reg : Register{0});
    if (!place.inRegister())
      a_.mov(reg, frame(place.offset));
    clean(reg, each.bits);
    if (!place.inRegister())
      a_.mov(frame(place.offset), reg);
  }
  number = 0;
  for (const llvm::Argument& argument : function_.args())
    normaliseMasks(number++, argument.getType());
}

/// Vectors that have no register of the machine are passed lane by lane.
void Emitter::requireWhole(const Part& part, const std::vector<Move>& moves, std::uint32_t word) {
  if (part.bank != Bank::Xmm)
    return;
  const Move* first = moveOfWord(moves, word);
  const bool isResult = first->offset >= offsetof(RegisterFile, result);
  if (first->area == Area::Registers && first->offset < (isResult ? offsetof(RegisterFile, resultSse) : offsetof(RegisterFile, sse)))
    refuse("a vector passed lane by lane");
  if (part.words == 1)
    return;
  const Move* second = moveOfWord(moves, word + 1);
  if (!second || second->area != first->area || second->offset != first->offset + part.lane)
    refuse("a vector passed lane by lane");
}

/// Of masks that come from elsewhere only the lowest bit of each lane counts.
void Emitter::normaliseMasks(std::uint32_t number, llvm::Type* type) {
  if (isOneGpr(type) || isOneXmm(type))
    return;
  forEachLeaf(type, [&](unsigned part, llvm::Type* leaf, std::int64_t) {
    if (!leaf->isVectorTy() || leaf->getScalarSizeInBits() != 1 || !isUsed(number, part))
      return;
    const Place& place = plan_.placeOf(number, part);
    Xmm mask = place.inRegister() ? xmm(place.reg) : x86::xmm15;
    if (!place.inRegister())
      loadXmm(mask, frame(place.offset), 16);
    const unsigned lane = plan_.partOf(number, part).lane;
    maskFromLanes(mask, lane, lane);
    wrote(number, part, mask);
  });
}

/// What is on the stack of a part: eight bytes of a slot may be more than a float has there, but they are all of its place.
std::uint8_t Emitter::stackBytes(const Part& part) { return part.bytes; }

const StackCopy* Emitter::copyOfWord(const CallShape& shape, std::uint32_t word) const {
  for (const StackCopy& copy : shape.copies)
    if (copy.word == word)
      return &copy;
  return nullptr;
}

/// The register save area that va_arg reads, filled as the convention says: SSE registers if AL is not zero.
void Emitter::saveVariadicRegisters() {
  variadicSlot_ = plan_.newSlot(offsetof(RegisterFile, nest), 16);
  for (unsigned i = 0; i < 6; ++i)
    a_.mov(frame(variadicSlot_ + 8 * static_cast<std::int32_t>(i)), gp(kArgumentGprs[i]));
  Label none = a_.newLabel();
  a_.test(x86::al, x86::al);
  a_.jz(none);
  for (unsigned i = 0; i < 8; ++i)
    storeXmm(frame(variadicSlot_ + 48 + 16 * static_cast<std::int32_t>(i), 16), x86::xmm(i), 16);
  a_.bind(none);
}

// Around calls -----------------------------------------------------------------------------------------------------------

void Emitter::saveAround() {
  saved_.clear();
  plan_.savedAcross(position_, saved_);
  // A class's stretch may go over a call that defines one of its members: what comes back is the new value.
  const std::uint32_t own = plan_.placeIndex(currentNumber_);
  if (own != kNone)
    llvm::erase_if(saved_, [&](std::uint32_t part) { return part >= own && part < own + plan_.stateOf(currentNumber_).words; });
  for (std::uint32_t part : saved_) {
    const Place& place = plan_.placeAt(part);
    if (place.reg < kFirstXmm)
      a_.mov(frame(place.offset), gp(place.reg));
    else
      storeXmm(frame(place.offset), xmm(place.reg), plan_.partInfo(part).bytes);
  }
}

void Emitter::restoreAround() { restore(saved_); }

void Emitter::restore(llvm::ArrayRef<std::uint32_t> parts) {
  for (std::uint32_t part : parts) {
    const Place& place = plan_.placeAt(part);
    if (place.reg < kFirstXmm)
      a_.mov(gp(place.reg), frame(place.offset));
    else
      loadXmm(xmm(place.reg), frame(place.offset), plan_.partInfo(part).bytes);
  }
}

// Calls ------------------------------------------------------------------------------------------------------------------

void Emitter::emitCall(const llvm::CallBase& call) {
  if (call.isInlineAsm())
    return emitAsm(call);
  if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&call))
    return emitIntrinsic(*intrinsic);
  if (call.isMustTailCall() || isTailJump(call))
    return emitTailJump(call);
  emitPlainCall(call);
}

const CallShape& Emitter::shapeOf(const llvm::CallBase& call) {
  if (call.hasFnAttr(llvm::Attribute::ReturnsTwice))
    refuse("calls a function that returns twice");
  llvm::SmallVector<llvm::Type*, 4> unnamed;
  for (unsigned i = call.getFunctionType()->getNumParams(); i < call.arg_size(); ++i)
    unnamed.push_back(call.getArgOperand(i)->getType());
  auto found = workspace_.shapes.of(call.getFunctionType(), call.getAttributes(), call.getCallingConv(), unnamed, data_);
  if (!found)
    refuse(found.error());
  if ((*found)->preservesMost)
    refuse("call with the calling convention coldcc");
  return **found;
}

void Emitter::emitPlainCall(const llvm::CallBase& call) {
  const CallShape& shape = shapeOf(call);
  saveAround();
  std::int32_t results = 0;
  if (shape.demoted)
    results = plan_.newSlot(resultBytes(call.getType()), 16);
  if (records(Baseline::Sizes))
    recordCompareSize(call);
  std::uint32_t stack = takeStack(shape);
  writeStackArguments(call, shape, x86::ptr(x86::rsp));
  CallTarget target = targetOf(call);
  moveRegisterArguments(call, shape);
  if (shape.demoted)
    a_.lea(x86::rdi, frame(results));
  if (shape.variadic)
    a_.mov(x86::eax, shape.sseUsed);
  performCall(target);
  if (stack)
    giveStackBack(shape, stack);
  takeResults(call, shape, results);
  restoreAround();
}

std::uint32_t Emitter::resultBytes(llvm::Type* type) const {
  return static_cast<std::uint32_t>(data_.getTypeAllocSize(type).getFixedValue());
}

/// Room for stack arguments, aligned. Bytes taken.
std::uint32_t Emitter::takeStack(const CallShape& shape) {
  std::uint32_t bytes = (shape.stackBytes + 15) / 16 * 16;
  if (bytes == 0)
    return 0;
  if (shape.stackAlign > 16)
    refuse("stack arguments aligned to more than 16 bytes");
  a_.sub(x86::rsp, bytes);
  return callStack_ = bytes;
}

void Emitter::giveStackBack(const CallShape&, std::uint32_t bytes) {
  a_.add(x86::rsp, bytes);
  callStack_ = 0;
}

void Emitter::writeStackArguments(const llvm::CallBase& call, const CallShape& shape, const Mem& area) {
  if (shape.stackBytes == 0)
    return;
  std::uint32_t word = 0;
  for (const llvm::Use& argument : call.args()) {
    Parts parts;
    (void)plan_.partsOfType(argument->getType(), parts);
    for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part) {
      if (const StackCopy* copy = copyOfWord(shape, word)) {
        copyToStack(*copy, argument.get());
        continue;
      }
      const Move* move = moveOfWord(shape.arguments, word);
      if (!move || move->area != Area::Stack)
        continue;
      requireWhole(parts[part], shape.arguments, word);
      Mem to = area;
      to.addOffset(move->offset);
      to.setSize(8);
      if (parts[part].bank == Bank::Memory) {
        copyX87(to, x87Memory(argument.get(), part));
      } else if (parts[part].bank == Bank::Xmm) {
        storeXmm(to, readXmm(argument.get(), part), parts[part].bytes);
      } else if (std::optional<std::int32_t> immediate = immediateOf(argument.get())) {
        if (move->transfer == Transfer::ZeroExtend) {
          zeroExtendInto(x86::rax, argument.get());
          a_.mov(to, x86::rax);
        } else {
          a_.mov(to, *immediate);
        }
      } else if (move->transfer == Transfer::Copy) {
        a_.mov(to, read(argument.get(), part));
      } else {
        giveInteger(x86::rax, argument.get(), *move);
        a_.mov(to, x86::rax);
      }
    }
  }
}

/// A `byval` argument: the callee gets a copy.
void Emitter::copyToStack(const StackCopy& copy, const llvm::Value* pointer) {
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

void Emitter::moveRegisterArguments(const llvm::CallBase& call, const CallShape& shape) {
  moves_.clear();
  constantMoves_.clear();
  struct Extension {
    Register reg;
    const Move* move;
  };
  llvm::SmallVector<Extension, 4> extensions;
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
      Register reg = argumentRegister(*move);
      addMove({reg, 0}, argument.get(), 0, 8);
      if (move->transfer == Transfer::ZeroExtend || move->transfer == Transfer::SignExtend)
        extensions.push_back({reg, move});
      continue;
    }
    Parts parts;
    (void)plan_.partsOfType(type, parts);
    for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part) {
      const Move* move = moveOfWord(shape.arguments, word);
      if (!move || move->area != Area::Registers)
        continue;
      requireWhole(parts[part], shape.arguments, word);
      addMove({argumentRegister(*move), 0}, argument.get(), part, parts[part].bytes);
    }
  }
  moveAll(moves_, constantMoves_);
  for (const Extension& each : extensions) {
    const unsigned bits = each.move->bits;
    Gp reg = gp(each.reg);
    if (each.move->transfer == Transfer::ZeroExtend) {
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
}

Emitter::CallTarget Emitter::targetOf(const llvm::CallBase& call) {
  const llvm::Value* called = call.getCalledOperand();
  const auto* callee = llvm::dyn_cast<llvm::GlobalValue>(called);
  if (!callee && llvm::isa<llvm::Constant>(called))
    callee = llvm::dyn_cast<llvm::GlobalValue>(called->stripPointerCasts());
  SymbolRef ref = callee ? environment_.symbolOf(callee) : SymbolRef{};
  if (ref.kind == SymbolRef::Kind::Function && ref.offset == 0)
    return {CallTarget::Kind::Slot, ref.id};
  if (ref.kind == SymbolRef::Kind::External && ref.offset == 0)
    return {CallTarget::Kind::External, ref.id};
  readInto(x86::r10, called);
  if (records(Baseline::Targets) && !callee)
    countTarget(call);
  return {CallTarget::Kind::Register, 0};
}

void Emitter::performCall(const CallTarget& target) {
  std::uint32_t begin = a_.here();
  switch (target.kind) {
  case CallTarget::Kind::Slot: a_.call(a_.outside(Target::Slot, target.id)); break;
  case CallTarget::Kind::External: a_.call(addressConstant(Target::External, target.id, 0)); break;
  case CallTarget::Kind::Runtime: a_.call(addressConstant(Target::Runtime, target.id, 0)); break;
  case CallTarget::Kind::Register: a_.call(x86::r10); break;
  }
  if (invoke_) // the landing's offset is put in when it has one
    out_->calls.push_back({begin, a_.here(), landing(*invoke_), pads_[invoke_->getUnwindDest()].site});
}

void Emitter::takeResults(const llvm::CallBase& call, const CallShape& shape, std::int32_t memory) {
  llvm::Type* type = call.getType();
  const std::uint32_t number = numberOf(call);
  if (type->isVoidTy())
    return;
  if (shape.demoted) {
    forEachLeaf(type, [&](unsigned part, llvm::Type* leaf, std::int64_t offset) {
      loadLeaf(number, part, frame(memory + static_cast<std::int32_t>(offset)), leaf);
    });
    return;
  }
  if (isOneGpr(type)) {
    if (!isUsed(number))
      return;
    if (!isExactWidth(type))
      clean(x86::rax, bitsOf(type));
    return wrote(number, 0, x86::rax);
  }
  Parts parts;
  (void)plan_.partsOfType(type, parts);
  moves_.clear();
  bool usesRax = false;
  std::uint32_t word = 0;
  for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part) {
    const Place& place = plan_.placeOf(number, part);
    const Move* move = moveOfWord(shape.results, word);
    if (!move)
      refuse("a result in an unusual place");
    requireWhole(parts[part], shape.results, word);
    if (parts[part].bank == Bank::Memory) {
      if (place.exists())
        a_.fstp(x86::ptr(x86::rbp, place.offset, 10));
      else
        a_.fstp(x86::st0);
      continue;
    }
    if (move->transfer == Transfer::FloatX87 || move->transfer == Transfer::DoubleX87)
      refuse("a float in an x87 register");
    if (!place.exists())
      continue;
    Location to{place.reg, place.inRegister() ? 0 : place.offset}, from;
    if (move->offset >= offsetof(RegisterFile, resultSse)) {
      from.reg = static_cast<Register>(kFirstXmm + (move->offset - offsetof(RegisterFile, resultSse)) / 16);
    } else {
      constexpr Register kResults[] = {0, 2, 1};
      from.reg = kResults[(move->offset - offsetof(RegisterFile, result)) / 8];
      if (move->bits < 64 && !isExactWidth(move->bits))
        clean(gp(from.reg), move->bits);
      if (from.reg == 0) {
        usesRax = true;
        from.reg = 10;
      }
    }
    if (!(to == from))
      moves_.push_back({to, from, parts[part].bytes});
  }
  if (usesRax)
    a_.mov(x86::r10, x86::rax);
  moveAll(moves_, {});
  normaliseMasks(number, type);
}

// The library --------------------------------------------------------------------------------------------------------------

std::uint32_t Emitter::runtimeIndex(std::uintptr_t address) {
  for (std::uint32_t i = 0; i < out_->runtime.size(); ++i)
    if (out_->runtime[i] == address)
      return i;
  out_->runtime.push_back(address);
  return static_cast<std::uint32_t>(out_->runtime.size() - 1);
}

void Emitter::callAddress(std::uintptr_t address) { performCall({CallTarget::Kind::Runtime, runtimeIndex(address)}); }

void Emitter::callLibrary(const char* name, llvm::ArrayRef<const llvm::Value*> arguments, LibraryCall extra) {
  std::uintptr_t address = environment_.libraryFunction(name);
  if (!address)
    refuse(std::string("needs the library function ") + name);
  if (!isCall(*current_, machine()))
    refuse(std::string("call of ") + name + " that the plan does not know of"); // registers would be lost; cannot happen
  saveAround();
  std::int32_t stack = 0;
  auto isX87 = [](const llvm::Value* argument) { return argument->getType()->isX86_FP80Ty(); };
  if (auto count = llvm::count_if(arguments, isX87)) {
    a_.sub(x86::rsp, 16 * count);
    for (const llvm::Value* argument : arguments)
      if (isX87(argument)) {
        copyX87(x86::ptr(x86::rsp, stack), x87Memory(argument));
        stack += 16;
      }
  }
  moves_.clear();
  constantMoves_.clear();
  unsigned gprs = 0, xmms = 0;
  llvm::SmallVector<std::pair<Register, unsigned>, 2> extensions;
  for (const llvm::Value* argument : arguments) {
    if (isX87(argument))
      continue;
    std::uint32_t count = plan_.partCount(argument->getType());
    for (unsigned part = 0; part < count; ++part) {
      bool real = isOneXmm(argument->getType());
      Register reg = real ? static_cast<Register>(kFirstXmm + xmms++) : kArgumentGprs[gprs++];
      addMove({reg, 0}, argument, part, 8);
      if (part == 1 && extra.isSigned)
        extensions.emplace_back(reg, bitsOf(argument->getType()));
    }
  }
  moveAll(moves_, constantMoves_);
  for (auto [reg, width] : extensions)
    signExtendHigh(gp(reg), width);
  if (extra.slot != 0)
    a_.lea(gp(kArgumentGprs[gprs]), frame(extra.slot));
  if (Gp last = gp(kArgumentGprs[gprs ? gprs - 1 : 0]); extra.lastBits == 32)
    a_.mov(sized(last, 32), sized(last, 32));
  else if (extra.lastBits != 0)
    a_.movzx(sized(last, 32), sized(last, extra.lastBits));
  callAddress(address);
  if (stack != 0)
    a_.add(x86::rsp, stack);
  const llvm::Type* type = current_->getType();
  if (type->isStructTy())
    type = type->getStructElementType(0);
  if (isOneGpr(type) && isUsed(currentNumber_))
    wrote(currentNumber_, 0, x86::rax);
  else if (isOneXmm(type) && isUsed(currentNumber_))
    wrote(currentNumber_, 0, x86::xmm0);
  else if (type->isX86_FP80Ty())
    storeX87(currentNumber_);
  else if (type->isIntegerTy() && bitsOf(type) > 64) {
    a_.mov(x86::r10, x86::rax);
    cleanHigh(x86::rdx, bitsOf(type));
    moves_.clear();
    for (unsigned part = 0; part < 2; ++part)
      if (const Place& place = plan_.placeOf(currentNumber_, part); place.exists()) {
        Location to{place.reg, place.inRegister() ? 0 : place.offset}, from{static_cast<Register>(part == 0 ? 10 : 2), 0};
        if (!(to == from))
          moves_.push_back({to, from, 8});
      }
    moveAll(moves_, {});
  }
  restoreAround();
}

/// Assembly without instructions: a barrier, or values that come out as they went in.
void Emitter::emitAsm(const llvm::CallBase& call) {
  const auto* code = llvm::cast<llvm::InlineAsm>(call.getCalledOperand());
  if (llvm::StringRef(code->getAsmString()).trim() != "")
    refuse("inline assembly");
  unsigned argument = 0, outputs = 0;
  llvm::SmallVector<const llvm::Value*, 4> values;
  for (const auto& constraint : code->ParseConstraints()) {
    if (constraint.Type == llvm::InlineAsm::isOutput) {
      constraint.isIndirect ? ++argument : ++outputs;
    } else if (constraint.Type == llvm::InlineAsm::isInput) {
      const llvm::Value* value = call.getArgOperand(argument++);
      if (constraint.Codes.size() == 1 && !constraint.Codes[0].empty() && isdigit(constraint.Codes[0][0]) != 0) {
        auto output = static_cast<std::size_t>(std::stoul(constraint.Codes[0]));
        if (values.size() <= output)
          values.resize(output + 1, nullptr);
        values[output] = value;
      }
    }
  }
  if (outputs == 0)
    return;
  if (outputs != 1 || values.size() != 1 || !values[0] || values[0]->getType() != call.getType() || !isOneGpr(call.getType()))
    refuse("inline assembly"); // whatever a register held
  wrote(numberOf(call), 0, read(values[0]));
}

} // namespace kiln::baseline

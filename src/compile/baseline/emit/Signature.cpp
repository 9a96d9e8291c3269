#include "compile/baseline/emit/Signature.h"

#include <llvm/ADT/STLExtras.h>

#include "abi/NativeCall.h"
#include "compile/baseline/emit/Frame.h"
#include "compile/baseline/emit/Memory.h"
#include "compile/baseline/emit/X87.h"

namespace kiln::baseline {
namespace {

/// Where the caller's stack arguments begin, from RBP: behind its RBP and the return address.
constexpr std::int32_t kStackArguments = 16;

/// Bits of an integer that arrives with something unknown above them; 0 if there is nothing to clean.
unsigned oddBits(const llvm::Type* type, unsigned part, const Part& form, const Move& move) {
  if (isOneGpr(type))
    return isExactWidth(type) ? 0 : bitsOf(type);
  if (type->isIntegerTy() && part == 1 && bitsOf(type) < 128)
    return bitsOf(type) - 64;
  return move.bits < 64 && !isExactWidth(move.bits) && form.bank == Bank::Gpr ? move.bits : 0;
}

} // namespace

// Arguments -----------------------------------------------------------------------------------------------------------

void Signature::keepResultAddress(Gp from) {
  hiddenSlot_ = plan_.newSlot(8);
  a_.mov(frame(hiddenSlot_), from);
}

void Signature::receiveArguments() {
  if (e_.shape->demoted || e_.shape->sretGpr >= 0)
    keepResultAddress(gp(kArgumentGprs[e_.shape->demoted ? 0 : e_.shape->sretGpr]));
  if (e_.shape->variadic)
    saveVariadicRegisters();
  startMoves();
  Arrivals arrivals;
  std::uint32_t word = 0, number = 0;
  for (const llvm::Argument& argument : e_.function.args()) {
    const Parts parts = partsOf(argument.getType());
    for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part)
      if (plan_.placeOf(number, part).exists())
        receivePart(number, argument.getType(), part, parts[part], word, arrivals);
    ++number;
  }
  makeMoves();
  for (auto [place, offset] : arrivals.copies)
    a_.lea(gp(place.reg), frame(offset));
  for (auto [argument, offset] : arrivals.x87)
    copyX87(frame(plan_.placeOf(argument, 0).offset), frame(offset));
  for (const Odd& each : arrivals.odd) {
    const Place& place = plan_.placeOf(each.number, each.part);
    Gp reg = gp(place.inRegister() ? place.reg : kRax);
    if (!place.inRegister())
      a_.mov(reg, frame(place.offset));
    clean(reg, each.bits);
    if (!place.inRegister())
      a_.mov(frame(place.offset), reg);
  }
  number = 0;
  for (const llvm::Argument& argument : e_.function.args())
    normaliseMasks(number++, argument.getType());
}

void Signature::receivePart(std::uint32_t number, const llvm::Type* type, unsigned part, const Part& form,
                            std::uint32_t word, Arrivals& arrivals) {
  const Place& place = plan_.placeOf(number, part);
  if (const StackCopy* copy = copyOfWord(*e_.shape, word)) {
    // The copy on the caller's stack is the callee's.
    const std::int32_t offset = kStackArguments + static_cast<std::int32_t>(copy->offset);
    if (place.inRegister()) {
      arrivals.copies.push_back({place, offset});
    } else {
      a_.lea(x86::rax, frame(offset));
      a_.mov(frame(place.offset), x86::rax);
    }
    return;
  }
  const Move* move = moveOfWord(e_.shape->arguments, word);
  if (!move || isNest(*move))
    refuse("an argument in an unusual place");
  requireWhole(form, e_.shape->arguments, word);
  // Eight bytes of a slot may be more than a float has there, but they are all of its place.
  const std::int32_t onStack = kStackArguments + static_cast<std::int32_t>(move->offset);
  if (form.bank == Bank::Memory)
    arrivals.x87.emplace_back(number, onStack);
  else if (move->area == Area::Stack)
    addMove(Location::of(place), Location::inFrame(onStack), form.bytes);
  else
    addMove(Location::of(place), Location::of(argumentRegister(*move)), form.bytes);
  if (unsigned bits = oddBits(type, part, form, *move))
    arrivals.odd.push_back({number, part, bits});
}

// Variable arguments --------------------------------------------------------------------------------------------------

/// The register save area that va_arg reads, filled as the convention says: SSE registers if AL is not zero.
void Signature::saveVariadicRegisters() {
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

/// The list begins behind the named arguments.
void Signature::emitVariadicStart(const llvm::IntrinsicInst& intrinsic) {
  if (!e_.shape->variadic)
    refuse("va_start in a function that is not variadic");
  Mem list = blockAt(intrinsic.getArgOperand(0), x86::r10);
  auto field = [&](std::size_t offset, unsigned bytes) {
    return within(list, static_cast<std::int64_t>(offset), bytes);
  };
  a_.mov(field(offsetof(VaList, gprOffset), 4), 8 * e_.shape->gprUsed);
  a_.mov(field(offsetof(VaList, sseOffset), 4),
         static_cast<std::uint32_t>(offsetof(RegisterFile, sse)) + 16 * e_.shape->sseUsed);
  a_.lea(x86::rax, frame(kStackArguments + static_cast<std::int32_t>(e_.shape->stackBytes)));
  a_.mov(field(offsetof(VaList, overflowArea), 8), x86::rax);
  a_.lea(x86::rax, frame(variadicSlot_));
  a_.mov(field(offsetof(VaList, registerSaveArea), 8), x86::rax);
}

/// The next argument of a list, of a type that takes one register: from the save area while there are some, then from
/// the stack.
void Signature::emitVariadicArgument(const llvm::VAArgInst& next) {
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
    Xmm to = targetXmm(self());
    loadXmm(to, x86::ptr(x86::r11), type->isFloatTy() ? 4 : 8);
    return wrote(self(), 0, to);
  }
  Gp to = target(self());
  loadInteger(to, x86::ptr(x86::r11), bitsOf(type));
  wrote(self(), 0, to);
}

// Results -------------------------------------------------------------------------------------------------------------

void Signature::emitReturn(const llvm::ReturnInst& leave) {
  const llvm::Value* value = leave.getReturnValue();
  if (value)
    giveResult(value);
  if (hiddenSlot_ != 0) // the address that the results lie behind is a result itself
    a_.mov(x86::rax, frame(hiddenSlot_));
  families_.frame.leaveAndReturn();
}

/// A result in RAX waits in R10 while the others are moved: moves use RAX.
void Signature::giveResult(const llvm::Value* value) {
  const Parts parts = partsOf(value->getType());
  if (parts.empty())
    return;
  if (e_.shape->demoted)
    return storeResult(value);
  const bool single = parts.size() == 1;
  bool usesRax = false;
  startMoves();
  llvm::SmallVector<unsigned, 2> x87;
  std::uint32_t word = 0;
  for (unsigned part = 0; part < parts.size(); word += parts[part].words, ++part) {
    const Move* move = moveOfWord(e_.shape->results, word);
    if (!move)
      refuse("a result in an unusual place");
    requireWhole(parts[part], e_.shape->results, word);
    if (parts[part].bank == Bank::Memory) {
      x87.push_back(part);
    } else if (isSseResult(*move)) {
      if (move->transfer == Transfer::FloatX87 || move->transfer == Transfer::DoubleX87 ||
          move->offset >= offsetof(RegisterFile, resultX87))
        refuse("a float in an x87 register");
      addMove(Location::of(resultRegister(*move)), value, part, parts[part].bytes);
    } else {
      const Register reg = resultRegister(*move);
      if (reg == kRax && single)
        return giveInteger(x86::rax, value, *move);
      usesRax |= reg == kRax;
      addMove(Location::of(reg == kRax ? kR10 : reg), value, part, 8);
    }
  }
  for (unsigned part : llvm::reverse(x87)) // the first one on top
    families_.x87.push(value, part);
  makeMoves();
  if (usesRax)
    a_.mov(x86::rax, x86::r10);
}

/// Behind the hidden pointer. Where words lie there is where they lie in memory.
void Signature::storeResult(const llvm::Value* value) {
  forEachLeaf(value->getType(), e_.data, [&](unsigned part, llvm::Type* type, std::int64_t offset) {
    a_.mov(x86::r11, frame(hiddenSlot_));
    families_.memory.storeLeaf(x86::ptr(x86::r11, static_cast<std::int32_t>(offset)), value, part, type);
  });
}

} // namespace kiln::baseline

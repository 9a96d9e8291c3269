// Calls that the IR does not show: of the library's functions, and of kernels.
#include <llvm/ADT/SmallString.h>
#include <llvm/IR/IntrinsicInst.h>

#include "compile/baseline/Kernels.h"
#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/X87.h"

namespace kiln::baseline {
namespace {

bool isX87(const llvm::Value* argument) { return argument->getType()->isX86_FP80Ty(); }

/// The function of C that does what an intrinsic does, by its name for doubles; null if there is none.
const char* libraryName(llvm::Intrinsic::ID id) {
  switch (id) {
  case llvm::Intrinsic::sin: return "sin";
  case llvm::Intrinsic::cos: return "cos";
  case llvm::Intrinsic::tan: return "tan";
  case llvm::Intrinsic::asin: return "asin";
  case llvm::Intrinsic::acos: return "acos";
  case llvm::Intrinsic::atan: return "atan";
  case llvm::Intrinsic::sinh: return "sinh";
  case llvm::Intrinsic::cosh: return "cosh";
  case llvm::Intrinsic::tanh: return "tanh";
  case llvm::Intrinsic::exp: return "exp";
  case llvm::Intrinsic::exp2: return "exp2";
  case llvm::Intrinsic::exp10: return "exp10";
  case llvm::Intrinsic::log: return "log";
  case llvm::Intrinsic::log2: return "log2";
  case llvm::Intrinsic::log10: return "log10";
  case llvm::Intrinsic::pow: return "pow";
  case llvm::Intrinsic::ldexp: return "ldexp";
  case llvm::Intrinsic::frexp: return "frexp";
  case llvm::Intrinsic::fma: return "fma";
  case llvm::Intrinsic::floor: return "floor";
  case llvm::Intrinsic::ceil: return "ceil";
  case llvm::Intrinsic::trunc: return "trunc";
  case llvm::Intrinsic::rint: return "rint";
  case llvm::Intrinsic::nearbyint: return "nearbyint";
  case llvm::Intrinsic::round: return "round";
  case llvm::Intrinsic::roundeven: return "roundeven";
  case llvm::Intrinsic::lround: return "lround";
  case llvm::Intrinsic::llround: return "llround";
  case llvm::Intrinsic::minnum: return "fmin";
  case llvm::Intrinsic::maxnum: return "fmax";
  default: return nullptr;
  }
}

} // namespace

void Calls::callAddress(RuntimeAddress address) { perform(runtimeAddress(std::move(address))); }

// The library ---------------------------------------------------------------------------------------------------------

void Calls::callLibrary(const char* name, llvm::ArrayRef<const llvm::Value*> arguments, Library extra) {
  std::uintptr_t address = e_.environment.libraryFunction(name);
  if (!address)
    refuse(std::string("needs the library function ") + name);
  if (!isCall(*e_.current, machine()))
    refuse(std::string("call of ") + name +
           " that the plan does not know of"); // registers would be lost; cannot happen
  saveAround();
  const std::int32_t stack = pushX87(arguments);
  moveLibraryArguments(arguments, extra);
  callAddress({RuntimeAddress::Kind::Library, address, 0, name});
  if (stack != 0)
    a_.add(x86::rsp, stack);
  takeLibraryResult();
  restoreAround();
}

/// x87 numbers are passed on the stack. Bytes taken there.
std::int32_t Calls::pushX87(llvm::ArrayRef<const llvm::Value*> arguments) {
  std::int32_t stack = 0;
  if (auto count = llvm::count_if(arguments, isX87))
    a_.sub(x86::rsp, 16 * count);
  for (const llvm::Value* argument : arguments)
    if (isX87(argument)) {
      copyX87(x86::ptr(x86::rsp, stack), families_.x87.memory(argument));
      stack += 16;
    }
  return stack;
}

void Calls::moveLibraryArguments(llvm::ArrayRef<const llvm::Value*> arguments, const Library& extra) {
  startMoves();
  unsigned gprs = 0, xmms = 0;
  llvm::SmallVector<std::pair<Register, unsigned>, 2> extensions;
  for (const llvm::Value* argument : arguments) {
    if (isX87(argument))
      continue;
    std::uint32_t count = partCount(argument->getType());
    for (unsigned part = 0; part < count; ++part) {
      bool real = isOneXmm(argument->getType());
      Register reg = real ? static_cast<Register>(kFirstXmm + xmms++) : kArgumentGprs[gprs++];
      addMove(Location::of(reg), argument, part, 8);
      if (part == 1 && extra.isSigned)
        extensions.emplace_back(reg, bitsOf(argument->getType()));
    }
  }
  makeMoves();
  for (auto [reg, width] : extensions)
    signExtendHigh(gp(reg), width);
  if (extra.slot != 0)
    a_.lea(gp(kArgumentGprs[gprs]), frame(extra.slot));
  if (Gp last = gp(kArgumentGprs[gprs ? gprs - 1 : 0]); extra.lastBits == 32)
    a_.mov(sized(last, 32), sized(last, 32));
  else if (extra.lastBits != 0)
    a_.movzx(sized(last, 32), sized(last, extra.lastBits));
}

void Calls::takeLibraryResult() {
  const llvm::Type* type = e_.current->getType();
  if (type->isStructTy())
    type = type->getStructElementType(0);
  if (type->isX86_FP80Ty())
    return families_.x87.pop(self());
  if (isOneGpr(type) && isUsed(self()))
    return wrote(self(), 0, x86::rax);
  if (isOneXmm(type) && isUsed(self()))
    return wrote(self(), 0, x86::xmm0);
  if (!isWide(type))
    return;
  a_.mov(x86::r10, x86::rax);
  cleanHigh(x86::rdx, bitsOf(type));
  startMoves();
  for (unsigned part = 0; part < 2; ++part)
    if (const Place& place = plan_.placeOf(self(), part); place.exists())
      addMove(Location::of(place), Location::of(part == 0 ? kR10 : kRdx), 8);
  makeMoves();
}

bool Calls::callMathematics(const llvm::IntrinsicInst& intrinsic) {
  const llvm::Intrinsic::ID id = intrinsic.getIntrinsicID();
  const char* name = libraryName(id);
  const bool isPowi = id == llvm::Intrinsic::powi;
  if ((!name && !isPowi) || !isCall(intrinsic, machine()))
    return false;
  const llvm::Type* type = intrinsic.getArgOperand(0)->getType();
  if ((isPowi || id == llvm::Intrinsic::ldexp) && !intrinsic.getArgOperand(1)->getType()->isIntegerTy(32))
    refuse("an exponent that is not of 32 bits");
  llvm::SmallVector<const llvm::Value*, 3> arguments(intrinsic.args());
  if (isPowi) {
    callLibrary(type->isFloatTy() ? "__powisf2" : type->isDoubleTy() ? "__powidf2" : "__powixf2", arguments);
    return true;
  }
  llvm::SmallString<16> full(name);
  if (!type->isDoubleTy())
    full += type->isFloatTy() ? 'f' : 'l';
  if (id != llvm::Intrinsic::frexp) {
    callLibrary(full.c_str(), arguments);
    return true;
  }
  // The exponent comes back in memory.
  std::int32_t slot = plan_.newSlot(8);
  callLibrary(full.c_str(), arguments, {.slot = slot});
  if (isUsed(self(), 1)) {
    Gp to = target(self(), 1);
    a_.mov(sized(to, 32), frame(slot, 4));
    wrote(self(), 1, to);
  }
  return true;
}

// Kernels -------------------------------------------------------------------------------------------------------------

/// Parts of a value, 8 or 16 bytes each, one after the other.
void Calls::storeParts(std::int32_t to, const llvm::Value* value) {
  const Parts parts = partsOf(value->getType());
  for (unsigned part = 0; part < parts.size(); ++part) {
    if (parts[part].bank == Bank::Xmm)
      storeXmm(frame(to), readXmm(value, part), parts[part].bytes);
    else
      a_.mov(frame(to), read(value, part));
    to += parts[part].bytes;
  }
}

bool Calls::callKernel(const llvm::Instruction& instruction) {
  std::uint64_t width = 0;
  Kernel kernel = kernelOf(instruction, width);
  if (!kernel)
    return false;
  if (kernelFrame_ == 0)
    kernelFrame_ = plan_.newSlot(sizeof(KernelFrame), alignof(KernelFrame));
  const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
  const unsigned operands = std::min<unsigned>(call ? call->arg_size() : instruction.getNumOperands(), 3);
  saveAround();
  for (unsigned i = 0; i < operands; ++i)
    storeParts(kernelFrame_ + static_cast<std::int32_t>(offsetof(KernelFrame, operands) + 16 * i),
               instruction.getOperand(i));
  a_.lea(x86::rdi, frame(kernelFrame_));
  loadConstant(x86::rsi, width);
  callAddress(RuntimeAddress::kiln(kernel));
  takeKernelResults(instruction);
  restoreAround();
  return true;
}

void Calls::takeKernelResults(const llvm::Instruction& instruction) {
  const std::uint32_t number = numberOf(instruction);
  const Parts parts = partsOf(instruction.getType());
  std::int32_t results = kernelFrame_ + static_cast<std::int32_t>(offsetof(KernelFrame, results));
  // Two parts are an integer of more than 64 bits or a value and a flag; three are both.
  for (unsigned part = 0; part < parts.size(); ++part) {
    const bool isFlag = instruction.getType()->isStructTy() && part + 1 == parts.size();
    const std::int32_t from = results + (isFlag ? 16 : 8 * static_cast<std::int32_t>(part));
    if (parts[part].bank == Bank::Xmm) {
      Xmm to = targetXmm(number, part);
      loadXmm(to, frame(from), parts[part].bytes);
      wrote(number, part, to);
    } else {
      Gp to = target(number, part);
      a_.mov(to, frame(from));
      wrote(number, part, to);
    }
  }
}

} // namespace kiln::baseline

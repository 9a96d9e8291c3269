// Structs and arrays, part by part, and what else only moves values; the calls of kernels, whose operands lie like structs.
#include <llvm/IR/Constants.h>

#include "compile/baseline/Emitter.h"
#include "compile/baseline/Kernels.h"

namespace kiln::baseline {

/// Adds the moves of `count` parts of a value, from `first` on, into parts of the current instruction's result.
void Emitter::addParts(std::uint32_t number, unsigned to, const llvm::Value* value, unsigned first, unsigned count) {
  if (llvm::isa<llvm::UndefValue>(value))
    return;
  for (unsigned i = 0; i < count; ++i) {
    const Place& place = plan_.placeOf(number, to + i);
    if (place.exists())
      addMove({place.reg, place.inRegister() ? 0 : place.offset}, value, first + i, plan_.partOf(number, to + i).bytesToMove());
  }
}

void Emitter::moveParts(std::uint32_t number, const llvm::Value* value, unsigned first) {
  moves_.clear();
  constantMoves_.clear();
  addParts(number, 0, value, first, plan_.stateOf(number).words);
  moveAll(moves_, constantMoves_);
}

void Emitter::emitAggregate(const llvm::Instruction& instruction) {
  const std::uint32_t number = numberOf(instruction);
  if (!isUsed(number))
    return;
  if (const auto* select = llvm::dyn_cast<llvm::SelectInst>(&instruction))
    return emitSelectParts(*select);
  if (const auto* extract = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) {
    const llvm::Value* from = extract->getAggregateOperand();
    return moveParts(number, from, plan_.partAt(from->getType(), extract->getIndices()));
  }
  const auto* insert = llvm::dyn_cast<llvm::InsertValueInst>(&instruction);
  if (!insert)
    return moveParts(number, instruction.getOperand(0), 0); // freeze
  const llvm::Value *into = insert->getAggregateOperand(), *inserted = insert->getInsertedValueOperand();
  const unsigned first = plan_.partAt(into->getType(), insert->getIndices());
  const unsigned count = plan_.partCount(inserted->getType()), all = plan_.stateOf(number).words;
  moves_.clear();
  constantMoves_.clear();
  addParts(number, 0, into, 0, first);
  addParts(number, first, inserted, 0, count);
  addParts(number, first + count, into, first + count, all - first - count);
  moveAll(moves_, constantMoves_);
}

/// A choice between values that conditional moves cannot make.
void Emitter::emitSelectParts(const llvm::SelectInst& select) {
  const std::uint32_t number = numberOf(select);
  const llvm::Value* chooser = select.getCondition();
  if (llvm::isa<llvm::Constant>(chooser))
    return moveParts(number, constantOf(chooser) == 0 ? select.getFalseValue() : select.getTrueValue(), 0);
  Label no = a_.newLabel(), done = a_.newLabel();
  branchTo(chooser, no, false);
  moveParts(number, select.getTrueValue(), 0);
  a_.jmp(done);
  a_.bind(no);
  moveParts(number, select.getFalseValue(), 0);
  a_.bind(done);
}

// Kernels ----------------------------------------------------------------------------------------------------------------

/// Parts of a value, 8 or 16 bytes each, one after the other.
void Emitter::storeParts(std::int32_t to, const llvm::Value* value) {
  Parts parts;
  (void)plan_.partsOfType(value->getType(), parts);
  for (unsigned part = 0; part < parts.size(); ++part) {
    if (parts[part].bank == Bank::Xmm)
      storeXmm(frame(to), readXmm(value, part), parts[part].bytes);
    else
      a_.mov(frame(to), read(value, part));
    to += parts[part].bytes;
  }
}

bool Emitter::emitKernel(const llvm::Instruction& instruction) {
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
    storeParts(kernelFrame_ + static_cast<std::int32_t>(offsetof(KernelFrame, operands) + 16 * i), instruction.getOperand(i));
  a_.lea(x86::rdi, frame(kernelFrame_));
  loadConstant(x86::rsi, width);
  callAddress(reinterpret_cast<std::uintptr_t>(kernel));
  takeKernelResults(instruction);
  restoreAround();
  return true;
}

void Emitter::takeKernelResults(const llvm::Instruction& instruction) {
  const std::uint32_t number = numberOf(instruction);
  Parts parts;
  (void)plan_.partsOfType(instruction.getType(), parts);
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

#include "compile/baseline/emit/Aggregates.h"

#include <llvm/IR/Constants.h>

#include "compile/baseline/emit/Conditions.h"

namespace kiln::baseline {

/// Adds the moves of `count` parts of a value, from `first` on, into parts of the current instruction's result.
void Aggregates::addParts(std::uint32_t number, unsigned to, const llvm::Value* value, unsigned first, unsigned count) {
  if (llvm::isa<llvm::UndefValue>(value))
    return;
  for (unsigned i = 0; i < count; ++i) {
    const Place& place = plan_.placeOf(number, to + i);
    if (place.exists())
      addMove(Location::of(place), value, first + i, plan_.partOf(number, to + i).bytesToMove());
  }
}

void Aggregates::moveParts(std::uint32_t number, const llvm::Value* value, unsigned first) {
  startMoves();
  addParts(number, 0, value, first, plan_.stateOf(number).words);
  makeMoves();
}

void Aggregates::emit(const llvm::Instruction& instruction) {
  const std::uint32_t number = numberOf(instruction);
  if (!isUsed(number))
    return;
  if (const auto* select = llvm::dyn_cast<llvm::SelectInst>(&instruction))
    return emitSelect(*select);
  if (const auto* extract = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) {
    const llvm::Value* from = extract->getAggregateOperand();
    return moveParts(number, from, partAt(from->getType(), extract->getIndices()));
  }
  const auto* insert = llvm::dyn_cast<llvm::InsertValueInst>(&instruction);
  if (!insert)
    return moveParts(number, instruction.getOperand(0), 0); // freeze
  const llvm::Value *into = insert->getAggregateOperand(), *inserted = insert->getInsertedValueOperand();
  const unsigned first = partAt(into->getType(), insert->getIndices());
  const unsigned count = partCount(inserted->getType()), all = plan_.stateOf(number).words;
  startMoves();
  addParts(number, 0, into, 0, first);
  addParts(number, first, inserted, 0, count);
  addParts(number, first + count, into, first + count, all - first - count);
  makeMoves();
}

void Aggregates::emitSelect(const llvm::SelectInst& select) {
  const std::uint32_t number = numberOf(select);
  const llvm::Value* chooser = select.getCondition();
  if (llvm::isa<llvm::Constant>(chooser))
    return moveParts(number, constantOf(chooser) == 0 ? select.getFalseValue() : select.getTrueValue(), 0);
  Label no = a_.newLabel(), done = a_.newLabel();
  families_.conditions.branch(chooser, no, false);
  moveParts(number, select.getTrueValue(), 0);
  a_.jmp(done);
  a_.bind(no);
  moveParts(number, select.getFalseValue(), 0);
  a_.bind(done);
}

} // namespace kiln::baseline

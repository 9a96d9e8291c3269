// Loads, stores, variables, and addresses as values.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

class Memory final : Family {
public:
  using Family::Family;

  void emitLoad(const llvm::LoadInst& load);
  void emitStore(const llvm::StoreInst& store);
  void emitAlloca(const llvm::AllocaInst& variable);
  void emitAddress(const llvm::GetElementPtrInst& address);

  /// One leaf (no struct or array) of a value, from `part` on, from or to memory whose operand is good for several
  /// uses.
  void loadLeaf(std::uint32_t number, unsigned part, const Mem& from, llvm::Type* type);
  void storeLeaf(const Mem& to, const llvm::Value* value, unsigned part, llvm::Type* type);

private:
  void emitUpdate(const llvm::StoreInst& store, const llvm::Instruction& arithmetic);
  void addressInto(Gp to, const AddressParts& parts);
  template <typename Use> void forEachLeafAt(const llvm::Value* pointer, llvm::Type* type, Use&& use);
};

} // namespace kiln::baseline

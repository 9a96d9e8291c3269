#include "compile/baseline/emit/ConstantPool.h"

#include <llvm/ADT/ArrayRef.h>

namespace kiln::baseline {

Mem ConstantPool::bits(std::uint64_t low, std::uint64_t high, unsigned bytes) {
  auto [at, fresh] = index_.try_emplace({low, high, bytes}, static_cast<unsigned>(entries_.size()));
  if (fresh)
    entries_.push_back({a_.newLabel(), low, high, bytes, Target::Code, 0, false});
  return x86::ptr(entries_[at->second].label, 0, bytes);
}

Mem ConstantPool::address(Target target, std::uint32_t id, std::int64_t addend) {
  for (const Entry& entry : llvm::ArrayRef(entries_).take_back(16))
    if (entry.isAddress && entry.target == target && entry.id == id && static_cast<std::int64_t>(entry.low) == addend)
      return x86::ptr(entry.label, 0, 8);
  entries_.push_back({a_.newLabel(), static_cast<std::uint64_t>(addend), 0, 8, target, id, true});
  return x86::ptr(entries_.back().label, 0, 8);
}

void ConstantPool::emit() {
  if (!entries_.empty())
    a_.align(asmjit::AlignMode::kZero, 16);
  for (unsigned bytes : {16u, 8u})
    for (const Entry& entry : entries_) {
      if (entry.bytes != bytes)
        continue;
      a_.bind(entry.label);
      if (entry.isAddress) {
        a_.embedAddress(entry.target, entry.id, static_cast<std::int64_t>(entry.low));
        continue;
      }
      a_.embedUInt64(entry.low);
      if (bytes == 16)
        a_.embedUInt64(entry.high);
    }
}

} // namespace kiln::baseline

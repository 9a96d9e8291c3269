// AsmJit's assembler, and what Kiln adds: distances to things outside the code, known when it has its place.
//
// An operand made by outside() is relative to RIP. The distance itself is put in later (Fixup); until then a mark stands there,
// which is found again in the instruction's bytes when it has been encoded.
#pragma once

#include <asmjit/x86.h>

#include <cstring>
#include <optional>

#include "compile/baseline/Code.h"

namespace kiln::baseline {

namespace x86 = asmjit::x86;

class Assembler final : public x86::Assembler {
public:
  explicit Assembler(std::vector<Fixup>& fixups) : fixups_(fixups) {}

  /// Memory at a thing outside of the code. For the next instruction only.
  x86::Mem outside(Target target, std::uint32_t id, std::int64_t addend = 0) {
    pending_ = Fixup{0, 0, target, id, addend};
    return x86::ptr(x86::rip, kMark);
  }
  /// Eight bytes of data: the address of a thing outside.
  void embedAddress(Target target, std::uint32_t id, std::int64_t addend = 0) {
    fixups_.push_back({static_cast<std::uint32_t>(offset()), 0, target, id, addend});
    embedUInt64(0);
  }
  std::uint32_t here() const { return static_cast<std::uint32_t>(offset()); }

  asmjit::Error _emit(asmjit::InstId instruction, const asmjit::Operand_& o0, const asmjit::Operand_& o1,
                      const asmjit::Operand_& o2, const asmjit::Operand_* more) override {
    std::size_t start = offset();
    asmjit::Error error = x86::Assembler::_emit(instruction, o0, o1, o2, more);
    if (pending_ && error == asmjit::kErrorOk)
      place(start);
    failed_ |= error != asmjit::kErrorOk;
    return error;
  }
  /// Whether an instruction was not one: the code is not to be used.
  bool failed() const { return failed_; }

private:
  static constexpr std::int32_t kMark = 0x5bad1ab5;

  void place(std::size_t start) {
    const std::uint8_t* bytes = bufferData();
    for (std::size_t at = start; at + 4 <= offset(); ++at) {
      std::int32_t found = 0;
      memcpy(&found, bytes + at, 4);
      if (found != kMark)
        continue;
      pending_->at = static_cast<std::uint32_t>(at);
      pending_->end = here();
      fixups_.push_back(*pending_);
      break;
    }
    pending_.reset();
  }

  std::vector<Fixup>& fixups_;
  bool failed_ = false;
  std::optional<Fixup> pending_;
};

} // namespace kiln::baseline

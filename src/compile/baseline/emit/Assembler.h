// AsmJit's assembler, and what Kiln adds: distances to things outside the code, known when it has its place.
//
// An operand made by outside() is relative to RIP. The distance itself is put in later (Fixup); until then a mark
// stands there, which is found again in the instruction's bytes when it has been encoded.
#pragma once

#include <asmjit/x86.h>

#include <array>
#include <cstring>

#include "compile/baseline/Code.h"

namespace kiln::baseline {

namespace x86 = asmjit::x86;

class Assembler final : public x86::Assembler {
public:
  explicit Assembler(std::vector<Fixup>& fixups) : fixups_(fixups) {}

  /// Memory at a thing outside of the code. Good until kOpen others were asked for.
  x86::Mem outside(Target target, std::uint32_t id, std::int64_t addend = 0) {
    last_ = (last_ + 1) % kOpen;
    open_[last_] = Fixup{0, 0, {target, id, addend}};
    return x86::ptr(x86::rip, kMark + last_);
  }
  /// Eight bytes of data: the address of a thing outside.
  void embedAddress(Target target, std::uint32_t id, std::int64_t addend = 0) {
    fixups_.push_back({static_cast<std::uint32_t>(offset()), 0, {target, id, addend}});
    embedUInt64(0);
  }
  std::uint32_t here() const { return static_cast<std::uint32_t>(offset()); }

  asmjit::Error _emit(asmjit::InstId instruction, const asmjit::Operand_& o0, const asmjit::Operand_& o1,
                      const asmjit::Operand_& o2, const asmjit::Operand_* more) override {
    std::size_t start = offset();
    asmjit::Error error = x86::Assembler::_emit(instruction, o0, o1, o2, more);
    if (error != asmjit::kErrorOk) {
      failed_ = true;
      return error;
    }
    for (const asmjit::Operand_* operand : {&o0, &o1, &o2})
      if (operand->isMem() && operand->as<x86::Mem>().baseType() == asmjit::RegType::kX86_Rip)
        place(start, operand->as<x86::Mem>().offsetLo32());
    return error;
  }
  /// Whether an instruction was not one: the code is not to be used.
  bool failed() const { return failed_; }

private:
  /// What stands for the distance until it is known: this, and which of the open ones it is.
  static constexpr std::int32_t kMark = 0x5bad1ab0;
  static constexpr std::int32_t kOpen = 8;

  void place(std::size_t start, std::int32_t mark) {
    const std::uint8_t* bytes = bufferData();
    for (std::size_t at = start; at + 4 <= offset(); ++at) {
      std::int32_t found = 0;
      memcpy(&found, bytes + at, 4);
      if (found != mark)
        continue;
      Fixup& fixup = fixups_.emplace_back(open_[static_cast<std::size_t>(mark - kMark)]);
      fixup.at = static_cast<std::uint32_t>(at);
      fixup.end = here();
      return;
    }
    failed_ = true;
  }

  std::vector<Fixup>& fixups_;
  bool failed_ = false;
  std::array<Fixup, kOpen> open_{};
  std::int32_t last_ = 0;
};

} // namespace kiln::baseline

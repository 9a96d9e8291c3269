// Registers, memory operands and instructions as the assembler takes them.
#pragma once

#include <llvm/IR/Instruction.h>

#include "compile/baseline/Parts.h"
#include "compile/baseline/emit/Assembler.h"

namespace kiln::baseline {

using asmjit::Label;
using x86::Gp;
using x86::Mem;
using x86::Xmm;

/// Condition codes by their numbers in instructions.
using Condition = x86::CondCode;

inline Gp gp(Register reg, unsigned bits = 64) {
  return bits == 64   ? Gp(x86::gpq(reg))
         : bits == 32 ? Gp(x86::gpd(reg))
         : bits == 16 ? Gp(x86::gpw(reg))
                      : Gp(x86::gpb_lo(reg));
}
inline Xmm xmm(Register reg) { return x86::xmm(reg - kFirstXmm); }
/// The register in another width.
inline Gp sized(const Gp& reg, unsigned bits) { return gp(static_cast<Register>(reg.id()), bits); }
/// 32 for everything that 32-bit instructions do, else 64.
inline unsigned operationBits(unsigned bits) { return bits <= 32 ? 32 : 64; }

/// The same memory as an operand of so many bytes.
inline Mem ofSize(Mem memory, unsigned bytes) {
  memory.setSize(bytes);
  return memory;
}
inline Mem qword(const Mem& memory) { return ofSize(memory, 8); }
inline Mem moved(Mem memory, std::int64_t by) {
  memory.addOffset(by);
  return memory;
}
/// Bytes within it.
inline Mem within(const Mem& memory, std::int64_t offset, unsigned bytes) {
  return ofSize(moved(memory, offset), bytes);
}
inline Mem frame(std::int32_t offset, unsigned bytes = 8) { return x86::ptr(x86::rbp, offset, bytes); }

/// The instruction of a shift in the IR.
inline asmjit::InstId shiftOf(unsigned opcode) {
  return opcode == llvm::Instruction::Shl    ? x86::Inst::kIdShl
         : opcode == llvm::Instruction::LShr ? x86::Inst::kIdShr
                                             : x86::Inst::kIdSar;
}

/// Where a move reads or writes: a register, or 8 or 16 bytes of the frame.
struct Location {
  Register reg = kNoRegister;
  std::int32_t offset = 0;

  static Location of(const Place& place) { return {place.reg, place.inRegister() ? 0 : place.offset}; }
  static Location of(Register reg) { return {reg, 0}; }
  static Location inFrame(std::int32_t offset) { return {kNoRegister, offset}; }
  bool isGpr() const { return reg < kFirstXmm; }
  bool isXmm() const { return reg != kNoRegister && reg >= kFirstXmm; }
  bool operator==(const Location&) const = default;
};

} // namespace kiln::baseline

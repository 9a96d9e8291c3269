// The unwind table of a function: an `.eh_frame` section with one entry, and behind it, where calls have landing pads, the
// table of call sites (code/Lsda.h).
//
// The rules hold at every instruction, so that debuggers, profilers and signal handlers can unwind from anywhere in the code.
//
// Sources: LSB 5.0 Core, 10.6; DWARF 5, 6.4; System V x86-64 ABI, 3.7 (numbers of registers).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compile/baseline/Code.h"

namespace kiln::baseline {

/// Bytes with one address missing.
struct UnwindTables {
  std::vector<std::byte> bytes;  ///< to be aligned to 8
  std::uint32_t codeField = 0;   ///< where the distance from there to the code, of 32 bits, goes
};

/// What the tables name outside the code, where it is in this process.
struct UnwindAddresses {
  std::vector<std::uintptr_t> types; ///< as Code::types
  std::uintptr_t personality = 0;
};

UnwindTables encodeUnwind(const Code& function, const UnwindAddresses& addresses);

} // namespace kiln::baseline

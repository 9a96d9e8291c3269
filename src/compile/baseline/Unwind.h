// The unwind table of a function: an `.eh_frame` section with one entry.
//
// Sources: LSB 5.0 Core, 10.6; DWARF 5, 6.4; System V x86-64 ABI, 3.7 (numbers of registers).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compile/baseline/Code.h"

namespace kiln::baseline {

/// The section for code that will be at `code`, to be placed at `section`. `lsda` is the address of the function's table of
/// call sites, 0 if it has none.
std::vector<std::byte> unwindSection(const Code& function, std::uintptr_t code, std::uintptr_t section, std::uintptr_t lsda);

} // namespace kiln::baseline

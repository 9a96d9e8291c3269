// Lines as debuggers read them: DWARF 4 for one function of generated code.
//
// A unit with one subprogram, in it the calls that were inlined, and a line program. Addresses are final: nothing is to
// be relocated. Version 4, for all of it is in three sections; what version 5 would save is not worth five more.
//
// Source: DWARF Debugging Information Format, version 4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "code/LineTable.h"

namespace kiln {

struct DebugSections {
  std::vector<std::byte> abbreviations, information, lines;
};

DebugSections debugSections(const LineTable& table, std::uintptr_t address, std::size_t bytes);

} // namespace kiln

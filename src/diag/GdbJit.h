// Generated code in GDB's list of code that no file holds.
//
// The list, `__jit_debug_descriptor`, is one for the whole process: GDB looks for that name, and every runtime in the
// process that makes code shares it. GDB stops the process at `__jit_debug_register_code` for each change, if it is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "diag/CodeNames.h"

namespace kiln {

/// GDB's `jit_code_entry`.
struct GdbNode {
  GdbNode* next = nullptr;
  GdbNode* previous = nullptr;
  const void* file = nullptr;
  std::uint64_t bytes = 0;
};

struct GdbEntry {
  GdbNode node;
  std::vector<std::byte> file;
};

/// Bytes of an `.eh_frame` up to and with its end: a list of records behind their lengths.
std::size_t unwindBytes(const void* section);

/// An ELF file with one function: a symbol, and the unwind table as it is in memory.
std::vector<std::byte> gdbFile(const CodeNames::Code& code);

std::unique_ptr<GdbEntry> showToGdb(const CodeNames::Code& code);
void withdrawFromGdb(GdbEntry& entry);

} // namespace kiln

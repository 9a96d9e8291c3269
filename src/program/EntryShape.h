// How a program's first function is called.
#pragma once

#include <cstdint>

#include "kiln/Error.h"
#include "program/ProgramMap.h"
#include "program/World.h"

namespace llvm {
class FunctionType;
}

namespace kiln {

struct EntryShape {
  bool returnsInt = true;
};

/// Whether a function can be started as a C program's main: `int` or nothing out, (), (int), (int, char**) or
/// (int, char**, char**) in. Fails with BadMain.
Result<EntryShape> entryShape(World& world, const ProgramMap& map, std::uint32_t function);
/// The same of a function's type; `file` and `name` are for the message.
Result<EntryShape> entryShape(const llvm::FunctionType* type, const std::string& file, const std::string& name);

} // namespace kiln

// Code as bytes, for a later process of the same executable.
//
// Whoever keeps them must know that the same executable reads them (support/BuildNote.h), and that they are whole:
// functions of the runtime are distances within the executable. Those of libraries are names, looked up anew; the
// program's things are numbers, which follow from its files.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "compile/baseline/Code.h"

namespace kiln::baseline {

/// Not of code that is `bound`, or entered at a loop.
std::string storeCode(const Code& code);
/// Null if the bytes are not such code. Addresses of the kinds Library, ThreadLocals and Name are 0.
std::unique_ptr<Code> restoreCode(std::string_view bytes);

} // namespace kiln::baseline

// The way from baseline code into a recorder of values.
#pragma once

#include <cstdint>

namespace kiln::baseline {

/// What is called with R10 = the value and R11 = ValueCounts*. Keeps all registers but R11, and the stack as it is; the
/// caller needs no aligned stack.
std::uintptr_t recordEntry();

} // namespace kiln::baseline

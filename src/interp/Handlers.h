// Which handlers stand for which, for those who read an interpreter's frames from outside.
#pragma once

#include <cstdint>

namespace kiln::interp {

/// Whether the handler that begins at this address executes call ops that name another handler. (Call.cpp)
bool standsInForCalls(std::uintptr_t handler);

} // namespace kiln::interp

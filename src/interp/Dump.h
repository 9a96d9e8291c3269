// Ops as text.
#pragma once

#include <string>

#include "interp/Code.h"

namespace kiln::interp {

/// One op a line: offset, name, fields.
std::string opsText(const Code& code);

} // namespace kiln::interp

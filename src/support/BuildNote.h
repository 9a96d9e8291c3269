// What tells builds of an executable apart.
#pragma once

#include <string>

namespace kiln {

/// The build ID that the linker put into the executable, or the shared library, that this code is in: different
/// whenever one byte of it is. Empty if it has none. Any thread.
///
/// Source: LSB and the System V ABI's notes (NT_GNU_BUILD_ID); ld(1), --build-id.
std::string ownBuildNote();

} // namespace kiln

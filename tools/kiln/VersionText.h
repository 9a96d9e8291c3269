#pragma once

#include <string>

namespace kiln::cli {

/// What `kiln --version` prints, without the last line's end: version, build, LLVM, this machine's CPU. What a report of a
/// defect needs to say.
std::string versionText();

} // namespace kiln::cli

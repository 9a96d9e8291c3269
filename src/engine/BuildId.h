#pragma once

#include <string_view>

namespace kiln {

/// Changes whenever a source of Kiln, its compiler or LLVM's libraries do (cmake/BuildId.cmake): code in the cache fits
/// one of them only.
extern const std::string_view kBuildId;
} // namespace kiln

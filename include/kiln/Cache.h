// The folder in which engines keep code and profiles between runs (CacheOptions), without an engine.
//
// Thread-safety: any thread; other processes may use the folder meanwhile. Idea: caches of compiled code beside the
// program, whose key holds all that the code depends on, as ccache has them for C and Wasmtime for its modules;
// docs/adr/0021-cache-keys.md.
#pragma once

#include <cstdint>
#include <string>

#include "kiln/Error.h"

namespace kiln {

/// A table of the programs in the folder, the last used first, and what they take of `limit` bytes. A folder that is
/// not there is an empty cache. Fails with SystemError if it is not the user's.
KILN_API Result<std::string> describeCache(const std::string& folder, std::uint64_t limit);

/// Removes all entries of the folder, and nothing that is not the cache's. How many files that were. Programs that run
/// meanwhile may write new ones. Fails with SystemError.
KILN_API Result<std::uint64_t> clearCache(const std::string& folder);

} // namespace kiln

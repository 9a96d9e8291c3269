// The folder in which engines keep code and profiles between runs (CacheOptions), without an engine.
#pragma once

#include <cstdint>
#include <string>

#include "kiln/Error.h"

namespace kiln {

/// A table of the programs in the folder, the last used first, and what they take of `limit` bytes. A folder that is not
/// there is an empty cache. Fails with SystemError if it is not the user's.
Result<std::string> describeCache(const std::string& folder, std::uint64_t limit);

/// Removes all entries of the folder, and nothing that is not the cache's. How many files that were. Programs that run
/// meanwhile may write new ones. Fails with SystemError.
Result<std::uint64_t> clearCache(const std::string& folder);

} // namespace kiln

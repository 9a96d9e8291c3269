// The cache's options, and `kiln cache`: the folder, without a program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kiln/Engine.h"

namespace CLI {
class App;
}

namespace kiln::cli {

/// What `--cache` and the options beside it were given.
struct CacheWords {
  std::vector<std::string> places;
  std::uint64_t limit = CacheOptions{}.limit;
  std::string keyFile;
  std::uint64_t leastMicroseconds = CacheOptions{}.leastMicroseconds;
};
void describeCacheOptions(CLI::App& app, CacheWords& words, bool run);

/// The options of the words. Without `--cache` the environment variable KILN_CACHE counts, and without that the user's
/// cache folder.
Result<CacheOptions> cacheOptions(const CacheWords& words);

struct CacheCommandOptions {
  bool clear = false; ///< else show
  CacheWords words;
};
void describeCacheCommand(CLI::App& app, CacheCommandOptions& options);
Result<void> runCacheCommand(const CacheCommandOptions& options);

} // namespace kiln::cli

// `kiln profile`: profile files, without a program.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kiln/Profile.h"

namespace CLI {
class App;
}

namespace kiln::cli {

struct ProfileOptions {
  bool merge = false; ///< else show
  std::vector<std::string> files;
  std::string output, format;
  std::size_t top = 20;
};

/// Adds the command `profile` with its options to the command line.
void describeProfile(CLI::App& app, ProfileOptions& options);

/// Does what was asked for.
Result<void> runProfile(const ProfileOptions& options);

} // namespace kiln::cli

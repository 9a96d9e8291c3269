// `kiln coverage`: files of --coverage-out, without a program.
#pragma once

#include <string>
#include <vector>

#include "kiln/Coverage.h"

namespace CLI {
class App;
}

namespace kiln::cli {

struct CoverageOptions {
  bool merge = false; ///< else report
  std::vector<std::string> files;
  std::string output;
  bool functions = false, lines = false;
};

/// Adds the command `coverage` with its options to the command line.
void describeCoverage(CLI::App& app, CoverageOptions& options);

/// Does what was asked for.
Result<void> runCoverage(const CoverageOptions& options);

} // namespace kiln::cli

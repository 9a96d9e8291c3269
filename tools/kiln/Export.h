// `kiln export`: a program as a native executable, object or shared library.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kiln/Export.h"

namespace CLI {
class App;
}

namespace kiln::cli {

struct ExportCommand {
  ExportOptions options;
  std::string cold;
  bool object = false, shared = false, report = false, verbose = false;
  std::optional<std::vector<std::string>> arguments; ///< the program's, if there is a "--" behind the files
};

/// Adds the command `export` with its options to the command line.
void describeExport(CLI::App& app, ExportCommand& command);

/// Does what was asked for.
Result<void> runExport(ExportCommand& command);

/// `kiln export --report`: builds the program in each way and runs each file that it made. The table goes to standard
/// output.
Result<void> reportExport(const ExportOptions& options, const std::vector<std::string>& arguments);

} // namespace kiln::cli

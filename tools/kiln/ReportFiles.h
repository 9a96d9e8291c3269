// The files of `kiln run --report`.
#pragma once

#include <string>
#include <vector>

#include "kiln/Engine.h"

namespace kiln::cli {

/// The ending tells the format: .html, .json or .csv. Fails with BadOption.
Result<void> checkReportFile(const std::string& file);
/// Fails with what Program::report() fails with, or SystemError.
Result<void> writeReports(Program& program, const std::vector<std::string>& files, const std::string& title);

} // namespace kiln::cli

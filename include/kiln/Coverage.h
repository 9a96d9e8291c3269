// Coverage files: which blocks of a program ran (Options::coverage, Program::writeCoverage()). docs/coverage.md has the
// format.
#pragma once

#include <string>
#include <vector>

#include "kiln/Error.h"

namespace kiln {

/// Adds the runs of several files up and writes the result, which may replace one of them. Fails with BadCoverage when
/// a file is damaged, foreign or of another version; then nothing is written.
Result<void> mergeCoverageFiles(const std::vector<std::string>& inputs, const std::string& output);

/// A table of what is used of what there is, by module, over all files together; with `functions` by function too, with
/// `lines` also the lines of source that did not run.
Result<std::string> reportCoverageFiles(const std::vector<std::string>& inputs, bool functions = false,
                                        bool lines = false);

} // namespace kiln

// Coverage files: which blocks of a program ran (Options::coverage, Program::writeCoverage()). docs/coverage.md has the
// format.
//
// Thread-safety: any thread; of two that write one file the last wins. Idea: counters in basic blocks and sums over
// runs, as gcov and llvm-cov have them; here without a build of its own, and with the bytes that were never needed.
#pragma once

#include <string>
#include <vector>

#include "kiln/Error.h"

namespace kiln {

/// Adds the runs of several files up and writes the result, which may replace one of them. Fails with BadCoverage when
/// a file is damaged, foreign or of another version; then nothing is written.
KILN_API Result<void> mergeCoverageFiles(const std::vector<std::string>& inputs, const std::string& output);

/// A table of what is used of what there is, by module, over all files together; with `functions` by function too, with
/// `lines` also the lines of source that did not run. Fails with FileNotFound, EmptyInput or BadCoverage.
KILN_API Result<std::string> reportCoverageFiles(const std::vector<std::string>& inputs, bool functions = false,
                                                 bool lines = false);

} // namespace kiln

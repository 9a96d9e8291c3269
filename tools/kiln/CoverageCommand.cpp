#include "CoverageCommand.h"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace kiln::cli {

void describeCoverage(CLI::App& app, CoverageOptions& options) {
  CLI::App* coverage = app.add_subcommand("coverage", "Work with coverage files: kiln coverage merge|report");
  coverage->require_subcommand(1);

  CLI::App* merge = coverage->add_subcommand("merge", "Add runs up: kiln coverage merge -o OUT IN...");
  merge->callback([&options] { options.merge = true; });
  merge->add_option("IN", options.files, "Files of kiln run --coverage-out")->required()->type_name("");
  merge->add_option("-o,--output", options.output, "The file to write")->required()->type_name("FILE");

  CLI::App* report =
      coverage->add_subcommand("report", "Print what was used of what there is: kiln coverage report FILE...");
  report->add_option("FILE", options.files, "One or more files, added up")->required()->type_name("");
  report->add_flag("--functions", options.functions, "A row for each function");
  report->add_flag("--lines", options.lines, "The lines of source that did not run");
}

Result<void> runCoverage(const CoverageOptions& options) {
  if (options.merge)
    return mergeCoverageFiles(options.files, options.output);
  auto text = reportCoverageFiles(options.files, options.functions, options.lines);
  if (!text)
    return std::unexpected(text.error());
  if (fputs(text->c_str(), stdout) < 0 || fflush(stdout) != 0)
    return fail(ErrorCode::SystemError, std::string("standard output: ") + strerror(errno));
  return {};
}

} // namespace kiln::cli

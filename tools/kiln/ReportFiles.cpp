#include "ReportFiles.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace kiln::cli {
namespace {

using Format = std::string (Report::*)() const;

Format formatOf(const std::string& file) {
  if (file.ends_with(".html"))
    return &Report::html;
  if (file.ends_with(".json"))
    return &Report::json;
  return file.ends_with(".csv") ? &Report::csv : nullptr;
}

} // namespace

Result<void> checkReportFile(const std::string& file) {
  if (formatOf(file))
    return {};
  return fail(ErrorCode::BadOption, "--report takes a file that ends in .html, .json or .csv, not '" + file + "'");
}

Result<void> writeReports(Program& program, const std::vector<std::string>& files, const std::string& title) {
  auto report = program.report();
  if (!report)
    return std::unexpected(report.error());
  report->title = title.substr(title.rfind('/') + 1); // a page is sent around: nobody is to know the folders
  for (const std::string& name : files) {
    const std::string text = ((*report).*formatOf(name))();
    FILE* file = fopen(name.c_str(), "we");
    bool written = file && fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file)
      written &= fclose(file) == 0;
    if (!written)
      return fail(ErrorCode::SystemError, name + ": " + strerror(errno));
  }
  return {};
}

} // namespace kiln::cli

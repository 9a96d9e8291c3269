#include "ReportFiles.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

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

/// An old file is written over and then cut to size. To empty it first can take ten milliseconds: file systems such as ext4 then wait for
/// the disk at the end. What is no file (a pipe, a terminal) has no size to cut.
bool write(const std::string& name, std::string_view text) {
  const int file = open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0)
    return false;
  bool written = true;
  const auto size = static_cast<off_t>(text.size());
  while (written && !text.empty()) {
    const ssize_t done = ::write(file, text.data(), text.size());
    written = done > 0 || (done < 0 && errno == EINTR);
    text.remove_prefix(done > 0 ? static_cast<std::size_t>(done) : 0);
  }
  written = written && (ftruncate(file, size) == 0 || errno == EINVAL);
  const int problem = errno;
  written = close(file) == 0 && written;
  if (problem != 0 && !written)
    errno = problem;
  return written;
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
    if (!write(name, ((*report).*formatOf(name))()))
      return fail(ErrorCode::SystemError, name + ": " + strerror(errno));
  }
  return {};
}

} // namespace kiln::cli

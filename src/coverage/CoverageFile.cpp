// The public functions on coverage files.
#include "kiln/Coverage.h"

#include "coverage/Coverage.h"
#include "support/Files.h"

namespace kiln {
namespace {

Result<ProgramCoverage> readAll(const std::vector<std::string>& inputs) {
  ProgramCoverage all;
  for (const std::string& path : inputs) {
    auto bytes = readFile(path, kMaxCoverageBytes, ErrorCode::BadCoverage);
    if (!bytes)
      return std::unexpected(bytes.error());
    if (bytes->empty())
      return fail(ErrorCode::EmptyInput, path + ": the file is empty");
    auto one = coverageFromJson(*bytes);
    if (!one)
      return fail(one.error().code, path + ": " + one.error().message);
    if (auto added = addCoverage(all, std::move(*one)); !added)
      return fail(added.error().code, path + ": " + added.error().message);
  }
  return all;
}

} // namespace

Result<void> mergeCoverageFiles(const std::vector<std::string>& inputs, const std::string& output) {
  auto all = readAll(inputs);
  if (!all)
    return std::unexpected(all.error());
  return writeFile(output, coverageToJson(*all));
}

Result<std::string> reportCoverageFiles(const std::vector<std::string>& inputs, bool functions, bool lines) {
  auto all = readAll(inputs);
  if (!all)
    return std::unexpected(all.error());
  return coverageReport(*all, {functions, lines});
}

} // namespace kiln

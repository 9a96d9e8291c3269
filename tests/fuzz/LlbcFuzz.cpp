// libFuzzer's entry for containers. The first byte says what the others are: a file as it is, or a payload, which is
// put behind a header with the right checksum, so that the fuzzer gets past it. What the container's reader lets
// through goes to Kiln's reader of bitcode, and what that takes is looked at by BodyCheck; LLVM's own reader is not
// made for such bytes.
#include <llvm/IR/LLVMContext.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "program/BodyCheck.h"
#include "program/Llbc.h"
#include "program/ModuleReader.h"

namespace {

[[noreturn]] void stop(const char* what) {
  std::fprintf(stderr, "kiln_fuzz_llbc: %s\n", what);
  std::abort();
}

void readPayload(std::span<const char> payload) {
  // In memory of its own, so that a sanitizer sees a read behind it.
  auto bytes = std::make_shared<std::vector<char>>(payload.begin(), payload.end());
  llvm::LLVMContext context;
  auto reader = kiln::ModuleReader::open(kiln::Source{"fuzz", *bytes, bytes}, context);
  if (!reader)
    return;
  auto module = reader->takeModule();
  kiln::BodyCheck check;
  std::uint32_t index = 0;
  for (llvm::Function& function : *module) {
    if (function.isMaterializable() && reader->readBody(index))
      check.plainlyValid(function);
    ++index;
  }
}

void readFile(std::span<const char> bytes) {
  std::optional<kiln::ContainerHeader> header;
  const auto defects = kiln::llbc::defectsOf(bytes, header);
  auto container = kiln::llbc::parse(bytes);
  if (container.has_value() != defects.empty())
    stop("parse() and defectsOf() disagree");
  if (!container) {
    if (container.error().code != defects.front().code || container.error().offset > bytes.size() + 4)
      stop("the first defect is another one, or lies outside of the file");
    return;
  }
  const auto& [known, payload] = *container;
  if (known.moduleName.size() > kiln::kMaxContainerName || known.entry.size() > kiln::kMaxContainerEntry ||
      payload.size() != known.payloadBytes || known.headerBytes + payload.size() != bytes.size() ||
      payload.data() != bytes.data() + known.headerBytes)
    stop("what was read does not fit the file");
  readPayload(payload);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  std::span<const char> rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    readFile(rest);
    return 0;
  }
  auto written = kiln::llbc::write({}, rest);
  if (!written)
    stop("a container cannot be written");
  if (kiln::llbc::isBitcode(rest) != kiln::llbc::parse(*written).has_value())
    stop("what was written cannot be read");
  readFile(*written);
  return 0;
}

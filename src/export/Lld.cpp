#include "export/Lld.h"

#include <lld/Common/Driver.h>
#include <llvm/Support/raw_ostream.h>

#include <mutex>

#include "support/LlvmBridge.h"

LLD_HAS_DRIVER(elf)

namespace kiln {
namespace {

Error errorOf(const std::string& output) {
  // Which of lld's messages says what; of several the first decides. "error: undefined symbol: f".
  const bool unresolved = output.find("undefined symbol: ") != std::string::npos;
  const bool file = output.find("cannot open output file") != std::string::npos ||
                    output.find("failed to write") != std::string::npos;
  ErrorCode code = unresolved ? ErrorCode::UnresolvedSymbol : file ? ErrorCode::SystemError : ErrorCode::CompileFailed;
  constexpr int lines = 12;
  return {code, "the linker failed: " + firstLines(output.empty() ? "it gave no reason" : output, lines)};
}

} // namespace

Result<void> runLld(const std::vector<std::string>& words) {
  // The state that it protects is lld's.
  static std::mutex mutex;
  static bool broken = false;
  initializeLlvmTarget();
  std::lock_guard lock(mutex);
  if (broken)
    return fail(ErrorCode::CompileFailed, "the linker crashed earlier in this process and cannot be used again");
  std::vector<const char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(word.c_str());
  std::string out, errors;
  llvm::raw_string_ostream outStream(out), errorStream(errors);
  try {
    lld::Result result = lld::lldMain(arguments, outStream, errorStream, {{lld::Gnu, &lld::elf::link}});
    broken = !result.canRunAgain;
    if (result.retCode == 0)
      return {};
  } catch (const LlvmFatal& fatal) {
    broken = true;
    errors += fatal.message;
  }
  return std::unexpected(errorOf(errors));
}

} // namespace kiln

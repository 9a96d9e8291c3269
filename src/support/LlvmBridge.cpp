#include "support/LlvmBridge.h"

#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/TargetSelect.h>

#include <mutex>

// Bounds of the constructors that the link of the executable set aside (tools/kiln/DeferLlvm.ld); null in others, where
// all ran at process start.
extern "C" {
using Constructor = void (*)();
[[gnu::weak]] extern const Constructor kiln_llvm_constructors_begin[];
[[gnu::weak]] extern const Constructor kiln_llvm_constructors_end[];
}

namespace kiln {
namespace {

void runLlvmConstructors() {
  for (const Constructor* each = kiln_llvm_constructors_begin; each != kiln_llvm_constructors_end; ++each)
    (*each)();
}

} // namespace

std::string messageOf(llvm::Error error) { return llvm::toString(std::move(error)); }

void installFatalHandler() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::install_fatal_error_handler(
        [](void*, const char* reason, bool) { throw LlvmFatal{reason ? reason : "unknown"}; });
  });
}

void initializeLlvmTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    runLlvmConstructors();
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmParser();
    LLVMInitializeX86AsmPrinter();
  });
}

std::string firstLines(std::string_view text, int lines) {
  std::string out;
  for (std::size_t at = 0; at < text.size() && lines > 0; --lines) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    if (!out.empty())
      out += "; ";
    out += text.substr(at, end - at);
    at = end + 1;
  }
  return out;
}

} // namespace kiln

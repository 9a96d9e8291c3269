// libFuzzer's entry: bytes to a program, the program to the interpreter and three other modes, which the bytes choose.
// What differs stops the fuzzer, which keeps the bytes; `kiln_compare --reduce` makes a case of them.
#include <cstdio>
#include <cstdlib>

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include "Generator.h"
#include "Runner.h"

using namespace kiln::fuzz;

namespace {

constexpr unsigned kOthers = 3;

[[noreturn]] void stop(const char* what, const std::string& detail) {
  std::fprintf(stderr, "kiln_fuzz: %s: %s\n", what, detail.c_str());
  std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Mode> modes = allModes();
  llvm::LLVMContext context;
  auto module = generate(context, {data, size});
  std::string problems;
  llvm::raw_string_ostream out(problems);
  if (llvm::verifyModule(*module, &out))
    stop("the program is invalid", problems);
  Subject subject = Subject::of(*module);
  Outcome first = run(subject, modes.front());
  std::size_t sum = size;
  for (std::size_t i = 0; i < size; ++i)
    sum = sum * 31 + data[i];
  for (unsigned i = 0; i < kOthers; ++i) {
    const Mode& mode = modes[1 + (sum + i) % (modes.size() - 1)];
    Outcome other = run(subject, mode);
    if (!other.agrees(first))
      stop((modes.front().name + " and " + mode.name + " differ").c_str(), difference(first, other));
  }
  return 0;
}

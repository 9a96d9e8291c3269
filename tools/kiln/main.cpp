// The command `kiln`: parse, run, report errors. Exit status 2 is Kiln's own; any other is the program's.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "Allocate.h"
#include "Failure.h"
#include "Run.h"

extern "C" {
extern void* __dso_handle;
int __real___cxa_atexit(void (*function)(void*), void* argument, void* dso);

/// Linked in place of the C library's (see CMakeLists.txt). Destructors of this executable's own static objects are not
/// registered: exit() is the program's, and compile threads use LLVM's tables until the process is gone.
int __wrap___cxa_atexit(void (*function)(void*), void* argument, void* dso) {
  return dso == &__dso_handle ? 0 : __real___cxa_atexit(function, argument, dso);
}

/// In place of llvm::cl::Option::addArgument(). LLVM's options keep their defaults: the table by which a command line
/// would find them is never made.
void __wrap__ZN4llvm2cl6Option11addArgumentEv(void*) {}
}

namespace kiln::cli {
namespace {

/// The program's start, or the exit status in `status`.
const Program::MainCall* prepare(int argc, char** argv, int& status) {
  status = kErrorStatus;
  auto parsed = parseCommandLine(argc, argv);
  if (!parsed) {
    printError(parsed.error());
    return nullptr;
  }
  if (parsed->profile || parsed->coverage) {
    if (auto done = parsed->profile ? runProfile(*parsed->profile) : runCoverage(*parsed->coverage); !done)
      printError(done.error());
    else
      status = 0;
    return nullptr;
  }
  if (parsed->container) {
    if (auto done = runContainer(*parsed->container); !done)
      printError(done.error());
    else
      status = *done;
    return nullptr;
  }
  if (parsed->cache) {
    if (auto done = runCacheCommand(*parsed->cache); !done)
      printError(done.error());
    else
      status = 0;
    return nullptr;
  }
  if (parsed->exported) {
    if (auto done = runExport(*parsed->exported); !done)
      printError(done.error());
    else
      status = 0;
    return nullptr;
  }
  if (!parsed->run) {
    status = parsed->exitStatus;
    return nullptr;
  }
  auto* options = new RunOptions(std::move(*parsed->run));
  auto main = start(*options);
  if (!main) {
    printError(main.error());
    return nullptr;
  }
  status = 0;
  return *main ? new Program::MainCall(**main) : nullptr;
}

} // namespace
} // namespace kiln::cli

int main(int argc, char** argv) {
  kiln::cli::startArena();
  int status = 0;
  const kiln::Program::MainCall* program = kiln::cli::prepare(argc, argv, status);
  if (!program)
    return status;
  // No object with a destructor in this frame: see Program::MainCall.
  exit(program->call(environ));
}

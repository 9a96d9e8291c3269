// The command `kiln`: parse, run, report errors. Exit status 2 is Kiln's own; any other is the program's.
#include <cstdio>

#include "Run.h"

int main(int argc, char** argv) {
  auto parsed = kiln::cli::parseCommandLine(argc, argv);
  if (!parsed) {
    kiln::cli::printError(parsed.error());
    return 2;
  }
  if (!parsed->run)
    return parsed->exitStatus;
  if (auto done = kiln::cli::run(*parsed->run); !done) {
    kiln::cli::printError(done.error());
    return 2;
  }
  return 0;
}

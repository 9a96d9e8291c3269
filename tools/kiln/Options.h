// The command line of `kiln`, as one table (Options.cpp) and its result.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "CacheCommand.h"
#include "ContainerCommand.h"
#include "CoverageCommand.h"
#include "Export.h"
#include "ProfileCommand.h"
#include "kiln/Engine.h"

namespace kiln::cli {

struct Dump {
  Program::Dump kind;
  std::string function;
  std::optional<Tier> tier;
};

struct RunOptions {
  std::vector<std::string> files;
  std::vector<std::string> arguments; ///< for the program, without its name
  std::string programName;            ///< argv[0]
  std::string entry; ///< empty: the program's own
  std::vector<std::string> libraries;
  Options engine;
  bool stats = false;
  std::string statsFile; ///< empty: a table on stderr
  std::string profileFile; ///< to write; empty: none
  std::string earlierProfile; ///< to read; empty: none
  std::string coverageFile; ///< to write; empty: none
  std::string watchedFile; ///< redefines functions whenever it changes; empty: none
  std::vector<std::string> reports; ///< files to write
  bool watch = false;
  bool traceTiers = false;
  bool crashReport = true;
  std::optional<Dump> dump;
};

/// Parses the arguments of the process. Help and version are printed here and end in `exitStatus` without options.
struct Parsed {
  std::optional<RunOptions> run;
  std::optional<ProfileOptions> profile;
  std::optional<CacheCommandOptions> cache;
  std::optional<ContainerOptions> container;
  std::optional<CoverageOptions> coverage;
  std::optional<ExportCommand> exported;
  int exitStatus = 0;
};
Result<Parsed> parseCommandLine(int argc, char** argv);

} // namespace kiln::cli

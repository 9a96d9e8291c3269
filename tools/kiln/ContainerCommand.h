// `kiln pack`, `kiln unpack`, `kiln inspect`: containers of bitcode, without running them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kiln/Container.h"

namespace CLI {
class App;
}

namespace kiln::cli {

struct ContainerOptions {
  enum class Verb { Pack, Unpack, Inspect } verb = Verb::Inspect;
  std::string output;
  std::optional<std::string> name, entry;
  std::optional<unsigned> level;
  std::vector<std::string> files;
  bool json = false;
};

/// Adds the three commands with their options to the command line.
void describeContainer(CLI::App& app, ContainerOptions& options);

/// Does what was asked for. The exit status: 1 if a file that was inspected has a defect, else 0.
Result<int> runContainer(const ContainerOptions& options);

} // namespace kiln::cli

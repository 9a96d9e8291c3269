// The table of commands and options as the parser has it, taken apart for everything else that must say the same: manual
// pages, completions of shells, lists in the documentation. `kiln --generate KIND FOLDER` writes them; the build installs them.
// Nothing of it is written by hand a second time, so nothing can be forgotten when an option comes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "Words.h"
#include "kiln/Error.h"

namespace CLI {
class App;
}

namespace kiln::cli {

struct OptionEntry {
  std::vector<std::string> names; ///< "-o", "--output"; of an operand its name alone
  std::string value;              ///< "FILE"; empty: it takes none
  bool valueOptional = false;     ///< only as --name=VALUE
  bool repeatable = false;
  bool required = false;
  std::string text;
  ValueKind kind;
};

struct CommandEntry {
  std::string path;     ///< "kiln profile merge"
  std::string text;     ///< what it does
  std::string usage;    ///< how it is called; empty for a group of commands
  bool passesRest = false; ///< words behind the first operand are the program's
  std::vector<OptionEntry> options, operands;
  std::vector<CommandEntry> commands;

  std::string name() const { return path.substr(path.rfind(' ') + 1); }
};

/// The whole table. `app` knows all commands.
CommandEntry commandTable(const CLI::App& app);

/// A file that was made of the table.
struct Generated {
  std::string name, contents;
};
/// kiln.1 and a page for each command.
std::vector<Generated> manualPages(const CommandEntry& kiln, std::string_view version);
/// options.md, a page of the documentation.
Generated optionsPage(const CommandEntry& kiln);
Generated bashCompletion(const CommandEntry& kiln);
Generated zshCompletion(const CommandEntry& kiln);
Generated fishCompletion(const CommandEntry& kiln);

/// Writes what `kind` (man, bash, zsh, fish, markdown) names into the folder, which is made if it is missing.
Result<void> generate(const CLI::App& app, std::string_view kind, const std::string& folder);

} // namespace kiln::cli

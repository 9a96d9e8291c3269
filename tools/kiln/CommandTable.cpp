#include "CommandTable.h"

#include <CLI/CLI.hpp>

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "kiln/Engine.h"

namespace kiln::cli {
namespace {

constexpr std::string_view kGenerated[] = {"man", "bash", "zsh", "fish", "markdown"};

/// For a flag that also takes a value its name stands in the text, as --stats=FILE.
std::string optionalValue(const CLI::Option& option) {
  const std::string head = "--" + option.get_lnames().front() + "=", text = option.get_description();
  std::size_t at = text.find(head);
  if (at == std::string::npos)
    return "VALUE";
  std::size_t end = text.find_first_of(" ,;)", at);
  return text.substr(at + head.size(), end == std::string::npos ? end : end - at - head.size());
}

OptionEntry entryOf(const CLI::Option& option, const std::string& command) {
  OptionEntry entry;
  entry.text = option.get_description();
  entry.required = option.get_required();
  entry.repeatable = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  if (option.get_positional()) {
    entry.names = {option.get_name(true)};
    entry.repeatable = option.get_expected_max() > 1;
    entry.kind = valueKind(command, "<" + entry.names.front() + ">");
    return entry;
  }
  for (const std::string& name : option.get_snames())
    entry.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    entry.names.push_back("--" + name);
  if (option.get_expected_max() != 0)
    entry.value = option.get_type_name();
  else if (!option.get_fnames().empty()) {
    entry.value = optionalValue(option);
    entry.valueOptional = true;
  }
  // CLI11 writes a check into the name of the type: "N:POSITIVE".
  entry.value.resize(std::min(entry.value.find(":POSITIVE"), entry.value.size()));
  entry.kind = valueKind(command, entry.value);
  return entry;
}

CommandEntry commandOf(const CLI::App& app, const std::string& path) {
  CommandEntry command;
  command.path = path;
  command.text = app.get_description();
  if (std::size_t at = command.text.find(": kiln "); at != std::string::npos) {
    command.usage = command.text.substr(at + 2);
    command.text.resize(at);
  }
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty())
      (option->get_positional() ? command.operands : command.options).push_back(entryOf(*option, path));
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; }))
    command.commands.push_back(commandOf(*each, path + " " + each->get_name()));
  if (!command.commands.empty())
    command.usage.clear();
  // The parser leaves the rest of such a command line alone, files included.
  command.passesRest = app.get_prefix_command();
  if (command.passesRest) {
    OptionEntry files;
    files.names = {"FILE"};
    files.text = "Bitcode (.bc), a container (.llbc) or IR text (.ll)";
    files.required = files.repeatable = true;
    files.kind = valueKind(path, "<FILE>");
    command.operands.push_back(std::move(files));
  }
  return command;
}

Result<void> write(const std::string& folder, const Generated& file) {
  const std::string path = folder + "/" + file.name;
  FILE* out = fopen(path.c_str(), "w");
  bool written = out && fputs(file.contents.c_str(), out) >= 0;
  if (out)
    written = fclose(out) == 0 && written;
  if (!written)
    return fail(ErrorCode::SystemError, path + ": " + strerror(errno));
  return {};
}

} // namespace

CommandEntry commandTable(const CLI::App& app) { return commandOf(app, "kiln"); }

Result<void> generate(const CLI::App& app, std::string_view kind, const std::string& folder) {
  const auto which = indexIn(kGenerated, kind);
  if (!which)
    return fail(ErrorCode::BadOption, "--generate takes man, bash, zsh, fish or markdown, not '" + std::string(kind) + "'");
  const CommandEntry kiln = commandTable(app);
  std::vector<Generated> files;
  switch (*which) {
  case 0: files = manualPages(kiln, version()); break;
  case 1: files = {bashCompletion(kiln)}; break;
  case 2: files = {zshCompletion(kiln)}; break;
  case 3: files = {fishCompletion(kiln)}; break;
  default: files = {optionsPage(kiln)}; break;
  }
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
    return fail(ErrorCode::SystemError, folder + ": " + strerror(errno));
  for (const Generated& file : files)
    if (auto written = write(folder, file); !written)
      return written;
  return {};
}

} // namespace kiln::cli

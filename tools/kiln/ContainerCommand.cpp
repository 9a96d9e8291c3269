#include "ContainerCommand.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace kiln::cli {
namespace {

std::string hex(std::uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
  return text;
}

nlohmann::ordered_json toJson(const Inspection& file) {
  nlohmann::ordered_json out{
      {"file", file.file}, {"bytes", file.bytes}, {"kind", kindName(file.kind)}, {"sound", file.defects.empty()}};
  if (const auto& header = file.container)
    out["container"] = {
        {"version", header->version}, {"header_bytes", header->headerBytes},   {"name", header->moduleName},
        {"entry", header->entry},     {"payload_bytes", header->payloadBytes}, {"level", header->level},
        {"target", header->target},   {"checksum", hex(header->checksum)}};
  if (const auto& module = file.module)
    out["module"] = {{"producer", module->producer},         {"target", module->target},
                     {"source_file", module->sourceFile},    {"functions", module->functions},
                     {"declarations", module->declarations}, {"variables", module->variables},
                     {"debug_info", module->debugInfo}};
  out["defects"] = nlohmann::ordered_json::array();
  for (const Defect& defect : file.defects) {
    nlohmann::ordered_json item{{"code", errorCodeName(defect.code)}};
    if (defect.offset)
      item["offset"] = *defect.offset;
    item["message"] = defect.message;
    out["defects"].push_back(std::move(item));
  }
  return out;
}

void print(const Inspection& file) {
  printf("%s: %s, %zu bytes\n", file.file.c_str(), std::string(kindName(file.kind)).c_str(), file.bytes);
  if (const auto& header = file.container) {
    printf("  container   version %u, header of %zu bytes, payload of %u\n", header->version, header->headerBytes,
           header->payloadBytes);
    printf("  name        %s\n  entry       %s\n  level       %u\n", header->moduleName.c_str(),
           header->entry.empty() ? "(none: main)" : header->entry.c_str(), header->level);
    if (header->version != 1)
      printf("  target      %u\n  checksum    %s\n", header->target, hex(header->checksum).c_str());
  }
  if (const auto& module = file.module) {
    printf("  module      %zu functions, %zu declarations, %zu variables%s\n", module->functions, module->declarations,
           module->variables, module->debugInfo ? ", debug information" : "");
    printf("  for         %s\n  made by     %s\n  from        %s\n", module->target.c_str(), module->producer.c_str(),
           module->sourceFile.c_str());
  }
  for (const Defect& defect : file.defects) {
    printf("  defect      %s", std::string(errorCodeName(defect.code)).c_str());
    if (defect.offset)
      printf(" at byte %zu", *defect.offset);
    printf(": %s\n", defect.message.c_str());
  }
  if (file.defects.empty())
    printf("  sound\n");
}

Result<int> inspect(const ContainerOptions& options) {
  int status = 0;
  auto all = nlohmann::ordered_json::array();
  for (const std::string& path : options.files) {
    auto file = inspectFile(path);
    if (!file)
      return std::unexpected(file.error());
    if (!file->defects.empty())
      status = 1;
    if (options.json)
      all.push_back(toJson(*file));
    else
      print(*file);
  }
  // Names in files are bytes: what is no UTF-8 is replaced.
  if (options.json)
    puts(all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  if (fflush(stdout) != 0)
    return fail(ErrorCode::SystemError, std::string("standard output: ") + strerror(errno));
  return status;
}

} // namespace

void describeContainer(CLI::App& app, ContainerOptions& options) {
  using Verb = ContainerOptions::Verb;
  CLI::App* pack = app.add_subcommand("pack", "Make a container of a module: kiln pack IN -o OUT.llbc");
  pack->callback([&options] { options.verb = Verb::Pack; });
  pack->add_option("IN", options.files, "Bitcode, IR text, or a container of an earlier version")
      ->required()
      ->expected(1)
      ->type_name("");
  pack->add_option("-o,--output", options.output, "The file to write")->required()->type_name("FILE");
  pack->add_option("--name", options.name, "The module's name, at most 31 bytes (default: IN's)")->type_name("NAME");
  pack->add_option("--entry", options.entry,
                   "The function to start at, at most 63 bytes (default main, if there is one)")
      ->type_name("NAME");
  pack->add_option("--opt", options.level, "How far optimising is worth while, 0 to 3 (default 3)")->type_name("LEVEL");

  CLI::App* unpack = app.add_subcommand("unpack", "Take the bitcode out of a container: kiln unpack IN.llbc -o OUT.bc");
  unpack->callback([&options] { options.verb = Verb::Unpack; });
  unpack->add_option("IN", options.files, "The container")->required()->expected(1)->type_name("");
  unpack->add_option("-o,--output", options.output, "The file to write")->required()->type_name("FILE");

  CLI::App* inspect =
      app.add_subcommand("inspect", "Say what a module file is and what is wrong with it: kiln inspect FILE...");
  inspect->callback([&options] { options.verb = Verb::Inspect; });
  inspect->add_option("FILE", options.files, "Containers, bitcode or IR text, sound or damaged")
      ->required()
      ->type_name("");
  inspect->add_flag("--json", options.json, "As JSON");
}

Result<int> runContainer(const ContainerOptions& options) {
  if (options.verb == ContainerOptions::Verb::Inspect)
    return inspect(options);
  Result<void> done;
  if (options.verb == ContainerOptions::Verb::Pack)
    done = packContainer({options.files.front(), options.output, options.name, options.entry, options.level});
  else
    done = unpackContainer(options.files.front(), options.output);
  if (!done)
    return std::unexpected(done.error());
  return 0;
}

} // namespace kiln::cli

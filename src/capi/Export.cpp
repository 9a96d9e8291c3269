// Native export, apart from the rest: who links it links the linker.
#include "kiln/Export.h"

#include "capi/Common.h"

using namespace kiln::capi;

struct kiln_export {
  kiln::ExportOptions options;
};

namespace kiln::capi {
namespace {

using Text = std::string ExportOptions::*;
using List = std::vector<std::string> ExportOptions::*;

constexpr std::pair<const char*, Text> kTexts[] = {
    {"profile", &ExportOptions::profile},      {"output", &ExportOptions::output},
    {"entry", &ExportOptions::entry},          {"header", &ExportOptions::header},
    {"target-cpu", &ExportOptions::targetCpu}, {"sysroot", &ExportOptions::sysroot},
};
constexpr std::pair<const char*, List> kLists[] = {
    {"file", &ExportOptions::files},
    {"export", &ExportOptions::exports},
    {"library", &ExportOptions::libraries},
    {"library-folder", &ExportOptions::libraryFolders},
};
constexpr std::pair<const char*, ExportKind> kKinds[] = {{"executable", ExportKind::Executable},
                                                         {"object", ExportKind::Object},
                                                         {"shared-library", ExportKind::SharedLibrary}};
constexpr std::pair<const char*, ColdCode> kColds[] = {
    {"keep", ColdCode::Keep}, {"size", ColdCode::Size}, {"trap", ColdCode::Trap}};

template <typename T, std::size_t N>
kiln_error* choose(const std::pair<const char*, T> (&choices)[N], const char* name, const char* value, T& out) {
  std::string all;
  for (const auto& [text, choice] : choices) {
    if (std::string_view(text) == value) {
      out = choice;
      return nullptr;
    }
    all += (all.empty() ? "" : ", ") + std::string(text);
  }
  return failure(ErrorCode::BadOption, std::string("option '") + name + "' is one of " + all + ", not '" + value + "'");
}

kiln_error* set(ExportOptions& options, const char* name, const char* value) {
  for (const auto& [text, member] : kTexts)
    if (std::string_view(text) == name)
      return options.*member = value, nullptr;
  for (const auto& [text, member] : kLists)
    if (std::string_view(text) == name)
      return (options.*member).emplace_back(value), nullptr;
  if (std::string_view(name) == "kind")
    return choose(kKinds, name, value, options.kind);
  if (std::string_view(name) == "cold")
    return choose(kColds, name, value, options.cold);
  if (std::string_view(name) == "static")
    return parse(name, value, options.isStatic);
  return failure(ErrorCode::BadOption, std::string("there is no option '") + name + "'");
}

} // namespace
} // namespace kiln::capi

kiln_error* kiln_export_create(kiln_export** out) {
  return giving(out, [&]() -> kiln_error* {
    *out = new kiln_export;
    return nullptr;
  });
}

void kiln_export_free(kiln_export* options) {
  delete options;
}

kiln_error* kiln_export_set(kiln_export* options, const char* name, const char* value) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(options, "the options object");
    KILN_NEEDS(name, "the option's name");
    KILN_NEEDS(value, "the option's value");
    return set(options->options, name, value);
  });
}

kiln_error* kiln_export_set_phase(kiln_export* options, kiln_export_phase phase, void* context) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(options, "the options object");
    options->options.onPhase = nullptr;
    if (phase)
      options->options.onPhase = [phase, context](std::string_view name) { phase(context, std::string(name).c_str()); };
    return nullptr;
  });
}

kiln_error* kiln_export_run(const kiln_export* options, kiln_record** out) {
  if (out)
    *out = nullptr;
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(options, "the options object");
    auto made = kiln::exportProgram(options->options);
    if (!made)
      return failure(made.error());
    if (!out)
      return nullptr;
    return give({{"functions", made->functions},
                 {"profiled", made->profiled},
                 {"changed", made->changed},
                 {"cold", made->cold},
                 {"trapped", made->trapped},
                 {"emitted", made->emitted},
                 {"bytes", made->bytes}},
                out);
  });
}

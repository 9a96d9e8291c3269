#include "compile/baseline/Baseline.h"

namespace kiln::baseline {
namespace {

constexpr const char* kNotBuilt = "not built yet";

} // namespace

Baseline::Baseline(const Parts& parts, Settings settings, Host host)
    : parts_(parts), settings_(settings), host_(std::move(host)) {}

Baseline::~Baseline() = default;

std::variant<Version, Refusal, Error> Baseline::compile(const Source& source, std::uint32_t function) {
  const FunctionInfo& info = parts_.map.functions[function];
  // Damaged bodies are errors already, so that every tier finds them at the first call.
  if (auto body = source.world->prepared(source.world->functionAt(info.module, info.index)); !body)
    return body.error();
  return Refusal{kNotBuilt, std::string(info.name), ""};
}

std::variant<Version, Refusal, Error> Baseline::loopEntry(const Source& source, std::uint32_t function, std::uint32_t) {
  return compile(source, function);
}

Result<std::string> Baseline::dump(const Source&, std::uint32_t function) {
  return fail(ErrorCode::CompileFailed, "function '" + std::string(parts_.map.functions[function].name) +
                                            "' is refused by the baseline compiler: " + kNotBuilt);
}

ProgramProfile Baseline::harvest(const Source&) { return {}; }

Baseline::Totals Baseline::totals() const { return {}; }

} // namespace kiln::baseline

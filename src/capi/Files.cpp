// What needs no engine: ladders, profiles, coverage, the cache's folder, containers.
#include "capi/Common.h"
#include "kiln/Cache.h"
#include "kiln/Container.h"
#include "kiln/Coverage.h"
#include "kiln/Ladder.h"
#include "kiln/Observer.h"
#include "kiln/Profile.h"
#include "kiln/Version.h"

using namespace kiln::capi;

kiln_error* kiln_build_info(kiln_record** out) {
  return giving(out, [&]() -> kiln_error* {
    const kiln::BuildInfo info = kiln::buildInfo();
    return give({{"version", info.version},
                 {"build", info.build},
                 {"llvm", info.llvm},
                 {"shared_llvm", info.sharedLlvm},
                 {"cpu", info.cpu},
                 {"features", info.features}},
                out);
  });
}

const char* kiln_tier_name(kiln_tier tier) {
  return tier >= KILN_INTERPRETER && tier <= KILN_O3 ? kiln::tierName(static_cast<kiln::Tier>(tier)).data() : nullptr;
}

const char* kiln_event_name(int32_t kind) {
  return kind >= KILN_EVENT_REQUESTED && kind <= KILN_EVENT_REPLACED
             ? kiln::eventName(static_cast<kiln::TierEvent::Kind>(kind)).data()
             : nullptr;
}

kiln_error* kiln_tier_parse(const char* name, kiln_tier* out) {
  if (out)
    *out = KILN_TIER_NONE;
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(name, "the name");
    KILN_NEEDS(out, "the place for the result");
    auto tier = kiln::parseTier(name);
    if (!tier)
      return failure(kiln::ErrorCode::BadOption, std::string("'") + name + "' is not a tier");
    *out = static_cast<kiln_tier>(*tier);
    return nullptr;
  });
}

kiln_error* kiln_ladder_parse(const char* text, kiln_record** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(text, "the ladder");
    auto ladder = kiln::Ladder::parse(text);
    if (!ladder)
      return failure(ladder.error());
    auto rungs = nlohmann::ordered_json::array();
    for (const kiln::Rung& rung : ladder->rungs)
      rungs.push_back({{"tier", kiln::tierName(rung.tier)}, {"calls", rung.calls}, {"loops", rung.loops}});
    return give({{"text", ladder->text()},
                 {"straight", ladder->straight},
                 {"bottom", kiln::tierName(ladder->bottom())},
                 {"top", kiln::tierName(ladder->top())},
                 {"rungs", std::move(rungs)}},
                out);
  });
}

kiln_error* kiln_ladder_presets(kiln_record** out) {
  return giving(out, [&]() -> kiln_error* {
    auto list = nlohmann::ordered_json::array();
    for (const kiln::Preset& preset : kiln::presets())
      list.push_back({{"name", preset.name}, {"ladder", preset.ladder}, {"purpose", preset.purpose}});
    return give(std::move(list), out);
  });
}

int kiln_profile_format_for(const char* path) {
  return path && std::string_view(path).ends_with(".json") ? KILN_PROFILE_JSON : KILN_PROFILE_BINARY;
}

kiln_error* kiln_profile_merge(size_t count, const char* const* inputs, const char* output, int format) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(output, "the output");
    std::vector<std::string> files;
    if (kiln_error* error = texts(count, inputs, "an input", files))
      return error;
    if (format != KILN_PROFILE_JSON && format != KILN_PROFILE_BINARY)
      return failure(kiln::ErrorCode::BadOption, "there is no such format of profiles");
    return done(kiln::mergeProfileFiles(
        files, output, format == KILN_PROFILE_JSON ? kiln::ProfileFormat::Json : kiln::ProfileFormat::Binary));
  });
}

kiln_error* kiln_profile_describe(const char* path, size_t rows, char** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(path, "the path");
    return give(kiln::describeProfileFile(path, rows), out);
  });
}

kiln_error* kiln_coverage_merge(size_t count, const char* const* inputs, const char* output) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(output, "the output");
    std::vector<std::string> files;
    if (kiln_error* error = texts(count, inputs, "an input", files))
      return error;
    return done(kiln::mergeCoverageFiles(files, output));
  });
}

kiln_error* kiln_coverage_report(size_t count, const char* const* inputs, int functions, int lines, char** out) {
  return giving(out, [&]() -> kiln_error* {
    std::vector<std::string> files;
    if (kiln_error* error = texts(count, inputs, "an input", files))
      return error;
    return give(kiln::reportCoverageFiles(files, functions != 0, lines != 0), out);
  });
}

kiln_error* kiln_cache_describe(const char* folder, uint64_t limit, char** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(folder, "the folder");
    return give(kiln::describeCache(folder, limit), out);
  });
}

kiln_error* kiln_cache_clear(const char* folder, uint64_t* out) {
  if (out)
    *out = 0;
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(folder, "the folder");
    auto files = kiln::clearCache(folder);
    if (!files)
      return failure(files.error());
    if (out)
      *out = *files;
    return nullptr;
  });
}

namespace {

nlohmann::ordered_json fieldsOf(const kiln::ContainerHeader& header) {
  return {{"version", header.version}, {"header_bytes", header.headerBytes},   {"module_name", header.moduleName},
          {"entry", header.entry},     {"payload_bytes", header.payloadBytes}, {"level", header.level},
          {"target", header.target},   {"checksum", header.checksum}};
}

} // namespace

kiln_error* kiln_container_read_header(const char* path, kiln_record** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(path, "the path");
    auto header = kiln::readContainerHeader(path);
    return header ? give(fieldsOf(*header), out) : failure(header.error());
  });
}

kiln_error* kiln_container_pack(const char* input, const char* output, const char* module_name, const char* entry,
                                int level) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(input, "the input");
    KILN_NEEDS(output, "the output");
    kiln::PackOptions options;
    options.input = input;
    options.output = output;
    if (module_name)
      options.moduleName = module_name;
    if (entry)
      options.entry = entry;
    if (level < -1)
      return failure(kiln::ErrorCode::BadOption, "a container's level is 0 to 3, or -1 for what there is");
    if (level >= 0)
      options.level = static_cast<unsigned>(level);
    return done(kiln::packContainer(options));
  });
}

kiln_error* kiln_container_unpack(const char* input, const char* output) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(input, "the input");
    KILN_NEEDS(output, "the output");
    return done(kiln::unpackContainer(input, output));
  });
}

kiln_error* kiln_file_inspect(const char* path, kiln_record** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(path, "the path");
    auto seen = kiln::inspectFile(path);
    if (!seen)
      return failure(seen.error());
    nlohmann::ordered_json fields = {
        {"file", seen->file}, {"bytes", seen->bytes}, {"kind", kiln::kindName(seen->kind)}};
    if (seen->container)
      fields["container"] = fieldsOf(*seen->container);
    if (const auto& module = seen->module)
      fields["module"] = {{"producer", module->producer},         {"target", module->target},
                          {"source_file", module->sourceFile},    {"functions", module->functions},
                          {"declarations", module->declarations}, {"variables", module->variables},
                          {"debug_info", module->debugInfo}};
    auto defects = nlohmann::ordered_json::array();
    for (const kiln::Defect& defect : seen->defects) {
      nlohmann::ordered_json each = {{"code", static_cast<int>(defect.code)},
                                     {"code_name", kiln::errorCodeName(defect.code)},
                                     {"message", defect.message}};
      if (defect.offset)
        each["offset"] = *defect.offset;
      defects.push_back(std::move(each));
    }
    fields["defects"] = std::move(defects);
    return give(std::move(fields), out);
  });
}

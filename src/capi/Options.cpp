#include "capi/Options.h"

#include <array>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "capi/Common.h"

using namespace kiln::capi;

namespace kiln::capi {
namespace {

/// One option by name. The table below is the only place that knows them all; docs/capi.md is tested against it.
struct Named {
  const char* name;
  kiln_error* (*set)(Options& options, const char* name, const char* value);
  std::string (*get)(const Options& options);
};

template <auto First, auto... Rest> auto& reach(auto& options) {
  if constexpr (sizeof...(Rest) == 0)
    return options.*First;
  else
    return reach<Rest...>(options.*First);
}

/// A truth value, number or text at a path of members.
template <auto... Path> constexpr Named plain(const char* name) {
  return {name,
          [](Options& options, const char* option, const char* value) -> kiln_error* {
            auto& field = reach<Path...>(options);
            using Field = std::remove_reference_t<decltype(field)>;
            if constexpr (std::is_same_v<Field, bool>) {
              return parse(option, value, field);
            } else if constexpr (std::is_integral_v<Field>) {
              std::uint64_t number = 0;
              kiln_error* error = parse(option, value, std::numeric_limits<Field>::max(), number);
              if (!error)
                field = static_cast<Field>(number);
              return error;
            } else {
              field = value;
              return nullptr;
            }
          },
          [](const Options& options) -> std::string {
            const auto& field = reach<Path...>(options);
            using Field = std::remove_cvref_t<decltype(field)>;
            if constexpr (std::is_same_v<Field, bool>)
              return textOf(field);
            else if constexpr (std::is_integral_v<Field>)
              return std::to_string(field);
            else
              return field;
          }};
}

constexpr std::array<const char*, 3> kWhen = {"auto", "on", "off"};

/// An enumeration of Auto, On and Off.
template <auto Member> constexpr Named when(const char* name) {
  return {name,
          [](Options& options, const char* option, const char* value) -> kiln_error* {
            for (std::size_t i = 0; i < kWhen.size(); ++i)
              if (std::string_view(value) == kWhen[i]) {
                options.*Member = static_cast<std::remove_reference_t<decltype(options.*Member)>>(i);
                return nullptr;
              }
            return failure(ErrorCode::BadOption,
                           std::string("option '") + option + "' is auto, on or off, not '" + value + "'");
          },
          [](const Options& options) { return std::string(kWhen[static_cast<std::size_t>(options.*Member)]); }};
}

kiln_error* setLadder(Options& options, const char*, const char* value) {
  auto ladder = Ladder::parse(value);
  if (!ladder)
    return failure(ladder.error());
  options.ladder = std::move(*ladder);
  return nullptr;
}

constexpr Named kOptions[] = {
    {"ladder", setLadder, [](const Options& options) { return options.ladder.text(); }},
    plain<&Options::compileThreads>("compile-threads"),
    when<&Options::counting>("counting"),
    when<&Options::profiling>("profiling"),
    plain<&Options::recorders>("recorders"),
    plain<&Options::pgo>("pgo"),
    plain<&Options::coverage>("coverage"),
    plain<&Options::report>("report"),
    plain<&Options::osr>("osr"),
    plain<&Options::osrAt>("osr-at"),
    plain<&Options::speculate>("speculate"),
    plain<&Options::exitAt>("exit-at"),
    plain<&Options::exitLimit>("exit-limit"),
    plain<&Options::constantAfter>("constant-after"),
    plain<&Options::baselineRegisters>("baseline-registers"),
    plain<&Options::baselinePlainCpu>("baseline-plain-cpu"),
    plain<&Options::crashOnRefusal>("crash-on-refusal"),
    plain<&Options::codeLimit>("code-limit"),
    plain<&Options::retireAt>("retire-at"),
    plain<&Options::queueCapacity>("queue-capacity"),
    plain<&Options::cache, &CacheOptions::folder>("cache-folder"),
    plain<&Options::cache, &CacheOptions::limit>("cache-limit"),
    plain<&Options::cache, &CacheOptions::remote>("cache-remote"),
    plain<&Options::cache, &CacheOptions::keyFile>("cache-key-file"),
    plain<&Options::cache, &CacheOptions::remoteMilliseconds>("cache-remote-milliseconds"),
    plain<&Options::cache, &CacheOptions::leastMicroseconds>("cache-least-microseconds"),
    plain<&Options::cache, &CacheOptions::endMilliseconds>("cache-end-milliseconds"),
    plain<&Options::verifyAll>("verify-all"),
    plain<&Options::perfMap>("perf-map"),
    plain<&Options::gdb>("gdb"),
    plain<&Options::jitdump>("jitdump"),
    plain<&Options::eager>("eager"),
};

const Named* find(const char* name) {
  for (const Named& each : kOptions)
    if (std::string_view(each.name) == name)
      return &each;
  return nullptr;
}

kiln_error* unknown(const char* name) {
  return failure(ErrorCode::BadOption, std::string("there is no option '") + name + "'");
}

static_assert(sizeof(kiln_crash_frame) == sizeof(CrashFrame) && sizeof(Tier) == 1 && sizeof(bool) == 1 &&
                  offsetof(kiln_crash_frame, function) == offsetof(CrashFrame, function) &&
                  offsetof(kiln_crash_frame, tier) == offsetof(CrashFrame, tier) &&
                  offsetof(kiln_crash_frame, is_loop) == offsetof(CrashFrame, isLoop) &&
                  offsetof(kiln_crash_frame, file) == offsetof(CrashFrame, file) &&
                  offsetof(kiln_crash_frame, line) == offsetof(CrashFrame, line),
              "a crash handler of C gets the frames where they lie");

} // namespace
} // namespace kiln::capi

kiln_error* kiln_options_create(kiln_options** out) {
  return giving(out, [&]() -> kiln_error* {
    *out = new kiln_options;
    return nullptr;
  });
}

void kiln_options_free(kiln_options* options) {
  delete options;
}

kiln_error* kiln_options_set(kiln_options* options, const char* name, const char* value) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(options, "the options object");
    KILN_NEEDS(name, "the option's name");
    KILN_NEEDS(value, "the option's value");
    const Named* option = find(name);
    return option ? option->set(options->options, name, value) : unknown(name);
  });
}

kiln_error* kiln_options_get(const kiln_options* options, const char* name, char** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(options, "the options object");
    KILN_NEEDS(name, "the option's name");
    const Named* option = find(name);
    return option ? give(option->get(options->options), out) : unknown(name);
  });
}

kiln_error* kiln_options_list(kiln_record** out) {
  return giving(out, [&]() -> kiln_error* {
    auto list = nlohmann::ordered_json::array();
    const kiln::Options defaults;
    for (const Named& each : kOptions)
      list.push_back({{"name", each.name}, {"value", each.get(defaults)}});
    return give(std::move(list), out);
  });
}

kiln_error* kiln_options_set_observer(kiln_options* options, kiln_observer observer, void* context) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(options, "the options object");
    options->observer = observer;
    options->observerContext = context;
    return nullptr;
  });
}

kiln_error* kiln_options_set_uncompilable(kiln_options* options, kiln_uncompilable handler, void* context) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(options, "the options object");
    options->uncompilable = handler;
    options->uncompilableContext = context;
    return nullptr;
  });
}

kiln_error* kiln_options_set_crash_handler(kiln_options* options, kiln_crash_handler handler) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(options, "the options object");
    // The frames have one layout in both languages (above), so that nothing is copied while the process dies.
    options->options.onCrash = reinterpret_cast<kiln::CrashHandler>(handler);
    return nullptr;
  });
}

// Inputs

kiln_error* kiln_input_create(kiln_input** out) {
  return giving(out, [&]() -> kiln_error* {
    *out = new kiln_input;
    return nullptr;
  });
}

void kiln_input_free(kiln_input* input) {
  delete input;
}

kiln_error* kiln_input_add_file(kiln_input* input, const char* path) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(input, "the input");
    KILN_NEEDS(path, "the path");
    input->input.files.emplace_back(path);
    return nullptr;
  });
}

kiln_error* kiln_input_add_memory(kiln_input* input, const char* name, const void* bytes, size_t size) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(input, "the input");
    KILN_NEEDS(name, "the name");
    KILN_NEEDS(bytes || size == 0, "the memory");
    const std::string& kept = input->bytes.emplace_back(static_cast<const char*>(bytes), size);
    input->input.buffers.push_back({name, kept});
    return nullptr;
  });
}

kiln_error* kiln_input_add_library(kiln_input* input, const char* library) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(input, "the input");
    KILN_NEEDS(library, "the library");
    input->input.libraries.emplace_back(library);
    return nullptr;
  });
}

kiln_error* kiln_input_add_host(kiln_input* input, const char* name, const void* address) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(input, "the input");
    KILN_NEEDS(name, "the name");
    KILN_NEEDS(address, "the address");
    input->input.hostFunctions.push_back({name, address});
    return nullptr;
  });
}

kiln_error* kiln_input_set_profile(kiln_input* input, const char* path) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(input, "the input");
    input->input.profile = path ? path : "";
    return nullptr;
  });
}

kiln_error* kiln_input_set_run_constructors(kiln_input* input, int run) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(input, "the input");
    input->input.runConstructors = run != 0;
    return nullptr;
  });
}

kiln_error* kiln_input_set_replaceable(kiln_input* input, int replaceable) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(input, "the input");
    input->input.replaceable = replaceable != 0;
    return nullptr;
  });
}

// Engines and programs.
#include "capi/Common.h"
#include "capi/Options.h"

using namespace kiln::capi;

namespace kiln::capi {
namespace {

static_assert(KILN_BAD_REPLACEMENT == static_cast<int>(ErrorCode::BadReplacement));
static_assert(KILN_INTERPRETER == static_cast<int>(Tier::Interpreter) && KILN_O3 == static_cast<int>(Tier::O3));
static_assert(KILN_EVENT_REPLACED == static_cast<int>(TierEvent::Kind::Replaced));
static_assert(KILN_DUMP_OPS == static_cast<int>(Program::Dump::Ops));

/// Hands events on to C.
class CObserver final : public Observer {
public:
  CObserver(kiln_observer function, void* context) : function_(function), context_(context) {}

  void onTierEvent(const TierEvent& event) override {
    auto slice = [](std::string_view text) { return kiln_slice{text.data(), text.size()}; };
    kiln_tier_event out = {};
    out.kind = static_cast<std::int32_t>(event.kind);
    out.from = event.from ? static_cast<kiln_tier>(*event.from) : KILN_TIER_NONE;
    out.to = static_cast<kiln_tier>(event.to);
    out.loop = event.loop ? static_cast<std::int64_t>(*event.loop) : -1;
    out.program = slice(event.program);
    out.function = slice(event.function);
    out.reason = slice(event.reason);
    out.calls = event.calls;
    out.loops = event.loops;
    out.nanoseconds = event.nanoseconds;
    out.compile_nanoseconds = event.compileNanoseconds;
    function_(context_, &out);
  }

private:
  const kiln_observer function_;
  void* const context_;
};

Result<Tier> tierFrom(kiln_tier tier) {
  if (tier < KILN_INTERPRETER || tier > KILN_O3)
    return kiln::fail(ErrorCode::BadOption, "there is no tier of the number " + std::to_string(tier));
  return static_cast<Tier>(tier);
}

} // namespace
} // namespace kiln::capi

// Destroyed in the opposite order: the engine's threads call the observer.
struct kiln_engine {
  std::unique_ptr<CObserver> observer;
  std::unique_ptr<kiln::Engine> engine;
};

struct kiln_program {
  std::unique_ptr<kiln::Program> program;
};

kiln_error* kiln_engine_create(const kiln_options* options, kiln_engine** out) {
  return giving(out, [&]() -> kiln_error* {
    kiln::Options chosen = options ? options->options : kiln::Options{};
    auto made = std::make_unique<kiln_engine>();
    if (options && options->observer) {
      made->observer = std::make_unique<CObserver>(options->observer, options->observerContext);
      chosen.observer = made->observer.get();
    }
    if (options && options->uncompilable)
      chosen.onUncompilable = [handler = options->uncompilable,
                               context = options->uncompilableContext](const kiln::Error& error) {
        const kiln_error told{static_cast<int>(error.code), error.message};
        handler(context, &told);
      };
    auto engine = kiln::Engine::create(std::move(chosen));
    if (!engine)
      return failure(engine.error());
    made->engine = std::move(*engine);
    *out = made.release();
    return nullptr;
  });
}

void kiln_engine_free(kiln_engine* engine) {
  delete engine;
}

void kiln_engine_shutdown(kiln_engine* engine) {
  if (engine)
    engine->engine->shutdown();
}

namespace {

kiln_error* load(kiln_engine* engine, const kiln::ProgramInput& input, kiln_program** out) {
  auto made = std::make_unique<kiln_program>();
  auto program = engine->engine->load(input);
  if (!program)
    return failure(program.error());
  made->program = std::move(*program);
  *out = made.release();
  return nullptr;
}

} // namespace

kiln_error* kiln_engine_load(kiln_engine* engine, const kiln_input* input, kiln_program** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(engine, "the engine");
    KILN_NEEDS(input, "the input");
    return load(engine, input->input, out);
  });
}

kiln_error* kiln_engine_load_file(kiln_engine* engine, const char* path, kiln_program** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(engine, "the engine");
    KILN_NEEDS(path, "the path");
    return load(engine, kiln::ProgramInput::file(path), out);
  });
}

void kiln_program_free(kiln_program* program) {
  delete program;
}

kiln_error* kiln_program_function(kiln_program* program, const char* name, void** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(name, "the name");
    auto address = program->program->functionAddress(name);
    if (!address)
      return failure(address.error());
    *out = *address;
    return nullptr;
  });
}

kiln_error* kiln_program_variable(kiln_program* program, const char* name, void** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(name, "the name");
    auto address = program->program->variableAddress(name);
    if (!address)
      return failure(address.error());
    *out = *address;
    return nullptr;
  });
}

const char* kiln_program_entry(const kiln_program* program) {
  return program ? program->program->entry().data() : nullptr; // of a std::string, which ends in a NUL
}

kiln_error* kiln_program_prepare_main(kiln_program* program, size_t count, const char* const* arguments,
                                      const char* entry, kiln_main_call* out) {
  if (out)
    *out = {};
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(out, "the place for the result");
    std::vector<std::string> words;
    if (kiln_error* error = texts(count, arguments, "an argument", words))
      return error;
    auto call = program->program->prepareMain(words, entry ? entry : "");
    if (!call)
      return failure(call.error());
    *out = {call->function, call->returnsInt, call->argc, call->argv};
    return nullptr;
  });
}

kiln_error* kiln_program_run_main(kiln_program* program, size_t count, const char* const* arguments, const char* entry,
                                  int* status) {
  if (status)
    *status = 0;
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    std::vector<std::string> words;
    if (kiln_error* error = texts(count, arguments, "an argument", words))
      return error;
    auto result = program->program->runMain(words, entry ? entry : "");
    if (!result)
      return failure(result.error());
    if (status)
      *status = *result;
    return nullptr;
  });
}

kiln_error* kiln_program_tier_of(kiln_program* program, const char* name, kiln_tier* out) {
  if (out)
    *out = KILN_TIER_NONE;
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(name, "the name");
    KILN_NEEDS(out, "the place for the result");
    auto tier = program->program->tierOf(name);
    if (!tier)
      return failure(tier.error());
    *out = *tier ? static_cast<kiln_tier>(**tier) : KILN_TIER_NONE;
    return nullptr;
  });
}

kiln_error* kiln_program_promote(kiln_program* program, const char* name, kiln_tier tier, int wait) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(name, "the name");
    auto to = tierFrom(tier);
    return to ? done(program->program->promote(name, *to, wait != 0)) : failure(to.error());
  });
}

kiln_error* kiln_program_demote(kiln_program* program, const char* name, kiln_tier tier) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(name, "the name");
    auto to = tierFrom(tier);
    return to ? done(program->program->demote(name, *to)) : failure(to.error());
  });
}

kiln_error* kiln_program_replace(kiln_program* program, const char* name, const kiln_input* input, kiln_record** out) {
  if (out)
    *out = nullptr;
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(input, "the input");
    auto made = name ? program->program->replace(name, input->input) : program->program->replace(input->input);
    if (!made)
      return failure(made.error());
    if (!out)
      return nullptr;
    return give({{"replaced", made->replaced}, {"added", made->added}, {"unchanged", made->unchanged}}, out);
  });
}

kiln_error* kiln_program_statistics(kiln_program* program, kiln_record** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    return give(nlohmann::ordered_json::parse(program->program->statistics().json()), out);
  });
}

kiln_error* kiln_program_statistics_table(kiln_program* program, size_t rows, char** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    return give(program->program->statistics().table(rows), out);
  });
}

kiln_error* kiln_program_hot_functions(kiln_program* program, size_t count, kiln_record** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    kiln::Statistics some;
    some.functions = program->program->hotFunctions(count);
    return give(nlohmann::ordered_json::parse(some.json()).at("functions"), out);
  });
}

size_t kiln_program_retire(kiln_program* program) {
  return program ? program->program->retire() : 0;
}

void kiln_program_unload_libraries(kiln_program* program) {
  if (program)
    program->program->unloadLibraries();
}

void kiln_program_wait_for_compiles(kiln_program* program) {
  if (program)
    program->program->waitForCompiles();
}

void kiln_program_save_to_cache(kiln_program* program) {
  if (program)
    program->program->saveToCache();
}

kiln_error* kiln_program_write_profile(kiln_program* program, const char* path, int format) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(path, "the path");
    if (format != KILN_PROFILE_JSON && format != KILN_PROFILE_BINARY)
      return failure(kiln::ErrorCode::BadOption, "there is no such format of profiles");
    return done(program->program->writeProfile(path, format == KILN_PROFILE_JSON ? kiln::ProfileFormat::Json
                                                                                 : kiln::ProfileFormat::Binary));
  });
}

kiln_error* kiln_program_write_coverage(kiln_program* program, const char* path) {
  return guarded([&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(path, "the path");
    return done(program->program->writeCoverage(path));
  });
}

kiln_error* kiln_program_report(kiln_program* program, int format, char** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    if (format != KILN_REPORT_JSON && format != KILN_REPORT_CSV && format != KILN_REPORT_PAGE)
      return failure(kiln::ErrorCode::BadOption, "there is no such format of reports");
    auto report = program->program->report();
    if (!report)
      return failure(report.error());
    return give(format == KILN_REPORT_JSON ? report->json() : format == KILN_REPORT_CSV ? report->csv() : report->html(), out);
  });
}

kiln_error* kiln_program_dump(kiln_program* program, const char* name, kiln_tier tier, int kind, char** out) {
  return giving(out, [&]() -> kiln_error* {
    KILN_NEEDS(program, "the program");
    KILN_NEEDS(name, "the name");
    if (kind < KILN_DUMP_IR || kind > KILN_DUMP_OPS)
      return failure(kiln::ErrorCode::BadOption, "there is no such kind of dump");
    auto at = tierFrom(tier);
    if (!at)
      return failure(at.error());
    return give(program->program->dump(name, *at, static_cast<kiln::Program::Dump>(kind)), out);
  });
}

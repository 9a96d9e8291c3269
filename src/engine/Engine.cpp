// The public classes: each call goes to its core.
#include "kiln/Engine.h"

#include <unistd.h>

#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"

namespace kiln {

std::string_view version() { return KILN_VERSION; }

ProgramInput ProgramInput::file(std::string path) {
  ProgramInput input;
  input.files.push_back(std::move(path));
  return input;
}

ProgramInput ProgramInput::memory(std::string name, std::span<const char> bytes) {
  ProgramInput input;
  input.buffers.push_back({std::move(name), bytes});
  return input;
}

Result<std::unique_ptr<Engine>> Engine::create(Options options) {
  if (options.ladder.rungs.empty())
    return fail(ErrorCode::BadLadder, "the ladder has no tier");
  if (options.queueCapacity == 0)
    return fail(ErrorCode::BadOption, "the queue needs room for at least one request");
  if (options.osrAt != 0 && !options.osr)
    return fail(ErrorCode::BadOption, "loops cannot be made to move with on-stack replacement switched off");
  if (options.compileThreads > 256)
    return fail(ErrorCode::BadOption, "more than 256 compile threads");
  auto cache = cache::CodeCache::create(options.cache);
  if (!cache)
    return std::unexpected(cache.error());
  return std::unique_ptr<Engine>(new Engine(EngineCore::create(std::move(options), std::move(*cache))));
}

Engine::~Engine() { shutdown(); }

void Engine::shutdown() { core_->shutdown(); }

Result<std::unique_ptr<Program>> Engine::load(const ProgramInput& input) {
  if (core_->stopped())
    return fail(ErrorCode::ShutDown, "the engine was shut down");
  auto core = ProgramCore::load(core_, input);
  if (!core)
    return std::unexpected(core.error());
  if (input.runConstructors)
    if (auto done = (*core)->runConstructors(0, nullptr, environ); !done)
      return std::unexpected(done.error());
  return std::unique_ptr<Program>(new Program(std::move(*core)));
}

Program::~Program() = default;

Result<void*> Program::functionAddress(std::string_view name) { return core_->functionAddress(name); }
Result<void*> Program::variableAddress(std::string_view name) { return core_->variableAddress(name); }

Result<Program::MainCall> Program::prepareMain(std::span<const std::string> arguments, std::string_view entry) {
  return core_->prepareMain(arguments, entry);
}

std::string_view Program::entry() const { return core_->entry(); }

Result<int> Program::runMain(std::span<const std::string> arguments, std::string_view entry) {
  auto start = core_->prepareMain(arguments, entry);
  if (!start)
    return std::unexpected(start.error());
  return start->call(environ);
}

namespace {

/// `use` on the function of that name, or the error of looking it up. (libstdc++ 12's expected has no and_then.)
template <typename Use>
auto onFunction(ProgramCore& core, std::string_view name, Use&& use)
    -> decltype(use(std::declval<ProgramCore&>(), std::declval<FunctionRecord&>())) {
  auto place = core.locate(name);
  if (!place)
    return std::unexpected(place.error());
  return use(*place->core, *place->record);
}

} // namespace

Result<std::optional<Tier>> Program::tierOf(std::string_view name) {
  return onFunction(*core_, name, [&](ProgramCore& core, FunctionRecord& record) -> Result<std::optional<Tier>> { return core.statisticsOf(record).tier; });
}

Result<void> Program::promote(std::string_view name, Tier tier, bool wait) {
  return onFunction(*core_, name, [&](ProgramCore& core, FunctionRecord& record) { return core.promote(record, tier, wait); });
}

Result<void> Program::demote(std::string_view name, Tier tier) {
  return onFunction(*core_, name, [&](ProgramCore& core, FunctionRecord& record) { return core.demote(record, tier); });
}

std::vector<FunctionStatistics> Program::hotFunctions(std::size_t count) {
  auto functions = core_->statistics().functions;
  if (functions.size() > count)
    functions.resize(count);
  return functions;
}

Result<Program::Replacement> Program::replace(const ProgramInput& input) { return core_->replace(std::nullopt, input); }
Result<Program::Replacement> Program::replace(std::string_view name, const ProgramInput& input) {
  return core_->replace(name, input);
}

Statistics Program::statistics() { return core_->statistics(); }

std::size_t Program::retire() { return core_->retire(); }

void Program::unloadLibraries() { core_->unloadLibraries(); }

void Program::waitForCompiles() {
  core_->engine().pool.startIfAsked();
  core_->engine().queue.drain(core_.get());
  for (const auto& child : core_->children())
    core_->engine().queue.drain(child.get());
}

Result<void> Program::writeProfile(const std::string& path, ProfileFormat format) {
  return core_->writeProfile(path, format);
}

Result<void> Program::writeCoverage(const std::string& path) { return core_->writeCoverage(path); }
Result<Report> Program::report() { return core_->report(); }
void Program::saveToCache() { core_->saveToCache(); }

Result<std::string> Program::dump(std::string_view name, Tier tier, Dump kind) {
  return onFunction(*core_, name, [&](ProgramCore& core, FunctionRecord& record) {
    if (kind == Dump::Ops)
      return core.dumpLow(record, Tier::Interpreter);
    if (tier == Tier::Interpreter)
      return Result<std::string>(fail(ErrorCode::BadOption, "the interpreter makes ops, no code that could be shown so"));
    if (tier == Tier::Baseline && kind == Dump::Ir)
      return Result<std::string>(fail(ErrorCode::BadOption, "baseline code is made straight from the prepared function: ask for assembly"));
    if (tier == Tier::Baseline)
      return core.dumpLow(record, Tier::Baseline);
    return core.dump(record, tier, kind == Dump::Ir ? DumpKind::Ir : DumpKind::Assembly);
  });
}

} // namespace kiln

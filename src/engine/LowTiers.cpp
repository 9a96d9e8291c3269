// The low tiers, interpreter and baseline: made in the threads of the program, from the foreground's world.
#include <algorithm>

#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "engine/SignalHandlers.h"
#include "profile/Harvest.h"
#include "profile/ProfileFile.h"
#include "support/Hash.h"
#include "support/SignalBlock.h"

namespace kiln {
namespace {

/// What a tier records. Auto: everything, if there is a tier above that can use it.
std::uint32_t recordersOf(const Options& options, const Ladder& ladder, Tier tier) {
  bool wanted = options.profiling == Profiling::On ||
                (options.profiling == Profiling::Auto && ladder.above(tier) != nullptr);
  return wanted ? options.recorders : 0;
}

/// How many back-edges a small loop of baseline code may keep to itself: a little of what the next rungs wait for.
std::uint32_t batchOf(const Options& options, const Ladder& ladder) {
  constexpr std::uint64_t kLargest = 1024, kShare = 64;
  std::uint64_t batch = options.osrAt != 0 ? 1 : kLargest;
  for (const Rung& rung : ladder.rungs)
    if (rung.tier > Tier::Baseline)
      batch = std::min(batch, std::max<std::uint64_t>(rung.loops / kShare, 1));
  return static_cast<std::uint32_t>(batch);
}

bool recordsAtOnce(const Options& options, const Ladder& ladder) {
  return options.profiling == Profiling::On || recordingStart(ladder).calls == 0;
}

bool has(const Ladder& ladder, Tier tier) {
  for (const Rung& rung : ladder.rungs)
    if (rung.tier == tier)
      return true;
  return false;
}

} // namespace

RecordingStart ProgramCore::recordingStage() const {
  const Options& options = engine_->options;
  if (recordersOf(options, options.ladder, Tier::Baseline) == 0 || recordsAtOnce(options, options.ladder))
    return {};
  return recordingStart(options.ladder);
}

void ProgramCore::makeLowTiers() {
  const Options& options = engine_->options;
  auto hostOf = [this](auto& host, Tier tier) {
    host.forceOsr = [this, tier](std::uint32_t id, std::uint32_t loop) { return forceOsr(table_->record(id), loop, tier); };
  };
  interp::Interpreter::Settings decoding;
  decoding.osrAt = options.osrAt;
  decoding.decode.record = recordersOf(options, tiers_->ladder(), Tier::Interpreter);
  decoding.decode.loops = tiers_->counts(Tier::Interpreter) || options.osrAt != 0 || decoding.decode.record != 0;
  decoding.decode.framed = options.gdb;
  interp::Interpreter::Host interpreterHost;
  hostOf(interpreterHost, Tier::Interpreter);
  interpreterHost.loopBudgetSpent = [this](std::uint32_t id, std::uint32_t loop) {
    return onLoopBudgetSpent(table_->record(id), loop, Tier::Interpreter, true);
  };
  interpreterHost.prepareOsr = [this](interp::LoopHeader& header) {
    prepareTransfer([&](World& world, const WorldSymbols& symbols) { interpreter_->prepareOsr({&world, &symbols}, header); });
  };
  interp::Interpreter::Parts parts{map_, *table_, *space_, unwind_, host_, threadLocals_};
  interpreter_ = std::make_unique<interp::Interpreter>(parts, decoding, std::move(interpreterHost));

  baseline::Baseline::Settings compiling;
  compiling.osrAt = options.osrAt;
  compiling.record = recordersOf(options, tiers_->ladder(), Tier::Baseline);
  compiling.recordLate = !recordsAtOnce(options, tiers_->ladder());
  compiling.count = tiers_->counts(Tier::Baseline) || options.osrAt != 0 || compiling.record != 0;
  compiling.batch = compiling.count ? batchOf(options, tiers_->ladder()) : 1;
  compiling.lines = wantsLines(options);
  compiling.registers = options.baselineRegisters;
  compiling.plainCpu = options.baselinePlainCpu;
  baseline::Baseline::Host baselineHost;
  hostOf(baselineHost, Tier::Baseline);
  baselineHost.loopBudgetSpent = [this](std::uint32_t id, std::uint32_t loop, bool records) {
    return onLoopBudgetSpent(table_->record(id), loop, Tier::Baseline, records);
  };
  baselineHost.argumentVaries = [this](std::uint32_t id, std::uint32_t argument) {
    return interpreter_->argumentVaries(id, argument);
  };
  if (engine_->cache && mayUseKept()) {
    baselineHost.kept = [this](std::uint32_t id, bool record) { return keptBaseline(id, record); };
    baselineHost.keep = [this](std::uint32_t id, bool record, std::string bytes, bool refused, std::uint64_t nanoseconds) {
      if (baselineKept_)
        baselineKept_->add({id, record}, std::move(bytes), refused, nanoseconds);
    };
  }
  baselineHost.prepareOsr = [this](baseline::LoopRecord& record) {
    prepareTransfer([&](World& world, const WorldSymbols& symbols) { baseline_->prepareOsr({&world, &symbols}, record); });
  };
  baseline_ = std::make_unique<baseline::Baseline>(
      baseline::Baseline::Parts{map_, *table_, *space_, unwind_, host_, threadLocals_}, compiling, std::move(baselineHost));
}

/// For the compilers that optimise by it. `earlier` is a profile file, or empty.
Result<void> ProgramCore::makeProfile(const std::string& earlier) {
  ProgramProfile known;
  if (!earlier.empty()) {
    auto read = readProfile(earlier);
    if (!read)
      return std::unexpected(read.error());
    known = std::move(*read);
    earlierProfile_ = digestOf(profileToBinary(known));
  }
  const Options& options = engine_->options;
  const Ladder& ladder = tiers_->ladder();
  const bool recorded = has(ladder, Tier::Interpreter) ? recordersOf(options, ladder, Tier::Interpreter) != 0
                                                       : recordersOf(options, ladder, Tier::Baseline) != 0;
  if (options.pgo && (recorded || !known.functions.empty()))
    profile_ = std::make_unique<RunProfile>(RunProfile::Parts{map_, *table_, *interpreter_, *baseline_}, std::move(known));
  return {};
}

/// Before a loop's first transfer. It allocates: where that may not be, another activation will do it.
template <typename Work> void ProgramCore::prepareTransfer(Work&& work) {
  SignalBlock block;
  if (mayBeInHandler(block.before()))
    return;
  std::lock_guard lock(foreground_);
  onForeground(
      [&](World& world, const WorldSymbols& symbols) -> LowResult {
        work(world, symbols);
        return Version{};
      },
      [](LowResult) {});
}

Result<std::optional<Refusal>> ProgramCore::tryLow(FunctionRecord& record, Tier tier, std::string_view reason, bool force) {
  std::optional<Refusal> refusal;
  const bool records = recordsAtOnce(engine_->options, tiers_->ladder()) ||
                       record.recording.load(std::memory_order_relaxed) == Recording::On;
  auto compile = [&](World& world, const WorldSymbols& symbols) {
    return tier == Tier::Interpreter ? interpreter_->compile({&world, &symbols}, record.id)
                                     : baseline_->compile({&world, &symbols}, record.id, records);
  };
  auto done = withRoom(record, [&] {
    Result<void> outcome;
    auto use = [&](LowResult made) {
      if (auto* refused = std::get_if<Refusal>(&made))
        refusal = std::move(*refused);
      else if (auto* error = std::get_if<Error>(&made))
        outcome = std::unexpected(std::move(*error));
      else {
        announce(record, std::get<Version>(made));
        tiers_->publish(record, std::move(std::get<Version>(made)), reason, force);
      }
    };
    bool restored = false;
    if (tier == Tier::Baseline && baselineKept_)
      callOnStack(*stack_, [&] {
        if (auto kept = baseline_->restore(record.id, records)) {
          restored = true;
          use(std::move(*kept));
        }
      });
    if (!restored)
      onForeground(compile, use);
    return outcome;
  });
  if (!done)
    return std::unexpected(done.error());
  if (!refusal) {
    if (engine_->options.osrAt)
      record.arm(kUnbounded, 0); // every back-edge asks, and nothing else does
    return refusal;
  }
  ++refusals_[{tier, refusal->reason}];
  if (engine_->options.crashOnRefusal) {
    Error error{ErrorCode::CompileFailed, "function '" + record.name + "' is refused by " + std::string(tierName(tier)) +
                                              ": " + refusal->reason};
    if (engine_->options.onUncompilable)
      engine_->options.onUncompilable(error);
    __builtin_trap();
  }
  return refusal;
}

Result<void> ProgramCore::compileLow(FunctionRecord& record, Tier tier, std::string_view reason, bool force) {
  auto refusal = tryLow(record, tier, reason, force);
  if (!refusal)
    return std::unexpected(refusal.error());
  if (!*refusal)
    return {};
  record.setRefusedBy(tier);
  if (tier == Tier::Interpreter && has(tiers_->ladder(), Tier::Baseline) && !record.refusedBy(Tier::Baseline))
    return compileLow(record, Tier::Baseline, reason, force);
  // Not at the ladder's next tier, which may take a hundred times as long while the program waits; and from the world that
  // is open, for O0 needs nothing of what lean reading leaves out.
  return compileFrom(*worlds_, record, Tier::O0, reason, force);
}

Result<Tier> ProgramCore::startingTier(FunctionRecord& record) {
  const Ladder& ladder = tiers_->ladder();
  if (ladder.straight == 0 || ladder.rungs.size() < 2)
    return ladder.bottom();
  // What is there need not be read to see what it is like.
  if (baselineKept_ && ladder.rungs[1].tier == Tier::Baseline &&
      baselineKept_->has({record.id, recordsAtOnce(engine_->options, ladder)}))
    return Tier::Baseline;
  Result<bool> straight = false;
  callOnStack(*stack_, [&] {
    straight = worlds_->guarded([&](World& world, const WorldSymbols&) -> Result<bool> {
      const FunctionInfo& info = map_.functions[record.id];
      auto body = world.prepared(world.functionAt(info.module, info.index));
      if (!body)
        return std::unexpected(body.error());
      return isStraight(**body, ladder.straight);
    });
  });
  if (!straight)
    return std::unexpected(straight.error());
  return *straight ? ladder.bottom() : ladder.rungs[1].tier;
}

Result<void> ProgramCore::promoteLow(FunctionRecord& record) {
  auto refusal = tryLow(record, Tier::Baseline, "threshold", false);
  if (!refusal)
    return std::unexpected(refusal.error());
  if (*refusal)
    tiers_->refuse(record, Tier::Baseline, (*refusal)->reason);
  return {};
}

/// In the thread whose budget is spent, as any request for baseline.
bool ProgramCore::startRecording(FunctionRecord& record) {
  SignalBlock block;
  if (engine_->stopped() || mayBeInHandler(block.before()))
    return false;
  std::unique_lock lock(foreground_, std::try_to_lock);
  if (!lock)
    return false;
  auto refusal = tryLow(record, Tier::Baseline, "profile", true);
  if (!refusal || *refusal)
    record.recording.store(Recording::Done, std::memory_order_relaxed); // without room: it goes on without a profile
  return true;
}

void ProgramCore::enterLow(FunctionRecord& record, std::uint32_t loop, std::string_view reason) {
  auto compile = [&](World& world, const WorldSymbols& symbols) {
    return baseline_->loopEntry({&world, &symbols}, record.id, loop);
  };
  auto done = withRoom(record, [&] {
    Result<void> outcome;
    onForeground(compile, [&](LowResult made) {
      if (auto* refused = std::get_if<Refusal>(&made))
        tiers_->refuseLoop(record, Tier::Baseline, loop, refused->reason);
      else if (auto* error = std::get_if<Error>(&made))
        outcome = std::unexpected(std::move(*error));
      else {
        announce(record, std::get<Version>(made));
        tiers_->publishLoop(record, std::move(std::get<Version>(made)), reason);
      }
    });
    return outcome;
  });
  if (!done)
    tiers_->refuseLoop(record, Tier::Baseline, loop, done.error().message);
}

void ProgramCore::enterInterpreter(FunctionRecord& record, std::uint32_t loop) {
  SignalBlock block;
  if (engine_->stopped() || mayBeInHandler(block.before()))
    return;
  std::lock_guard lock(foreground_);
  if (record.osrEntry(loop, Tier::Interpreter))
    return;
  onForeground(
      [&](World& world, const WorldSymbols& symbols) -> LowResult {
        return interpreter_->compileLoop({&world, &symbols}, record.id, loop);
      },
      [&](LowResult made) {
        if (auto* version = std::get_if<Version>(&made))
          tiers_->publishLoop(record, std::move(*version), "asked");
        else if (auto* refused = std::get_if<Refusal>(&made))
          tiers_->refuseLoop(record, Tier::Interpreter, loop, refused->reason);
        else
          tiers_->refuseLoop(record, Tier::Interpreter, loop, std::get<Error>(made).message);
      });
}

Result<std::string> ProgramCore::dumpLow(FunctionRecord& record, Tier tier) {
  SignalBlock block;
  std::lock_guard lock(foreground_);
  Result<std::string> text;
  callOnStack(*stack_, [&] {
    text = worlds_->guarded([&](World& world, const WorldSymbols& symbols) {
      return tier == Tier::Interpreter ? interpreter_->dump({&world, &symbols}, record.id)
                                       : baseline_->dump({&world, &symbols}, record.id);
    });
  });
  return text;
}

/// All functions that ever had code, those included in which there is nothing to record or that both tiers refused. Whoever
/// leaves out what was never reached must know them.
ProgramProfile ProgramCore::reached(World& world) {
  ProgramProfile profile;
  Harvest harvest(map_, *table_, world);
  for (std::uint32_t id = 0; id < map_.functions.size(); ++id)
    if (table_->record(id).publishedTier.load(std::memory_order_relaxed) != FunctionRecord::kNone)
      if (FunctionProfile each; !map_.functions[id].ifuncResolved && harvest.begin(id, each))
        profile.functions.push_back(std::move(each));
  return profile;
}

Result<void> ProgramCore::writeProfile(const std::string& path, ProfileFormat format) {
  ProgramProfile profile;
  {
    SignalBlock block;
    std::lock_guard lock(foreground_);
    Result<void> done;
    callOnStack(*stack_, [&] {
      done = worlds_->guarded([&](World& world, const WorldSymbols& symbols) -> Result<void> {
        profile = interpreter_->harvest({&world, &symbols});
        addTier(profile, baseline_->harvest({&world, &symbols}));
        addTier(profile, reached(world));
        return {};
      });
    });
    if (!done)
      return done;
  }
  return kiln::writeProfile(std::move(profile), path, format);
}

} // namespace kiln

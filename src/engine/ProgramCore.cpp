#include "engine/ProgramCore.h"

#include <cerrno>

#include "engine/CrashReport.h"
#include "engine/EngineCore.h"
#include "engine/Exits.h"
#include "engine/SignalHandlers.h"
#include "engine/StandIns.h"
#include "support/Clock.h"
#include "support/SignalBlock.h"

extern "C" void __cxa_finalize(void* dso);

namespace kiln {
namespace {

constexpr std::size_t kCompileStackBytes = std::size_t{16} << 20;

/// The runtime leaves errno as the program had it: it runs where the program sees only a call.
class ErrnoGuard {
public:
  ErrnoGuard() : saved_(errno) {}
  ~ErrnoGuard() { errno = saved_; }

private:
  int saved_;
};

} // namespace

Result<std::shared_ptr<ProgramCore>> ProgramCore::load(std::shared_ptr<EngineCore> engine, const ProgramInput& input,
                                                       std::vector<Source> sources, ProgramCore* root) {
  std::shared_ptr<ProgramCore> core(new ProgramCore);
  core->engine_ = std::move(engine);
  core->root_ = root;
  if (auto built = core->build(input, std::move(sources)); !built)
    return std::unexpected(built.error());
  return core;
}

Result<std::vector<Source>> ProgramCore::readSources(const ProgramInput& input) {
  std::vector<Source> sources;
  for (const std::string& file : input.files) {
    auto source = readSource(file, !input.replaceable); // who replaces parts of a program may write its files meanwhile
    if (!source)
      return std::unexpected(source.error());
    sources.push_back(std::move(*source));
  }
  for (const ProgramInput::Buffer& buffer : input.buffers) {
    auto source = makeSource(buffer.name, buffer.bytes);
    if (!source)
      return std::unexpected(source.error());
    sources.push_back(std::move(*source));
  }
  if (sources.empty())
    return fail(ErrorCode::BadOption, "a program needs at least one bitcode file");
  return sources;
}

Result<void> ProgramCore::build(const ProgramInput& input, std::vector<Source> given) {
  if (given.empty()) {
    auto read = readSources(input);
    if (!read)
      return std::unexpected(read.error());
    given = std::move(*read);
  }
  auto sources = std::make_shared<std::vector<Source>>(std::move(given));
  if (engine_->options.coverage && input.replaceable)
    return fail(ErrorCode::BadOption, "a program whose blocks are counted (Options::coverage) cannot be replaceable");
  if (engine_->options.coverage)
    if (auto counted = putCountersIn(*sources); !counted)
      return counted;
  sources_ = sources;
  name_ = sources->front().name;

  if (engine_->options.onCrash)
    codeMap_ = std::make_unique<CodeMap>();
  if (engine_->options.perfMap || engine_->options.gdb || !engine_->options.jitdump.empty()) {
    auto names = CodeNames::open({engine_->options.perfMap, engine_->options.gdb, engine_->options.jitdump});
    if (!names)
      return std::unexpected(names.error());
    names_ = std::move(*names);
  }
  host_.onLibraryLoaded([this] { unwind_.retry(); });
  unwind_.retry();
  addStandIns(host_);
  for (const ProgramInput::HostFunction& function : input.hostFunctions)
    host_.add(function.name, function.address);
  for (const std::string& library : input.libraries)
    if (auto loaded = host_.load(library); !loaded)
      return loaded;

  // What does not optimise reads lean; LLVM's tiers then open worlds of their own.
  const bool lean = engine_->options.ladder.bottom() <= Tier::Baseline && !wantsLines(engine_->options);
  Reading reading = lean ? Reading::Lean : compilerReading();
  auto range = AddressRange::reserve(AddressRange::kMaxBytes);
  if (!range)
    return std::unexpected(range.error());
  range_.emplace(std::move(*range));
  range_->setOwner(this);
  host_.add("__dso_handle", dsoHandle());
  makeCache(input);
  std::optional<KeptStart> kept = keptStart(input);
  std::unique_ptr<World> world; // null if the start was kept
  if (!kept) {
    auto opened = World::open(sources_, reading);
    if (!opened)
      return std::unexpected(opened.error());
    world = std::move(*opened);
    if (auto found = findEntries(*world); !found)
      return found;
  }
  if (kept) {
    map_ = std::move(kept->map);
    main_ = kept->main;
    startFound_ = true;
  } else if (auto linked = linkByName(*world, input); !linked) {
    return linked;
  }
  if (input.replaceable) {
    makeReplaceable();
    hostFunctions_ = input.hostFunctions;
  }
  if (map_.usesExternal("pthread_cancel") || map_.usesExternal("pthread_exit"))
    host_.ensureUnwinder(); // these load it inside the C library, where Kiln would not notice
  if (auto done = image_.layOut(*range_, name_, map_); !done)
    return done;
  auto space = CodeSpace::create(*range_, {}, engine_->options.codeLimit,
                                 engine_->options.perfMap ? CodePages::Nameless : CodePages::File);
  if (!space)
    return std::unexpected(space.error());
  space_ = std::move(*space);
  auto table = FunctionTable::create(*range_, *space_, map_.functions.size(), firstCallEntry, this,
                                     [this](std::uint32_t id) -> std::string_view { return map_.functions[id].name; });
  if (!table)
    return std::unexpected(table.error());
  table_ = std::move(*table);
  makeRetirement(world.get());
  if (auto made = makeExits(); !made)
    return made;
  linker_ = std::make_unique<JitLinker>(*space_, unwind_, [this](std::string_view symbol) { return resolve(symbol); });

  TierManager::Settings settings;
  settings.ladder = engine_->options.ladder;
  makeRecorder(world.get());
  settings.observer = observer();
  settings.program = name_;
  settings.startedAt = engine_->startedAt;
  settings.countAll = engine_->options.counting == Counting::On;
  settings.countNone = engine_->options.counting == Counting::Off;
  settings.synchronous = engine_->options.compileThreads == 0;
  settings.osr = engine_->options.osr;
  settings.recordAt = recordingStage();
  settings.record = [this](FunctionRecord& record) { return startRecording(record); };
  settings.enterInterpreter = [this](FunctionRecord& record, std::uint32_t loop) { enterInterpreter(record, loop); };
  settings.mayBeInHandler = mayBeInHandler;
  settings.versionsChanged = [this](FunctionRecord& record) {
    if (recorder_)
      recorder_->entryChanged(record);
    retirement_->note(record);
  };
  tiers_ = std::make_unique<TierManager>(
      *table_, std::move(settings),
      [this](FunctionRecord& record, Tier tier, std::uint32_t loop) { return request(record, tier, loop); });
  makeLowTiers();
  if (codeMap_)
    addCrashSource(this, {codeMap_.get(), engine_->options.gdb ? nullptr : interpreter_.get()}); // for GDB thunks have frames
  if (auto made = makeProfile(input.profile); !made)
    return made;
  auto stack = Stack::create(kCompileStackBytes);
  if (!stack)
    return std::unexpected(stack.error());
  stack_ = std::move(*stack);
  World* opened = world.get();
  worlds_ = std::make_shared<WorldKeeper>(sources_, map_, reading, std::move(world));
  compiler_ = std::make_unique<LlvmCompiler>(
      map_, lean ? std::make_shared<WorldKeeper>(sources_, map_, compilerReading()) : worlds_);
  if (opened)
    if (auto placed = placeLateNames(*opened); !placed)
      return placed;
  auto stubs = [&](std::uint32_t id) { return table_->stub(id); };
  if (!kept || !image_.fill(kept->rest, map_, stubs)) {
    auto filled = worlds_->guarded([&](World& read, const WorldSymbols& symbols) {
      return image_.write(read, map_, symbols, stubs);
    });
    if (!filled)
      return filled;
  }
  threadLocals_ = std::make_unique<ThreadLocals>(image_.tls());
  workerCompilers_.resize(engine_->pool.threads());
  if (engine_->options.verifyAll)
    if (auto verified = compiler_->verifyAll(); !verified)
      return verified;
  engine_->add(*this);
  if (recorder_)
    recorder_->start();
  openCache(input);
  if (engine_->options.eager)
    if (auto compiled = compileAll(); !compiled)
      return compiled;
  return startIFuncs();
}

Result<void> ProgramCore::linkByName(World& world, const ProgramInput& input) {
  const std::vector<std::string> lateNames = world.lateNames();
  keepStart_ = lateNames.empty() && mayKeepStart(input);
  for (std::size_t m = 0; m < world.moduleCount(); ++m)
    keepStart_ = keepStart_ && world.module(m).getModuleInlineAsm().empty();
  // Known by name now, by address after the layout.
  for (const std::string& name : lateNames)
    if (!host_.find(name))
      host_.add(name, dsoHandle());
  auto map = ProgramMap::build(world, host_);
  if (!map)
    return std::unexpected(map.error());
  map_ = std::move(*map);
  if (keepStart_)
    startContext_ = digestOfHost(input);
  return {};
}

Result<void> ProgramCore::placeLateNames(World& world) {
  auto place = [&](const std::string& name, std::uintptr_t address) {
    host_.add(name, reinterpret_cast<const void*>(address));
    map_.setExternal(name, address);
  };
  for (const SectionBounds& section : image_.sections()) {
    place("__start_" + section.name, section.start);
    place("__stop_" + section.name, section.stop);
  }
  for (std::size_t m = 0; m < world.moduleCount(); ++m) {
    if (world.module(m).getModuleInlineAsm().empty())
      continue;
    auto object = compiler_->compileModuleAssembly(*worlds_, m);
    if (!object)
      return fail(object.error().code, world.source(m).name + ": file-level assembly: " + object.error().message);
    CodeArtifact artifact;
    artifact.object = std::move(*object);
    ObjectLinker::SymbolTable defined;
    if (auto linked = linker_->link(artifact, &defined); !linked)
      return fail(linked.error().code, world.source(m).name + ": file-level assembly: " + linked.error().message);
    for (auto& [name, address] : defined)
      place(name, address);
  }
  return {};
}

ProgramCore::~ProgramCore() {
  removeCrashSource(this);
  if (!tiers_)
    return;
  finalizeChildren();
  __cxa_finalize(dsoHandle());
  replacements_.reset(); // nothing of the program runs any more that could call them
  saveToCache(true);
  engine_->remove(*this);
  stopCache();
  stopRecorder();
}

/// An ifunc's resolver runs before anything else of the program, as the dynamic linker would have it.
Result<void> ProgramCore::startIFuncs() {
  for (const IFuncInfo& ifunc : map_.ifuncs) {
    auto resolver = reinterpret_cast<std::uintptr_t (*)()>(table_->stub(ifunc.resolver));
    table_->slot(ifunc.function).store(resolver(), std::memory_order_release);
  }
  return {};
}

std::optional<std::uintptr_t> ProgramCore::resolve(std::string_view symbol) {
  auto addressOf = [](auto* function) { return reinterpret_cast<std::uintptr_t>(function); };
  if (auto own = parseKilnSymbol(symbol)) {
    switch (own->kind) {
    case KilnSymbol::Function: return table_->stub(own->id);
    case KilnSymbol::Slot: return addressOf(&table_->slot(own->id));
    case KilnSymbol::Counters: return addressOf(table_->counters(own->id));
    case KilnSymbol::Data: return map_.data[own->id].address;
    }
  }
  if (symbol == kBudgetSpentSymbol)
    return budgetEntry();
  if (symbol == kExitSymbol)
    return addressOf(&kiln_exit);
  if (symbol == kGuardSpentSymbol)
    return guardEntry();
  if (symbol == kExitCountSymbol)
    return reinterpret_cast<std::uintptr_t>(exitCount_);
  if (symbol == kTlsBaseSymbol)
    return addressOf(&ThreadLocals::baseOf);
  if (symbol == kTlsExternalSymbol)
    return addressOf(&ThreadLocals::external);
  if (symbol == kTlsProgramSymbol)
    return addressOf(threadLocals_.get());
  // What LLVM calls by itself (memcpy, ...) may be the program's own; file-level assembly names local things too.
  SymbolRef ref = map_.findLocal(symbol);
  if (ref.kind == SymbolRef::Kind::Function)
    return table_->stub(ref.id);
  if (ref.kind == SymbolRef::Kind::Data)
    return map_.data[ref.id].address + static_cast<std::uint64_t>(ref.offset);
  return host_.find(std::string(symbol));
}

std::uintptr_t ProgramCore::firstCallEntry(void* self, std::uint32_t function) {
  return static_cast<ProgramCore*>(self)->firstCall(function);
}

std::uintptr_t ProgramCore::firstCall(std::uint32_t function) {
  ErrnoGuard keep;
  SignalBlock block;
  FunctionRecord& record = table_->record(function);
  std::lock_guard lock(foreground_);
  if (record.publishedTier.load(std::memory_order_acquire) == FunctionRecord::kNone) {
    auto tier = startingTier(record);
    auto done = tier ? compileNow(record, *tier, "first call", false) : Result<void>(std::unexpected(tier.error()));
    if (!done) {
      if (engine_->options.onUncompilable)
        engine_->options.onUncompilable(done.error());
      __builtin_trap();
    }
  }
  return table_->slot(function).load(std::memory_order_acquire);
}

/// The ladder's last tier is where guesses pay: what is compiled below it is soon compiled again.
CompileRequest ProgramCore::compileRequest(const FunctionRecord& record, Tier tier, std::uint32_t loop) const {
  const bool top = tier >= tiers_->ladder().top();
  // A virtual machine meets its rare instructions sooner or later, and each would cost it a compile: no guesses, unless asked for.
  const bool guess = engine_->options.speculate && (!record.large.load(std::memory_order_relaxed) || speculation_.forced());
  return {record.id, tier, tiers_->counts(tier), loop, top ? profile_.get() : nullptr,
          top && guess ? &speculation_ : nullptr};
}

Result<void> ProgramCore::compileNow(FunctionRecord& record, Tier tier, std::string_view reason, bool force) {
  if (tier <= Tier::Baseline)
    return compileLow(record, tier, reason, force);
  return compileFrom(compiler_->worlds(), record, tier, reason, force);
}

Result<void> ProgramCore::compileFrom(WorldKeeper& worlds, FunctionRecord& record, Tier tier, std::string_view reason,
                                      bool force) {
  CompileResult result = compileGuarded(*compiler_, worlds, compileRequest(record, tier), true);
  return withRoom(record, [&] {
    Result<void> outcome;
    callOnStack(*stack_, [&] { outcome = install(record, result, reason, force); });
    return outcome;
  });
}

void ProgramCore::compileLoopNow(FunctionRecord& record, Tier tier, std::uint32_t loop, std::string_view reason) {
  if (tier == Tier::Baseline)
    return enterLow(record, loop, reason);
  CompileResult result = compileGuarded(*compiler_, compiler_->worlds(), compileRequest(record, tier, loop), true);
  auto done = withRoom(record, [&] {
    Result<void> outcome;
    callOnStack(*stack_, [&] { outcome = installLoop(record, result, reason); });
    return outcome;
  });
  if (!done)
    tiers_->refuseLoop(record, tier, loop, done.error().message);
}

Result<Version> ProgramCore::link(FunctionRecord& record, CompileResult& result, bool ahead) {
  if (auto* error = std::get_if<Error>(&result))
    return std::unexpected(*error);
  if (auto* refusal = std::get_if<Refusal>(&result))
    return fail(ErrorCode::CompileFailed, "function '" + refusal->function + "' was refused: " + refusal->reason);
  std::uint64_t start = nowNanoseconds();
  auto& artifact = std::get<CodeArtifact>(result);
  bool first = !ahead && record.publishedTier.load(std::memory_order_acquire) == FunctionRecord::kNone;
  artifact.use = first ? CodeUse::FirstCode : CodeUse::Promotion;
  if (artifact.switchesStacks)
    retirement_->turnOff("the program may switch stacks by assembly");
  if (auto placed = placeCells(artifact); !placed)
    return std::unexpected(placed.error());
  auto version = linker_->link(artifact);
  if (!version)
    return fail(version.error().code, "function '" + record.name + "': " + version.error().message);
  version->times.link = nowNanoseconds() - start;
  installGuards(record, artifact, *version);
  announce(record, *version);
  return version;
}

Result<void> ProgramCore::install(FunctionRecord& record, CompileResult& result, std::string_view reason, bool force) {
  std::lock_guard lock(install_);
  auto version = link(record, result);
  if (!version) {
    refuseKept(result, version.error());
    return std::unexpected(version.error());
  }
  tiers_->publish(record, std::move(*version), reason, force);
  keep(result);
  return {};
}

Result<void> ProgramCore::installLoop(FunctionRecord& record, CompileResult& result, std::string_view reason) {
  std::lock_guard lock(install_);
  auto version = link(record, result);
  if (!version) {
    refuseKept(result, version.error());
    return std::unexpected(version.error());
  }
  tiers_->publishLoop(record, std::move(*version), reason);
  keep(result);
  return {};
}

PushResult ProgramCore::request(FunctionRecord& record, Tier tier, std::uint32_t loop) {
  if (engine_->stopped())
    return PushResult::Closed;
  const bool threads = engine_->options.compileThreads > 0;
  if (!threads || tier == Tier::Baseline) {
    // In the thread whose budget is spent, unless it already compiles (a handler on top of itself). For baseline that is
    // quicker than to wake another; but it allocates, which what a handler interrupted may be doing too.
    SignalBlock block;
    const bool inHandler = mayBeInHandler(block.before());
    if (!threads && inHandler)
      return PushResult::Busy; // nobody else could do it
    if (!inHandler) {
      std::unique_lock lock(foreground_, std::try_to_lock);
      if (!lock)
        return PushResult::Busy;
      compileRequested(record, tier, loop);
      if (!threads)
        retireIfDue();
      engine_->pool.startIfAsked();
      return PushResult::Queued;
    }
  }
  PushResult result = engine_->queue.push({this, &record, tier, loop, false, false, record.calls()});
  if (result == PushResult::Queued && !engine_->pool.started()) {
    SignalBlock block;
    if (mayBeInHandler(block.before()))
      engine_->pool.askForStart();
    else
      engine_->pool.start();
  }
  return result;
}

void ProgramCore::compileRequested(FunctionRecord& record, Tier tier, std::uint32_t loop) {
  const bool whole = loop == kNoLoop;
  if (whole ? tiers_->select(record, tier, "threshold", true) : record.osrEntry(loop, tier) != nullptr)
    return;
  if (!roomForPromotion(record, tier, loop))
    return;
  if (!whole)
    return compileLoopNow(record, tier, loop, "threshold");
  auto done = tier == Tier::Baseline ? promoteLow(record) : compileNow(record, tier, "threshold", false);
  if (!done)
    tiers_->reportFailure(record, tier, done.error());
}

void ProgramCore::onBudgetSpent(Counters* counters) {
  ErrnoGuard keep;
  tiers_->onBudgetSpent(table_->recordOf(counters));
}

std::uintptr_t ProgramCore::onLoopBudgetSpent(FunctionRecord& record, std::uint32_t loop, Tier running, bool records) {
  ErrnoGuard keep;
  if (running == Tier::Interpreter)
    assumptions_->lingers(record.id);
  return tiers_->onLoopBudgetSpent(record, loop, running, records);
}

std::uintptr_t ProgramCore::forceOsr(FunctionRecord& record, std::uint32_t loop, Tier running) {
  const OsrEntry* entry = forcedEntry(record, loop, running, false);
  if (entry && !entry->address && entry->tier == Tier::Baseline)
    entry = forcedEntry(record, loop, running, true);
  if (!entry || !entry->address)
    return 0;
  record.osrTransfers.fetch_add(1, std::memory_order_relaxed);
  return entry->address;
}

const OsrEntry* ProgramCore::forcedEntry(FunctionRecord& record, std::uint32_t loop, Tier running, bool baselineRefused) {
  const Tier tier = forcedStep(tiers_->ladder(), running, baselineRefused);
  if (const OsrEntry* entry = record.osrEntry(loop, tier); entry || engine_->stopped())
    return entry;
  ErrnoGuard keep;
  SignalBlock block;
  std::lock_guard lock(foreground_);
  if (!record.osrEntry(loop, tier))
    compileLoopNow(record, tier, loop, "forced");
  return record.osrEntry(loop, tier);
}

/// A continuation is for an activation that its function's new code does not reach. Where that code is there and the function
/// was called again since, the activation has ended, as a rule; one that has not asks again.
bool ProgramCore::overtaken(const QueuedCompile& request) const {
  const FunctionRecord& record = *request.function;
  return request.loop != kNoLoop && !request.exact && record.calls() > request.calls &&
         record.publishedTier.load(std::memory_order_acquire) >= static_cast<int>(request.tier);
}

void ProgramCore::compileQueued(const QueuedCompile& request, unsigned worker) {
  FunctionRecord& record = *request.function;
  if (request.tier == Tier::Baseline) { // its compiler is the program's one
    {
      std::lock_guard lock(foreground_);
      compileRequested(record, request.tier, request.loop);
    }
    return retireIfDue();
  }
  const bool whole = request.loop == kNoLoop;
  const Tier tier = whole && !request.exact ? tiers_->tierByNow(record, request.tier) : request.tier;
  if (!request.rebuild &&
      (whole ? tiers_->select(record, tier, "threshold", true) : record.osrEntry(request.loop, tier) != nullptr))
    return; // made meanwhile by promote(), or left behind by a demotion
  if (overtaken(request))
    return;
  const std::string_view reason = request.rebuild ? "assumption failed" : "threshold";
  if (!roomForPromotion(record, tier, request.loop))
    return assumptions_->gaveUp(record.id);
  auto& compiler = workerCompilers_[worker];
  if (!compiler)
    compiler = std::make_unique<LlvmCompiler>(map_, std::make_shared<WorldKeeper>(sources_, map_, compilerReading()));
  auto made = compileGuarded(*compiler, compiler->worlds(), compileRequest(record, tier, request.loop), false);
  if (!whole) {
    auto done = withRoom(record, [&] { return installLoop(record, made, reason); });
    if (!done) {
      assumptions_->gaveUp(record.id);
      tiers_->refuseLoop(record, tier, request.loop, done.error().message);
    }
  } else {
    auto done = withRoom(record, [&] { return install(record, made, reason, false); });
    if (!done) {
      assumptions_->gaveUp(record.id);
      tiers_->reportFailure(record, tier, done.error());
    }
  }
  retireIfDue();
}

Result<FunctionRecord*> ProgramCore::find(std::string_view name) {
  SymbolRef ref = map_.find(name);
  if (ref.kind == SymbolRef::Kind::Function)
    return &table_->record(ref.id);
  // A function that is local to its module can be named while the name is unique.
  FunctionRecord* found = nullptr;
  for (const FunctionInfo& info : map_.functions)
    if (info.name == name) {
      if (found)
        return fail(ErrorCode::UnknownEntry, name_ + ": several local functions are called '" + std::string(name) + "'");
      found = &table_->record(static_cast<std::uint32_t>(&info - map_.functions.data()));
    }
  if (found)
    return found;
  return fail(ErrorCode::UnknownEntry, name_ + ": there is no function '" + std::string(name) + "'");
}

Result<void*> ProgramCore::functionAddress(std::string_view name) {
  if (ProgramCore* home = homeOf(name))
    return home->functionAddress(name);
  auto record = find(name);
  if (!record)
    return std::unexpected(record.error());
  return reinterpret_cast<void*>(table_->stub((*record)->id));
}

Result<void*> ProgramCore::variableAddress(std::string_view name) {
  if (ProgramCore* home = homeOf(name))
    return home->variableAddress(name);
  SymbolRef ref = map_.find(name);
  if (ref.kind == SymbolRef::Kind::Data)
    return reinterpret_cast<void*>(map_.data[ref.id].address + static_cast<std::uint64_t>(ref.offset));
  if (ref.kind == SymbolRef::Kind::Tls)
    return static_cast<char*>(threadLocals_->base()) + map_.data[ref.id].address + ref.offset;
  return fail(ErrorCode::UnknownEntry, name_ + ": there is no variable '" + std::string(name) + "'");
}

Result<void> ProgramCore::promote(FunctionRecord& record, Tier tier, bool wait) {
  if (engine_->stopped())
    return fail(ErrorCode::ShutDown, "the engine was shut down");
  tiers_->release(record);
  if (tiers_->select(record, tier, "asked"))
    return {};
  // What compile threads finish is published only if it is better than what runs: a step down is made here, and so is what
  // takes no time.
  bool up = static_cast<int>(tier) > record.publishedTier.load(std::memory_order_relaxed);
  if (!wait && up && tier > Tier::Baseline && engine_->options.compileThreads > 0) {
    PushResult result = engine_->queue.pushWaiting({this, &record, tier, kNoLoop, true});
    engine_->pool.start();
    if (result == PushResult::Full)
      return fail(ErrorCode::CompileFailed, "the compile queue is full");
    if (result == PushResult::Closed)
      return fail(ErrorCode::ShutDown, "the engine was shut down");
    return {};
  }
  SignalBlock block;
  std::lock_guard lock(foreground_);
  if (auto done = compileNow(record, tier, "asked", true); !done) {
    tiers_->reportFailure(record, tier, done.error());
    return done;
  }
  retireIfDue();
  return {};
}

Result<void> ProgramCore::demote(FunctionRecord& record, Tier tier) {
  // Held first: what a compile thread finishes meanwhile must not undo this.
  bool before = record.held.exchange(true, std::memory_order_relaxed);
  if (tiers_->select(record, tier, "asked")) {
    record.arm(kUnbounded, 0); // running loops ask at their next back-edge
    return {};
  }
  Result<void> done = fail(ErrorCode::ShutDown, "the engine was shut down");
  if (!engine_->stopped()) {
    SignalBlock block;
    std::lock_guard lock(foreground_);
    done = compileNow(record, tier, "asked", true);
  }
  if (done)
    record.arm(kUnbounded, 0);
  else
    record.held.store(before, std::memory_order_relaxed);
  retireIfDue();
  return done;
}

Result<std::string> ProgramCore::dump(FunctionRecord& record, Tier tier, DumpKind kind) {
  SignalBlock block;
  std::lock_guard lock(foreground_);
  Result<std::string> text;
  callOnStack(*stack_, [&] { text = compiler_->dump(compileRequest(record, tier), kind); });
  return text;
}

} // namespace kiln

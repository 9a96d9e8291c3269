// One loaded program, wired: its memory, its symbols, its functions, and who compiles them.
//
// Who may do what:
//   load()            the loading thread, before any code runs
//   firstCall()       any thread of the program: compiles at the lowest tier, one function at a time, on a stack of its own
//   request()         any thread of the program, in handlers too: compiles for baseline itself, queues the rest
//   compileQueued()   a compile thread, with its own compiler
//   everything else   any thread
// Lock order: foreground, install, then the inner locks (queue, code space, unwinder, records).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cache/CodeCache.h"
#include "code/AddressRange.h"
#include "code/CodeSpace.h"
#include "code/UnwindRegistry.h"
#include "compile/baseline/Baseline.h"
#include "compile/llvm/JitLinker.h"
#include "compile/llvm/LlvmCompiler.h"
#include "diag/CodeMap.h"
#include "diag/CodeNames.h"
#include "engine/RunProfile.h"
#include "function/FunctionTable.h"
#include "function/Retirement.h"
#include "interp/Interpreter.h"
#include "kiln/Engine.h"
#include "kiln/Report.h"
#include "program/GlobalsImage.h"
#include "program/HostSymbols.h"
#include "program/ProgramMap.h"
#include "program/ThreadLocals.h"
#include "program/WorldKeeper.h"
#include "replace/Ledger.h"
#include "report/RunRecorder.h"
#include "support/CallOnStack.h"
#include "tier/TierManager.h"

namespace kiln {

class EngineCore;
struct ModuleCoverage;

class ProgramCore {
  /// Files up to this size are hashed at load, which takes 0.8 milliseconds at most, to see whether the program is known: if so, its
  /// start and its baseline code are there at once; if not, no thread is started. Those of larger programs are hashed in the background.
  static constexpr std::size_t kHashedAtLoad = std::size_t{4} << 20;

public:
  /// `sources`: in place of the input's files and buffers, if there are any. `root`: the program that this one replaces parts of.
  static Result<std::shared_ptr<ProgramCore>> load(std::shared_ptr<EngineCore> engine, const ProgramInput& input,
                                                   std::vector<Source> sources = {}, ProgramCore* root = nullptr);
  ~ProgramCore();

  Result<void> runConstructors(int argc, char** argv, char** environment);
  Result<Program::MainCall> prepareMain(std::span<const std::string> arguments, std::string_view entry);

  std::string_view entry() const { return entry_; }

  /// A function of this program, before anything was replaced.
  Result<FunctionRecord*> find(std::string_view name);
  /// What calls of a function run: it may be another program's record by now.
  struct Place {
    ProgramCore* core = nullptr;
    FunctionRecord* record = nullptr;
  };
  Result<Place> locate(std::string_view name);
  Result<Program::Replacement> replace(std::optional<std::string_view> only, const ProgramInput& input);
  /// Programs that replace parts of this one.
  std::vector<std::shared_ptr<ProgramCore>> children() const;
  Result<void*> functionAddress(std::string_view name);
  Result<void*> variableAddress(std::string_view name);
  Result<void> promote(FunctionRecord& record, Tier tier, bool wait);
  Result<void> demote(FunctionRecord& record, Tier tier);
  Result<std::string> dump(FunctionRecord& record, Tier tier, DumpKind kind);
  /// The interpreter's ops, or baseline's assembly.
  Result<std::string> dumpLow(FunctionRecord& record, Tier tier);
  Result<void> writeProfile(const std::string& path, ProfileFormat format);
  Result<void> writeCoverage(const std::string& path);
  /// Of a program with Options::report, but not of a child of it.
  Result<Report> report();
  /// Looks now whether superseded code can be freed; the bytes that were.
  std::size_t retire();
  Statistics statistics();
  void unloadLibraries();
  FunctionStatistics statisticsOf(FunctionRecord& record);

  FunctionTable& table() { return *table_; }
  const CodeMap* codeMap() const { return codeMap_.get(); }
  const interp::Interpreter& interpreter() const { return *interpreter_; }
  EngineCore& engine() { return *engine_; }

  /// The program that a counter, slot or stub address belongs to.
  static ProgramCore& owner(const void* address) { return *static_cast<ProgramCore*>(AddressRange::ownerOf(address)); }
  bool contains(const void* address) const { return range_ && range_->contains(address); }
  void* dsoHandle() const { return range_->base(); }

  void onBudgetSpent(Counters* counters);
  /// An activation of code of the tier `running` stands at the start of a loop header, the phis assigned, and has spent the
  /// loop budget. The address of the continuation to call with the state (transition/FrameState.h), or 0 to go on.
  std::uintptr_t onLoopBudgetSpent(FunctionRecord& record, std::uint32_t loop, Tier running, bool records);
  /// The continuation at a loop header, compiled in this thread if there is none; 0 if there can be none.
  std::uintptr_t forceOsr(FunctionRecord& record, std::uint32_t loop, Tier running);
  bool overtaken(const QueuedCompile& request) const;
  void compileQueued(const QueuedCompile& request, unsigned worker);
  /// Makes the interpreter's entry at a loop, for what goes down (LowTiers.cpp).
  void enterInterpreter(FunctionRecord& record, std::uint32_t loop);
  /// Where activations of the function go on in the interpreter, in front of these instructions; 0 where they cannot.
  std::vector<std::uintptr_t> resumePoints(FunctionRecord& record, std::span<const std::uint32_t> places);
  /// A guard has failed: where its activation goes on. `state` as in transition/Resume.h.
  std::uintptr_t onExit(GuardSite& site, const std::uint64_t* state);
  void onGuardSpent(GuardCell& cell);

  /// See Program::saveToCache(). `mayGather`: this thread is in no signal handler of the program, whatever it looks like.
  void saveToCache(bool mayGather = false);
  /// Ends the cache's thread: nothing is installed or written from then on.
  void stopCache();
  /// Ends the thread that records for the report.
  void stopRecorder();

  void prepareFork();
  void parentAfterFork();
  void childAfterFork();

private:
  ProgramProfile reached(World& world);
  ProgramCore() = default;
  Result<void> build(const ProgramInput& input, std::vector<Source> given);
  static Result<std::vector<Source>> readSources(const ProgramInput& input);
  // Replace.cpp
  struct Replacements;
  void makeReplaceable();
  void finalizeChildren();
  std::mutex* namesForkLock();
  void unlockAfterFork(); // Fork.cpp
  /// The child that added a name; null if none did.
  ProgramCore* homeOf(std::string_view name);
  ProgramInput inputOfChild(const ProgramInput& input, const Ledger::Plan& plan);
  void addChildren(Statistics& out);
  /// Whether code is to know its places in the source: for who looks from outside.
  static bool wantsLines(const Options& options);
  /// How the worlds are read that code is compiled from for good.
  Reading compilerReading() const;
  /// Links file-level assembly and gives its names and the section bounds their addresses.
  /// The map, from the modules.
  Result<void> linkByName(World& world, const ProgramInput& input);
  Result<void> placeLateNames(World& world);
  Result<void> startIFuncs();
  /// Code for every function, of the tier that it starts in (Options::eager).
  Result<void> compileAll();
  /// The entries that containers name must be there; the first is the program's.
  Result<void> findEntries(World& world);
  static std::uintptr_t firstCallEntry(void* self, std::uint32_t function);
  std::uintptr_t firstCall(std::uint32_t function);
  // Coverage.cpp: with Options::coverage.
  struct CountedBlocks;
  Result<void> putCountersIn(std::vector<Source>& sources);
  Result<ModuleCoverage> countsOf(std::size_t module);
  /// What a compiler is asked.
  CompileRequest compileRequest(const FunctionRecord& record, Tier tier, std::uint32_t loop = kNoLoop) const;
  /// Compiles in this thread with the foreground compiler, under its lock.
  Result<void> compileNow(FunctionRecord& record, Tier tier, std::string_view reason, bool force);
  /// As compileNow(), of a compiled tier, from a world of this keeper.
  Result<void> compileFrom(WorldKeeper& worlds, FunctionRecord& record, Tier tier, std::string_view reason, bool force);

  // The low tiers, interpreter and baseline (LowTiers.cpp): in this thread, from the foreground's world, under its lock.
  void makeLowTiers();
  /// Where functions in baseline begin to record; zeros if they do at once, or never.
  RecordingStart recordingStage() const;
  /// Where the ladder begins for a function that is called for the first time.
  Result<Tier> startingTier(FunctionRecord& record);
  bool startRecording(FunctionRecord& record);
  Result<void> makeProfile(const std::string& earlier);
  using LowResult = std::variant<Version, Refusal, Error>;
  /// `use(work(world, symbols))`, both on the compile stack. `work` gives a LowResult.
  template <typename Work> void prepareTransfer(Work&& work);
  template <typename Work, typename Use> void onForeground(Work&& work, Use&& use);
  template <typename Use> bool useKept(FunctionRecord& record, std::uint32_t loop, bool records, Use&& use);
  /// Compiles and publishes, or gives the tier's refusal.
  Result<std::optional<Refusal>> tryLow(FunctionRecord& record, Tier tier, std::string_view reason, bool force);
  /// A function that the tier refuses starts in the next one that takes it: baseline, if the ladder has it, or O0.
  Result<void> compileLow(FunctionRecord& record, Tier tier, std::string_view reason, bool force);
  /// To baseline; a function that it refuses stays where it is.
  Result<void> promoteLow(FunctionRecord& record);
  /// Baseline's continuation at a loop.
  void enterLow(FunctionRecord& record, std::uint32_t loop, std::string_view reason);

  /// What was asked for by a spent budget, unless it is there meanwhile. Under the foreground lock.
  void compileRequested(FunctionRecord& record, Tier tier, std::uint32_t loop);
  /// The tier's continuation for a forced move, made if there is none.
  const OsrEntry* forcedEntry(FunctionRecord& record, std::uint32_t loop, Tier running, bool baselineRefused);
  /// The same for a continuation. What fails is remembered and not tried again.
  void compileLoopNow(FunctionRecord& record, Tier tier, std::uint32_t loop, std::string_view reason);
  Result<void> installLoop(FunctionRecord& record, CompileResult& result, std::string_view reason);
  /// Tells profilers and debuggers of a version.
  void announce(const FunctionRecord& record, const Version& version);
  /// The opposite, of code at this address.
  void withdraw(std::uintptr_t address);
  /// The artifact or a reason why there is none, made a version.
  Result<Version> link(FunctionRecord& record, CompileResult& result, bool ahead = false);
  Result<void> install(FunctionRecord& record, CompileResult& result, std::string_view reason, bool force);
  // Exits.cpp: guesses of the last tier, and the way back.
  Result<void> makeExits();
  /// As the compiler would, but a function whose activations the interpreter cannot resume gets no guards that exit. `locked`: under
  /// the foreground lock, else it takes it. Not on a compile stack.
  CompileResult compileGuarded(LlvmCompiler& compiler, WorldKeeper& worlds, const CompileRequest& request, bool locked);
  /// Makes all places resumable that the code may exit at; the function that is refused, if one is.
  Result<std::optional<std::uint32_t>> prepareExits(CodeArtifact& artifact);
  bool stillHolds(const CodeArtifact& artifact) const;
  Result<void> placeCells(CodeArtifact& artifact);
  void installGuards(const FunctionRecord& record, const CodeArtifact& artifact, const Version& version);
  Assumptions::Answer rebuild(const GuardSite& site);
  void traceExit(GuardSite& site, const std::uint64_t* state);
  void fillIn(ExitStatistics& out) const;
  // Room.cpp: what happens to code when room gets scarce.
  /// `world` may be null for programs without file-level assembly.
  void makeRetirement(World* world);
  /// Whether a compile for a function that has code is worth while; if not, it is refused here and counted.
  bool roomForPromotion(FunctionRecord& record, Tier tier, std::uint32_t loop);
  /// Tries again what failed for lack of room, if a round frees some. Not on a compile stack.
  template <typename Attempt> Result<void> withRoom(FunctionRecord& record, Attempt&& attempt);
  /// Frees superseded code, if a round is worth while. Not on a compile stack.
  void retireIfDue();
  void fillIn(CodeSpaceStatistics& out);
  // KeptCode.cpp: what the cache has of the program, and what it gets.
  void makeCache(const ProgramInput& input);
  void openCache(const ProgramInput& input);
  /// Whether code of earlier runs may be in place without having been asked for: not where a run is to be repeatable, or a stress
  /// test says when each version comes.
  bool mayUseKept() const;
  std::size_t sourceBytes() const;
  void openBaseline(const std::vector<std::string>& libraries);
  std::optional<baseline::Baseline::Kept> keptBaseline(std::uint32_t function, std::uint32_t loop, bool record);
  void saveBaseline();
  Digest programDigest() const;
  void addNames(ByteWriter& out, const std::vector<std::string>& libraries) const;
  Digest contextDigest(const std::vector<std::string>& libraries) const;
  bool wants(const cache::CodeKey& key) const;
  bool isThere(const cache::CodeKey& key);
  void installKept();
  void installAhead(CodeArtifact&& artifact);
  /// From the cache, or compiled.
  template <typename Compile> CompileResult codeFor(const CompileRequest& request, Compile&& compile) {
    if (cache_) {
      if (auto kept = cache_->load(cache::CodeKey::of(request)))
        return std::move(*kept);
      if (request.tier > Tier::O0) // which profiles are of no use to
        missed_.store(true, std::memory_order_relaxed);
    }
    return compile();
  }
  /// After the result was installed.
  void keep(CompileResult& result);
  /// After it could not be linked: what came from the cache is removed from there, and compiled at the next request.
  void refuseKept(const CompileResult& result, const Error& error);
  cache::CodeKey keyOf(const CodeArtifact& artifact) const;

  // KeptStart.cpp: a start without the modules.
  /// The function that was started at, and how.
  struct Main {
    std::uint32_t function = 0;
    bool returnsInt = true;
  };
  struct KeptStart {
    std::unique_ptr<const std::string> entry; ///< its bytes
    ProgramMap map;
    ByteReader rest{{}}; ///< the variables' initial values
    std::optional<Main> main;
  };
  bool mayKeepStart(const ProgramInput& input) const;
  std::optional<KeptStart> keptStart(const ProgramInput& input);
  Digest digestOfHost(const ProgramInput& input) const;
  void saveStart();

  PushResult request(FunctionRecord& record, Tier tier, std::uint32_t loop);
  std::optional<std::uintptr_t> resolve(std::string_view symbol);
  // RunReport.cpp: with Options::report.
  /// `opened` is not null with reports.
  void makeRecorder(World* opened);
  Observer* observer() const;
  void tellReplaced(std::string_view function, const FunctionRecord& old, std::string_view by) const;
  report::RunRecorder* recorder() const { return root_ ? root_->recorder_.get() : recorder_.get(); }
  using ReportFunction = std::function<void(FunctionStatistics, const FunctionRecord&, std::uint32_t number, bool timeable, bool counted)>;
  /// The functions that were reached; `number` is what the recorder knows them by.
  void forReport(const ReportFunction& add);
  void tellRecorder(const FunctionRecord& record, const Version& version);
  /// What calls of the function get to, whoever counts them on the way.
  std::uintptr_t codeOf(std::uint32_t function) const;

  std::shared_ptr<EngineCore> engine_;
  std::string name_, entry_ = "main";
  std::shared_ptr<const std::vector<Source>> sources_;
  std::shared_ptr<CountedBlocks> counted_; ///< null without coverage
  std::optional<AddressRange> range_;
  std::unique_ptr<CodeSpace> space_;
  UnwindRegistry unwind_;
  std::mutex announcing_; ///< under it codeMap_ changes; held for no other lock but that of names_
  /// Where code is, for who asks while the process crashes.
  std::unique_ptr<CodeMap> codeMap_; ///< null unless crashes are reported
  std::unique_ptr<CodeNames> names_; ///< null if nobody wants to know
  HostSymbols host_;
  std::vector<ProgramInput::HostFunction> hostFunctions_; ///< of a replaceable program: its redefinitions may call them
  std::shared_ptr<Replacements> replacements_; ///< null unless the program is replaceable
  ProgramMap map_;
  GlobalsImage image_;
  std::unique_ptr<ThreadLocals> threadLocals_;
  std::unique_ptr<FunctionTable> table_;
  std::unique_ptr<JitLinker> linker_;
  std::unique_ptr<Retirement> retirement_;
  std::atomic<std::uint64_t> promotionsRefused_{0};
  std::unique_ptr<TierManager> tiers_;
  std::unique_ptr<interp::Interpreter> interpreter_;
  std::unique_ptr<baseline::Baseline> baseline_;
  std::unique_ptr<Assumptions> assumptions_;
  Speculation speculation_;
  std::unique_ptr<std::atomic<bool>[]> unresumable_; ///< by function
  std::atomic<std::int64_t>* exitCount_ = nullptr; ///< in the range: forced guards until one fails
  std::unique_ptr<RunProfile> profile_; ///< null if nobody uses it
  std::map<std::pair<Tier, std::string>, std::uint64_t> refusals_; ///< under foreground_

  std::mutex foreground_; ///< guards worlds_, compiler_ and stack_
  std::shared_ptr<WorldKeeper> worlds_; ///< what the low tiers read; also LLVM's where the ladder has none of them
  std::unique_ptr<LlvmCompiler> compiler_;
  std::unique_ptr<Stack> stack_;
  std::vector<std::unique_ptr<LlvmCompiler>> workerCompilers_; ///< by worker number, each used by that thread only
  std::mutex install_; ///< linking and publishing, one at a time
  std::once_flag constructed_;

  std::unique_ptr<cache::ProgramCache> cache_; ///< null: there is none
  std::unique_ptr<cache::KeptBaseline> baselineKept_; ///< under foreground_; null: none is kept
  Digest baselineContext_, startContext_;
  std::optional<Main> main_;
  std::atomic<bool> missed_{false}; ///< this run compiled what the cache had not
  bool startFound_ = false;
  bool keepStart_ = false; ///< the start may be kept, and was not found
  /// Null: nobody wants a report, or its root has it. A child's calls are not timed.
  std::unique_ptr<report::RunRecorder> recorder_;
  ProgramCore* root_ = nullptr; ///< of a child; outlives it
  /// What recorder() knows function 0 by; and of a root, what the next child's will be.
  std::uint32_t recordedAs_ = 0, nextRecorded_ = 0;
  Digest earlierProfile_; ///< of the profile that the host named; zeros: none
  std::atomic<bool> saved_{false};     ///< to the cache, or about to be
  std::atomic<bool> installing_{false};
  bool forked_ = false; ///< what was counted before the fork is the parent's to tell
};

template <typename Work, typename Use> void ProgramCore::onForeground(Work&& work, Use&& use) {
  callOnStack(*stack_, [&] {
    LowResult made;
    auto done = worlds_->guarded([&](World& world, const WorldSymbols& symbols) -> Result<void> {
      made = work(world, symbols);
      return {};
    });
    if (!done)
      made = done.error();
    use(std::move(made));
  });
}

template <typename Attempt> Result<void> ProgramCore::withRoom(FunctionRecord& record, Attempt&& attempt) {
  Result<void> done = attempt();
  auto full = [&] { return !done && done.error().code == ErrorCode::CodeSpaceFull; };
  const bool first = record.publishedTier.load(std::memory_order_acquire) == FunctionRecord::kNone;
  if (full() && retirement_->round(first) != 0)
    done = attempt();
  if (full() && !first)
    promotionsRefused_.fetch_add(1, std::memory_order_relaxed);
  return done;
}

} // namespace kiln

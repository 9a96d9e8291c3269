// Kiln's C++ API: an Engine runs Programs made of LLVM bitcode.
//
// Manners: nothing here prints, aborts or throws; errors come back as values. Objects are independent: several engines
// in one process do not know of each other. No LLVM type appears.
//
//   auto engine = kiln::Engine::create({});
//   auto program = (*engine)->load(kiln::ProgramInput::file("fib.bc"));
//   auto fib = (*program)->function<int(int)>("fib");
//   int result = (*fib)(30);
//
// Thread-safety: Engine and Program from any thread at once, but for destruction and where a member says otherwise.
// Idea: mixed-mode execution with counters, promotion in the background and replacement on the stack, after Self
// (Hoelzle, Ungar) and HotSpot; the manners are those of embedded libraries such as SQLite and simdjson.
// docs/architecture.md, docs/tiers.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kiln/Api.h"
#include "kiln/Error.h"
#include "kiln/Ladder.h"
#include "kiln/Observer.h"
#include "kiln/Profile.h"
#include "kiln/Report.h"
#include "kiln/Statistics.h"

namespace kiln {

/// Whether the lowest tiers record a profile. Auto: if the ladder has a tier above them that can use it.
enum class Profiling { Auto, On, Off };

/// Whether compiled code counts. Auto: every tier but the last of the ladder does.
enum class Counting { Auto, On, Off };

/// A level of a back-trace.
struct CrashFrame {
  std::uintptr_t address = 0;     ///< where it is, or returns to
  const char* function = nullptr; ///< of a program, as its symbol is; null: the frame is not one of a program's functions
  Tier tier = Tier::Interpreter;  ///< whose code it is
  bool isLoop = false;            ///< a continuation, entered at a loop
  const char* file = nullptr;     ///< null: the place in the source is not known
  std::uint32_t line = 0;         ///< counted from 1
};

/// What Options::onCrash calls: the signal, and the back-trace.
using CrashHandler = void (*)(int signal, const CrashFrame* frames, std::size_t count);
/// Where code and profiles are kept between runs; docs/cache.md says what is trusted. Off unless a folder is named.
struct CacheOptions {
  /// Made if it is missing, for the user alone. One that others may write to is not used.
  std::string folder;
  /// Bytes that all of it may take; the programs that were not used for the longest go first.
  std::uint64_t limit = std::uint64_t{256} << 20;
  /// A server that several machines share, asked for what the folder has not: redis://HOST[:PORT][/DB][?prefix=TEXT].
  std::string remote;
  /// The key that authenticates what the server has; without one there is no shared cache.
  std::string keyFile;
  /// No answer within this time counts as none, and the server is left alone for a while.
  std::uint64_t remoteMilliseconds = 200;
  /// What reading functions and making their baseline code must have taken in a run for that to be kept, in microseconds.
  std::uint64_t leastMicroseconds = 1000;
  /// How long the end of a program may wait until everything is written.
  std::uint64_t endMilliseconds = 50;
};

/// How an engine compiles. The defaults suit programs of seconds.
struct Options {
  /// The tiers, and when each starts.
  Ladder ladder = Ladder::standard();
  /// Background compile threads; 0 compiles in the thread whose budget is spent. Threads start with the first request.
  unsigned compileThreads = 1;
  Counting counting = Counting::Auto;     ///< which code counts calls and loops
  Profiling profiling = Profiling::Auto;  ///< whether the lowest tiers record a profile
  /// What is recorded when a profile is: a set of Recorder bits.
  std::uint32_t recorders = kAllRecorders;
  /// Code of the ladder's last tier is optimised by what was recorded.
  bool pgo = true;
  /// Every block counts its runs, for Program::writeCoverage(). Loading takes longer, and the code is other code: profiles of
  /// such a run are of no use to runs without.
  bool coverage = false;
  /// On-stack replacement: a loop that runs for long goes on in better code without waiting for the function's next call.
  bool osr = true;
  /// Not 0: every loop moves at its N-th back-edge, into code compiled then and there. For tests.
  std::uint64_t osrAt = 0;
  /// Code of the ladder's last tier leaves out what the profile says never happens; should it happen, the interpreter goes on.
  bool speculate = true;
  /// Not 0: guards are put at branches and calls of all code of the last tier, and every N-th that is passed fails. For tests.
  std::uint64_t exitAt = 0;
  /// Failures of a guard until its assumption is dropped and the function compiled again; 0: Kiln's own number. For tests.
  std::uint64_t exitLimit = 0;
  /// Not 0: every argument that had one value in so many calls becomes a guarded constant, worth it or not. For tests.
  std::uint64_t constantAfter = 0;
  /// Not 0: baseline code gets by with so many registers of each class. For tests.
  unsigned baselineRegisters = 0;
  /// Baseline code uses no instructions beyond SSE2, whatever the machine has. For tests.
  bool baselinePlainCpu = false;
  /// A function that the interpreter or baseline refuses is an error (onUncompilable) instead of starting higher. For tests.
  bool crashOnRefusal = false;
  /// Bytes of code and constants that a program may have at a time; 0: what its address range holds. Past it, superseded code
  /// is freed if it can be; else promotion stops.
  std::size_t codeLimit = 0;
  /// Bytes of superseded code that gather until it is looked whether they can be freed; 0: they are kept. The look needs a
  /// real-time signal that the process leaves at its default. Hosts whose threads run functions of programs on stacks that
  /// they switch between themselves must say 0.
  std::size_t retireAt = std::size_t{4} << 20;
  /// Requests that may wait at once; further ones are dropped and made again later.
  std::size_t queueCapacity = 1024;
  /// What is kept between runs; off unless it names a folder.
  CacheOptions cache;
  /// Read and verify every function when a program is loaded, instead of each at its first compile.
  bool verifyAll = false;
  /// Names of compiled code for perf, in /tmp/perf-PID.map.
  bool perfMap = false;
  /// Names, unwind tables and, where the bitcode has them, lines of compiled code for GDB. Each version costs some kilobytes.
  /// Interpreted functions get native frames of their own, which name them.
  bool gdb = false;
  /// A folder for jit-PID.dump, where perf finds code, names and lines of what was compiled; empty: none is written.
  std::string jitdump;
  /// Times calls and samples threads for Program::report(). It takes a thread and, while the program computes, a real-time signal.
  bool report = false;
  /// Every function gets the code that it starts with when its program is loaded, and not at its first call.
  bool eager = false;
  /// Called in the thread that is about to die by a signal that nobody else handles (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
  /// SIGABRT), on a stack of its own, the innermost frame first. It may call only what a signal handler may. The process then
  /// dies by that signal as it would have. Process-wide: the first engine that has one decides. Null: signals are left alone.
  CrashHandler onCrash = nullptr;
  /// Not owned; must outlive the engine.
  Observer* observer = nullptr;
  /// Called in the thread that called a function which cannot be compiled at the lowest tier (damaged or invalid body,
  /// no code space). It should not return: if it does, the thread executes a trap, as a native call of a missing
  /// function would. Thread-safe.
  std::function<void(const Error&)> onUncompilable;
};

/// What a program is made of.
struct ProgramInput {
  /// A module in memory.
  struct Buffer {
    std::string name;            ///< for messages
    std::span<const char> bytes; ///< as a file's; copied by load()
  };
  /// A function of the host.
  struct HostFunction {
    std::string name;              ///< by which the program calls it
    const void* address = nullptr; ///< where it is; callable as long as the program runs
  };
  std::vector<std::string> files; ///< bitcode, containers of it, or IR text
  std::vector<Buffer> buffers;    ///< the like, in memory
  std::vector<std::string> libraries; ///< shared libraries, searched in order
  std::vector<HostFunction> hostFunctions; ///< found before any library
  /// A profile file of earlier runs, for Options::pgo; empty: none. Functions that it does not know go without.
  std::string profile;
  /// Run the program's static constructors in load(). `kiln run` defers them to prepareMain().
  bool runConstructors = true;
  /// Functions can be redefined while the program runs (Program::replace()). Costs speed: a function that others can name is not
  /// inlined, and files are read into memory as a whole. docs/replacing.md.
  bool replaceable = false;

  /// Of one file.
  KILN_API static ProgramInput file(std::string path);
  /// Of one buffer.
  KILN_API static ProgramInput memory(std::string name, std::span<const char> bytes);
  /// Makes `function` callable from the program by name. The types are the host's promise.
  template <typename R, typename... A> ProgramInput& host(std::string name, R (*function)(A...)) {
    hostFunctions.push_back({std::move(name), reinterpret_cast<const void*>(function)});
    return *this;
  }
};

template <typename Signature> class Function;

/// A function of a program. Calling it goes to its best code at that moment; the handle stays valid, whatever is
/// compiled or promoted, as long as the program lives. Copies are cheap. Thread-safe.
template <typename R, typename... A> class Function<R(A...)> {
public:
  /// Calls it.
  R operator()(A... arguments) const { return address_(arguments...); }
  /// The address as a C function pointer, stable for the program's life.
  auto address() const { return address_; }

private:
  friend class Program;
  explicit Function(void* address) : address_(reinterpret_cast<R (*)(A...)>(address)) {}
  R (*address_)(A...);
};

class EngineCore;
class ProgramCore;

/// A loaded program. Created by Engine::load(); destroy it before its engine, when no thread is inside its code.
/// All members are thread-safe unless they say otherwise.
class KILN_API Program {
public:
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Looks up a function by its symbol name. The signature is the caller's promise: bitcode carries no C types.
  /// Fails with UnknownEntry.
  template <typename Signature> Result<Function<Signature>> function(std::string_view name) {
    auto address = functionAddress(name);
    if (!address)
      return std::unexpected(address.error());
    return Function<Signature>(*address);
  }
  /// What Function::address() of that function is. Fails with UnknownEntry.
  Result<void*> functionAddress(std::string_view name);
  /// The address of a global variable of the program. Fails with UnknownEntry.
  Result<void*> variableAddress(std::string_view name);

  /// A C program's start, ready to be made: `call()` runs main and returns its result. Plain data, so that the frame that
  /// calls it needs no destructor: a main thread may end by pthread_exit, which unwinds every frame below.
  struct MainCall {
    int (*function)(int, char**, char**) = nullptr; ///< the entry's address
    bool returnsInt = true; ///< false: main returns nothing, and the result is 0
    int argc = 0;           ///< how many arguments, the program's name included
    char** argv = nullptr;  ///< these, and a null pointer
    /// Runs it. Errors of the program are its own.
    int call(char** environment) const {
      int result = function(argc, argv, environment);
      return returnsInt ? result : 0;
    }
  };
  /// Runs the constructors (once) and prepares the entry function as a C program's main; `arguments[0]` is the program's
  /// name. Without an entry it is entry(). The arguments are copied and stay for the life of the process. Fails with UnknownEntry or BadMain.
  Result<MainCall> prepareMain(std::span<const std::string> arguments, std::string_view entry = {});
  /// prepareMain() and call(). A program that calls exit() never returns here. Fails like prepareMain().
  Result<int> runMain(std::span<const std::string> arguments, std::string_view entry = {});
  /// The function to start at, when no other is named: what the first container that names one says, or "main".
  std::string_view entry() const;

  /// The tier whose code calls of the function go to; none before its first call. Fails with UnknownEntry.
  Result<std::optional<Tier>> tierOf(std::string_view name);
  /// Compiles the function for `tier` and makes calls go there. With `wait`, returns when that is so; without, the work
  /// is queued. Ends a hold. Fails with UnknownEntry, CompileFailed, CodeSpaceFull or ShutDown.
  Result<void> promote(std::string_view name, Tier tier, bool wait = true);
  /// From the next call on the function runs its code of `tier` and stays there until promote(). Activations that run
  /// end in the code they are in. Fails like promote().
  Result<void> demote(std::string_view name, Tier tier);
  /// The most called functions, hottest first.
  std::vector<FunctionStatistics> hotFunctions(std::size_t count);

  /// What it did so far.
  Statistics statistics();
  /// Looks now whether superseded code can be freed, whatever Options::retireAt says but 0. The bytes that were.
  std::size_t retire();
  /// Closes the shared libraries that the input named, so that their destructors run. For the end of a process; the
  /// program must not run afterwards.
  void unloadLibraries();
  /// Waits until no compile of this program is queued or running.
  void waitForCompiles();

  /// Writes what was recorded so far, for `kiln profile` and later runs. Fails with SystemError.
  Result<void> writeProfile(const std::string& path, ProfileFormat format);

  /// Writes which blocks ran so far, of a program with Options::coverage. Compiles all of the program once, to know the sizes
  /// of functions. Fails with BadOption or SystemError.
  Result<void> writeCoverage(const std::string& path);
  /// Hands the cache what this run recorded and waits, as long as CacheOptions::endMilliseconds at most, until all is
  /// written. The destructor does it; for processes that end without one. Only the first call does anything.
  void saveToCache();

  /// What a redefinition did, by name.
  struct Replacement {
    std::vector<std::string> replaced;  ///< functions whose calls take the new definition now
    std::vector<std::string> added;     ///< functions and variables that the program had not
    std::vector<std::string> unchanged; ///< functions whose definition is the one that runs already
  };
  /// Redefines functions of a program that was loaded as ProgramInput::replaceable, while it runs: activations end in the definition that they
  /// began in, calls from now on take the new one, and addresses of functions stay the same. What the input defines and the
  /// program does not have is added, for later calls and replacements to find. Variables that the program has keep their values.
  /// All or nothing: a signature that does not fit, or a promise to callers that the new definition does not make, is
  /// BadReplacement; what cannot be replaced at all, Unsupported; else it fails as Engine::load() does. Also ShutDown, and BadOption for a program that is
  /// not replaceable. docs/replacing.md has the rules.
  Result<Replacement> replace(const ProgramInput& input);
  /// The same for one function; what else the input defines of the program's functions is left as it is. Fails also with UnknownEntry.
  Result<Replacement> replace(std::string_view name, const ProgramInput& input);

  /// What a program with Options::report did so far. Fails with BadOption without that option, and in the child of a fork.
  Result<Report> report();

  /// What dump() shows: LLVM IR behind the passes, machine code, or the interpreter's ops.
  enum class Dump { Ir, Assembly, Ops };
  /// What the compiler makes of a function at a tier, as text; for Ops, whatever the tier, what the interpreter executes. Fails
  /// with UnknownEntry, CompileFailed, or BadOption for IR or assembly of the interpreter.
  Result<std::string> dump(std::string_view name, Tier tier, Dump kind);

private:
  friend class Engine;
  explicit Program(std::shared_ptr<ProgramCore> core) : core_(std::move(core)) {}
  std::shared_ptr<ProgramCore> core_;
};

/// Owns the compile threads and their queue. Thread-safe.
class KILN_API Engine {
public:
  /// Makes an engine; threads are started later. Fails with BadLadder, BadOption for a value that cannot be, or
  /// SystemError.
  static Result<std::unique_ptr<Engine>> create(Options options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Reads, links and lays out a program; runs its static constructors unless the input defers them. Fails with one of
  /// the codes from FileNotFound to UnresolvedSymbol, CompileFailed for file-level assembly, Unsupported,
  /// LibraryNotLoaded, SystemError, ShutDown, BadProfile, or those of containers (docs/errors.md); then nothing is left
  /// of it.
  Result<std::unique_ptr<Program>> load(const ProgramInput& input);

  /// Cancels what is queued, waits for what is being compiled, ends the threads. Programs stay callable at the tiers they
  /// have; nothing is promoted any more. Done by the destructor if not before.
  void shutdown();

private:
  explicit Engine(std::shared_ptr<EngineCore> core) : core_(std::move(core)) {}
  std::shared_ptr<EngineCore> core_;
};

/// The library's: "0.1.0". Thread-safe.
KILN_API std::string_view version();

} // namespace kiln

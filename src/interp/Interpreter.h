// Tier 0: functions of one program, decoded and executed.
//
// It is a compiler among compilers as far as the tiers see: compile() takes a function and gives an entry address or a
// refusal. What the address leads to is a thunk that enters the interpreter with the platform's convention; calls
// between interpreted functions go round it (Sites.h).
//
// Life-cycle: made by the loading thread; compile(), prepareResume(), prepareOsr() and harvest() under the program's
// foreground lock, on the compile stack; everything that handlers call, on any thread of the program at any time.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compile/Compiler.h"
#include "function/FunctionTable.h"
#include "interp/InvokeStubPool.h"
#include "interp/decode/Decoder.h"
#include "profile/Harvest.h"
#include "profile/Profile.h"
#include "program/HostSymbols.h"
#include "program/ProgramMap.h"
#include "program/ThreadLocals.h"
#include "program/World.h"
#include "transition/Resume.h"

namespace kiln::interp {

struct StateRecipe;

class Interpreter final : public Environment {
public:
  /// What the interpreter asks of its program while code runs. Called in threads of the program, in signal handlers
  /// too.
  struct Host {
    /// The loop budget of a function is spent at the header of a loop: the continuation to go on in, or 0.
    std::function<std::uintptr_t(std::uint32_t function, std::uint32_t loop)> loopBudgetSpent;
    /// The continuation for a loop, now; 0 if there can be none (--osr-at).
    std::function<std::uintptr_t(std::uint32_t function, std::uint32_t loop)> forceOsr;
    /// Calls prepareOsr() under the foreground lock.
    std::function<void(LoopHeader&)> prepareOsr;
  };
  struct Parts {
    const ProgramMap& map;
    FunctionTable& table;
    CodeSpace& space;
    UnwindRegistry& unwind;
    HostSymbols& symbols;
    const std::unique_ptr<ThreadLocals>& threadLocals;
  };
  struct Settings {
    DecodeOptions decode;
    std::uint64_t osrAt = 0; ///< not 0: transfer at every N-th arrival at a loop header
  };
  /// The world that functions are decoded from. It may change: LLVM's fatal errors cost a world.
  struct Source {
    World* world = nullptr;
    const WorldSymbols* symbols = nullptr;
  };

  Interpreter(const Parts& parts, Settings settings, Host host);
  ~Interpreter() override;

  /// An installed version of the function, a refusal, or the error of reading its body.
  std::variant<Version, Refusal, Error> compile(const Source& source, std::uint32_t function);
  /// Makes activations of the function resumable at these places (transition/Resume.h), unless they are.
  std::variant<std::monostate, Refusal, Error> prepareResume(const Source& source, std::uint32_t function,
                                                             std::span<const std::uint32_t> places);
  /// The entry at a loop header for activations that go down to the interpreter: T (state*), the state as a
  /// continuation's.
  std::variant<Version, Refusal, Error> compileLoop(const Source& source, std::uint32_t function, std::uint32_t block);
  /// `T (ptr state)`, to go on at a place that prepareResume() made ready; 0 if it did not. Under the foreground lock.
  std::uintptr_t resumeAt(std::uint32_t function, std::uint32_t place) const;
  /// The ops of a function as text. Decodes it if it has not run.
  Result<std::string> dump(const Source& source, std::uint32_t function);
  /// What was recorded so far; functions that were never interpreted are left out.
  ProgramProfile harvest(const Source& source);
  /// Adds what was recorded of one function; false if it was never interpreted. Any thread, without a lock.
  bool readCounts(std::uint32_t function, FunctionProfile& into, const CountReading& reading) const;

  /// Finds out what the state of a loop header consists of. Under the foreground lock.
  void prepareOsr(const Source& source, LoopHeader& header);
  /// Where an activation goes on that arrives at a loop header with its budget spent, or null.
  const void* atBackEdge(LoopHeader& header);
  FunctionEntry* directTarget(const CallSite& site, std::uintptr_t address);

  /// The name of the function whose op at this address the handler that begins at `handler` executes; null if it is no op, or
  /// of another handler. Async-signal-safe; an invoke is told by the call in it.
  const char* functionExecuting(std::uintptr_t op, std::uintptr_t handler) const;

  /// Where the ops of the function lie, for those who ask what a thread executes; nothing if it was never decoded.
  std::span<const Word> opsOf(std::uint32_t function) const;

  /// Whether calls have had several values in the argument. Under the foreground lock.
  bool argumentVaries(std::uint32_t function, std::uint32_t argument) const;

  struct Totals {
    std::uint64_t functions = 0, instructions = 0, nanoseconds = 0;
  };
  Totals totals() const { return totals_; }
  std::mutex& stubLock() { return stubs_.forkLock(); }

  // Environment
  FunctionEntry* entryOf(std::uint32_t function) override;
  const llvm::FunctionType* definedType(std::uint32_t function) override;
  std::uintptr_t runtimeAddress(const char* name) override;
  Result<SharedStub> stubFor(const InvokeSite& site, std::span<const std::uintptr_t> types,
                             std::uintptr_t personality) override {
    return stubs_.stubFor(site, types, personality);
  }
  Interpreter* interpreter() override { return this; }

private:
  llvm::Function& functionIn(const Source& source, std::uint32_t id) const;
  Result<void> placeNativeEntry();
  /// The address that the entry's function is called at, with what the version says of that address.
  Result<void> makeEntry(FunctionEntry& entry, Version& version, CodeUse use);
  Result<void> makeThunk(FunctionEntry& entry, CodeUse use);
  /// What the state of a loop header consists of; null if there can be none. `locate`: where a value, by number, is.
  using Locate = std::function<std::optional<Location>(std::uint32_t value)>;
  const StateRecipe* makeRecipe(llvm::Function& prepared, std::uint32_t block, const Locate& locate);
  std::variant<std::uintptr_t, Refusal, Error> install(llvm::Function& prepared, std::uint32_t function,
                                                       std::expected<Resume, std::string> resume);
  void setHeaders(llvm::Function& prepared, const Resume& resume, Code& code);
  /// As makeThunk(), with a native frame that names the function.
  Result<void> makeFramedThunk(FunctionEntry& entry, Version& version, CodeUse use);

  const Parts parts_;
  const Settings settings_;
  const Host host_;
  Source source_; ///< while decoding
  DecodeMemory memory_;
  InvokeStubPool stubs_;
  std::unique_ptr<std::atomic<FunctionEntry*>[]> entries_; ///< by function
  std::deque<FunctionEntry> entryStore_;
  std::vector<std::unique_ptr<Code>> codes_;
  std::deque<StateRecipe> recipes_;
  std::vector<std::unique_ptr<Code>> resumeCodes_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uintptr_t> resumes_; ///< by function and place
  const std::uintptr_t* nativeEntry_ = nullptr; ///< inside the address range, for thunks to jump or call through
  Totals totals_;
};

} // namespace kiln::interp

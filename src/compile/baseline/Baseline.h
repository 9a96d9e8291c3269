// Tier 1: native code of one function in one pass, made in microseconds in the thread that asks for it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compile/Compiler.h"
#include "function/FunctionTable.h"
#include "profile/ContentHash.h"
#include "profile/Profile.h"
#include "program/HostSymbols.h"
#include "program/ProgramMap.h"
#include "program/ThreadLocals.h"
#include "program/World.h"

namespace llvm {
class Value;
}

namespace kiln {
class CodeSpace;
struct CodeSpan;
class FunctionNumbers;
class UnwindRegistry;
} // namespace kiln

namespace kiln::baseline {

struct Code;
struct Reference;
struct LoopRecord;
struct StateWord;

class Baseline {
public:
  struct Settings {
    bool count = true;          ///< entries and back-edges count down
    std::uint32_t batch = 1;    ///< back-edges that a small loop counts by itself before it counts them down; 1: none
    std::uint32_t record = 0;   ///< which profiles: bits of Record
    bool recordLate = false;    ///< activations may have begun without: what arguments are is seen at loops as well
    std::uint64_t osrAt = 0;
    unsigned registers = 0;     ///< allocatable registers of each class; 0: all
    bool lines = false;         ///< versions know their places in the source, as far as the world kept them
    bool plainCpu = false;      ///< only what every x86-64 has: SSE2
  };
  enum Record : std::uint32_t { Branches = 1, Switches = 2, Targets = 4, Sizes = 8, Arguments = 16 };
  /// Code as bytes (Stored.h), or that the tier refuses the function.
  struct Kept {
    std::string_view bytes;
    bool refused = false;
  };
  struct Host {
    /// The loop budget is spent at the header of a loop: the continuation to go on in, or 0. `running` is Tier::Baseline.
    /// `records`: the running code does.
    std::function<std::uintptr_t(std::uint32_t function, std::uint32_t loop, bool records)> loopBudgetSpent;
    /// The continuation for a loop, now; 0 if there can be none (--osr-at).
    std::function<std::uintptr_t(std::uint32_t function, std::uint32_t loop)> forceOsr;
    /// Whether a tier below has seen an argument of the function with several values.
    std::function<bool(std::uint32_t function, std::uint32_t argument)> argumentVaries;
    /// What an earlier run kept of a function, with or without the recorders; null: nothing is. With keep().
    std::function<std::optional<Kept>(std::uint32_t function, bool record)> kept;
    std::function<void(std::uint32_t function, bool record, std::string bytes, bool refused, std::uint64_t nanoseconds)> keep;
    /// Calls prepareOsr() under the foreground lock.
    std::function<void(LoopRecord&)> prepareOsr;
  };
  struct Parts {
    const ProgramMap& map;
    FunctionTable& table;
    CodeSpace& space;
    UnwindRegistry& unwind;
    HostSymbols& symbols;
    const std::unique_ptr<ThreadLocals>& threadLocals;
  };
  struct Source {
    World* world = nullptr;
    const WorldSymbols* symbols = nullptr;
  };
  Baseline(const Parts& parts, Settings settings, Host host);
  ~Baseline();

  /// As compile(), from what an earlier run kept; nothing if it kept none, or none that fits. Needs no IR.
  std::optional<std::variant<Version, Refusal, Error>> restore(std::uint32_t function, bool record);
  /// An installed version, a refusal, or the error of reading its body. `record`: with the recorders of the settings. The entry
  /// at a loop always has them: what loops that long is about to be compiled for good.
  std::variant<Version, Refusal, Error> compile(const Source& source, std::uint32_t function, bool record);
  /// The entry `T (ptr state)` at a loop header of the function's newest baseline code, compiling it if need be; 0 with a
  /// reason if there can be none.
  std::variant<Version, Refusal, Error> loopEntry(const Source& source, std::uint32_t function, std::uint32_t loop);
  /// Finds out what the state of a loop header consists of. Under the foreground lock.
  void prepareOsr(const Source& source, LoopRecord& record);
  /// Where an activation goes on that arrives at a loop header with its budget spent, or 0. Any thread of the program.
  std::uintptr_t arrive(LoopRecord& record);
  /// All that code depends on besides the program: settings, what the machine has, this very build of Kiln. Empty: nothing
  /// may be kept.
  std::string identity() const;
  /// Annotated assembly.
  Result<std::string> dump(const Source& source, std::uint32_t function);
  ProgramProfile harvest(const Source& source);
  /// Adds what was recorded of one function; false if it has no baseline code. Any thread, without a lock.
  bool readCounts(std::uint32_t function, FunctionProfile& into, const CountReading& reading) const;
  /// Of what was compiled, not of what was kept.
  struct Totals { std::uint64_t functions = 0, instructions = 0, nanoseconds = 0, codeBytes = 0; };
  Totals totals() const { return totals_; }

private:
  struct Work;

  bool appendFolded(const Code& code, const llvm::Value* value, const FunctionNumbers& numbers, std::vector<StateWord>& out);
  Result<Version> install(std::unique_ptr<Code> code);
  bool bind(Code& code);
  void keep(std::uint32_t function, bool record, const std::expected<std::unique_ptr<Code>, Refusal>& made,
            std::uint64_t nanoseconds);
  std::variant<Version, Refusal, Error> compileAt(const Source& source, std::uint32_t function, std::uint32_t loop, bool record);
  struct Installed;
  static void readCounts(const Installed& installed, FunctionProfile& into, const CountReading& reading);
  std::uintptr_t addressOf(const Reference& to, const Installed& installed) const;
  bool applyFixups(const Installed& installed) const;
  void addLoops(Installed& installed);
  std::string nameOf(const Reference& to, const Code& code) const;

  const Parts parts_;
  const Settings settings_;
  const Host host_;
  std::unique_ptr<Work> work_; ///< what compiling needs and nobody else
  Totals totals_;
};

} // namespace kiln::baseline

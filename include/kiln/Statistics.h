// What a program did so far, as plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/Ladder.h"

namespace kiln {

/// One installed version of a function. Times in nanoseconds, sizes in bytes.
struct VersionStatistics {
  Tier tier = Tier::O0;
  std::uint64_t prepareNs = 0;  ///< reading and cleaning up the bitcode, gathering callees
  std::uint64_t passesNs = 0;
  std::uint64_t codegenNs = 0;
  std::uint64_t linkNs = 0;
  std::uint64_t codeBytes = 0;
  std::uint64_t publishedAtNs = 0; ///< since the engine was made
  std::uint64_t callsBefore = 0;   ///< calls counted when it was published
  std::optional<std::uint32_t> loop = {}; ///< a continuation at this loop header (a block's number), not the function
  bool retired = false; ///< superseded; its code was freed, or will be when no thread is inside
  bool cached = false;  ///< found in the cache, not compiled
};

/// The memory for code. Bytes.
struct CodeSpaceStatistics {
  std::uint64_t limit = 0;
  std::uint64_t code = 0, constants = 0, data = 0; ///< in use, by what it is for
  std::uint64_t supersededBytes = 0; ///< in use by versions that calls do not reach any more
  std::uint64_t waitingBytes = 0;    ///< likewise, and given up: freed when no thread is inside
  std::uint64_t freedBytes = 0;
  std::uint64_t versionsRetired = 0, versionsFreed = 0;
  std::uint64_t rounds = 0;          ///< looks at what can be freed
  struct Postponed {
    std::string reason;
    std::uint64_t rounds = 0;
  };
  std::vector<Postponed> postponed;  ///< rounds that freed nothing, and why
  std::string retirementOff;         ///< why nothing is freed at all; empty: it is
  bool limitReached = false;         ///< room was asked for and not there
  std::uint64_t promotionsRefused = 0; ///< for lack of room
};

/// Guards of the last tier's code: what was assumed, and how often that was wrong.
struct ExitStatistics {
  struct Reason {
    std::string name; ///< "branch", "target", "argument"
    std::uint64_t failures = 0;
    std::uint64_t exits = 0;   ///< of these, how many went on in the interpreter
    std::uint64_t dropped = 0; ///< assumptions that failed too often
  };
  std::vector<Reason> reasons;
  std::uint64_t sites = 0;     ///< guards in all code made so far
  std::uint64_t forced = 0;    ///< exits on purpose (--exit-at); they are in `reasons` as well
  std::uint64_t rebuilds = 0;  ///< functions compiled again for it
  std::uint64_t leftAlone = 0; ///< functions that are compiled without assumptions, after too many rebuilds
};

struct FunctionStatistics {
  std::string name;
  std::optional<Tier> tier;  ///< whose code calls go to; none if the function was never called
  std::uint64_t calls = 0;   ///< counted: the last tier does not count
  std::uint64_t loops = 0;   ///< back-edges counted
  bool held = false;         ///< promotion is off until promote()
  std::uint64_t samples = 0; ///< of threads in its code, with Options::report; not in the JSON, where a report has times
  std::uint64_t osrTransfers = 0; ///< activations that moved into a continuation
  std::vector<VersionStatistics> versions; ///< of retired ones the last of each tier
  /// Retired versions that are not in `versions` any more.
  std::uint64_t versionsForgotten = 0, forgottenNs = 0, forgottenBytes = 0;
  std::uint32_t failures = 0;
  std::string lastFailure;
};

/// What the cache did for the program.
struct CacheStatistics {
  bool on = false;
  std::string folder;
  std::string offBecause;       ///< why the folder is not used after all; empty: it is
  std::string writesOffBecause; ///< why nothing more is written there; empty: it is
  std::uint64_t hits = 0, misses = 0; ///< lookups of code, by what they gave
  std::uint64_t damaged = 0;    ///< entries that were there and not sound: misses
  std::uint64_t installed = 0;  ///< code that was in place without having been asked for
  std::uint64_t lookupNs = 0, savedNs = 0; ///< spent on lookups; what compiling had taken
  std::uint64_t bytesRead = 0;
  std::uint64_t written = 0, bytesWritten = 0;
  std::uint64_t writeFailures = 0;
  std::uint64_t dropped = 0;    ///< not written because too much waited
  std::uint64_t evicted = 0;    ///< files of any program
  std::uint64_t profileFunctions = 0; ///< that the stored profile knew
  bool remote = false;          ///< there is a shared store
  std::string remoteAway;       ///< why it is left alone at the moment; empty: it is not
  std::uint64_t remoteFailures = 0;
  std::uint64_t fetched = 0, sent = 0;
  std::uint64_t wrongTags = 0;  ///< entries of it that someone without the key made or changed
};

struct Statistics {
  static constexpr int kSchemaVersion = 1;

  std::string ladder;
  std::vector<FunctionStatistics> functions; ///< those that were called or compiled, hottest first
  std::uint64_t functionsInProgram = 0;
  std::uint64_t compiles = 0;
  std::uint64_t compileNs = 0;       ///< wall time of all compiles, in all threads
  std::uint64_t codeBytes = 0;       ///< machine code of all versions
  std::uint64_t codeSpaceUsed = 0;   ///< with constants, stubs and unwind tables
  std::uint64_t codeSpaceLimit = 0;
  CodeSpaceStatistics codeSpace;
  ExitStatistics exits;
  /// What the interpreter decoded. Reading and cleaning up come before and are in prepareNs of the versions.
  struct Decoding {
    std::uint64_t functions = 0;
    std::uint64_t instructions = 0; ///< of the prepared IR
    std::uint64_t decodeNs = 0;
    std::uint64_t prepareNs = 0;
  };
  Decoding interpreter;
  /// What the baseline compiler made.
  struct Compiling {
    std::uint64_t functions = 0;
    std::uint64_t instructions = 0; ///< of the prepared IR
    std::uint64_t compileNs = 0;
    std::uint64_t codeBytes = 0;
  };
  Compiling baseline;
  /// Functions that a tier declined, by tier and reason; they started in the next one.
  struct RefusalCount {
    Tier tier = Tier::Interpreter;
    std::string reason;
    std::uint64_t functions = 0;
  };
  std::vector<RefusalCount> refusals;
  CacheStatistics cache;
  std::uint64_t requests = 0;        ///< accepted by the queue
  std::uint64_t requestsDropped = 0; ///< the queue was full
  std::uint64_t requestsCancelled = 0;
  std::uint64_t requestsFailed = 0;
  std::uint64_t queueHighWater = 0;
  unsigned compileThreads = 0;
  // Of this moment; not in the JSON.
  std::size_t waiting = 0;           ///< requests in the queue
  struct Compile {
    std::string function;
    Tier tier = Tier::O0;
    std::optional<std::uint32_t> loop;
  };
  std::vector<Compile> compiling;    ///< by compile threads
  std::uint64_t runNs = 0;           ///< since the engine was made
  std::uint64_t peakMemoryBytes = 0; ///< of the process

  /// The whole as JSON text, described in docs/cli.md ("kiln-stats", version kSchemaVersion).
  std::string json() const;
  /// A table for people, at most `rows` functions.
  std::string table(std::size_t rows = 30) const;
};

} // namespace kiln

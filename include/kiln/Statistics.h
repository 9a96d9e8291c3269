// What a program did so far, as plain data.
//
// Thread-safety: plain values; a snapshot holds no reference to its program. Units: times in nanoseconds (names end in
// Ns), sizes in bytes, all else are numbers of things. Idea: one structure for people, JSON and tests, as the counters
// of .NET's runtime.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kiln/Ladder.h"

namespace kiln {

/// One installed version of a function. Times in nanoseconds, sizes in bytes.
struct VersionStatistics {
  Tier tier = Tier::O0;         ///< whose code it is
  std::uint64_t prepareNs = 0;  ///< reading and cleaning up the bitcode, gathering callees
  std::uint64_t passesNs = 0;   ///< optimising, and inserting counters
  std::uint64_t codegenNs = 0;  ///< from IR to machine code
  std::uint64_t linkNs = 0;     ///< placing and relocating it, registering unwind tables
  std::uint64_t codeBytes = 0;  ///< size of its machine code
  std::uint64_t publishedAtNs = 0; ///< since the engine was made
  std::uint64_t callsBefore = 0;   ///< calls counted when it was published
  std::optional<std::uint32_t> loop = {}; ///< a continuation at this loop header (a block's number), not the function
  bool retired = false; ///< superseded; its code was freed, or will be when no thread is inside
  bool cached = false;  ///< found in the cache, not compiled
};

/// The memory for code. Bytes.
struct CodeSpaceStatistics {
  std::uint64_t limit = 0;     ///< Options::codeLimit, or what the address range holds
  std::uint64_t code = 0;      ///< in use for machine code
  std::uint64_t constants = 0; ///< in use for what code reads
  std::uint64_t data = 0;      ///< in use for slots, counters, unwind tables
  std::uint64_t supersededBytes = 0; ///< in use by versions that calls do not reach any more
  std::uint64_t waitingBytes = 0;    ///< likewise, and given up: freed when no thread is inside
  std::uint64_t freedBytes = 0;      ///< since the program was loaded
  std::uint64_t versionsRetired = 0; ///< given up so far
  std::uint64_t versionsFreed = 0;   ///< of these: whose memory was freed
  std::uint64_t rounds = 0;          ///< looks at what can be freed
  /// Rounds that ended without freeing for one reason.
  struct Postponed {
    std::string reason;       ///< as text for people
    std::uint64_t rounds = 0; ///< how many
  };
  std::vector<Postponed> postponed;  ///< rounds that freed nothing, and why
  std::string retirementOff;         ///< why nothing is freed at all; empty: it is
  bool limitReached = false;         ///< room was asked for and not there
  std::uint64_t promotionsRefused = 0; ///< for lack of room
};

/// Guards of the last tier's code: what was assumed, and how often that was wrong.
struct ExitStatistics {
  /// Guards of one kind.
  struct Reason {
    std::string name;           ///< "branch", "target", "argument"
    std::uint64_t failures = 0; ///< how often a guess was wrong
    std::uint64_t exits = 0;   ///< of these, how many went on in the interpreter
    std::uint64_t dropped = 0; ///< assumptions that failed too often
  };
  std::vector<Reason> reasons; ///< one for each kind
  std::uint64_t sites = 0;     ///< guards in all code made so far
  std::uint64_t forced = 0;    ///< exits on purpose (--exit-at); they are in `reasons` as well
  std::uint64_t rebuilds = 0;  ///< functions compiled again for it
  std::uint64_t leftAlone = 0; ///< functions that are compiled without assumptions, after too many rebuilds
};

/// One function.
struct FunctionStatistics {
  std::string name;          ///< its symbol
  std::optional<Tier> tier;  ///< whose code calls go to; none if the function was never called
  std::uint64_t calls = 0;   ///< counted: the last tier does not count
  std::uint64_t loops = 0;   ///< back-edges counted
  bool held = false;         ///< promotion is off until promote()
  std::uint64_t samples = 0; ///< of threads in its code, with Options::report; not in the JSON, where a report has times
  std::uint64_t osrTransfers = 0; ///< activations that moved into a continuation
  std::vector<VersionStatistics> versions; ///< of retired ones the last of each tier
  std::uint64_t versionsForgotten = 0; ///< retired ones that are not in `versions` any more
  std::uint64_t forgottenNs = 0;       ///< what making those took
  std::uint64_t forgottenBytes = 0;    ///< of machine code that those had
  std::uint32_t failures = 0;          ///< compiles that failed
  std::string lastFailure;             ///< the last one's message; empty: there was none
};

/// What the cache did for the program.
struct CacheStatistics {
  bool on = false;              ///< the program has a cache
  std::string folder;           ///< where; empty: it is off
  std::string offBecause;       ///< why the folder is not used after all; empty: it is
  std::string writesOffBecause; ///< why nothing more is written there; empty: it is
  std::uint64_t hits = 0;       ///< lookups that found code
  std::uint64_t misses = 0;     ///< lookups that did not
  std::uint64_t damaged = 0;    ///< entries that were there and not sound: misses
  std::uint64_t installed = 0;  ///< code that was in place without having been asked for
  std::uint64_t lookupNs = 0;   ///< spent on lookups
  std::uint64_t savedNs = 0;    ///< what compiling the code that was found had taken
  std::uint64_t bytesRead = 0;  ///< of entries
  std::uint64_t written = 0;    ///< entries
  std::uint64_t bytesWritten = 0;  ///< of those entries
  std::uint64_t writeFailures = 0; ///< entries that could not be written
  std::uint64_t dropped = 0;    ///< not written because too much waited
  std::uint64_t evicted = 0;    ///< files of any program
  std::uint64_t profileFunctions = 0; ///< that the stored profile knew
  std::uint64_t baselineFound = 0;   ///< functions whose baseline code was there (or that it was known to refuse)
  std::uint64_t baselineMade = 0;    ///< functions of which it was made, to be kept
  std::uint64_t baselineSavedNs = 0; ///< what reading and compiling those that were there had taken
  bool startFound = false;      ///< what linking the program gives was there: its modules were not read for it
  bool remote = false;          ///< there is a shared store
  std::string remoteAway;       ///< why it is left alone at the moment; empty: it is not
  std::uint64_t remoteFailures = 0; ///< requests of it that failed or took too long
  std::uint64_t fetched = 0;    ///< entries taken from it
  std::uint64_t sent = 0;       ///< entries given to it
  std::uint64_t wrongTags = 0;  ///< entries of it that someone without the key made or changed
};

/// A snapshot of one program: Program::statistics().
struct Statistics {
  /// Of json(). Within a version fields are only added.
  static constexpr int kSchemaVersion = 1;

  std::string ladder; ///< as Ladder::text() has it
  std::vector<FunctionStatistics> functions; ///< those that were called or compiled, hottest first
  std::uint64_t functionsInProgram = 0; ///< with a body
  std::uint64_t compiles = 0;        ///< versions made
  std::uint64_t compileNs = 0;       ///< wall time of all compiles, in all threads
  std::uint64_t codeBytes = 0;       ///< machine code of all versions
  std::uint64_t codeSpaceUsed = 0;   ///< with constants, stubs and unwind tables
  std::uint64_t codeSpaceLimit = 0;  ///< bytes that all of it may take
  CodeSpaceStatistics codeSpace;     ///< where the memory for code is
  ExitStatistics exits;              ///< how guesses went
  /// What the interpreter decoded. Reading and cleaning up come before and are in prepareNs of the versions.
  struct Decoding {
    std::uint64_t functions = 0;    ///< decoded
    std::uint64_t instructions = 0; ///< of the prepared IR
    std::uint64_t decodeNs = 0;     ///< from prepared IR to ops
    std::uint64_t prepareNs = 0;    ///< reading and cleaning up before
  };
  Decoding interpreter; ///< of the lowest tier
  /// What the baseline compiler made.
  struct Compiling {
    std::uint64_t functions = 0;    ///< compiled
    std::uint64_t instructions = 0; ///< of the prepared IR
    std::uint64_t compileNs = 0;    ///< from prepared IR to machine code
    std::uint64_t codeBytes = 0;    ///< of machine code
  };
  Compiling baseline; ///< of the second tier
  /// Functions that a tier declined, by tier and reason; they started in the next one.
  struct RefusalCount {
    Tier tier = Tier::Interpreter; ///< that declined
    std::string reason;            ///< docs/interpreter.md and docs/baseline.md list them
    std::uint64_t functions = 0;   ///< how many
  };
  std::vector<RefusalCount> refusals; ///< one for each tier and reason
  CacheStatistics cache;             ///< what was kept and found
  std::uint64_t requests = 0;        ///< accepted by the queue
  std::uint64_t requestsDropped = 0; ///< the queue was full
  std::uint64_t requestsCancelled = 0; ///< dropped at shutdown or unload
  std::uint64_t requestsFailed = 0;  ///< compiles that failed
  std::uint64_t queueHighWater = 0;  ///< most requests that waited at once
  unsigned compileThreads = 0;       ///< Options::compileThreads
  // Of this moment; not in the JSON.
  std::size_t waiting = 0;           ///< requests in the queue
  /// A request that a compile thread is at work on.
  struct Compile {
    std::string function; ///< its symbol
    Tier tier = Tier::O0; ///< to be made
    std::optional<std::uint32_t> loop; ///< a continuation at this loop header
  };
  std::vector<Compile> compiling;    ///< by compile threads
  std::uint64_t runNs = 0;           ///< since the engine was made
  std::uint64_t peakMemoryBytes = 0; ///< of the process

  /// The whole as JSON text, described in docs/cli.md ("kiln-stats", version kSchemaVersion).
  KILN_API std::string json() const;
  /// A table for people, at most `rows` functions.
  KILN_API std::string table(std::size_t rows = 30) const;
};

} // namespace kiln

// What runs of a program taught about its functions: the data that the tiers record, files keep, and compilers read.
//
// A place in a function has a number that is the same in every tier and process, because all of them start from the
// prepared function:
//
//   value number   index of the instruction in the prepared function, from 0, in the order of blocks
//   block number   index of the block, from 0
//   argument       index in the function's parameter list, from 0
//
// A function is found by its content hash (profile/ContentHash.h) and its name. Lists of places hold each place once,
// in rising order; a place that is not listed was never reached. A profile in this *canonical* form, with its functions
// sorted, is what normalize() makes and what the readers of files guarantee, so that equal profiles are equal values
// and equal files.
//
// All counts are saturating: they stop at 2^64 - 1. Plain data, no LLVM; as thread-safe as a std::vector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/Error.h"
#include "profile/CountSummary.h"
#include "profile/ValueCounts.h"

namespace kiln {

/// A conditional branch.
struct BranchProfile {
  std::uint32_t number = 0; ///< value number
  std::uint64_t taken = 0;  ///< went to the first successor, the condition was true
  std::uint64_t notTaken = 0;
  bool operator==(const BranchProfile&) const = default;
};

struct SwitchProfile {
  std::uint32_t number = 0; ///< value number
  std::uint64_t defaultCount = 0;
  std::vector<std::uint64_t> cases; ///< in the order of the instruction's cases
  bool operator==(const SwitchProfile&) const = default;
};

struct LoopProfile {
  std::uint32_t block = 0; ///< block number of the header
  std::uint64_t backEdges = 0;
  bool operator==(const LoopProfile&) const = default;
};

/// A number that no function has.
inline constexpr std::uint32_t kNoFunction = ~std::uint32_t{0};

/// A function that an indirect call went to. Local functions of several files can have one name, so the hash counts
/// too.
struct TargetCount {
  std::string name;       ///< empty if it is not known
  std::uint64_t hash = 0; ///< 0: not a function of the program, or one whose body was never read
  std::uint64_t count = 0;
  std::uint32_t function = kNoFunction; ///< its number in the program that runs; never in files
  bool operator==(const TargetCount&) const = default;
};

/// An indirect call or invoke.
struct CallProfile {
  std::uint32_t number = 0;         ///< value number
  std::vector<TargetCount> targets; ///< at most kTopValues, the most frequent first, then by name and hash
  std::uint64_t other = 0;
  bool operator==(const CallProfile&) const = default;
};

struct SizeCount {
  std::uint64_t size = 0;
  std::uint64_t count = 0;
  bool operator==(const SizeCount&) const = default;
};

/// A memcpy, memmove, memset or memcmp.
struct MemoryProfile {
  std::uint32_t number = 0;     ///< value number
  std::vector<SizeCount> sizes; ///< at most kTopValues, the most frequent first, then the smallest
  std::uint64_t other = 0;
  bool operator==(const MemoryProfile&) const = default;
};

/// Whether an integer or pointer argument has so far had one value. `Unseen` is what is known before the first call.
enum class ArgumentState : std::uint8_t { Unseen = 0, Constant = 1, Varied = 2 };

struct ArgumentProfile {
  std::uint32_t index = 0;
  ArgumentState state = ArgumentState::Unseen;
  std::uint64_t value = 0; ///< of Constant, zero-extended; else 0
  std::uint64_t count = 0; ///< calls that had it; 0 unless Constant
  // What the value is the address of in the program that runs; never in files.
  std::uint32_t function = kNoFunction;
  std::uint32_t variable = kNoFunction;
  std::uint64_t offset = 0; ///< into the variable
  bool operator==(const ArgumentProfile&) const = default;
};

struct FunctionProfile {
  std::uint64_t hash = 0;
  std::string name = {};
  std::uint64_t entries = 0;
  std::vector<BranchProfile> branches = {};
  std::vector<SwitchProfile> switches = {};
  std::vector<LoopProfile> loops = {};
  std::vector<CallProfile> calls = {};
  std::vector<MemoryProfile> memory = {};
  std::vector<ArgumentProfile> arguments = {};
  bool operator==(const FunctionProfile&) const = default;
};

struct ProgramProfile {
  std::vector<FunctionProfile> functions; ///< by name, then hash
  bool operator==(const ProgramProfile&) const = default;

  /// The function's profile, or null. Needs the canonical form.
  const FunctionProfile* find(std::string_view name, std::uint64_t hash) const;
};

std::uint64_t saturatingAdd(std::uint64_t a, std::uint64_t b);

/// Adds an observation to an argument's state: what a harvest does with each value, and merging with each state.
void meet(ArgumentProfile& into, const ArgumentProfile& from);

/// Fills a list from what was recorded. Equal values, which races can leave behind, become one.
MemoryProfile memoryProfile(std::uint32_t number, const ValueCounts& recorded);

/// The function at an address, with any count: files keep names, because addresses differ from run to run.
using NameTarget = std::function<TargetCount(std::uint64_t address)>;
CallProfile callProfile(std::uint32_t number, const ValueCounts& recorded, const NameTarget& nameTarget);
/// The same, added to a function's lists if anything was recorded.
void addMemory(FunctionProfile& into, std::uint32_t number, const ValueCounts& recorded);
void addCall(FunctionProfile& into, std::uint32_t number, const ValueCounts& recorded, const NameTarget& nameTarget);

/// Which parts of a function's counts are read: all, with targets named by a function, or only how often code ran.
struct CountReading {
  const NameTarget* targets = nullptr; ///< null: branches and switches only
};

/// Brings a profile into the canonical form: sorts, adds up what is listed more than once, keeps the kTopValues most
/// frequent values of each list and moves the rest to `other`. BadProfile if the lists contradict each other: one value
/// number with two kinds of instruction, or one switch with two numbers of cases. Then the profile is left in pieces.
Result<void> normalize(ProgramProfile& profile);

/// All profiles as one. Counts add up, so the order does not matter except to which of several rare values are among
/// the kTopValues kept. BadProfile as in normalize(): the same hash with another shape.
Result<ProgramProfile> mergeProfiles(std::vector<ProgramProfile> profiles);

/// All counts times `factor` over `divisor` (not 0), rounded down, but not to zero.
void scaleCounts(FunctionProfile& profile, std::uint64_t factor, std::uint64_t divisor);

/// Adds all counts of a function.
void addCounts(CountSummary& summary, const FunctionProfile& profile);

/// Adds what another tier recorded in the same run. Each tier tells all entries of its functions: they are not added.
void addTier(ProgramProfile& into, ProgramProfile more);

/// What keeps a profile from being canonical, for example "function 'f': branches: value numbers do not rise at 7";
/// empty if nothing does.
std::string canonicalDefect(const ProgramProfile& profile);

} // namespace kiln

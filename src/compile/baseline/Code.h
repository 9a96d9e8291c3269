// What the baseline compiler makes of a function: bytes and tables without an address in them, so that the same serve in
// another process (Stored.h).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "code/Lsda.h"
#include "compile/baseline/Parts.h"

namespace llvm {
class DILocation;
}

namespace kiln::baseline {

/// What code and tables refer to.
enum class Target : std::uint8_t {
  Slot,     ///< id: function
  Stub,     ///< id: function; its address as the program sees it
  Counters, ///< id: function; addend 0: calls, 8: loops
  Data,     ///< id: variable
  External, ///< id: external symbol
  Profile,  ///< the function's own counts; addend: bytes
  Runtime,  ///< id: index in Code::runtime
  Loop,     ///< id: index in Code::loops; the LoopRecord's address
  Code,     ///< the function's own code
  Null,     ///< addend is the address
};

struct Reference {
  Target target = Target::Null;
  std::uint32_t id = 0;
  std::int64_t addend = 0;
  bool operator==(const Reference&) const = default;
};

/// A place in the code that gets the distance to something, or its address.
struct Fixup {
  std::uint32_t at = 0;  ///< offset in the code
  std::uint32_t end = 0; ///< offset that a 32-bit distance counts from; 0: the 64-bit address itself
  Reference to;
};

/// Something outside the program, and where it is in this process.
struct RuntimeAddress {
  enum class Kind : std::uint8_t {
    Kiln,         ///< a function of the runtime
    Library,      ///< a function of the C library or the unwinder, or what the program has in its place: `name`
    ThreadLocals, ///< the program's
    Name,         ///< the text that names the external symbol `id`
  };
  Kind kind = Kind::Kiln;
  std::uintptr_t address = 0;
  std::uint32_t id = 0;
  std::string name = {};

  template <typename Function> static RuntimeAddress kiln(Function* function) {
    return {Kind::Kiln, reinterpret_cast<std::uintptr_t>(function)};
  }
};

/// Where a word of a transfer's state comes from.
struct StateWord {
  enum class Kind : std::uint8_t {
    Zero,
    Register,
    Frame,        ///< `bytes` at `offset` from RBP
    FrameAddress, ///< RBP + addend
    Constant,     ///< addend
  };
  Kind kind = Kind::Zero;
  Register reg = kNoRegister;  ///< Register: which
  std::uint8_t bytes = 8;      ///< that are read; zeros above
  bool mask = false;           ///< of which the lowest bit counts
  std::int32_t offset = 0;     ///< Register: of the first byte within
  std::int64_t addend = 0;     ///< added to what is read
};

/// A loop header that counts arrivals down and may leave for better code.
struct LoopSite {
  std::uint32_t block = 0;    ///< number of the header's block
};

/// The call of an invoke.
struct CallRange {
  std::uint32_t begin = 0, end = 0; ///< of the call instruction, in the code
  std::uint32_t landing = 0;        ///< offset of the landing pad
  std::uint32_t site = 0;           ///< index in Code::landings
};

/// Counts in the function's profile memory.
struct CountSite {
  enum class Kind : std::uint8_t { Branch, Switch, Target, Size, Loop, Argument };
  Kind kind = Kind::Branch;
  std::uint32_t value = 0;  ///< number of the instruction; Loop: of the header's block; Argument: index
  std::uint32_t offset = 0; ///< bytes; Branch: taken; Switch: default, then cases; Target, Size: ValueCounts; Argument: ArgumentCounts
  std::uint32_t count = 0;  ///< Switch: of cases; Branch: offset of not taken
  bool operator==(const CountSite&) const = default;
};

/// What an Argument site counts into. All zero is empty.
struct ArgumentCounts {
  std::uint64_t value; ///< zero-extended from the argument's type
  std::uint64_t calls; ///< that saw it; 0 before the first
  std::uint64_t varied;
};

/// A step of the frame's set-up, for the unwind table.
struct FrameStep {
  enum class Kind : std::uint8_t { PushedRbp, RbpIsFrame, Saved, Leave, LeftBehind };
  Kind kind = Kind::PushedRbp;
  std::uint32_t at = 0;      ///< offset behind the instruction
  Register reg = kNoRegister;
  std::int32_t offset = 0;   ///< Saved: from RBP
};

struct Code {
  std::uint32_t function = 0;
  std::uint32_t loop = kNone; ///< the code is entered at this loop's header only
  std::vector<std::uint8_t> bytes; ///< code, then constants
  std::uint32_t codeBytes = 0;
  std::vector<Fixup> fixups;
  std::vector<RuntimeAddress> runtime;
  /// Holds addresses as numbers that are true in this process only.
  bool bound = false;
  std::vector<FrameStep> frame;
  std::vector<LoopSite> loops;
  std::vector<CallRange> calls;      ///< of invokes, by rising offset; exceptions that come from elsewhere pass
  std::vector<InvokeSite> landings;
  std::vector<Reference> types; ///< that clauses name: type descriptions, Null for `catch (...)`
  Reference personality;
  std::vector<CountSite> counts;
  bool records = false; ///< made to record; there may be nothing to
  std::uint32_t profileBytes = 0;
  std::uint64_t instructions = 0; ///< of the IR
  std::uint32_t firstInstruction = 0; ///< its value number, behind those of the arguments
  /// Offsets in the code and the numbers of the instructions that begin there; for dumps only.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> lines;
  /// Offsets of the entries of jump tables, and of the code that they lead to; for dumps only.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> tables;
  /// Offsets in the code and the places in the source of what begins there (null: of none), if they were asked for.
  std::vector<std::pair<std::uint32_t, const llvm::DILocation*>> sourcePlaces;
  // Where values are, for leaving at loops; empty if there are none that count.
  std::vector<std::uint32_t> valuePlaces; ///< by value number: index in `places` of the first part, or kNone
  std::vector<Place> places;
  std::vector<std::pair<std::uint32_t, std::int32_t>> variables; ///< frame variables by number, and their offsets from RBP
  std::uint32_t leave = 0;      ///< offset of the code that returns what a continuation returned
  std::int32_t hiddenSlot = 0;  ///< offset from RBP of the hidden result pointer, if the results lie behind one
};

} // namespace kiln::baseline

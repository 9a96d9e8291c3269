// What the baseline compiler makes of a function: bytes and tables without an address in them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compile/baseline/Plan.h"

namespace kiln::baseline {

/// What a fixup puts the distance to, or the address of, into the code.
enum class Target : std::uint8_t {
  Slot,     ///< id: function
  Stub,     ///< id: function; its address as the program sees it
  Counters, ///< id: function; addend 0: calls, 8: loops
  Data,     ///< id: variable
  External, ///< id: external symbol
  Profile,  ///< the function's own counts; addend: bytes
  Runtime,  ///< id: index in Code::runtime
  Code,     ///< the function's own code
};

struct Fixup {
  std::uint32_t at = 0;  ///< offset in the code
  std::uint32_t end = 0; ///< offset that a 32-bit distance counts from; 0: the 64-bit address itself
  Target target = Target::Slot;
  std::uint32_t id = 0;
  std::int64_t addend = 0;
};

/// Where a word of a transfer's state comes from: a place, read as `bytes` at `offset` within it, or what an address is made of.
struct StateWord {
  enum class Kind : std::uint8_t { Zero, Register, Frame, FrameAddress, Sum };
  Kind kind = Kind::Zero;
  Register reg = kNoRegister;  ///< Register: which
  std::uint8_t bytes = 8;      ///< zero-extended to a word
  std::int32_t offset = 0;     ///< Register: byte within; Frame: from RBP; FrameAddress: the value itself; Sum: added
};

/// A loop header that counts arrivals down and may leave for better code.
struct LoopSite {
  std::uint32_t block = 0;    ///< number of the header's block
  std::uint32_t leave = 0;    ///< offset of the code that returns what the continuation returned
};

/// The personality's view of one call.
struct CallRange {
  std::uint32_t begin = 0, end = 0; ///< of the call instruction, in the code
  std::uint32_t landing = 0;        ///< 0: exceptions pass
  std::uint32_t site = 0;           ///< index in Code::landings, if landing
};

/// One clause of a landingpad. Types are indices into Code::types.
struct Clause {
  bool filter = false;
  std::vector<std::uint32_t> types;
};
struct Landing {
  std::vector<Clause> clauses;
  bool cleanup = false;
};

/// What one argument was. All zero before the first call.
struct ArgumentCounts {
  std::uint64_t value;  ///< of the first call, zero-extended
  std::uint64_t calls;  ///< that saw it
  std::uint64_t varied; ///< not 0: some call saw another
};

/// Counts in the function's profile memory.
struct CountSite {
  enum class Kind : std::uint8_t { Branch, Switch, Target, Size, Loop, Argument };
  Kind kind = Kind::Branch;
  std::uint32_t value = 0;  ///< number of the instruction; Loop: of the header's block; Argument: index
  std::uint32_t offset = 0; ///< bytes; Branch: taken, not taken; Switch: default, then cases; Target, Size: ValueCounts; Argument: ArgumentCounts
  std::uint32_t count = 0;  ///< of cases
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
  std::vector<std::uintptr_t> runtime; ///< addresses of the runtime and of library functions
  std::vector<FrameStep> frame;
  std::vector<LoopSite> loops;
  std::vector<CallRange> calls;   ///< by rising offset; empty without landing pads
  std::vector<Landing> landings;
  std::vector<std::uintptr_t> types;
  std::uintptr_t personality = 0;
  std::vector<CountSite> counts;
  std::uint32_t profileBytes = 0;
  std::uint64_t instructions = 0; ///< of the IR
  /// Offsets in the code and the numbers of the instructions that begin there; for dumps only.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> lines;
  /// By value number and word of the state: where it is. For leaving at loops.
  std::vector<Place> places;
};

} // namespace kiln::baseline

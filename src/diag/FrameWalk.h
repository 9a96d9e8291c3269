// Walks up the stack of the calling thread from registers that a signal handler was given, by unwind tables.
//
// The C++ runtime's unwinder does the same, but takes locks, may allocate, and knows generated code only once the program has
// loaded it. This one is for handlers of signals by which the process dies: async-signal-safe, and stops where something is
// not as it should be. Memory that is not mapped is no fault: the stack may be what the crash is about.
//
// Sources: System V ABI for x86-64, "DWARF definition"; Linux Standard Base, "Exception frames"; DWARF 4, 6.4.
#pragma once

#include <ucontext.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace kiln {

class FrameWalk {
public:
  /// The `.eh_frame` that describes generated code at an address, or null.
  using FindTable = const void* (*)(std::uintptr_t address);

  FrameWalk(const ucontext_t& registers, FindTable findTable);

  /// Where the frame's code is: the instruction that is executing, or that comes back behind its call.
  std::uintptr_t address() const { return registers_[kReturn]; }
  /// An address inside the call or instruction: for looking up what it belongs to.
  std::uintptr_t inside() const { return interrupted_ ? address() : address() - 1; }
  /// By DWARF's number of the register (12: R12).
  std::uintptr_t reg(unsigned number) const { return registers_[number]; }
  /// Before up() all of it is unknown. Then, of the frame that was left: where its function begins, by its unwind table, and
  /// its canonical frame address.
  std::uintptr_t functionLeft() const { return function_; }
  std::uintptr_t frameLeft() const { return cfa_; }

  /// To the caller's frame. False at the end.
  bool up();
  /// Reads a word of memory that may not be there.
  bool read(std::uintptr_t address, std::uintptr_t& into) const;

private:
  static constexpr unsigned kRegisters = 17, kReturn = 16, kStack = 7;
  struct Rules;
  struct Description;
  bool find(std::uintptr_t address, Description& description) const;
  bool apply(const Rules& rules);
  bool evaluate(const std::uint8_t* expression, std::uintptr_t top, bool hasTop, std::uintptr_t& result) const;

  std::array<std::uintptr_t, kRegisters> registers_{};
  FindTable findTable_;
  bool interrupted_ = true; ///< address() is not behind a call
  std::uintptr_t function_ = 0, cfa_ = 0;
};

} // namespace kiln

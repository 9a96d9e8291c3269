// Which of some pieces of memory a thread of this process may still be using: the look that comes before code is freed.
//
// A version of a function that calls no longer reach can only be *left*: nobody gets its address but those who have it
// already, as a return address, as a program counter, as a target that was just loaded from a slot. All of those are in
// a thread's registers or on its stack. So a thread in which no word points into the code, looked at once, after the
// last store that could have told it the address, will never be inside again, and threads may be looked at one after
// the other while all go on. The look is conservative: a word that happens to have such a value keeps the code.
//
//   - A thread that sleeps in a system call is read from outside (ThreadView.h) and not disturbed. It holds still as
//     long as the kernel's count of its sleeps does; a look during which it woke is made again. Registers that the C
//     library keeps over a call are not told, and need not be: generated code loads a target right before the call
//     (compile/llvm/Finish.cpp).
//   - A thread that computes gets a directed real-time signal. The handler, on any stack, reads the interrupted
//     registers and that thread's own stack. It takes no lock and calls nothing. Only threads that were seen running
//     several times without a sleep between are signalled: others are soon asleep, and a signal could end their
//     system call early.
//   - The caller's own registers and stack are read in place. Threads of the runtime run no code of programs.
//
// What cannot be judged is an obstacle, and then nothing may be freed: a thread that blocks the signal and never
// sleeps, one on an alternate signal stack, one that waits for a child made by vfork (which runs in this memory with
// registers that nobody sees). A thread whose stack pointer is on no stack of its own shows that the program switches
// stacks; what is on those that nobody is on right now cannot be seen, and the caller should free nothing from then on
// (`foreignStack`).
//
// One look at a time in a process. Signals: the highest real-time signal with default disposition, taken at the first
// need; asked again before each use, and given up for another when the program has made it its own.
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kiln {

struct AddressSpan {
  std::uintptr_t begin = 0, end = 0;
};

/// Finds the span that a word points into. Spans are disjoint; most words point into none, and are sorted out by the
/// page.
class SpanSet {
public:
  explicit SpanSet(std::span<const AddressSpan> spans);
  static constexpr std::size_t npos = ~std::size_t{0};
  /// The index of the span, in the order given to the constructor, or npos. Safe in signal handlers.
  std::size_t find(std::uintptr_t word) const {
    std::uintptr_t page = word >> 12;
    return pages_[(page ^ (page >> 16)) & kMask] ? search(word) : npos;
  }

private:
  static constexpr std::size_t kMask = (std::size_t{1} << 16) - 1;
  struct Place {
    AddressSpan span;
    std::size_t index;
  };
  std::size_t search(std::uintptr_t word) const;
  std::vector<bool> pages_;
  std::vector<Place> places_; ///< ascending
};

struct ScanSettings {
  /// Programs of the process use alternate signal stacks: a sleeping thread on an unknown stack is taken to be on one.
  bool alternateStacks = false;
  /// How long to wait for threads that could not be judged at once.
  unsigned milliseconds = 50;
};

struct ScanResult {
  /// Why it is not known who is inside; static text. Empty: every thread was looked at.
  std::string_view obstacle;
  bool foreignStack = false;
  std::vector<bool> inside; ///< by span: some thread may be using it
};

/// Where the thread that looks was before it began to handle addresses of the spans: from there on its own frames are
/// full of them. The function that takes the mark must call another, not inlined, for that.
struct CallerMark {
  ucontext_t registers{};
  [[gnu::always_inline]] static CallerMark here() {
    CallerMark mark;
    getcontext(&mark.registers);
    return mark;
  }
  std::uintptr_t stackPointer() const { return static_cast<std::uintptr_t>(registers.uc_mcontext.gregs[REG_RSP]); }
};

/// Looks at all threads. Not for signal handlers.
ScanResult scanThreads(std::span<const AddressSpan> spans, const CallerMark& caller, const ScanSettings& settings = {});

/// In the child of fork(): looks that were under way in the parent are not.
void forgetThreadScans();

} // namespace kiln

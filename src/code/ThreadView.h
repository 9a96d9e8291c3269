// What the kernel tells of this process's threads: which there are, whether one sleeps in a system call and where its
// stack pointer is, and which pieces of memory stacks can lie in. Nobody is disturbed. x86-64 Linux (proc(5)).
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kiln {

/// A readable and writable mapping.
struct Mapping {
  std::uintptr_t begin = 0, end = 0;
  bool mainStack = false; ///< the first thread's, which grows; `begin` is then how far it can
};

/// The writable mappings of the process, ascending.
class Mappings {
public:
  static std::optional<Mappings> read();
  /// The one that holds the address, or null. Safe in signal handlers.
  const Mapping* find(std::uintptr_t address) const;

private:
  std::vector<Mapping> all_;
};

struct ThreadView {
  enum class State {
    Gone,    ///< ended, or a zombie
    Running, ///< runs or could run: the kernel does not tell its registers
    Stopped, ///< not in a system call and not running: a page fault, a debugger
    Asleep,  ///< in a system call
    Unknown, ///< the system does not tell
  };
  State state = State::Unknown;
  std::uint64_t sleeps = 0;         ///< how often it gave the processor up by itself
  std::uint64_t blockedSignals = 0; ///< bit n - 1: signal n
  // Asleep only.
  long call = 0;
  std::array<std::uintptr_t, 6> arguments{};
  std::uintptr_t stackPointer = 0, programCounter = 0;

  /// Whether two views are of one sleep: between them the thread executed nothing.
  bool sameSleep(const ThreadView& other) const {
    return state == State::Asleep && other.state == State::Asleep && sleeps == other.sleeps &&
           stackPointer == other.stackPointer && programCounter == other.programCounter;
  }
};

ThreadView viewThread(pid_t thread);
/// The process's threads at this moment, in no order. Empty when the system does not tell.
std::vector<pid_t> listThreads();

/// Copies what lies at `from`, which another thread may be unmapping. How many bytes could be read.
std::size_t readOwnMemory(std::uintptr_t from, std::span<std::byte> into);

/// Whether the thread's control block is at `candidate`. The C library puts it at the upper end of a thread's stack,
/// also of one that the program provided; the first thread's is elsewhere.
bool isControlBlock(std::uintptr_t candidate, pid_t thread);

/// False with a C library whose control blocks look different: isControlBlock() then finds none.
bool knowsControlBlocks();

} // namespace kiln

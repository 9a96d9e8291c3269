// The executable's own operator new and delete.
//
// A start makes some hundred thousand small objects, nearly all of them LLVM's values, and touches memory for them for the
// first time: of the page faults of a short run three quarters were the heap's, at a microsecond each. Here the main thread
// takes small objects off the end of memory that the system was told to provide in larger pieces, and keeps freed ones by
// size. All else, and all other threads, have the C library's.
//
// Blocks are as the C library's: a word in front says the size, and the object is aligned to 16 bytes.
#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "Allocate.h"

namespace kiln::cli {
namespace {

constexpr std::size_t kArenaBytes = std::size_t{4} << 30, kUnit = 16, kLargest = 1024;
constexpr std::size_t kFirstStep = 128 << 10, kLargestStep = 1 << 20; ///< that the system provides at once
constexpr int kPopulateWrite = 23;                                      ///< MADV_POPULATE_WRITE, since Linux 5.14

struct Free {
  Free* next;
};

/// One for the process: operator new has no other place to keep it. All of it is zero until the start.
struct Arena {
  std::byte *begin = nullptr, *end = nullptr; ///< set once, before other threads are there
  // Of the main thread.
  std::byte *at = nullptr, *ready = nullptr; ///< what lies between was provided
  std::size_t step = kFirstStep;
  Free* free[kLargest / kUnit + 2] = {}; ///< by size in units
  /// What other threads freed.
  std::atomic<Free*> elsewhere = nullptr;
};
constinit Arena arena;
constinit thread_local bool isMain = false;

bool isOurs(void* block) { return block >= arena.begin && block < arena.end; }
std::uint64_t& unitsOf(void* block) { return static_cast<std::uint64_t*>(block)[-1]; }

bool provide() {
  auto left = static_cast<std::size_t>(arena.end - arena.ready);
  if (left < arena.step)
    return false;
  madvise(arena.ready, arena.step, kPopulateWrite); // where it is not known, pages come one by one
  arena.ready += arena.step;
  arena.step = arena.step * 2 < kLargestStep ? arena.step * 2 : kLargestStep;
  return true;
}

void keep(Free* block) {
  Free*& list = arena.free[unitsOf(block)];
  block->next = list;
  list = block;
}

void* take(std::size_t bytes) {
  std::size_t units = (bytes + sizeof(std::uint64_t) + kUnit - 1) / kUnit;
  if (!arena.free[units] && arena.elsewhere.load(std::memory_order_relaxed))
    for (Free* each = arena.elsewhere.exchange(nullptr, std::memory_order_acquire); each;) {
      Free* next = each->next;
      keep(each);
      each = next;
    }
  if (Free* block = arena.free[units]) {
    arena.free[units] = block->next;
    return block;
  }
  if (static_cast<std::size_t>(arena.ready - arena.at) < units * kUnit && !provide())
    return nullptr;
  void* block = arena.at + sizeof(std::uint64_t);
  arena.at += units * kUnit;
  unitsOf(block) = units;
  return block;
}

void* allocate(std::size_t bytes) {
  if (isMain && bytes <= kLargest) [[likely]]
    if (void* block = take(bytes))
      return block;
  if (void* block = malloc(bytes ? bytes : 1))
    return block;
  throw std::bad_alloc();
}

void release(void* block) {
  if (!isOurs(block)) {
    free(block);
  } else if (auto* freed = static_cast<Free*>(block); isMain) {
    keep(freed);
  } else {
    freed->next = arena.elsewhere.load(std::memory_order_relaxed);
    while (!arena.elsewhere.compare_exchange_weak(freed->next, freed, std::memory_order_release))
      ;
  }
}

} // namespace

void startArena() {
  void* start = mmap(nullptr, kArenaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED)
    return;
  arena.begin = static_cast<std::byte*>(start);
  arena.end = arena.begin + kArenaBytes;
  arena.ready = arena.begin;
  arena.at = arena.begin + kUnit - sizeof(std::uint64_t); // so that objects behind their words are aligned
  provide();
  isMain = true;
}

} // namespace kiln::cli

void* operator new(std::size_t bytes) { return kiln::cli::allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  if (static_cast<std::size_t>(alignment) <= kiln::cli::kUnit)
    return kiln::cli::allocate(bytes);
  void* block = nullptr;
  if (posix_memalign(&block, static_cast<std::size_t>(alignment), bytes) != 0)
    throw std::bad_alloc();
  return block;
}
void operator delete(void* block) noexcept { kiln::cli::release(block); }
void operator delete(void* block, std::size_t) noexcept { kiln::cli::release(block); }
void operator delete(void* block, std::align_val_t) noexcept { kiln::cli::release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { kiln::cli::release(block); }

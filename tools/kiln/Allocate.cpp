// The executable's own operator new and delete.
//
// A start makes some hundred thousand small objects, nearly all of them LLVM's values, and touches memory for them for the
// first time: of the page faults of a short run three quarters were the heap's, at a microsecond each. Here the main thread
// takes small objects off the end of memory that the system was told to provide in larger pieces, and keeps freed ones by
// size. All else, and all other threads, have the C library's.
//
// Blocks are as the C library's: a word in front says the size, and the object is aligned to 16 bytes.
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "Allocate.h"

namespace kiln::cli {
namespace {

constexpr std::size_t kArenaBytes = std::size_t{4} << 30, kUnit = 16, kLargest = 512 << 10;
constexpr std::size_t kExactUnits = 64; ///< up to so many each size has a list; above there are four for each power of two
constexpr std::size_t kSizes = kExactUnits + 1 + 4 * (std::bit_width(kLargest / kUnit) - std::bit_width(kExactUnits) + 1);
/// What the system provides at once: a share of what there is, so that little is provided for nothing.
constexpr std::size_t kLeastStep = 128 << 10, kLargestStep = 1 << 20, kStepShare = 4;
constexpr int kPopulateWrite = 23;                                      ///< MADV_POPULATE_WRITE, since Linux 5.14

struct Free {
  Free* next;
};

/// One for the process: operator new has no other place to keep it. All of it is zero until the start.
struct Arena {
  std::byte *begin = nullptr, *end = nullptr; ///< set once, before other threads are there
  // Of the main thread.
  std::byte *at = nullptr, *ready = nullptr; ///< what lies between was provided
  Free* free[kSizes] = {}; ///< by size
  /// What other threads freed.
  std::atomic<Free*> elsewhere = nullptr;
};
constinit Arena arena;
constinit thread_local bool isMain = false;

bool isOurs(void* block) { return block >= arena.begin && block < arena.end; }
std::uint64_t& sizeOf(void* block) { return static_cast<std::uint64_t*>(block)[-1]; }

/// Which list blocks of so many units, which is made what they have, are in.
std::size_t listOf(std::size_t& units) {
  if (units <= kExactUnits)
    return units;
  std::size_t last = units - 1, power = static_cast<std::size_t>(std::bit_width(last)) - 1;
  std::size_t quarter = (last >> (power - 2)) & 3;
  units = (std::size_t{1} << power) + ((quarter + 1) << (power - 2));
  return kExactUnits + 1 + 4 * (power - (std::bit_width(kExactUnits) - 1)) + quarter;
}

bool provide(std::size_t bytes) {
  while (arena.at + bytes > arena.ready) {
    const auto there = static_cast<std::size_t>(arena.ready - arena.begin);
    const std::size_t step = std::clamp(there / kStepShare / kLeastStep * kLeastStep, kLeastStep, kLargestStep);
    if (static_cast<std::size_t>(arena.end - arena.ready) < step)
      return false;
    madvise(arena.ready, step, kPopulateWrite); // where it is not known, pages come one by one
    arena.ready += step;
  }
  return true;
}

void keep(Free* block) {
  Free*& list = arena.free[sizeOf(block)];
  block->next = list;
  list = block;
}

void* take(std::size_t bytes) {
  std::size_t units = (bytes + sizeof(std::uint64_t) + kUnit - 1) / kUnit;
  std::size_t list = listOf(units);
  if (!arena.free[list] && arena.elsewhere.load(std::memory_order_relaxed))
    for (Free* each = arena.elsewhere.exchange(nullptr, std::memory_order_acquire); each;) {
      Free* next = each->next;
      keep(each);
      each = next;
    }
  if (Free* block = arena.free[list]) {
    arena.free[list] = block->next;
    return block;
  }
  if (!provide(units * kUnit))
    return nullptr;
  void* block = arena.at + sizeof(std::uint64_t);
  arena.at += units * kUnit;
  sizeOf(block) = list;
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
  provide(kUnit);
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

// Memory for generated code and its constants, never writable and executable at one address.
//
// The pages of a memory file (or of none, CodePages) are mapped twice: once inside the program's address range with the
// rights that the running program needs (execute, or read only), once elsewhere for writing. Code of many functions shares
// pages, and publishing needs no system call. Three arenas: code (read + execute), constants (read), data (private,
// read + write: the few writable words that object files bring along).
//
// Thread-safety: allocate() and release() lock; writing to a span needs no lock, it belongs to its allocator's
// caller until published. After fork() the child must call privatise() before anything is allocated or freed, since
// the memory file is shared with the parent. And until it has, the parent must not write over what the child may run:
// expectChild() before the fork, and no code is freed while sharedWithChild().
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "code/AddressRange.h"
#include "kiln/Error.h"

namespace kiln {

/// What memory is for. Tools is what measures the program: it lies at the arena's far end, so that the program's code is
/// where it would be without, in the same places of cache lines, by which tiny loops can differ by a tenth. All but
/// FirstCode leave the reserve to the first code of functions, without which a program cannot go on.
enum class CodeUse : unsigned char { FirstCode, Promotion, Tools };

enum class CodeArena : unsigned char { Code, Constants, Data };
inline constexpr std::size_t kCodeArenaCount = 3;

/// Of what pages are. Nameless ones are for perf, which looks for names of generated code only where a mapping has no file
/// of its own (they are called /dev/zero). All of them counts as promised memory where the system overcommits nothing.
enum class CodePages : unsigned char { File, Nameless };

/// A piece of the code space: `rx` is where the program sees it, `rw` where it can be written. The same for Data.
struct CodeSpan {
  CodeArena arena = CodeArena::Code;
  std::byte* rx = nullptr;
  std::byte* rw = nullptr;
  std::size_t size = 0;
};

/// Free-space book of one arena: first fit, neighbours merged. Offsets in bytes. Not thread-safe.
class FreeList {
public:
  explicit FreeList(std::size_t bytes) { free_[0] = bytes; }
  /// An offset aligned to `alignment` (a power of two), or npos.
  std::size_t allocate(std::size_t size, std::size_t alignment);
  /// The same from the end: the last place that is large enough.
  std::size_t allocateLast(std::size_t size, std::size_t alignment);
  void release(std::size_t offset, std::size_t size);
  std::size_t used() const { return used_; }
  static constexpr std::size_t npos = ~std::size_t{0};

private:
  using Gaps = std::map<std::size_t, std::size_t>; ///< offset -> length
  std::size_t take(Gaps::iterator gap, std::size_t start, std::size_t size);

  Gaps free_;
  std::size_t used_ = 0;
};

class CodeSpace {
public:
  struct Sizes {
    std::size_t code = std::size_t{512} << 20;
    std::size_t constants = std::size_t{192} << 20;
    std::size_t data = std::size_t{64} << 20;
  };

  /// Maps the arenas inside `range`, which must outlive the space. `limit` bounds the bytes in use over all arenas
  /// (0: the arenas' sizes). Fails with SystemError or CodeSpaceFull.
  static Result<std::unique_ptr<CodeSpace>> create(AddressRange& range, const Sizes& sizes, std::size_t limit,
                                                   CodePages pages = CodePages::File);
  ~CodeSpace();
  CodeSpace(const CodeSpace&) = delete;
  CodeSpace& operator=(const CodeSpace&) = delete;

  /// `alignment` is a power of two up to the page size. Fails with CodeSpaceFull.
  Result<CodeSpan> allocate(CodeArena arena, std::size_t size, std::size_t alignment, CodeUse use = CodeUse::FirstCode);
  void release(const CodeSpan& span);

  std::size_t bytesUsed() const;
  std::size_t bytesUsed(CodeArena arena) const;
  std::size_t limit() const { return limit_; }
  /// Bytes that promotions could still take.
  std::size_t promotionRoom() const;
  /// Bytes of the limit that only first code may take. At set-up.
  void setReserve(std::size_t bytes) { reserve_ = bytes; }
  /// Allocations that failed for lack of room.
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

  /// Before fork(). If no child comes of it, or it is killed at once, the pages count as shared from then on.
  void expectChild();
  /// Gives this process its own copy of the pages, at the same addresses; for the child after fork(). Returns false when
  /// the system refuses the memory: the space must then not be written again.
  bool privatise();
  /// Whether another process may be running code in these pages. Not at the same time as expectChild().
  bool sharedWithChild() const;
  /// Held around fork(), so that the books are whole in the child.
  std::mutex& forkLock() { return mutex_; }

private:
  struct Arena {
    std::span<std::byte> rx; ///< inside the address range
    std::byte* rw = nullptr; ///< the writable view; equals rx for Data
    std::size_t fileOffset = 0;
    std::size_t highWater = 0; ///< bytes from the start that were ever handed out, but for what is at the far end
    std::size_t farBegin = 0;  ///< where that begins
    FreeList book{0};
  };
  CodeSpace() = default;
  static std::byte* mapWritable(const Arena& arena, int file);
  static bool mapReadable(const Arena& arena, int file, int rights);
  static bool mapArena(Arena& arena, int file, int rights, bool copyOld);
  bool mapPages(bool copyOld);
  std::size_t inUse() const; ///< under mutex_

  mutable std::mutex mutex_;
  std::array<Arena, kCodeArenaCount> arenas_;
  std::size_t limit_ = 0, reserve_ = 0;
  CodePages pages_ = CodePages::File;
  std::atomic<std::uint64_t> refused_{0};
  /// In memory that this process and its children see: how many of those have copied the pages. Null before the first.
  std::atomic<std::uint64_t>* copies_ = nullptr;
  std::uint64_t children_ = 0; ///< that were expected
  bool sharedForGood_ = false; ///< it cannot be known, or the copy failed
};

} // namespace kiln

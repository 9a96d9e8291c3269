#include "code/CodeSpace.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>

namespace kiln {
namespace {

/// What pieces are made of. Without it the gaps in front of aligned pieces would pile up in the books, too small for anything,
/// and each search would walk over all of them.
constexpr std::size_t kGranule = 16;

std::size_t whole(std::size_t size) { return alignUp(std::max<std::size_t>(size, 1), kGranule); }

} // namespace

std::size_t FreeList::allocate(std::size_t size, std::size_t alignment) {
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    auto [offset, length] = *it;
    std::size_t start = alignUp(offset, alignment);
    if (start + size > offset + length)
      continue;
    return take(it, start, size);
  }
  return npos;
}

std::size_t FreeList::allocateLast(std::size_t size, std::size_t alignment) {
  for (auto it = free_.end(); it != free_.begin();) {
    auto [offset, length] = *--it;
    if (length < size)
      continue;
    if (std::size_t start = (offset + length - size) & ~(alignment - 1); start >= offset)
      return take(it, start, size);
  }
  return npos;
}

std::size_t FreeList::take(Gaps::iterator gap, std::size_t start, std::size_t size) {
  auto [offset, length] = *gap;
  free_.erase(gap);
  if (start > offset)
    free_[offset] = start - offset;
  if (offset + length > start + size)
    free_[start + size] = offset + length - start - size;
  used_ += size;
  return start;
}

void FreeList::release(std::size_t offset, std::size_t size) {
  used_ -= size;
  auto [it, fresh] = free_.emplace(offset, size);
  if (auto next = std::next(it); next != free_.end() && it->first + it->second == next->first) {
    it->second += next->second;
    free_.erase(next);
  }
  if (it != free_.begin()) {
    auto before = std::prev(it);
    if (before->first + before->second == it->first) {
      before->second += it->second;
      free_.erase(it);
    }
  }
}

Result<std::unique_ptr<CodeSpace>> CodeSpace::create(AddressRange& range, const Sizes& sizes,
                                                     std::size_t limit, CodePages pages) {
  std::unique_ptr<CodeSpace> space(new CodeSpace);
  space->pages_ = pages;
  const std::size_t bytes[kCodeArenaCount] = {sizes.code, sizes.constants, sizes.data};
  std::size_t fileOffset = 0, total = 0;
  for (std::size_t i = 0; i < kCodeArenaCount; ++i) {
    Arena& arena = space->arenas_[i];
    bool isData = CodeArena(i) == CodeArena::Data;
    auto piece = isData ? range.takeWritable(bytes[i]) : range.take(bytes[i]);
    if (!piece)
      return std::unexpected(piece.error());
    arena.rx = *piece;
    arena.rw = isData ? piece->data() : nullptr;
    arena.fileOffset = fileOffset;
    arena.book = FreeList(piece->size());
    arena.farBegin = piece->size();
    if (!isData)
      fileOffset += piece->size();
    total += piece->size();
  }
  space->limit_ = limit ? limit : total;
  if (!space->mapPages(false))
    return fail(ErrorCode::SystemError, std::string("cannot map memory for code: ") + strerror(errno));
  return space;
}

/// New pages for an arena, at any address. `file`: -1 for pages without one.
std::byte* CodeSpace::mapWritable(const Arena& arena, int file) {
  const int flags = file < 0 ? MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
  void* rw = mmap(nullptr, arena.rx.size(), PROT_READ | PROT_WRITE, flags, file, file < 0 ? 0 : static_cast<off_t>(arena.fileOffset));
  return rw == MAP_FAILED ? nullptr : static_cast<std::byte*>(rw);
}

/// The same pages where the program sees them.
bool CodeSpace::mapReadable(const Arena& arena, int file, int rights) {
  std::byte* rx = arena.rx.data();
  const std::size_t size = arena.rx.size();
  if (file >= 0)
    return mmap(rx, size, rights, MAP_SHARED | MAP_FIXED, file, static_cast<off_t>(arena.fileOffset)) != MAP_FAILED;
  // Of shared pages a length of 0 makes a second mapping (mremap(2)).
  return mremap(arena.rw, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, rx) != MAP_FAILED && mprotect(rx, size, rights) == 0;
}

bool CodeSpace::mapPages(bool copyOld) {
  std::size_t bytes = 0;
  for (const Arena& arena : arenas_)
    if (arena.rw != arena.rx.data())
      bytes = arena.fileOffset + arena.rx.size();
  int file = -1;
  if (pages_ == CodePages::File && (file = memfd_create("kiln-code", MFD_CLOEXEC)) < 0)
    return false;
  bool done = file < 0 || ftruncate(file, static_cast<off_t>(bytes)) == 0;
  for (std::size_t i = 0; i < kCodeArenaCount && done; ++i)
    if (CodeArena(i) != CodeArena::Data)
      done = mapArena(arenas_[i], file, CodeArena(i) == CodeArena::Code ? PROT_READ | PROT_EXEC : PROT_READ, copyOld);
  // The mappings keep the file alive; without a descriptor the guest cannot meet it by number.
  if (file >= 0)
    close(file);
  return done;
}

bool CodeSpace::mapArena(Arena& arena, int file, int rights, bool copyOld) {
  std::byte* rw = mapWritable(arena, file);
  if (!rw)
    return false;
  if (!copyOld) {
    arena.rw = rw;
    return mapReadable(arena, file, rights);
  }
  // The old pages hold the code that is running right now: copy before the addresses change owner. The new view
  // takes the old one's place, for spans name it.
  memcpy(rw, arena.rx.data(), arena.highWater);
  memcpy(rw + arena.farBegin, arena.rx.data() + arena.farBegin, arena.rx.size() - arena.farBegin);
  return mremap(rw, arena.rx.size(), arena.rx.size(), MREMAP_MAYMOVE | MREMAP_FIXED, arena.rw) != MAP_FAILED &&
         mapReadable(arena, file, rights);
}

CodeSpace::~CodeSpace() {
  for (Arena& arena : arenas_)
    if (arena.rw && arena.rw != arena.rx.data())
      munmap(arena.rw, arena.rx.size());
  if (copies_)
    munmap(static_cast<void*>(copies_), sizeof *copies_);
}

std::size_t CodeSpace::inUse() const {
  std::size_t bytes = 0;
  for (const Arena& each : arenas_)
    bytes += each.book.used();
  return bytes;
}

Result<CodeSpan> CodeSpace::allocate(CodeArena which, std::size_t size, std::size_t alignment, CodeUse use) {
  std::lock_guard lock(mutex_);
  Arena& arena = arenas_[static_cast<std::size_t>(which)];
  std::size_t used = inUse();
  std::size_t offset = FreeList::npos;
  std::size_t kept = use == CodeUse::FirstCode ? 0 : reserve_;
  const std::size_t bytes = whole(size), aligned = std::max(alignment, kGranule);
  if (used + bytes + kept <= limit_)
    offset = use == CodeUse::Tools ? arena.book.allocateLast(bytes, aligned) : arena.book.allocate(bytes, aligned);
  if (offset == FreeList::npos) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return fail(ErrorCode::CodeSpaceFull, "the code space is full: " + std::to_string(used) + " of " +
                                              std::to_string(limit_) + " bytes are in use, " +
                                              (kept ? std::to_string(kept) + " are kept for first calls " : std::string()) +
                                              "and " + std::to_string(size) + " more were asked for");
  }
  if (use == CodeUse::Tools)
    arena.farBegin = std::min(arena.farBegin, offset);
  else
    arena.highWater = std::max(arena.highWater, offset + size);
  return CodeSpan{which, arena.rx.data() + offset, arena.rw + offset, size};
}

void CodeSpace::release(const CodeSpan& span) {
  std::lock_guard lock(mutex_);
  Arena& arena = arenas_[static_cast<std::size_t>(span.arena)];
  arena.book.release(static_cast<std::size_t>(span.rx - arena.rx.data()), whole(span.size));
}

std::size_t CodeSpace::bytesUsed() const {
  std::lock_guard lock(mutex_);
  return inUse();
}

std::size_t CodeSpace::bytesUsed(CodeArena arena) const {
  std::lock_guard lock(mutex_);
  return arenas_[static_cast<std::size_t>(arena)].book.used();
}

std::size_t CodeSpace::promotionRoom() const {
  std::lock_guard lock(mutex_);
  std::size_t taken = inUse() + reserve_;
  return taken < limit_ ? limit_ - taken : 0;
}

void CodeSpace::expectChild() {
  if (!copies_) {
    void* page = mmap(nullptr, sizeof *copies_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
      sharedForGood_ = true;
    else
      copies_ = new (page) std::atomic<std::uint64_t>(0);
  }
  ++children_;
}

bool CodeSpace::privatise() {
  const bool copied = mapPages(true);
  if (copies_) {
    if (copied)
      copies_->fetch_add(1, std::memory_order_release);
    munmap(static_cast<void*>(copies_), sizeof *copies_);
  }
  // From here on of this process' own children.
  copies_ = nullptr;
  children_ = 0;
  sharedForGood_ = !copied;
  return copied;
}

bool CodeSpace::sharedWithChild() const {
  return sharedForGood_ || (copies_ && copies_->load(std::memory_order_acquire) != children_);
}

} // namespace kiln

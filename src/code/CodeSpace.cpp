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
                                                     std::size_t limit) {
  std::unique_ptr<CodeSpace> space(new CodeSpace);
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
  if (!space->mapFile(false))
    return fail(ErrorCode::SystemError, std::string("cannot map memory for code: ") + strerror(errno));
  return space;
}

bool CodeSpace::mapFile(bool copyOld) {
  std::size_t bytes = 0;
  for (const Arena& arena : arenas_)
    if (arena.rw != arena.rx.data())
      bytes = arena.fileOffset + arena.rx.size();
  int file = memfd_create("kiln-code", MFD_CLOEXEC);
  if (file < 0)
    return false;
  if (ftruncate(file, static_cast<off_t>(bytes)) != 0) {
    close(file);
    return false;
  }
  for (std::size_t i = 0; i < kCodeArenaCount; ++i) {
    Arena& arena = arenas_[i];
    if (CodeArena(i) == CodeArena::Data)
      continue;
    auto offset = static_cast<off_t>(arena.fileOffset);
    void* rw = mmap(nullptr, arena.rx.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
    if (rw == MAP_FAILED) {
      close(file);
      return false;
    }
    if (copyOld) {
      // The old pages hold the code that is running right now: copy before the addresses change owner. The new view
      // takes the old one's place, for spans name it.
      memcpy(rw, arena.rx.data(), arena.highWater);
      memcpy(static_cast<std::byte*>(rw) + arena.farBegin, arena.rx.data() + arena.farBegin, arena.rx.size() - arena.farBegin);
      if (mremap(rw, arena.rx.size(), arena.rx.size(), MREMAP_MAYMOVE | MREMAP_FIXED, arena.rw) == MAP_FAILED) {
        close(file);
        return false;
      }
      rw = arena.rw;
    }
    int rights = CodeArena(i) == CodeArena::Code ? PROT_READ | PROT_EXEC : PROT_READ;
    if (mmap(arena.rx.data(), arena.rx.size(), rights, MAP_SHARED | MAP_FIXED, file, offset) == MAP_FAILED) {
      close(file);
      return false;
    }
    arena.rw = static_cast<std::byte*>(rw);
  }
  // The mappings keep the file alive; without a descriptor the guest cannot meet it by number.
  close(file);
  return true;
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
  const bool copied = mapFile(true);
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

#include "program/ThreadLocals.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace kiln {
namespace {

struct Block {
  std::uint64_t serial;
  void* base;
};

/// All blocks of a thread. Lives on the heap behind a pthread key: destructors of C++ thread-local objects, the
/// program's included, run before those of keys.
struct Blocks {
  std::vector<Block> list;
  int rounds = 0;
};

struct LastUsed {
  std::uint64_t serial = 0;
  void* base = nullptr;
};

thread_local LastUsed tLast;
thread_local Blocks* tBlocks = nullptr;
std::atomic<std::uint64_t> gSerial{0};

pthread_key_t blocksKey() {
  static pthread_key_t key = [] {
    pthread_key_t made;
    pthread_key_create(&made, [](void* self) {
      auto* blocks = static_cast<Blocks*>(self);
      // Other keys' destructors may still use the program's variables: go last.
      if (++blocks->rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(blocksKey(), blocks);
        return;
      }
      for (Block& block : blocks->list)
        free(block.base);
      tBlocks = nullptr;
      tLast = {};
      delete blocks;
    });
    return made;
  }();
  return key;
}

} // namespace

ThreadLocals::ThreadLocals(TlsTemplate initial) : initial_(std::move(initial)), serial_(++gSerial) {}

ThreadLocals::~ThreadLocals() = default;

void* ThreadLocals::base() {
  if (tLast.serial == serial_)
    return tLast.base;
  if (!tBlocks) {
    tBlocks = new Blocks;
    pthread_setspecific(blocksKey(), tBlocks);
  }
  for (Block& block : tBlocks->list)
    if (block.serial == serial_) {
      tLast = {serial_, block.base};
      return block.base;
    }
  std::size_t bytes = alignUp(std::max<std::size_t>(initial_.bytes.size(), 1), initial_.alignment);
  void* base = aligned_alloc(initial_.alignment, bytes);
  memcpy(base, initial_.bytes.data(), initial_.bytes.size());
  tBlocks->list.push_back({serial_, base});
  tLast = {serial_, base};
  return base;
}

void* ThreadLocals::external(const char* name) { return dlsym(RTLD_DEFAULT, name); }

} // namespace kiln

#include "diag/CodeMap.h"

namespace kiln {

CodeMap::~CodeMap() {
  for (Block* block = first_.next.load(); block;) {
    Block* next = block->next.load();
    delete block;
    block = next;
  }
}

void CodeMap::add(const Entry& like) {
  std::size_t at = last_->used.load(std::memory_order_relaxed);
  if (at == kBlock) {
    auto* block = new Block;
    last_->next.store(block, std::memory_order_release);
    last_ = block;
    at = 0;
  }
  Entry& entry = last_->entries[at];
  entry.begin = like.begin;
  entry.end = like.end;
  entry.function = like.function;
  entry.tier = like.tier;
  entry.isLoop = like.isLoop;
  entry.unwindSection = like.unwindSection;
  entry.lines = like.lines;
  last_->used.store(at + 1, std::memory_order_release);
}

void CodeMap::remove(std::uintptr_t begin) {
  for (Block* block = &first_; block; block = block->next.load(std::memory_order_acquire))
    for (std::size_t i = 0; i < block->used.load(std::memory_order_acquire); ++i)
      if (block->entries[i].begin == begin)
        block->entries[i].gone.store(true, std::memory_order_release);
}

const CodeMap::Entry* CodeMap::find(std::uintptr_t address) const {
  for (const Block* block = &first_; block; block = block->next.load(std::memory_order_acquire))
    for (std::size_t i = 0; i < block->used.load(std::memory_order_acquire); ++i) {
      const Entry& entry = block->entries[i];
      if (address >= entry.begin && address < entry.end && !entry.gone.load(std::memory_order_acquire))
        return &entry;
    }
  return nullptr;
}

} // namespace kiln

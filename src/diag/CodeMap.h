// Which function generated code at an address belongs to, for those who may take no lock: handlers of signals by which the
// process dies.
//
// Entries are only added; one whose code is gone is marked and stays. add() and remove() are serialised by whoever calls
// them; find() runs in any thread at any time, is async-signal-safe, and takes time in proportion to the entries.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "code/LineTable.h"
#include "kiln/Ladder.h"

namespace kiln {

class CodeMap {
public:
  struct Entry {
    std::uintptr_t begin = 0, end = 0;
    const char* function = nullptr; ///< outlives the map
    Tier tier = Tier::Interpreter;
    bool isLoop = false;
    const void* unwindSection = nullptr; ///< of this code
    std::shared_ptr<const LineTable> lines;
    std::atomic<bool> gone{false};
  };

  CodeMap() = default;
  ~CodeMap();
  CodeMap(const CodeMap&) = delete;
  CodeMap& operator=(const CodeMap&) = delete;

  /// `like` but for `gone`.
  void add(const Entry& like);
  /// The code that begins at this address is gone.
  void remove(std::uintptr_t begin);
  const Entry* find(std::uintptr_t address) const;

private:
  static constexpr std::size_t kBlock = 256;
  /// Entries [0, used) are complete.
  struct Block {
    Entry entries[kBlock];
    std::atomic<std::size_t> used{0};
    std::atomic<Block*> next{nullptr};
  };

  Block first_;
  Block* last_ = &first_; ///< of who adds
};

} // namespace kiln

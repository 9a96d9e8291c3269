// Baseline code of a program's earlier runs: one file for each context.
//
// LLVM's code is one entry a function, for each is made by itself and takes milliseconds. Baseline code is made by the
// hundred at the start of every run, in some ten microseconds each, of which half goes into reading the function's IR:
// an entry of its own would cost as much as it saves. So all of it is one file, with an index that is read and checked
// when it is opened, and code that is when it is used. A run that had to compile much writes the file anew, with what
// it found there and what it made; of two that do so at once the last one's stays.
//
//   size of the sealed index 8, sealed index (Entry.h), code
//   index: count 4, then for each: function 4, flags 4, offset 8 (in the code), bytes 8, XXH3 of them 8, nanoseconds it
//   took 8
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cache/DiskStore.h"
#include "cache/Entry.h"
#include "kiln/Statistics.h"

namespace kiln::cache {

class KeptBaseline {
public:
  /// What is looked for: code of a function that records a profile or does not.
  struct Key {
    std::uint32_t function = 0;
    bool records = false;
    auto operator<=>(const Key&) const = default;
  };
  struct Found {
    std::string_view bytes; ///< as they were added; until the next find()
    bool refused = false;   ///< the tier does not take the function: why
  };

  /// `file` as bytes() gave it, or nothing. A damaged one counts as nothing.
  KeptBaseline(const ProgramKey& key, std::unique_ptr<const DiskStore::File> file);

  bool has(const Key& key) const { return kept_.contains(key); }
  /// Nothing if there is none, or it is damaged.
  std::optional<Found> find(const Key& key);
  /// `nanoseconds`: what making it took.
  void add(const Key& key, std::string bytes, bool refused, std::uint64_t nanoseconds);

  /// Whether what was added is worth a file: making it took at least so long.
  bool grown(std::uint64_t leastNs) const;
  /// The file: all that was found and added.
  std::string bytes();

  std::size_t size() const { return kept_.size(); }
  void addTo(CacheStatistics& statistics) const;

private:
  struct Entry {
    std::uint64_t offset = 0, bytes = 0; ///< in the file, unless it was added
    std::uint64_t hash = 0, nanoseconds = 0;
    bool refused = false;
  };
  bool readIndex();
  /// The bytes of an entry, if they are what they were.
  std::optional<std::string_view> bytesOf(const Key& key, const Entry& entry);

  const ProgramKey key_;
  const std::unique_ptr<const DiskStore::File> file_; ///< null: there is none
  std::string read_;
  std::map<Key, Entry> kept_;
  std::map<Key, std::string> added_;
  std::uint64_t found_ = 0, damaged_ = 0, savedNs_ = 0, addedNs_ = 0, addedBytes_ = 0;
};

} // namespace kiln::cache

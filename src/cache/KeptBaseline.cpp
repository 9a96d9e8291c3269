#include "cache/KeptBaseline.h"

#include "support/Bytes.h"
#include "support/Hash.h"

namespace kiln::cache {
namespace {

constexpr std::uint32_t kRecords = 1, kRefused = 2;
constexpr std::size_t kIndexEntry = 40;
/// A share of what is there already, for otherwise each run would write it again for a few functions.
constexpr std::uint64_t kLeastShare = 16;
/// What one process keeps of its own at most.
constexpr std::uint64_t kMostBytes = std::uint64_t{32} << 20;

} // namespace

KeptBaseline::KeptBaseline(const ProgramKey& key, std::optional<DiskStore::Mapped> file) : key_(key) {
  if (!file)
    return;
  memory_ = std::move(file->memory);
  if (!open(file->bytes)) {
    kept_.clear();
    ++damaged_;
  }
}

bool KeptBaseline::open(std::string_view file) {
  ByteReader in(file);
  const std::uint64_t sealed = in.u64();
  auto index = openWhole(key_, EntryKind::Baseline, in.take(sealed));
  if (!index)
    return false;
  const std::string_view code = file.substr(sizeof(std::uint64_t) + sealed);
  ByteReader entries(*index);
  for (std::uint64_t left = entries.count(kIndexEntry); left != 0; --left) {
    Key key;
    Entry entry;
    key.function = entries.u32();
    const std::uint32_t flags = entries.u32();
    key.records = (flags & kRecords) != 0;
    entry.refused = (flags & kRefused) != 0;
    const std::uint64_t offset = entries.u64(), bytes = entries.u64();
    entry.hash = entries.u64();
    entry.nanoseconds = entries.u64();
    if (offset > code.size() || bytes > code.size() - offset)
      return false;
    entry.bytes = code.substr(offset, bytes);
    kept_.insert_or_assign(key, entry);
  }
  return entries.finished();
}

std::optional<KeptBaseline::Found> KeptBaseline::find(const Key& key) {
  auto at = kept_.find(key);
  if (at == kept_.end())
    return std::nullopt;
  const Entry& entry = at->second;
  if (hashBytes(entry.bytes) != entry.hash) {
    ++damaged_;
    kept_.erase(at);
    return std::nullopt;
  }
  ++found_;
  savedNs_ += entry.nanoseconds;
  return Found{entry.bytes, entry.refused};
}

void KeptBaseline::add(const Key& key, std::string bytes, bool refused, std::uint64_t nanoseconds) {
  if (addedBytes_ + bytes.size() > kMostBytes)
    return;
  auto [at, fresh] = added_.try_emplace(key, std::move(bytes));
  if (!fresh)
    return; // made again, after it was retired: the same
  addedBytes_ += at->second.size();
  addedNs_ += nanoseconds;
  kept_.insert_or_assign(key, Entry{at->second, hashBytes(at->second), nanoseconds, refused});
}

bool KeptBaseline::grown(std::uint64_t leastNs) const {
  return !added_.empty() && addedNs_ >= leastNs && (leastNs == 0 || added_.size() * kLeastShare >= kept_.size());
}

void KeptBaseline::addTo(CacheStatistics& statistics) const {
  statistics.baselineFound = found_;
  statistics.baselineMade = added_.size();
  statistics.baselineSavedNs = savedNs_;
  statistics.damaged += damaged_;
}

std::string KeptBaseline::bytes() const {
  ByteWriter index;
  index.count(kept_.size());
  std::uint64_t offset = 0;
  for (const auto& [key, entry] : kept_) {
    index.u32(key.function);
    index.u32((key.records ? kRecords : 0) | (entry.refused ? kRefused : 0));
    index.u64(offset);
    index.u64(entry.bytes.size());
    index.u64(entry.hash);
    index.u64(entry.nanoseconds);
    offset += entry.bytes.size();
  }
  const std::string sealed = sealWhole(key_, EntryKind::Baseline, index.bytes);
  ByteWriter out;
  out.bytes.reserve(sizeof(std::uint64_t) + sealed.size() + offset);
  out.u64(sealed.size());
  out.bytes += sealed;
  for (const auto& [key, entry] : kept_)
    out.bytes += entry.bytes;
  return std::move(out.bytes);
}

} // namespace kiln::cache

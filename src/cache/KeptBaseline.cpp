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

KeptBaseline::KeptBaseline(const ProgramKey& key, std::unique_ptr<const DiskStore::File> file)
    : key_(key), file_(std::move(file)) {
  if (file_ && !readIndex()) {
    kept_.clear();
    ++damaged_;
  }
}

bool KeptBaseline::readIndex() {
  char head[sizeof(std::uint64_t)];
  if (!file_->read(0, head, sizeof head))
    return false;
  const std::uint64_t sealed = ByteReader({head, sizeof head}).u64();
  const std::uint64_t left = file_->bytes() - sizeof head;
  if (sealed > left)
    return false;
  std::string bytes(sealed, '\0');
  if (!file_->read(sizeof head, bytes.data(), bytes.size()))
    return false;
  auto index = openWhole(key_, EntryKind::Baseline, bytes);
  if (!index)
    return false;
  const std::uint64_t begin = sizeof head + sealed, end = file_->bytes();
  ByteReader entries(*index);
  for (std::uint64_t count = entries.count(kIndexEntry); count != 0; --count) {
    Key key;
    Entry entry;
    key.function = entries.u32();
    const std::uint32_t flags = entries.u32();
    key.records = (flags & kRecords) != 0;
    entry.refused = (flags & kRefused) != 0;
    entry.offset = begin + entries.u64();
    entry.bytes = entries.u64();
    entry.hash = entries.u64();
    entry.nanoseconds = entries.u64();
    if (entry.offset < begin || entry.offset > end || entry.bytes > end - entry.offset)
      return false;
    kept_.insert_or_assign(key, entry);
  }
  return entries.finished();
}

std::optional<std::string_view> KeptBaseline::bytesOf(const Key& key, const Entry& entry) {
  if (auto added = added_.find(key); added != added_.end())
    return added->second;
  read_.resize(entry.bytes);
  if (!file_->read(entry.offset, read_.data(), read_.size()) || hashBytes(read_) != entry.hash)
    return std::nullopt;
  return read_;
}

std::optional<KeptBaseline::Found> KeptBaseline::find(const Key& key) {
  auto at = kept_.find(key);
  if (at == kept_.end())
    return std::nullopt;
  const Entry entry = at->second;
  auto bytes = bytesOf(key, entry);
  if (!bytes) {
    ++damaged_;
    kept_.erase(at);
    return std::nullopt;
  }
  ++found_;
  savedNs_ += entry.nanoseconds;
  return Found{*bytes, entry.refused};
}

void KeptBaseline::add(const Key& key, std::string bytes, bool refused, std::uint64_t nanoseconds) {
  if (addedBytes_ + bytes.size() > kMostBytes)
    return;
  auto [at, fresh] = added_.try_emplace(key, std::move(bytes));
  if (!fresh)
    return; // made again, after it was retired: the same
  addedBytes_ += at->second.size();
  addedNs_ += nanoseconds;
  kept_.insert_or_assign(key, Entry{0, at->second.size(), hashBytes(at->second), nanoseconds, refused});
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

std::string KeptBaseline::bytes() {
  ByteWriter index;
  std::string code;
  std::uint32_t count = 0;
  for (const auto& [key, entry] : kept_) {
    auto bytes = bytesOf(key, entry);
    if (!bytes)
      continue;
    index.u32(key.function);
    index.u32((key.records ? kRecords : 0) | (entry.refused ? kRefused : 0));
    index.u64(code.size());
    index.u64(bytes->size());
    index.u64(entry.hash);
    index.u64(entry.nanoseconds);
    code += *bytes;
    ++count;
  }
  ByteWriter counted;
  counted.count(count);
  counted.bytes += index.bytes;
  const std::string sealed = sealWhole(key_, EntryKind::Baseline, counted.bytes);
  ByteWriter out;
  out.bytes.reserve(sizeof(std::uint64_t) + sealed.size() + code.size());
  out.u64(sealed.size());
  out.bytes += sealed;
  out.bytes += code;
  return std::move(out.bytes);
}

} // namespace kiln::cache

#include "function/Retirement.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "support/Clock.h"
#include "support/SignalBlock.h"

namespace kiln {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
/// After the n-th round in a row that freed nothing the next waits 2^n times as long, to about two seconds.
constexpr std::uint64_t kFirstWait = 8 * kMillisecond;
constexpr unsigned kMostDoublings = 8;

/// Withdrawn unwind objects that make a round worth while where no code waits.
constexpr std::size_t kObjects = 4096;
/// What one costs.
constexpr std::size_t kObjectCost = 64;

constexpr int kTrap = 0xcc; // int3

/// Every processor forgets what it fetched of instructions that are no more, before others are written in their place
/// (Intel SDM vol. 3, 9.1.3: code that other processors changed).
void forgetFetchedCode() {
  // A process says once that it will use it; to say it again costs nothing.
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
  syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}

} // namespace

Retirement::Retirement(CodeSpace& space, UnwindRegistry& unwind, Settings settings)
    : space_(space), unwind_(unwind), settings_(std::move(settings)), off_(settings_.startAt == 0) {}

/// Under record.mutex.
bool Retirement::superseded(const FunctionRecord& record, const Version& version) {
  return version.callable() && !version.lasting && !version.memory.empty() && version.entry != record.publishedEntry &&
         !record.osrInto(version);
}

void Retirement::note(FunctionRecord& record) {
  if (off_.load(std::memory_order_relaxed))
    return;
  std::size_t bytes = 0;
  for (const Version& version : record.versions)
    if (superseded(record, version))
      bytes += version.memoryBytes();
  supersededBytes_.fetch_add(bytes - record.supersededBytes, std::memory_order_relaxed);
  record.supersededBytes = bytes;
  if (bytes == 0 || record.retirementListed)
    return;
  record.retirementListed = true;
  std::lock_guard lock(list_);
  listed_.push_back(&record);
}

void Retirement::turnOff(std::string_view reason) {
  off_.store(true, std::memory_order_relaxed);
  std::lock_guard lock(list_);
  if (counts_.off.empty())
    counts_.off = reason;
}

bool Retirement::due() const {
  if (off_.load(std::memory_order_relaxed))
    return false;
  std::uint64_t fresh = supersededBytes_.load(std::memory_order_relaxed) +
                        (unwind_.withdrawn() > kObjects ? unwind_.withdrawn() * kObjectCost : 0);
  bool patient = nowNanoseconds() >= notBefore_.load(std::memory_order_relaxed);
  if (!patient && obstructed_.load(std::memory_order_relaxed))
    return false;
  return (patient ? fresh + waitingBytes_.load(std::memory_order_relaxed) : fresh) >= settings_.startAt;
}

bool Retirement::promising() const {
  if (nowNanoseconds() >= notBefore_.load(std::memory_order_relaxed))
    return true;
  return !obstructed_.load(std::memory_order_relaxed) && supersededBytes_.load(std::memory_order_relaxed) != 0;
}

std::size_t Retirement::round(bool now) {
  if (off_.load(std::memory_order_relaxed) || (!now && !promising()))
    return 0;
  const CallerMark caller = CallerMark::here();
  return roundFrom(caller);
}

std::size_t Retirement::roundFrom(const CallerMark& caller) {
  SignalBlock block;
  std::unique_lock lock(round_, std::try_to_lock);
  if (!lock)
    return 0;
  retireListed();
  if (waiting_.empty() && unwind_.withdrawn() < kObjects)
    return 0;
  std::vector<void*> objects = unwind_.takeWithdrawn();
  ScanResult seen = look(objects, caller);
  obstructed_.store(!seen.obstacle.empty(), std::memory_order_relaxed);
  if (seen.foreignStack)
    turnOff(seen.obstacle);
  if (!seen.obstacle.empty()) {
    unwind_.giveBack(objects);
    postpone(seen.obstacle);
    return 0;
  }
  std::size_t at = 0;
  std::vector<void*> unread;
  std::erase_if(objects, [&](void* object) { return !seen.inside[at++] && (unread.push_back(object), true); });
  UnwindRegistry::freeObjects(unread);
  unwind_.giveBack(objects);
  std::vector<Retired> gone, stay;
  for (Retired& each : waiting_) {
    bool inside = false;
    for (std::size_t i = 0; i < each.memory.size(); ++i)
      inside |= seen.inside[at++];
    (inside ? stay : gone).push_back(std::move(each));
  }
  waiting_ = std::move(stay);
  if (gone.empty() && !waiting_.empty()) {
    postpone("threads are inside");
    return 0;
  }
  inVain_ = 0;
  notBefore_.store(0, std::memory_order_relaxed);
  return release(std::move(gone));
}

/// Who reads one of these objects, then who is inside what waits.
ScanResult Retirement::look(std::span<void* const> objects, const CallerMark& caller) {
  std::vector<AddressSpan> spans;
  auto add = [&](const void* from, std::size_t bytes) {
    auto begin = reinterpret_cast<std::uintptr_t>(from);
    spans.push_back({begin, begin + bytes});
  };
  for (const void* object : objects)
    add(object, UnwindRegistry::kObjectBytes);
  for (const Retired& each : waiting_)
    for (const CodeSpan& span : each.memory)
      add(span.rx, span.size);
  return settings_.look(spans, caller);
}

void Retirement::retireListed() {
  std::vector<FunctionRecord*> records;
  {
    std::lock_guard lock(list_);
    records.swap(listed_);
  }
  for (FunctionRecord* record : records) {
    std::lock_guard lock(record->mutex);
    retire(*record);
  }
}

/// Under record.mutex.
void Retirement::retire(FunctionRecord& record) {
  record.retirementListed = false;
  supersededBytes_.fetch_sub(record.supersededBytes, std::memory_order_relaxed);
  record.supersededBytes = 0;
  for (std::size_t i = 0; i < record.versions.size(); ++i) {
    if (!superseded(record, record.versions[i]))
      continue;
    Version& version = record.versions[i];
    Retired retired{std::move(version.memory), version.unwindSection, version.unwindCode, 0};
    for (const CodeSpan& span : retired.memory)
      retired.bytes += span.size;
    version.memory.clear();
    version.unwindSection = nullptr;
    version.retired = true;
    waitingBytes_.fetch_add(retired.bytes, std::memory_order_relaxed);
    waiting_.push_back(std::move(retired));
    {
      std::lock_guard lock(list_);
      ++counts_.versionsRetired;
    }
    i -= record.forgetOlder(i);
  }
}

void Retirement::postpone(std::string_view reason) {
  std::uint64_t wait = kFirstWait << std::min(inVain_++, kMostDoublings);
  notBefore_.store(nowNanoseconds() + wait, std::memory_order_relaxed);
  std::lock_guard lock(list_);
  ++counts_.rounds;
  auto at = counts_.postponed.find(reason);
  ++(at == counts_.postponed.end() ? counts_.postponed.emplace(reason, 0).first : at)->second;
}

std::size_t Retirement::release(std::vector<Retired> gone) {
  std::vector<UnwindRegistry::Entry> sections;
  for (const Retired& each : gone)
    if (each.unwindSection)
      sections.push_back({each.unwindSection, each.unwindCode});
  for (const Retired& each : gone)
    for (const CodeSpan& span : each.memory)
      if (span.arena == CodeArena::Code && settings_.gone)
        settings_.gone(reinterpret_cast<std::uintptr_t>(span.rx));
  unwind_.removeAll(sections);
  std::size_t bytes = 0;
  for (const Retired& each : gone) {
    bytes += each.bytes;
    for (const CodeSpan& span : each.memory)
      if (span.arena == CodeArena::Code)
        memset(span.rw, kTrap, span.size); // a mistake of ours ends here and not in other code
  }
  forgetFetchedCode();
  for (const Retired& each : gone)
    for (const CodeSpan& span : each.memory)
      space_.release(span);
  waitingBytes_.fetch_sub(bytes, std::memory_order_relaxed);
  std::lock_guard lock(list_);
  ++counts_.rounds;
  counts_.freedBytes += bytes;
  counts_.versionsFreed += gone.size();
  return bytes;
}

Retirement::Counts Retirement::counts() const {
  std::lock_guard lock(list_);
  Counts out = counts_;
  out.supersededBytes = supersededBytes_.load(std::memory_order_relaxed);
  out.waitingBytes = waitingBytes_.load(std::memory_order_relaxed);
  return out;
}

} // namespace kiln

#include "cache/CodeCache.h"

#include "support/Clock.h"

namespace kiln::cache {
namespace {

/// Artifacts that wait to be written; each takes some ten kilobytes. Writing one takes a hundred microseconds, and
/// compiling one a hundred times that, so that more than a few wait only when the disk does not come along.
constexpr std::size_t kMostTasks = 256;
/// A process sweeps at its first write, and after each such share of the limit.
constexpr std::uint64_t kSweepShare = 16;

} // namespace

Result<std::unique_ptr<CodeCache>> CodeCache::create(const CacheOptions& options) {
  if (options.folder.empty() && options.remote.empty())
    return nullptr;
  if (options.folder.empty())
    return fail(ErrorCode::BadOption, "a shared cache needs a local one before it");
  std::optional<RemoteAddress> remote;
  std::optional<Authenticator> authenticator;
  if (!options.remote.empty()) {
    auto parsed = parseRemoteAddress(options.remote);
    if (!parsed)
      return std::unexpected(parsed.error());
    remote = std::move(*parsed);
    remote->milliseconds = options.remoteMilliseconds;
    if (options.keyFile.empty())
      return fail(ErrorCode::BadOption, "a shared cache holds native code, which is executed: it needs a key that only its "
                                        "users have (--cache-key FILE)");
    auto key = Authenticator::fromFile(options.keyFile);
    if (!key)
      return std::unexpected(key.error());
    authenticator = std::move(*key);
  }
  return std::make_unique<CodeCache>(DiskStore::Settings{options.folder, options.limit, {}}, std::move(remote),
                                     std::move(authenticator));
}

CodeCache::CodeCache(DiskStore::Settings settings, std::optional<RemoteAddress> address, std::optional<Authenticator> given)
    : disk(settings), remote(std::move(address)), authenticator(std::move(given)),
      sweepEvery_(settings.limit / kSweepShare), unswept_(sweepEvery_) {}

std::uint64_t CodeCache::wrote(std::uint64_t bytes) {
  if (unswept_.fetch_add(bytes, std::memory_order_relaxed) + bytes < sweepEvery_)
    return 0;
  unswept_.store(0, std::memory_order_relaxed);
  return disk.sweep();
}

ProgramCache::ProgramCache(CodeCache& cache, Identity identity)
    : thread(kMostTasks), cache_(cache), identity_(std::move(identity)),
      remote_(cache.remote ? makeRemoteStore(*cache.remote) : nullptr) {}

void ProgramCache::prepareFork() {
  identityLock_.lock();
  thread.forkLock().lock();
  if (remote_)
    remote_->forkLock().lock();
}

void ProgramCache::parentAfterFork() {
  if (remote_)
    remote_->forkLock().unlock();
  thread.forkLock().unlock();
  identityLock_.unlock();
}

void ProgramCache::childAfterFork() {
  if (remote_)
    remote_->abandon();
  thread.abandon();
  parentAfterFork();
}

const Digest& ProgramCache::program() {
  std::lock_guard lock(identityLock_);
  return programLocked();
}

const ProgramKey& ProgramCache::key() {
  std::lock_guard lock(identityLock_);
  if (!key_)
    key_ = ProgramKey{programLocked(), identity_.context()};
  return *key_;
}

const Digest& ProgramCache::programLocked() {
  if (!program_)
    program_ = identity_.program();
  return *program_;
}

std::optional<CodeArtifact> ProgramCache::open(const CodeKey& code, std::string_view entry) {
  auto payload = openCode(key(), code, entry);
  auto artifact = payload ? artifactFromBytes(code, *payload) : std::nullopt;
  if (!artifact)
    counts.damaged.fetch_add(1, std::memory_order_relaxed);
  return artifact;
}

std::optional<CodeArtifact> ProgramCache::load(const CodeKey& code) {
  const std::uint64_t start = nowNanoseconds();
  auto entry = cache_.disk.read(program().text(), codeName(key().context, code));
  auto artifact = entry ? open(code, *entry) : std::nullopt;
  (artifact ? counts.hits : counts.misses).fetch_add(1, std::memory_order_relaxed);
  if (artifact) {
    counts.bytesRead.fetch_add(entry->size(), std::memory_order_relaxed);
    counts.savedNs.fetch_add(artifact->savedNs, std::memory_order_relaxed);
  }
  counts.lookupNs.fetch_add(nowNanoseconds() - start, std::memory_order_relaxed);
  return artifact;
}

std::vector<CodeKey> ProgramCache::list() {
  std::vector<CodeKey> found;
  for (const DiskStore::Listed& each : cache_.disk.list(program().text()))
    if (auto code = parseCodeName(key().context, each.name))
      found.push_back(*code);
  return found;
}

void ProgramCache::keep(const CodeKey& code, CodeArtifact&& artifact) {
  if (!mayKeep(artifact))
    return;
  // std::function wants a closure that can be copied.
  auto kept = std::make_shared<const CodeArtifact>(std::move(artifact));
  if (!thread.post([this, code, kept] { store(code, *kept); }))
    counts.dropped.fetch_add(1, std::memory_order_relaxed);
}

bool ProgramCache::hasMore(const std::function<bool(const CodeKey&)>& wanted) {
  return cache_.disk.any(program().text(), [&](std::string_view name) {
    if (name == kProfileName)
      return true;
    auto code = parseCodeName(key().context, name);
    return code && wanted(*code);
  });
}

std::unique_ptr<KeptBaseline> ProgramCache::baseline(const Digest& context) {
  const ProgramKey key{program(), context};
  return std::make_unique<KeptBaseline>(key, cache_.disk.open(key.program.text(), baselineName(context)));
}

void ProgramCache::keepBaseline(const Digest& context, std::string file) {
  auto kept = std::make_shared<const std::string>(std::move(file));
  if (!thread.post([this, context, kept] { write(baselineName(context), *kept); }))
    counts.dropped.fetch_add(1, std::memory_order_relaxed);
}

std::optional<std::string> ProgramCache::start(const Digest& context) {
  const ProgramKey key{program(), context};
  auto file = cache_.disk.read(key.program.text(), startName(context));
  auto payload = file ? openWhole(key, EntryKind::Start, *file) : std::nullopt;
  if (file && !payload)
    counts.damaged.fetch_add(1, std::memory_order_relaxed);
  if (!payload)
    return std::nullopt;
  return std::string(*payload);
}

void ProgramCache::keepStart(const Digest& context, std::string payload) {
  auto kept = std::make_shared<const std::string>(std::move(payload));
  if (!thread.post([this, context, kept] {
        write(startName(context), sealWhole({program(), context}, EntryKind::Start, *kept));
      }))
    counts.dropped.fetch_add(1, std::memory_order_relaxed);
}

void ProgramCache::store(const CodeKey& code, const CodeArtifact& artifact) {
  const std::string name = codeName(key().context, code);
  const std::string entry = sealCode(key(), code, artifactToBytes(artifact));
  write(name, entry);
  send(name, entry);
}

void ProgramCache::write(const std::string& name, std::string_view entry) {
  const std::string folder = program().text();
  if (!described_ && cache_.disk.write(folder, std::string(kAboutName), sealOther(program(), EntryKind::About, identity_.name)))
    described_ = true;
  if (!cache_.disk.write(folder, name, entry)) {
    counts.writeFailures.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  counts.written.fetch_add(1, std::memory_order_relaxed);
  counts.bytesWritten.fetch_add(entry.size(), std::memory_order_relaxed);
  counts.evicted.fetch_add(cache_.wrote(entry.size()), std::memory_order_relaxed);
}

void ProgramCache::reject(const CodeKey& code) {
  counts.damaged.fetch_add(1, std::memory_order_relaxed);
  cache_.disk.remove(program().text(), codeName(key().context, code));
}

CacheStatistics ProgramCache::statistics() const {
  auto value = [](const std::atomic<std::uint64_t>& count) { return count.load(std::memory_order_relaxed); };
  CacheStatistics out;
  out.on = true;
  out.folder = cache_.disk.folder();
  out.offBecause = cache_.disk.refusal();
  out.writesOffBecause = cache_.disk.writeRefusal();
  out.hits = value(counts.hits);
  out.misses = value(counts.misses);
  out.damaged = value(counts.damaged);
  out.installed = value(counts.installed);
  out.lookupNs = value(counts.lookupNs);
  out.savedNs = value(counts.savedNs);
  out.bytesRead = value(counts.bytesRead);
  out.written = value(counts.written);
  out.bytesWritten = value(counts.bytesWritten);
  out.writeFailures = value(counts.writeFailures);
  out.dropped = value(counts.dropped);
  out.evicted = value(counts.evicted);
  out.profileFunctions = value(counts.profileFunctions);
  if (remote_) {
    auto state = remote_->state();
    out.remote = true;
    out.remoteFailures = state.failures;
    out.remoteAway = state.away ? state.reason : "";
    out.fetched = value(counts.fetched);
    out.sent = value(counts.sent);
    out.wrongTags = value(counts.wrongTags);
  }
  return out;
}

} // namespace kiln::cache

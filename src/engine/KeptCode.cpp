// The cache's side of a program: what an earlier run compiled is installed ahead of its first call, what this one compiles
// and records is kept.
#include <dlfcn.h>
#include <sys/stat.h>

#include <llvm/Config/llvm-config.h>
#include <llvm/Support/TargetSelect.h>

#include <algorithm>
#include <map>

#include "support/Bytes.h"
#include "compile/llvm/Backend.h"
#include "engine/BuildId.h"
#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "engine/SignalHandlers.h"
#include "support/Clock.h"
#include "support/LlvmBridge.h"
#include "support/SignalBlock.h"

namespace kiln {
namespace {

/// With less room than this nothing is installed that was not asked for.
constexpr std::size_t kLeastRoomAhead = std::size_t{64} << 10;
/// A run that compiled nothing and was shorter teaches too little to be written down.
constexpr std::uint64_t kLeastRunNs = 200'000'000;

bool has(const Ladder& ladder, Tier tier) {
  return std::ranges::any_of(ladder.rungs, [&](const Rung& rung) { return rung.tier == tier; });
}

} // namespace

/// Before the program is linked; what of it needs the map is asked for later.
void ProgramCore::makeCache(const ProgramInput& input) {
  if (!engine_->cache || wantsLines(engine_->options)) // what is kept has no lines
    return;
  cache::ProgramCache::Identity identity;
  identity.program = [this] { return programDigest(); };
  identity.context = [this, libraries = input.libraries] { return contextDigest(libraries); };
  identity.name = name_;
  cache_ = std::make_unique<cache::ProgramCache>(*engine_->cache, std::move(identity));
}

std::size_t ProgramCore::sourceBytes() const {
  std::size_t bytes = 0;
  for (const Source& source : *sources_)
    bytes += source.bitcode.size();
  return bytes;
}

void ProgramCore::openCache(const ProgramInput& input) {
  if (!cache_ || !mayUseKept())
    return;
  const bool small = sourceBytes() <= kHashedAtLoad;
  bool mayBeKnown = engine_->cache->disk.knows("") && (!small || cache_->known());
  if (small)
    openBaseline(input.libraries);
  if (mayBeKnown && small)
    mayBeKnown = cache_->hasMore([&](const cache::CodeKey& code) { return wants(code); });
  if (!mayBeKnown && !cache_->shared())
    return;
  installing_.store(true, std::memory_order_relaxed);
  if (!cache_->thread.post([this] {
        installKept();
        installing_.store(false, std::memory_order_relaxed);
      }))
    installing_.store(false, std::memory_order_relaxed);
}

bool ProgramCore::mayUseKept() const {
  const Options& options = engine_->options;
  return options.compileThreads != 0 && options.osrAt == 0 && options.counting != Counting::Off && !wantsLines(options);
}

/// Before the first call.
void ProgramCore::openBaseline(const std::vector<std::string>& libraries) {
  const Ladder& ladder = tiers_->ladder();
  const std::string identity = has(ladder, Tier::Baseline) ? baseline_->identity() : std::string();
  if (identity.empty())
    return;
  ByteWriter out;
  out.text(identity);
  addNames(out, libraries);
  baselineContext_ = digestOf(out.bytes);
  baselineKept_ = cache_->baseline(baselineContext_);
}

/// Under the foreground lock.
std::optional<baseline::Baseline::Kept> ProgramCore::keptBaseline(std::uint32_t function, bool record) {
  auto found = baselineKept_ ? baselineKept_->find({function, record}) : std::nullopt;
  if (!found)
    return std::nullopt;
  return baseline::Baseline::Kept{found->bytes, found->refused};
}

void ProgramCore::saveBaseline() {
  // Not if a thread of the program compiles just now: it may never come to an end.
  std::unique_lock lock(foreground_, std::try_to_lock);
  if (!lock || !baselineKept_ || !baselineKept_->grown(engine_->options.cache.leastMicroseconds * 1000))
    return;
  cache_->keepBaseline(baselineContext_, baselineKept_->bytes());
  saveStart();
}

/// What the program finds outside. Which of the names that it leaves open exist at all (a weak one that does not is a null
/// pointer in the code); where they lead is not in the code.
void ProgramCore::addNames(ByteWriter& out, const std::vector<std::string>& libraries) const {
  out.u8(replacements_ != nullptr); // nothing that can be replaced is inlined
  out.u64(libraries.size());
  for (const std::string& library : libraries)
    out.text(library);
  for (const ExternalInfo& external : map_.externals)
    out.text(external.name);
}

/// Everything that the numbers of functions, blocks and values follow from, and who makes code of them.
Digest ProgramCore::programDigest() const {
  ByteWriter out;
  out.u32(cache::kEntryVersion);
  out.text(kBuildId);
  out.text(LLVM_VERSION_STRING);
  // Of a shared library of LLVM's, which may be replaced without Kiln: what the system knows of its file.
  Dl_info info;
  struct stat status;
  if (KILN_SHARED_LLVM && dladdr(reinterpret_cast<const void*>(&LLVMInitializeX86Target), &info) && info.dli_fname &&
      stat(info.dli_fname, &status) == 0) {
    out.u64(static_cast<std::uint64_t>(status.st_size));
    out.u64(static_cast<std::uint64_t>(status.st_mtim.tv_sec));
  }
  for (const Source& source : *sources_)
    out.digest(digestOf({source.bitcode.data(), source.bitcode.size()}));
  return digestOf(out.bytes);
}

/// What else code of LLVM's depends on.
Digest ProgramCore::contextDigest(const std::vector<std::string>& libraries) const {
  ByteWriter out;
  out.text(Backend::hostCpu());
  out.text(Backend::hostFeatures());
  out.u8(engine_->options.pgo);
  out.u8(engine_->options.speculate);
  out.u8(engine_->options.exitAt != 0);
  out.digest(earlierProfile_);
  addNames(out, libraries);
  return digestOf(out.bytes);
}

/// Whether this run could have compiled it.
bool ProgramCore::wants(const cache::CodeKey& key) const {
  const Ladder& ladder = tiers_->ladder();
  if (key.function >= map_.functions.size() || map_.functions[key.function].ifuncResolved)
    return false;
  if (key.tier <= ladder.bottom() || !has(ladder, key.tier) || key.counts != tiers_->counts(key.tier))
    return false;
  if (key.loop != kNoLoop && (!engine_->options.osr || key.tier != ladder.top()))
    return false;
  return key.profiled == (key.tier >= ladder.top() && profile_ != nullptr);
}

bool ProgramCore::isThere(const cache::CodeKey& key) {
  FunctionRecord& record = table_->record(key.function);
  const bool better = record.publishedTier.load(std::memory_order_acquire) >= static_cast<int>(key.tier);
  if (key.loop == kNoLoop)
    return better || record.pendingTier.load(std::memory_order_relaxed) >= static_cast<int>(key.tier);
  // Where the function itself is there from its first call on, no activation will need a way over.
  return (better && record.calls() == 0) || record.osrEntry(key.loop, key.tier) != nullptr;
}

/// On the cache's thread, from the start of the program.
void ProgramCore::installKept() {
  auto ending = [this] {
    return saved_.load(std::memory_order_relaxed) || engine_->stopped() || cache_->thread.stopping() ||
           space_->promotionRoom() < kLeastRoomAhead;
  };
  std::map<std::pair<std::uint32_t, std::uint32_t>, Tier> best;
  const std::vector<cache::CodeKey> all = cache_->list();
  for (const cache::CodeKey& key : all)
    if (wants(key))
      if (auto [at, fresh] = best.try_emplace({key.function, key.loop}, key.tier); !fresh)
        at->second = std::max(at->second, key.tier);
  for (const cache::CodeKey& key : all) {
    if (ending())
      return;
    if (!wants(key) || best[{key.function, key.loop}] != key.tier || isThere(key))
      continue;
    if (auto artifact = cache_->load(key))
      installAhead(std::move(*artifact));
  }
  const bool named = earlierProfile_ != Digest{};
  if (auto known = profile_ && !named ? cache_->profile() : std::nullopt)
    profile_->setEarlier(std::move(*known), true);
  if (!all.empty())
    cache_->touch();
  if (!cache_->shared() || ending())
    return;
  auto made = cache_->fetch([&](const cache::CodeKey& key) { return wants(key); },
                            [&](CodeArtifact&& artifact) {
                              const cache::CodeKey key{artifact.function, artifact.loop, artifact.tier, artifact.counts};
                              if (!ending() && !isThere(key))
                                installAhead(std::move(artifact));
                            });
  if (made && profile_ && !named)
    profile_->setEarlier(std::move(*made), true);
}

void ProgramCore::installAhead(CodeArtifact&& artifact) {
  FunctionRecord& record = table_->record(artifact.function);
  const bool whole = artifact.loop == kNoLoop;
  CompileResult result = std::move(artifact);
  Result<Version> version = fail(ErrorCode::CompileFailed, "");
  try {
    if (auto& made = std::get<CodeArtifact>(result); !made.guards.empty()) {
      if (!stillHolds(made)) // dropped since the start: what the shared store has comes late
        return;
      std::lock_guard lock(foreground_);
      auto refused = prepareExits(made);
      if (!refused || *refused)
        return refuseKept(result, refused ? Error{ErrorCode::CompileFailed, "no exits"} : refused.error());
    }
    std::lock_guard lock(install_);
    version = link(record, result, true);
    if (version && whole)
      tiers_->publish(record, std::move(*version), "cached");
    else if (version)
      tiers_->publishLoop(record, std::move(*version), "cached", true);
  } catch (const LlvmFatal&) {
    version = fail(ErrorCode::CompileFailed, "LLVM cannot link it");
  }
  if (version)
    cache_->counts.installed.fetch_add(1, std::memory_order_relaxed);
  else
    refuseKept(result, version.error());
}

cache::CodeKey ProgramCore::keyOf(const CodeArtifact& artifact) const {
  return {artifact.function, artifact.loop, artifact.tier, artifact.counts,
          artifact.tier >= tiers_->ladder().top() && profile_ != nullptr};
}

void ProgramCore::refuseKept(const CompileResult& result, const Error& error) {
  const auto* artifact = std::get_if<CodeArtifact>(&result);
  if (artifact && artifact->cached && error.code != ErrorCode::CodeSpaceFull)
    cache_->reject(keyOf(*artifact));
}

void ProgramCore::keep(CompileResult& result) {
  if (!cache_)
    return;
  auto& artifact = std::get<CodeArtifact>(result);
  const cache::CodeKey key = keyOf(artifact);
  cache_->keep(key, std::move(artifact));
}

void ProgramCore::saveToCache(bool mayGather) {
  for (const auto& child : children())
    child->saveToCache(mayGather);
  if (!cache_ || saved_.exchange(true))
    return;
  SignalBlock block;
  // exit() in a handler, which may have interrupted malloc: what is written, or waits for it, must do.
  const bool gather = mayGather || !mayBeInHandler(block.before());
  if (gather && !forked_)
    saveBaseline();
  const bool worthwhile = missed_.load(std::memory_order_relaxed) ||
                          nowNanoseconds() - engine_->startedAt >= kLeastRunNs;
  if (profile_ && gather && worthwhile && !forked_)
    if (ProgramProfile recorded = profile_->numberedProfile(); !recorded.functions.empty())
      cache_->addProfile(std::move(recorded));
  if (!installing_.load(std::memory_order_relaxed) || cache_->thread.waiting() != 0)
    cache_->thread.drain(std::chrono::milliseconds(engine_->options.cache.endMilliseconds));
}

void ProgramCore::stopCache() {
  if (cache_)
    cache_->thread.stop();
}

} // namespace kiln

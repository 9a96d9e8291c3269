// A program's merged profile in the cache, and what the shared store has.
#include "cache/CodeCache.h"
#include "profile/ProfileFile.h"

namespace kiln::cache {
namespace {

/// Asked for at once from the shared store: few enough that a reply is a few megabytes.
constexpr std::size_t kFetchAtOnce = 32;
/// Of one program. A list that is longer is none of Kiln's making.
constexpr std::size_t kMostRemoteNames = 20000;

} // namespace

std::string ProgramCache::sealProfile(const ProgramProfile& profile) {
  return sealOther(program(), EntryKind::Profile, profileToBinary(profile));
}

std::optional<ProgramProfile> ProgramCache::openProfile(std::string_view entry) {
  if (auto payload = openOther(program(), EntryKind::Profile, entry))
    if (auto profile = profileFromBinary(*payload))
      return std::move(*profile);
  counts.damaged.fetch_add(1, std::memory_order_relaxed);
  return std::nullopt;
}

std::optional<ProgramProfile> ProgramCache::profile() {
  auto entry = cache_.disk.read(program().text(), std::string(kProfileName));
  auto known = entry ? openProfile(*entry) : std::nullopt;
  if (known)
    counts.profileFunctions.store(known->functions.size(), std::memory_order_relaxed);
  return known;
}

void ProgramCache::addProfile(ProgramProfile recorded) {
  auto shared = std::make_shared<ProgramProfile>(std::move(recorded));
  if (!thread.post([this, shared] { mergeProfile(std::move(*shared)); }))
    counts.dropped.fetch_add(1, std::memory_order_relaxed);
}

/// Two processes that do so at the same moment may lose what one of them recorded: the next run makes it good.
void ProgramCache::mergeProfile(ProgramProfile recorded) {
  if (!normalize(recorded))
    return;
  std::vector<ProgramProfile> both;
  if (auto known = profile())
    both.push_back(std::move(*known));
  both.push_back(recorded);
  auto merged = mergeProfiles(std::move(both));
  write(std::string(kProfileName), sealProfile(merged ? *merged : recorded)); // at odds: what is newer counts
  sendProfile(recorded);
}

void ProgramCache::send(const std::string& name, std::string_view entry) {
  if (remote_ && remote_->put(program().text(), name, cache_.authenticator->tagged(entry)))
    counts.sent.fetch_add(1, std::memory_order_relaxed);
}

std::optional<std::string_view> ProgramCache::authentic(std::string_view value) {
  auto entry = cache_.authenticator->checked(value);
  if (!entry)
    counts.wrongTags.fetch_add(1, std::memory_order_relaxed);
  return entry;
}

/// Only what this run saw is added: the sum that is there has this machine's earlier runs in it.
void ProgramCache::sendProfile(const ProgramProfile& recorded) {
  if (!remote_)
    return;
  const bool sent = remote_->update(program().text(), std::string(kProfileName), [&](const std::optional<std::string>& value) {
    std::vector<ProgramProfile> both{recorded};
    if (auto entry = value ? authentic(*value) : std::nullopt)
      if (auto known = openProfile(*entry))
        both.push_back(std::move(*known));
    auto merged = mergeProfiles(std::move(both));
    return cache_.authenticator->tagged(sealProfile(merged ? *merged : recorded));
  });
  if (sent)
    counts.sent.fetch_add(1, std::memory_order_relaxed);
}

std::optional<ProgramProfile> ProgramCache::fetch(const std::function<bool(const CodeKey&)>& wanted,
                                                  const std::function<void(CodeArtifact&&)>& found) {
  const std::string folder = program().text();
  auto names = remote_->names(folder);
  if (!names || names->size() > kMostRemoteNames)
    return std::nullopt;
  std::vector<std::string> missing;
  for (const std::string& name : *names)
    if (auto code = parseCodeName(key().context, name);
        name == kProfileName || (code && wanted(*code) && !cache_.disk.has(folder, name)))
      missing.push_back(name);
  std::optional<ProgramProfile> profile;
  for (std::size_t at = 0; at < missing.size() && !thread.stopping(); at += kFetchAtOnce) {
    const std::vector<std::string> some(missing.begin() + static_cast<std::ptrdiff_t>(at),
                                        missing.begin() + static_cast<std::ptrdiff_t>(std::min(at + kFetchAtOnce, missing.size())));
    auto values = remote_->fetch(folder, some);
    if (!values)
      return profile;
    for (std::size_t i = 0; i < some.size(); ++i) {
      auto entry = (*values)[i] ? authentic(*(*values)[i]) : std::nullopt;
      if (!entry)
        continue;
      if (some[i] == kProfileName) {
        profile = openProfile(*entry);
        continue;
      }
      auto artifact = open(*parseCodeName(key().context, some[i]), *entry);
      if (!artifact)
        continue;
      counts.fetched.fetch_add(1, std::memory_order_relaxed);
      write(some[i], *entry);
      found(std::move(*artifact));
    }
  }
  return profile;
}

} // namespace kiln::cache

#include "cache/Entry.h"

#include <algorithm>
#include <charconv>

#include "support/Bytes.h"

namespace kiln::cache {
namespace {

// As PNG's: no text begins like this, and a transfer that takes it for text damages it.
constexpr std::string_view kMagic = "\x89KCCE\r\n\x1a";
/// Of artifactToBytes() alone: fields are added at the end, and it is raised with each.
constexpr std::uint32_t kArtifactVersion = 2;
constexpr std::size_t kDigestBytes = 16;
constexpr std::uint32_t kCounts = 1, kProfiled = 2;
constexpr std::uint8_t kLasting = 1, kSwitchesStacks = 2;

std::uint32_t flagsOf(const CodeKey& key) {
  return (key.counts ? kCounts : 0) | (key.profiled ? kProfiled : 0);
}

std::string seal(const ProgramKey& program, EntryKind kind, const CodeKey& key, std::string_view payload) {
  ByteWriter out;
  out.bytes.reserve(payload.size() + 128);
  out.bytes += kMagic;
  out.u32(kEntryVersion);
  out.u32(static_cast<std::uint32_t>(kind));
  out.digest(program.program);
  out.digest(program.context);
  out.u32(key.function);
  out.u32(key.loop);
  out.u32(static_cast<std::uint32_t>(key.tier));
  out.u32(flagsOf(key));
  out.text(payload);
  out.digest(digestOf(out.bytes));
  return std::move(out.bytes);
}

std::optional<std::string_view> open(const ProgramKey& program, EntryKind kind, const CodeKey& key,
                                     std::string_view entry) {
  if (entry.size() < kDigestBytes)
    return std::nullopt;
  ByteReader in(entry.substr(0, entry.size() - kDigestBytes));
  ByteReader check(entry.substr(entry.size() - kDigestBytes));
  bool fits = in.take(kMagic.size()) == kMagic;
  fits &= in.u32() == kEntryVersion;
  fits &= in.u32() == static_cast<std::uint32_t>(kind);
  fits &= in.digest() == program.program;
  fits &= in.digest() == program.context;
  fits &= in.u32() == key.function;
  fits &= in.u32() == key.loop;
  fits &= in.u32() == static_cast<std::uint32_t>(key.tier);
  fits &= in.u32() == flagsOf(key);
  std::string_view payload = in.text();
  if (!fits || !in.finished() || check.digest() != digestOf(entry.substr(0, entry.size() - kDigestBytes)))
    return std::nullopt;
  return payload;
}

std::string contextPart(const Digest& context) {
  return context.text().substr(0, 16) + "-";
}

bool takeNumber(std::string_view& text, std::uint32_t& number) {
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc())
    return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool takeText(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected))
    return false;
  text.remove_prefix(expected.size());
  return true;
}

} // namespace

std::string codeName(const Digest& context, const CodeKey& key) {
  std::string name = contextPart(context) + "f" + std::to_string(key.function) + "-" + std::string(tierName(key.tier));
  if (key.loop != kNoLoop)
    name += "-l" + std::to_string(key.loop);
  return name + (key.counts ? "-c" : "") + (key.profiled ? "-p" : "");
}

std::string baselineName(const Digest& context) { return contextPart(context) + "baseline"; }
std::string startName(const Digest& context) { return contextPart(context) + "start"; }

std::optional<CodeKey> parseCodeName(const Digest& context, std::string_view name) {
  CodeKey key;
  if (!takeText(name, contextPart(context)) || !takeText(name, "f") || !takeNumber(name, key.function) ||
      !takeText(name, "-"))
    return std::nullopt;
  auto tier = parseTier(name.substr(0, name.find('-')));
  if (!tier)
    return std::nullopt;
  key.tier = *tier;
  takeText(name, tierName(*tier));
  if (takeText(name, "-l") && !takeNumber(name, key.loop))
    return std::nullopt;
  key.counts = takeText(name, "-c");
  key.profiled = takeText(name, "-p");
  return name.empty() ? std::optional(key) : std::nullopt;
}

bool isEntryName(std::string_view name) {
  if (name == kProfileName || name == kAboutName)
    return true;
  return name.size() > 18 && name.find_first_not_of("0123456789abcdef") == 16 &&
         (name.substr(16, 2) == "-f" || name.substr(16) == "-baseline" || name.substr(16) == "-start");
}

std::string sealCode(const ProgramKey& program, const CodeKey& key, std::string_view payload) {
  return seal(program, EntryKind::Code, key, payload);
}

std::string sealWhole(const ProgramKey& program, EntryKind kind, std::string_view payload) {
  return seal(program, kind, {}, payload);
}

std::optional<std::string_view> openWhole(const ProgramKey& program, EntryKind kind, std::string_view entry) {
  return open(program, kind, {}, entry);
}

std::string sealOther(const Digest& program, EntryKind kind, std::string_view payload) {
  return seal({program, {}}, kind, {}, payload);
}

std::optional<std::string_view> openCode(const ProgramKey& program, const CodeKey& key, std::string_view entry) {
  return open(program, EntryKind::Code, key, entry);
}

std::optional<std::string_view> openOther(const Digest& program, EntryKind kind, std::string_view entry) {
  return open({program, {}}, kind, {}, entry);
}

bool mayKeep(const CodeArtifact& artifact) {
  return !artifact.object.empty() && !artifact.cached;
}

std::string artifactToBytes(const CodeArtifact& artifact) {
  ByteWriter out;
  out.bytes.reserve(artifact.object.size() + 128);
  out.u32(kArtifactVersion);
  out.u8((artifact.lasting ? kLasting : 0) | (artifact.switchesStacks ? kSwitchesStacks : 0));
  out.u64(artifact.times.total()); // what it saves
  out.text(artifact.entry);
  out.text({artifact.object.data(), artifact.object.size()});
  out.u64(artifact.guards.size());
  for (const GuardInfo& guard : artifact.guards) {
    out.u8(static_cast<std::uint8_t>(guard.assumption.kind));
    out.u32(guard.assumption.function);
    out.u32(guard.assumption.place);
    out.u64(guard.assumption.value);
    out.u8((guard.exits ? 1 : 0) | (guard.forced ? 2 : 0));
    out.u32(guard.words);
    out.u64(guard.limit);
  }
  return std::move(out.bytes);
}

std::optional<CodeArtifact> artifactFromBytes(const CodeKey& key, std::string_view bytes) {
  ByteReader in(bytes);
  if (in.u32() != kArtifactVersion)
    return std::nullopt;
  CodeArtifact artifact;
  artifact.function = key.function;
  artifact.loop = key.loop;
  artifact.tier = key.tier;
  artifact.counts = key.counts;
  artifact.cached = true;
  const std::uint8_t flags = in.u8();
  artifact.lasting = (flags & kLasting) != 0;
  artifact.switchesStacks = (flags & kSwitchesStacks) != 0;
  artifact.savedNs = in.u64();
  artifact.entry = in.text();
  std::string_view object = in.text();
  artifact.object.assign(object.begin(), object.end());
  // A damaged number of guards runs into the end, where reading stops.
  for (std::uint64_t left = in.u64(); left != 0 && in.sound(); --left) {
    GuardInfo& guard = artifact.guards.emplace_back();
    guard.assumption.kind = static_cast<AssumptionKind>(std::min<std::uint8_t>(in.u8(), kAssumptionKinds - 1));
    guard.assumption.function = in.u32();
    guard.assumption.place = in.u32();
    guard.assumption.value = in.u64();
    const std::uint8_t how = in.u8();
    guard.exits = (how & 1) != 0;
    guard.forced = (how & 2) != 0;
    guard.words = in.u32();
    guard.limit = in.u64();
  }
  if (!in.finished() || artifact.entry.empty() || artifact.object.empty())
    return std::nullopt;
  return artifact;
}

} // namespace kiln::cache

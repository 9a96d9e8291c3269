// The folder as people see it.
#include "kiln/Cache.h"

#include <cstdio>
#include <ctime>

#include "cache/DiskStore.h"
#include "cache/Entry.h"

namespace kiln {
namespace {

std::string when(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  char text[32] = "";
  if (localtime_r(&time, &parts))
    strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

/// What the program was called when it was first kept.
std::string nameOf(cache::DiskStore& store, const std::string& program) {
  Digest digest;
  if (!Digest::parse(program, digest))
    return "?";
  auto entry = store.read(program, std::string(cache::kAboutName));
  auto name = entry ? cache::openOther(digest, cache::EntryKind::About, *entry) : std::nullopt;
  return name ? std::string(*name) : "?";
}

} // namespace

Result<std::string> describeCache(const std::string& folder, std::uint64_t limit) {
  cache::DiskStore store({folder, limit, {}});
  const auto programs = store.programs();
  if (std::string reason = store.refusal(); !reason.empty())
    return fail(ErrorCode::SystemError, folder + ": " + reason);
  std::string out = "program           entries       bytes  last used         file\n";
  std::uint64_t bytes = 0, entries = 0;
  char line[256];
  for (const auto& each : programs) {
    snprintf(line, sizeof line, "%.16s  %7llu  %10llu  %-16s  ", each.name.c_str(),
             static_cast<unsigned long long>(each.entries), static_cast<unsigned long long>(each.bytes),
             when(each.used).c_str());
    out += line + nameOf(store, each.name) + "\n";
    bytes += each.bytes;
    entries += each.entries;
  }
  snprintf(line, sizeof line, "%zu programs, %llu entries, %llu of %llu bytes in ", programs.size(),
           static_cast<unsigned long long>(entries), static_cast<unsigned long long>(bytes),
           static_cast<unsigned long long>(limit));
  return out + line + folder + "\n";
}

Result<std::uint64_t> clearCache(const std::string& folder) { return cache::DiskStore({folder, 0, {}}).clear(); }

} // namespace kiln

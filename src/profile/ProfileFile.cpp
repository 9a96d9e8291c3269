#include "profile/ProfileFile.h"

#include "support/Files.h"

namespace kiln {

Result<ProgramProfile> parseProfile(std::string_view bytes) {
  if (bytes.empty())
    return fail(ErrorCode::EmptyInput, "the file is empty");
  std::size_t start = bytes.find_first_not_of(" \t\r\n");
  bool json = start != std::string_view::npos && bytes[start] == '{';
  return json ? profileFromJson(bytes) : profileFromBinary(bytes);
}

Result<ProgramProfile> readProfile(const std::string& path) {
  auto bytes = readFile(path, kMaxProfileBytes, ErrorCode::BadProfile);
  if (!bytes)
    return std::unexpected(bytes.error());
  auto profile = parseProfile(*bytes);
  if (!profile)
    return fail(profile.error().code, path + ": " + profile.error().message);
  return profile;
}

Result<void> writeProfile(ProgramProfile profile, const std::string& path, ProfileFormat format) {
  if (auto sound = normalize(profile); !sound)
    return sound;
  return writeFile(path, format == ProfileFormat::Json ? profileToJson(profile) : profileToBinary(profile));
}

ProfileFormat profileFormatFor(const std::string& path) {
  return path.ends_with(".json") ? ProfileFormat::Json : ProfileFormat::Binary;
}

Result<void> mergeProfileFiles(const std::vector<std::string>& inputs, const std::string& output,
                               ProfileFormat format) {
  std::vector<ProgramProfile> profiles;
  for (const std::string& input : inputs) {
    auto profile = readProfile(input);
    if (!profile)
      return std::unexpected(profile.error());
    profiles.push_back(std::move(*profile));
  }
  // All at once, so that the order of the files does not decide which values are the most frequent.
  auto merged = mergeProfiles(profiles);
  if (merged)
    return writeProfile(std::move(*merged), output, format);
  for (std::size_t count = 2; count < profiles.size(); ++count)
    if (auto part = mergeProfiles({profiles.begin(), profiles.begin() + static_cast<std::ptrdiff_t>(count)}); !part)
      return fail(part.error().code, inputs[count - 1] + ": " + part.error().message);
  return fail(merged.error().code, inputs.back() + ": " + merged.error().message);
}

Result<std::string> describeProfileFile(const std::string& path, std::size_t rows) {
  auto profile = readProfile(path);
  if (!profile)
    return std::unexpected(profile.error());
  return profileTable(*profile, rows);
}

} // namespace kiln

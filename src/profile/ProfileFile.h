// Profiles as files: JSON for people and other programs, a compact binary form for using them again. docs/profile.md
// has both formats.
//
// Reading trusts nothing. Both forms carry a checksum of their contents, all lengths are checked against the bytes that
// are there, and a file that is not entirely sound yields an error and no profile: BadProfile with the file, the place
// and the defect; FileNotFound, EmptyInput or SystemError if there is nothing to read. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kiln/Profile.h"
#include "profile/Profile.h"

namespace kiln {

/// The schema's version, of both forms. Any change of meaning or fields raises it.
inline constexpr std::uint32_t kProfileVersion = 1;

/// Larger files are refused unread.
inline constexpr std::uint64_t kMaxProfileBytes = std::uint64_t{1} << 30;

/// Both need the canonical form, see normalize().
std::string profileToBinary(const ProgramProfile& profile);
std::string profileToJson(const ProgramProfile& profile);

/// What is read of a file's contents; errors do not name the file.
Result<ProgramProfile> profileFromBinary(std::string_view bytes);
Result<ProgramProfile> profileFromJson(std::string_view text);
/// Either form: the first bytes tell.
Result<ProgramProfile> parseProfile(std::string_view bytes);

Result<ProgramProfile> readProfile(const std::string& path);

/// Normalises the profile and writes it. The file appears under its name when it is complete: it is written beside and
/// renamed. What is not a regular file (a pipe, a terminal) is written directly.
Result<void> writeProfile(ProgramProfile profile, const std::string& path, ProfileFormat format);

/// A table of the functions with the most entries, at most `rows`.
std::string profileTable(const ProgramProfile& profile, std::size_t rows);

} // namespace kiln

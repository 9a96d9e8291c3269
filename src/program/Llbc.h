// The LLBC container's header, in bytes. docs/llbc.md describes it for others; offsets and sizes here are what it
// promises.
//
// All numbers are little-endian and read byte by byte: neither the machine's order nor alignment matters, and nothing
// is read that was not found to be there. Version 2 is written; version 1 is read in the three sizes that exist of it.
// Pure functions, no LLVM.
#pragma once

#include <expected>
#include <span>
#include <string>

#include "kiln/Container.h"

namespace kiln::llbc {

inline constexpr std::uint32_t kMagic = 0x4C4C4243;
inline constexpr std::uint32_t kVersion = 2;
inline constexpr std::uint32_t kTargetUnsaid = 0, kTargetX86Linux = 1;
inline constexpr unsigned kMostLevel = 3;

/// A field of the header.
struct Field {
  std::size_t offset, bytes;
  constexpr std::size_t end() const { return offset + bytes; }
};
inline constexpr Field kMagicField{0, 4}, kNameField{4, 32}, kEntryField{36, 64}, kPayloadField{100, 4},
    kVersionField{104, 4}, kLevelField{108, 4}, kTargetField{112, 4}, kZeroField{116, 4}, kChecksumField{120, 8};
inline constexpr std::size_t kHeaderBytes = 128;
/// Where the payload of a version 1 file can begin.
inline constexpr std::size_t kVersion1Sizes[] = {120, 124, 128};
inline constexpr std::size_t kLeastHeaderBytes = 120;

// The table of docs/llbc.md. A change here is another version.
static_assert(kMagicField.end() == kNameField.offset && kNameField.end() == kEntryField.offset);
static_assert(kEntryField.end() == 100 && kPayloadField.end() == 104 && kVersionField.end() == 108);
static_assert(kLevelField.end() == 112 && kTargetField.end() == 116 && kZeroField.end() == 120);
static_assert(kChecksumField.end() == kHeaderBytes && kHeaderBytes % 8 == 0);
static_assert(kNameField.bytes == kMaxContainerName + 1 && kEntryField.bytes == kMaxContainerEntry + 1);

/// Whether the bytes begin with the container's magic.
bool isContainer(std::span<const char> bytes);
/// Whether the bytes begin like bitcode, raw or in LLVM's wrapper.
bool isBitcode(std::span<const char> bytes);

struct Container {
  ContainerHeader header;
  std::span<const char> payload; ///< in the bytes that were given
};

/// What is wrong first, in the order size, magic, version, lengths, names, checksum, bitcode's magic, target.
std::expected<Container, Defect> parse(std::span<const char> bytes);

/// Everything that is wrong with the bytes, in that order, as far as one defect lets another be seen; and what could be
/// read of the header.
std::vector<Defect> defectsOf(std::span<const char> bytes, std::optional<ContainerHeader>& header);

/// A header alone, when the file's size is known: all of parse() but checksum and payload.
std::expected<ContainerHeader, Defect> parseHeader(std::span<const char> bytes, std::size_t fileBytes);

/// Header and payload of version 2. Fails with BadOption if a name, the level or the payload does not fit.
Result<std::string> write(const ContainerHeader& header, std::span<const char> payload);

} // namespace kiln::llbc

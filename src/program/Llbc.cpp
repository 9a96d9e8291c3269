#include "program/Llbc.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

#include "support/Hash.h"

namespace kiln::llbc {
namespace {

std::uint64_t readNumber(std::span<const char> bytes, Field field) {
  std::uint64_t value = 0;
  for (std::size_t i = field.bytes; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[field.offset + i]);
  return value;
}

void writeNumber(std::span<char> bytes, Field field, std::uint64_t value) {
  for (std::size_t i = 0; i < field.bytes; ++i, value >>= 8)
    bytes[field.offset + i] = static_cast<char>(value & 0xff);
}

std::uint32_t readWord(std::span<const char> bytes, Field field) {
  return static_cast<std::uint32_t>(readNumber(bytes, field));
}

std::string hex(std::uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

/// XXH3 of the header up to the checksum and of the payload's own XXH3: so neither is copied to be hashed.
std::uint64_t checksumOf(std::span<const char> bytes, std::span<const char> payload) {
  std::array<char, kHeaderBytes> hashed{};
  std::copy_n(bytes.begin(), kChecksumField.offset, hashed.begin());
  writeNumber(hashed, kChecksumField, hashBytes({payload.data(), payload.size()}));
  return hashBytes({hashed.data(), hashed.size()});
}

/// Collects what is wrong with a container. Each step looks only where the steps before it found bytes.
class Reader {
public:
  Reader(std::span<const char> bytes, std::size_t fileBytes) : bytes_(bytes), fileBytes_(fileBytes) {}

  /// True if the header's fields could be read.
  bool readHeader();
  void checkPayload();

  ContainerHeader header;
  std::vector<Defect> defects;
  std::span<const char> payload() const { return bytes_.subspan(std::min(header.headerBytes, bytes_.size())); }

private:
  void add(ErrorCode code, std::size_t offset, std::string message) {
    defects.push_back({code, offset, std::move(message)});
  }
  void checkVersion();
  void findPayload();
  std::string readText(Field field, const char* what);

  std::span<const char> bytes_; ///< the file's, or its first kHeaderBytes
  std::size_t fileBytes_;
};

bool Reader::readHeader() {
  if (bytes_.size() < kLeastHeaderBytes) {
    add(ErrorCode::LlbcSize, bytes_.size(),
        "the file ends at byte " + std::to_string(bytes_.size()) + ", inside the container's header");
    return false;
  }
  if (std::uint32_t magic = readWord(bytes_, kMagicField); magic != kMagic) {
    add(ErrorCode::LlbcMagic, kMagicField.offset, "the magic is " + hex(magic) + ", not " + hex(kMagic) + " (LLBC)");
    return false;
  }
  header.version = readWord(bytes_, kVersionField);
  header.payloadBytes = readWord(bytes_, kPayloadField);
  if (header.version != 1 && header.version != kVersion) {
    add(ErrorCode::LlbcVersion, kVersionField.offset,
        "the container's version is " + std::to_string(header.version) + "; this Kiln reads 1 and 2");
    return false;
  }
  if (header.version == kVersion && bytes_.size() < kHeaderBytes) {
    add(ErrorCode::LlbcSize, bytes_.size(),
        "the file ends at byte " + std::to_string(bytes_.size()) + ", inside the container's header");
    return false;
  }
  checkVersion();
  findPayload();
  header.moduleName = readText(kNameField, "module name");
  header.entry = readText(kEntryField, "entry name");
  if (header.version == kVersion)
    header.checksum = readNumber(bytes_, kChecksumField);
  return true;
}

/// What else must hold of the version's fields.
void Reader::checkVersion() {
  const std::uint32_t level = readWord(bytes_, kLevelField);
  header.level = std::min<std::uint32_t>(level, kMostLevel);
  header.target = kTargetUnsaid;
  if (header.version == 1)
    return; // what lies behind the level is not defined, and a level beyond 3 is the highest
  header.target = readWord(bytes_, kTargetField);
  if (level > kMostLevel)
    add(ErrorCode::LlbcVersion, kLevelField.offset,
        "the optimisation level is " + std::to_string(level) + "; version 2 has 0 to 3");
  if (readWord(bytes_, kZeroField) != 0)
    add(ErrorCode::LlbcVersion, kZeroField.offset, "bytes that version 2 leaves zero are not zero");
}

/// Where the payload begins. Of version 1 that is where bitcode's magic stands; if it stands at several places, where
/// the length fits.
void Reader::findPayload() {
  header.headerBytes = kHeaderBytes;
  if (header.version == 1) {
    auto fits = [&](std::size_t size) { return fileBytes_ == size + header.payloadBytes; };
    auto begins = [&](std::size_t size) { return bytes_.size() >= size && isBitcode(bytes_.subspan(size)); };
    const std::size_t *first = std::ranges::find_if(kVersion1Sizes, begins), *last = std::end(kVersion1Sizes);
    const std::size_t* chosen = std::find_if(first, last, [&](std::size_t size) { return begins(size) && fits(size); });
    if (chosen == last)
      chosen = first;
    if (chosen == last)
      chosen = std::ranges::find_if(kVersion1Sizes, fits);
    header.headerBytes = chosen == last ? kLeastHeaderBytes : *chosen;
  }
  const std::size_t there = fileBytes_ - std::min(fileBytes_, header.headerBytes);
  if (there != header.payloadBytes)
    add(ErrorCode::LlbcLength, kPayloadField.offset,
        "the header announces " + std::to_string(header.payloadBytes) + " bytes of bitcode, " + std::to_string(there) +
            (there < header.payloadBytes ? " are there: the file is truncated" : " are there: something follows it"));
}

std::string Reader::readText(Field field, const char* what) {
  const char* begin = bytes_.data() + field.offset;
  const char* end = std::find(begin, begin + field.bytes, '\0');
  if (end == begin + field.bytes)
    add(ErrorCode::LlbcName, field.offset,
        std::string("the ") + what + " has no NUL within its " + std::to_string(field.bytes) + " bytes");
  return std::string(begin, end);
}

void Reader::checkPayload() {
  if (header.version == kVersion)
    if (std::uint64_t computed = checksumOf(bytes_, payload()); computed != header.checksum)
      add(ErrorCode::LlbcChecksum, kChecksumField.offset,
          "the checksum is " + hex(header.checksum) + ", that of the bytes is " + hex(computed) +
              ": the file was damaged or changed");
  if (!isBitcode(payload()))
    add(ErrorCode::LlbcPayload, header.headerBytes, "no bitcode begins at byte " + std::to_string(header.headerBytes));
}

void checkTarget(Reader& reader) {
  if (reader.header.target != kTargetUnsaid && reader.header.target != kTargetX86Linux)
    reader.defects.push_back(
        {ErrorCode::WrongTarget, kTargetField.offset,
         "the container is for target " + std::to_string(reader.header.target) + "; this Kiln runs 1, x86-64 Linux"});
}

} // namespace

bool isContainer(std::span<const char> bytes) {
  return bytes.size() >= kMagicField.bytes && readWord(bytes, kMagicField) == kMagic;
}

bool isBitcode(std::span<const char> bytes) {
  constexpr std::uint32_t raw = 0xDEC04342, wrapped = 0x0B17C0DE;
  if (bytes.size() < 4)
    return false;
  const std::uint32_t magic = readWord(bytes, Field{0, 4});
  return magic == raw || magic == wrapped;
}

std::vector<Defect> defectsOf(std::span<const char> bytes, std::optional<ContainerHeader>& header) {
  Reader reader(bytes, bytes.size());
  if (reader.readHeader()) {
    reader.checkPayload();
    checkTarget(reader);
    header = reader.header;
  }
  return std::move(reader.defects);
}

std::expected<Container, Defect> parse(std::span<const char> bytes) {
  Reader reader(bytes, bytes.size());
  if (reader.readHeader() && reader.defects.empty()) {
    reader.checkPayload();
    checkTarget(reader);
  }
  if (!reader.defects.empty())
    return std::unexpected(reader.defects.front());
  return Container{std::move(reader.header), reader.payload()};
}

std::expected<ContainerHeader, Defect> parseHeader(std::span<const char> bytes, std::size_t fileBytes) {
  Reader reader(bytes, fileBytes);
  if (reader.readHeader())
    checkTarget(reader);
  if (!reader.defects.empty())
    return std::unexpected(reader.defects.front());
  return std::move(reader.header);
}

Result<std::string> write(const ContainerHeader& header, std::span<const char> payload) {
  auto check = [](const std::string& text, std::size_t most, const char* what) -> Result<void> {
    if (text.size() > most)
      return fail(ErrorCode::BadOption, std::string("the ") + what + " '" + text + "' is longer than the " +
                                            std::to_string(most) + " bytes that a container has for it");
    if (text.find('\0') != std::string::npos)
      return fail(ErrorCode::BadOption, std::string("the ") + what + " has a NUL byte in it");
    return {};
  };
  if (auto fits = check(header.moduleName, kMaxContainerName, "module name"); !fits)
    return std::unexpected(fits.error());
  if (auto fits = check(header.entry, kMaxContainerEntry, "entry name"); !fits)
    return std::unexpected(fits.error());
  if (header.level > kMostLevel)
    return fail(ErrorCode::BadOption, "the level " + std::to_string(header.level) + " is not one of 0, 1, 2 and 3");
  if (payload.size() > std::numeric_limits<std::uint32_t>::max())
    return fail(ErrorCode::BadOption, "a container holds at most 4 GiB of bitcode");
  std::string bytes(kHeaderBytes, '\0');
  writeNumber(bytes, kMagicField, kMagic);
  std::ranges::copy(header.moduleName, bytes.begin() + kNameField.offset);
  std::ranges::copy(header.entry, bytes.begin() + kEntryField.offset);
  writeNumber(bytes, kPayloadField, payload.size());
  writeNumber(bytes, kVersionField, kVersion);
  writeNumber(bytes, kLevelField, header.level);
  writeNumber(bytes, kTargetField, kTargetX86Linux);
  writeNumber(bytes, kChecksumField, checksumOf(bytes, payload));
  bytes.append(payload.data(), payload.size());
  return bytes;
}

} // namespace kiln::llbc

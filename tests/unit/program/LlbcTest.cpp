// The container's header, byte by byte, against docs/llbc.md; every failure; and that no byte can change unseen.
#include "program/Llbc.h"

#include <gtest/gtest.h>

#include "program/Source.h"
#include "support/Hash.h"

namespace kiln {
namespace {

// Not bitcode that anybody could read, but it begins like it.
const std::string kPayload("BC\xC0\xDE payload of sixteen", 24);

ContainerHeader sampleHeader() {
  ContainerHeader header;
  header.moduleName = "sample";
  header.entry = "begin";
  header.level = 2;
  return header;
}

std::string sample() {
  return *llbc::write(sampleHeader(), kPayload);
}

std::string with(std::string bytes, std::size_t offset, std::string_view replacement) {
  return bytes.replace(offset, replacement.size(), replacement);
}

std::string word(std::uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

/// Version 1 with a header of `bytes` bytes, as a writer of that time made it.
std::string version1(std::size_t bytes, std::uint32_t level = 1) {
  std::string header = word(0x4C4C4243) + "old" + std::string(29, '\0') + "first" + std::string(59, '\0') +
                       word(static_cast<std::uint32_t>(kPayload.size())) + word(1) + word(level);
  header.resize(bytes, '\0');
  return header + kPayload;
}

/// By the format's rule, not by write().
std::string withChecksum(std::string bytes) {
  auto eight = [](std::uint64_t value) {
    return word(static_cast<std::uint32_t>(value)) + word(static_cast<std::uint32_t>(value >> 32));
  };
  return with(bytes, 120, eight(hashBytes(bytes.substr(0, 120) + eight(hashBytes(bytes.substr(128))))));
}

Defect defectOf(const std::string& bytes) {
  auto container = llbc::parse(bytes);
  return container ? Defect{} : container.error();
}

TEST(Llbc, EveryFieldStandsWhereTheFormatSays) {
  const std::string bytes = sample();
  ASSERT_EQ(bytes.size(), 128 + kPayload.size());
  EXPECT_EQ(bytes.substr(0, 4), "\x43\x42\x4C\x4C");
  EXPECT_EQ(bytes.substr(4, 32), std::string("sample") + std::string(26, '\0'));
  EXPECT_EQ(bytes.substr(36, 64), std::string("begin") + std::string(59, '\0'));
  EXPECT_EQ(bytes.substr(100, 4), word(24));
  EXPECT_EQ(bytes.substr(104, 4), word(2));
  EXPECT_EQ(bytes.substr(108, 4), word(2));
  EXPECT_EQ(bytes.substr(112, 4), word(1));
  EXPECT_EQ(bytes.substr(116, 4), word(0));
  EXPECT_EQ(bytes.substr(128), kPayload);
}

TEST(Llbc, TheChecksumIsTheFormatsOne) {
  EXPECT_EQ(withChecksum(sample()), sample());
}

TEST(Llbc, ReadsWhatItWrites) {
  const std::string bytes = sample();
  auto container = llbc::parse(bytes);
  ASSERT_TRUE(container) << container.error().message;
  EXPECT_EQ(container->header.moduleName, "sample");
  EXPECT_EQ(container->header.entry, "begin");
  EXPECT_EQ(container->header.level, 2u);
  EXPECT_EQ(container->header.target, 1u);
  EXPECT_EQ(container->header.version, 2u);
  EXPECT_EQ(container->payload.data(), bytes.data() + 128); // in place
  EXPECT_EQ(container->payload.size(), kPayload.size());
}

TEST(Llbc, ReadsVersion1InItsThreeSizes) {
  for (std::size_t size : {120, 124, 128}) {
    const std::string bytes = version1(size);
    auto container = llbc::parse(bytes);
    ASSERT_TRUE(container) << size << ": " << container.error().message;
    EXPECT_EQ(container->header.headerBytes, size);
    EXPECT_EQ(container->header.version, 1u);
    EXPECT_EQ(container->header.moduleName, "old");
    EXPECT_EQ(container->header.entry, "first");
    EXPECT_EQ(container->header.level, 1u);
    EXPECT_EQ(std::string(container->payload.begin(), container->payload.end()), kPayload);
  }
  EXPECT_EQ(llbc::parse(version1(124, 9))->header.level, 3u);
}

TEST(Llbc, OfSeveralPlacesForVersion1TheOneWhoseLengthFits) {
  // Reserved bytes that look like bitcode's magic.
  const std::string bytes = with(version1(128), 120, kPayload.substr(0, 4));
  auto container = llbc::parse(bytes);
  ASSERT_TRUE(container) << container.error().message;
  EXPECT_EQ(container->header.headerBytes, 128u);
}

TEST(Llbc, EachFailureHasItsCodeAndPlace) {
  const std::string good = sample();
  struct Case {
    const char* what;
    std::string bytes;
    ErrorCode code;
    std::size_t offset;
  };
  const Case cases[] = {
      {"shorter than any header", good.substr(0, 119), ErrorCode::LlbcSize, 119},
      {"shorter than version 2's", good.substr(0, 127), ErrorCode::LlbcSize, 127},
      {"magic", with(good, 0, "X"), ErrorCode::LlbcMagic, 0},
      {"version", with(good, 104, word(3)), ErrorCode::LlbcVersion, 104},
      {"level", with(good, 108, word(4)), ErrorCode::LlbcVersion, 108},
      {"zero bytes", with(good, 116, word(1)), ErrorCode::LlbcVersion, 116},
      {"truncated", good.substr(0, good.size() - 1), ErrorCode::LlbcLength, 100},
      {"something behind", good + "x", ErrorCode::LlbcLength, 100},
      {"length", with(good, 100, word(0xffffffff)), ErrorCode::LlbcLength, 100},
      {"module name", with(good, 4, std::string(32, 'n')), ErrorCode::LlbcName, 4},
      {"entry name", with(good, 36, std::string(64, 'e')), ErrorCode::LlbcName, 36},
      {"checksum", with(good, 120, "12345678"), ErrorCode::LlbcChecksum, 120},
      {"payload", with(good, 140, "#"), ErrorCode::LlbcChecksum, 120},
      {"no bitcode", *llbc::write(sampleHeader(), std::string_view("not bitcode")), ErrorCode::LlbcPayload, 128},
      {"version 1 without bitcode", with(version1(124), 124, "X"), ErrorCode::LlbcPayload, 124},
      {"version 1, truncated", version1(120).substr(0, 130), ErrorCode::LlbcLength, 100},
  };
  for (const Case& each : cases) {
    Defect defect = defectOf(each.bytes);
    EXPECT_EQ(errorCodeName(defect.code), errorCodeName(each.code)) << each.what << ": " << defect.message;
    EXPECT_EQ(defect.offset, each.offset) << each.what;
    EXPECT_FALSE(defect.message.empty()) << each.what;
  }
}

TEST(Llbc, TheEarlierCheckSpeaksFirst) {
  std::string bytes = with(with(sample(), 104, word(7)), 4, std::string(32, 'n')) + "x";
  EXPECT_EQ(defectOf(bytes).code, ErrorCode::LlbcVersion);
  bytes = with(bytes, 104, word(2));
  EXPECT_EQ(defectOf(bytes).code, ErrorCode::LlbcLength);
  bytes.pop_back();
  EXPECT_EQ(defectOf(bytes).code, ErrorCode::LlbcName);
  bytes = with(bytes, 4, std::string(32, '\0'));
  EXPECT_EQ(defectOf(bytes).code, ErrorCode::LlbcChecksum);
}

TEST(Llbc, AForeignTargetIsRefusedWhenAllElseIsRight) {
  std::optional<ContainerHeader> header;
  std::string bytes = with(sample(), 112, word(77));
  EXPECT_EQ(defectOf(withChecksum(bytes)).code, ErrorCode::WrongTarget);
  EXPECT_EQ(defectOf(withChecksum(bytes)).offset, 112u);
  EXPECT_TRUE(llbc::parse(withChecksum(with(sample(), 112, word(0)))));
  auto defects = llbc::defectsOf(bytes, header);
  ASSERT_EQ(defects.size(), 2u); // the checksum, which covers the target, and the target
  EXPECT_EQ(defects[0].code, ErrorCode::LlbcChecksum);
  EXPECT_EQ(defects[1].code, ErrorCode::WrongTarget);
  EXPECT_EQ(defects[1].offset, 112u);
}

TEST(Llbc, NoBitFlipsUnseenAndNoLengthIsTaken) {
  const std::string good = sample();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(llbc::parse(bytes)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    // Of its own, so that a sanitizer sees a read behind it.
    const std::vector<char> bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(llbc::parse(bytes)) << size;
    std::optional<ContainerHeader> header;
    EXPECT_FALSE(llbc::defectsOf(bytes, header).empty()) << size;
  }
}

TEST(Llbc, WhatDoesNotFitIsNotWritten) {
  auto code = [](ContainerHeader header) { return llbc::write(header, kPayload).error().code; };
  ContainerHeader header = sampleHeader();
  header.moduleName = std::string(32, 'n');
  EXPECT_EQ(code(header), ErrorCode::BadOption);
  header = sampleHeader();
  header.entry = std::string(64, 'e');
  EXPECT_EQ(code(header), ErrorCode::BadOption);
  header = sampleHeader();
  header.entry = std::string("a\0b", 3);
  EXPECT_EQ(code(header), ErrorCode::BadOption);
  header = sampleHeader();
  header.level = 4;
  EXPECT_EQ(code(header), ErrorCode::BadOption);
  header = sampleHeader();
  header.moduleName = std::string(31, 'n');
  header.entry = std::string(63, 'e');
  EXPECT_EQ(llbc::parse(*llbc::write(header, kPayload))->header.entry, header.entry);
}

TEST(Llbc, ASourceIsTheBitcodeInPlace) {
  auto source = makeSource("memory", sample());
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->entry, "begin");
  EXPECT_EQ(std::string(source->bitcode.begin(), source->bitcode.end()), kPayload);
  auto renamed = makeSource("plain.llbc", kPayload.substr(1));
  EXPECT_EQ(renamed.error().code, ErrorCode::LlbcSize);
}

} // namespace
} // namespace kiln

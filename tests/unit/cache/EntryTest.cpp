// Entries of the cache: what is stored comes back as it was, and nothing that was changed in any way comes back at all.
#include "cache/Entry.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cache/Authenticator.h"
#include "cache/RemoteStore.h"

namespace kiln::cache {
namespace {

const ProgramKey kProgram{digestOf("program"), digestOf("context")};

CodeArtifact sampleArtifact() {
  CodeArtifact artifact;
  artifact.function = 7;
  artifact.tier = Tier::O3;
  artifact.loop = 4;
  artifact.entry = "kiln.v.7.O3.loop4.f";
  artifact.object = {'\x7f', 'E', 'L', 'F', '\0', '\xff'};
  artifact.times = {1, 2, 3, 4};
  artifact.lasting = true;
  return artifact;
}

const CodeKey kKey{.function = 7, .loop = 4, .tier = Tier::O3, .counts = false, .profiled = true};

std::string sampleEntry() { return sealCode(kProgram, kKey, artifactToBytes(sampleArtifact())); }

TEST(Entry, AnArtifactComesBackAsItWas) {
  const CodeArtifact before = sampleArtifact();
  const std::string entry = sampleEntry();
  auto payload = openCode(kProgram, kKey, entry);
  ASSERT_TRUE(payload);
  auto after = artifactFromBytes(kKey, *payload);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->function, before.function);
  EXPECT_EQ(after->tier, before.tier);
  EXPECT_EQ(after->loop, before.loop);
  EXPECT_EQ(after->counts, before.counts);
  EXPECT_EQ(after->entry, before.entry);
  EXPECT_EQ(after->object, before.object);
  EXPECT_EQ(after->lasting, before.lasting);
  EXPECT_EQ(after->switchesStacks, before.switchesStacks);
  EXPECT_EQ(after->savedNs, 10u);
  EXPECT_EQ(after->times.total(), 0u); // not spent in this run
  EXPECT_TRUE(after->cached);
  EXPECT_FALSE(mayKeep(*after)); // it is kept already
}

TEST(Entry, EveryChangedByteIsAMiss) {
  const std::string entry = sampleEntry();
  for (std::size_t i = 0; i < entry.size(); ++i)
    for (unsigned char bit : {0x01, 0x80, 0xff}) {
      std::string damaged = entry;
      damaged[i] = static_cast<char>(damaged[i] ^ bit);
      EXPECT_FALSE(openCode(kProgram, kKey, damaged)) << "byte " << i;
    }
}

TEST(Entry, EveryLengthButTheRightOneIsAMiss) {
  const std::string entry = sampleEntry();
  for (std::size_t size = 0; size < entry.size(); ++size)
    EXPECT_FALSE(openCode(kProgram, kKey, entry.substr(0, size))) << size;
  EXPECT_FALSE(openCode(kProgram, kKey, entry + '\0'));
  EXPECT_FALSE(openCode(kProgram, kKey, entry + entry));
}

TEST(Entry, AnotherKeyIsAMiss) {
  const std::string entry = sampleEntry();
  auto with = [&](auto change) {
    CodeKey key = kKey;
    change(key);
    return openCode(kProgram, key, entry);
  };
  EXPECT_FALSE(with([](CodeKey& key) { key.function = 8; }));
  EXPECT_FALSE(with([](CodeKey& key) { key.loop = kNoLoop; }));
  EXPECT_FALSE(with([](CodeKey& key) { key.tier = Tier::O2; }));
  EXPECT_FALSE(with([](CodeKey& key) { key.counts = true; }));
  EXPECT_FALSE(with([](CodeKey& key) { key.profiled = false; }));
  EXPECT_FALSE(openCode({digestOf("another program"), kProgram.context}, kKey, entry));
  EXPECT_FALSE(openCode({kProgram.program, digestOf("another machine")}, kKey, entry));
  EXPECT_FALSE(openOther(kProgram.program, EntryKind::Profile, entry));
}

TEST(Entry, KindsAreNotMistakenForEachOther) {
  const std::string profile = sealOther(kProgram.program, EntryKind::Profile, "counts");
  EXPECT_EQ(openOther(kProgram.program, EntryKind::Profile, profile), "counts");
  EXPECT_FALSE(openOther(kProgram.program, EntryKind::About, profile));
}

TEST(Entry, ATruncatedArtifactIsNone) {
  const std::string bytes = artifactToBytes(sampleArtifact());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(artifactFromBytes(kKey, bytes.substr(0, size))) << size;
  EXPECT_FALSE(artifactFromBytes(kKey, bytes + "x"));
}

TEST(Entry, NamesLeadBackToKeys) {
  for (Tier tier : {Tier::O0, Tier::O1, Tier::O2, Tier::O3})
    for (std::uint32_t loop : {kNoLoop, 0u, 12u})
      for (int flags = 0; flags < 4; ++flags) {
        CodeKey key{123, loop, tier, (flags & 1) != 0, (flags & 2) != 0};
        const std::string name = codeName(kProgram.context, key);
        EXPECT_TRUE(isEntryName(name)) << name;
        EXPECT_EQ(parseCodeName(kProgram.context, name), key) << name;
        EXPECT_FALSE(parseCodeName(digestOf("else"), name)) << name;
      }
  const std::string name = codeName(kProgram.context, kKey);
  for (std::string bad : {std::string(), std::string("profile"), name + "-", name + "x", name.substr(0, 17), name.substr(0, 20),
                          name.substr(1), std::string("tmp-1-2")})
    EXPECT_FALSE(parseCodeName(kProgram.context, bad)) << bad;
  EXPECT_FALSE(isEntryName("tmp-1-2"));
  EXPECT_FALSE(isEntryName("notes.txt"));
}

TEST(Authenticator, TagsAreThoseOfTheStandard) {
  // RFC 4231, test cases 1 and 6.
  auto tagOf = [](std::string key, std::string_view text) {
    std::string tagged = Authenticator(std::move(key)).tagged(text), hex;
    for (unsigned char byte : tagged.substr(text.size())) {
      hex += "0123456789abcdef"[byte >> 4];
      hex += "0123456789abcdef"[byte & 15];
    }
    return hex;
  };
  EXPECT_EQ(tagOf(std::string(20, '\x0b'), "Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(tagOf(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Authenticator, WhatWasChangedOrMadeWithAnotherKeyIsRefused) {
  const Authenticator ours("0123456789abcdef"), theirs("0123456789abcdeg");
  const std::string tagged = ours.tagged("entry");
  EXPECT_EQ(ours.checked(tagged), "entry");
  EXPECT_FALSE(theirs.checked(tagged));
  for (std::size_t i = 0; i < tagged.size(); ++i) {
    std::string changed = tagged;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(ours.checked(changed)) << i;
  }
  for (std::size_t size = 0; size < tagged.size(); ++size)
    EXPECT_FALSE(ours.checked(tagged.substr(0, size))) << size;
}

TEST(Authenticator, KeyFiles) {
  const auto path = std::filesystem::temp_directory_path() / ("kiln-key-" + std::to_string(getpid()));
  auto read = [&](std::string_view contents) {
    std::ofstream(path) << contents;
    return Authenticator::fromFile(path);
  };
  auto good = read("0123456789abcdef\n");
  ASSERT_TRUE(good);
  EXPECT_TRUE(Authenticator("0123456789abcdef").checked(good->tagged("x"))); // without the line's end
  EXPECT_EQ(read("short\n").error().code, ErrorCode::BadOption);
  EXPECT_EQ(read("").error().code, ErrorCode::BadOption);
  EXPECT_EQ(read(std::string(5000, 'k')).error().code, ErrorCode::BadOption);
  std::filesystem::remove(path);
  EXPECT_EQ(Authenticator::fromFile(path).error().code, ErrorCode::FileNotFound);
}

TEST(RemoteAddress, Parts) {
  auto parsed = parseRemoteAddress("redis://me:secret@cache.example:7000/3?prefix=team:");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->host, "cache.example");
  EXPECT_EQ(parsed->user, "me");
  EXPECT_EQ(parsed->password, "secret");
  EXPECT_EQ(parsed->port, 7000);
  EXPECT_EQ(parsed->database, 3u);
  EXPECT_EQ(parsed->prefix, "team:");
  parsed = parseRemoteAddress("redis://localhost");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->port, 6379);
  EXPECT_EQ(parsed->prefix, "kiln:");
  parsed = parseRemoteAddress("redis://[::1]:7001/");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->host, "::1");
  EXPECT_EQ(parsed->port, 7001);
  for (const char* bad : {"http://x", "redis://", "redis://:7", "redis://x:0", "redis://x:70000", "redis://x:y", "redis://x/a",
                          "redis://x?y=1", "redis://me@x", "redis://[::1"}) {
    auto refused = parseRemoteAddress(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::BadOption) << bad;
  }
}

} // namespace
} // namespace kiln::cache

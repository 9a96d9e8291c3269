#include "profile/ProfileFile.h"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include <nlohmann/json.hpp>

#include "Sample.h"
#include "support/Hash.h"

namespace kiln {
namespace {

using Json = nlohmann::ordered_json;

void expectRefused(const Result<ProgramProfile>& result, const std::string& part, const std::string& context = "") {
  ASSERT_FALSE(result) << context;
  EXPECT_EQ(result.error().code, ErrorCode::BadProfile) << context;
  EXPECT_NE(result.error().message.find(part), std::string::npos)
      << context << "\n got: " << result.error().message << "\nwant: " << part;
}

/// Gives changed contents a checksum that fits, to reach the checks behind it.
std::string sealed(std::string bytes) {
  std::uint64_t hash = hashBytes(bytes);
  for (int i = 0; i < 8; ++i)
    bytes.push_back(static_cast<char>(hash >> (8 * i)));
  return bytes;
}
std::string unsealed(const ProgramProfile& profile) {
  std::string bytes = profileToBinary(profile);
  return bytes.substr(0, bytes.size() - 8);
}

TEST(ProfileBinary, ComesBackAsItWas) {
  for (const ProgramProfile& profile : {test::sample(), ProgramProfile{}}) {
    auto back = profileFromBinary(profileToBinary(profile));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, profile);
  }
}

TEST(ProfileBinary, IsTheFormatOfTheManual) {
  FunctionProfile f;
  f.name = "f";
  f.hash = 0x0102030405060708;
  f.entries = 300;
  f.branches = {{2, 1, 0}, {5, 3, 4}};
  f.calls = {{7, {{"g", 9, 2}}, 1}};
  f.arguments = {{1, ArgumentState::Constant, 6, 2}, {2, ArgumentState::Varied, 0, 0}};
  const unsigned char expected[] = {0x89, 'K', 'P', 'R', 'F', '\r', '\n', 0x1a, 1,          // magic, version
                                    2,    1,   'f', 1,   'g',                               // names
                                    1,                                                      // functions
                                    0,    8,   7,   6,   5,   4,    3,    2,    1, 0xac, 2, // name, hash, entries
                                    2,    2,   1,   0,   3,   3,    4,                      // branches at 2 and 2 + 3
                                    0,    0,                                                // switches, loops
                                    1,    7,   1,   1,   9,   0,    0,    0,    0, 0,    0,
                                    0,    2,   1,                       // one call, one target, other
                                    0,                                  // memory sizes
                                    2,    1,   1,   6,   2,   1,    2}; // arguments
  EXPECT_EQ(unsealed({{f}}), std::string(reinterpret_cast<const char*>(expected), sizeof expected));
}

TEST(ProfileBinary, EveryChangedByteIsRefused) {
  const std::string bytes = profileToBinary(test::sample());
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      auto result = parseProfile(changed);
      ASSERT_FALSE(result) << "byte " << at << ", bit " << bit;
      EXPECT_EQ(result.error().code, ErrorCode::BadProfile);
    }
}

TEST(ProfileBinary, EveryTruncationAndEveryExtensionIsRefused) {
  const std::string bytes = profileToBinary(test::sample());
  for (std::size_t size = 1; size < bytes.size(); ++size)
    expectRefused(parseProfile(bytes.substr(0, size)), size < 8 ? "not a profile" : "truncated");
  expectRefused(parseProfile(bytes + '\0'), "checksum");
  expectRefused(parseProfile(bytes + bytes), "checksum");
  EXPECT_EQ(parseProfile("").error().code, ErrorCode::EmptyInput);
}

TEST(ProfileBinary, OtherVersionsAreNamed) {
  std::string bytes = unsealed(test::sample());
  bytes[8] = 2;
  expectRefused(parseProfile(sealed(bytes)), "version 2 of the format; this Kiln reads version 1");
  // Even if all the rest is unknown.
  expectRefused(parseProfile(bytes.substr(0, 9) + std::string(20, 'x')), "version 2");
}

TEST(ProfileBinary, ContentsAreCheckedBehindTheChecksum) {
  const std::string head("\x89KPRF\r\n\x1a\x01", 9);
  auto refused = [&](const std::string& rest, const std::string& what) {
    expectRefused(parseProfile(sealed(head + rest)), what, "for " + what);
  };
  using namespace std::string_literals;
  refused("", "at byte 9: the file ends within a number");
  refused("\x80"s, "the file ends within a number");
  refused("\x80\x00"s, "a number that is not written as numbers are");
  refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s, "a number that is not written as numbers are");
  refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s, "goes beyond the end of the file");
  refused("\x01\x05"s + "ab", "a list of 5 items goes beyond the end of the file");
  refused("\0\x7f"s, "a list of 127 items goes beyond the end of the file");
  refused("\0\0x"s, "1 bytes behind the last function");
  refused("\0\x01"s + std::string(16, '\0'), "a name where the table of names is empty");
  const std::string names = "\x01\x01"s + "f";
  refused(names + "\x01\x01"s + std::string(15, '\0'), "the number 1 where at most 0 can be");
  const std::string function = names + "\x01\0"s + std::string(8, '\0') + "\0"s; // name, hash, entries
  refused(function + "\x09"s + std::string(20, '\0'), "a list of 9 items goes beyond the end of the file");
  refused(function + "\x02\0\0\0\0\0\0"s + std::string(5, '\0'), "branches: numbers do not rise at 0");
  refused(function + "\x02\xff\xff\xff\xff\x0f\0\0\x01\0\0"s + std::string(20, '\0'),
          "the number 1 where at most 0 can be");
  refused(function + "\0\0\0\0\x01\0\x05"s + std::string(30, '\x01'), "the number 5 where at most 4 can be");
  refused(function + "\0\0\0\0\0\x01\0\x03"s, "the number 3 where at most 2 can be");
  refused(function + "\0\0\0\0\0\x01\0\x01\0\0"s, "value and count do not fit the state");
  EXPECT_TRUE(parseProfile(sealed(head + function + "\0\0\0\0\0\0"s)));
}

TEST(ProfileJson, ComesBackAsItWas) {
  for (const ProgramProfile& profile : {test::sample(), ProgramProfile{}}) {
    auto back = parseProfile(profileToJson(profile));
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, profile);
  }
  // Layout does not matter.
  EXPECT_EQ(*parseProfile("\n " + Json::parse(profileToJson(test::sample())).dump()), test::sample());
}

TEST(ProfileJson, EveryTruncationIsRefused) {
  const std::string text = profileToJson(test::sample());
  for (std::size_t size = 1; size + 2 < text.size(); ++size) // the last two: "}\n"
    expectRefused(parseProfile(text.substr(0, size)), "not a profile, or truncated");
  expectRefused(parseProfile(text + "x"), "not a profile, or truncated");
}

/// Calls `visit` for every value of the text that is in an object or array, with its parent's pointer.
void forEachNode(const Json& root, const Json::json_pointer& at, const std::function<void(Json::json_pointer)>& visit) {
  const Json& here = root[at];
  if (here.is_object()) {
    for (const auto& [key, value] : here.items()) {
      visit(at / key);
      forEachNode(root, at / key, visit);
    }
  } else if (here.is_array()) {
    for (std::size_t i = 0; i < here.size(); ++i) {
      visit(at / i);
      forEachNode(root, at / i, visit);
    }
  }
}

TEST(ProfileJson, EveryMissingExtraAndWrongFieldIsRefused) {
  const Json good = Json::parse(profileToJson(test::sample()));
  auto refused = [](const Json& changed, const std::string& where) {
    auto result = parseProfile(changed.dump());
    ASSERT_FALSE(result) << where;
    EXPECT_EQ(result.error().code, ErrorCode::BadProfile) << where;
  };
  forEachNode(good, Json::json_pointer(), [&](const Json::json_pointer& at) {
    std::string where = at.to_string();
    Json changed = good;
    if (changed[at.parent_pointer()].is_object())
      changed[at.parent_pointer()].erase(at.back());
    else
      changed[at.parent_pointer()].erase(std::stoul(at.back()));
    refused(changed, "without " + where);
    for (const Json& wrong :
         {Json(nullptr), Json(true), Json(-1), Json(1.5), Json("x"), Json::array({1}), Json({{"x", 1}})}) {
      changed = good;
      changed[at] = wrong;
      refused(changed, where + " = " + wrong.dump());
    }
    if (good[at].is_object()) {
      changed = good;
      changed[at]["extra"] = 1;
      refused(changed, "more in " + where);
    }
    if (good[at].is_number_unsigned()) { // an edit that is sound but for the checksum
      changed = good;
      changed[at] = good[at].get<std::uint64_t>() ^ 1;
      refused(changed, where + " edited");
    }
  });
  Json changed = good;
  changed["extra"] = 1;
  refused(changed, "more in the whole");
}

TEST(ProfileJson, DefectsAreNamedWithTheirPlace) {
  const Json good = Json::parse(profileToJson(test::sample()));
  auto refused = [&](const char* pointer, const Json& value, const std::string& what) {
    Json changed = good;
    changed[Json::json_pointer(pointer)] = value;
    expectRefused(parseProfile(changed.dump()), what);
  };
  refused("/schema", "kiln-stats", "not a profile");
  refused("/schema_version", 2, "version 2 of the format; this Kiln reads version 1");
  refused("/checksum", "0x0000000000000000", "changed: the checksum is not that of the contents");
  refused("/functions/0/entries", "many", "functions[0].entries: not a number from 0 to 18446744073709551615");
  refused("/functions/0/branches/1/value", 4294967296,
          "functions[0].branches[1].value: not a number from 0 to 4294967295");
  refused("/functions/0/hash", "0x12", "functions[0].hash: not 0x and 16 hexadecimal digits");
  refused("/functions/0/calls", 1, "functions[0]: unknown field 'calls'");
  refused("/functions/0/arguments/0/state", "lost", "functions[0].arguments[0].state: not unseen, constant or varied");
  refused("/functions/0/branches/1/value", 0, "function 'full': branches: numbers do not rise at 0");
  refused("/functions", 1, "functions: not an array");
  Json changed = good;
  changed["functions"][0].erase("loops");
  expectRefused(parseProfile(changed.dump()), "functions[0]: the field 'loops' is missing");
  expectRefused(parseProfile("[1]"), "not a profile");
  expectRefused(parseProfile("{}"), "not a profile");
  expectRefused(parseProfile("BC\xc0\xde and so on"), "not a profile");
}

class ProfileFiles : public testing::Test {
protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "kiln-profile-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) { return (folder_ / name).string(); }
  std::string contents(const std::string& name) {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(const std::string& name, const std::string& bytes) { std::ofstream(path(name), std::ios::binary) << bytes; }
  std::size_t fileCount() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_;
};

TEST_F(ProfileFiles, AreWrittenWholeAndReadInEitherForm) {
  ASSERT_TRUE(writeProfile(test::sampleProfile(), path("a.json"), ProfileFormat::Json)); // not normalised
  ASSERT_TRUE(writeProfile(test::sampleProfile(), path("a.prof"), ProfileFormat::Binary));
  EXPECT_EQ(contents("a.json").front(), '{');
  for (const char* name : {"a.json", "a.prof"}) {
    auto profile = readProfile(path(name));
    ASSERT_TRUE(profile) << profile.error().message;
    EXPECT_EQ(*profile, test::sample());
  }
  ASSERT_TRUE(writeProfile({}, path("a.prof"), ProfileFormat::Binary)); // replaces
  EXPECT_EQ(*readProfile(path("a.prof")), ProgramProfile{});
  EXPECT_EQ(fileCount(), 2u) << "no temporary file is left";
}

TEST_F(ProfileFiles, WritingFollowsLinksAndLeavesDevicesAlone) {
  put("target", "old");
  ASSERT_EQ(symlink(path("target").c_str(), path("link").c_str()), 0);
  ASSERT_TRUE(writeProfile(test::sample(), path("link"), ProfileFormat::Binary));
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  EXPECT_EQ(*readProfile(path("target")), test::sample());

  ASSERT_TRUE(writeProfile(test::sample(), "/dev/null", ProfileFormat::Binary));
  struct stat status;
  ASSERT_EQ(stat("/dev/null", &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
}

TEST_F(ProfileFiles, ErrorsNameTheFile) {
  auto refused = [&](const std::string& name, ErrorCode code, const std::string& what) {
    auto result = readProfile(path(name));
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().code, code) << name;
    EXPECT_TRUE(result.error().message.starts_with(path(name) + ": " + what)) << result.error().message;
  };
  put("empty", "");
  put("foreign", "\x7f"
                 "ELF and more");
  put("cut", profileToBinary(test::sample()).substr(0, 50));
  refused("missing", ErrorCode::FileNotFound, "No such file");
  refused(".", ErrorCode::FileNotFound, "Is a directory");
  refused("empty", ErrorCode::EmptyInput, "the file is empty");
  refused("foreign", ErrorCode::BadProfile, "not a profile");
  refused("cut", ErrorCode::BadProfile, "truncated");
  auto written = writeProfile({}, path("no/folder"), ProfileFormat::Json);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::SystemError);
  EXPECT_EQ(written.error().message, path("no/folder") + ": No such file or directory");
}

TEST_F(ProfileFiles, MergeIntoOneOfTheInputs) {
  ProgramProfile a{{FunctionProfile{.hash = 1, .name = "f", .entries = 1}}};
  ProgramProfile b{{FunctionProfile{.hash = 1, .name = "f", .entries = 2}}};
  ASSERT_TRUE(writeProfile(a, path("a.json"), ProfileFormat::Json));
  ASSERT_TRUE(writeProfile(b, path("b.prof"), ProfileFormat::Binary));
  ASSERT_TRUE(mergeProfileFiles({path("a.json"), path("b.prof")}, path("a.json"), ProfileFormat::Binary));
  EXPECT_EQ(readProfile(path("a.json"))->functions[0].entries, 3u);
}

TEST_F(ProfileFiles, MergingNamesTheFileThatContradictsAndWritesNothing) {
  FunctionProfile f{.hash = 1, .name = "f", .entries = 1, .switches = {{4, 0, {1}}}};
  FunctionProfile g = f;
  g.switches[0].cases.push_back(1);
  ASSERT_TRUE(writeProfile({{f}}, path("a"), ProfileFormat::Binary));
  ASSERT_TRUE(writeProfile({{g}}, path("b"), ProfileFormat::Binary));
  for (auto inputs : {std::vector{path("a"), path("a"), path("b"), path("a")}, std::vector{path("a"), path("b")}}) {
    auto result = mergeProfileFiles(inputs, path("out"), ProfileFormat::Binary);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::BadProfile);
    EXPECT_TRUE(result.error().message.starts_with(path("b") + ": function 'f'")) << result.error().message;
  }
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

TEST_F(ProfileFiles, FormatsFollowTheName) {
  EXPECT_EQ(profileFormatFor("a/b.json"), ProfileFormat::Json);
  EXPECT_EQ(profileFormatFor("a.json/b"), ProfileFormat::Binary);
  EXPECT_EQ(profileFormatFor("kiln.prof"), ProfileFormat::Binary);
}

TEST(ProfileTable, ShowsTheMostOftenEnteredFirst) {
  std::string table = profileTable(test::sample(), 2);
  std::size_t first = table.find("fedcba9876543210"), second = table.find("0000000000000001");
  EXPECT_NE(first, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_NE(table.find("2 of 4"), std::string::npos) << "arguments that had one value:\n" << table;
  EXPECT_NE(table.find("... and 2 more functions\n"), std::string::npos);
  EXPECT_NE(table.find("4 functions, 18446744073709551615 entries"), std::string::npos) << table;
}

} // namespace
} // namespace kiln

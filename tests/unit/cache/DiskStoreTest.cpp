// The folder: whatever happens to it, the caller gets an entry that is whole or none.
#include "cache/DiskStore.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/Hash.h"

namespace kiln::cache {
namespace {

namespace fs = std::filesystem;

const std::string kOne = digestOf("one").text(), kTwo = digestOf("two").text(), kThree = digestOf("three").text();
std::string entryName(int number) { return "0123456789abcdef-f" + std::to_string(number) + "-O3"; }

class DiskStoreTest : public testing::Test {
protected:
  fs::path base = fs::temp_directory_path() /
                  ("kiln-disk-" + std::to_string(getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
  fs::path folder = base / "deep" / "cache";
  DiskStore::Settings settings{folder.string(), 1 << 20, {}};

  void SetUp() override { fs::remove_all(base); }
  void TearDown() override { fs::remove_all(base); }
  fs::path fileOf(const std::string& program, const std::string& name) { return folder / "programs" / program / name; }
  /// Makes the program's last use lie so many seconds back.
  void age(const std::string& program, int seconds) {
    fs::last_write_time(folder / "programs" / program, fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
  }
};

mode_t modeOf(const fs::path& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

TEST_F(DiskStoreTest, WhatIsWrittenIsRead) {
  DiskStore store(settings);
  EXPECT_FALSE(store.knows(kOne));
  EXPECT_FALSE(store.read(kOne, entryName(1)));
  EXPECT_TRUE(store.list(kOne).empty());
  EXPECT_FALSE(fs::exists(base)); // reading makes nothing
  ASSERT_TRUE(store.write(kOne, entryName(1), "first"));
  EXPECT_TRUE(store.knows(kOne));
  EXPECT_TRUE(store.has(kOne, entryName(1)));
  EXPECT_FALSE(store.has(kOne, entryName(2)));
  EXPECT_EQ(store.read(kOne, entryName(1)), "first");
  ASSERT_TRUE(store.write(kOne, entryName(1), "second"));
  EXPECT_EQ(DiskStore(settings).read(kOne, entryName(1)), "second");
  store.remove(kOne, entryName(1));
  EXPECT_FALSE(store.read(kOne, entryName(1)));
  EXPECT_EQ(store.refusal(), "");
}

TEST_F(DiskStoreTest, OnlyTheUserMayLookInside) {
  DiskStore store(settings);
  ASSERT_TRUE(store.write(kOne, entryName(1), "x"));
  for (const fs::path& path : {base / "deep", folder, folder / "programs", folder / "programs" / kOne})
    EXPECT_EQ(modeOf(path), 0700u) << path;
  EXPECT_EQ(modeOf(fileOf(kOne, entryName(1))), 0600u);
}

TEST_F(DiskStoreTest, AFolderThatOthersMayWriteToIsNotUsed) {
  for (mode_t mode : {0777, 0720, 0702}) {
    fs::create_directories(folder);
    ASSERT_EQ(chmod(folder.c_str(), mode), 0);
    DiskStore store(settings);
    EXPECT_FALSE(store.write(kOne, entryName(1), "x"));
    EXPECT_EQ(store.refusal(), "others may write to the folder");
    EXPECT_EQ(store.writeRefusal(), store.refusal());
    EXPECT_FALSE(store.read(kOne, entryName(1)));
    EXPECT_FALSE(store.clear());
  }
}

TEST_F(DiskStoreTest, AFolderOfSomeoneElseIsNotUsed) {
  if (geteuid() != 0)
    GTEST_SKIP() << "needs root to give a folder away";
  fs::create_directories(folder);
  ASSERT_EQ(chown(folder.c_str(), 12345, 12345), 0);
  ASSERT_EQ(chmod(folder.c_str(), 0700), 0);
  DiskStore store(settings);
  EXPECT_FALSE(store.write(kOne, entryName(1), "x"));
  EXPECT_EQ(store.refusal(), "the folder belongs to someone else");
}

TEST_F(DiskStoreTest, FilesOfSomeoneElseAndLinksAreMisses) {
  DiskStore store(settings);
  ASSERT_TRUE(store.write(kOne, entryName(1), "x"));
  fs::create_symlink(entryName(1), fileOf(kOne, entryName(2)));
  EXPECT_FALSE(store.read(kOne, entryName(2)));
  fs::create_directory(fileOf(kOne, entryName(3)));
  EXPECT_FALSE(store.read(kOne, entryName(3)));
  ASSERT_EQ(mkfifo(fileOf(kOne, entryName(4)).c_str(), 0600), 0);
  EXPECT_FALSE(store.read(kOne, entryName(4))); // and does not wait for a writer
  EXPECT_EQ(store.list(kOne).size(), 1u);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(fileOf(kOne, entryName(1)).c_str(), 12345, 12345), 0);
    EXPECT_FALSE(store.read(kOne, entryName(1)));
  }
}

TEST_F(DiskStoreTest, AFullDiskLeavesNothingAndEndsWriting) {
  int writes = 0;
  settings.write = [&](int file, const void* bytes, std::size_t size) -> ssize_t {
    if (++writes == 1)
      return ::write(file, bytes, std::min<std::size_t>(size, 3)); // some of it
    errno = ENOSPC;
    return -1;
  };
  DiskStore store(settings);
  EXPECT_FALSE(store.write(kOne, entryName(1), "more than three bytes"));
  EXPECT_EQ(store.writeRefusal(), "No space left on device");
  EXPECT_EQ(store.refusal(), ""); // reading goes on
  EXPECT_FALSE(store.read(kOne, entryName(1)));
  EXPECT_TRUE(fs::is_empty(folder / "programs" / kOne));
  const int before = writes;
  EXPECT_FALSE(store.write(kOne, entryName(2), "x"));
  EXPECT_EQ(writes, before);
}

TEST_F(DiskStoreTest, ShortAndInterruptedWritesGoOn) {
  int writes = 0;
  settings.write = [&](int file, const void* bytes, std::size_t) -> ssize_t {
    if (++writes % 2) {
      errno = EINTR;
      return -1;
    }
    return ::write(file, bytes, 1);
  };
  DiskStore store(settings);
  ASSERT_TRUE(store.write(kOne, entryName(1), "slowly"));
  EXPECT_EQ(store.read(kOne, entryName(1)), "slowly");
}

TEST_F(DiskStoreTest, AReadOnlyFolderIsRead) {
  if (geteuid() == 0)
    GTEST_SKIP() << "root may write everywhere";
  ASSERT_TRUE(DiskStore(settings).write(kOne, entryName(1), "x"));
  ASSERT_EQ(chmod((folder / "programs" / kOne).c_str(), 0500), 0);
  DiskStore store(settings);
  EXPECT_EQ(store.read(kOne, entryName(1)), "x");
  EXPECT_FALSE(store.write(kOne, entryName(2), "x"));
  EXPECT_EQ(store.writeRefusal(), "Permission denied");
  chmod((folder / "programs" / kOne).c_str(), 0700);
}

TEST_F(DiskStoreTest, AFileInPlaceOfTheFolderIsRefused) {
  fs::create_directories(base);
  std::ofstream(base / "deep") << "a file";
  DiskStore store(settings);
  EXPECT_FALSE(store.write(kOne, entryName(1), "x"));
  EXPECT_EQ(store.refusal(), "Not a directory");
}

TEST_F(DiskStoreTest, EntriesAreListedAsTheyWereWritten) {
  DiskStore store(settings);
  for (int number : {3, 1, 2}) {
    ASSERT_TRUE(store.write(kOne, entryName(number), "x"));
    std::this_thread::sleep_for(std::chrono::milliseconds(15)); // coarser than any file system's clock
  }
  auto list = store.list(kOne);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].name, entryName(3));
  EXPECT_EQ(list[1].name, entryName(1));
  EXPECT_EQ(list[2].name, entryName(2));
}

TEST_F(DiskStoreTest, TheProgramsLeastRecentlyUsedGoFirst) {
  settings.limit = 2500;
  DiskStore store(settings);
  const std::string kilobyte(1000, 'x');
  for (const std::string& program : {kOne, kTwo, kThree})
    ASSERT_TRUE(store.write(program, entryName(1), kilobyte));
  age(kOne, 10);
  age(kTwo, 30);
  age(kThree, 20);
  EXPECT_EQ(store.sweep(), 1u);
  EXPECT_FALSE(store.knows(kTwo));
  EXPECT_TRUE(store.knows(kOne));
  EXPECT_TRUE(store.knows(kThree));
  EXPECT_EQ(store.sweep(), 0u);
  store.touch(kThree);
  ASSERT_TRUE(store.write(kTwo, entryName(1), kilobyte));
  EXPECT_EQ(store.sweep(), 1u);
  EXPECT_FALSE(store.knows(kOne)); // kThree was used since
}

TEST_F(DiskStoreTest, OfALonelyProgramItsOldestEntriesGo) {
  settings.limit = 2500;
  DiskStore store(settings);
  for (int number = 0; number < 4; ++number) {
    ASSERT_TRUE(store.write(kOne, entryName(number), std::string(1000, 'x')));
    std::this_thread::sleep_for(std::chrono::milliseconds(15));
  }
  EXPECT_EQ(store.sweep(), 2u);
  EXPECT_FALSE(store.has(kOne, entryName(1)));
  EXPECT_TRUE(store.has(kOne, entryName(2)));
}

TEST_F(DiskStoreTest, WhatKilledProcessesLeftIsRemoved) {
  DiskStore store(settings);
  ASSERT_TRUE(store.write(kOne, entryName(1), "x"));
  const fs::path gone = fileOf(kOne, "tmp-999999999-0"), mine = fileOf(kOne, "tmp-" + std::to_string(getpid()) + "-77");
  std::ofstream(gone) << "half";
  std::ofstream(mine) << "half";
  store.sweep();
  EXPECT_FALSE(fs::exists(gone));
  EXPECT_TRUE(fs::exists(mine)); // it may be at it
  fs::last_write_time(mine, fs::file_time_type::clock::now() - std::chrono::hours(1));
  store.sweep();
  EXPECT_FALSE(fs::exists(mine));
  EXPECT_TRUE(store.has(kOne, entryName(1)));
}

TEST_F(DiskStoreTest, ClearingTakesWhatIsTheCachesAndNothingElse) {
  DiskStore store(settings);
  ASSERT_TRUE(store.write(kOne, entryName(1), "x"));
  ASSERT_TRUE(store.write(kOne, "profile", "x"));
  ASSERT_TRUE(store.write(kTwo, entryName(1), "x"));
  std::ofstream(folder / "notes.txt") << "mine";
  std::ofstream(fileOf(kTwo, "notes.txt")) << "mine";
  auto removed = store.clear();
  EXPECT_TRUE(fs::exists(folder / "notes.txt"));
  EXPECT_TRUE(fs::exists(fileOf(kTwo, "notes.txt")));
  EXPECT_FALSE(store.knows(kOne));
  ASSERT_FALSE(removed); // a program's folder is not empty, and it says so
  fs::remove(fileOf(kTwo, "notes.txt"));
  removed = store.clear();
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(fs::exists(folder / "programs"));
  EXPECT_TRUE(store.write(kOne, entryName(1), "x")); // and it goes on
}

} // namespace
} // namespace kiln::cache

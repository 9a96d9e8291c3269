#include "code/UnwindRegistry.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

// libgcc: the entry that the unwinder itself uses.
struct dwarf_eh_bases {
  void* tbase;
  void* dbase;
  void* func;
};
extern "C" const void* _Unwind_Find_FDE(void* pc, dwarf_eh_bases* bases);

namespace kiln {
namespace {

/// A minimal `.eh_frame` for `code`: one CIE, one FDE with absolute addresses, the terminator.
class Section {
public:
  Section(const void* code, std::uint64_t bytes) {
    const std::uint8_t cie[] = {20, 0, 0, 0, // length behind this word
                                0, 0, 0, 0,  // it is a CIE
                                1,           // version
                                0,           // no augmentation
                                1, 0x78, 16, // code and data alignment factors, return address register
                                0x0c, 7, 8,  // DW_CFA_def_cfa rsp, 8
                                0x90, 1,     // DW_CFA_offset rip, 1
                                0, 0, 0, 0, 0, 0};
    static_assert(sizeof cie == 24);
    bytes_.resize(kFront);
    add(cie);
    std::uint32_t length = 20, back = sizeof cie + 4;
    add(length);
    add(back); // distance from here to the CIE
    add(reinterpret_cast<std::uint64_t>(code));
    add(bytes);
    add(std::uint32_t{0});
  }
  void* data() { return bytes_.data() + kFront; }

private:
  /// libgcc takes a table whose first four bytes are zero for an empty section and does not withdraw it; an allocator may
  /// well begin at a multiple of 4 GiB. (In an address range, the owner's page is there.)
  static constexpr std::size_t kFront = 16;
  template <typename T> void add(const T& value) {
    auto at = bytes_.size();
    bytes_.resize(at + sizeof value);
    memcpy(bytes_.data() + at, &value, sizeof value);
  }
  std::vector<std::uint8_t> bytes_;
};

class Unwind : public testing::Test {
protected:
  static constexpr std::size_t kCount = 9;
  static constexpr std::size_t kBytes = 64;
  // Not code, but addresses that nobody else has a table for: three to a stretch, so that some share a table.
  static constexpr std::size_t kStep = UnwindRegistry::kStretch / 3;
  std::vector<char> memory = std::vector<char>(kCount * kStep);
  std::vector<Section> sections;
  UnwindRegistry registry;

  char* code(std::size_t i) { return memory.data() + i * kStep; }
  void SetUp() override {
    for (std::size_t i = 0; i < kCount; ++i)
      sections.emplace_back(code(i), kBytes);
    registry.retry(); // finds the unwinder of this process
  }
  void add(UnwindRegistry& to, std::size_t i) { to.add(sections[i].data(), reinterpret_cast<std::uintptr_t>(code(i))); }
  void remove(UnwindRegistry& from, std::size_t i) {
    from.remove(sections[i].data(), reinterpret_cast<std::uintptr_t>(code(i)));
  }
  bool known(std::size_t i) {
    dwarf_eh_bases bases{};
    return _Unwind_Find_FDE(code(i) + kBytes / 2, &bases) != nullptr && bases.func == code(i);
  }
};

TEST_F(Unwind, FindsWhatWasAdded) {
  EXPECT_FALSE(known(0));
  add(registry, 0);
  EXPECT_TRUE(known(0));
  EXPECT_FALSE(known(1));
  remove(registry, 0);
  EXPECT_FALSE(known(0));
}

TEST_F(Unwind, TablesThatGrowAndShrinkStayComplete) {
  for (std::size_t i = 0; i < kCount; ++i) {
    add(registry, i);
    for (std::size_t j = 0; j < kCount; ++j)
      EXPECT_EQ(known(j), j <= i) << "after adding " << i << ", section " << j;
  }
  for (std::size_t i : {4u, 0u, 8u, 2u}) {
    remove(registry, i);
    EXPECT_FALSE(known(i));
  }
  for (std::size_t i : {1u, 3u, 5u, 6u, 7u})
    EXPECT_TRUE(known(i)) << i;
}

TEST_F(Unwind, RemovingWhatIsNotThereIsNothing) {
  remove(registry, 3);
  add(registry, 3);
  remove(registry, 4);
  EXPECT_TRUE(known(3));
}

TEST_F(Unwind, SectionsWaitForTheUnwinder) {
  UnwindRegistry early; // retry() was not called: no library with an unwinder was seen
  add(early, 0);
  add(early, 1);
  remove(early, 1);
  EXPECT_FALSE(known(0));
  early.retry();
  EXPECT_TRUE(known(0));
  EXPECT_FALSE(known(1));
}

TEST_F(Unwind, TheRegistryWithdrawsAllAtItsEnd) {
  {
    UnwindRegistry own;
    own.retry();
    for (std::size_t i = 0; i < 5; ++i)
      add(own, i);
    EXPECT_TRUE(known(3));
  }
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_FALSE(known(i));
}

} // namespace
} // namespace kiln

#include "code/UnwindRegistry.h"

#include <gtest/gtest.h>

#include <array>
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
    add(cie);
    std::uint32_t length = 20, back = static_cast<std::uint32_t>(bytes_.size()) + 4;
    add(length);
    add(back); // distance from here to the CIE
    add(reinterpret_cast<std::uint64_t>(code));
    add(bytes);
    add(std::uint32_t{0});
  }
  void* data() { return bytes_.data(); }

private:
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
  // Not code, but addresses that nobody else has a table for.
  std::array<std::array<char, kBytes>, kCount> code{};
  std::vector<Section> sections;
  UnwindRegistry registry;

  void SetUp() override {
    for (auto& each : code)
      sections.emplace_back(each.data(), kBytes);
    registry.retry(); // finds the unwinder of this process
  }
  bool known(std::size_t i) {
    dwarf_eh_bases bases{};
    return _Unwind_Find_FDE(code[i].data() + kBytes / 2, &bases) != nullptr && bases.func == code[i].data();
  }
};

TEST_F(Unwind, FindsWhatWasAdded) {
  EXPECT_FALSE(known(0));
  registry.add(sections[0].data());
  EXPECT_TRUE(known(0));
  EXPECT_FALSE(known(1));
  registry.remove(sections[0].data());
  EXPECT_FALSE(known(0));
}

TEST_F(Unwind, TablesThatMergeStayComplete) {
  for (std::size_t i = 0; i < kCount; ++i) {
    registry.add(sections[i].data());
    for (std::size_t j = 0; j < kCount; ++j)
      EXPECT_EQ(known(j), j <= i) << "after adding " << i << ", section " << j;
  }
  for (std::size_t i : {4u, 0u, 8u, 2u}) {
    registry.remove(sections[i].data());
    EXPECT_FALSE(known(i));
  }
  for (std::size_t i : {1u, 3u, 5u, 6u, 7u})
    EXPECT_TRUE(known(i)) << i;
}

TEST_F(Unwind, SectionsWaitForTheUnwinder) {
  UnwindRegistry early; // retry() was not called: no library with an unwinder was seen
  early.add(sections[0].data());
  early.add(sections[1].data());
  early.remove(sections[1].data());
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
      own.add(sections[i].data());
    EXPECT_TRUE(known(3));
  }
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_FALSE(known(i));
}

} // namespace
} // namespace kiln

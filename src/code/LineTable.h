// Which line of the source each instruction of some generated code belongs to: what debuggers, profilers and crash reports
// are told. Offsets count from the beginning of the code. Never changed once made.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace kiln {

struct LineTable {
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  /// A call that was inlined: the rows that name it belong to the callee.
  struct Inlined {
    std::string name, linkageName;   ///< of the callee
    std::uint32_t file = 0, line = 0; ///< of the call
    std::uint32_t parent = kNone;    ///< the inlined call that it is part of
  };
  /// Holds up to the next row. Line 0: code that belongs to no line.
  struct Row {
    std::uint32_t offset = 0;
    std::uint32_t file = 0, line = 0, column = 0;
    std::uint32_t inlined = kNone;
  };

  std::string name, linkageName;    ///< of the function, as its source has it and as linkers do; the latter may be empty
  std::string directory;            ///< that relative names of files start from
  std::uint32_t language = 0;       ///< DW_LANG_*
  std::uint32_t file = 0, line = 0; ///< where the function is defined
  std::vector<std::string> files;
  std::vector<Row> rows; ///< by rising offset
  std::vector<Inlined> inlined;

  /// The row that holds at an offset, or null.
  const Row* at(std::uint32_t offset) const {
    auto behind = std::upper_bound(rows.begin(), rows.end(), offset,
                                   [](std::uint32_t wanted, const Row& row) { return wanted < row.offset; });
    return behind == rows.begin() ? nullptr : &*std::prev(behind);
  }
};

} // namespace kiln

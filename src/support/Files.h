// Whole files, read and written with errors as values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kiln/Error.h"

namespace kiln {

/// All bytes of a file, a pipe or a device. FileNotFound if it cannot be read, `tooLarge` if it has more than `most`
/// bytes.
Result<std::string> readFile(const std::string& path, std::uint64_t most, ErrorCode tooLarge);

/// The first bytes of a regular file, at most `most`, and how many it has in all. FileNotFound if it cannot be read.
struct FileStart {
  std::string bytes;
  std::uint64_t fileBytes = 0;
};
Result<FileStart> readFileStart(const std::string& path, std::size_t most);

/// The file appears under its name when it is complete: it is written beside and renamed. What is not a regular file (a
/// pipe, a terminal) is written directly. SystemError if that fails.
Result<void> writeFile(const std::string& path, std::string_view bytes);

} // namespace kiln

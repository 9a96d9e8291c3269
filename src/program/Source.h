// The bytes a program is made of.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "kiln/Error.h"

namespace kiln {

/// One module's bitcode, immutable, shared by every world that reads it.
struct Source {
  std::string name; ///< file name, or what the host called the buffer
  std::span<const char> bitcode;
  std::shared_ptr<const void> memory; ///< owns the bytes
  std::string entry = {}; ///< the function to start at that its container names; empty: none
};

/// Reads bitcode, a container of it (program/Llbc.h), or IR text. Text is parsed and written as bitcode, so that everything behind reads one form. Bitcode in
/// a regular file is mapped, as the system maps executables and shared libraries: of a large program most is never read.
/// Such a file may be replaced while the program runs, but not written in place. Not `mapped`: it is copied, and may.
Result<Source> readSource(const std::string& path, bool mapped = true);
/// As readSource(), from memory; the bytes are copied.
Result<Source> makeSource(std::string name, std::span<const char> bytes);

} // namespace kiln

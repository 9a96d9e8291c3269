// Where this system keeps what executables are linked with: start files, the C and C++ libraries, GCC's runtime. Found
// by looking, so that no compiler needs to be there when a program is exported; Debian's folders first, then those of
// other distributions.
#pragma once

#include <llvm/ADT/StringSet.h>

#include <string>
#include <vector>

#include "kiln/Error.h"
#include "kiln/Export.h"

namespace kiln {

class SystemFiles {
public:
  /// Looks for the folders; files are missed only when they are asked for.
  explicit SystemFiles(const ExportOptions& options);

  /// A start file such as "crt1.o", or GCC's such as "crtbegin.o". FileNotFound names the package that has it.
  Result<std::string> startFile(const std::string& name) const;
  /// What ExportOptions::libraries names, as a path. With `isStatic` the archive of a library: libz.a for libz.so.1.
  /// LibraryNotLoaded.
  Result<std::string> library(const std::string& name, bool isStatic) const;
  /// A file of that name in a library folder, or empty.
  std::string find(const std::string& name) const;
  /// For the linker's -L, in order.
  const std::vector<std::string>& folders() const { return folders_; }

private:
  std::vector<std::string> folders_;
};

/// The names that a shared library defines or wants, or that an archive defines. What cannot be read has none: the
/// linker will say why.
void addSymbols(const std::string& path, llvm::StringSet<>& names);

} // namespace kiln

// The last part of an export: from an object to an executable or shared library.
#pragma once

#include <llvm/ADT/StringSet.h>

#include <string>
#include <vector>

#include "export/SystemFiles.h"
#include "kiln/Error.h"
#include "kiln/Export.h"

namespace kiln {

/// What the program's object is linked with, found before anything is compiled.
struct LinkPlan {
  std::vector<std::string> before, after; ///< words of the linker's command line around the object
  llvm::StringSet<> names;                ///< what the libraries define or want
};

/// Fails with FileNotFound or LibraryNotLoaded if the system lacks something. Of an object: only the names.
Result<LinkPlan> planLink(const ExportOptions& options);

/// Links the object. The output appears when it is complete.
Result<void> linkObject(const LinkPlan& plan, const std::vector<char>& object, const std::string& output);

/// Writes a file beside its final name and renames it. SystemError.
Result<void> writeWhole(const std::string& path, const std::vector<char>& bytes);

} // namespace kiln

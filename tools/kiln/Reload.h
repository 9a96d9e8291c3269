// `kiln run --watch-reload FILE`: redefines functions of the program whenever FILE changes, while the program goes on.
//
// The folder is watched, not the file: editors and compilers put a new file in the place of the old one. One line on
// standard error for each reload or refusal. The thread ends with the process.
#pragma once

#include <string>

#include "kiln/Engine.h"

namespace kiln::cli {

class Reload {
public:
  /// From now on changes are seen. Fails with FileNotFound or SystemError.
  static Result<Reload> watch(const std::string& file);
  /// From now on they are acted on, in a thread of its own, which blocks all signals.
  Result<void> start(Program& program);

private:
  std::string file_, name_; ///< as given; without its folder
  int events_ = -1;         ///< inotify; open as long as the process lives
};

} // namespace kiln::cli

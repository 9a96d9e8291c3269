#include "Failure.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace kiln::cli {

void printError(const Error& error) {
  const std::string_view message = error.message, code = errorCodeName(error.code);
  const std::size_t end = std::min(message.find('\n'), message.size());
  fprintf(stderr, "kiln: error: %.*s [%.*s]%.*s\n", static_cast<int>(end), message.data(), static_cast<int>(code.size()),
          code.data(), static_cast<int>(message.size() - end), message.data() + end);
}

void dieOf(const Error& error) {
  fflush(nullptr);
  printError(error);
  _exit(kErrorStatus);
}

} // namespace kiln::cli

#include "support/Hash.h"

#include <llvm/Support/xxhash.h>

namespace kiln {

std::uint64_t hashBytes(std::string_view bytes) {
  return llvm::xxh3_64bits(llvm::StringRef(bytes));
}

} // namespace kiln

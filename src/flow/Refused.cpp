#include "flow/Refused.h"

#include <llvm/Support/raw_ostream.h>

namespace kiln::flow {

Refusal refusalOf(const llvm::Function& function, std::string reason, const llvm::Instruction* instruction) {
  std::string text;
  if (instruction) {
    llvm::raw_string_ostream out(text);
    instruction->print(out);
    text.erase(0, text.find_first_not_of(' '));
  }
  return {std::move(reason), function.getName().str(), std::move(text)};
}

} // namespace kiln::flow

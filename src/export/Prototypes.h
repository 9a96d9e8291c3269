// C declarations of functions and variables, for programs in C that link with an exported object or library.
//
// Debug information says what the types were in the source; without it the IR's types decide, in which pointers point
// to nothing in particular and integers have no sign. docs/export.md has the rules. What C cannot call by such a
// declaration (structs by value, whose way of passing the IR has already taken apart, and vectors) is named in a
// comment instead.
#pragma once

#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Module.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kiln/Error.h"

namespace kiln {

class Prototypes {
public:
  /// Notes what the module's debug information says, by symbol. The text holds nothing of the module afterwards.
  void collect(const llvm::Module& module);
  /// The header. `globals`: what is exported, in the order of the header.
  std::string header(const std::string& fileName, const std::vector<const llvm::GlobalValue*>& globals) const;

private:
  struct Known {
    std::string result;
    std::vector<std::string> parameters;
    std::vector<std::string> names; ///< of the parameters; empty where there is none
    std::set<std::string> tags;     ///< "struct x" that have to be declared
  };
  std::optional<Known> describe(const llvm::Function& function) const;

  std::map<std::string, Known> functions_;
};

} // namespace kiln

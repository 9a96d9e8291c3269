// Makes a module small while something stays true of it. What carries `!keep` is only removed when nothing uses it, so
// that a defined program stays one; all else may go, and what used it gets zero.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace llvm {
class Module;
}

namespace kiln::fuzz {

/// Whether a module still shows what is looked for. It is valid IR.
using Interesting = std::function<bool(const llvm::Module&)>;

/// `module` is interesting before and after. Returns how many smaller ones were tried.
unsigned reduce(std::unique_ptr<llvm::Module>& module, const Interesting& interesting, std::chrono::seconds limit);

} // namespace kiln::fuzz

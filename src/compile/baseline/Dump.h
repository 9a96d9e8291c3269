// Baseline code as text, for people: the plan, then the instructions, each behind the IR that it was made from.
#pragma once

#include <llvm/IR/Function.h>

#include <functional>
#include <string>

#include "compile/baseline/Code.h"
#include "compile/baseline/Plan.h"
#include "kiln/Error.h"

namespace kiln::baseline {

/// What a fixup leads to, by name and without its addend: letters, digits, `_`, `.` and `$` only, or it is shown in quotes.
using NameOf = std::function<std::string(const Fixup&)>;

/// `code` was compiled with EmitOptions::lines and not yet installed; `plan` is the one it was compiled by.
Result<std::string> describe(const llvm::Function& function, const Code& code, const Plan& plan, const NameOf& nameOf);

} // namespace kiln::baseline

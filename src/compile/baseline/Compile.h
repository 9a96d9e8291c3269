// The baseline compiler as a function: from a prepared body to code and tables without an address in them.
//
// Two passes: the plan says where every value is (Plan.h), the emitter makes the code (emit/Emitter.h).
#pragma once

#include <llvm/IR/Function.h>

#include <cstdint>
#include <expected>
#include <memory>

#include "abi/CallShape.h"
#include "compile/Compiler.h"
#include "compile/baseline/Baseline.h"
#include "compile/baseline/Code.h"
#include "compile/baseline/Environment.h"
#include "compile/baseline/Plan.h"

namespace kiln::baseline {

/// Buffers and tables that go from function to function.
struct Workspace {
  CallShapes shapes;
  Plan plan;
};

struct EmitOptions {
  Baseline::Settings settings;
  std::uint32_t loop = kNone; ///< enter at this loop's header, with the state's address as the argument
  bool lines = false;         ///< keep Code::lines and Code::tables
};

/// Either code or the reason why the function runs in another tier.
std::expected<std::unique_ptr<Code>, Refusal> compile(const llvm::Function& function, std::uint32_t id,
                                                      Environment& environment, Workspace& workspace,
                                                      const EmitOptions& options);

} // namespace kiln::baseline

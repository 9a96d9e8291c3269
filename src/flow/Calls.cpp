#include "flow/Calls.h"

#include <llvm/IR/Function.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/Module.h>

namespace kiln::flow {
namespace {

std::unexpected<std::string> refuse(const char* reason) { return std::unexpected(std::string(reason)); }

} // namespace

std::expected<const CallShape*, std::string> shapeOfDefinition(CallShapes& shapes, const llvm::Function& function) {
  if (function.hasFnAttribute(llvm::Attribute::Naked))
    return refuse("naked function");
  if (function.isPresplitCoroutine())
    return refuse("coroutine");
  auto shape = shapes.of(function.getFunctionType(), function.getAttributes(), function.getCallingConv(), {},
                         function.getParent()->getDataLayout());
  if (shape && (*shape)->preservesMost)
    return refuse("definition with the calling convention coldcc");
  return shape;
}

std::expected<const CallShape*, std::string> shapeOfCall(CallShapes& shapes, const llvm::CallBase& call) {
  if (call.hasFnAttr(llvm::Attribute::ReturnsTwice))
    return refuse("calls a function that returns twice");
  llvm::SmallVector<llvm::Type*, 4> unnamed;
  for (unsigned i = call.getFunctionType()->getNumParams(); i < call.arg_size(); ++i)
    unnamed.push_back(call.getArgOperand(i)->getType());
  return shapes.of(call.getFunctionType(), call.getAttributes(), call.getCallingConv(), unnamed,
                   call.getModule()->getDataLayout());
}

const llvm::GlobalValue* calledGlobal(const llvm::CallBase& call) {
  const llvm::Value* called = call.getCalledOperand();
  if (llvm::isa<llvm::Constant>(called) && !llvm::isa<llvm::GlobalValue>(called))
    called = called->stripPointerCasts();
  return llvm::dyn_cast<llvm::GlobalValue>(called);
}

std::optional<llvm::SmallVector<const llvm::Value*, 4>> operandsGivenBack(const llvm::CallBase& assembly) {
  const auto* code = llvm::cast<llvm::InlineAsm>(assembly.getCalledOperand());
  if (llvm::StringRef(code->getAsmString()).trim() != "")
    return std::nullopt;
  const auto constraints = code->ParseConstraints();
  llvm::SmallVector<const llvm::Value*, 4> results;
  for (const auto& constraint : constraints)
    if (constraint.Type == llvm::InlineAsm::isOutput && !constraint.isIndirect)
      results.push_back(nullptr);
  unsigned argument = 0;
  for (const auto& constraint : constraints) {
    if (constraint.Type == llvm::InlineAsm::isOutput && constraint.isIndirect)
      ++argument; // "+m" and "=*m": the memory stays as it is
    if (constraint.Type != llvm::InlineAsm::isInput)
      continue;
    const llvm::Value* value = assembly.getArgOperand(argument++);
    if (constraint.Codes.size() != 1 || constraint.Codes[0].empty() || isdigit(constraint.Codes[0][0]) == 0)
      continue;
    const auto result = static_cast<std::size_t>(std::stoul(constraint.Codes[0]));
    if (result >= results.size())
      return std::nullopt;
    results[result] = value;
  }
  return results;
}

} // namespace kiln::flow

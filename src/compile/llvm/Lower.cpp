#include "compile/llvm/Transform.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/ReplaceConstant.h>

namespace kiln {
namespace {

llvm::Function* declareRuntime(llvm::Module& module, std::string_view name, llvm::FunctionType* type) {
  auto* function =
      llvm::cast<llvm::Function>(module.getOrInsertFunction(llvm::StringRef(name.data(), name.size()), type).getCallee());
  // The answer is the same for a whole activation, so that LLVM may keep one and move it about.
  function->setDoesNotAccessMemory();
  function->setDoesNotThrow();
  function->addFnAttr(llvm::Attribute::WillReturn);
  function->addFnAttr(llvm::Attribute::NoCallback);
  function->addFnAttr(llvm::Attribute::NonLazyBind);
  return function;
}

llvm::Value* addressInThread(llvm::IRBuilder<>& builder, llvm::Module& module, const ProgramMap& map, SymbolRef ref,
                             const std::string& name) {
  auto* pointer = builder.getPtrTy();
  auto* type = llvm::FunctionType::get(pointer, {pointer}, false);
  if (ref.kind == SymbolRef::Kind::Tls) {
    auto* program = module.getOrInsertGlobal(llvm::StringRef(kTlsProgramSymbol.data(), kTlsProgramSymbol.size()),
                                             builder.getInt8Ty());
    auto* base = builder.CreateCall(declareRuntime(module, kTlsBaseSymbol, type), {program});
    return builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), base, map.data[ref.id].address);
  }
  auto* text = builder.CreateGlobalStringPtr(name, "", 0, &module);
  return builder.CreateCall(declareRuntime(module, kTlsExternalSymbol, type), {text});
}

} // namespace

void lowerThreadLocals(Unit& unit, const ProgramMap& map) {
  llvm::Module& module = *unit.module;
  std::vector<llvm::GlobalVariable*> variables;
  for (llvm::GlobalVariable& variable : module.globals())
    if (variable.isThreadLocal())
      variables.push_back(&variable);
  for (llvm::GlobalVariable* variable : variables) {
    SymbolRef ref = unit.names.lookup(variable->getName());
    std::string name = variable->getName().str();
    llvm::convertUsersOfConstantsToInstructions({variable});
    std::vector<llvm::Use*> uses;
    for (llvm::Use& use : variable->uses())
      uses.push_back(&use);
    for (llvm::Use* use : uses) {
      auto* user = llvm::dyn_cast<llvm::Instruction>(use->getUser());
      if (!user)
        continue;
      auto* phi = llvm::dyn_cast<llvm::PHINode>(user);
      llvm::IRBuilder<> builder(phi ? phi->getIncomingBlock(*use)->getTerminator() : user);
      llvm::Value* address = addressInThread(builder, module, map, ref, name);
      auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(user);
      if (intrinsic && intrinsic->getIntrinsicID() == llvm::Intrinsic::threadlocal_address) {
        intrinsic->replaceAllUsesWith(address);
        intrinsic->eraseFromParent();
      } else if (phi) {
        // One block may come in by several edges; all must carry the same value.
        llvm::BasicBlock* from = phi->getIncomingBlock(*use);
        for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i)
          if (phi->getIncomingBlock(i) == from)
            phi->setIncomingValue(i, address);
      } else {
        use->set(address);
      }
    }
    unit.names.erase(name);
    if (variable->use_empty())
      variable->eraseFromParent();
  }
}

namespace {

bool passesByFeatures(const llvm::Type* type) {
  if (const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type))
    return vector->getPrimitiveSizeInBits() > 128 || vector->getElementType()->isIntegerTy(1);
  for (const llvm::Type* inner : type->subtypes())
    if (!type->isFunctionTy() && passesByFeatures(inner))
      return true;
  return false;
}

bool signatureByFeatures(const llvm::FunctionType* type) {
  if (passesByFeatures(type->getReturnType()))
    return true;
  for (const llvm::Type* parameter : type->params())
    if (passesByFeatures(parameter))
      return true;
  return false;
}

bool callsByFeatures(llvm::Function& function) {
  if (signatureByFeatures(function.getFunctionType()))
    return true;
  for (llvm::Instruction& instruction : llvm::instructions(function))
    if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction); call && !llvm::isa<llvm::IntrinsicInst>(call)) {
      if (signatureByFeatures(call->getFunctionType()))
        return true;
      for (const llvm::Use& argument : call->args()) // variadic arguments too
        if (passesByFeatures(argument->getType()))
          return true;
    }
  return false;
}

} // namespace

void targetHost(Unit& unit, const std::string& cpu, const std::string& features) {
  for (llvm::Function& function : *unit.module) {
    if (function.isDeclaration() || callsByFeatures(function))
      continue;
    function.addFnAttr("target-cpu", cpu);
    function.addFnAttr("target-features", features);
    function.removeFnAttr("tune-cpu");
  }
}

} // namespace kiln

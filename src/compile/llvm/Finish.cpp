#include "compile/llvm/Transform.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>

namespace kiln {
namespace {

/// Every call of `callee` loads the target from its slot right before.
void callThroughSlot(llvm::Module& module, llvm::Function& callee, std::uint32_t id, llvm::StringRef readable) {
  std::vector<llvm::CallBase*> calls;
  for (llvm::User* user : callee.users())
    if (auto* call = llvm::dyn_cast<llvm::CallBase>(user); call && call->getCalledOperand() == &callee)
      calls.push_back(call);
  if (calls.empty())
    return;
  auto* pointer = llvm::PointerType::get(module.getContext(), 0);
  std::string name = kilnSymbolName(KilnSymbol::Slot, id, std::string_view(readable.data(), readable.size()));
  auto* slot = llvm::cast<llvm::GlobalVariable>(module.getOrInsertGlobal(name, pointer));
  slot->setDSOLocal(true);
  slot->setAlignment(llvm::Align(8));
  for (llvm::CallBase* call : calls) {
    llvm::IRBuilder<> builder(call);
    call->setCalledOperand(builder.CreateAlignedLoad(pointer, slot, llvm::Align(8)));
  }
}

} // namespace

std::string finishUnit(Unit& unit, Tier tier) {
  llvm::Module& module = *unit.module;
  std::vector<llvm::GlobalValue*> globals;
  for (llvm::GlobalValue& global : module.global_values())
    globals.push_back(&global);
  for (llvm::GlobalValue* global : globals) {
    std::string name = global->getName().str();
    SymbolRef ref = unit.names.lookup(name);
    if (auto* function = llvm::dyn_cast<llvm::Function>(global)) {
      if (function->hasAvailableExternallyLinkage())
        function->deleteBody();
      if (ref.kind != SymbolRef::Kind::Function)
        continue;
      callThroughSlot(module, *function, ref.id, name);
      std::string stub = "\01" + kilnSymbolName(KilnSymbol::Function, ref.id, name);
      if (function != unit.function) {
        function->setName(stub);
      } else if (!function->use_empty()) {
        // The function's address, taken in its own body, is its stub like anywhere else.
        auto* address = llvm::Function::Create(function->getFunctionType(), llvm::GlobalValue::ExternalLinkage, stub, module);
        address->setDSOLocal(true);
        function->replaceAllUsesWith(address);
      }
    } else if (auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(global)) {
      if (variable->hasAvailableExternallyLinkage()) {
        variable->setInitializer(nullptr);
        variable->setLinkage(llvm::GlobalValue::ExternalLinkage);
      }
      if (ref.kind == SymbolRef::Kind::Data)
        variable->setName(kilnSymbolName(KilnSymbol::Data, ref.id, name));
    }
  }
  std::string entry = "kiln.v." + std::to_string(unit.id) + '.' + std::string(tierName(tier)) + '.';
  if (unit.loop != kNoLoop)
    entry += "loop" + std::to_string(unit.loop) + '.';
  entry += unit.readable;
  unit.function->setName("\01" + entry); // as it is: some calling conventions decorate names
  unit.function->setLinkage(llvm::GlobalValue::ExternalLinkage);
  return entry;
}

} // namespace kiln

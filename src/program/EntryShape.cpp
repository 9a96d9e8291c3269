#include "program/EntryShape.h"

#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>
#include <llvm/Support/raw_ostream.h>

namespace kiln {

Result<EntryShape> entryShape(World& world, const ProgramMap& map, std::uint32_t id) {
  const FunctionInfo& info = map.functions[id];
  const llvm::FunctionType* type = world.functionAt(info.module, info.index).getFunctionType();
  bool fits = !info.ifuncResolved && !type->isVarArg() && type->getNumParams() <= 3;
  for (unsigned i = 0; fits && i < type->getNumParams(); ++i)
    fits = i == 0 ? type->getParamType(i)->isIntegerTy(32) : type->getParamType(i)->isPointerTy();
  bool returnsInt = type->getReturnType()->isIntegerTy() && type->getReturnType()->getIntegerBitWidth() <= 32;
  if (!fits || (!returnsInt && !type->getReturnType()->isVoidTy())) {
    std::string text;
    llvm::raw_string_ostream out(text);
    type->print(out);
    return fail(ErrorCode::BadMain,
                world.source(info.module).name + ": '" + info.name + "' has the type " + text +
                    "; a program starts at int (), int (int), int (int, char**) or int (int, char**, char**)");
  }
  return EntryShape{returnsInt};
}

} // namespace kiln

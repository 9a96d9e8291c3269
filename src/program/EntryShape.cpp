#include "program/EntryShape.h"

#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>
#include <llvm/Support/raw_ostream.h>

namespace kiln {

Result<EntryShape> entryShape(World& world, const ProgramMap& map, std::uint32_t id) {
  const FunctionInfo& info = map.functions[id];
  const std::string& file = world.source(info.module).name;
  if (info.ifuncResolved)
    return fail(ErrorCode::BadMain, file + ": '" + info.name + "' is chosen by an ifunc; a program cannot start there");
  return entryShape(world.functionAt(info.module, info.index).getFunctionType(), file, info.name);
}

Result<EntryShape> entryShape(const llvm::FunctionType* type, const std::string& file, const std::string& name) {
  bool fits = !type->isVarArg() && type->getNumParams() <= 3;
  for (unsigned i = 0; fits && i < type->getNumParams(); ++i)
    fits = i == 0 ? type->getParamType(i)->isIntegerTy(32) : type->getParamType(i)->isPointerTy();
  bool returnsInt = type->getReturnType()->isIntegerTy() && type->getReturnType()->getIntegerBitWidth() <= 32;
  if (!fits || (!returnsInt && !type->getReturnType()->isVoidTy())) {
    std::string text;
    llvm::raw_string_ostream out(text);
    type->print(out);
    return fail(ErrorCode::BadMain,
                file + ": '" + name + "' has the type " + text +
                    "; a program starts at int (), int (int), int (int, char**) or int (int, char**, char**)");
  }
  return EntryShape{returnsInt};
}

} // namespace kiln

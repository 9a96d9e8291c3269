#include "program/DebugLines.h"

#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

namespace kiln {

void DebugLines::reduce(llvm::Function& function) {
  if (llvm::DISubprogram* own = function.getSubprogram())
    function.setSubprogram(subprogram(own));
  auto inLoop = [this](llvm::Metadata* part) -> llvm::Metadata* {
    auto* place = llvm::dyn_cast_or_null<llvm::DILocation>(part);
    return place ? location(place) : part;
  };
  for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
    instruction.dropDbgRecords();
    if (llvm::isa<llvm::DbgInfoIntrinsic>(instruction)) {
      instruction.eraseFromParent();
      continue;
    }
    if (llvm::DILocation* place = instruction.getDebugLoc())
      instruction.setDebugLoc(location(place));
    if (instruction.hasMetadataOtherThanDebugLoc()) {
      llvm::updateLoopMetadataDebugLocations(instruction, inLoop);
      instruction.setMetadata("heapallocsite", nullptr); // names a type
      instruction.setMetadata(llvm::LLVMContext::MD_DIAssignID, nullptr);
    }
  }
}

llvm::DICompileUnit* DebugLines::unit(llvm::DICompileUnit* from) {
  if (!from)
    return nullptr;
  llvm::MDNode*& made = made_[from];
  if (!made)
    made = llvm::DICompileUnit::getDistinct(
        from->getContext(), from->getSourceLanguage(), from->getFile(), from->getProducer(), from->isOptimized(), "", 0,
        "", llvm::DICompileUnit::LineTablesOnly, nullptr, nullptr, nullptr, nullptr, nullptr, 0, false, false,
        llvm::DICompileUnit::DebugNameTableKind::None, false, "", "");
  return llvm::cast<llvm::DICompileUnit>(made);
}

llvm::DISubprogram* DebugLines::subprogram(llvm::DISubprogram* from) {
  if (auto at = made_.find(from); at != made_.end())
    return llvm::cast<llvm::DISubprogram>(at->second);
  llvm::LLVMContext& context = from->getContext();
  auto* untyped =
      llvm::DISubroutineType::get(context, llvm::DINode::FlagZero, 0, llvm::MDTuple::get(context, {nullptr}));
  auto* made = llvm::DISubprogram::getDistinct(context, from->getFile(), from->getName(), from->getLinkageName(),
                                               from->getFile(), from->getLine(), untyped, from->getScopeLine(), nullptr,
                                               0, 0, llvm::DINode::FlagZero, llvm::DISubprogram::SPFlagDefinition,
                                               unit(from->getUnit()));
  made_[from] = made_[made] = made;
  return made;
}

/// Blocks of the source are not kept: only that one of them is of another file.
llvm::DILocation* DebugLines::location(llvm::DILocation* from) {
  if (auto at = made_.find(from); at != made_.end())
    return llvm::cast<llvm::DILocation>(at->second);
  llvm::LLVMContext& context = from->getContext();
  llvm::DISubprogram* function = subprogram(from->getScope()->getSubprogram());
  llvm::DILocalScope* scope = function;
  if (llvm::DIFile* file = from->getScope()->getFile(); file && file != function->getFile())
    scope = llvm::DILexicalBlockFile::get(context, function, file, 0);
  llvm::DILocation* inlinedAt = from->getInlinedAt() ? location(from->getInlinedAt()) : nullptr;
  // One that is distinct stands for one inlined call among several on its line.
  auto* made = from->isDistinct()
                   ? llvm::DILocation::getDistinct(context, from->getLine(), from->getColumn(), scope, inlinedAt)
                   : llvm::DILocation::get(context, from->getLine(), from->getColumn(), scope, inlinedAt);
  made_[from] = made_[made] = made;
  return made;
}

LineCollector::LineCollector(const llvm::DISubprogram& function) {
  table_.name = function.getName().str();
  table_.linkageName = function.getLinkageName().str();
  if (const llvm::DICompileUnit* unit = function.getUnit()) {
    table_.language = unit->getSourceLanguage();
    table_.directory = unit->getDirectory().str();
  }
  table_.file = fileOf(function.getFile());
  table_.line = function.getLine();
}

std::uint32_t LineCollector::fileOf(const llvm::DIFile* file) {
  auto [at, fresh] = files_.try_emplace(file, static_cast<std::uint32_t>(table_.files.size()));
  if (fresh) {
    std::string name = file ? file->getFilename().str() : std::string();
    if (file && !name.starts_with('/') && !file->getDirectory().empty() && file->getDirectory() != table_.directory)
      name = file->getDirectory().str() + '/' + name;
    table_.files.push_back(std::move(name));
  }
  return at->second;
}

/// The inlined call that a place is part of, kNone if it is the function's own.
std::uint32_t LineCollector::inlinedOf(const llvm::DILocation* place) {
  const llvm::DILocation* call = place->getInlinedAt();
  if (!call)
    return LineTable::kNone;
  const llvm::DISubprogram* callee = place->getScope()->getSubprogram();
  auto [at, fresh] = inlined_.try_emplace({call, callee}, 0);
  if (!fresh)
    return at->second;
  LineTable::Inlined made;
  made.name = callee->getName().str();
  made.linkageName = callee->getLinkageName().str();
  made.file = fileOf(call->getFile());
  made.line = call->getLine();
  made.parent = inlinedOf(call);
  auto index = static_cast<std::uint32_t>(table_.inlined.size());
  table_.inlined.push_back(std::move(made));
  return inlined_[{call, callee}] = index;
}

void LineCollector::add(std::uint32_t offset, const llvm::DILocation* place) {
  LineTable::Row row;
  row.offset = offset;
  if (place)
    row = {offset, fileOf(place->getFile()), place->getLine(), place->getColumn(), inlinedOf(place)};
  auto& rows = table_.rows;
  if (!rows.empty() && rows.back().offset == offset)
    rows.pop_back(); // that one has no code
  if (!rows.empty()) {
    const LineTable::Row& last = rows.back();
    if (last.line == row.line && last.file == row.file && last.column == row.column && last.inlined == row.inlined)
      return;
  }
  rows.push_back(row);
}

} // namespace kiln

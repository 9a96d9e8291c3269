// Asked of the object that the code comes from.
//
// This file is C++20 (src/CMakeLists.txt): with C++23 a header of LLVM 19 that it needs does not compile against
// libstdc++ 12.
#include "compile/llvm/Lines.h"

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/Object/ELFObjectFile.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace kiln {
namespace {

using llvm::DILineInfo;

class Collector {
public:
  Collector(llvm::DWARFContext& context, const llvm::DISubprogram& function) : context_(context) {
    table_.name = function.getName().str();
    table_.linkageName = function.getLinkageName().str();
    if (const llvm::DICompileUnit* unit = function.getUnit()) {
      table_.language = unit->getSourceLanguage();
      table_.directory = unit->getDirectory().str();
    }
    table_.file = fileOf(function.getFilename().str());
    table_.line = function.getLine();
  }

  void add(std::uint64_t section, const llvm::DWARFDebugLine::Row& row) {
    LineTable::Row made;
    made.offset = static_cast<std::uint32_t>(row.Address.Address);
    if (!row.EndSequence && row.Line != 0) {
      const llvm::DILineInfoSpecifier wanted(llvm::DILineInfoSpecifier::FileLineInfoKind::AbsoluteFilePath,
                                             llvm::DILineInfoSpecifier::FunctionNameKind::LinkageName);
      const auto chain = context_.getInliningInfoForAddress({row.Address.Address, section}, wanted);
      if (chain.getNumberOfFrames() == 0)
        return;
      made.line = row.Line;
      made.column = row.Column;
      made.file = fileOf(chain.getFrame(0).FileName);
      made.inlined = inlinedOf(chain);
    }
    auto& rows = table_.rows;
    if (!rows.empty() && rows.back().offset == made.offset)
      rows.pop_back();
    rows.push_back(made);
  }

  LineTable take() { return std::move(table_); }

private:
  std::uint32_t fileOf(const std::string& name) {
    auto [at, fresh] = files_.try_emplace(name, static_cast<std::uint32_t>(table_.files.size()));
    if (fresh)
      table_.files.push_back(name);
    return at->second;
  }

  /// Frame i of a chain was inlined into frame i + 1, whose line is that of the call.
  std::uint32_t inlinedOf(const llvm::DIInliningInfo& chain) {
    std::uint32_t parent = LineTable::kNone;
    for (unsigned i = chain.getNumberOfFrames() - 1; i-- > 0;) {
      const DILineInfo &callee = chain.getFrame(i), &caller = chain.getFrame(i + 1);
      LineTable::Inlined made{callee.FunctionName, callee.FunctionName, fileOf(caller.FileName), caller.Line, parent};
      auto [at, fresh] = inlined_.try_emplace({made.linkageName, made.file, made.line, parent},
                                              static_cast<std::uint32_t>(table_.inlined.size()));
      if (fresh)
        table_.inlined.push_back(std::move(made));
      parent = at->second;
    }
    return parent;
  }

  llvm::DWARFContext& context_;
  LineTable table_;
  std::map<std::string, std::uint32_t> files_;
  std::map<std::tuple<std::string, std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> inlined_;
};

} // namespace

std::shared_ptr<const LineTable> linesOf(const llvm::Function& function, llvm::ArrayRef<char> object) {
  const llvm::DISubprogram* source = function.getSubprogram();
  if (!source)
    return nullptr;
  llvm::MemoryBufferRef buffer(llvm::StringRef(object.data(), object.size()), "unit");
  auto file = llvm::object::ObjectFile::createObjectFile(buffer);
  if (!file) {
    llvm::consumeError(file.takeError());
    return nullptr;
  }
  // Complaints cost lines, not the program.
  auto ignore = [](llvm::Error error) { llvm::consumeError(std::move(error)); };
  auto context = llvm::DWARFContext::create(**file, llvm::DWARFContext::ProcessDebugRelocations::Process, nullptr, "",
                                            ignore, ignore);
  if (context->getNumCompileUnits() == 0)
    return nullptr;
  Collector lines(*context, *source);
  // The unit has one function, and so one section of code. Several units are those of files that callees come from; the
  // lines of the code are in one of them.
  for (const auto& unit : context->compile_units())
    if (const auto* table = context->getLineTableForUnit(unit.get()))
      for (const auto& row : table->Rows)
        lines.add(row.Address.SectionIndex, row);
  auto made = std::make_shared<LineTable>(lines.take());
  std::ranges::stable_sort(made->rows, {}, &LineTable::Row::offset);
  return made;
}

} // namespace kiln

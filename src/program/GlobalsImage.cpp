#include "program/GlobalsImage.h"

#include <llvm/IR/Constants.h>

#include <sys/mman.h>

#include <algorithm>
#include <map>

#include "program/ConstantWriter.h"

namespace kiln {

Result<void> GlobalsImage::layOut(AddressRange& range, World& world, ProgramMap& map) {
  std::uint64_t constants = 0, variables = 0, tls = 0;
  auto place = [](std::uint64_t& end, const DataInfo& info) {
    std::uint64_t at = alignUp(end, info.alignment);
    // Every variable has an address of its own, also an empty one.
    end = at + std::max<std::uint64_t>(info.size, 1);
    return at;
  };
  // Variables of a section that the source names lie together; one that is written puts all among the variables.
  std::map<std::string, std::vector<DataInfo*>> sections;
  for (DataInfo& info : map.data)
    if (!info.isTls && !info.section.empty())
      sections[info.section].push_back(&info);
  for (auto& [name, members] : sections)
    if (!std::all_of(members.begin(), members.end(), [](const DataInfo* info) { return info->constant; }))
      for (DataInfo* info : members)
        info->constant = false;
  for (DataInfo& info : map.data) {
    if (!info.isTls && !info.section.empty())
      continue;
    std::uint64_t& end = info.isTls ? tls : info.constant ? constants : variables;
    info.address = place(end, info);
    // So has the end of a constant: an address says which one it belongs to (ProgramMap::constantAt).
    constants += info.constant && !info.isTls ? 1 : 0;
    if (info.isTls)
      tls_.alignment = std::max(tls_.alignment, info.alignment);
  }
  for (auto& [name, members] : sections) {
    for (DataInfo* info : members)
      info->address = place(info->constant ? constants : variables, *info);
  }
  if (constants + variables > AddressRange::kMaxBytes / 2)
    return fail(ErrorCode::Unsupported, world.source(0).name + ": the program's variables take " +
                                            std::to_string((constants + variables) >> 20) +
                                            " MiB; Kiln has room for 1024");
  // Room behind the last variable: code may read whole words where it only needs bytes.
  auto constantPages = range.takeWritable(constants + 16);
  auto variablePages = constantPages ? range.takeWritable(variables + 16) : constantPages;
  if (!constantPages || !variablePages)
    return std::unexpected(!constantPages ? constantPages.error() : variablePages.error());
  constants_ = *constantPages;
  variables_ = *variablePages;
  tls_.bytes.resize(tls);
  for (DataInfo& info : map.data)
    if (!info.isTls)
      info.address += reinterpret_cast<std::uintptr_t>(info.constant ? constants_.data() : variables_.data());
  for (auto& [name, members] : sections)
    sections_.push_back({name, members.front()->address, members.back()->address + members.back()->size});
  return {};
}

Result<void> GlobalsImage::write(World& world, const ProgramMap& map, const WorldSymbols& symbols,
                                 const FunctionAddress& functions) {
  for (const DataInfo& info : map.data) {
    llvm::GlobalVariable& variable = world.variableAt(info.module, info.index);
    ConstantWriter writer(variable.getParent()->getDataLayout(), map, symbols, functions);
    auto* at = info.isTls ? tls_.bytes.data() + info.address : reinterpret_cast<std::byte*>(info.address);
    if (auto done = writer.write(variable.getInitializer(), at); !done)
      return fail(done.error().code,
                  world.source(info.module).name + ": variable '" + info.name + "': " + done.error().message);
  }
  if (mprotect(constants_.data(), constants_.size(), PROT_READ) != 0)
    return fail(ErrorCode::SystemError, "cannot protect the program's constants");
  return {};
}

} // namespace kiln

#include "program/GlobalsImage.h"

#include <llvm/IR/Constants.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "program/ConstantWriter.h"

namespace kiln {
namespace {

/// Of a program whose variables begin with more, little would be gained.
constexpr std::uint64_t kMostContents = std::uint64_t{16} << 20;

} // namespace

Result<void> GlobalsImage::layOut(AddressRange& range, const std::string& name, ProgramMap& map) {
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
    return fail(ErrorCode::Unsupported, name + ": the program's variables take " +
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
    if (auto done = writer.write(variable.getInitializer(), placeOf(info)); !done)
      return fail(done.error().code,
                  world.source(info.module).name + ": variable '" + info.name + "': " + done.error().message);
  }
  return protect();
}

std::byte* GlobalsImage::placeOf(const DataInfo& info) {
  return info.isTls ? tls_.bytes.data() + info.address : reinterpret_cast<std::byte*>(info.address);
}

Result<void> GlobalsImage::protect() {
  if (mprotect(constants_.data(), constants_.size(), PROT_READ) != 0)
    return fail(ErrorCode::SystemError, "cannot protect the program's constants");
  return {};
}

std::optional<std::string> GlobalsImage::contents(World& world, const ProgramMap& map, const WorldSymbols& symbols) {
  static const FunctionAddress kNone = [](std::uint32_t) { return std::uintptr_t{0}; };
  ByteWriter out;
  std::vector<std::byte> bytes;
  for (std::uint32_t id = 0; id < map.data.size(); ++id) {
    const DataInfo& info = map.data[id];
    llvm::GlobalVariable& variable = world.variableAt(info.module, info.index);
    if (variable.getInitializer()->isNullValue())
      continue;
    if (info.size > kMostContents - std::min<std::uint64_t>(out.bytes.size(), kMostContents))
      return std::nullopt;
    bytes.assign(info.size, std::byte{0});
    Relocations relocations;
    ConstantWriter writer(variable.getParent()->getDataLayout(), map, symbols, kNone);
    writer.noteAddresses(relocations);
    if (!writer.write(variable.getInitializer(), bytes.data()) || !relocations.complete)
      return std::nullopt;
    out.u32(id);
    out.text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    out.count(relocations.places.size());
    for (const Relocation& each : relocations.places) {
      out.u64(static_cast<std::uint64_t>(each.at - bytes.data()));
      out.u8(static_cast<std::uint8_t>(each.to.kind));
      out.u32(each.to.id);
      out.u64(static_cast<std::uint64_t>(each.to.offset));
    }
  }
  return std::move(out.bytes);
}

bool GlobalsImage::fillAll(ByteReader& in, const ProgramMap& map, const FunctionAddress& functions) {
  auto addressOf = [&](SymbolRef::Kind kind, std::uint32_t id) -> std::optional<std::uintptr_t> {
    if (kind == SymbolRef::Kind::Function && id < map.functions.size())
      return functions(id);
    if (kind == SymbolRef::Kind::Data && id < map.data.size())
      return map.data[id].address;
    if (kind == SymbolRef::Kind::External && id < map.externals.size())
      return map.externals[id].address;
    return std::nullopt;
  };
  while (!in.finished()) {
    const std::uint32_t id = in.u32();
    const std::string_view bytes = in.text();
    if (!in.sound() || id >= map.data.size() || bytes.size() != map.data[id].size)
      return false;
    std::byte* at = placeOf(map.data[id]);
    memcpy(at, bytes.data(), bytes.size());
    for (std::uint64_t left = in.count(21); left != 0; --left) {
      const std::uint64_t offset = in.u64();
      const auto kind = static_cast<SymbolRef::Kind>(in.u8());
      const std::uint32_t to = in.u32();
      const std::uint64_t distance = in.u64();
      const auto base = addressOf(kind, to);
      if (!base || bytes.size() < sizeof(std::uintptr_t) || offset > bytes.size() - sizeof(std::uintptr_t))
        return false;
      const std::uintptr_t address = *base + distance;
      memcpy(at + offset, &address, sizeof address);
    }
  }
  return true;
}

bool GlobalsImage::fill(ByteReader& in, const ProgramMap& map, const FunctionAddress& functions) {
  if (fillAll(in, map, functions))
    return protect().has_value();
  // As it was, for write().
  std::ranges::fill(constants_, std::byte{0});
  std::ranges::fill(variables_, std::byte{0});
  std::ranges::fill(tls_.bytes, std::byte{0});
  return false;
}

} // namespace kiln

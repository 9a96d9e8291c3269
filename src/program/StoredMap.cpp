// A program's map as bytes.
#include <algorithm>
#include <limits>

#include "program/ProgramMap.h"

namespace kiln {
namespace {

constexpr std::uint8_t kInternal = 1, kIFunc = 2, kReplaceable = 4, kConstant = 1, kTls = 2;
/// Bytes of each at least.
constexpr std::size_t kRefBytes = 13, kNameBytes = 8;

void put(ByteWriter& out, const SymbolRef& ref) {
  out.u8(static_cast<std::uint8_t>(ref.kind));
  out.u32(ref.id);
  out.u64(static_cast<std::uint64_t>(ref.offset));
}
SymbolRef takeRef(ByteReader& in) {
  SymbolRef ref;
  ref.kind = static_cast<SymbolRef::Kind>(in.u8());
  ref.id = in.u32();
  ref.offset = static_cast<std::int64_t>(in.u64());
  return ref;
}

void put(ByteWriter& out, const std::vector<SymbolRef>& refs) {
  out.count(refs.size());
  for (const SymbolRef& ref : refs)
    put(out, ref);
}
void take(ByteReader& in, std::vector<SymbolRef>& refs) {
  refs.resize(in.count(kRefBytes));
  for (SymbolRef& ref : refs)
    ref = takeRef(in);
}

void put(ByteWriter& out, const std::vector<std::uint32_t>& numbers) {
  out.count(numbers.size());
  for (std::uint32_t number : numbers)
    out.u32(number);
}
void take(ByteReader& in, std::vector<std::uint32_t>& numbers) {
  numbers.resize(in.count(sizeof(std::uint32_t)));
  for (std::uint32_t& number : numbers)
    number = in.u32();
}

} // namespace

void ProgramMap::store(ByteWriter& out) const {
  out.count(functions.size());
  for (const FunctionInfo& each : functions) {
    out.text(each.name);
    out.u32(each.module);
    out.u32(each.index);
    out.u8((each.internal ? kInternal : 0) | (each.ifuncResolved ? kIFunc : 0) | (each.replaceable ? kReplaceable : 0));
  }
  out.count(data.size());
  for (const DataInfo& each : data) {
    out.text(each.name);
    out.u32(each.module);
    out.u32(each.index);
    out.u64(each.size);
    out.u64(each.alignment);
    out.u8((each.constant ? kConstant : 0) | (each.isTls ? kTls : 0));
    out.text(each.section);
  }
  out.count(externals.size());
  for (const ExternalInfo& each : externals) {
    out.text(each.name);
    out.u8(each.isTls);
  }
  out.count(ifuncs.size());
  for (const IFuncInfo& each : ifuncs) {
    out.u32(each.function);
    out.u32(each.resolver);
  }
  put(out, constructors);
  put(out, destructors);
  out.count(modules_.size());
  for (const ModuleRefs& each : modules_) {
    put(out, each.functions);
    put(out, each.variables);
    put(out, each.aliases);
    put(out, each.ifuncs);
  }
  out.count(byName_.size());
  for (const auto& each : byName_) {
    out.text(each.first());
    put(out, each.second);
  }
  out.count(absent_.size());
  for (const std::string& each : absent_)
    out.text(each);
}

std::optional<ProgramMap> ProgramMap::restore(ByteReader& in, HostSymbols& host) {
  ProgramMap map;
  map.functions.resize(in.count(kNameBytes + 9));
  for (FunctionInfo& each : map.functions) {
    each.name = in.text();
    each.module = in.u32();
    each.index = in.u32();
    const std::uint8_t flags = in.u8();
    each.internal = (flags & kInternal) != 0;
    each.ifuncResolved = (flags & kIFunc) != 0;
    each.replaceable = (flags & kReplaceable) != 0;
  }
  map.data.resize(in.count(kNameBytes + 25));
  for (DataInfo& each : map.data) {
    each.name = in.text();
    each.module = in.u32();
    each.index = in.u32();
    each.size = in.u64();
    each.alignment = in.u64();
    const std::uint8_t flags = in.u8();
    each.constant = (flags & kConstant) != 0;
    each.isTls = (flags & kTls) != 0;
    each.section = in.text();
  }
  map.externals.resize(in.count(kNameBytes + 1));
  for (ExternalInfo& each : map.externals) {
    each.name = in.text();
    each.isTls = in.u8() != 0;
    auto address = in.sound() ? host.find(each.name) : std::nullopt;
    if (!address)
      return std::nullopt;
    each.address = *address;
  }
  map.ifuncs.resize(in.count(8));
  for (IFuncInfo& each : map.ifuncs) {
    each.function = in.u32();
    each.resolver = in.u32();
  }
  take(in, map.constructors);
  take(in, map.destructors);
  map.modules_.resize(in.count(16));
  for (ModuleRefs& each : map.modules_) {
    take(in, each.functions);
    take(in, each.variables);
    take(in, each.aliases);
    take(in, each.ifuncs);
  }
  for (std::uint64_t left = in.count(kNameBytes + kRefBytes); left != 0; --left) {
    const std::string_view name = in.text();
    map.byName_[name] = takeRef(in);
  }
  for (std::uint64_t left = in.count(kNameBytes); left != 0; --left) {
    map.absent_.emplace_back(in.text());
    if (host.find(map.absent_.back()))
      return std::nullopt;
  }
  if (!in.sound())
    return std::nullopt;
  return map;
}

} // namespace kiln

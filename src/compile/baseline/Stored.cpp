#include "compile/baseline/Stored.h"

#include <type_traits>

#include "compile/baseline/LoopRecord.h"
#include "support/Bytes.h"

namespace kiln::baseline {
namespace {

/// Functions of the runtime are stored as their distance from this one.
std::uintptr_t anchor() {
  return reinterpret_cast<std::uintptr_t>(&kiln_baseline_loop);
}

/// All fields of Code that a version needs, in one order for both ways; `archive(field)` for numbers and arrays of
/// plain structs.
template <typename Archive, typename Code> void plainFields(Archive&& archive, Code& code) {
  archive(code.function);
  archive(code.bytes);
  archive(code.codeBytes);
  archive(code.fixups);
  archive(code.frame);
  archive(code.loops);
  archive(code.calls);
  archive(code.types);
  archive(code.personality);
  archive(code.counts);
  archive(code.records);
  archive(code.profileBytes);
  archive(code.instructions);
  archive(code.firstInstruction);
  archive(code.valuePlaces);
  archive(code.places);
  archive(code.variables);
  archive(code.leave);
  archive(code.hiddenSlot);
}

// The fields of what arrays consist of.
template <typename Use> auto fieldsOf(Reference& each, Use&& use) {
  return use(each.target, each.id, each.addend);
}
template <typename Use> auto fieldsOf(Fixup& each, Use&& use) {
  return use(each.at, each.end, each.to.target, each.to.id, each.to.addend);
}
template <typename Use> auto fieldsOf(FrameStep& each, Use&& use) {
  return use(each.kind, each.at, each.reg, each.offset);
}
template <typename Use> auto fieldsOf(LoopSite& each, Use&& use) {
  return use(each.block);
}
template <typename Use> auto fieldsOf(CallRange& each, Use&& use) {
  return use(each.begin, each.end, each.landing, each.site);
}
template <typename Use> auto fieldsOf(CountSite& each, Use&& use) {
  return use(each.kind, each.value, each.offset, each.count);
}
template <typename Use> auto fieldsOf(Place& each, Use&& use) {
  return use(each.reg, each.saved, each.offset);
}
template <typename Use> auto fieldsOf(std::pair<std::uint32_t, std::int32_t>& each, Use&& use) {
  return use(each.first, each.second);
}
template <typename T, typename Use>
  requires std::is_arithmetic_v<T>
auto fieldsOf(T& each, Use&& use) {
  return use(each);
}

/// Bytes of one, without padding.
template <typename T> std::size_t storedBytes() {
  T each{};
  return fieldsOf(each, [](const auto&... fields) { return (sizeof fields + ...); });
}

class Writer {
public:
  ByteWriter out;
  template <typename T> void operator()(const T& value) { put(&value, 1); }
  template <typename T> void operator()(const std::vector<T>& values) {
    out.count(values.size());
    put(values.data(), values.size());
  }

private:
  template <typename T> void put(const T* values, std::size_t count) {
    const std::size_t at = out.bytes.size();
    out.bytes.resize(at + count * storedBytes<T>());
    char* to = out.bytes.data() + at;
    for (std::size_t i = 0; i < count; ++i)
      fieldsOf(const_cast<T&>(values[i]),
               [&](const auto&... fields) { ((memcpy(to, &fields, sizeof fields), to += sizeof fields), ...); });
  }
};

class Reader {
public:
  ByteReader in;
  template <typename T> void operator()(T& value) { take(&value, 1); }
  template <typename T> void operator()(std::vector<T>& values) {
    values.resize(in.count(storedBytes<T>()));
    take(values.data(), values.size());
  }

private:
  template <typename T> void take(T* values, std::size_t count) {
    std::string_view bytes = in.take(count * storedBytes<T>());
    const char* from = bytes.data();
    if (!bytes.empty())
      for (std::size_t i = 0; i < count; ++i)
        fieldsOf(values[i],
                 [&](auto&... fields) { ((memcpy(&fields, from, sizeof fields), from += sizeof fields), ...); });
  }
};

} // namespace

std::string storeCode(const Code& code) {
  Writer writer;
  plainFields(writer, code);
  ByteWriter& out = writer.out;
  out.count(code.runtime.size());
  for (const RuntimeAddress& each : code.runtime) {
    out.u8(static_cast<std::uint8_t>(each.kind));
    out.u64(each.kind == RuntimeAddress::Kind::Kiln ? each.address - anchor() : 0);
    out.u32(each.id);
    out.text(each.name);
  }
  out.count(code.landings.size());
  for (const InvokeSite& site : code.landings) {
    out.u8(site.cleanup);
    out.count(site.clauses.size());
    for (const LandingClause& clause : site.clauses) {
      out.u8(static_cast<std::uint8_t>(clause.kind));
      writer(clause.types);
    }
  }
  return std::move(out.bytes);
}

std::unique_ptr<Code> restoreCode(std::string_view bytes) {
  auto code = std::make_unique<Code>();
  Reader reader{.in = ByteReader(bytes)};
  plainFields(reader, *code);
  ByteReader& in = reader.in;
  code->runtime.resize(in.count(1));
  for (RuntimeAddress& each : code->runtime) {
    each.kind = static_cast<RuntimeAddress::Kind>(in.u8());
    const std::uint64_t distance = in.u64();
    each.address = each.kind == RuntimeAddress::Kind::Kiln ? anchor() + distance : 0;
    each.id = in.u32();
    each.name = in.text();
  }
  code->landings.resize(in.count(1));
  for (InvokeSite& site : code->landings) {
    site.cleanup = in.u8() != 0;
    site.clauses.resize(in.count(1));
    for (LandingClause& clause : site.clauses) {
      clause.kind = static_cast<LandingClause::Kind>(in.u8());
      reader(clause.types);
    }
  }
  return in.finished() ? std::move(code) : nullptr;
}

} // namespace kiln::baseline

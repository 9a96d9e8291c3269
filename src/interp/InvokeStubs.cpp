#include "interp/InvokeStubs.h"

#include <array>
#include <cassert>
#include <cstring>
#include <initializer_list>
#include <string>
#include <unordered_map>

#include "code/UnwindRegistry.h"

namespace kiln {
namespace {

// Encodings of pointers in unwind tables: the low half says the format, the high half what it is relative to.
constexpr std::uint8_t kAbsolutePointer = 0x00; // DW_EH_PE_absptr
constexpr std::uint8_t kUleb128 = 0x01;         // DW_EH_PE_uleb128
constexpr std::uint8_t kRelative4 = 0x1b; // DW_EH_PE_pcrel | DW_EH_PE_sdata4, as in compilers' tables: libgcc sorts
                                          // tables of one encoding with less work than mixed ones
constexpr std::uint8_t kOmitted = 0xff;   // DW_EH_PE_omit

// Every stub is one of these, with the argument in rdi and the function in rsi. The push aligns the stack.
constexpr std::array<std::uint8_t, kInvokeStubBytes> kStubCode = {
    0x50,                                    // push rax
    0xff, 0xd6,                              // call rsi
    0x31, 0xc0,                              // xor eax, eax
    0x31, 0xd2,                              // xor edx, edx
    0x59,                                    // pop rcx
    0xc3,                                    // ret
    0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc // int3
};
// The landing pad of all stubs, behind the last one: exception and selector are where they are to be returned, and a
// stub has nothing else to restore. Its instructions stand where the rule for the stack (kFrameRule) holds for them
// too.
constexpr std::array<std::uint8_t, kInvokeStubBytes> kLandingCode = {
    0xcc, 0xcc, 0xcc, 0xcc,                  // int3
    0x48, 0x63, 0xd2,                        // movsxd rdx, edx
    0x59,                                    // pop rcx
    0xc3,                                    // ret
    0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc // int3
};
constexpr std::size_t kLandingOffset = 4;

// One rule for the canonical frame address instead of three per stub, so that finding it takes the same time in all
// stubs: rsp + 8, and another 8 between push and pop, which are known by the low four bits of rip. Linkers describe
// procedure linkage tables in the same way.
constexpr std::uint8_t kFrameRule[] = {
    0x0f, 11,   // DW_CFA_def_cfa_expression, 11 bytes
    0x77, 8,    // DW_OP_breg7 (rsp), 8
    0x80, 0x7f, // DW_OP_breg16 (rip), -1
    0x3f,       // DW_OP_lit15
    0x1a,       // DW_OP_and
    0x37,       // DW_OP_lit7
    0x2d,       // DW_OP_lt
    0x33,       // DW_OP_lit3
    0x24,       // DW_OP_shl
    0x22,       // DW_OP_plus
    0x90, 1,    // DW_CFA_offset rip, cfa - 8
};

class Bytes {
public:
  std::size_t size() const { return data_.size(); }
  std::vector<std::byte> take() { return std::move(data_); }

  void byte(std::uint8_t value) { data_.push_back(std::byte{value}); }
  template <typename Range> void append(const Range& values) {
    for (auto value : values)
      byte(static_cast<std::uint8_t>(value));
  }
  template <typename T> void fixed(T value) {
    std::size_t at = size();
    data_.resize(at + sizeof value);
    memcpy(data_.data() + at, &value, sizeof value);
  }
  void uleb(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  void sleb(std::int64_t value) {
    for (; value < -0x40 || value >= 0x40; value >>= 7)
      byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value & 0x7f));
  }
  void overwrite(std::size_t at, std::uint32_t value) { memcpy(data_.data() + at, &value, sizeof value); }
  std::string_view from(std::size_t at) const {
    return {reinterpret_cast<const char*>(data_.data()) + at, size() - at};
  }
  void truncate(std::size_t size) { data_.resize(size); }

private:
  std::vector<std::byte> data_;
};

/// Builds the LSDA: which landing pad a call site has, the chain of actions that says what it is for, and the types and
/// lists of types that actions name.
class LsdaBuilder {
public:
  /// The number of the stub for a site, a new one if none has equal clauses.
  std::uint32_t stubFor(const InvokeSite& site) {
    // Chains are compared by their bytes. The two sites that have none, a cleanup and one without landing pad, are
    // known by one byte each; a chain has at least two.
    std::size_t start = actions_.size();
    addChain(site);
    std::string key(actions_.from(start));
    bool lands = !site.clauses.empty() || site.cleanup;
    std::uint64_t action = key.empty() ? 0 : start + 1; // 1 is the first byte of the action table, 0 is no action
    if (key.empty())
      key = lands ? "c" : "n";
    auto [known, fresh] = stubs_.try_emplace(std::move(key), static_cast<std::uint32_t>(sites_.size()));
    if (fresh)
      sites_.push_back({action, lands});
    else
      actions_.truncate(start);
    return known->second;
  }

  std::size_t stubCount() const { return sites_.size(); }

  std::vector<std::byte> finish(std::span<const std::uintptr_t> types) {
    Bytes table;
    // Positions of landing pads count from the function's start, which is what omitting their base means. 0 would be no
    // landing pad, but the one of these functions stands behind the stubs.
    const std::uint64_t landing = sites_.size() * kInvokeStubBytes + kLandingOffset;
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      table.uleb(i * kInvokeStubBytes);
      table.uleb(kInvokeStubBytes);
      table.uleb(sites_[i].lands ? landing : 0);
      table.uleb(sites_[i].action);
    }
    Bytes rest; // from behind the offset of the type table
    rest.byte(kUleb128);
    rest.uleb(table.size());
    rest.append(table.take());
    rest.append(actions_.take());
    // Entry n lies n places below the base, lists of types above it.
    for (std::size_t i = types.size(); i-- > 0;)
      rest.fixed(types[i]);
    std::size_t base = rest.size();
    rest.append(filters_.take());

    Bytes lsda;
    lsda.byte(kOmitted); // base of landing pads
    lsda.byte(kAbsolutePointer);
    lsda.uleb(base);
    lsda.append(rest.take());
    return lsda.take();
  }

private:
  struct Site {
    std::uint64_t action;
    bool lands;
  };

  /// Appends one record per clause, each but the last followed by the next. A cleanup behind clauses is an action of
  /// its own; alone it is none, like in compilers' tables.
  void addChain(const InvokeSite& site) {
    std::size_t left = site.clauses.size() + (site.cleanup && !site.clauses.empty());
    auto record = [&](std::int64_t value) {
      actions_.sleb(value);
      actions_.byte(--left ? 1 : 0); // distance from this byte to the next record; 0 at the end
    };
    for (const LandingClause& clause : site.clauses) {
      assert((clause.kind == LandingClause::Kind::Filter || clause.types.size() == 1) && "a catch names one type");
      record(clause.kind == LandingClause::Kind::Catch ? std::int64_t{clause.types[0]} + 1 : filter(clause.types));
    }
    if (left)
      record(0);
  }

  /// The selector of a filter: -1 - offset of its list of types above the base of the type table.
  std::int64_t filter(const std::vector<std::uint32_t>& types) {
    std::size_t start = filters_.size();
    for (std::uint32_t type : types)
      filters_.uleb(std::uint64_t{type} + 1);
    filters_.byte(0);
    auto [known, fresh] = lists_.try_emplace(std::string(filters_.from(start)), start);
    if (!fresh)
      filters_.truncate(start);
    return -1 - static_cast<std::int64_t>(known->second);
  }

  Bytes actions_, filters_;
  std::vector<Site> sites_;
  std::unordered_map<std::string, std::uint32_t> stubs_;
  std::unordered_map<std::string, std::size_t> lists_;
};

/// Appends what `body` writes as one entry of `.eh_frame`: its length, the body, padding.
template <typename Body> void addEntry(Bytes& section, Body body) {
  std::size_t start = section.size();
  section.fixed(std::uint32_t{0});
  body();
  while ((section.size() - start) % 8 != 0)
    section.byte(0); // DW_CFA_nop
  section.overwrite(start, static_cast<std::uint32_t>(section.size() - start - 4));
}

void encodeUnwind(InvokeStubs& stubs, std::uintptr_t personality) {
  Bytes section;
  addEntry(section, [&] {
    section.fixed(std::uint32_t{0}); // it is a CIE
    section.byte(1);                 // version
    section.append(std::initializer_list<char>{'z', 'P', 'L', 'R', '\0'});
    section.uleb(1);  // code alignment factor
    section.sleb(-8); // data alignment factor
    section.byte(16); // return address register: rip
    section.uleb(1 + sizeof personality + 1 + 1);
    section.byte(kAbsolutePointer); // the personality may be anywhere
    section.fixed(personality);
    section.byte(kRelative4); // how FDEs say LSDA
    section.byte(kRelative4); // and code
    section.append(kFrameRule);
  });
  addEntry(section, [&] {
    section.fixed(static_cast<std::uint32_t>(section.size())); // distance from here to the CIE
    stubs.codeField = static_cast<std::uint32_t>(section.size());
    section.fixed(std::uint32_t{0});
    section.fixed(static_cast<std::uint32_t>(stubs.code.size()));
    section.uleb(4);
    stubs.lsdaField = static_cast<std::uint32_t>(section.size());
    section.fixed(std::uint32_t{0});
  });
  section.fixed(std::uint32_t{0});
  stubs.unwind = section.take();
}

} // namespace

InvokeStubs encodeInvokeStubs(std::span<const InvokeSite> sites, std::span<const std::uintptr_t> types,
                              std::uintptr_t personality) {
  InvokeStubs stubs;
  LsdaBuilder lsda;
  stubs.entries.reserve(sites.size());
  for (const InvokeSite& site : sites)
    stubs.entries.push_back(static_cast<std::uint32_t>(lsda.stubFor(site) * kInvokeStubBytes));
  Bytes code;
  for (std::size_t i = 0; i < lsda.stubCount(); ++i)
    code.append(kStubCode);
  code.append(kLandingCode);
  stubs.code = code.take();
  stubs.lsda = lsda.finish(types);
  encodeUnwind(stubs, personality);
  return stubs;
}

std::size_t invokeTableBytes(const InvokeStubs& stubs) {
  return stubs.unwind.size() + stubs.lsda.size();
}

void placeInvokeStubs(const InvokeStubs& stubs, const CodeSpan& code, const CodeSpan& tables) {
  assert(code.size >= stubs.code.size() && tables.size >= invokeTableBytes(stubs));
  std::size_t lsda = stubs.unwind.size();
  memcpy(tables.rw, stubs.unwind.data(), lsda);
  memcpy(tables.rw + lsda, stubs.lsda.data(), stubs.lsda.size());
  auto point = [&](std::uint32_t field, const std::byte* to) {
    auto distance = static_cast<std::int32_t>(to - (tables.rx + field));
    memcpy(tables.rw + field, &distance, sizeof distance);
  };
  point(stubs.codeField, code.rx);
  point(stubs.lsdaField, tables.rx + lsda);
  memcpy(code.rw, stubs.code.data(), stubs.code.size());
}

Result<InstalledStubs> installInvokeStubs(CodeSpace& space, UnwindRegistry& unwind, std::span<const InvokeSite> sites,
                                          std::span<const std::uintptr_t> types, std::uintptr_t personality) {
  InvokeStubs stubs = encodeInvokeStubs(sites, types, personality);
  InstalledStubs installed;
  auto code = space.allocate(CodeArena::Code, stubs.code.size(), kInvokeStubBytes);
  if (!code)
    return std::unexpected(code.error());
  auto tables = space.allocate(CodeArena::Constants, invokeTableBytes(stubs), 8);
  if (!tables) {
    space.release(*code);
    return std::unexpected(tables.error());
  }
  installed.code = *code;
  installed.tables = *tables;
  placeInvokeStubs(stubs, *code, *tables);
  installed.stubs.reserve(sites.size());
  for (std::uint32_t entry : stubs.entries)
    installed.stubs.push_back(reinterpret_cast<InvokeStub>(code->rx + entry));
  unwind.add(tables->rx, reinterpret_cast<std::uintptr_t>(code->rx));
  return installed;
}

void removeInvokeStubs(CodeSpace& space, UnwindRegistry& unwind, const InstalledStubs& installed) {
  unwind.remove(installed.tables.rx, reinterpret_cast<std::uintptr_t>(installed.code.rx));
  space.release(installed.tables);
  space.release(installed.code);
}

} // namespace kiln

#include "interp/InvokeStubs.h"

#include <array>
#include <cassert>
#include <cstring>
#include <unordered_map>

#include "code/UnwindRegistry.h"

namespace kiln {
namespace {

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

/// The stubs of a function and their LSDA: one stub for all sites with equal clauses.
class StubTable {
public:
  /// The number of the stub for a site, a new one if none has equal clauses.
  std::uint32_t stubFor(const InvokeSite& site) {
    std::uint64_t action = lsda_.actionFor(site);
    // Of those without an action there are two: a cleanup and one without landing pad.
    std::uint64_t key = 2 * action + site.lands();
    auto [known, fresh] = numbers_.try_emplace(key, static_cast<std::uint32_t>(stubs_.size()));
    if (fresh)
      stubs_.push_back({action, site.lands()});
    return known->second;
  }

  std::size_t stubCount() const { return stubs_.size(); }

  std::vector<std::byte> finish(std::span<const std::uintptr_t> types) {
    const std::uint64_t landing = stubs_.size() * kInvokeStubBytes + kLandingOffset;
    for (std::size_t i = 0; i < stubs_.size(); ++i)
      lsda_.addSite(i * kInvokeStubBytes, kInvokeStubBytes, stubs_[i].lands ? landing : 0, stubs_[i].action);
    return lsda_.finish(types);
  }

private:
  struct Stub {
    std::uint64_t action;
    bool lands;
  };
  LsdaBuilder lsda_;
  std::vector<Stub> stubs_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_;
};

void encodeUnwind(InvokeStubs& stubs, std::uintptr_t personality) {
  DwarfBytes section;
  section.entry([&] {
    section.fixed(std::uint32_t{0}); // it is a CIE
    section.byte(1);                 // version
    section.text("zPLR");
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
  section.entry([&] {
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
  StubTable table;
  stubs.entries.reserve(sites.size());
  for (const InvokeSite& site : sites)
    stubs.entries.push_back(static_cast<std::uint32_t>(table.stubFor(site) * kInvokeStubBytes));
  DwarfBytes code;
  for (std::size_t i = 0; i < table.stubCount(); ++i)
    code.append(kStubCode);
  code.append(kLandingCode);
  stubs.code = code.take();
  stubs.lsda = table.finish(types);
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

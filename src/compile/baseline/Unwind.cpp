#include "compile/baseline/Unwind.h"

#include "code/DwarfBytes.h"

namespace kiln::baseline {
namespace {

// Rules of a frame (DW_CFA_*).
constexpr std::uint8_t kAdvance = 0x40, kOffset = 0x80, kAdvance1 = 0x02, kAdvance2 = 0x03, kAdvance4 = 0x04, kDefCfa = 0x0c,
                       kDefCfaRegister = 0x0d, kDefCfaOffset = 0x0e, kRemember = 0x0a, kRestoreState = 0x0b;
constexpr std::uint8_t kRbp = 6, kRsp = 7, kReturnAddress = 16;
/// Numbers of general registers in unwind tables, by their numbers in instructions.
constexpr std::uint8_t kDwarfNumbers[] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};

void advance(DwarfBytes& out, std::uint32_t by) {
  if (by < 0x40) {
    if (by > 0)
      out.byte(kAdvance | by);
  } else if (by < 0x100) {
    out.byte(kAdvance1);
    out.byte(by);
  } else if (by < 0x10000) {
    out.byte(kAdvance2);
    out.fixed(static_cast<std::uint16_t>(by));
  } else {
    out.byte(kAdvance4);
    out.fixed(by);
  }
}

void describe(DwarfBytes& out, const FrameStep& step) {
  switch (step.kind) {
  case FrameStep::Kind::PushedRbp:
    out.byte(kDefCfaOffset);
    out.uleb(16);
    out.byte(kOffset | kRbp);
    out.uleb(2);
    break;
  case FrameStep::Kind::RbpIsFrame:
    out.byte(kDefCfaRegister);
    out.uleb(kRbp);
    break;
  case FrameStep::Kind::Saved: // RBP is 16 bytes below the canonical frame address
    out.byte(kOffset | kDwarfNumbers[step.reg]);
    out.uleb(static_cast<std::uint64_t>(16 - step.offset) / 8);
    break;
  case FrameStep::Kind::Leave:
    out.byte(kRemember);
    out.byte(kDefCfa);
    out.uleb(kRsp);
    out.uleb(8);
    break;
  case FrameStep::Kind::LeftBehind: out.byte(kRestoreState); break;
  }
}

/// What calls a function's rules have in common, and how the entry gives its addresses.
void describeCommon(DwarfBytes& out, std::uintptr_t personality, bool catches) {
  out.entry([&] {
    out.fixed(std::uint32_t{0}); // a common entry
    out.byte(1);
    out.text(catches ? "zPLR" : "zR");
    out.uleb(1);  // code in bytes
    out.sleb(-8); // data in words, downwards
    out.uleb(kReturnAddress);
    out.uleb(catches ? 1 + sizeof personality + 1 + 1 : 1);
    if (catches) {
      out.byte(kAbsolutePointer); // the personality may be anywhere
      out.fixed(std::uint64_t{personality});
      out.byte(kRelative4);
    }
    out.byte(kRelative4);
    out.byte(kDefCfa);
    out.uleb(kRsp);
    out.uleb(8);
    out.byte(kOffset | kReturnAddress);
    out.uleb(1);
  });
}

/// All of the code is in the table: exceptions pass where no invoke is, as long as C++ finds an entry that says so.
std::vector<std::byte> callSites(const Code& function, const UnwindAddresses& addresses) {
  LsdaBuilder table;
  std::vector<std::uint64_t> actions;
  for (const InvokeSite& landing : function.landings)
    actions.push_back(table.actionFor(landing));
  std::uint32_t done = 0;
  auto passUntil = [&](std::uint32_t offset) {
    if (offset > done)
      table.addSite(done, offset - done, 0, 0);
  };
  for (const CallRange& call : function.calls) {
    passUntil(call.begin);
    table.addSite(call.begin, call.end - call.begin, call.landing, actions[call.site]);
    done = call.end;
  }
  passUntil(function.codeBytes);
  return table.finish(addresses.types);
}

} // namespace

UnwindTables encodeUnwind(const Code& function, const UnwindAddresses& addresses) {
  UnwindTables tables;
  DwarfBytes out;
  const bool catches = !function.calls.empty();
  describeCommon(out, addresses.personality, catches);
  std::uint32_t lsdaField = 0;
  out.entry([&] {
    out.fixed(static_cast<std::uint32_t>(out.size())); // distance to the common entry
    tables.codeField = static_cast<std::uint32_t>(out.size());
    out.fixed(std::uint32_t{0});
    out.fixed(function.codeBytes);
    out.uleb(catches ? 4 : 0);
    lsdaField = static_cast<std::uint32_t>(out.size());
    if (catches)
      out.fixed(std::uint32_t{0});
    std::uint32_t at = 0;
    for (const FrameStep& step : function.frame) {
      advance(out, step.at - at);
      at = step.at;
      describe(out, step);
    }
  });
  out.fixed(std::uint32_t{0});
  if (catches) {
    out.overwrite(lsdaField, static_cast<std::uint32_t>(out.size()) - lsdaField);
    out.append(callSites(function, addresses));
  }
  tables.bytes = out.take();
  return tables;
}

} // namespace kiln::baseline

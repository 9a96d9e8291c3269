// Where native calls enter interpreted functions.
#include <array>
#include <cstring>

#include "code/CodeSpace.h"
#include "code/DwarfBytes.h"
#include "code/UnwindRegistry.h"
#include "interp/Interpreter.h"

namespace kiln::interp {
namespace {

/// Writes the distance from the end of an instruction, `end` bytes into the code at `at`, to a word.
void placeDistance(std::uint8_t* field, const std::byte* at, std::size_t end, const std::uintptr_t* to) {
  auto distance =
      static_cast<std::int32_t>(reinterpret_cast<std::intptr_t>(to) - reinterpret_cast<std::intptr_t>(at + end));
  memcpy(field, &distance, sizeof distance);
}

// Offsets in a thunk with a frame, behind the instruction.
constexpr std::uint8_t kPushed = 1, kFramed = 4, kCalled = 20, kLeft = 21, kFramedBytes = 22;

/// How such a thunk is unwound; `codeField` gets the offset of the distance to the code.
std::vector<std::byte> frameTable(std::size_t& codeField) {
  constexpr std::uint8_t kAdvance = 0x40, kOffset = 0x80, kDefCfa = 0x0c, kDefCfaRegister = 0x0d, kDefCfaOffset = 0x0e;
  constexpr std::uint8_t kRbp = 6, kRsp = 7, kReturnAddress = 16;
  DwarfBytes out;
  out.entry([&] {
    out.fixed(std::uint32_t{0}); // a common entry
    out.byte(1);
    out.text("zR");
    out.uleb(1);  // code in bytes
    out.sleb(-8); // data in words, downwards
    out.uleb(kReturnAddress);
    out.uleb(1);
    out.byte(kRelative4);
    out.append(std::array<std::uint8_t, 5>{kDefCfa, kRsp, 8, kOffset | kReturnAddress, 1});
  });
  out.entry([&] {
    out.fixed(static_cast<std::uint32_t>(out.size())); // distance to the common entry
    codeField = out.size();
    out.fixed(std::uint32_t{0});
    out.fixed(std::uint32_t{kFramedBytes});
    out.uleb(0);
    out.append(std::array<std::uint8_t, 5>{kAdvance | kPushed, kDefCfaOffset, 16, kOffset | kRbp, 2});
    out.append(std::array<std::uint8_t, 3>{kAdvance | (kFramed - kPushed), kDefCfaRegister, kRbp});
    out.append(std::array<std::uint8_t, 4>{kAdvance | (kLeft - kFramed), kDefCfa, kRsp, 8});
  });
  out.fixed(std::uint32_t{0});
  return out.take();
}

} // namespace

/// A word inside the address range that holds the address that thunks go to.
Result<void> Interpreter::placeNativeEntry() {
  if (nativeEntry_)
    return {};
  auto word = parts_.space.allocate(CodeArena::Constants, sizeof(std::uintptr_t), sizeof(std::uintptr_t));
  if (!word)
    return std::unexpected(word.error());
  auto address =
      reinterpret_cast<std::uintptr_t>(settings_.decode.framed ? &kiln_native_entry_behind_frame : &kiln_native_entry);
  memcpy(word->rw, &address, sizeof(address));
  nativeEntry_ = reinterpret_cast<const std::uintptr_t*>(word->rx);
  return {};
}

Result<void> Interpreter::makeEntry(FunctionEntry& entry, Version& version, CodeUse use) {
  if (auto placed = placeNativeEntry(); !placed)
    return placed;
  return settings_.decode.framed ? makeFramedThunk(entry, version, use) : makeThunk(entry, use);
}

/// movabs $entry, %r11; jmp *nativeEntry(%rip)
Result<void> Interpreter::makeThunk(FunctionEntry& entry, CodeUse use) {
  constexpr std::size_t kBytes = 16;
  auto span = parts_.space.allocate(CodeArena::Code, kBytes, kBytes, use);
  if (!span)
    return std::unexpected(span.error());
  std::uint8_t code[kBytes] = {0x49, 0xbb};
  auto* native = static_cast<NativeEntry*>(&entry);
  memcpy(code + 2, &native, 8);
  code[10] = 0xff;
  code[11] = 0x25;
  placeDistance(code + 12, span->rx, kBytes, nativeEntry_);
  memcpy(span->rw, code, kBytes);
  entry.thunk = reinterpret_cast<std::uintptr_t>(span->rx);
  return {};
}

/// push %rbp; mov %rsp, %rbp; movabs $entry, %r11; call *nativeEntry(%rip); leave; ret
Result<void> Interpreter::makeFramedThunk(FunctionEntry& entry, Version& version, CodeUse use) {
  std::size_t codeField = 0;
  auto bytes = frameTable(codeField);
  auto table = parts_.space.allocate(CodeArena::Constants, bytes.size(), 8, use);
  if (!table)
    return std::unexpected(table.error());
  auto span = parts_.space.allocate(CodeArena::Code, kFramedBytes, 16, use);
  if (!span)
    return std::unexpected(span.error());
  std::uint8_t code[kFramedBytes] = {0x55, 0x48, 0x89, 0xe5, 0x49, 0xbb};
  auto* native = static_cast<NativeEntry*>(&entry);
  memcpy(code + 6, &native, 8);
  code[14] = 0xff;
  code[15] = 0x15;
  placeDistance(code + 16, span->rx, kCalled, nativeEntry_);
  code[kCalled] = 0xc9;
  code[kLeft] = 0xc3;
  memcpy(span->rw, code, kFramedBytes);
  auto toCode = static_cast<std::int32_t>(span->rx - (table->rx + codeField));
  memcpy(bytes.data() + codeField, &toCode, sizeof toCode);
  memcpy(table->rw, bytes.data(), bytes.size());
  entry.thunk = reinterpret_cast<std::uintptr_t>(span->rx);
  version.unwindSection = table->rx;
  version.unwindCode = entry.thunk;
  version.memory = {*span};
  version.lasting = true; // as all thunks
  parts_.unwind.add(version.unwindSection, version.unwindCode);
  return {};
}

} // namespace kiln::interp

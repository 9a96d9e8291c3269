#include "compile/baseline/Unwind.h"

#include <cstring>

namespace kiln::baseline {
namespace {

// Rules of a frame (DW_CFA_*).
constexpr std::uint8_t kAdvance = 0x40, kOffset = 0x80, kAdvance1 = 0x02, kAdvance2 = 0x03, kAdvance4 = 0x04, kDefCfa = 0x0c,
                       kDefCfaRegister = 0x0d, kDefCfaOffset = 0x0e, kRemember = 0x0a, kRestoreState = 0x0b;
// Encodings of pointers (DW_EH_PE_*).
constexpr std::uint8_t kAbsolute = 0x00, kRelative4 = 0x1b;

constexpr std::uint8_t kRbp = 6, kRsp = 7, kReturnAddress = 16;
/// Numbers of general registers in unwind tables, by their numbers in instructions.
constexpr std::uint8_t kDwarfNumbers[] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15};

class Bytes {
public:
  std::size_t size() const { return data_.size(); }
  std::vector<std::byte> take() { return std::move(data_); }
  void byte(unsigned value) { data_.push_back(static_cast<std::byte>(value)); }
  template <typename T> void fixed(T value) {
    std::size_t at = size();
    data_.resize(at + sizeof value);
    memcpy(data_.data() + at, &value, sizeof value);
  }
  template <typename T> void patch(std::size_t at, T value) { memcpy(data_.data() + at, &value, sizeof value); }
  void uleb(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      byte(static_cast<unsigned>(value & 0x7f) | 0x80);
    byte(static_cast<unsigned>(value));
  }
  void text(const char* value) {
    do
      byte(static_cast<unsigned char>(*value));
    while (*value++);
  }
  /// Ends a record that began at `start` with its length, padded with rules that say nothing.
  void close(std::size_t start) {
    while (size() % 8 != 4)
      byte(0);
    patch(start, static_cast<std::uint32_t>(size() - start - 4));
  }

private:
  std::vector<std::byte> data_;
};

void advance(Bytes& out, std::uint32_t by) {
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

void describe(Bytes& out, const FrameStep& step) {
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

} // namespace

std::vector<std::byte> unwindSection(const Code& function, std::uintptr_t code, std::uintptr_t section, std::uintptr_t lsda) {
  Bytes out;
  const bool catches = lsda != 0;
  out.fixed(std::uint32_t{0});
  out.fixed(std::uint32_t{0}); // a common entry
  out.byte(1);
  out.text(catches ? "zPLR" : "zR");
  out.uleb(1);    // code in bytes
  out.byte(0x78); // data in units of -8
  out.uleb(kReturnAddress);
  if (catches) {
    out.uleb(11);
    out.byte(kAbsolute);
    out.fixed(static_cast<std::uint64_t>(function.personality));
    out.byte(kRelative4);
  } else {
    out.uleb(1);
  }
  out.byte(kRelative4);
  out.byte(kDefCfa);
  out.uleb(kRsp);
  out.uleb(8);
  out.byte(kOffset | kReturnAddress);
  out.uleb(1);
  out.close(0);

  std::size_t start = out.size();
  out.fixed(std::uint32_t{0});
  out.fixed(static_cast<std::uint32_t>(out.size())); // distance to the common entry
  auto distance = [&](std::uintptr_t to) { out.fixed(static_cast<std::int32_t>(to - (section + out.size()))); };
  distance(code);
  out.fixed(function.codeBytes);
  out.uleb(catches ? 4 : 0);
  if (catches)
    distance(lsda);
  std::uint32_t at = 0;
  for (const FrameStep& step : function.frame) {
    advance(out, step.at - at);
    at = step.at;
    describe(out, step);
  }
  out.close(start);
  out.fixed(std::uint32_t{0});
  return out.take();
}

} // namespace kiln::baseline

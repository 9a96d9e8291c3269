#include "diag/FrameWalk.h"

#include <dlfcn.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "code/DwarfBytes.h"

namespace kiln {
namespace {

/// Reads the encodings of unwind tables.
struct Reader {
  const std::uint8_t* at = nullptr;

  template <typename T> T fixed() {
    T value;
    memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }
  std::uint64_t uleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      std::uint8_t byte = *at++;
      if (shift < 64)
        value |= std::uint64_t{byte & 0x7fu} << shift;
      if (!(byte & 0x80))
        return value;
    }
  }
  std::int64_t sleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;;) {
      std::uint8_t byte = *at++;
      if (shift < 64)
        value |= std::uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if (!(byte & 0x80)) {
        if (shift < 64 && (byte & 0x40))
          value |= ~std::uint64_t{0} << shift;
        return static_cast<std::int64_t>(value);
      }
    }
  }
  /// A pointer, `base` being what kDataRelative counts from. Zero stays zero.
  std::uintptr_t pointer(std::uint8_t encoding, std::uintptr_t base = 0) {
    if (encoding == kOmitted)
      return 0;
    const auto self = reinterpret_cast<std::uintptr_t>(at);
    std::uintptr_t value = 0;
    switch (encoding & 0x0f) {
    case 0x00:
    case 0x04:
    case 0x0c:
      value = fixed<std::uint64_t>();
      break;
    case 0x01:
      value = uleb();
      break;
    case 0x02:
      value = fixed<std::uint16_t>();
      break;
    case 0x03:
      value = fixed<std::uint32_t>();
      break;
    case 0x09:
      value = static_cast<std::uintptr_t>(sleb());
      break;
    case 0x0a:
      value = static_cast<std::uintptr_t>(std::int64_t{fixed<std::int16_t>()});
      break;
    case 0x0b:
      value = static_cast<std::uintptr_t>(std::int64_t{fixed<std::int32_t>()});
      break;
    default:
      return 0;
    }
    switch (encoding & 0x70) {
    case 0x10:
      return value ? value + self : 0;
    case 0x30:
      return value + base;
    default:
      return value;
    }
  }
};

constexpr std::uint32_t kLongRecord = 0xffffffff; // of 64-bit lengths, which nobody writes

} // namespace

/// What is known of the function around an address: its entries in the table.
struct FrameWalk::Description {
  std::uintptr_t begin = 0, bytes = 0;
  std::uint64_t codeUnit = 1;
  std::int64_t dataUnit = 1;
  bool signalFrame = false;
  const std::uint8_t *common = nullptr, *commonEnd = nullptr; ///< instructions
  const std::uint8_t *own = nullptr, *ownEnd = nullptr;

  /// Reads the entry at `record`; false if it is a common one or not understood.
  bool readEntry(const std::uint8_t* record);

private:
  bool readCommon(const std::uint8_t* record, std::uint8_t& encoding, bool& augmented);
};

bool FrameWalk::Description::readCommon(const std::uint8_t* record, std::uint8_t& encoding, bool& augmented) {
  Reader in{record};
  const std::uint8_t* end = in.at + 4 + in.fixed<std::uint32_t>();
  if (in.fixed<std::uint32_t>() != 0)
    return false;
  in.at += 1; // the version
  const char* augmentation = reinterpret_cast<const char*>(in.at);
  in.at += strlen(augmentation) + 1;
  codeUnit = in.uleb();
  dataUnit = in.sleb();
  in.uleb(); // the return address's register
  encoding = 0;
  signalFrame = false;
  augmented = *augmentation == 'z';
  if (augmented) {
    const std::uint64_t length = in.uleb();
    const std::uint8_t* behind = in.at + length;
    for (const char* letter = augmentation + 1; *letter; ++letter) {
      if (*letter == 'R') {
        encoding = *in.at++;
      } else if (*letter == 'P') {
        std::uint8_t how = *in.at++;
        in.pointer(how & 0x7f);
      } else if (*letter == 'L') {
        in.at += 1;
      } else if (*letter == 'S') {
        signalFrame = true;
      } else {
        break;
      }
    }
    in.at = behind;
  }
  common = in.at;
  commonEnd = end;
  return true;
}

bool FrameWalk::Description::readEntry(const std::uint8_t* record) {
  Reader in{record};
  const auto length = in.fixed<std::uint32_t>();
  const std::uint8_t* end = in.at + length;
  const std::uint8_t* field = in.at;
  const auto distance = in.fixed<std::uint32_t>();
  if (length == kLongRecord || distance == 0)
    return false;
  std::uint8_t encoding = 0;
  bool augmented = false;
  if (!readCommon(field - distance, encoding, augmented))
    return false;
  begin = in.pointer(encoding);
  bytes = in.pointer(encoding & 0x0f);
  if (augmented) {
    const std::uint64_t skipped = in.uleb();
    in.at += skipped;
  }
  own = in.at;
  ownEnd = end;
  return true;
}

/// How the caller's registers are found.
struct FrameWalk::Rules {
  enum Kind : std::uint8_t { Same, Undefined, Offset, ValueOffset, Register, Expression, ValueExpression };
  struct Rule {
    Kind kind = Same;
    std::int64_t offset = 0;
    const std::uint8_t* expression = nullptr;
  };
  struct State {
    Rule rules[kRegisters];
    unsigned cfaRegister = kStack;
    std::int64_t cfaOffset = 8;
    const std::uint8_t* cfaExpression = nullptr;
  };
  State now, initial;

  /// Executes the instructions of a description up to an address.
  bool run(const Description& description, std::uintptr_t address);

private:
  static constexpr unsigned kDepth = 4;
  bool execute(const Description& description, const std::uint8_t* from, const std::uint8_t* to, std::uintptr_t limit);
  bool executeOther(const Description& description, std::uint8_t operation, Reader& in);
  Rule* rule(std::uint64_t number) { return number < kRegisters ? &now.rules[number] : &ignored_; }
  static const std::uint8_t* block(Reader& in) {
    const std::uint8_t* start = in.at;
    const std::uint64_t length = in.uleb();
    in.at += length;
    return start;
  }

  Rule ignored_; ///< of registers that are of no interest
  State remembered_[kDepth];
  unsigned depth_ = 0;
};

bool FrameWalk::Rules::run(const Description& description, std::uintptr_t address) {
  if (!execute(description, description.common, description.commonEnd, ~std::uintptr_t{0}))
    return false;
  initial = now;
  return execute(description, description.own, description.ownEnd, address);
}

bool FrameWalk::Rules::execute(const Description& description, const std::uint8_t* from, const std::uint8_t* to,
                               std::uintptr_t limit) {
  std::uintptr_t place = description.begin;
  auto advance = [&](std::uint64_t units) {
    place += units * description.codeUnit;
    return place <= limit;
  };
  for (Reader in{from}; in.at < to;) {
    const std::uint8_t operation = *in.at++;
    const std::uint8_t low = operation & 0x3f;
    switch (operation & 0xc0) {
    case 0x40:
      if (!advance(low))
        return true;
      continue;
    case 0x80:
      *rule(low) = {Offset, static_cast<std::int64_t>(in.uleb()) * description.dataUnit};
      continue;
    case 0xc0:
      *rule(low) = low < kRegisters ? initial.rules[low] : Rule{};
      continue;
    default:
      break;
    }
    std::uint64_t units = 0;
    switch (operation) {
    case 0x01: {
      place = in.fixed<std::uint64_t>();
      if (place > limit)
        return true;
      continue;
    }
    case 0x02:
      units = in.fixed<std::uint8_t>();
      break;
    case 0x03:
      units = in.fixed<std::uint16_t>();
      break;
    case 0x04:
      units = in.fixed<std::uint32_t>();
      break;
    default:
      if (!executeOther(description, operation, in))
        return false;
      continue;
    }
    if (!advance(units))
      return true;
  }
  return true;
}

bool FrameWalk::Rules::executeOther(const Description& description, std::uint8_t operation, Reader& in) {
  auto scaled = [&](std::int64_t value) { return value * description.dataUnit; };
  switch (operation) {
  case 0x00:
    return true;
  case 0x05: {
    Rule* to = rule(in.uleb());
    *to = {Offset, scaled(static_cast<std::int64_t>(in.uleb()))};
    return true;
  }
  case 0x06: {
    std::uint64_t number = in.uleb();
    *rule(number) = number < kRegisters ? initial.rules[number] : Rule{};
    return true;
  }
  case 0x07:
    *rule(in.uleb()) = {Undefined};
    return true;
  case 0x08:
    *rule(in.uleb()) = {Same};
    return true;
  case 0x09: {
    Rule* to = rule(in.uleb());
    *to = {Register, static_cast<std::int64_t>(in.uleb())};
    return true;
  }
  case 0x0a:
    if (depth_ == kDepth)
      return false;
    remembered_[depth_++] = now;
    return true;
  case 0x0b:
    if (depth_ == 0)
      return false;
    now = remembered_[--depth_];
    return true;
  case 0x0c:
    now.cfaRegister = static_cast<unsigned>(in.uleb());
    now.cfaOffset = static_cast<std::int64_t>(in.uleb());
    now.cfaExpression = nullptr;
    return true;
  case 0x0d:
    now.cfaRegister = static_cast<unsigned>(in.uleb());
    now.cfaExpression = nullptr;
    return true;
  case 0x0e:
    now.cfaOffset = static_cast<std::int64_t>(in.uleb());
    return true;
  case 0x0f:
    now.cfaExpression = block(in);
    return true;
  case 0x10: {
    Rule* to = rule(in.uleb());
    *to = {Expression, 0, block(in)};
    return true;
  }
  case 0x11: {
    Rule* to = rule(in.uleb());
    *to = {Offset, scaled(in.sleb())};
    return true;
  }
  case 0x12:
    now.cfaRegister = static_cast<unsigned>(in.uleb());
    now.cfaOffset = scaled(in.sleb());
    now.cfaExpression = nullptr;
    return true;
  case 0x13:
    now.cfaOffset = scaled(in.sleb());
    return true;
  case 0x14: {
    Rule* to = rule(in.uleb());
    *to = {ValueOffset, scaled(static_cast<std::int64_t>(in.uleb()))};
    return true;
  }
  case 0x15: {
    Rule* to = rule(in.uleb());
    *to = {ValueOffset, scaled(in.sleb())};
    return true;
  }
  case 0x16: {
    Rule* to = rule(in.uleb());
    *to = {ValueExpression, 0, block(in)};
    return true;
  }
  case 0x2e:
    in.uleb();
    return true; // size of arguments, for who lands
  default:
    return false;
  }
}

FrameWalk::FrameWalk(const ucontext_t& registers, FindTable findTable) : findTable_(findTable) {
  // In the order of DWARF's numbers.
  static constexpr int kOrder[kRegisters] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                             REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                             REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  for (unsigned i = 0; i < kRegisters; ++i)
    registers_[i] = static_cast<std::uintptr_t>(registers.uc_mcontext.gregs[kOrder[i]]);
}

bool FrameWalk::read(std::uintptr_t address, std::uintptr_t& into) const {
  iovec to{&into, sizeof into}, from{reinterpret_cast<void*>(address), sizeof into};
  return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == static_cast<ssize_t>(sizeof into);
}

bool FrameWalk::find(std::uintptr_t address, Description& description) const {
  if (const void* table = findTable_(address)) {
    for (auto* record = static_cast<const std::uint8_t*>(table);;) {
      std::uint32_t length = 0;
      memcpy(&length, record, sizeof length);
      if (length == 0)
        return false;
      if (description.readEntry(record) && address - description.begin < description.bytes)
        return true;
      record += 4 + length;
    }
  }
  dl_find_object object{};
  if (_dl_find_object(reinterpret_cast<void*>(address), &object) != 0 || !object.dlfo_eh_frame)
    return false;
  // A header, then pairs of function and entry, by rising address.
  const auto base = reinterpret_cast<std::uintptr_t>(object.dlfo_eh_frame);
  Reader in{static_cast<const std::uint8_t*>(object.dlfo_eh_frame)};
  const auto version = in.fixed<std::uint8_t>(), pointerEncoding = in.fixed<std::uint8_t>();
  const auto countEncoding = in.fixed<std::uint8_t>(), tableEncoding = in.fixed<std::uint8_t>();
  if (version != 1 || tableEncoding != 0x3b || countEncoding == kOmitted)
    return false;
  in.pointer(pointerEncoding, base);
  std::size_t low = 0, high = in.pointer(countEncoding, base);
  auto word = [&](std::size_t index) {
    std::int32_t value = 0;
    memcpy(&value, in.at + 4 * index, sizeof value);
    return base + static_cast<std::uintptr_t>(std::int64_t{value});
  };
  while (low < high) {
    std::size_t middle = (low + high) / 2;
    if (word(2 * middle) <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low != 0 && description.readEntry(reinterpret_cast<const std::uint8_t*>(word(2 * low - 1))) &&
         address - description.begin < description.bytes;
}

bool FrameWalk::up() {
  Description description;
  Rules rules;
  function_ = cfa_ = 0;
  if (!find(inside(), description) || !rules.run(description, inside()) || !apply(rules))
    return false;
  function_ = description.begin;
  interrupted_ = description.signalFrame;
  return registers_[kReturn] != 0;
}

bool FrameWalk::apply(const Rules& rules) {
  const Rules::State& now = rules.now;
  std::uintptr_t cfa = 0;
  if (now.cfaExpression) {
    if (!evaluate(now.cfaExpression, 0, false, cfa))
      return false;
  } else if (now.cfaRegister < kRegisters) {
    cfa = registers_[now.cfaRegister] + static_cast<std::uintptr_t>(now.cfaOffset);
  } else {
    return false;
  }
  auto caller = registers_;
  for (unsigned i = 0; i < kRegisters; ++i) {
    const Rules::Rule& rule = now.rules[i];
    std::uintptr_t place = cfa + static_cast<std::uintptr_t>(rule.offset);
    switch (rule.kind) {
    case Rules::Same:
      continue;
    case Rules::Undefined:
      caller[i] = 0;
      continue;
    case Rules::ValueOffset:
      caller[i] = place;
      continue;
    case Rules::Register:
      if (static_cast<std::uint64_t>(rule.offset) >= kRegisters)
        return false;
      caller[i] = registers_[static_cast<unsigned>(rule.offset)];
      continue;
    case Rules::ValueExpression:
      if (!evaluate(rule.expression, cfa, true, caller[i]))
        return false;
      continue;
    case Rules::Expression:
      if (!evaluate(rule.expression, cfa, true, place))
        return false;
      break;
    case Rules::Offset:
      break;
    }
    if (!read(place, caller[i]))
      return false;
  }
  if (now.rules[kStack].kind == Rules::Same)
    caller[kStack] = cfa;
  // Frames lie one above the other; where they do not, tables or memory are wrong.
  if (now.rules[kStack].kind == Rules::Same && cfa <= registers_[kStack])
    return false;
  registers_ = caller;
  cfa_ = cfa;
  return true;
}

/// The operations that assemblers and the C library use: those of lazy binding's stubs and of signal frames.
bool FrameWalk::evaluate(const std::uint8_t* expression, std::uintptr_t top, bool hasTop,
                         std::uintptr_t& result) const {
  Reader in{expression};
  const std::uint64_t length = in.uleb();
  const std::uint8_t* end = in.at + length;
  std::uintptr_t stack[8] = {top};
  unsigned depth = hasTop;
  while (in.at < end) {
    const std::uint8_t operation = *in.at++;
    if (depth == 8)
      return false;
    auto binary = [&](auto compute) {
      if (depth < 2)
        return false;
      --depth;
      stack[depth - 1] = compute(stack[depth - 1], stack[depth]);
      return true;
    };
    bool sound = true;
    if (operation >= 0x30 && operation < 0x50) {
      stack[depth++] = operation - 0x30u;
    } else if (operation >= 0x70 && operation < 0x70 + kRegisters) {
      stack[depth++] = registers_[operation - 0x70u] + static_cast<std::uintptr_t>(in.sleb());
    } else {
      switch (operation) {
      case 0x06:
        sound = depth != 0 && read(stack[depth - 1], stack[depth - 1]);
        break;
      case 0x08:
        stack[depth++] = in.fixed<std::uint8_t>();
        break;
      case 0x09:
        stack[depth++] = static_cast<std::uintptr_t>(std::int64_t{in.fixed<std::int8_t>()});
        break;
      case 0x1a:
        sound = binary([](auto a, auto b) { return a & b; });
        break;
      case 0x1c:
        sound = binary([](auto a, auto b) { return a - b; });
        break;
      case 0x22:
        sound = binary([](auto a, auto b) { return a + b; });
        break;
      case 0x23: {
        const std::uint64_t more = in.uleb();
        if ((sound = depth != 0))
          stack[depth - 1] += more;
        break;
      }
      case 0x24:
        sound = binary([](auto a, auto b) { return b < 64 ? a << b : 0; });
        break;
      case 0x2a:
        sound = binary([](auto a, auto b) {
          return std::uintptr_t{static_cast<std::int64_t>(a) >= static_cast<std::int64_t>(b)};
        });
        break;
      default:
        sound = false;
      }
    }
    if (!sound)
      return false;
  }
  if (depth == 0)
    return false;
  result = stack[depth - 1];
  return true;
}

} // namespace kiln

#include "program/Bitstream.h"

#include <algorithm>
#include <array>

namespace kiln {
namespace {

// The numbers that every block understands; abbreviations come behind them.
constexpr std::uint64_t kEndBlock = 0, kEnterBlock = 1, kDefine = 2, kPlainRecord = 3, kFirstAbbreviation = 4;
constexpr std::uint64_t kSetBlock = 1; // the record of the block information that says which kind the rest is about
constexpr unsigned kMaxWidth = 64, kCharacterWidth = 6;

/// By width: the uppermost bit of each piece that lies in the lower 57 bits of a word.
constexpr std::array<std::uint64_t, 33> kUppermost = [] {
  std::array<std::uint64_t, 33> masks{};
  for (unsigned width = 2; width < masks.size(); ++width)
    for (unsigned bit = width - 1; bit < 57; bit += width)
      masks[width] |= std::uint64_t{1} << bit;
  return masks;
}();

/// Empty if the form has parts of any length, or more than a few.
std::vector<BitstreamAbbreviation::Step> stepsOver(const std::vector<BitstreamAbbreviation::Operand>& operands) {
  using Encoding = BitstreamAbbreviation::Encoding;
  constexpr std::size_t kMostOperands = 32;
  std::vector<BitstreamAbbreviation::Step> steps;
  if (operands.size() > kMostOperands)
    return {};
  std::uint32_t bits = 0;
  for (const auto& [encoding, value] : operands) {
    if (encoding == Encoding::Array || encoding == Encoding::Blob ||
        (encoding == Encoding::Vbr && (value < 2 || value > 32)))
      return {};
    if (encoding == Encoding::Vbr) {
      steps.push_back({bits, static_cast<std::uint32_t>(value)});
      bits = 0;
    } else if (encoding != Encoding::Literal) {
      bits += encoding == Encoding::Char6 ? kCharacterWidth : static_cast<std::uint32_t>(value);
    }
  }
  steps.push_back({bits, 0});
  return steps;
}

} // namespace

std::uint64_t BitstreamCursor::fixed(unsigned width) {
  if (width > kMaxWidth || width > limit_ - position_) {
    failed_ = true;
    position_ = limit_;
    return 0;
  }
  if (width == 0)
    return 0;
  std::size_t byte = position_ >> 3;
  unsigned shift = position_ & 7;
  std::uint64_t low = wordAt(byte) >> shift;
  if (shift + width > 64)
    low |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[byte + 8])) << (64 - shift);
  position_ += width;
  return width == 64 ? low : low & ((std::uint64_t{1} << width) - 1);
}

std::uint64_t BitstreamCursor::vbr(unsigned width) {
  if (width < 2 || width > 32) {
    failed_ = true;
    return 0;
  }
  std::uint64_t more = std::uint64_t{1} << (width - 1), value = 0;
  for (unsigned shift = 0;; shift += width - 1) {
    std::uint64_t piece = fixed(width);
    if (shift < 64)
      value |= (piece & (more - 1)) << shift;
    if (!(piece & more))
      return value;
  }
}

void BitstreamCursor::skipVbr(unsigned width, std::uint64_t values) {
  for (; values > 0 && !failed_; --values)
    vbr(width);
}

void BitstreamCursor::skipBits(std::uint64_t bits) {
  if (bits > limit_ - position_) {
    failed_ = true;
    position_ = limit_;
  } else {
    position_ += bits;
  }
}

void BitstreamCursor::align() {
  position_ = (position_ + 31) & ~std::uint64_t{31};
  if (position_ > limit_) {
    failed_ = true;
    position_ = limit_;
  }
}

void BitstreamCursor::seek(std::uint64_t bit, unsigned width) {
  failed_ = failed_ || bit > limit_;
  position_ = std::min(bit, limit_);
  width_ = width;
}

void BitstreamCursor::enter(const Block& block, const BitstreamAbbreviations* known) {
  seek(block.begin, block.width);
  known_ = known;
  own_.clear();
}

const BitstreamAbbreviation* BitstreamCursor::abbreviation(std::uint64_t number) const {
  std::uint64_t index = number - kFirstAbbreviation, known = known_ ? known_->size() : 0;
  if (index < known)
    return &(*known_)[index];
  return index - known < own_.size() ? &own_[index - known] : nullptr;
}

BitstreamCursor::Block BitstreamCursor::header() {
  Block block;
  block.idBit = position_;
  block.id = static_cast<std::uint32_t>(vbr(8));
  block.width = static_cast<unsigned>(vbr(4));
  align();
  std::uint64_t words = fixed(32);
  block.begin = position_;
  block.end = block.begin + words * 32;
  // A number in more than 8 bits, or widths outside of the format, are nothing that LLVM writes.
  if (block.id >= 128 || block.width < 2 || block.width > 32 || block.end > limit_)
    failed_ = true;
  return block;
}

BitstreamCursor::Entry BitstreamCursor::next(Block& block, Record& into) {
  into.values.clear();
  while (!failed_) {
    std::uint64_t number = fixed(width_);
    switch (number) {
    case kEndBlock:
      return Entry::End;
    case kEnterBlock:
      block = header();
      return failed_ ? Entry::End : Entry::Block;
    case kDefine:
      own_.push_back(definition());
      break;
    case kPlainRecord:
      plainRecord(into);
      return Entry::Record;
    default:
      if (const BitstreamAbbreviation* form = abbreviation(number)) {
        shortRecord(*form, into);
        return Entry::Record;
      }
      failed_ = true;
    }
  }
  return Entry::End;
}

bool BitstreamCursor::nextBlock(Block& block) {
  Record passed;
  for (;;) {
    skipRecords();
    switch (next(block, passed)) {
    case Entry::End:
      return false;
    case Entry::Block:
      return true;
    case Entry::Record:
      break;
    }
  }
}

/// Passes over records of the common forms, as long as the end of the bytes is far: one check a record, no value made.
/// What is in front of the cursor then is for next().
void BitstreamCursor::skipRecords() {
  constexpr std::uint64_t kFar = 8192; // more bits than 31 values, or the steps of a form, take
  const char* bytes = bytes_.data();
  std::uint64_t at = position_;
  auto peek = [&] {
    std::uint64_t word;
    memcpy(&word, bytes + (at >> 3), 8);
    return word >> (at & 7);
  };
  // A value ends with the first piece whose uppermost bit is clear.
  auto pass = [&](unsigned width) {
    std::uint64_t ends = ~peek() & kUppermost[width];
    if (!ends)
      return false;
    at += static_cast<unsigned>(__builtin_ctzll(ends)) + 1;
    return true;
  };
  for (;; position_ = at) {
    if (limit_ - at < kFar)
      return;
    std::uint64_t head = peek(), number = head & ((std::uint64_t{1} << width_) - 1);
    at += width_;
    if (number == kPlainRecord) {
      if (!pass(6))
        return;
      std::uint64_t count = peek() & 63;
      if (count >= 32)
        return; // more pieces: many values
      at += 6;
      for (; count > 0; --count)
        if (!pass(6))
          return;
      continue;
    }
    if (number < kFirstAbbreviation)
      return;
    const BitstreamAbbreviation* form = abbreviation(number);
    if (!form || form->steps.empty())
      return;
    for (auto [bits, width] : form->steps) {
      at += bits;
      if (width != 0 && !pass(width))
        return;
    }
  }
}

BitstreamAbbreviation BitstreamCursor::definition() {
  using Encoding = BitstreamAbbreviation::Encoding;
  BitstreamAbbreviation form;
  for (std::uint64_t left = vbr(5); left > 0 && !failed_; --left) {
    if (fixed(1)) {
      form.operands.push_back({Encoding::Literal, vbr(8)});
      continue;
    }
    auto encoding = static_cast<Encoding>(fixed(3));
    std::uint64_t width = encoding == Encoding::Fixed || encoding == Encoding::Vbr ? vbr(5) : 0;
    if (encoding < Encoding::Fixed || encoding > Encoding::Blob || width > kMaxWidth)
      failed_ = true;
    else if (width == 0 && (encoding == Encoding::Fixed || encoding == Encoding::Vbr))
      form.operands.push_back({Encoding::Literal, 0}); // as LLVM reads it
    else
      form.operands.push_back({encoding, width});
  }
  form.steps = stepsOver(form.operands);
  return form;
}

void BitstreamCursor::plainRecord(Record& into) {
  std::uint64_t code = vbr(6), count = vbr(6);
  keep(into, code);
  for (; count > 0 && into.keeps() && !failed_; --count)
    into.values.push_back(vbr(6));
  skipVbr(6, count);
}

void BitstreamCursor::shortRecord(const BitstreamAbbreviation& form, Record& into) {
  using Encoding = BitstreamAbbreviation::Encoding;
  for (std::size_t i = 0; i < form.operands.size() && !failed_; ++i) {
    const auto& operand = form.operands[i];
    switch (operand.encoding) {
    case Encoding::Literal:
      keep(into, operand.value);
      break;
    case Encoding::Fixed:
      if (into.keeps())
        into.values.push_back(fixed(static_cast<unsigned>(operand.value)));
      else
        skipBits(operand.value);
      break;
    case Encoding::Vbr:
      if (into.keeps())
        into.values.push_back(vbr(static_cast<unsigned>(operand.value)));
      else
        skipVbr(static_cast<unsigned>(operand.value), 1);
      break;
    case Encoding::Char6:
      keep(into, fixed(kCharacterWidth));
      break;
    case Encoding::Array:
      // Its element's form is the operand behind it, the last.
      if (i + 2 != form.operands.size())
        failed_ = true;
      else
        elements(form.operands[i + 1], into);
      return;
    case Encoding::Blob: {
      std::uint64_t bytes = vbr(6);
      align();
      if (bytes > bytes_.size())
        failed_ = true;
      else
        skipBits(bytes * 8);
      align();
      break;
    }
    }
  }
}

void BitstreamCursor::elements(const BitstreamAbbreviation::Operand& form, Record& into) {
  using Encoding = BitstreamAbbreviation::Encoding;
  std::uint64_t count = vbr(6);
  if (form.encoding == Encoding::Vbr) {
    for (; count > 0 && into.keeps() && !failed_; --count)
      into.values.push_back(vbr(static_cast<unsigned>(form.value)));
    skipVbr(static_cast<unsigned>(form.value), count);
    return;
  }
  unsigned width = form.encoding == Encoding::Char6   ? kCharacterWidth
                   : form.encoding == Encoding::Fixed ? static_cast<unsigned>(form.value)
                                                      : 0;
  if (width == 0 || count > limit_) {
    failed_ = true;
    return;
  }
  for (; count > 0 && into.keeps() && !failed_; --count)
    into.values.push_back(fixed(width));
  skipBits(count * width);
}

void BitstreamCursor::readInformation(const Block& block, std::map<std::uint32_t, BitstreamAbbreviations>& into) {
  BitstreamAbbreviations outside = std::move(own_);
  const BitstreamAbbreviations* known = known_;
  unsigned width = width_;
  enter(block, nullptr);
  BitstreamAbbreviations* subject = nullptr;
  Record record{.most = 2, .values = {}};
  while (!failed_) {
    std::uint64_t number = fixed(width_);
    if (number == kEndBlock)
      break;
    if (number == kDefine && subject) {
      subject->push_back(definition());
    } else if (number == kPlainRecord) {
      record.values.clear();
      plainRecord(record);
      if (record.code() == kSetBlock && record.values.size() == 2)
        subject = &into[static_cast<std::uint32_t>(record.values[1])];
    } else {
      failed_ = true;
    }
  }
  leave(block);
  own_ = std::move(outside);
  known_ = known;
  width_ = width;
}

} // namespace kiln

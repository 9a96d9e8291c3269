#include "program/Bitstream.h"

namespace kiln {
namespace {

using Encoding = BitstreamAbbreviation::Encoding;

// The numbers that every block understands; abbreviations come behind them.
constexpr std::uint64_t kEndBlock = 0, kEnterBlock = 1, kDefine = 2, kPlainRecord = 3, kFirstAbbreviation = 4;
constexpr std::uint32_t kSetBlock = 1; // the record of the block information that says which kind the rest is about
constexpr unsigned kMaxWidth = 64, kMaxVbrWidth = 32, kCharacterWidth = 6, kPlainWidth = 6;
constexpr std::uint64_t kMostAtOnce = 1 << 20; // values, of records that are made without a look at the end
constexpr char kCharacters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";

} // namespace

std::uint64_t BitReader::fixed(unsigned width) {
  if (width > left()) {
    fail();
    return 0;
  }
  if (FarBits bits = far(); width <= FarBits::kWidest && bits.has(width)) {
    std::uint64_t value = bits.fixed(width);
    advance(bits);
    return value;
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i, ++at_)
    value |= static_cast<std::uint64_t>((static_cast<unsigned char>(bytes_[at_ >> 3]) >> (at_ & 7)) & 1) << i;
  return value;
}

std::uint64_t BitReader::vbr(unsigned width) {
  std::uint64_t more = std::uint64_t{1} << (width - 1), value = 0;
  for (unsigned shift = 0;; shift += width - 1) {
    std::uint64_t piece = fixed(width);
    if (shift < 64)
      value |= (piece & (more - 1)) << shift;
    if (!(piece & more))
      return value;
  }
}

void BitstreamCursor::seek(std::uint64_t bit, unsigned width) {
  bits_.seek(bit);
  width_ = width;
}

void BitstreamCursor::enter(const Block& block, const BitstreamAbbreviations* known) {
  seek(block.begin, block.width);
  end_ = block.end;
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
  block.id = static_cast<std::uint32_t>(bits_.vbr(8));
  block.width = static_cast<unsigned>(bits_.vbr(4));
  bits_.align();
  std::uint64_t words = bits_.fixed(32);
  block.begin = bits_.position();
  block.end = block.begin + words * 32;
  if (block.width < 2 || block.width > 32 || words * 32 > bits_.left())
    bits_.fail();
  return block;
}

BitstreamCursor::Entry BitstreamCursor::next(Block& block, Record& into) {
  while (ok()) {
    FarBits bits = bits_.far();
    if (bits.has(FarBits::kWidest)) [[likely]] {
      std::uint64_t number = bits.fixed(width_);
      const BitstreamAbbreviation* form = number < kFirstAbbreviation ? nullptr : abbreviation(number);
      if (form ? shortRecord(bits, *form, into) : number == kPlainRecord && plainRecord(bits, into)) {
        bits_.advance(bits);
        return Entry::Record;
      }
    }
    std::uint64_t number = bits_.fixed(width_);
    switch (number) {
    case kEndBlock:
      bits_.align();
      if (bits_.position() != end_)
        bits_.fail();
      return Entry::End;
    case kEnterBlock:
      block = header();
      return ok() ? Entry::Block : Entry::End;
    case kDefine:
      own_.push_back(definition());
      break;
    case kPlainRecord:
      plainRecord(into);
      return ok() ? Entry::Record : Entry::End;
    default:
      if (const BitstreamAbbreviation* form = abbreviation(number)) {
        shortRecord(*form, into);
        return ok() ? Entry::Record : Entry::End;
      }
      bits_.fail();
    }
  }
  return Entry::End;
}

inline bool BitstreamCursor::plainRecord(FarBits& from, Record& into) {
  FarBits bits = from; // in registers
  if (!bits.has(2 * FarBits::kVbrRoom))
    return false;
  into.code = static_cast<std::uint32_t>(bits.vbr(kPlainWidth));
  std::uint64_t count = bits.vbr(kPlainWidth);
  if (count > kMostAtOnce)
    return false;
  into.values.resize_for_overwrite(count);
  for (std::uint64_t *at = into.values.data(), *end = at + count; at != end; ++at) {
    if (!bits.has(FarBits::kVbrRoom)) [[unlikely]]
      return false;
    *at = bits.vbr(kPlainWidth);
  }
  from = bits;
  return bits.ok();
}

inline bool BitstreamCursor::shortRecord(FarBits& from, const BitstreamAbbreviation& form, Record& into) {
  FarBits bits = from; // in registers, but for arrays
  if (form.room == 0 || !bits.has(form.room))
    return false;
  std::size_t count = 0;
  into.values.resize_for_overwrite(form.operands.size());
  for (const auto& operand : form.operands) {
    std::uint64_t value = operand.value;
    switch (operand.encoding) {
    case Encoding::Fixed: value = bits.fixed(static_cast<unsigned>(value)); break;
    case Encoding::Vbr: value = bits.vbr(static_cast<unsigned>(value)); break;
    case Encoding::Char6: value = static_cast<unsigned char>(kCharacters[bits.fixed(kCharacterWidth)]); break;
    case Encoding::Array:
      into.values.truncate(count - 1);
      from = bits;
      return bits.ok() && elements(from, form.operands.back(), into);
    default: break;
    }
    if (count == 0)
      into.code = static_cast<std::uint32_t>(value);
    else
      into.values[count - 1] = value;
    ++count;
  }
  into.values.truncate(count - 1);
  from = bits;
  return bits.ok();
}

bool BitstreamCursor::elements(FarBits& from, const BitstreamAbbreviation::Operand& form, Record& into) {
  FarBits bits = from; // in registers
  std::uint64_t count = bits.vbr(6);
  auto width = static_cast<unsigned>(form.encoding == Encoding::Char6 ? kCharacterWidth : form.value);
  if (count > kMostAtOnce || form.encoding == Encoding::Literal || width > FarBits::kWidest ||
      (form.encoding != Encoding::Vbr && !bits.has(count * width)))
    return false;
  std::size_t before = into.values.size();
  into.values.resize_for_overwrite(before + count);
  for (std::uint64_t *at = into.values.data() + before, *end = at + count; at != end; ++at) {
    if (form.encoding == Encoding::Fixed) {
      *at = bits.fixed(width);
    } else if (form.encoding == Encoding::Char6) {
      *at = static_cast<unsigned char>(kCharacters[bits.fixed(width)]);
    } else if (bits.has(FarBits::kVbrRoom)) {
      *at = bits.vbr(width);
    } else {
      return false;
    }
  }
  from = bits;
  return bits.ok();
}

BitstreamAbbreviation BitstreamCursor::definition() {
  BitstreamAbbreviation form;
  for (std::uint64_t left = bits_.vbr(5); left > 0 && ok(); --left) {
    if (bits_.fixed(1)) {
      form.operands.push_back({Encoding::Literal, bits_.vbr(8)});
      continue;
    }
    auto encoding = static_cast<Encoding>(bits_.fixed(3));
    std::uint64_t width = encoding == Encoding::Fixed || encoding == Encoding::Vbr ? bits_.vbr(5) : 0;
    if (encoding < Encoding::Fixed || encoding > Encoding::Blob || width > kMaxWidth ||
        (encoding == Encoding::Vbr && (width == 1 || width > kMaxVbrWidth)))
      bits_.fail();
    else if (width == 0 && (encoding == Encoding::Fixed || encoding == Encoding::Vbr))
      form.operands.push_back({Encoding::Literal, 0}); // as LLVM reads it
    else
      form.operands.push_back({encoding, width});
  }
  // An array's elements are of the form behind it, which is the last; a code has a value.
  for (std::size_t i = 0; i < form.operands.size(); ++i)
    if (form.operands[i].encoding == Encoding::Array &&
        (i + 2 != form.operands.size() || form.operands[i + 1].encoding == Encoding::Array ||
         form.operands[i + 1].encoding == Encoding::Blob))
      bits_.fail();
  if (form.operands.empty() || form.operands[0].encoding == Encoding::Array ||
      form.operands[0].encoding == Encoding::Blob)
    bits_.fail();
  bool common = true;
  for (const auto& [encoding, value] : form.operands) {
    common = common && encoding != Encoding::Blob && (encoding != Encoding::Fixed || value <= FarBits::kWidest);
    form.room += FarBits::kVbrRoom;
  }
  form.room = common ? form.room : 0;
  return form;
}

void BitstreamCursor::plainRecord(Record& into) {
  BitReader bits = bits_;
  into.code = static_cast<std::uint32_t>(bits.vbr(kPlainWidth));
  std::uint64_t count = bits.vbr(kPlainWidth);
  into.values.clear();
  if (count > bits.left() / kPlainWidth) {
    bits_.fail();
    return;
  }
  into.values.resize_for_overwrite(count);
  for (std::uint64_t& value : into.values)
    value = bits.vbr(kPlainWidth);
  bits_ = bits;
}

void BitstreamCursor::shortRecord(const BitstreamAbbreviation& form, Record& into) {
  BitReader bits = bits_;
  into.values.clear();
  bool first = true;
  for (const auto& operand : form.operands) {
    std::uint64_t value = operand.value;
    switch (operand.encoding) {
    case Encoding::Literal:
      break;
    case Encoding::Fixed:
      value = bits.fixed(static_cast<unsigned>(value));
      break;
    case Encoding::Vbr:
      value = bits.vbr(static_cast<unsigned>(value));
      break;
    case Encoding::Char6:
      value = static_cast<unsigned char>(kCharacters[bits.fixed(kCharacterWidth)]);
      break;
    case Encoding::Array:
      elements(bits, form.operands.back(), into);
      bits_ = bits;
      return;
    case Encoding::Blob: {
      std::uint64_t bytes = bits.vbr(6);
      bits.align();
      into.blob = bits.take(bytes);
      bits.align();
      continue;
    }
    }
    if (first)
      into.code = static_cast<std::uint32_t>(value);
    else
      into.values.push_back(value);
    first = false;
  }
  bits_ = bits;
}

void BitstreamCursor::elements(BitReader& bits, const BitstreamAbbreviation::Operand& form, Record& into) {
  std::uint64_t count = bits.vbr(6);
  if (count > bits.left()) {
    bits.fail();
    return;
  }
  std::size_t before = into.values.size();
  into.values.resize_for_overwrite(before + count);
  auto width = static_cast<unsigned>(form.value);
  for (std::uint64_t* at = into.values.data() + before; at != into.values.end(); ++at)
    switch (form.encoding) {
    case Encoding::Fixed: *at = bits.fixed(width); break;
    case Encoding::Vbr: *at = bits.vbr(width); break;
    case Encoding::Char6: *at = static_cast<unsigned char>(kCharacters[bits.fixed(kCharacterWidth)]); break;
    default: *at = form.value; break;
    }
}

void BitstreamCursor::readInformation(const Block& block, BitstreamInformation& into) {
  BitstreamAbbreviations outside = std::move(own_);
  const BitstreamAbbreviations* known = known_;
  unsigned width = width_;
  std::uint64_t end = end_;
  enter(block, nullptr);
  BitstreamAbbreviations* subject = nullptr;
  Record record;
  while (ok()) {
    std::uint64_t number = bits_.fixed(width_);
    if (number == kEndBlock)
      break;
    if (number == kDefine && subject) {
      subject->push_back(definition());
    } else if (number == kPlainRecord) {
      plainRecord(record);
      if (record.code == kSetBlock && record.size() == 1)
        subject = &into[static_cast<std::uint32_t>(record[0])];
    } else {
      bits_.fail();
    }
  }
  leave(block);
  own_ = std::move(outside);
  known_ = known;
  width_ = width;
  end_ = end;
}

} // namespace kiln

#include "program/Bitstream.h"

namespace kiln {
namespace {

using Encoding = BitstreamAbbreviation::Encoding;

// The numbers that every block understands; abbreviations come behind them.
constexpr std::uint64_t kEndBlock = 0, kEnterBlock = 1, kDefine = 2, kPlainRecord = 3, kFirstAbbreviation = 4;
constexpr std::uint32_t kSetBlock = 1; // the record of the block information that says which kind the rest is about
constexpr unsigned kMaxWidth = 64, kMaxVbrWidth = 32, kCharacterWidth = 6, kPlainWidth = 6;
constexpr char kCharacters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";

} // namespace

/// Near the end, or of many bits: bit by bit.
std::uint64_t BitReader::fixedNear(unsigned width) {
  if (width > left()) {
    fail();
    return 0;
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i, ++at_)
    value |= static_cast<std::uint64_t>((static_cast<unsigned char>(bytes_[at_ >> 3]) >> (at_ & 7)) & 1) << i;
  return value;
}

std::uint64_t BitReader::vbrNear(unsigned width) {
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
    std::uint64_t number = bits_.fixed(width_);
    switch (number) {
    case kEndBlock:
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
}

} // namespace kiln

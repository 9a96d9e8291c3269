// A cursor over LLVM's bitstream container.
//
// LLVM's own takes some fifty machine instructions for each value it passes; reading a program at its start is reading
// values. Here a value costs a load, a shift and a mask in the usual case.
//
// Bounds are checked and a cursor that ran off the end stays failed: the bytes may be damaged. Whoever uses what was
// found checks ok().
#pragma once

#include <llvm/ADT/SmallVector.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <vector>

namespace kiln {

/// How a record's operands are written; the format's abbreviations. The first operand is the record's code.
struct BitstreamAbbreviation {
  enum class Encoding : std::uint8_t { Literal = 0, Fixed = 1, Vbr = 2, Array = 3, Char6 = 4, Blob = 5 };
  struct Operand {
    Encoding encoding;
    std::uint64_t value; ///< the literal, or the width in bits
  };
  std::vector<Operand> operands;
  /// More bits than the single operands take; 0 if one is wide or a blob, which is rare.
  std::uint64_t room = 0;
};
using BitstreamAbbreviations = std::vector<BitstreamAbbreviation>;
/// Those that a module's block information gives, by kind of block.
using BitstreamInformation = std::map<std::uint32_t, BitstreamAbbreviations>;

/// A signed number from a record: the lowest bit is the sign. There is no -0; it stands for the least number.
inline std::uint64_t signedOf(std::uint64_t word) {
  if (!(word & 1))
    return word >> 1;
  return word == 1 ? std::uint64_t{1} << 63 : -(word >> 1);
}

/// Single values, far from the end of the bytes: nothing is checked. It lives in registers while a record is read.
class FarBits {
public:
  static constexpr unsigned kWidest = 57; ///< as many bits a word has that starts anywhere in a byte
  static constexpr unsigned kVbrRoom = 128; ///< more bits than a sound value in pieces takes

  FarBits(const char* bytes, std::uint64_t at, std::uint64_t end) : bytes_(bytes), at_(at), end_(end) {}
  std::uint64_t position() const { return at_; }
  /// Whether so many bits can be read.
  bool has(std::uint64_t bits) const { return at_ < end_ && bits < end_ - at_; }
  /// Cleared by a value that does not end where values do.
  bool ok() const { return ok_; }
  std::uint64_t fixed(unsigned width) {
    std::uint64_t value = word() & ((std::uint64_t{1} << width) - 1);
    at_ += width;
    return value;
  }
  std::uint64_t vbr(unsigned width) {
    std::uint64_t more = std::uint64_t{1} << (width - 1), piece = word(), value = piece & (more - 1);
    at_ += width;
    for (unsigned shift = width - 1; piece & more; shift += width - 1) {
      if (shift >= 64) [[unlikely]] {
        ok_ = false;
        break;
      }
      piece = word();
      at_ += width;
      value |= (piece & (more - 1)) << shift;
    }
    return value;
  }

private:
  std::uint64_t word() const {
    std::uint64_t word;
    memcpy(&word, bytes_ + (at_ >> 3), 8);
    return word >> (at_ & 7);
  }

  const char* bytes_;
  std::uint64_t at_, end_;
  bool ok_ = true;
};

/// Single values, anywhere.
class BitReader {
public:
  explicit BitReader(std::span<const char> bytes)
      : bytes_(bytes.data()), end_(bytes.size() * 8), far_(bytes.size() < 8 ? 0 : end_ - 56) {}

  bool ok() const { return !failed_; }
  std::uint64_t position() const { return at_; }
  std::uint64_t left() const { return end_ - at_; }
  void fail() {
    failed_ = true;
    at_ = end_;
  }
  void seek(std::uint64_t bit) {
    at_ = bit;
    if (bit > end_)
      fail();
  }
  FarBits far() const { return {bytes_, at_, far_}; }
  void advance(const FarBits& bits) { at_ = bits.position(); }
  /// `width` is at most 64.
  std::uint64_t fixed(unsigned width);
  /// `width` is from 2 to 32. Bits behind the 64th are dropped.
  std::uint64_t vbr(unsigned width);
  /// To the next 32-bit word.
  void align() { seek((at_ + 31) & ~std::uint64_t{31}); }
  /// Bytes at the position, which is a multiple of 8; the reader is behind them then.
  std::span<const char> take(std::uint64_t bytes) {
    if (bytes > left() / 8) {
      fail();
      return {};
    }
    const char* start = bytes_ + at_ / 8;
    at_ += bytes * 8;
    return {start, bytes};
  }

private:
  const char* bytes_;
  std::uint64_t end_, far_; ///< in bits: where the bytes end, and from where on less than 8 of them are left
  std::uint64_t at_ = 0;
  bool failed_ = false;
};

class BitstreamCursor {
public:
  struct Block {
    std::uint32_t id = 0;
    unsigned width = 0; ///< of the abbreviation numbers inside
    std::uint64_t begin = 0, end = 0;
  };
  struct Record {
    std::uint32_t code = 0;
    llvm::SmallVector<std::uint64_t, 64> values;
    std::span<const char> blob;
    std::size_t size() const { return values.size(); }
    std::uint64_t operator[](std::size_t index) const { return values[index]; }
  };
  enum class Entry { End, Block, Record };

  explicit BitstreamCursor(std::span<const char> bytes) : bits_(bytes) {}

  bool ok() const { return bits_.ok(); }
  std::uint64_t position() const { return bits_.position(); }

  /// Goes to a place outside of blocks, or with the abbreviation numbers' width of the block around it.
  void seek(std::uint64_t bit, unsigned width);
  /// Goes into the block that next() found; `known` are the abbreviations that the block information gives its kind.
  /// They outlive the cursor.
  void enter(const Block& block, const BitstreamAbbreviations* known);
  /// Goes behind the block that next() found.
  void leave(const Block& block) { bits_.seek(block.end); }

  /// What follows. Records and abbreviations are behind the cursor then; a block was not entered, its header was read.
  /// A block that does not end where its header says is damaged, and damage is an end.
  Entry next(Block& block, Record& record);

  /// Reads the block information of a module, which next() found, and goes behind it.
  void readInformation(const Block& block, BitstreamInformation& into);

private:
  Block header();
  BitstreamAbbreviation definition();
  const BitstreamAbbreviation* abbreviation(std::uint64_t number) const;
  // Of each two the first does most records, and nothing with the others.
  static bool plainRecord(FarBits& bits, Record& into);
  void plainRecord(Record& into);
  static bool shortRecord(FarBits& bits, const BitstreamAbbreviation& form, Record& into);
  void shortRecord(const BitstreamAbbreviation& form, Record& into);
  static bool elements(FarBits& bits, const BitstreamAbbreviation::Operand& form, Record& into);
  static void elements(BitReader& bits, const BitstreamAbbreviation::Operand& form, Record& into);

  BitReader bits_;
  unsigned width_ = 2;
  std::uint64_t end_ = 0; ///< of the block that the cursor is in, in bits
  const BitstreamAbbreviations* known_ = nullptr; ///< of this kind of block
  BitstreamAbbreviations own_;                    ///< of this block, numbered behind those
};

} // namespace kiln

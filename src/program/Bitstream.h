// A cursor over LLVM's bitstream container that skips. LLVM's own reader decodes what it passes; finding the blocks
// inside a function body with it would cost a good part of what leaving them out saves.
//
// Bounds are checked and a cursor that ran off the end stays failed: the bytes may be damaged. Whoever uses what was
// found checks ok().
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <vector>

namespace kiln {

/// How a record's operands are written; the format's abbreviations.
struct BitstreamAbbreviation {
  enum class Encoding : std::uint8_t { Literal = 0, Fixed = 1, Vbr = 2, Array = 3, Char6 = 4, Blob = 5 };
  struct Operand {
    Encoding encoding;
    std::uint64_t value; ///< the literal, or the width in bits
  };
  std::vector<Operand> operands;
  /// What to pass over, if there is neither an array nor a blob: bits of a fixed number, then a value in pieces of
  /// `width` bits unless that is 0.
  struct Step {
    std::uint32_t bits, width;
  };
  std::vector<Step> steps;
};
using BitstreamAbbreviations = std::vector<BitstreamAbbreviation>;

class BitstreamCursor {
public:
  struct Block {
    std::uint32_t id = 0;
    std::uint64_t idBit = 0; ///< where its number is written, in 8 bits
    unsigned width = 0;      ///< of the abbreviation numbers inside
    std::uint64_t begin = 0, end = 0;
  };
  enum class Entry { End, Block, Record };

  explicit BitstreamCursor(std::span<const char> bytes) : bytes_(bytes), limit_(bytes.size() * 8) {}

  bool ok() const { return !failed_; }
  std::uint64_t position() const { return position_; }

  /// Goes to a place outside of blocks, or with the abbreviation numbers' width of the block around it.
  void seek(std::uint64_t bit, unsigned width);
  /// Goes into the block that next() found; `known` are the abbreviations that the block information gives its kind.
  /// They outlive the cursor.
  void enter(const Block& block, const BitstreamAbbreviations* known);
  /// Goes behind the block that next() found.
  void leave(const Block& block) { position_ = block.end; }

  /// What a record says: its code, then its operands as far as they are asked for.
  struct Record {
    std::size_t most = 0; ///< how many values are kept; the rest is passed over
    std::vector<std::uint64_t> values;
    bool keeps() const { return values.size() < most; }
    std::uint64_t code() const { return values.empty() ? 0 : values[0]; }
  };

  /// What follows. Records and abbreviations are behind the cursor then; a block was not entered, its header was read.
  Entry next(Block& block, Record& record);
  /// As next(), up to a block or the end.
  bool nextBlock(Block& block);

  /// Reads the block information of a module, which next() found.
  void readInformation(const Block& block, std::map<std::uint32_t, BitstreamAbbreviations>& into);

private:
  std::uint64_t fixed(unsigned width);
  std::uint64_t vbr(unsigned width);
  /// Eight bytes, or what there is of them.
  std::uint64_t wordAt(std::size_t byte) const {
    std::uint64_t word = 0;
    if (byte + 8 <= bytes_.size())
      memcpy(&word, bytes_.data() + byte, 8);
    else if (byte < bytes_.size())
      memcpy(&word, bytes_.data() + byte, bytes_.size() - byte);
    return word;
  }
  void skipBits(std::uint64_t bits);
  void align();
  Block header();
  BitstreamAbbreviation definition();
  const BitstreamAbbreviation* abbreviation(std::uint64_t number) const;
  void plainRecord(Record& into);
  void skipVbr(unsigned width, std::uint64_t values);
  void skipRecords();
  void shortRecord(const BitstreamAbbreviation& form, Record& into);
  void elements(const BitstreamAbbreviation::Operand& form, Record& into);
  static void keep(Record& into, std::uint64_t value) {
    if (into.keeps())
      into.values.push_back(value);
  }

  std::span<const char> bytes_;
  std::uint64_t limit_, position_ = 0;
  unsigned width_ = 2;
  bool failed_ = false;
  const BitstreamAbbreviations* known_ = nullptr; ///< of this kind of block
  BitstreamAbbreviations own_;                    ///< of this block, numbered behind those
};

} // namespace kiln

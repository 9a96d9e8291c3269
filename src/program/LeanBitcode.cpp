#include "program/LeanBitcode.h"

#include <llvm/Bitcode/LLVMBitCodes.h>

namespace kiln {
namespace {

/// No kind of block that LLVM knows in a body; its reader skips those.
constexpr std::uint8_t kUnknownBlock = 127;
constexpr unsigned kOuterWidth = 2; ///< of abbreviation numbers outside of blocks
constexpr std::uint64_t kMagicBits = 32;

void overwrite(std::span<char> bytes, std::uint64_t bit, std::uint8_t value) {
  auto* at = reinterpret_cast<unsigned char*>(bytes.data()) + (bit >> 3);
  unsigned shift = bit & 7;
  std::uint16_t mask = static_cast<std::uint16_t>(0xff << shift), both = 0;
  memcpy(&both, at, 2);
  both = static_cast<std::uint16_t>((both & ~mask) | (value << shift));
  memcpy(at, &both, 2); // a block's length follows, so that there is a second byte
}

} // namespace

LeanBitcode::LeanBitcode(const Source& source) : bytes_(source.scratch) {
  if (bytes_.empty()) {
    copy_.assign(source.bitcode.begin(), source.bitcode.end());
    bytes_ = copy_;
  }
  BitstreamCursor cursor(bytes_);
  cursor.seek(kMagicBits, kOuterWidth);
  // Bitcode in a wrapper starts with other bytes; it is rare enough to be read whole.
  if (bytes_.size() < 4 || memcmp(bytes_.data(), "BC\xc0\xde", 4) != 0)
    return;
  BitstreamCursor::Block block;
  while (cursor.nextBlock(block)) {
    if (block.id == llvm::bitc::MODULE_BLOCK_ID) {
      readModule(cursor, block);
      break;
    }
    cursor.leave(block);
  }
  if (!cursor.ok())
    bodies_.clear();
}

/// Finds the abbreviations and the table of bodies. Both are in front of the first body, or named there.
void LeanBitcode::readModule(BitstreamCursor& cursor, const BitstreamCursor::Block& module) {
  moduleWidth_ = module.width;
  cursor.enter(module, nullptr);
  BitstreamCursor::Block block;
  BitstreamCursor::Record record{.most = 2, .values = {}};
  std::uint64_t symbols = 0;
  std::uint32_t variables = 0, functions = 0;
  std::vector<std::uint64_t> labelled;
  for (;;) {
    BitstreamCursor::Entry entry = cursor.next(block, record);
    if (entry == BitstreamCursor::Entry::End)
      break;
    if (entry == BitstreamCursor::Entry::Record) {
      variables += record.code() == llvm::bitc::MODULE_CODE_GLOBALVAR;
      functions += record.code() == llvm::bitc::MODULE_CODE_FUNCTION;
      if (record.code() == llvm::bitc::MODULE_CODE_VSTOFFSET && record.values.size() == 2)
        symbols = record.values[1] * 32;
      continue;
    }
    if (block.id == llvm::bitc::FUNCTION_BLOCK_ID)
      break;
    if (block.id == llvm::bitc::BLOCKINFO_BLOCK_ID)
      cursor.readInformation(block, abbreviations_);
    else if (block.id == llvm::bitc::CONSTANTS_BLOCK_ID)
      labelled = readLabels(block);
    cursor.leave(block);
  }
  if (!cursor.ok() || symbols == 0)
    return;
  bodies_.resize(functions);
  readSymbols(cursor, symbols, variables);
  for (std::uint64_t function : labelled)
    if (function - variables < bodies_.size())
      prune(static_cast<std::uint32_t>(function - variables));
}

/// The functions whose labels the module's constants name: LLVM reads these with the header.
std::vector<std::uint64_t> LeanBitcode::readLabels(const BitstreamCursor::Block& constants) const {
  BitstreamCursor cursor(bytes_);
  cursor.enter(constants, known(constants.id));
  BitstreamCursor::Block block;
  BitstreamCursor::Record record{.most = 3, .values = {}};
  std::vector<std::uint64_t> functions;
  while (cursor.next(block, record) == BitstreamCursor::Entry::Record)
    if (record.code() == llvm::bitc::CST_CODE_BLOCKADDRESS && record.values.size() == 3)
      if (functions.empty() || functions.back() != record.values[2])
        functions.push_back(record.values[2]);
  return functions;
}

/// Values are numbered from the module's variables on. In a module that orders them otherwise another body is pruned,
/// which does no harm.
void LeanBitcode::readSymbols(BitstreamCursor& cursor, std::uint64_t bit, std::uint32_t variables) {
  BitstreamCursor::Block block;
  cursor.seek(bit, moduleWidth_);
  BitstreamCursor::Record none;
  if (cursor.next(block, none) != BitstreamCursor::Entry::Block || block.id != llvm::bitc::VALUE_SYMTAB_BLOCK_ID)
    return;
  cursor.enter(block, known(block.id));
  BitstreamCursor::Record record{.most = 3, .values = {}};
  while (cursor.next(block, record) == BitstreamCursor::Entry::Record) {
    if (record.code() != llvm::bitc::VST_CODE_FNENTRY || record.values.size() < 3)
      continue;
    if (std::uint64_t index = record.values[1] - variables; index < bodies_.size())
      bodies_[index] = record.values[2] * 32;
  }
}

const BitstreamAbbreviations* LeanBitcode::known(std::uint32_t kind) const {
  auto at = abbreviations_.find(kind);
  return at == abbreviations_.end() ? nullptr : &at->second;
}

void LeanBitcode::prune(std::uint32_t index) {
  if (index >= bodies_.size() || bodies_[index] == 0)
    return;
  BitstreamCursor cursor(bytes_);
  BitstreamCursor::Block block;
  cursor.seek(bodies_[index], moduleWidth_);
  BitstreamCursor::Record none;
  if (cursor.next(block, none) != BitstreamCursor::Entry::Block || block.id != llvm::bitc::FUNCTION_BLOCK_ID)
    return;
  cursor.enter(block, known(block.id));
  std::vector<std::uint64_t> found;
  while (cursor.nextBlock(block)) {
    if (block.id == llvm::bitc::METADATA_ATTACHMENT_ID || block.id == llvm::bitc::USELIST_BLOCK_ID)
      found.push_back(block.idBit);
    cursor.leave(block);
  }
  if (!cursor.ok())
    return;
  for (std::uint64_t bit : found)
    overwrite(bytes_, bit, kUnknownBlock);
}

} // namespace kiln

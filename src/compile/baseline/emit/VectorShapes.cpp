// Lanes in and out of vectors, shuffles, and vectors of addresses.
#include <llvm/IR/Constants.h>
#include <llvm/IR/GetElementPtrTypeIterator.h>

#include "compile/baseline/emit/Vectors.h"

namespace kiln::baseline {

using namespace sse;

// Single lanes --------------------------------------------------------------------------------------------------------

/// A lane in the frame. Whatever a variable index is, it is one of the slot's. Uses R10.
Mem Vectors::laneBy(std::int32_t slot, const VectorForm& form, const llvm::Value* index) {
  if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(index))
    return laneAt(slot, form, static_cast<unsigned>(constant->getValue().getLimitedValue(form.count - 1)));
  readInto(x86::r10, index, 0);
  a_.and_(x86::r10d, std::bit_ceil(form.count) - 1);
  return x86::ptr(x86::rbp, x86::r10, static_cast<unsigned>(std::countr_zero(form.lane)), slot, form.lane);
}

void Vectors::emitExtractElement(const llvm::ExtractElementInst& extract) {
  const std::uint32_t number = numberOf(extract);
  const llvm::Value* vector = extract.getVectorOperand();
  const VectorForm form = formOf(vector->getType());
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(extract.getIndexOperand());
  const auto index = constant ? static_cast<unsigned>(constant->getValue().getLimitedValue(form.count - 1)) : 0;
  if (!constant || registerOf(vector) == kNoRegister) {
    const std::int32_t slot = spill(vector, 0);
    const Mem lane = laneBy(slot, form, extract.getIndexOperand());
    if (form.isReal) {
      Xmm to = targetXmm(number);
      loadXmm(to, lane, form.lane);
      return wrote(number, 0, to);
    }
    Gp to = target(number);
    loadLane(to, lane, false);
    if (form.isMask)
      a_.and_(sized(to, 32), 1);
    return wrote(number, 0, to);
  }
  Xmm from = xmm(registerOf(vector));
  if (form.isReal) {
    Xmm to = targetXmm(number);
    if (index == 0)
      move(to, from);
    else
      sseUnary(kPshufd, to, from, form.lane == 8 ? 0xee : 0x55 * index);
    return wrote(number, 0, to);
  }
  Gp to = target(number);
  extractLane(to, from, form, index);
  wrote(number, 0, to);
}

/// Uses XMM14.
void Vectors::extractLane(Gp to, Xmm from, const VectorForm& form, unsigned index) {
  namespace Inst = x86::Inst;
  const unsigned byte = index * form.lane;
  Gp narrow = sized(to, 32), full = sized(to, 64);
  if (form.isMask || form.lane < 4) {
    hasAvx_ ? a_.vpextrw(narrow, from, byte / 2) : a_.pextrw(narrow, from, byte / 2);
    if (byte % 2)
      a_.shr(narrow, 8);
    if (form.isMask)
      a_.and_(narrow, 1);
    return;
  }
  if (index != 0 && features().hasSSE4_1()) {
    if (form.lane == 8)
      hasAvx_ ? a_.vpextrq(full, from, index) : a_.pextrq(full, from, index);
    else
      hasAvx_ ? a_.vpextrd(narrow, from, index) : a_.pextrd(narrow, from, index);
    return;
  }
  if (index != 0) {
    sseUnary(kPshufd, x86::xmm14, from, form.lane == 8 ? 0xee : 0x55 * index);
    from = x86::xmm14;
  }
  if (form.lane == 8)
    moveBits(full, from);
  else
    moveBits(narrow, from, 32);
}

void Vectors::emitInsertElement(const llvm::InsertElementInst& insert) {
  const std::uint32_t number = numberOf(insert);
  const llvm::Value *vector = insert.getOperand(0), *element = insert.getOperand(1);
  const VectorForm form = formOf(insert.getType());
  const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(insert.getOperand(2));
  if (constant) {
    const auto index = static_cast<unsigned>(constant->getValue().getLimitedValue(form.count - 1));
    if (form.isReal ? insertReal(insert, form, index) : insertInteger(insert, form, index))
      return;
  }
  // Through the frame. A slot of the vector's own is not to be written.
  const std::int32_t slot = vectorSlot(2);
  storeXmm(frame(slot, 16), readXmm(vector, 0, x86::xmm14), 16);
  if (form.isReal) {
    Xmm from = readXmm(element, 0, x86::xmm14);
    storeXmm(laneBy(slot, form, insert.getOperand(2)), from, form.lane);
  } else {
    Gp from = readLaneValue(element, form);
    storeLane(laneBy(slot, form, insert.getOperand(2)), from);
  }
  takeSlot(number, slot);
}

/// What is put into a lane: of a mask, all ones or zeros. In a place of its own or RAX.
Gp Vectors::readLaneValue(const llvm::Value* element, const VectorForm& form) {
  if (!form.isMask)
    return read(element);
  readInto(x86::rax, element);
  a_.neg(x86::rax);
  return x86::rax;
}

bool Vectors::insertReal(const llvm::InsertElementInst& insert, const VectorForm& form, unsigned index) {
  const std::uint32_t number = numberOf(insert);
  const llvm::Value *vector = insert.getOperand(0), *element = insert.getOperand(1);
  if (form.lane == 4 && index != 0 && !features().hasSSE4_1())
    return false;
  Xmm to = targetXmm(number);
  if (index == 0 && llvm::isa<llvm::UndefValue>(vector)) {
    readXmmInto(to, element);
    wrote(number, 0, to);
    return true;
  }
  Xmm from = readXmm(element, 0, x86::xmm14), into = readXmm(vector, 0, to);
  if (index != 0 && form.lane == 4)
    sse(kInsertps, to, into, from, index << 4);
  else if (index != 0)
    sse(kPunpcklqdq, to, into, from);
  else
    sse(form.lane == 4 ? kMovss : kMovsd, to, into, from);
  wrote(number, 0, to);
  return true;
}

bool Vectors::insertInteger(const llvm::InsertElementInst& insert, const VectorForm& form, unsigned index) {
  const std::uint32_t number = numberOf(insert);
  const llvm::Value* vector = insert.getOperand(0);
  const bool fresh = index == 0 && form.lane >= 4 && llvm::isa<llvm::UndefValue>(vector);
  if (form.lane != 2 && !fresh && !features().hasSSE4_1())
    return false;
  Gp from = readLaneValue(insert.getOperand(1), form);
  Xmm to = targetXmm(number);
  if (fresh) {
    moveBits(to, from);
    wrote(number, 0, to);
    return true;
  }
  const Sse& operation = form.lane == 1 ? kPinsrb : form.lane == 2 ? kPinsrw : form.lane == 4 ? kPinsrd : kPinsrq;
  sse(operation, to, readXmm(vector, 0, to), sized(from, form.lane == 8 ? 64 : 32), index);
  wrote(number, 0, to);
  return true;
}

// Shuffles ------------------------------------------------------------------------------------------------------------

void Vectors::emitShuffle(const llvm::ShuffleVectorInst& shuffle) {
  const VectorForm source = formOf(shuffle.getOperand(0)->getType()), form = formOf(shuffle.getType());
  if (form.lane != source.lane)
    return shuffleMasks(shuffle, source, form);
  ByteShuffle bytes;
  bytes.fill(kAnyByte);
  for (unsigned i = 0; i < form.count; ++i) {
    int from = shuffle.getMaskValue(i);
    if (from < 0)
      continue;
    const bool second = static_cast<unsigned>(from) >= source.count;
    const llvm::Value* operand = shuffle.getOperand(second ? 1 : 0);
    if (llvm::isa<llvm::UndefValue>(operand))
      continue;
    const unsigned lane = static_cast<unsigned>(from) - (second ? source.count : 0);
    for (unsigned j = 0; j < form.lane; ++j)
      bytes[i * form.lane + j] = static_cast<std::int8_t>((second ? 16 : 0) + lane * form.lane + j);
  }
  const std::uint32_t number = numberOf(shuffle);
  asmjit::Operand left = steady(shuffle.getOperand(0), 0), right = steady(shuffle.getOperand(1), 1);
  if (llvm::all_of(bytes, [](std::int8_t byte) { return byte < 0 || byte >= 16; })) {
    std::swap(left, right);
    for (std::int8_t& byte : bytes)
      byte = static_cast<std::int8_t>(byte < 0 ? byte : byte - 16);
  }
  Xmm to = targetXmm(number);
  shuffleBytes(to, left, right, bytes, form.lane);
  wrote(number, 0, to);
}

namespace {

/// What fills units of so many bytes: their numbers among the operands' units, or nothing if units are torn apart.
template <unsigned kUnit> std::optional<std::array<int, 16 / kUnit>> unitsOf(const ByteShuffle& bytes) {
  std::array<int, 16 / kUnit> units{};
  for (unsigned i = 0; i < 16 / kUnit; ++i) {
    int base = kAnyByte;
    for (unsigned j = 0; j < kUnit; ++j) {
      int byte = bytes[i * kUnit + j];
      if (byte == kAnyByte)
        continue;
      int begin = byte - static_cast<int>(j);
      if (begin < 0 || begin % static_cast<int>(kUnit) != 0 ||
          (base != kAnyByte && base != begin / static_cast<int>(kUnit)))
        return std::nullopt;
      base = begin / static_cast<int>(kUnit);
    }
    units[i] = base;
  }
  return units;
}

bool matches(const ByteShuffle& bytes, llvm::function_ref<int(unsigned)> expected) {
  for (unsigned i = 0; i < 16; ++i)
    if (bytes[i] != kAnyByte && bytes[i] != expected(i))
      return false;
  return true;
}

unsigned immediateOf4(llvm::ArrayRef<int> units) {
  unsigned immediate = 0;
  for (unsigned i = 0; i < 4; ++i)
    immediate |= (units[i] < 0 ? i : static_cast<unsigned>(units[i]) % 4) << 2 * i;
  return immediate;
}

} // namespace

/// `to`, which is none of the operands, gets bytes 0 to 15 of the left and 16 to 31 of the right operand. Uses XMM14,
/// and without SSSE3 possibly RAX and scratch slots.
void Vectors::shuffleBytes(Xmm to, const asmjit::Operand& left, const asmjit::Operand& right, const ByteShuffle& bytes,
                           unsigned lane) {
  if (matches(bytes, [](unsigned i) { return static_cast<int>(i); }))
    return loadOperand(to, left);
  const bool single = llvm::all_of(bytes, [](std::int8_t byte) { return byte < 16; });
  auto dwords = unitsOf<4>(bytes);
  if (single && dwords)
    return sseUnary(kPshufd, to, left, immediateOf4(*dwords));
  if (shuffleInterleaved(to, left, right, bytes))
    return;
  if (single && shuffleWords(to, left, bytes))
    return;
  if (dwords) { // two of one operand below two of one
    auto source = [&](unsigned i) { return (*dwords)[i] < 0 ? -1 : (*dwords)[i] / 4; };
    auto half = [&](unsigned i) { return source(i) >= 0 ? source(i) : std::max(source(i + 1), 0); };
    if ((source(0) < 0 || source(1) < 0 || source(0) == source(1)) &&
        (source(2) < 0 || source(3) < 0 || source(2) == source(3))) {
      loadOperand(to, half(0) ? right : left);
      return sse(kShufps, to, to, half(2) ? right : left, immediateOf4(*dwords));
    }
  }
  if (matches(bytes, [&](unsigned i) { return static_cast<int>(bytes[i] >= 16 ? i + 16 : i); })) {
    std::uint64_t words[2] = {0, 0};
    for (unsigned i = 0; i < 16; ++i)
      if (bytes[i] >= 0 && bytes[i] < 16)
        words[i / 8] |= std::uint64_t{0xff} << i % 8 * 8;
    loadOperand(to, constantMemory(words[0], words[1], 16));
    return blend(to, left, right);
  }
  if (features().hasSSSE3())
    return shuffleByControl(to, left, right, bytes, single);
  shuffleInMemory(to, left, right, bytes, lane);
}

/// Lanes of both operands in turn, from their lower or upper halves.
bool Vectors::shuffleInterleaved(Xmm to, const asmjit::Operand& left, const asmjit::Operand& right,
                                 const ByteShuffle& bytes) {
  static constexpr const Sse* kLow[] = {&kPunpcklbw, &kPunpcklwd, &kPunpckldq, &kPunpcklqdq};
  static constexpr const Sse* kHigh[] = {&kPunpckhbw, &kPunpckhwd, &kPunpckhdq, &kPunpckhqdq};
  for (unsigned log = 0; log < 4; ++log)
    for (unsigned upper = 0; upper < 2; ++upper)
      for (unsigned pair = 0; pair < 4; ++pair) {
        const unsigned unit = 1u << log;
        auto expected = [&](unsigned i) {
          unsigned turn = i / unit, from = turn % 2 ? pair >> 1 : pair & 1;
          return static_cast<int>(16 * from + upper * 8 + turn / 2 * unit + i % unit);
        };
        if (!matches(bytes, expected))
          continue;
        loadOperand(to, pair & 1 ? right : left);
        sse(*(upper ? kHigh : kLow)[log], to, to, pair & 2 ? right : left);
        return true;
      }
  return false;
}

/// Words that stay within their half of the one operand.
bool Vectors::shuffleWords(Xmm to, const asmjit::Operand& from, const ByteShuffle& bytes) {
  auto words = unitsOf<2>(bytes);
  if (!words)
    return false;
  bool lower = false, upper = false;
  for (unsigned i = 0; i < 8; ++i) {
    int word = (*words)[i];
    if (word >= 0 && static_cast<unsigned>(word) / 4 != i / 4)
      return false;
    (i < 4 ? lower : upper) |= word >= 0 && static_cast<unsigned>(word) != i;
  }
  const asmjit::Operand_* source = &from;
  if (lower) {
    sseUnary(kPshuflw, to, *source, immediateOf4(llvm::ArrayRef(*words).take_front(4)));
    source = &to;
  }
  if (upper)
    sseUnary(kPshufhw, to, *source, immediateOf4(llvm::ArrayRef(*words).drop_front(4)));
  return true;
}

void Vectors::shuffleByControl(Xmm to, const asmjit::Operand& left, const asmjit::Operand& right,
                               const ByteShuffle& bytes, bool single) {
  auto control = [&](int first) {
    std::uint64_t words[2] = {0, 0};
    for (unsigned i = 0; i < 16; ++i) {
      int byte = bytes[i] - first;
      words[i / 8] |= std::uint64_t{byte < 0 || byte > 15 ? 0x80u : static_cast<unsigned>(byte)} << i % 8 * 8;
    }
    return constantMemory(words[0], words[1], 16);
  };
  loadOperand(to, left);
  sse(kPshufb, to, to, control(0));
  if (single)
    return;
  loadOperand(x86::xmm14, right);
  sse(kPshufb, x86::xmm14, x86::xmm14, control(16));
  sse(kPor, to, to, x86::xmm14);
}

void Vectors::shuffleInMemory(Xmm to, const asmjit::Operand& left, const asmjit::Operand& right,
                              const ByteShuffle& bytes, unsigned lane) {
  auto place = [&](const asmjit::Operand& operand, unsigned which) {
    loadOperand(x86::xmm14, operand);
    storeXmm(frame(vectorSlot(which), 16), x86::xmm14, 16);
    return vectorSlot(which);
  };
  const std::int32_t from[] = {place(left, 0), place(right, 1)}, result = vectorSlot(2);
  // Bytes of a lane may be in another order, as a swap of bytes has them.
  auto isWhole = [&](unsigned i) {
    for (unsigned j = 1; j < lane; ++j)
      if (bytes[i + j] != bytes[i] + static_cast<int>(j))
        return false;
    return true;
  };
  for (unsigned i = 0; i < 16; i += lane) {
    const unsigned unit = isWhole(i) ? lane : 1;
    for (unsigned j = 0; j < lane; j += unit) {
      int byte = bytes[i + j];
      if (byte < 0)
        continue;
      loadLane(x86::rax, frame(from[byte / 16] + byte % 16, unit), false);
      storeLane(frame(result + static_cast<std::int32_t>(i + j), unit), x86::rax);
    }
  }
  loadXmm(to, frame(result, 16), 16);
}

/// Between masks whose lanes have different widths.
void Vectors::shuffleMasks(const llvm::ShuffleVectorInst& shuffle, const VectorForm& source, const VectorForm& form) {
  const std::int32_t left = spill(shuffle.getOperand(0), 0), right = spill(shuffle.getOperand(1), 1),
                     to = vectorSlot(2);
  for (unsigned i = 0; i < form.count; ++i) {
    int from = shuffle.getMaskValue(i);
    if (from < 0)
      continue;
    auto lane = static_cast<unsigned>(from);
    const bool second = lane >= source.count;
    loadLane(x86::rax, laneAt(second ? right : left, source, second ? lane - source.count : lane), true);
    storeLane(laneAt(to, form, i), x86::rax);
  }
  takeSlot(numberOf(shuffle), to);
}

// Addresses -----------------------------------------------------------------------------------------------------------

/// Address computations of several lanes: one after the other in RAX.
void Vectors::emitAddress(const llvm::GetElementPtrInst& instruction) {
  const VectorForm form = formOf(instruction.getType());
  llvm::SmallVector<std::int32_t, 4> slots; // of operands that are vectors
  for (const llvm::Use& operand : instruction.operands()) {
    if (operand->getType()->isVectorTy() && slots.size() == std::size(vectorSlots_) - 1)
      refuse("address computation with many vectors");
    slots.push_back(operand->getType()->isVectorTy() ? spill(operand.get(), static_cast<unsigned>(slots.size())) : 0);
  }
  const std::int32_t result = vectorSlot(std::size(vectorSlots_) - 1);
  for (unsigned lane = 0; lane < form.count; ++lane) {
    if (slots[0])
      a_.mov(x86::rax, frame(slots[0] + 8 * static_cast<std::int32_t>(lane)));
    else
      readInto(x86::rax, instruction.getPointerOperand());
    std::int64_t offset = 0;
    unsigned operand = 1;
    for (auto at = llvm::gep_type_begin(instruction), end = llvm::gep_type_end(instruction); at != end;
         ++at, ++operand) {
      const llvm::Value* index = at.getOperand();
      if (llvm::StructType* record = at.getStructTypeOrNull()) {
        const auto* field = llvm::cast<llvm::Constant>(index);
        if (field->getType()->isVectorTy())
          field = field->getSplatValue();
        auto number = static_cast<unsigned>(llvm::cast<llvm::ConstantInt>(field)->getZExtValue());
        offset += static_cast<std::int64_t>(e_.data.getStructLayout(record)->getElementOffset(number).getFixedValue());
        continue;
      }
      if (slots[operand])
        loadLane(x86::r10, laneAt(slots[operand], formOf(index->getType()), lane), true);
      else
        signExtendInto(x86::r10, index);
      auto stride = static_cast<std::int64_t>(at.getSequentialElementStride(e_.data).getFixedValue());
      if (!isInt32(stride))
        refuse("address computation with large strides in a vector");
      a_.imul(x86::r10, x86::r10, static_cast<std::int32_t>(stride));
      a_.add(x86::rax, x86::r10);
    }
    addOffset(x86::rax, offset);
    a_.mov(frame(result + 8 * static_cast<std::int32_t>(lane)), x86::rax);
  }
  takeSlot(numberOf(instruction), result);
}

} // namespace kiln::baseline

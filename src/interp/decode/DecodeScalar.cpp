// Arithmetic, comparisons, conversions, and taking values apart and together.
#include <llvm/IR/Constants.h>

#include "interp/decode/Decoder.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {

Predicate predicateOf(llvm::CmpInst::Predicate predicate) {
  switch (predicate) {
  case llvm::CmpInst::ICMP_EQ: return Predicate::Eq;
  case llvm::CmpInst::ICMP_NE: return Predicate::Ne;
  case llvm::CmpInst::ICMP_UGT: return Predicate::Ugt;
  case llvm::CmpInst::ICMP_UGE: return Predicate::Uge;
  case llvm::CmpInst::ICMP_ULT: return Predicate::Ult;
  case llvm::CmpInst::ICMP_ULE: return Predicate::Ule;
  case llvm::CmpInst::ICMP_SGT: return Predicate::Sgt;
  case llvm::CmpInst::ICMP_SGE: return Predicate::Sge;
  case llvm::CmpInst::ICMP_SLT: return Predicate::Slt;
  default: return Predicate::Sle;
  }
}

FloatType floatTypeOf(const llvm::Type* type) {
  switch (type->getTypeID()) {
  case llvm::Type::HalfTyID: return FloatType::Half;
  case llvm::Type::BFloatTyID: return FloatType::BFloat;
  case llvm::Type::FloatTyID: return FloatType::Float;
  case llvm::Type::DoubleTyID: return FloatType::Double;
  case llvm::Type::X86_FP80TyID: return FloatType::X86Fp80;
  default: return FloatType::Fp128;
  }
}

namespace {

struct Lanes {
  unsigned count = 1;
  llvm::Type* type = nullptr;
  unsigned words = 1; ///< of one lane
};

Lanes lanesOf(llvm::Type* type) {
  Lanes lanes;
  lanes.type = type->getScalarType();
  if (const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type))
    lanes.count = vector->getNumElements();
  lanes.words = wordsOf(lanes.type);
  return lanes;
}

unsigned bitsOf(const llvm::Type* type) { return type->isPointerTy() ? 64 : type->getIntegerBitWidth(); }

Word lowMask(unsigned bits) { return bits >= 64 ? ~Word{0} : (Word{1} << bits) - 1; }

bool isCommutative(IntOp op) {
  using enum IntOp;
  switch (op) {
  case Add: case Mul: case And: case Or: case Xor: case SMax: case SMin: case UMax: case UMin:
  case SAddSat: case UAddSat: case SAddOver: case UAddOver: case SMulOver: case UMulOver: return true;
  default: return false;
  }
}

} // namespace

// Integers of any width ------------------------------------------------------------------------------------------------

void Decoder::emitMask(unsigned bits, unsigned d, unsigned a) {
  emit(intBinary(IntOp::And, 3, Form::RK), d, a);
  append(lowMask(bits));
}

std::uint16_t Decoder::signExtended(unsigned bits, Operand a) {
  std::uint16_t from = word(a);
  if (bits == 64)
    return from;
  std::uint16_t to = temporary();
  if (isExactWidth(bits))
    emit(signExtend(widthOf(bits)), to, from);
  else
    emit(signExtendFrom(), to, from, 0, 64 - bits);
  return to;
}

std::uint16_t Decoder::zeroExtended(unsigned bits, Operand a) {
  std::uint16_t from = word(a);
  if (bits == 64 || !isExactWidth(bits))
    return from;
  std::uint16_t to = temporary();
  emit(zeroExtend(widthOf(bits)), to, from);
  return to;
}

void Decoder::emitInt(IntOp op, unsigned bits, unsigned d, Operand a, Operand b) {
  using enum IntOp;
  if (isExactWidth(bits)) {
    if (a.constant && !b.constant && isCommutative(op))
      std::swap(a, b);
    Form form = Form::RR;
    if (b.constant)
      form = Form::RK;
    else if (a.constant)
      form = Form::KR;
    unsigned x = form == Form::KR ? 0 : word(a);
    emit(intBinary(op, widthOf(bits), form), d, x, form == Form::RK ? 0 : b.word);
    if (form != Form::RR)
      append(form == Form::RK ? b.k : a.k);
    return;
  }
  // Other widths up to 64 bits: in 64 bits, then masked. What has more to it than that is done by the ops for any width.
  bool simple = op <= Xor;
  if (!simple) {
    emit(wideBinary(op), d, word(a), word(b));
    append(bits);
    return;
  }
  if (op == SDiv || op == SRem) {
    a = {false, 0, signExtended(bits, a)};
    b = {false, 0, signExtended(bits, b)};
  } else if (op == AShr) {
    a = {false, 0, signExtended(bits, a)};
  }
  bool mask = op == Add || op == Sub || op == Mul || op == Shl || op == SDiv || op == SRem || op == AShr;
  unsigned to = mask ? temporary() : d;
  emitInt(op, 64, to, a, b);
  if (mask)
    emitMask(bits, d, to);
}

void Decoder::emitIntCompare(Predicate predicate, unsigned bits, unsigned d, Operand a, Operand b) {
  if (!isExactWidth(bits)) {
    if (predicate >= Predicate::Sgt) {
      a = {false, 0, signExtended(bits, a)};
      b = {false, 0, signExtended(bits, b)};
    }
    bits = 64;
  }
  if (a.constant && !b.constant) {
    std::swap(a, b);
    constexpr Predicate swapped[] = {Predicate::Eq,  Predicate::Ne,  Predicate::Ult, Predicate::Ule, Predicate::Ugt,
                                     Predicate::Uge, Predicate::Slt, Predicate::Sle, Predicate::Sgt, Predicate::Sge};
    predicate = swapped[static_cast<unsigned>(predicate)];
  }
  std::uint16_t x = word(a);
  emit(intCompare(predicate, widthOf(bits), b.constant), d, x, b.constant ? 0 : b.word);
  if (b.constant)
    append(b.k);
}

void Decoder::emitIntUnary(IntUnary op, unsigned bits, unsigned d, Operand a) {
  if (isExactWidth(bits)) {
    emit(intUnary(op, widthOf(bits)), d, word(a));
    return;
  }
  emit(wideUnary(op), d, word(a));
  append(bits);
}

void Decoder::emitFloat(FloatOp op, FloatType type, unsigned d, Operand a, Operand b) {
  bool forms = (type == FloatType::Float || type == FloatType::Double) && op <= FloatOp::Div;
  if (forms && b.constant && !a.constant) {
    emit(floatBinary(op, type, Form::RK), d, a.word);
    append(b.k);
  } else if (forms && a.constant && !b.constant) {
    emit(floatBinary(op, type, Form::KR), d, 0, b.word);
    append(a.k);
  } else {
    std::uint16_t x = word(a);
    emit(floatBinary(op, type), d, x, word(b));
  }
}

void Decoder::decodeBinary(const llvm::Instruction& instruction) {
  Lanes lanes = lanesOf(instruction.getType());
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  unsigned d = destination(instruction);
  if (lanes.words > 1) {
    std::uint16_t a = wordsFor(left, lanes.words * lanes.count), b = wordsFor(right, lanes.words * lanes.count);
    for (unsigned i = 0; i < lanes.count; ++i) {
      unsigned at = i * lanes.words;
      if (!lanes.type->isIntegerTy())
        emit(floatBinary(floatOpOf(instruction.getOpcode()), floatTypeOf(lanes.type)), d + at, a + at, b + at);
      else if (lanes.type->isIntegerTy(128))
        emit(int128Binary(intOpOf(instruction.getOpcode())), d + at, a + at, b + at);
      else {
        emit(wideBinary(intOpOf(instruction.getOpcode())), d + at, a + at, b + at);
        append(lanes.type->getIntegerBitWidth());
      }
    }
    return;
  }
  if (lanes.count == 1 && decodeFused(instruction))
    return;
  for (unsigned i = 0; i < lanes.count; ++i) {
    Operand a = operand(left, i), b = operand(right, i);
    if (lanes.type->isIntegerTy())
      emitInt(intOpOf(instruction.getOpcode()), lanes.type->getIntegerBitWidth(), d + i, a, b);
    else
      emitFloat(floatOpOf(instruction.getOpcode()), floatTypeOf(lanes.type), d + i, a, b);
  }
}

/// Arithmetic that has a load or arithmetic with a constant in it.
bool Decoder::decodeFused(const llvm::Instruction& instruction) {
  unsigned inner = 2;
  for (unsigned i = 0; i < 2; ++i)
    if (layout_.isFolded(instruction.getOperand(i)))
      inner = i;
  if (inner == 2)
    return false;
  const auto* part = llvm::cast<llvm::Instruction>(instruction.getOperand(inner));
  const llvm::Value* other = instruction.getOperand(1 - inner);
  unsigned d = destination(instruction);
  const llvm::Type* type = instruction.getType();
  if (const auto* load = llvm::dyn_cast<llvm::LoadInst>(part)) {
    Address address = resolve(load->getPointerOperand());
    Handler handler = type->isIntegerTy()
                          ? intLoading(intOpOf(instruction.getOpcode()), widthOf(type), address.indexed)
                          : floatLoading(floatOpOf(instruction.getOpcode()), floatTypeOf(type), address.indexed);
    emit(handler, d, word(other), address.base,
         address.indexed ? address.index : static_cast<std::uint16_t>(address.offset));
    return true;
  }
  if (type->isFloatingPointTy()) {
    std::uint16_t a = word(part->getOperand(0)), b = word(part->getOperand(1)), c = word(other);
    FloatType real = floatTypeOf(type);
    emit(instruction.getOpcode() == llvm::Instruction::FAdd ? floatMultiplyAdd(real, false)
                                                            : floatMultiplySubtract(real, inner == 0),
         d, a, b, c);
    return true;
  }
  IntOp first = intOpOf(part->getOpcode()), second = intOpOf(instruction.getOpcode());
  std::uint16_t a = word(part->getOperand(0));
  Word k = operand(part->getOperand(1)).k;
  if (Operand b = operand(other); b.constant) {
    emit(intChainConstant(first, second, widthOf(type)), d, a);
    append(k);
    append(b.k);
  } else {
    emit(intChain(first, second, widthOf(type), inner == 1), d, a, b.word);
    append(k);
  }
  return true;
}

void Decoder::decodeFneg(const llvm::Instruction& instruction) {
  Lanes lanes = lanesOf(instruction.getType());
  std::uint16_t a = wordsFor(instruction.getOperand(0), lanes.words * lanes.count);
  unsigned d = destination(instruction);
  for (unsigned i = 0; i < lanes.count; ++i)
    emit(floatUnary(FloatUnary::Neg, floatTypeOf(lanes.type)), d + i * lanes.words, a + i * lanes.words);
}

void Decoder::decodeCompare(const llvm::CmpInst& compare) {
  const llvm::Value *left = compare.getOperand(0), *right = compare.getOperand(1);
  Lanes lanes = lanesOf(left->getType());
  unsigned d = destination(compare);
  if (llvm::isa<llvm::FCmpInst>(compare)) {
    std::uint16_t a = wordsFor(left, lanes.words * lanes.count), b = wordsFor(right, lanes.words * lanes.count);
    for (unsigned i = 0; i < lanes.count; ++i)
      emit(floatCompare(static_cast<unsigned>(compare.getPredicate()), floatTypeOf(lanes.type)), d + i,
           a + i * lanes.words, b + i * lanes.words);
    return;
  }
  Predicate predicate = predicateOf(compare.getPredicate());
  if (lanes.words == 1) {
    for (unsigned i = 0; i < lanes.count; ++i)
      emitIntCompare(predicate, bitsOf(lanes.type), d + i, operand(left, i), operand(right, i));
    return;
  }
  std::uint16_t a = wordsFor(left, lanes.words * lanes.count), b = wordsFor(right, lanes.words * lanes.count);
  for (unsigned i = 0; i < lanes.count; ++i) {
    unsigned at = i * lanes.words;
    if (lanes.type->isIntegerTy(128)) {
      emit(int128Compare(predicate), d + i, a + at, b + at);
    } else {
      emit(wideCompare(predicate), d + i, a + at, b + at);
      append(bitsOf(lanes.type));
    }
  }
}

// Conversions ------------------------------------------------------------------------------------------------------------

void Decoder::decodeCast(const llvm::CastInst& cast) {
  if (cast.getOpcode() == llvm::Instruction::BitCast)
    return emitBitcast(cast);
  Lanes from = lanesOf(cast.getOperand(0)->getType()), to = lanesOf(cast.getType());
  unsigned d = destination(cast);
  for (unsigned i = 0; i < to.count; ++i)
    emitCast(cast.getOpcode(), from.type, to.type, d + i * to.words, cast.getOperand(0), i * from.words);
}

/// One lane: the value's words from `index` on.
void Decoder::emitCast(unsigned opcode, llvm::Type* from, llvm::Type* to, unsigned d, const llvm::Value* value,
                       unsigned index) {
  using llvm::Instruction;
  unsigned fromWords = wordsOf(from), toWords = wordsOf(to);
  auto source = [&] { return static_cast<std::uint16_t>(wordsFor(value, index + fromWords) + index); };
  switch (opcode) {
  case Instruction::PtrToInt:
  case Instruction::IntToPtr:
  case Instruction::AddrSpaceCast:
    opcode = bitsOf(to) > bitsOf(from) ? unsigned{Instruction::ZExt} : unsigned{Instruction::Trunc};
    [[fallthrough]];
  case Instruction::Trunc:
  case Instruction::ZExt:
  case Instruction::SExt: {
    unsigned fromBits = bitsOf(from), toBits = bitsOf(to);
    if (fromWords > 1 || toWords > 1) {
      if (opcode == Instruction::Trunc && toWords == 1 && isExactWidth(toBits)) {
        emitMove(d, operand(value, index));
        return;
      }
      if (toBits == 128 && fromBits <= 64) {
        Operand low = operand(value, index);
        bool isSigned = opcode == Instruction::SExt;
        std::uint16_t at = isSigned ? signExtended(fromBits, low) : zeroExtended(fromBits, low);
        emit(move(), d, at);
        if (isSigned)
          emit(intBinary(IntOp::AShr, 3, Form::RK), d + 1, d), append(63);
        else
          emitConstant(d + 1, 0);
        return;
      }
      emit(wideExtend(opcode == Instruction::SExt), d, source());
      append(fromBits);
      append(toBits);
      return;
    }
    Operand a = operand(value, index);
    if (opcode == Instruction::Trunc) {
      if (isExactWidth(toBits))
        emitMove(d, a);
      else
        emitMask(toBits, d, word(a));
    } else if (opcode == Instruction::ZExt) {
      if (isExactWidth(fromBits) && fromBits < 64)
        emit(zeroExtend(widthOf(fromBits)), d, word(a));
      else
        emitMove(d, a);
    } else if (isExactWidth(toBits)) {
      std::uint16_t from16 = word(a);
      if (isExactWidth(fromBits))
        emit(signExtend(widthOf(fromBits)), d, from16);
      else
        emit(signExtendFrom(), d, from16, 0, 64 - fromBits);
    } else {
      emitMask(toBits, d, signExtended(fromBits, a));
    }
    return;
  }
  case Instruction::FPTrunc:
  case Instruction::FPExt: emit(floatConvert(floatTypeOf(from), floatTypeOf(to)), d, source()); return;
  case Instruction::SIToFP:
  case Instruction::UIToFP: {
    bool isSigned = opcode == Instruction::SIToFP;
    unsigned bits = bitsOf(from);
    if (bits > 64) {
      emit(wideToFloat(isSigned), d, source(), 0, static_cast<unsigned>(floatTypeOf(to)));
      append(bits);
      return;
    }
    Operand a = operand(value, index);
    if (isExactWidth(bits)) {
      emit(intToFloat(isSigned, widthOf(bits), floatTypeOf(to)), d, word(a));
    } else {
      std::uint16_t wide = isSigned ? signExtended(bits, a) : zeroExtended(bits, a);
      emit(intToFloat(isSigned, 3, floatTypeOf(to)), d, wide);
    }
    return;
  }
  case Instruction::FPToSI:
  case Instruction::FPToUI: {
    bool isSigned = opcode == Instruction::FPToSI;
    unsigned bits = bitsOf(to);
    std::uint16_t a = source();
    if (bits > 64) {
      emit(wideFromFloat(isSigned, false), d, a, 0, static_cast<unsigned>(floatTypeOf(from)));
      append(bits);
    } else if (isExactWidth(bits)) {
      emit(floatToInt(isSigned, false, widthOf(bits), floatTypeOf(from)), d, a);
    } else {
      std::uint16_t wide = temporary();
      emit(floatToInt(isSigned, false, 3, floatTypeOf(from)), wide, a);
      emitMask(bits, d, wide);
    }
    return;
  }
  default: refuse("conversion " + std::string(Instruction::getOpcodeName(opcode)));
  }
}

/// The bits of one type as another: through memory of the frame, in the memory form of both.
void Decoder::emitBitcast(const llvm::CastInst& cast) {
  llvm::Type *from = cast.getOperand(0)->getType(), *to = cast.getType();
  unsigned d = destination(cast);
  Leaves leaves;
  Leaves results;
  if (!leavesOf(from, data_, leaves) || !leavesOf(to, data_, results))
    refuse("bitcast of a type that has no words");
  bool sameWords = leaves.size() == results.size();
  for (std::size_t i = 0; sameWords && i < leaves.size(); ++i)
    sameWords = leaves[i].words == results[i].words && leaves[i].bytes == results[i].bytes && leaves[i].bytes != 0;
  if (sameWords)
    return emitMoveWords(d, cast.getOperand(0), wordsOf(to));
  std::uint64_t bytes = (data_.getTypeStoreSize(from).getFixedValue() + 7) / 8 * 8;
  std::uint16_t scratch = temporary(static_cast<unsigned>(bytes / 8) + 1);
  std::uint16_t pointer = temporary();
  emitOffset(frameAddress(), pointer, 0, scratch * 8);
  Address address;
  address.base = pointer;
  emitConstant(scratch, 0); // lanes that are bits are added to what is there
  for (const Leaf& leaf : leaves)
    emitStoreLeaf(leaf, cast.getOperand(0), address);
  for (const Leaf& leaf : results)
    emitLoadLeaf(leaf, d, address);
}

// Choosing, and parts of values -------------------------------------------------------------------------------------------

void Decoder::decodeSelect(const llvm::SelectInst& choice) {
  const llvm::Value *condition = choice.getCondition(), *yes = choice.getTrueValue(), *no = choice.getFalseValue();
  unsigned d = destination(choice), words = stateOf(choice).words;
  if (condition->getType()->isVectorTy()) {
    Lanes lanes = lanesOf(choice.getType());
    std::uint16_t bits = wordsFor(condition, lanes.count);
    std::uint16_t a = wordsFor(yes, words), b = wordsFor(no, words);
    for (unsigned i = 0; i < lanes.count; ++i)
      for (unsigned j = 0; j < lanes.words; ++j)
        emit(select(false, false), d + i * lanes.words + j, bits + i, a + i * lanes.words + j, b + i * lanes.words + j);
    return;
  }
  std::uint16_t bit = word(condition);
  if (words > 1) {
    std::uint16_t a = wordsFor(yes, words);
    emit(selectWords(), d, bit, a, wordsFor(no, words));
    append(words);
    return;
  }
  Operand a = operand(yes), b = operand(no);
  unsigned first = a.constant ? (b.constant ? 0 : b.word) : a.word;
  unsigned second = a.constant || b.constant ? 0 : b.word;
  emit(select(a.constant, b.constant), d, bit, first, second);
  if (a.constant)
    append(a.k);
  if (b.constant)
    append(b.k);
}

void Decoder::decodeVectorShape(const llvm::Instruction& instruction) {
  unsigned d = destination(instruction);
  if (const auto* insert = llvm::dyn_cast<llvm::InsertElementInst>(&instruction)) {
    Lanes lanes = lanesOf(insert->getType());
    unsigned words = lanes.count * lanes.words;
    std::uint16_t value = wordsFor(insert->getOperand(1), lanes.words);
    if (const auto* index = llvm::dyn_cast<llvm::ConstantInt>(insert->getOperand(2))) {
      std::uint64_t lane = index->getValue().getLimitedValue(lanes.count);
      emitMoveWords(d, insert->getOperand(0), words);
      if (lane < lanes.count)
        emit(moveWords(), d + static_cast<unsigned>(lane) * lanes.words, value, 0, lanes.words);
      return;
    }
    std::uint16_t index = zeroExtended(bitsOf(insert->getOperand(2)->getType()), operand(insert->getOperand(2)));
    emitMoveWords(d, insert->getOperand(0), words);
    emit(laneStore(), d, value, index, lanes.words);
    append(lanes.count);
    return;
  }
  if (const auto* extract = llvm::dyn_cast<llvm::ExtractElementInst>(&instruction)) {
    Lanes lanes = lanesOf(extract->getVectorOperandType());
    std::uint16_t vector = wordsFor(extract->getVectorOperand(), lanes.count * lanes.words);
    std::uint16_t index = zeroExtended(bitsOf(extract->getIndexOperand()->getType()), operand(extract->getIndexOperand()));
    emit(laneLoad(), d, vector, index, lanes.words);
    append(lanes.count);
    return;
  }
  const auto& shuffle = llvm::cast<llvm::ShuffleVectorInst>(instruction);
  Lanes from = lanesOf(shuffle.getOperand(0)->getType());
  std::uint16_t a = wordsFor(shuffle.getOperand(0), from.count * from.words);
  std::uint16_t b = wordsFor(shuffle.getOperand(1), from.count * from.words);
  unsigned at = d;
  for (int lane : shuffle.getShuffleMask()) {
    if (lane >= 0) {
      auto index = static_cast<unsigned>(lane);
      unsigned source = index < from.count ? a + index * from.words : b + (index - from.count) * from.words;
      emit(moveWords(), at, source, 0, from.words);
    }
    at += from.words;
  }
}

/// extractvalue and freeze of constants, and insertvalue.
void Decoder::decodeAggregate(const llvm::Instruction& instruction) {
  unsigned d = destination(instruction), words = stateOf(instruction).words;
  if (llvm::isa<llvm::FreezeInst>(instruction))
    return emitMoveWords(d, instruction.getOperand(0), words);
  if (const auto* extract = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) {
    std::uint32_t at = wordAt(extract->getAggregateOperand()->getType(), extract->getIndices());
    for (unsigned i = 0; i < words; ++i)
      emitMove(d + i, operand(extract->getAggregateOperand(), at + i));
    return;
  }
  const auto& insert = llvm::cast<llvm::InsertValueInst>(instruction);
  std::uint32_t at = wordAt(insert.getType(), insert.getIndices());
  unsigned count = wordsOf(insert.getInsertedValueOperand()->getType());
  const llvm::Value* whole = insert.getAggregateOperand();
  if (!llvm::isa<llvm::UndefValue>(whole))
    emitMoveWords(d, whole, words);
  emitMoveWords(d + at, insert.getInsertedValueOperand(), count);
}

} // namespace kiln::interp

#include "compile/baseline/emit/Floats.h"

#include <llvm/IR/Constants.h>

#include <bit>

#include "compile/baseline/emit/Calls.h"
#include "compile/baseline/emit/X87.h"

namespace kiln::baseline {

using asmjit::Operand;

void Floats::emit(const llvm::Instruction& instruction) {
  if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction))
    return emitCast(*cast);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::FNeg: return emitNegate(instruction);
  case llvm::Instruction::FCmp: return emitCompare(llvm::cast<llvm::FCmpInst>(instruction));
  case llvm::Instruction::Select: return emitSelect(llvm::cast<llvm::SelectInst>(instruction));
  default: return emitBinary(instruction);
  }
}

// Arithmetic ----------------------------------------------------------------------------------------------------------

/// to = left OP right. The register may be that of either operand.
void Floats::operate(FloatForm form, Xmm to, const llvm::Value* left, const llvm::Value* right) {
  if (form.commutative && (llvm::isa<llvm::Constant>(left) || plan_.isFolded(left)))
    std::swap(left, right);
  if (hasAvx_) {
    Xmm from = readXmm(left);
    a_.emit(form.avx, to, from, floatOperand(right));
    return;
  }
  Register mine = static_cast<Register>(kFirstXmm + to.id());
  bool overwrites = registerOf(right) == mine && registerOf(left) != mine;
  if (overwrites && form.commutative) {
    std::swap(left, right);
    overwrites = false;
  }
  Xmm at = overwrites ? x86::xmm15 : to;
  readXmmInto(at, left);
  a_.emit(form.sse, at, floatOperand(right));
  move(to, at);
}

/// to = left OP memory, on whole registers.
void Floats::operate(FloatForm form, Xmm to, const llvm::Value* left, const Mem& right) {
  if (hasAvx_) {
    a_.emit(form.avx, to, readXmm(left), right);
    return;
  }
  readXmmInto(to, left);
  a_.emit(form.sse, to, right);
}

void Floats::emitBinary(const llvm::Instruction& instruction) {
  const std::uint32_t number = numberOf(instruction);
  const llvm::Value *left = instruction.getOperand(0), *right = instruction.getOperand(1);
  const bool twice = instruction.getType()->isDoubleTy();
  FloatOp op = FloatOp::Add;
  switch (instruction.getOpcode()) {
  case llvm::Instruction::FAdd: break;
  case llvm::Instruction::FSub: op = FloatOp::Sub; break;
  case llvm::Instruction::FMul: op = FloatOp::Mul; break;
  case llvm::Instruction::FDiv: op = FloatOp::Div; break;
  default:
    if (!isOneXmm(instruction.getType()))
      refuse("floating point of an unusual format");
    return families_.calls.callLibrary(twice ? "fmod" : "fmodf", {left, right});
  }
  if (!isOneXmm(instruction.getType()))
    refuse("floating point of an unusual format");
  Xmm to = targetXmm(number);
  operate(floatForm(op, twice), to, left, right);
  wrote(number, 0, to);
}

void Floats::emitNegate(const llvm::Instruction& instruction) {
  if (!isOneXmm(instruction.getType()))
    refuse("floating point of an unusual format");
  const std::uint32_t number = numberOf(instruction);
  Xmm to = targetXmm(number);
  operate(kFloatXor, to, instruction.getOperand(0), signMask(instruction.getType()));
  wrote(number, 0, to);
}

Mem Floats::signMask(const llvm::Type* type) {
  return constantMemory(type->isFloatTy() ? std::uint64_t{1} << 31 : std::uint64_t{1} << 63, 0, 16);
}

Mem Floats::magnitudeMask(const llvm::Type* type) {
  return constantMemory(type->isFloatTy() ? 0x7fffffff : ~std::uint64_t{0} >> 1, 0, 16);
}

// Comparisons ---------------------------------------------------------------------------------------------------------

namespace {

bool isNumber(const llvm::Value* value) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantFP>(value);
  return constant && !constant->isNaN();
}

bool isZero(const llvm::Value* value) {
  const auto* constant = llvm::dyn_cast<llvm::ConstantFP>(value);
  return constant && constant->isZero();
}

/// What `ucomisd` and `fucomip` tell of their operands: unordered ones set the flags of "equal", "below" and "parity".
FlagTest testFor(llvm::CmpInst::Predicate predicate) {
  switch (predicate) {
  case llvm::CmpInst::FCMP_FALSE: return {FlagTest::Kind::Never};
  case llvm::CmpInst::FCMP_TRUE: return {FlagTest::Kind::Always};
  case llvm::CmpInst::FCMP_OEQ: return {FlagTest::Kind::Equal};
  case llvm::CmpInst::FCMP_UNE: return {FlagTest::Kind::NotEqual};
  case llvm::CmpInst::FCMP_ONE: return {FlagTest::Kind::Flag, Condition::kNotEqual};
  case llvm::CmpInst::FCMP_UEQ: return {FlagTest::Kind::Flag, Condition::kEqual};
  case llvm::CmpInst::FCMP_ORD: return {FlagTest::Kind::Flag, Condition::kParityOdd};
  case llvm::CmpInst::FCMP_UNO: return {FlagTest::Kind::Flag, Condition::kParityEven};
  case llvm::CmpInst::FCMP_OGT:
  case llvm::CmpInst::FCMP_OLT: return {FlagTest::Kind::Flag, Condition::kUnsignedGT};
  case llvm::CmpInst::FCMP_OGE:
  case llvm::CmpInst::FCMP_OLE: return {FlagTest::Kind::Flag, Condition::kUnsignedGE};
  case llvm::CmpInst::FCMP_ULT:
  case llvm::CmpInst::FCMP_UGT: return {FlagTest::Kind::Flag, Condition::kUnsignedLT};
  default: return {FlagTest::Kind::Flag, Condition::kUnsignedLE};
  }
}

/// Predicates as `vcmpsd` has them, without signals for quiet NaNs.
unsigned comparePredicate(llvm::CmpInst::Predicate predicate) {
  constexpr unsigned kByPredicate[] = {0x0b, 0x00, 0x1e, 0x1d, 0x11, 0x12, 0x0c, 0x07,
                                       0x03, 0x08, 0x16, 0x15, 0x19, 0x1a, 0x04, 0x0f};
  return kByPredicate[predicate];
}

} // namespace

FlagTest Floats::setFlags(const llvm::FCmpInst& compare) {
  const llvm::Value *left = compare.getOperand(0), *right = compare.getOperand(1);
  const llvm::CmpInst::Predicate predicate = compare.getPredicate();
  const FlagTest test = testFor(predicate);
  if (test.isKnown())
    return test;
  if (predicate == llvm::CmpInst::FCMP_ORD || predicate == llvm::CmpInst::FCMP_UNO) {
    if (isNumber(right))
      right = left;
    else if (isNumber(left))
      left = right;
  }
  if (comparesSwapped(predicate) ||
      (compare.isCommutative() && (llvm::isa<llvm::Constant>(left) || plan_.isFolded(left))))
    std::swap(left, right);
  llvm::Type* type = left->getType();
  if (type->isX86_FP80Ty()) {
    families_.x87.setFlags(left, right);
    return test;
  }
  if (!isOneXmm(type))
    refuse("floating point of an unusual format");
  const bool twice = type->isDoubleTy();
  Xmm first = readXmm(left);
  Operand second = first;
  if (isZero(right)) {
    clearXmm(x86::xmm14);
    second = x86::xmm14;
  } else if (left != right) {
    second = floatOperand(right);
  }
  compareXmm(first, second, twice);
  return test;
}

void Floats::compareXmm(Xmm left, const Operand& right, bool twice) {
  namespace Inst = x86::Inst;
  const asmjit::InstId avx = twice ? Inst::kIdVucomisd : Inst::kIdVucomiss;
  a_.emit(hasAvx_ ? avx : twice ? Inst::kIdUcomisd : Inst::kIdUcomiss, left, right);
}

/// All ones in the lowest lane of `to` where the comparison holds.
void Floats::compareIntoMask(const llvm::FCmpInst& compare, Xmm to) {
  const llvm::Value *left = compare.getOperand(0), *right = compare.getOperand(1);
  if (compare.isCommutative() && (llvm::isa<llvm::Constant>(left) || plan_.isFolded(left)))
    std::swap(left, right);
  const bool twice = left->getType()->isDoubleTy();
  const asmjit::Imm predicate(comparePredicate(compare.getPredicate()));
  if (hasAvx_) {
    Xmm from = readXmm(left, 0, to);
    a_.emit(twice ? x86::Inst::kIdVcmpsd : x86::Inst::kIdVcmpss, to, from, floatOperand(right), predicate);
    return;
  }
  readXmmInto(to, left);
  a_.emit(twice ? x86::Inst::kIdCmpsd : x86::Inst::kIdCmpss, to, floatOperand(right), predicate);
}

void Floats::emitCompare(const llvm::FCmpInst& compare) {
  const std::uint32_t number = numberOf(compare);
  const FlagTest::Kind kind = testFor(compare.getPredicate()).kind;
  Gp to = target(number);
  if (kind == FlagTest::Kind::Never || kind == FlagTest::Kind::Always) {
    loadConstant(to, kind == FlagTest::Kind::Always);
  } else if (kind == FlagTest::Kind::Flag) {
    return families_.conditions.give(number, setFlags(compare).condition);
  } else if (isOneXmm(compare.getOperand(0)->getType())) {
    compareIntoMask(compare, x86::xmm15);
    moveBits(to, x86::xmm15, 32);
    a_.and_(sized(to, 32), 1);
  } else {
    setFlags(compare);
    const bool equal = kind == FlagTest::Kind::Equal;
    equal ? a_.sete(x86::al) : a_.setne(x86::al);
    equal ? a_.setnp(x86::r10b) : a_.setp(x86::r10b);
    equal ? a_.and_(x86::al, x86::r10b) : a_.or_(x86::al, x86::r10b);
    a_.movzx(sized(to, 32), x86::al);
  }
  wrote(number, 0, to);
}

// Choices -------------------------------------------------------------------------------------------------------------

namespace {

/// `first OP second ? first : second`, with `<` or `>`.
struct FloatExtreme {
  FloatOp op;
  const llvm::Value *first, *second;
};

/// A choice between the operands of its comparison that `minsd` and `maxsd` make: they yield the second operand if the
/// comparison does not hold, be it for a NaN or for equal zeros.
std::optional<FloatExtreme> extremeOf(const llvm::SelectInst& select, const llvm::FCmpInst& compare) {
  const llvm::Value *yes = select.getTrueValue(), *no = select.getFalseValue();
  llvm::CmpInst::Predicate predicate = compare.getPredicate();
  if (llvm::CmpInst::isUnordered(predicate)) {
    predicate = llvm::CmpInst::getInversePredicate(predicate);
    std::swap(yes, no);
  }
  const bool less = predicate == llvm::CmpInst::FCMP_OLT;
  if (!less && predicate != llvm::CmpInst::FCMP_OGT)
    return std::nullopt;
  if (yes == compare.getOperand(0) && no == compare.getOperand(1))
    return FloatExtreme{less ? FloatOp::Min : FloatOp::Max, yes, no};
  if (yes == compare.getOperand(1) && no == compare.getOperand(0))
    return FloatExtreme{less ? FloatOp::Max : FloatOp::Min, yes, no};
  return std::nullopt;
}

} // namespace

/// A mask and a blend, where the registers suffice.
bool Floats::selectByMask(const llvm::SelectInst& select, const llvm::FCmpInst& compare, Xmm to) {
  llvm::Type* type = select.getType();
  if (!hasAvx_ || compare.getOperand(0)->getType() != type)
    return false;
  const llvm::Value *yes = select.getTrueValue(), *no = select.getFalseValue();
  const bool yesHere = registerOf(yes) != kNoRegister, noHere = registerOf(no) != kNoRegister;
  if (!yesHere && !noHere && to.id() == x86::xmm15.id())
    return false;
  compareIntoMask(compare, x86::xmm14);
  Xmm second = readXmm(yes, 0, x86::xmm15);
  Xmm first = readXmm(no, 0, yesHere ? x86::xmm15 : to);
  type->isDoubleTy() ? a_.vblendvpd(to, first, second, x86::xmm14) : a_.vblendvps(to, first, second, x86::xmm14);
  return true;
}

void Floats::emitSelect(const llvm::SelectInst& select) {
  const std::uint32_t number = numberOf(select);
  const llvm::Value *yes = select.getTrueValue(), *no = select.getFalseValue();
  Xmm to = targetXmm(number);
  const auto* compare = llvm::dyn_cast<llvm::FCmpInst>(select.getCondition());
  if (compare && plan_.isFolded(compare) && isOneXmm(compare->getOperand(0)->getType())) {
    if (std::optional<FloatExtreme> extreme = extremeOf(select, *compare)) {
      operate(floatForm(extreme->op, select.getType()->isDoubleTy()), to, extreme->first, extreme->second);
      return wrote(number, 0, to);
    }
    if (selectByMask(select, *compare, to))
      return wrote(number, 0, to);
  }
  FlagTest test = families_.conditions.test(select.getCondition());
  Label done = a_.newLabel();
  const auto mine = static_cast<Register>(kFirstXmm + to.id());
  // Moves keep the flags.
  if (registerOf(no) == mine) {
    families_.conditions.jumpIf(test, done, false);
    readXmmInto(to, yes);
  } else {
    readXmmInto(to, yes);
    families_.conditions.jumpIf(test, done, true);
    readXmmInto(to, no);
  }
  a_.bind(done);
  wrote(number, 0, to);
}

} // namespace kiln::baseline

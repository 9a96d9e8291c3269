#include "compile/baseline/emit/Conditions.h"

#include "compile/baseline/emit/Floats.h"
#include "compile/baseline/emit/Integers.h"

namespace kiln::baseline {

Condition conditionOf(llvm::CmpInst::Predicate predicate) {
  switch (predicate) {
  case llvm::CmpInst::ICMP_EQ: return Condition::kEqual;
  case llvm::CmpInst::ICMP_NE: return Condition::kNotEqual;
  case llvm::CmpInst::ICMP_UGT: return Condition::kUnsignedGT;
  case llvm::CmpInst::ICMP_UGE: return Condition::kUnsignedGE;
  case llvm::CmpInst::ICMP_ULT: return Condition::kUnsignedLT;
  case llvm::CmpInst::ICMP_ULE: return Condition::kUnsignedLE;
  case llvm::CmpInst::ICMP_SGT: return Condition::kSignedGT;
  case llvm::CmpInst::ICMP_SGE: return Condition::kSignedGE;
  case llvm::CmpInst::ICMP_SLT: return Condition::kSignedLT;
  default: return Condition::kSignedLE;
  }
}

FlagTest Conditions::test(const llvm::Value* condition) {
  if (const auto* compare = llvm::dyn_cast<llvm::CmpInst>(condition); compare && plan_.isFolded(compare)) {
    if (const auto* real = llvm::dyn_cast<llvm::FCmpInst>(compare))
      return families_.floats.setFlags(*real);
    return {FlagTest::Kind::Flag, families_.integers.setFlags(*llvm::cast<llvm::ICmpInst>(compare))};
  }
  if (plan_.isFolded(condition) && isFlag(*condition))
    return {FlagTest::Kind::Flag, flag_};
  if (const auto constant = constantOf(condition))
    return {*constant != 0 ? FlagTest::Kind::Always : FlagTest::Kind::Never};
  testBit(condition);
  return {FlagTest::Kind::Flag, Condition::kNotZero};
}

/// Sets the flags by an i1: not zero if it is set.
void Conditions::testBit(const llvm::Value* condition) {
  if (std::optional<Mem> slot = inMemory(condition, 0, 4)) {
    a_.cmp(*slot, 0);
    return;
  }
  Gp bit = sized(read(condition), 32);
  a_.test(bit, bit);
}

void Conditions::jumpIf(FlagTest test, const Label& to, bool when) {
  switch (test.kind) {
  case FlagTest::Kind::Never:
  case FlagTest::Kind::Always:
    if ((test.kind == FlagTest::Kind::Always) == when)
      a_.jmp(to);
    return;
  case FlagTest::Kind::Flag: a_.j(when ? test.condition : x86::negateCond(test.condition), to); return;
  default: break;
  }
  if ((test.kind == FlagTest::Kind::NotEqual) == when) {
    a_.jne(to);
    a_.jp(to);
    return;
  }
  Label unordered = a_.newLabel();
  a_.jp(unordered);
  a_.je(to);
  a_.bind(unordered);
}

void Conditions::give(std::uint32_t number, Condition condition) {
  a_.emit(x86::Inst::setccFromCond(condition), x86::al);
  Gp to = target(number);
  a_.movzx(sized(to, 32), x86::al);
  wrote(number, 0, to);
}

void Conditions::giveFlag(Condition condition) {
  flag_ = condition;
  if (keepsFlag(*e_.current) || !isUsed(self(), 1))
    return;
  a_.emit(x86::Inst::setccFromCond(condition), x86::r10b);
  wroteFlag(x86::r10);
}

void Conditions::wroteFlag(Gp from) {
  if (!isUsed(self(), 1))
    return;
  Gp to = target(self(), 1, from);
  a_.movzx(sized(to, 32), sized(from, 8));
  wrote(self(), 1, to);
}

} // namespace kiln::baseline

// Conditions: what branches and choices ask of the processor's flags, and values of type i1 made of them.
#pragma once

#include "compile/baseline/emit/Family.h"

namespace kiln::baseline {

/// How the flags of a comparison answer.
struct FlagTest {
  enum class Kind : std::uint8_t {
    Never,
    Always,
    Flag,    ///< if the condition holds
    Equal,   ///< if the flags say "equal" and not "parity"
    NotEqual ///< if they say "not equal" or "parity"
  } kind = Kind::Never;
  Condition condition = Condition::kNotZero;

  bool isKnown() const { return kind == Kind::Never || kind == Kind::Always; }
};

/// The condition under which a comparison of integers holds, by its flags.
Condition conditionOf(llvm::CmpInst::Predicate predicate);

class Conditions final : Family {
public:
  using Family::Family;

  /// Sets the flags for any i1: a folded comparison, a flag that is still there, or a value.
  FlagTest test(const llvm::Value* condition);
  /// Jumps to the label if the test comes out as `when`; else goes on. Keeps the flags.
  void jumpIf(FlagTest test, const Label& to, bool when);
  void branch(const llvm::Value* condition, const Label& to, bool when) { jumpIf(test(condition), to, when); }

  /// An i1 out of the flags.
  void give(std::uint32_t number, Condition condition);
  /// The second part of the current instruction's result out of the flags, where it may stay (keepsFlag()).
  void giveFlag(Condition condition);
  /// The same from the lowest byte of a register, which is 0 or 1.
  void wroteFlag(Gp from);

private:
  void testBit(const llvm::Value* condition);

  Condition flag_ = Condition::kZero; ///< of the last instruction that keeps its flag
};

} // namespace kiln::baseline

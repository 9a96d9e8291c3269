// The instructions on floats and doubles, as pairs: with two operands (SSE) and with three (AVX).
#pragma once

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Value.h>

#include <cstdint>

#include "compile/baseline/Assembler.h"

namespace kiln::baseline {

enum class FloatOp : std::uint8_t { Add, Sub, Mul, Div, Min, Max };

struct FloatForm {
  asmjit::InstId sse, avx;
  bool commutative = false;
};

inline FloatForm floatForm(FloatOp op, bool twice) {
  namespace Inst = x86::Inst;
  switch (op) {
  case FloatOp::Add: return twice ? FloatForm{Inst::kIdAddsd, Inst::kIdVaddsd, true} : FloatForm{Inst::kIdAddss, Inst::kIdVaddss, true};
  case FloatOp::Sub: return twice ? FloatForm{Inst::kIdSubsd, Inst::kIdVsubsd} : FloatForm{Inst::kIdSubss, Inst::kIdVsubss};
  case FloatOp::Mul: return twice ? FloatForm{Inst::kIdMulsd, Inst::kIdVmulsd, true} : FloatForm{Inst::kIdMulss, Inst::kIdVmulss, true};
  case FloatOp::Div: return twice ? FloatForm{Inst::kIdDivsd, Inst::kIdVdivsd} : FloatForm{Inst::kIdDivss, Inst::kIdVdivss};
  case FloatOp::Min: return twice ? FloatForm{Inst::kIdMinsd, Inst::kIdVminsd} : FloatForm{Inst::kIdMinss, Inst::kIdVminss};
  default: return twice ? FloatForm{Inst::kIdMaxsd, Inst::kIdVmaxsd} : FloatForm{Inst::kIdMaxss, Inst::kIdVmaxss};
  }
}

inline constexpr FloatForm kFloatAnd{x86::Inst::kIdAndps, x86::Inst::kIdVandps, true};
inline constexpr FloatForm kFloatOr{x86::Inst::kIdOrps, x86::Inst::kIdVorps, true};
inline constexpr FloatForm kFloatXor{x86::Inst::kIdXorps, x86::Inst::kIdVxorps, true};

/// How the flags of a comparison answer.
struct FloatTest {
  enum class Kind : std::uint8_t {
    Never,
    Always,
    Flag,    ///< if the condition holds
    Equal,   ///< if the flags say "equal" and not "parity"
    NotEqual ///< if they say "not equal" or "parity"
  } kind = Kind::Never;
  x86::CondCode condition = x86::CondCode::kNotZero;
};

/// `first OP second ? first : second`, with `<` or `>`.
struct FloatExtreme {
  FloatOp op;
  const llvm::Value *first, *second;
};

/// The function of C that does what an intrinsic does, by its name for doubles; null if there is none.
const char* libraryName(llvm::Intrinsic::ID id);

} // namespace kiln::baseline

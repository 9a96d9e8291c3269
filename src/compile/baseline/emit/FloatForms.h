// The instructions on floats and doubles, as pairs: with two operands (SSE) and with three (AVX).
#pragma once

#include <cstdint>

#include "compile/baseline/emit/Assembler.h"

namespace kiln::baseline {

enum class FloatOp : std::uint8_t { Add, Sub, Mul, Div, Min, Max };

struct FloatForm {
  asmjit::InstId sse, avx;
  bool commutative = false;
};

inline FloatForm floatForm(FloatOp op, bool twice) {
  namespace Inst = x86::Inst;
  auto form = [&](asmjit::InstId sd, asmjit::InstId vsd, asmjit::InstId ss, asmjit::InstId vss,
                  bool commutative = false) { return FloatForm{twice ? sd : ss, twice ? vsd : vss, commutative}; };
  switch (op) {
  case FloatOp::Add: return form(Inst::kIdAddsd, Inst::kIdVaddsd, Inst::kIdAddss, Inst::kIdVaddss, true);
  case FloatOp::Sub: return form(Inst::kIdSubsd, Inst::kIdVsubsd, Inst::kIdSubss, Inst::kIdVsubss);
  case FloatOp::Mul: return form(Inst::kIdMulsd, Inst::kIdVmulsd, Inst::kIdMulss, Inst::kIdVmulss, true);
  case FloatOp::Div: return form(Inst::kIdDivsd, Inst::kIdVdivsd, Inst::kIdDivss, Inst::kIdVdivss);
  case FloatOp::Min: return form(Inst::kIdMinsd, Inst::kIdVminsd, Inst::kIdMinss, Inst::kIdVminss);
  default: return form(Inst::kIdMaxsd, Inst::kIdVmaxsd, Inst::kIdMaxss, Inst::kIdVmaxss);
  }
}

inline constexpr FloatForm kFloatAnd{x86::Inst::kIdAndps, x86::Inst::kIdVandps, true};
inline constexpr FloatForm kFloatOr{x86::Inst::kIdOrps, x86::Inst::kIdVorps, true};
inline constexpr FloatForm kFloatXor{x86::Inst::kIdXorps, x86::Inst::kIdVxorps, true};

/// The integers of a width, for conversions that yield the nearest one.
struct IntegerRange {
  std::uint64_t lowest, highest; ///< their bits; of more than 64 bits, the upper half
  double least, beyond;          ///< the lowest, and one more than the highest
};
IntegerRange rangeOf(unsigned bits, bool isSigned);

} // namespace kiln::baseline

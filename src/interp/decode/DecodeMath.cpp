// LLVM's intrinsics on floating point.
#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicInst.h>

#include "interp/decode/Decoder.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {
namespace {

FloatUnary unaryOf(llvm::Intrinsic::ID id) {
  using namespace llvm;
  switch (id) {
  case Intrinsic::fabs: return FloatUnary::Abs;
  case Intrinsic::sqrt: return FloatUnary::Sqrt;
  case Intrinsic::floor: return FloatUnary::Floor;
  case Intrinsic::ceil: return FloatUnary::Ceil;
  case Intrinsic::trunc: return FloatUnary::Trunc;
  case Intrinsic::rint: return FloatUnary::Rint;
  case Intrinsic::nearbyint: return FloatUnary::NearbyInt;
  case Intrinsic::round: return FloatUnary::Round;
  case Intrinsic::roundeven: return FloatUnary::RoundEven;
  case Intrinsic::sin: return FloatUnary::Sin;
  case Intrinsic::cos: return FloatUnary::Cos;
  case Intrinsic::tan: return FloatUnary::Tan;
  case Intrinsic::exp: return FloatUnary::Exp;
  case Intrinsic::exp2: return FloatUnary::Exp2;
  case Intrinsic::exp10: return FloatUnary::Exp10;
  case Intrinsic::log: return FloatUnary::Log;
  case Intrinsic::log2: return FloatUnary::Log2;
  case Intrinsic::log10: return FloatUnary::Log10;
  case Intrinsic::asin: return FloatUnary::Asin;
  case Intrinsic::acos: return FloatUnary::Acos;
  case Intrinsic::atan: return FloatUnary::Atan;
  case Intrinsic::sinh: return FloatUnary::Sinh;
  case Intrinsic::cosh: return FloatUnary::Cosh;
  case Intrinsic::tanh: return FloatUnary::Tanh;
  case Intrinsic::canonicalize: return FloatUnary::Canonicalize;
  default: return FloatUnary::Count;
  }
}

FloatOp binaryOf(llvm::Intrinsic::ID id) {
  using namespace llvm;
  switch (id) {
  case Intrinsic::minnum: return FloatOp::MinNum;
  case Intrinsic::maxnum: return FloatOp::MaxNum;
  case Intrinsic::minimum: return FloatOp::Minimum;
  case Intrinsic::maximum: return FloatOp::Maximum;
  case Intrinsic::copysign: return FloatOp::CopySign;
  case Intrinsic::pow: return FloatOp::Pow;
  default: return FloatOp::Count;
  }
}

} // namespace

bool Decoder::decodeFloatIntrinsic(const llvm::IntrinsicInst& call) {
  using namespace llvm;
  Intrinsic::ID id = call.getIntrinsicID();
  FloatUnary unary = unaryOf(id);
  FloatOp binary = binaryOf(id);
  switch (id) {
  case Intrinsic::fma:
  case Intrinsic::fmuladd:
  case Intrinsic::powi:
  case Intrinsic::ldexp:
  case Intrinsic::is_fpclass:
  case Intrinsic::frexp:
  case Intrinsic::lrint:
  case Intrinsic::llrint:
  case Intrinsic::lround:
  case Intrinsic::llround:
  case Intrinsic::fptosi_sat:
  case Intrinsic::fptoui_sat: break;
  default:
    if (unary == FloatUnary::Count && binary == FloatOp::Count)
      return false;
  }
  llvm::Type* argumentType = call.getArgOperand(0)->getType();
  llvm::Type* lane = argumentType->getScalarType();
  FloatType type = floatTypeOf(lane);
  unsigned words = wordsOf(lane);
  auto* vector = dyn_cast<FixedVectorType>(argumentType);
  unsigned lanes = vector ? vector->getNumElements() : 1;
  unsigned d = callResult(call);
  llvm::Type* resultLane = call.getType()->isStructTy() ? lane : call.getType()->getScalarType();
  unsigned resultWords = wordsOf(resultLane);
  for (unsigned i = 0; i < lanes; ++i) {
    auto argument = [&](unsigned n) {
      const Value* value = call.getArgOperand(n);
      unsigned each = wordsOf(value->getType()->getScalarType());
      bool isVector = value->getType()->isVectorTy();
      return static_cast<unsigned>(wordsFor(value, each * (isVector ? lanes : 1)) + (isVector ? i * each : 0));
    };
    unsigned to = d + i * resultWords;
    if (unary != FloatUnary::Count) {
      emit(floatUnary(unary, type), to, argument(0));
      continue;
    }
    if (binary != FloatOp::Count) {
      unsigned a = argument(0);
      emit(floatBinary(binary, type), to, a, argument(1));
      continue;
    }
    switch (id) {
    case Intrinsic::fma:
    case Intrinsic::fmuladd: {
      // fmuladd may be rounded once or twice; code without FMA instructions rounds twice.
      unsigned a = argument(0), b = argument(1);
      const auto* addend = llvm::dyn_cast<llvm::Instruction>(call.getArgOperand(2));
      if (addend && layout_.isFolded(addend)) {
        emit(multiplyAddScaled(type), to, a, b, word(addend->getOperand(0)));
        append(operand(addend->getOperand(1)).k);
        break;
      }
      emit(floatMultiplyAdd(type, id == Intrinsic::fma), to, a, b, argument(2));
      break;
    }
    case Intrinsic::powi:
    case Intrinsic::ldexp: {
      unsigned a = argument(0);
      const Value* exponent = call.getArgOperand(1);
      unsigned bits = exponent->getType()->getScalarSizeInBits();
      if (bits > 64)
        refuse("an exponent of more than 64 bits");
      std::uint16_t wide = signExtended(bits, operand(exponent, exponent->getType()->isVectorTy() ? i : 0));
      emit(floatMisc(id == Intrinsic::powi ? FloatMisc::Powi : FloatMisc::Ldexp, type), to, a, wide);
      break;
    }
    case Intrinsic::is_fpclass:
      emit(floatMisc(FloatMisc::IsClass, type), to, argument(0));
      append(cast<ConstantInt>(call.getArgOperand(1))->getZExtValue());
      break;
    case Intrinsic::frexp: {
      if (lanes > 1)
        refuse("frexp of a vector");
      emit(floatMisc(FloatMisc::Frexp, type), d, argument(0));
      break;
    }
    case Intrinsic::lrint:
    case Intrinsic::llrint: emit(floatMisc(FloatMisc::Lrint, type), to, argument(0)); break;
    case Intrinsic::lround:
    case Intrinsic::llround: emit(floatMisc(FloatMisc::Lround, type), to, argument(0)); break;
    default: {
      bool isSigned = id == Intrinsic::fptosi_sat;
      unsigned bits = resultLane->getIntegerBitWidth();
      unsigned a = argument(0);
      if (isExactWidth(bits)) {
        emit(floatToInt(isSigned, true, widthOf(bits), type), to, a);
      } else {
        emit(wideFromFloat(isSigned, true), to, a, 0, static_cast<unsigned>(type));
        append(bits);
      }
    }
    }
  }
  (void)words;
  return true;
}

} // namespace kiln::interp

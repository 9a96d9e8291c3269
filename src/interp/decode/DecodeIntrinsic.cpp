// LLVM's intrinsics that are no arithmetic on floating point: integers, memory, control, vectors.
#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicInst.h>

#include "interp/decode/Decoder.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {

void Decoder::decodeIntrinsic(const llvm::IntrinsicInst& call) {
  using namespace llvm;
  // Those that only tell an optimiser something.
  if (call.isAssumeLikeIntrinsic() && call.getType()->isVoidTy())
    return;
  if (decodeIntegerIntrinsic(call) || decodeFloatIntrinsic(call) || decodeMemoryIntrinsic(call) ||
      decodeMaskedAccess(call) || decodeReduction(call))
    return;
  switch (call.getIntrinsicID()) {
  case Intrinsic::donothing:
  case Intrinsic::sideeffect:
  case Intrinsic::prefetch:
  case Intrinsic::vaend:
  case Intrinsic::var_annotation:
  case Intrinsic::codeview_annotation:
  case Intrinsic::pseudoprobe:
  case Intrinsic::experimental_noalias_scope_decl:
  case Intrinsic::lifetime_start:
  case Intrinsic::lifetime_end:
  case Intrinsic::invariant_end: return;
  case Intrinsic::invariant_start: return emitConstant(callResult(call), 0);
  case Intrinsic::expect:
  case Intrinsic::expect_with_probability:
  case Intrinsic::launder_invariant_group:
  case Intrinsic::strip_invariant_group:
  case Intrinsic::ssa_copy:
  case Intrinsic::annotation:
  case Intrinsic::ptr_annotation:
  case Intrinsic::arithmetic_fence:
    return emitMoveWords(destination(call), call.getArgOperand(0), stateOf(call).words);
  case Intrinsic::trap:
  case Intrinsic::debugtrap:
  case Intrinsic::ubsantrap: emit(unreachable()); return;
  case Intrinsic::is_constant: return emitConstant(callResult(call), 0);
  case Intrinsic::allow_runtime_check:
  case Intrinsic::allow_ubsan_check: return emitConstant(callResult(call), 1);
  case Intrinsic::objectsize: {
    // Not known: the answer for the largest, or the smallest.
    bool smallest = cast<ConstantInt>(call.getArgOperand(1))->isOne();
    return emitConstant(callResult(call), smallest ? 0 : ~Word{0});
  }
  case Intrinsic::eh_typeid_for:
    return emitConstant(callResult(call), types_.indexOf(constantWord(cast<Constant>(call.getArgOperand(0)))) + 1);
  case Intrinsic::frameaddress:
    if (!cast<ConstantInt>(call.getArgOperand(0))->isZero())
      refuse("frame address of a caller");
    emitOffset(frameAddress(), callResult(call), 0, 0);
    return;
  case Intrinsic::vastart:
    if (!out_->shape.variadic)
      refuse("va_start in a function that is not variadic");
    emit(variadicStart(), 0, word(call.getArgOperand(0)));
    append(reinterpret_cast<Word>(self_));
    return;
  case Intrinsic::vacopy: {
    Address from = resolve(call.getArgOperand(1)), to = resolve(call.getArgOperand(0));
    std::uint16_t words = temporary(3);
    for (unsigned i = 0; i < 3; ++i)
      emitLoad(LoadKind::U64, words + i, from, 8 * i);
    for (unsigned i = 0; i < 3; ++i)
      emitStore(3, {false, 0, static_cast<std::uint16_t>(words + i)}, to, 8 * i);
    return;
  }
  case Intrinsic::load_relative: {
    // base + the 32-bit distance at base + offset
    std::uint16_t base = word(call.getArgOperand(0)), at = temporary(), distance = temporary();
    unsigned bits = call.getArgOperand(1)->getType()->getIntegerBitWidth();
    emit(intBinary(IntOp::Add, 3, Form::RR), at, base, signExtended(bits, operand(call.getArgOperand(1))));
    emitOffset(loadOffset(LoadKind::S32), distance, at, 0);
    emit(intBinary(IntOp::Add, 3, Form::RR), callResult(call), base, distance);
    return;
  }
  case Intrinsic::threadlocal_address: return decodeThreadLocal(call.getArgOperand(0), callResult(call));
  case Intrinsic::readcyclecounter:
  default: refuse("intrinsic " + Intrinsic::getBaseName(call.getIntrinsicID()).str());
  }
}

void Decoder::decodeThreadLocal(const llvm::Value* variable, unsigned d) {
  const auto* global = llvm::dyn_cast<llvm::GlobalValue>(variable->stripPointerCasts());
  if (!global)
    refuse("thread-local address of no variable");
  SymbolRef ref = environment_.symbolOf(global);
  if (ref.kind == SymbolRef::Kind::Tls) {
    emit(threadLocal(), d);
    append(reinterpret_cast<Word>(environment_.threadLocals()));
    append(environment_.tlsOffset(ref.id) + static_cast<Word>(ref.offset));
    return;
  }
  if (ref.kind != SymbolRef::Kind::External)
    refuse("thread-local address of no variable");
  out_->names.push_back(std::make_unique<std::string>(environment_.externalName(ref.id)));
  emit(threadLocalExternal(), d);
  append(reinterpret_cast<Word>(out_->names.back()->c_str()));
}

bool Decoder::decodeIntegerIntrinsic(const llvm::IntrinsicInst& call) {
  using namespace llvm;
  IntOp binary = IntOp::Count;
  IntUnary unary = IntUnary::Count;
  switch (call.getIntrinsicID()) {
  case Intrinsic::smax: binary = IntOp::SMax; break;
  case Intrinsic::smin: binary = IntOp::SMin; break;
  case Intrinsic::umax: binary = IntOp::UMax; break;
  case Intrinsic::umin: binary = IntOp::UMin; break;
  case Intrinsic::sadd_sat: binary = IntOp::SAddSat; break;
  case Intrinsic::uadd_sat: binary = IntOp::UAddSat; break;
  case Intrinsic::ssub_sat: binary = IntOp::SSubSat; break;
  case Intrinsic::usub_sat: binary = IntOp::USubSat; break;
  case Intrinsic::sshl_sat: binary = IntOp::SShlSat; break;
  case Intrinsic::ushl_sat: binary = IntOp::UShlSat; break;
  case Intrinsic::sadd_with_overflow: binary = IntOp::SAddOver; break;
  case Intrinsic::uadd_with_overflow: binary = IntOp::UAddOver; break;
  case Intrinsic::ssub_with_overflow: binary = IntOp::SSubOver; break;
  case Intrinsic::usub_with_overflow: binary = IntOp::USubOver; break;
  case Intrinsic::smul_with_overflow: binary = IntOp::SMulOver; break;
  case Intrinsic::umul_with_overflow: binary = IntOp::UMulOver; break;
  case Intrinsic::ctpop: unary = IntUnary::Ctpop; break;
  case Intrinsic::ctlz: unary = IntUnary::Ctlz; break;
  case Intrinsic::cttz: unary = IntUnary::Cttz; break;
  case Intrinsic::bswap: unary = IntUnary::Bswap; break;
  case Intrinsic::bitreverse: unary = IntUnary::BitReverse; break;
  case Intrinsic::abs: unary = IntUnary::Abs; break;
  case Intrinsic::fshl:
  case Intrinsic::fshr:
  case Intrinsic::ptrmask: break;
  case Intrinsic::scmp:
  case Intrinsic::ucmp: break;
  default: return false;
  }
  llvm::Type* type = call.getArgOperand(0)->getType();
  llvm::Type* lane = type->getScalarType();
  unsigned bits = lane->isPointerTy() ? 64 : lane->getIntegerBitWidth();
  unsigned words = wordsOf(lane);
  auto* vector = dyn_cast<FixedVectorType>(type);
  unsigned lanes = vector ? vector->getNumElements() : 1;
  unsigned d = callResult(call);
  bool overflows = binary != IntOp::Count && binary >= IntOp::SAddOver;
  // {<n x iN>, <n x i1>}: the values, then the bits.
  std::uint16_t pair = overflows && lanes > 1 ? temporary(words + 1) : 0;
  for (unsigned i = 0; i < lanes; ++i) {
    unsigned at = i * words;
    auto argument = [&](unsigned n) {
      return words == 1 ? operand(call.getArgOperand(n), i)
                        : Operand{false, 0, static_cast<std::uint16_t>(wordsFor(call.getArgOperand(n), words * lanes) + at)};
    };
    unsigned to = pair ? pair : d + at;
    switch (call.getIntrinsicID()) {
    case Intrinsic::fshl:
    case Intrinsic::fshr: {
      bool left = call.getIntrinsicID() == Intrinsic::fshl;
      std::uint16_t a = word(argument(0)), b = word(argument(1)), c = word(argument(2));
      if (isExactWidth(bits)) {
        emit(funnelShift(left, widthOf(bits)), to, a, b, c);
      } else {
        emit(wideFunnel(left), to, a, b, c);
        append(bits);
      }
      continue;
    }
    case Intrinsic::ptrmask: emitInt(IntOp::And, 64, to, argument(0), argument(1)); continue;
    case Intrinsic::scmp:
    case Intrinsic::ucmp: {
      // (a > b) - (a < b)
      bool isSigned = call.getIntrinsicID() == Intrinsic::scmp;
      if (words > 1)
        refuse("three-way comparison of integers of more than 64 bits");
      std::uint16_t above = temporary(), below = temporary(), difference = temporary();
      emitIntCompare(isSigned ? Predicate::Sgt : Predicate::Ugt, bits, above, argument(0), argument(1));
      emitIntCompare(isSigned ? Predicate::Slt : Predicate::Ult, bits, below, argument(0), argument(1));
      emitInt(IntOp::Sub, 64, difference, {false, 0, above}, {false, 0, below});
      unsigned resultBits = call.getType()->getScalarType()->getIntegerBitWidth();
      if (isExactWidth(resultBits))
        emitMove(d + i, {false, 0, difference});
      else
        emitMask(resultBits, d + i, difference);
      continue;
    }
    default: break;
    }
    if (unary != IntUnary::Count) {
      if (words == 1) {
        emitIntUnary(unary, bits, to, argument(0));
      } else {
        emit(wideUnary(unary), to, argument(0).word);
        append(bits);
      }
    } else if (words == 1) {
      emitInt(binary, bits, to, argument(0), argument(1));
    } else if (bits == 128) {
      std::uint16_t a = argument(0).word;
      emit(int128Binary(binary), to, a, argument(1).word);
    } else {
      std::uint16_t a = argument(0).word;
      emit(wideBinary(binary), to, a, argument(1).word);
      append(bits);
    }
    if (pair) {
      emit(moveWords(), d + at, pair, 0, words);
      emit(move(), d + lanes * words + i, pair + words);
    }
  }
  return true;
}

bool Decoder::decodeMemoryIntrinsic(const llvm::IntrinsicInst& call) {
  using namespace llvm;
  Block block;
  switch (call.getIntrinsicID()) {
  case Intrinsic::memcpy:
  case Intrinsic::memcpy_inline: block = Block::Copy; break;
  case Intrinsic::memmove: block = Block::Move; break;
  case Intrinsic::memset:
  case Intrinsic::memset_inline: block = Block::Set; break;
  case Intrinsic::stacksave: emit(stackSave(), callResult(call)); return true;
  case Intrinsic::stackrestore: emit(stackRestore(), 0, word(call.getArgOperand(0))); return true;
  default: return false;
  }
  std::uint16_t to = word(call.getArgOperand(0)), from = word(call.getArgOperand(1));
  unsigned bits = call.getArgOperand(2)->getType()->getIntegerBitWidth();
  std::uint16_t size = isa<Constant>(call.getArgOperand(2)) ? word(call.getArgOperand(2))
                                                            : zeroExtended(bits, operand(call.getArgOperand(2)));
  emit(memoryBlock(block), 0, to, from, size);
  append(reinterpret_cast<Word>(isa<Constant>(call.getArgOperand(2)) ? nullptr : sizeSite(call)));
  return true;
}

bool Decoder::decodeReduction(const llvm::IntrinsicInst& call) {
  using namespace llvm;
  IntOp op = IntOp::Count;
  FloatOp real = FloatOp::Count;
  bool start = false;
  switch (call.getIntrinsicID()) {
  case Intrinsic::vector_reduce_add: op = IntOp::Add; break;
  case Intrinsic::vector_reduce_mul: op = IntOp::Mul; break;
  case Intrinsic::vector_reduce_and: op = IntOp::And; break;
  case Intrinsic::vector_reduce_or: op = IntOp::Or; break;
  case Intrinsic::vector_reduce_xor: op = IntOp::Xor; break;
  case Intrinsic::vector_reduce_smax: op = IntOp::SMax; break;
  case Intrinsic::vector_reduce_smin: op = IntOp::SMin; break;
  case Intrinsic::vector_reduce_umax: op = IntOp::UMax; break;
  case Intrinsic::vector_reduce_umin: op = IntOp::UMin; break;
  case Intrinsic::vector_reduce_fadd: real = FloatOp::Add; start = true; break;
  case Intrinsic::vector_reduce_fmul: real = FloatOp::Mul; start = true; break;
  case Intrinsic::vector_reduce_fmax: real = FloatOp::MaxNum; break;
  case Intrinsic::vector_reduce_fmin: real = FloatOp::MinNum; break;
  case Intrinsic::vector_reduce_fmaximum: real = FloatOp::Maximum; break;
  case Intrinsic::vector_reduce_fminimum: real = FloatOp::Minimum; break;
  default: return false;
  }
  const Value* vector = call.getArgOperand(start ? 1 : 0);
  auto* type = cast<FixedVectorType>(vector->getType());
  llvm::Type* lane = type->getElementType();
  unsigned words = wordsOf(lane), lanes = type->getNumElements(), d = callResult(call);
  std::uint16_t from = wordsFor(vector, words * lanes);
  unsigned first = start ? 0 : 1;
  if (start)
    emitMoveWords(d, call.getArgOperand(0), words);
  else
    emit(moveWords(), d, from, 0, words);
  for (unsigned i = first; i < lanes; ++i) {
    unsigned at = from + i * words;
    if (real != FloatOp::Count)
      emit(floatBinary(real, floatTypeOf(lane)), d, d, at);
    else if (words == 1)
      emitInt(op, lane->getIntegerBitWidth(), d, {false, 0, static_cast<std::uint16_t>(d)},
              {false, 0, static_cast<std::uint16_t>(at)});
    else if (lane->isIntegerTy(128))
      emit(int128Binary(op), d, d, at);
    else
      emit(wideBinary(op), d, d, at), append(lane->getIntegerBitWidth());
  }
  return true;
}

} // namespace kiln::interp

// Integers of any width, by LLVM's arbitrary-precision numbers. These are rare: what counts is that there is one
// definition of them, LLVM's own.
//
// APInt has a destructor, which a tail call must not leave behind: each handler calls a function that does all the
// work.
#include <llvm/ADT/APFloat.h>
#include <llvm/ADT/APInt.h>
#include <llvm/ADT/APSInt.h>

#include "interp/ops/Names.h"
#include "interp/ops/Table.h"

using llvm::APFloat;
using llvm::APInt;

namespace kiln::interp {
namespace {

unsigned wordsFor(unsigned bits) {
  return (bits + 63) / 64;
}

/// Bits above the width do not count: those of 8, 16 and 32 bit integers are undefined.
APInt readWide(const Word* frame, unsigned index, unsigned bits) {
  return APInt(bits, llvm::ArrayRef<Word>(frame + index, wordsFor(bits)));
}

void writeWide(Word* frame, unsigned index, const APInt& value) {
  memcpy(frame + index, value.getRawData(), value.getNumWords() * sizeof(Word));
}

/// APInt's division by zero is not defined; any result will do here.
template <IntOp op> APInt divide(const APInt& a, const APInt& b) {
  if (b.isZero())
    return b;
  switch (op) {
  case IntOp::UDiv:
    return a.udiv(b);
  case IntOp::SDiv:
    return a.sdiv(b);
  case IntOp::URem:
    return a.urem(b);
  default:
    return a.srem(b);
  }
}

template <IntOp op> APInt apply(const APInt& a, const APInt& b, bool& over) {
  switch (op) {
  case IntOp::Add:
    return a + b;
  case IntOp::Sub:
    return a - b;
  case IntOp::Mul:
    return a * b;
  case IntOp::UDiv:
  case IntOp::SDiv:
  case IntOp::URem:
  case IntOp::SRem:
    return divide<op>(a, b);
  case IntOp::Shl:
    return a.shl(b);
  case IntOp::LShr:
    return a.lshr(b);
  case IntOp::AShr:
    return a.ashr(b);
  case IntOp::And:
    return a & b;
  case IntOp::Or:
    return a | b;
  case IntOp::Xor:
    return a ^ b;
  case IntOp::SMax:
    return a.sgt(b) ? a : b;
  case IntOp::SMin:
    return a.slt(b) ? a : b;
  case IntOp::UMax:
    return a.ugt(b) ? a : b;
  case IntOp::UMin:
    return a.ult(b) ? a : b;
  case IntOp::SAddSat:
    return a.sadd_sat(b);
  case IntOp::UAddSat:
    return a.uadd_sat(b);
  case IntOp::SSubSat:
    return a.ssub_sat(b);
  case IntOp::USubSat:
    return a.usub_sat(b);
  case IntOp::SShlSat:
    return a.sshl_sat(b);
  case IntOp::UShlSat:
    return a.ushl_sat(b);
  case IntOp::SAddOver:
    return a.sadd_ov(b, over);
  case IntOp::UAddOver:
    return a.uadd_ov(b, over);
  case IntOp::SSubOver:
    return a.ssub_ov(b, over);
  case IntOp::USubOver:
    return a.usub_ov(b, over);
  case IntOp::SMulOver:
    return a.smul_ov(b, over);
  case IntOp::UMulOver:
    return a.umul_ov(b, over);
  case IntOp::Count:
    break;
  }
  __builtin_unreachable();
}

template <IntOp op> void doBinary(Word* frame, const Op* ip) {
  auto bits = static_cast<unsigned>(ip->k[0]);
  bool over = false;
  writeWide(frame, ip->d, apply<op>(readWide(frame, ip->a, bits), readWide(frame, ip->b, bits), over));
  if constexpr (op >= IntOp::SAddOver)
    frame[ip->d + wordsFor(bits)] = over;
}

template <Predicate predicate> bool holds(const APInt& a, const APInt& b) {
  switch (predicate) {
  case Predicate::Eq:
    return a == b;
  case Predicate::Ne:
    return a != b;
  case Predicate::Ugt:
    return a.ugt(b);
  case Predicate::Uge:
    return a.uge(b);
  case Predicate::Ult:
    return a.ult(b);
  case Predicate::Ule:
    return a.ule(b);
  case Predicate::Sgt:
    return a.sgt(b);
  case Predicate::Sge:
    return a.sge(b);
  case Predicate::Slt:
    return a.slt(b);
  case Predicate::Sle:
    return a.sle(b);
  case Predicate::Count:
    break;
  }
  __builtin_unreachable();
}

template <Predicate predicate> void doCompare(Word* frame, const Op* ip) {
  auto bits = static_cast<unsigned>(ip->k[0]);
  frame[ip->d] = holds<predicate>(readWide(frame, ip->a, bits), readWide(frame, ip->b, bits));
}

template <IntUnary op> APInt apply(const APInt& a) {
  switch (op) {
  case IntUnary::Ctpop:
    return APInt(a.getBitWidth(), a.popcount());
  case IntUnary::Ctlz:
    return APInt(a.getBitWidth(), a.countl_zero());
  case IntUnary::Cttz:
    return APInt(a.getBitWidth(), a.countr_zero());
  case IntUnary::Bswap:
    return a.byteSwap();
  case IntUnary::BitReverse:
    return a.reverseBits();
  case IntUnary::Abs:
    return a.abs();
  case IntUnary::Count:
    break;
  }
  __builtin_unreachable();
}

template <IntUnary op> void doUnary(Word* frame, const Op* ip) {
  writeWide(frame, ip->d, apply<op>(readWide(frame, ip->a, static_cast<unsigned>(ip->k[0]))));
}

template <bool left> void doFunnel(Word* frame, const Op* ip) {
  auto bits = static_cast<unsigned>(ip->k[0]);
  APInt high = readWide(frame, ip->a, bits);
  APInt low = readWide(frame, ip->b, bits);
  auto count = static_cast<unsigned>(readWide(frame, ip->c, bits).urem(bits));
  if (count == 0)
    return writeWide(frame, ip->d, left ? high : low);
  unsigned up = left ? count : bits - count;
  writeWide(frame, ip->d, high.shl(up) | low.lshr(bits - up));
}

/// Without numbers on the heap: these come with every widening multiplication.
template <bool isSigned> void doExtend(Word* frame, const Op* ip) {
  auto from = static_cast<unsigned>(ip->k[0]);
  auto to = static_cast<unsigned>(ip->k[1]);
  unsigned fromWords = wordsFor(from);
  unsigned toWords = wordsFor(to);
  Word* result = frame + ip->d;
  Word top = frame[ip->a + fromWords - 1];
  if (unsigned unused = fromWords * 64 - from)
    top = isSigned ? static_cast<Word>(static_cast<std::int64_t>(top << unused) >> unused) : top << unused >> unused;
  Word fill = isSigned && static_cast<std::int64_t>(top) < 0 ? ~Word{0} : 0;
  unsigned shared = fromWords < toWords ? fromWords : toWords;
  memmove(result, frame + ip->a, shared * sizeof(Word));
  if (shared == fromWords)
    result[shared - 1] = top;
  for (unsigned i = shared; i < toWords; ++i)
    result[i] = fill;
  if (unsigned unused = toWords * 64 - to)
    result[toWords - 1] = result[toWords - 1] << unused >> unused;
}

const llvm::fltSemantics& semantics(FloatType type) {
  switch (type) {
  case FloatType::Half:
    return APFloat::IEEEhalf();
  case FloatType::BFloat:
    return APFloat::BFloat();
  case FloatType::Float:
    return APFloat::IEEEsingle();
  case FloatType::Double:
    return APFloat::IEEEdouble();
  case FloatType::X86Fp80:
    return APFloat::x87DoubleExtended();
  case FloatType::Fp128:
    return APFloat::IEEEquad();
  }
  __builtin_unreachable();
}

template <bool isSigned> void doToFloat(Word* frame, const Op* ip) {
  APFloat value(semantics(static_cast<FloatType>(ip->c)));
  value.convertFromAPInt(readWide(frame, ip->a, static_cast<unsigned>(ip->k[0])), isSigned,
                         APFloat::rmNearestTiesToEven);
  writeWide(frame, ip->d, value.bitcastToAPInt());
}

/// APFloat's conversion saturates and makes 0 of a NaN, so that there is no other one for results out of range.
template <bool isSigned> void doFromFloat(Word* frame, const Op* ip) {
  const llvm::fltSemantics& format = semantics(static_cast<FloatType>(ip->c));
  APFloat value(format, readWide(frame, ip->a, APFloat::semanticsSizeInBits(format)));
  llvm::APSInt result(static_cast<unsigned>(ip->k[0]), !isSigned);
  bool exact = false;
  value.convertToInteger(result, APFloat::rmTowardZero, &exact);
  writeWide(frame, ip->d, result);
}

/// An op whose work `perform` does, with `constants` words of constants.
template <void (*perform)(Word*, const Op*), unsigned constants> KILN_HANDLER Word wide(Op* ip, Word* frame) {
  perform(frame, ip);
  KILN_NEXT(kOpWords + constants);
}

constexpr auto kBinary = handlerTable<static_cast<unsigned>(IntOp::Count)>(
    []<std::size_t i> -> Handler { return &wide<doBinary<static_cast<IntOp>(i)>, 1>; });
constexpr auto kCompare = handlerTable<static_cast<unsigned>(Predicate::Count)>(
    []<std::size_t i> -> Handler { return &wide<doCompare<static_cast<Predicate>(i)>, 1>; });
constexpr auto kUnary = handlerTable<static_cast<unsigned>(IntUnary::Count)>(
    []<std::size_t i> -> Handler { return &wide<doUnary<static_cast<IntUnary>(i)>, 1>; });

} // namespace

Handler wideBinary(IntOp op) {
  return kBinary[static_cast<unsigned>(op)];
}
Handler wideCompare(Predicate predicate) {
  return kCompare[static_cast<unsigned>(predicate)];
}
Handler wideUnary(IntUnary op) {
  return kUnary[static_cast<unsigned>(op)];
}
Handler wideFunnel(bool left) {
  return left ? &wide<doFunnel<true>, 1> : &wide<doFunnel<false>, 1>;
}
Handler wideExtend(bool isSigned) {
  return isSigned ? &wide<doExtend<true>, 2> : &wide<doExtend<false>, 2>;
}
Handler wideToFloat(bool isSigned) {
  return isSigned ? &wide<doToFloat<true>, 1> : &wide<doToFloat<false>, 1>;
}
Handler wideFromFloat(bool isSigned, bool saturate) {
  return isSigned ? &wide<doFromFloat<true>, 1> : &wide<doFromFloat<false>, 1>;
}

void listWideOps(const OpVisitor& visit) {
  for (unsigned op = 0; op < kIntOpNames.size(); ++op) {
    visit(int128Binary(static_cast<IntOp>(op)), dotted({kIntOpNames[op], "i128"}), "d,a,b");
    visit(wideBinary(static_cast<IntOp>(op)), dotted({kIntOpNames[op], "wide"}), "d,a,b,k");
  }
  for (unsigned predicate = 0; predicate < kPredicateNames.size(); ++predicate) {
    visit(int128Compare(static_cast<Predicate>(predicate)), dotted({"icmp", kPredicateNames[predicate], "i128"}),
          "d,a,b");
    visit(wideCompare(static_cast<Predicate>(predicate)), dotted({"icmp", kPredicateNames[predicate], "wide"}),
          "d,a,b,k");
  }
  for (unsigned op = 0; op < kIntUnaryNames.size(); ++op)
    visit(wideUnary(static_cast<IntUnary>(op)), dotted({kIntUnaryNames[op], "wide"}), "d,a,k");
  visit(wideFunnel(true), "fshl.wide", "d,a,b,c,k");
  visit(wideFunnel(false), "fshr.wide", "d,a,b,c,k");
  visit(wideExtend(true), "sext.wide", "d,a,k,k");
  visit(wideExtend(false), "zext.wide", "d,a,k,k");
  visit(wideToFloat(true), "sitofp.wide", "d,a,c,k");
  visit(wideToFloat(false), "uitofp.wide", "d,a,c,k");
  visit(wideFromFloat(true, false), "fptosi.wide", "d,a,c,k");
  visit(wideFromFloat(false, false), "fptoui.wide", "d,a,c,k");
}

} // namespace kiln::interp

// Which ops there are: for each family, how to choose a handler by operation, type and form of the operands.
//
// Forms: RR both operands are words of the frame; RK the right one is the constant k[0]; KR the left one is. Layouts are
// given as fields and constants; the size of an op is two words and one for each k.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "flow/AddressParts.h"
#include "interp/Op.h"

namespace kiln::interp {

enum class Form : std::uint8_t { RR, RK, KR };
inline constexpr unsigned kFormCount = 3;

/// Widths of integers that handlers know: index 0 to 3 for 8, 16, 32 and 64 bits.
using Width = unsigned;
inline constexpr unsigned kWidthCount = 4;

// Integers (Integer.cpp) ------------------------------------------------------------------------------------------

enum class IntOp : std::uint8_t {
  Add, Sub, Mul, UDiv, SDiv, URem, SRem, Shl, LShr, AShr, And, Or, Xor,
  SMax, SMin, UMax, UMin, SAddSat, UAddSat, SSubSat, USubSat, SShlSat, UShlSat,
  SAddOver, UAddOver, SSubOver, USubOver, SMulOver, UMulOver, ///< also write the overflow bit to the word after d
  Count
};
/// d = a OP b; RR: d,a,b; RK: d,a,k; KR: d,b,k.
Handler intBinary(IntOp op, Width width, Form form);

enum class IntUnary : std::uint8_t { Ctpop, Ctlz, Cttz, Bswap, BitReverse, Abs, Count };
/// d = OP a; d,a.
Handler intUnary(IntUnary op, Width width);

enum class Predicate : std::uint8_t { Eq, Ne, Ugt, Uge, Ult, Ule, Sgt, Sge, Slt, Sle, Count };
/// d = a PRED b; RR: d,a,b; RK: d,a,k.
Handler intCompare(Predicate predicate, Width width, bool constant);
/// d = sign extension to 64 bits of the lower 8, 16, 32 bits of a; d,a.
Handler signExtend(Width from);
/// d = zero extension of a; d,a.
Handler zeroExtend(Width from);
/// d = a shifted left, then right with its sign, by c: sign extension from 64 - c bits; d,a,c.
Handler signExtendFrom();
/// d = funnel shift of a (high), b (low) by c; d,a,b,c.
Handler funnelShift(bool left, Width width);
/// d = a ? b : c on words; d,a,b,c. With constants: K1 b is k[0] (d,a,c); K2 c is k[0] (d,a,b); both k[0], k[1].
Handler select(bool constantTrue, bool constantFalse);
/// d[i] = a ? b[i] : c[i] for k[0] words.
Handler selectWords();

// Integers of more than 64 bits (Wide.cpp) --------------------------------------------------------------------------

/// 128 bits in two words; d,a,b.
Handler int128Binary(IntOp op);
Handler int128Compare(Predicate predicate);
/// Any width, by LLVM's APInt; d,a,b and k[0] = bits. Compare writes a bit, overflow ops the bit behind the value.
Handler wideBinary(IntOp op);
Handler wideCompare(Predicate predicate);
Handler wideUnary(IntUnary op);
/// d = funnel shift; d,a,b,c; k[0] = bits.
Handler wideFunnel(bool left);
/// d = extension or truncation of a; d,a; k[0] = from bits, k[1] = to bits.
Handler wideExtend(bool isSigned);
/// From and to floating point: c = FloatType; d,a; k[0] = bits of the integer.
Handler wideToFloat(bool isSigned);
Handler wideFromFloat(bool isSigned, bool saturate);

// Floating point (Float.cpp) ----------------------------------------------------------------------------------------

enum class FloatType : std::uint8_t { Half, BFloat, Float, Double, X86Fp80, Fp128 };
inline constexpr unsigned kFloatTypeCount = 6;
enum class FloatOp : std::uint8_t {
  Add, Sub, Mul, Div, Rem, MinNum, MaxNum, Minimum, Maximum, CopySign, Pow, Atan2, Count
};
/// d,a,b; for Float and Double with a constant RK, KR: k[0].
Handler floatBinary(FloatOp op, FloatType type, Form form = Form::RR);
enum class FloatUnary : std::uint8_t {
  Neg, Abs, Sqrt, Floor, Ceil, Trunc, Rint, NearbyInt, Round, RoundEven, Sin, Cos, Tan, Exp, Exp2, Exp10, Log, Log2, Log10,
  Asin, Acos, Atan, Sinh, Cosh, Tanh, Canonicalize, Count
};
Handler floatUnary(FloatUnary op, FloatType type);
/// LLVM's fcmp predicates by number (0 false, 1 oeq, ... 15 true); d,a,b.
Handler floatCompare(unsigned predicate, FloatType type);
Handler floatConvert(FloatType from, FloatType to);
/// d,a; the integer has 8 to 64 bits.
Handler intToFloat(bool isSigned, Width width, FloatType type);
Handler floatToInt(bool isSigned, bool saturate, Width width, FloatType type);
/// d = a * b + c, rounded once (fma) or twice; d,a,b,c.
Handler floatMultiplyAdd(FloatType type, bool fused);
/// For Float and Double: d = c - a * b and d = a * b - c, rounded twice.
Handler floatMultiplySubtract(FloatType type, bool productFirst);
enum class FloatMisc : std::uint8_t { Powi, Ldexp, IsClass, Frexp, Lrint, Lround, Modf, Count };
/// Powi, Ldexp: d,a,b (b: i32). IsClass: d,a,k (mask). Frexp: d,a; the exponent in the word(s) behind. Lrint, Lround: d,a.
Handler floatMisc(FloatMisc op, FloatType type);

// Memory (Memory.cpp) -------------------------------------------------------------------------------------------------

/// What a load makes of the bytes.
enum class LoadKind : std::uint8_t { U8, U16, U32, U64, S8, S16, S32, Count };
using flow::IndexKind;
/// Address forms. Offset: y + offset. Absolute: k[0]. Indexed: a + index(b) * 2^scale + int16(c). AbsoluteIndexed: k[0] + ...
Handler loadOffset(LoadKind kind);   // x = [y + offset]
Handler loadAbsolute(LoadKind kind); // d = [k]
Handler loadIndexed(LoadKind kind, IndexKind index, unsigned scale);
Handler loadAbsoluteIndexed(LoadKind kind, IndexKind index, unsigned scale); // d = [k + b * 2^scale]
Handler storeOffset(Width width);         // [y + offset] = x
Handler storeOffsetConstant(Width width); // [y + offset] = k
Handler storeAbsolute(Width width);       // [k] = d
Handler storeAbsoluteConstant(Width width); // [k[0]] = k[1]
Handler storeIndexed(Width width, IndexKind index, unsigned scale);         // [a + b * 2^scale + c] = d
Handler storeAbsoluteIndexed(Width width, IndexKind index, unsigned scale); // [k + b * 2^scale] = d
/// Integers of `c` bytes (3, 5, 6, 7): d = [a], [a] = d.
Handler loadBytes();
Handler storeBytes();
/// Addresses as values.
Handler addressOffset();                                        // x = y + offset
Handler addressIndexed(IndexKind index, unsigned scale);         // d = a + b * 2^scale + c
Handler addressAbsoluteIndexed(IndexKind index, unsigned scale); // d = k + b * 2^scale
Handler addressScaled(IndexKind index);                          // d = a + b * k
/// x = address of the frame + offset.
Handler frameAddress();
Handler move();          // d = a
Handler moveTwo();       // d = a, b = c; b is not a
Handler moveConstant();  // d = k
Handler moveWords();     // d[0..c) = a[0..c), overlapping allowed
Handler copyConstants(); // d[0..k[0]) = k[1..]
enum class Block : std::uint8_t { Copy, Move, Set, Count };
/// memcpy, memmove, memset (value in b): a, b, c = address, address or byte, size in bytes; k: ValueCounts* or null.
Handler memoryBlock(Block block);
/// Vector lanes by a variable index: d = a[b % k]; and d[b % k] = a; c words a lane.
Handler laneLoad();
Handler laneStore();
/// d = this thread's address of a variable: k[0] = ThreadLocals*, k[1] = offset; or of a library's: k[0] = name.
Handler threadLocal();
Handler threadLocalExternal();
/// d = a new block of a bytes (a multiple of 16) on the stack, aligned to k[0] (at least 16, a power of two).
Handler allocate();
Handler stackSave();    // d
Handler stackRestore(); // a

// Atomics (Atomic.cpp) -------------------------------------------------------------------------------------------------

enum class AtomicOp : std::uint8_t {
  Xchg, Add, Sub, And, Nand, Or, Xor, Max, Min, UMax, UMin, UIncWrap, UDecWrap, FAdd, FSub, FMax, FMin, Count
};
/// d = old value at a, OP b stored. FAdd and so on for Width 2 and 3 only (null otherwise).
Handler atomicReadModifyWrite(AtomicOp op, Width width);
/// d = old value at a, word after d = success; b expected, c new.
Handler atomicCompareExchange(Width width);
Handler atomicCompareExchange128(); ///< operands of two words, success behind the two words of d
Handler atomicStore(Width width);   ///< [a] = d, sequentially consistent
Handler atomicLoad128();            ///< d = [a]
Handler atomicStore128();           ///< [a] = d
Handler fence();

// Control (Control.cpp) -------------------------------------------------------------------------------------------------

/// Variants of ops that end a block. Their words behind the fields are, in this order: a compared constant; if `loop`,
/// the address of the loop budget that a jump counts down and the LoopHeader it leads to; if `count`, how often it jumped and
/// how often it went on.
struct BranchForm {
  bool constant = false;
  bool loop = false;
  bool count = false;
};
/// if (x PRED y) jump.
Handler branchInt(Predicate predicate, Width width, BranchForm form);
/// if ((x & k) == 0 or != 0) jump; always with a constant.
Handler branchBits(bool zero, Width width, BranchForm form);
/// if (x PRED y) jump, LLVM's fcmp predicates; Float and Double.
Handler branchFloat(unsigned predicate, FloatType type, BranchForm form);
/// if (bit x is set) jump; if not `whenSet`, the other way round.
Handler branchBit(bool whenSet, BranchForm form);
/// x += k[0]; if (x PRED y) jump; form.constant: compares with k[1].
Handler stepBranch(Predicate predicate, Width width, BranchForm form);
/// Jump. Not conditional: `count` counts in the LoopHeader, and only with `loop`.
Handler jump(BranchForm form);
/// x = y, and jump.
Handler moveJump(BranchForm form);
/// d = a, b = c, and jump by k[0] bytes; the form's words follow.
Handler moveTwoJump(BranchForm form);
/// By the value a: k[0] = SwitchTable*.
Handler switchDense(Width width);
Handler switchSparse(Width width);
Handler returnWord();     // a
Handler returnConstant(); // k
Handler returnVoid();
Handler returnWords();    // a, c words
Handler unreachable();

// Two instructions in one (Fused.cpp). Null where there is no such op. ------------------------------------------------

/// d = a OP memory; b + int16(c), or, `indexed`, b + c * size of the type.
Handler intLoading(IntOp op, Width width, bool indexed);
Handler floatLoading(FloatOp op, FloatType type, bool indexed);
/// d = (a FIRST k[0]) SECOND k[1].
Handler intChainConstant(IntOp first, IntOp second, Width width);
/// d = (a FIRST k[0]) SECOND b; swapped: d = b SECOND (a FIRST k[0]).
Handler intChain(IntOp first, IntOp second, Width width, bool swapped);
/// if (memory at x + int16(y) PRED k[0]) jump; the form is always with a constant.
Handler branchLoading(Predicate predicate, Width width, BranchForm form);
/// d = a * b + c * k[0], each rounded; Float and Double.
Handler multiplyAddScaled(FloatType type);
/// As stepBranch(), but x = the word named by the lower 16 bits of k[0], plus k[0] >> 16.
Handler stepFromBranch(Predicate predicate, Width width, BranchForm form);

// Memory changed in place (Update.cpp). Null where there is no such op. ------------------------------------------------

/// [address] = [address] OP a; constant: OP k[0]. The address is d + int16(c), or, `indexed`, d + c * size of the type.
Handler intUpdate(IntOp op, Width width, bool indexed, bool constant);
Handler floatUpdate(FloatOp op, FloatType type, bool indexed);
/// [address] = a * b + [address], rounded twice.
Handler multiplyAddUpdate(FloatType type, bool indexed);

// Calls (Call.cpp): see Sites.h.

/// For dumps: calls `visit` with each op, its name and the layout of its fields and constants ("d,a,b" or "x,y,jump,k").
using OpVisitor = std::function<void(Handler, std::string name, std::string_view layout)>;
void listIntegerOps(const OpVisitor& visit);
void listWideOps(const OpVisitor& visit);
void listFloatOps(const OpVisitor& visit);
void listMemoryOps(const OpVisitor& visit);
void listAtomicOps(const OpVisitor& visit);
void listControlOps(const OpVisitor& visit);
void listFusedOps(const OpVisitor& visit);
void listUpdateOps(const OpVisitor& visit);
void listCallOps(const OpVisitor& visit);

} // namespace kiln::interp

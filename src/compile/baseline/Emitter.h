// The emission pass of the baseline compiler: from instructions to machine code, block after block in layout order.
//
// Where values are was decided by the plan. Each instruction reads its operands where they are, as registers, as memory
// operands or as constants, and writes its result where the plan has put it. In between it may use RAX, R10, R11, XMM14 and
// XMM15, which hold nothing from one instruction to the next:
//
//   RAX         results on their way to a slot, operands from slots
//   R10, R11    index and base of addresses whose parts are in slots; second and third operands
//   XMM14, 15   the same for SSE
//
// What integers look like: bits above the width are undefined for widths of 8, 16, 32 and 64 bits (readExtended() makes them
// what one needs) and zero for all other widths, as in abi/Leaves.h. An i1 is 0 or 1.
//
// One file per family of instructions. An instruction that cannot be compiled is refused by throwing Refused inside the
// compiler; nothing leaves compile().
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/IntrinsicInst.h>

#include <expected>
#include <string>

#include "abi/CallShape.h"
#include "compile/Compiler.h"
#include "compile/baseline/Assembler.h"
#include "compile/baseline/Baseline.h"
#include "compile/baseline/Code.h"
#include "compile/baseline/EmitFloat.h"
#include "compile/baseline/EmitVector.h"
#include "compile/baseline/Environment.h"
#include "compile/baseline/Plan.h"
#include "compile/baseline/Shapes.h"

namespace kiln::baseline {

/// Buffers and tables that go from function to function.
struct Workspace {
  CallShapes shapes;
  Plan plan;
};

struct EmitOptions {
  Baseline::Settings settings;
  std::uint32_t loop = kNone; ///< enter at this loop's header, with the state's address as the argument
  bool lines = false;         ///< keep Code::lines and Code::tables
};

/// Either code or the reason why the function runs in another tier.
std::expected<std::unique_ptr<Code>, Refusal> compile(const llvm::Function& function, std::uint32_t id,
                                                      Environment& environment, Workspace& workspace,
                                                      const EmitOptions& options);

using x86::Gp;
using x86::Mem;
using x86::Xmm;

/// Condition codes by their numbers in instructions.
using Condition = x86::CondCode;

class Emitter {
public:
  Emitter(const llvm::Function& function, std::uint32_t id, Environment& environment, Workspace& workspace,
          const EmitOptions& options);
  std::expected<std::unique_ptr<Code>, Refusal> run();

private:
  using Label = asmjit::Label;
  struct Refused {
    std::string reason;
    const llvm::Instruction* instruction;
  };
  [[noreturn]] void refuse(std::string reason);

  // Blocks and frame (Emitter.cpp)
  void emitBlock(std::uint32_t place);
  void emitInstruction(const llvm::Instruction& instruction);
  void prologue();
  void epilogue();
  void leaveFrame();
  void leftFrame();
  void emitCold();
  void emitColdEntry();
  void emitColdLoops();
  void emitLandings();
  /// The entry of code that begins at a loop: takes the state apart.
  void enterLoop();
  void enterValue(std::uint32_t number, const llvm::Value* value, std::uint32_t word);
  void enterLanes(std::uint32_t number, unsigned part, const Part& form, std::uint32_t word, llvm::Type* type);
  void keepPlaces();
  void finish();
  std::uint32_t numberOf(const llvm::Instruction& instruction) const {
    return &instruction == current_ ? currentNumber_ : plan_.numberOf(&instruction);
  }
  std::uint32_t position() const { return position_; } ///< of the current instruction
  /// What the code may use; without `Settings::plainCpu` what this machine has.
  const asmjit::CpuFeatures::X86& features() const { return features_.x86(); }
  Machine machine() const { return {features().hasSSE4_1(), features().hasFMA() && hasAvx_}; }

  // Operands (Operands.cpp) ------------------------------------------------------------------------------------------------
  static Gp gp(Register reg, unsigned bits = 64) {
    return bits == 64 ? Gp(x86::gpq(reg)) : bits == 32 ? Gp(x86::gpd(reg)) : bits == 16 ? Gp(x86::gpw(reg)) : Gp(x86::gpb_lo(reg));
  }
  static Xmm xmm(Register reg) { return x86::xmm(reg - kFirstXmm); }
  /// The register in another width.
  static Gp sized(const Gp& reg, unsigned bits) { return gp(static_cast<Register>(reg.id()), bits); }
  /// 32 for everything that 32-bit instructions do, else 64.
  static unsigned operationBits(unsigned bits) { return bits <= 32 ? 32 : 64; }
  static Mem frame(std::int32_t offset, unsigned bytes = 8) { return x86::ptr(x86::rbp, offset, bytes); }

  /// A register (64 bits) that holds part of an integer value: its place, or `scratch` after loading it there.
  Gp read(const llvm::Value* value, unsigned part = 0, Gp scratch = x86::rax);
  void readInto(Gp to, const llvm::Value* value, unsigned part = 0);
  /// The same with the bits above its type made zeros, or copies of its sign, up to 64.
  Gp readZeroExtended(const llvm::Value* value, Gp scratch = x86::rax);
  Gp readSignExtended(const llvm::Value* value, Gp scratch = x86::rax);
  void zeroExtendInto(Gp to, const llvm::Value* value);
  void signExtendInto(Gp to, const llvm::Value* value);
  Xmm readXmm(const llvm::Value* value, unsigned part = 0, Xmm scratch = x86::xmm15);
  void readXmmInto(Xmm to, const llvm::Value* value, unsigned part = 0);
  /// Where the value is in memory: its slot, or what a folded load reads. Nothing if it is in a register or a constant. Of a
  /// load the address may use R10 and R11.
  std::optional<Mem> inMemory(const llvm::Value* value, unsigned part, unsigned bytes);
  /// An integer constant of up to 64 bits, sign-extended from its type.
  std::optional<std::int64_t> constantOf(const llvm::Value* value);
  /// As constantOf(), if an instruction can have it as its operand.
  std::optional<std::int32_t> immediateOf(const llvm::Value* value);
  /// The value's register if it is in one.
  Register registerOf(const llvm::Value* value, unsigned part = 0);
  const Place* placeOf(const llvm::Value* value, unsigned part = 0);
  void loadConstant(Gp to, std::uint64_t bits);
  /// An integer of some width from memory, with zeros above.
  void loadInteger(Gp to, const Mem& from, unsigned bits);
  void materialise(Gp to, const llvm::Constant* constant, unsigned part);
  void materialise(Xmm to, const llvm::Constant* constant, unsigned part);
  void materialiseAddresses(Xmm to, const llvm::Constant& vector);
  /// A constant in memory behind the code, aligned to its size (8 or 16 bytes).
  Mem constantMemory(std::uint64_t low, std::uint64_t high, unsigned bytes);
  Mem addressConstant(Target target, std::uint32_t id, std::int64_t addend);
  /// The bits of a part of a constant, if no address is in them.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> bitsOfPart(const llvm::Constant* constant, unsigned part);
  std::optional<std::pair<std::uint64_t, std::uint64_t>> vectorBits(const llvm::Constant* vector);
  const llvm::Constant* leafOfPart(const llvm::Constant* constant, unsigned& part);

  /// Where an instruction's result is made: its register, or `scratch`, to be followed by wrote().
  Gp target(std::uint32_t number, unsigned part = 0, Gp scratch = x86::rax);
  Xmm targetXmm(std::uint32_t number, unsigned part = 0, Xmm scratch = x86::xmm15);
  /// The result is complete: stores it if its place is a slot, moves it if it is elsewhere.
  void wrote(std::uint32_t number, unsigned part, Gp from);
  void wrote(std::uint32_t number, unsigned part, Xmm from);
  bool isUsed(std::uint32_t number, unsigned part = 0) const;
  void move(Gp to, Gp from) {
    if (to.id() != from.id())
      a_.mov(sized(to, 64), sized(from, 64));
  }
  void move(Xmm to, Xmm from);
  void loadXmm(Xmm to, const Mem& from, unsigned bytes);
  void storeXmm(const Mem& to, Xmm from, unsigned bytes);
  /// Masks a register of an integer of unusual width.
  void clean(Gp reg, unsigned bits);

  // Addresses (EmitMemory.cpp) -----------------------------------------------------------------------------------------------
  /// Memory at a pointer, folded address computations included. Uses R10 and R11 for what is in slots. An operand relative to
  /// RIP is good for one instruction: `reusable` asks for one that is good for several, until R10 or R11 are used.
  Mem address(const llvm::Value* pointer, std::int64_t offset = 0, bool reusable = false);
  Mem address(const AddressParts& parts, std::int64_t offset, bool reusable);
  void addressInto(Gp to, const AddressParts& parts);
  void addOffset(Gp to, std::int64_t offset);
  std::optional<Mem> outsideAddress(const llvm::Constant* constant, std::int64_t offset);
  /// Whether the value is a folded load whose address is made of this register.
  bool isAddressedBy(const llvm::Value* value, Register reg);
  /// Calls `use(part, type, offset)` for every part of a type in memory.
  template <typename Use> void forEachLeaf(llvm::Type* type, Use&& use) {
    unsigned part = 0;
    visitLeaves(type, 0, part, use);
  }
  template <typename Use> void visitLeaves(llvm::Type* type, std::int64_t offset, unsigned& part, Use& use) {
    if (auto* record = llvm::dyn_cast<llvm::StructType>(type)) {
      const llvm::StructLayout* layout = data_.getStructLayout(record);
      for (unsigned i = 0; i < record->getNumElements(); ++i)
        visitLeaves(record->getElementType(i), offset + static_cast<std::int64_t>(layout->getElementOffset(i).getFixedValue()), part, use);
    } else if (type->isArrayTy()) {
      auto stride = static_cast<std::int64_t>(data_.getTypeAllocSize(type->getArrayElementType()).getFixedValue());
      for (std::uint64_t i = 0; i < type->getArrayNumElements(); ++i)
        visitLeaves(type->getArrayElementType(), offset + static_cast<std::int64_t>(i) * stride, part, use);
    } else {
      use(part, type, offset);
      part += plan_.partCount(type);
    }
  }

  // Parallel moves (Moves.cpp) -----------------------------------------------------------------------------------------------
  /// Where a move reads or writes: a register, or 8 or 16 bytes of the frame.
  struct Location {
    Register reg = kNoRegister;
    std::int32_t offset = 0;
    bool operator==(const Location&) const = default;
  };
  struct PendingMove {
    Location to, from;
    std::uint8_t bytes = 8;
  };
  struct PendingConstant {
    Location to;
    const llvm::Value* value; ///< a constant, or the address of a frame variable
    unsigned part;
    std::uint8_t bytes = 8;
  };
  /// Makes all moves at once, then the constants. Uses RAX, R11, XMM14 and XMM15.
  void moveAll(llvm::SmallVectorImpl<PendingMove>& moves, llvm::ArrayRef<PendingConstant> constants);
  void moveOne(Location to, Location from, unsigned bytes);
  void addMove(Location to, const llvm::Value* value, unsigned part, unsigned bytes);
  llvm::SmallVector<PendingMove, 16> moves_;
  llvm::SmallVector<PendingConstant, 8> constantMoves_;

  // Control (EmitControl.cpp)
  void emitTerminator(const llvm::Instruction& instruction);
  void emitBranch(const llvm::BranchInst& branch);
  void emitCountedBranch(const llvm::BranchInst& branch);
  void branchTo(const llvm::Value* condition, const Label& to, bool when);
  void testBit(const llvm::Value* condition);
  struct SwitchCase {
    std::uint64_t value;
    const llvm::BasicBlock* to;
    std::uint32_t number; ///< of the case in the instruction, from 1
  };
  struct SwitchForm {
    const llvm::SwitchInst& choice;
    Label otherwise;
    std::uint32_t counts; ///< offset of the counts, or kNone
  };
  struct CaseStub {
    Label label;
    const llvm::BasicBlock* to;
    std::uint32_t number;
  };
  void emitSwitch(const llvm::SwitchInst& choice);
  void emitDenseSwitch(const SwitchForm& form, llvm::ArrayRef<SwitchCase> cases);
  void emitCaseSearch(const SwitchForm& form, llvm::ArrayRef<SwitchCase> cases);
  Label caseLabel(const SwitchForm& form, const llvm::BasicBlock* to, std::uint32_t number);
  std::vector<CaseStub> caseStubs_;
  /// The distance from a table to where a case goes, filled in at the end.
  struct TableEntry {
    std::uint32_t at;
    Label to, table;
  };
  std::vector<TableEntry> tableEntries_;
  void emitReturn(const llvm::ReturnInst& leave);
  void giveResult(const llvm::Value* value);
  void giveInteger(Gp to, const llvm::Value* value, const Move& move);
  void storeResult(const llvm::Value* value);
  /// The move of a word of an image; null if there is none.
  const Move* moveOfWord(const std::vector<Move>& moves, std::uint32_t word) const;
  void emitEdge(const llvm::BasicBlock* from, const llvm::BasicBlock* to, bool mayFallThrough, std::uint32_t counted = kNone);
  void emitEdgeMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  bool hasMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  const llvm::Value* incoming(const llvm::PHINode& phi, const llvm::BasicBlock* from);
  Label edgeLabel(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  bool needsStub(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  void emitEdgeStubs();
  void countLoop(const llvm::BasicBlock* header, std::uint32_t counted);
  void beginCountedLoop(std::uint32_t place);
  void endCountedLoop(const CountedLoop& loop);
  const CountedLoop* leavesCountedLoop(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const;
  std::uint32_t addCount();
  void countEntry();
  void jump(Condition condition, const Label& to) { a_.j(condition, to); }

  // Integers (EmitInteger.cpp)
  void emitBinary(const llvm::Instruction& instruction);
  void emitIntBinary(const llvm::Instruction& instruction);
  void emitAdd(const llvm::Instruction& instruction);
  void emitSub(const llvm::Instruction& instruction);
  void emitMul(const llvm::Instruction& instruction);
  // Divisions (EmitDivision.cpp)
  void emitDivision(const llvm::Instruction& instruction);
  template <typename Work> void withRdx(Work&& work);
  void multiplyHigh(const llvm::APInt& factor, bool isSigned);
  void quotientUnsigned(const llvm::APInt& by);
  void quotientSigned(const llvm::APInt& by);
  Gp remainderBy(const llvm::APInt& by);
  void emitShift(const llvm::Instruction& instruction);
  void emitTwoOperand(const llvm::Instruction& instruction, asmjit::InstId operation, bool commutative);
  void emitXor(const llvm::Instruction& instruction);
  void emitCompare(const llvm::CmpInst& compare);
  /// Sets the flags for a comparison of integers; the condition under which it holds.
  Condition compareInt(const llvm::ICmpInst& compare);
  static Condition conditionOf(llvm::CmpInst::Predicate predicate);
  void emitBitTest(const llvm::Instruction& test);
  void setCondition(std::uint32_t number, Condition condition);
  void emitSelect(const llvm::SelectInst& select);
  void emitCast(const llvm::CastInst& cast);

  // Intrinsics on integers (EmitIntIntrinsic.cpp)
  void emitPopulation(const llvm::IntrinsicInst& intrinsic);
  void emitLeadingZeros(const llvm::IntrinsicInst& intrinsic);
  void emitTrailingZeros(const llvm::IntrinsicInst& intrinsic);
  void emitByteSwap(const llvm::IntrinsicInst& intrinsic);
  void emitBitReverse(const llvm::IntrinsicInst& intrinsic);
  void emitAbsolute(const llvm::IntrinsicInst& intrinsic);
  void emitMinMax(const llvm::IntrinsicInst& intrinsic);
  void emitThreeWay(const llvm::IntrinsicInst& intrinsic);
  void emitPointerMask(const llvm::IntrinsicInst& intrinsic);
  void emitFunnelShift(const llvm::IntrinsicInst& intrinsic);
  void emitFunnelShiftBy(const llvm::Value* high, const llvm::Value* low, bool left, unsigned count);
  void emitOddFunnelShift(const llvm::Value* high, const llvm::Value* low, const llvm::Value* count, bool left);
  void joinHalves(const llvm::Value* high, const llvm::Value* low, unsigned width);
  template <typename Shift> void withCount(const llvm::Value* count, Shift&& shift);
  void compareValues(const llvm::Value* left, const llvm::Value* right, bool isSigned);
  void combine(asmjit::InstId operation, Gp to, const llvm::Value* value, unsigned bits);

  // Arithmetic that overflows or saturates (EmitCheckedIntrinsic.cpp)
  bool emitCheckedIntrinsic(const llvm::IntrinsicInst& intrinsic);
  void emitOverflow(const llvm::IntrinsicInst& intrinsic);
  void emitSaturating(const llvm::IntrinsicInst& intrinsic);
  void emitSaturatingShift(const llvm::IntrinsicInst& intrinsic);
  void readAtTop(Gp to, const llvm::Value* value);
  void addOrSubtract(Gp to, const llvm::IntrinsicInst& intrinsic);
  Condition multiplySigned(Gp to, const llvm::IntrinsicInst& intrinsic);
  Condition multiplyUnsigned(Gp to, const llvm::IntrinsicInst& intrinsic);
  void saturateSigned(Gp sign, unsigned bits);
  void giveFlag(Condition condition);
  void wroteFlag(Gp from);
  Condition flag_ = Condition::kZero; ///< of the last instruction that keeps its flag (Shapes.h) in the processor's

  // Floats and doubles (EmitFloat.cpp, EmitFloatCast.cpp, EmitFloatIntrinsic.cpp)
  void emitFloatBinary(const llvm::Instruction& instruction);
  void emitFloatNegate(const llvm::Instruction& instruction);
  void emitFloatCompare(const llvm::FCmpInst& compare);
  void branchFloat(const llvm::FCmpInst& compare, const Label& to, bool when);
  void emitFloatSelect(const llvm::SelectInst& select);
  /// Sets the flags for a comparison of floating point.
  FloatTest compareFloat(const llvm::FCmpInst& compare);
  /// Sets the flags for any i1, a folded comparison or not.
  FloatTest testOf(const llvm::Value* condition);
  void jumpIf(FloatTest test, const Label& to, bool when);
  void compareXmm(Xmm left, const asmjit::Operand& right, bool twice);
  void compareIntoMask(const llvm::FCmpInst& compare, Xmm to);
  static std::optional<FloatExtreme> extremeOf(const llvm::SelectInst& select, const llvm::FCmpInst& compare);
  bool selectByMask(const llvm::SelectInst& select, const llvm::FCmpInst& compare, Xmm to);
  /// A register, or memory of the value's size. Of a folded load the address may use R10 and R11.
  asmjit::Operand floatOperand(const llvm::Value* value);
  Mem floatConstant(double value, bool twice);
  Mem signMask(const llvm::Type* type);
  Mem magnitudeMask(const llvm::Type* type);
  void clearXmm(Xmm reg);
  void floatOperation(FloatForm form, Xmm to, const llvm::Value* left, const llvm::Value* right);
  void floatLogic(FloatForm form, Xmm to, const llvm::Value* left, const Mem& right);
  void emitFloatCast(const llvm::CastInst& cast);
  void convertFormat(const llvm::CastInst& cast);
  void moveBits(const llvm::CastInst& cast);
  void convertSigned(Xmm to, const asmjit::Operand& from, bool twice);
  void convertFromSigned(const llvm::CastInst& cast);
  void convertFromUnsigned(const llvm::CastInst& cast);
  void convertToInteger(Gp to, const llvm::Value* value, unsigned bits, bool isSigned);
  void emitSaturating(const llvm::IntrinsicInst& intrinsic, bool isSigned);
  bool emitFloatIntrinsic(const llvm::IntrinsicInst& intrinsic);
  void callLibraryFor(const llvm::IntrinsicInst& intrinsic);
  void emitFloatUnary(const llvm::IntrinsicInst& intrinsic);
  void roundInto(Xmm to, Xmm from, unsigned direction, bool twice);
  void emitRound(const llvm::Value* value, unsigned direction);
  void emitRoundAway(const llvm::Value* value);
  void emitToNearestInteger(const llvm::IntrinsicInst& intrinsic);
  void emitCopySign(const llvm::IntrinsicInst& intrinsic);
  void emitFused(const llvm::IntrinsicInst& intrinsic);
  void emitMultiplyAdd(const llvm::IntrinsicInst& intrinsic);
  void emitMinNum(const llvm::IntrinsicInst& intrinsic, FloatOp op);
  void emitMinimum(const llvm::IntrinsicInst& intrinsic, FloatOp op);
  void emitIsClass(const llvm::IntrinsicInst& intrinsic);
  void emitGetRounding();

  // Vectors (EmitVector.cpp)
  void emitVector(const llvm::Instruction& instruction);
  void emitVectorSimple(const llvm::Instruction& instruction, const Sse& operation);
  void emitVectorSelect(const llvm::SelectInst& select);
  void sse(const Sse& operation, Xmm to, Xmm left, const asmjit::Operand_& right);
  void sse(const Sse& operation, Xmm to, Xmm left, const asmjit::Operand_& right, unsigned immediate);
  void sseUnary(const Sse& operation, Xmm to, const asmjit::Operand_& from);
  void sseUnary(const Sse& operation, Xmm to, const asmjit::Operand_& from, unsigned immediate);
  void sseShift(const Sse& operation, Xmm to, Xmm from, unsigned amount);
  void loadOperand(Xmm to, const asmjit::Operand_& from);
  void invert(Xmm to);
  void blend(Xmm mask, const asmjit::Operand_& yes, const asmjit::Operand_& no);
  /// A constant vector of equal lanes.
  Mem splat(std::uint64_t bits, unsigned bytes);
  std::int32_t vectorSlot(unsigned which);
  asmjit::Operand steady(const llvm::Value* value, unsigned which);
  std::int32_t spill(const llvm::Value* value, unsigned which);
  static Mem laneAt(std::int32_t slot, const VectorForm& form, unsigned lane);
  Mem laneBy(std::int32_t slot, const VectorForm& form, const llvm::Value* index);
  void loadLane(Gp to, const Mem& from, bool isSigned);
  void storeLane(const Mem& to, Gp from);
  void takeSlot(std::uint32_t number, std::int32_t slot);
  void loadPacked(Xmm to, const Mem& from, unsigned bytes);
  void moveToXmm(Xmm to, Gp from);
  void moveFromXmm(Gp to, Xmm from);
  void maskFromBits(Xmm to, Gp bits, unsigned count);
  void bitsFromMask(Gp to, Xmm mask, unsigned count);
  void widenMask(Xmm mask, unsigned lane, unsigned to);
  void narrowMask(Xmm mask, unsigned lane, unsigned to);
  std::int32_t vectorSlots_[4] = {};
  // EmitVectorInteger.cpp
  void emitVectorInteger(const llvm::Instruction& instruction);
  /// For each pair of lanes, extended, in RAX and R10: `operation` leaves the result in RAX. It may use R11.
  void eachLane(const llvm::Instruction& instruction, const VectorForm& form, bool isSigned, llvm::function_ref<void()> operation);
  void emitVectorMul(const llvm::Instruction& instruction, const VectorForm& form);
  void emitVectorShiftBy(const llvm::Instruction& instruction, const VectorForm& form, unsigned amount);
  void shiftLanes(Xmm to, unsigned opcode, unsigned lane, unsigned amount);
  void emitVectorShift(const llvm::Instruction& instruction, const VectorForm& form);
  void emitVectorCompare(const llvm::CmpInst& compare);
  void compareLanes(Xmm to, llvm::CmpInst::Predicate predicate, asmjit::Operand left, asmjit::Operand right, const VectorForm& form);
  void compareEachLane(const llvm::CmpInst& compare, const VectorForm& form);
  void emitVectorExtreme(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  bool emitVectorSaturated(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void emitVectorAbs(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void emitVectorFunnel(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  // EmitVectorFloat.cpp
  void emitVectorFloat(const llvm::Instruction& instruction);
  void emitVectorFloatCompare(const llvm::FCmpInst& compare);
  bool emitVectorFloatIntrinsic(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  bool emitVectorRound(const llvm::IntrinsicInst& intrinsic, const VectorForm& form, unsigned mode);
  void reduceFloat(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  // EmitVectorCast.cpp
  void emitVectorCast(const llvm::CastInst& cast);
  void emitVectorResize(const llvm::CastInst& cast);
  void onesFromMask(Xmm to, unsigned lane);
  void maskFromLanes(Xmm to, unsigned lane, unsigned wanted);
  void extendLanes(Xmm to, unsigned lane, unsigned wanted, bool isSigned);
  void truncateLanes(Xmm to, unsigned lane, unsigned wanted);
  void emitVectorToFloat(const llvm::CastInst& cast);
  void emitVectorFromFloat(const llvm::CastInst& cast);
  void emitVectorBitcast(const llvm::CastInst& cast);
  void fromBits(std::uint32_t number, llvm::Type* type, bool wide);
  // EmitVectorShape.cpp
  void emitExtractElement(const llvm::ExtractElementInst& extract);
  void extractLane(Gp to, Xmm from, const VectorForm& form, unsigned index);
  void emitInsertElement(const llvm::InsertElementInst& insert);
  bool insertReal(const llvm::InsertElementInst& insert, const VectorForm& form, unsigned index);
  bool insertInteger(const llvm::InsertElementInst& insert, const VectorForm& form, unsigned index);
  Gp readLaneValue(const llvm::Value* element, const VectorForm& form);
  void emitShuffle(const llvm::ShuffleVectorInst& shuffle);
  void shuffleBytes(Xmm to, const asmjit::Operand& left, const asmjit::Operand& right, const ByteShuffle& bytes, unsigned lane);
  bool shuffleInterleaved(Xmm to, const asmjit::Operand& left, const asmjit::Operand& right, const ByteShuffle& bytes);
  bool shuffleWords(Xmm to, const asmjit::Operand& from, const ByteShuffle& bytes);
  void shuffleByControl(Xmm to, const asmjit::Operand& left, const asmjit::Operand& right, const ByteShuffle& bytes, bool single);
  void shuffleInMemory(Xmm to, const asmjit::Operand& left, const asmjit::Operand& right, const ByteShuffle& bytes, unsigned lane);
  void shuffleMasks(const llvm::ShuffleVectorInst& shuffle, const VectorForm& source, const VectorForm& form);
  void emitVectorAddress(const llvm::GetElementPtrInst& instruction);
  // EmitVectorIntrinsic.cpp
  void emitVectorSwap(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void emitReduce(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void reduceEachLane(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  void reduceMask(const llvm::IntrinsicInst& intrinsic, const VectorForm& form);
  bool emitMaskedAccess(const llvm::IntrinsicInst& intrinsic);
  bool emitVectorMachine(const llvm::IntrinsicInst& intrinsic);
  bool emitLowestCompare(const llvm::IntrinsicInst& intrinsic);
  void loadVector(std::uint32_t number, unsigned part, const Mem& from, llvm::Type* type);
  void storeVector(const Mem& to, const llvm::Value* value, unsigned part, llvm::Type* type);
  bool emitVectorIntrinsic(const llvm::IntrinsicInst& intrinsic);

  // x87 numbers (EmitX87.cpp)
  void emitX87(const llvm::Instruction& instruction);
  /// Pushes the number to the x87 stack, and computes it if it is folded; pops it to its slot.
  void loadX87(const llvm::Value* value, unsigned part = 0);
  void storeX87(std::uint32_t number, unsigned part = 0);
  /// Ten bytes of memory that hold the number: its slot, or a constant.
  Mem x87Memory(const llvm::Value* value, unsigned part = 0);
  void computeX87(const llvm::Instruction& instruction);
  void computeX87Binary(const llvm::Instruction& instruction);
  void computeX87Intrinsic(const llvm::IntrinsicInst& intrinsic);
  void emitX87Select(const llvm::SelectInst& select);
  void emitX87Cast(const llvm::CastInst& cast);
  void loadFloatAsX87(const llvm::Value* value);
  void loadX87Unsigned(Gp from);
  void loadX87Integer(const llvm::Value* value, bool isSigned);
  void x87ToInteger(unsigned bits, bool isSigned);
  void truncateX87(const Mem& to);
  void compareX87(const llvm::Value* left, const llvm::Value* right);
  void bitsOfX87(const llvm::CastInst& cast);
  bool emitX87Intrinsic(const llvm::IntrinsicInst& intrinsic);
  void emitX87IsClass(const llvm::IntrinsicInst& intrinsic);
  void emitX87Saturating(const llvm::IntrinsicInst& intrinsic, bool isSigned);
  void emitWideSaturating(const llvm::IntrinsicInst& intrinsic, bool isSigned);

  // Wide integers and aggregates (EmitWide.cpp)
  void emitWide(const llvm::Instruction& instruction);
  void emitWideHalves(const llvm::Instruction& instruction, asmjit::InstId lowOperation, asmjit::InstId highOperation);
  void emitWideMul(const llvm::Instruction& instruction);
  void emitWideShiftBy(const llvm::Instruction& instruction);
  void emitWideShift(const llvm::Instruction& instruction);
  Condition compareWide(llvm::CmpInst::Predicate predicate, const llvm::Value* left, const llvm::Value* right);
  void emitWideSelect(const llvm::SelectInst& select);
  void emitWideCast(const llvm::CastInst& cast);
  void emitWideFloatCast(const llvm::CastInst& cast);
  void wideOperand(asmjit::InstId operation, Gp to, const llvm::Value* value, unsigned part, Gp scratch);
  void cleanHigh(Gp high, unsigned width);
  void signExtendHigh(Gp high, unsigned width);
  void wroteWide(std::uint32_t number, Gp low, Gp high);
  bool emitWideIntrinsic(const llvm::IntrinsicInst& intrinsic);
  struct WideSum {
    const llvm::Value *left, *right;
    asmjit::InstId lowOperation, highOperation;
    unsigned width;
    bool isSigned;
  };
  Condition wideSum(const WideSum& sum, Gp low, Gp high);
  void emitWideChecked(const llvm::IntrinsicInst& intrinsic, asmjit::InstId lowOperation, asmjit::InstId highOperation);
  void emitWideSaturated(const llvm::IntrinsicInst& intrinsic, asmjit::InstId lowOperation, asmjit::InstId highOperation);
  void emitWideExtreme(const llvm::IntrinsicInst& intrinsic, llvm::CmpInst::Predicate predicate);
  void emitWideOrder(const llvm::IntrinsicInst& intrinsic, bool isSigned);
  void emitWideAbs(const llvm::IntrinsicInst& intrinsic);
  void emitWideSwap(const llvm::IntrinsicInst& intrinsic);
  void emitWideZeros(const llvm::IntrinsicInst& intrinsic);
  void emitWideFunnel(const llvm::IntrinsicInst& intrinsic);

  // Aggregates and kernels (EmitAggregate.cpp)
  void emitAggregate(const llvm::Instruction& instruction);
  void emitSelectParts(const llvm::SelectInst& select);
  void addParts(std::uint32_t number, unsigned to, const llvm::Value* value, unsigned first, unsigned count);
  /// The whole result is parts of a value, from `first` on.
  void moveParts(std::uint32_t number, const llvm::Value* value, unsigned first);
  /// False if the instruction has no kernel (Kernels.h).
  bool emitKernel(const llvm::Instruction& instruction);
  void storeParts(std::int32_t to, const llvm::Value* value);
  void takeKernelResults(const llvm::Instruction& instruction);
  std::int32_t kernelFrame_ = 0;

  // Memory (EmitMemory.cpp, EmitAtomic.cpp)
  void emitLoad(const llvm::LoadInst& load);
  void emitStore(const llvm::StoreInst& store);
  void emitUpdate(const llvm::StoreInst& store, const llvm::Instruction& arithmetic);
  void emitAlloca(const llvm::AllocaInst& variable);
  void emitAddress(const llvm::GetElementPtrInst& address);
  /// One leaf (no struct or array) of a value, from `part` on, to or from memory whose operand is good for several uses.
  void loadLeaf(std::uint32_t number, unsigned part, const Mem& from, llvm::Type* type);
  void storeLeaf(const Mem& to, const llvm::Value* value, unsigned part, llvm::Type* type);
  /// Whether the two leave R10 and R11 alone.
  bool keepsAddress(const llvm::Type* leaf) const;
  void storeInteger(const Mem& to, Gp from, unsigned bits);
  void copyX87(const Mem& to, const Mem& from);

  // Atomic operations (EmitAtomic.cpp, EmitWideAtomic.cpp)
  void emitAtomic(const llvm::Instruction& instruction);
  void emitFence(const llvm::FenceInst& fence);
  void emitAtomicStore(const llvm::StoreInst& store);
  void emitCompareExchange(const llvm::AtomicCmpXchgInst& exchange);
  void emitReadModifyWrite(const llvm::AtomicRMWInst& change);
  void emitExchangeLoop(const llvm::AtomicRMWInst& change, unsigned bits);
  void combineAtomic(llvm::AtomicRMWInst::BinOp operation, const llvm::Value* value, unsigned bits);
  void combineReal(llvm::AtomicRMWInst::BinOp operation, Xmm value, bool isFloat);
  Mem atomicMemory(const llvm::Value* pointer, unsigned bits, bool reusable);
  void readBitsInto(Gp to, const llvm::Value* value);
  void wroteBits(std::uint32_t number, Gp from, const llvm::Type* type);
  void emitWideAtomic(const llvm::Instruction& instruction);
  void combineWide(llvm::AtomicRMWInst::BinOp operation);
  void chooseWide(llvm::AtomicRMWInst::BinOp operation);
  void stage(std::int32_t slot, const llvm::Value* value);
  void enterWide(const llvm::Value* pointer);
  void leaveWide();
  std::int32_t wideSlots_ = 0; ///< room for what operations of 128 bits stage and save

  // Calls (EmitCall.cpp, EmitException.cpp, EmitIntrinsic.cpp)
  void emitCall(const llvm::CallBase& call);
  const CallShape& shapeOf(const llvm::CallBase& call);
  void emitPlainCall(const llvm::CallBase& call);
  void emitTailJump(const llvm::CallBase& call);
  void emitAsm(const llvm::CallBase& call);
  /// Saves caller-saved registers that live across the current instruction, and brings them back.
  void saveAround();
  void restoreAround();
  void restore(llvm::ArrayRef<std::uint32_t> parts);
  void receiveArguments();
  void saveVariadicRegisters();
  static std::uint8_t stackBytes(const Part& part);
  void requireWhole(const Part& part, const std::vector<Move>& moves, std::uint32_t word);
  void normaliseMasks(std::uint32_t number, llvm::Type* type);
  const StackCopy* copyOfWord(const CallShape& shape, std::uint32_t word) const;
  std::uint32_t resultBytes(llvm::Type* type) const;
  std::uint32_t takeStack(const CallShape& shape);
  void giveStackBack(const CallShape& shape, std::uint32_t bytes);
  void writeStackArguments(const llvm::CallBase& call, const CallShape& shape, const Mem& area);
  void copyToStack(const StackCopy& copy, const llvm::Value* pointer);
  void moveRegisterArguments(const llvm::CallBase& call, const CallShape& shape);
  struct CallTarget {
    enum class Kind : std::uint8_t { Slot, External, Runtime, Register } kind = Kind::Slot; ///< Register: R10
    std::uint32_t id = 0;
  };
  CallTarget targetOf(const llvm::CallBase& call);
  void performCall(const CallTarget& target);
  void takeResults(const llvm::CallBase& call, const CallShape& shape, std::int32_t memory);
  std::vector<std::pair<Place, std::int32_t>> byvalPlaces_;
  std::int32_t variadicSlot_ = 0;          ///< of the register save area
  std::uint32_t callStack_ = 0;            ///< bytes of stack arguments, while they are on the stack
  const llvm::InvokeInst* invoke_ = nullptr; ///< while it is emitted
  void emitInvoke(const llvm::InvokeInst& invoke);
  void emitResume(const llvm::ResumeInst& resume);
  std::uint32_t landing(const llvm::InvokeInst& invoke);
  std::uint32_t siteOf(const llvm::LandingPadInst& pad);
  std::uint32_t typeIndex(const llvm::Constant* type);
  std::uintptr_t addressOf(const llvm::Constant* constant);
  bool emitExceptionIntrinsic(const llvm::IntrinsicInst& intrinsic);
  void emitIntrinsic(const llvm::IntrinsicInst& intrinsic);
  bool emitIntIntrinsic(const llvm::IntrinsicInst& intrinsic);
  bool emitKnownIntrinsic(const llvm::IntrinsicInst& intrinsic);
  bool emitMachineIntrinsic(const llvm::IntrinsicInst& intrinsic);
  bool emitFrameIntrinsic(const llvm::IntrinsicInst& intrinsic);
  void giveConstant(std::uint64_t value);
  void emitStackRestore(const llvm::IntrinsicInst& intrinsic);
  void emitVariadicStart(const llvm::IntrinsicInst& intrinsic);
  void emitVariadicArgument(const llvm::VAArgInst& next);
  void emitThreadLocal(const llvm::IntrinsicInst& intrinsic);
  void emitPrefetch(const llvm::IntrinsicInst& intrinsic);
  // Blocks of memory (EmitBlock.cpp)
  bool emitMemoryIntrinsic(const llvm::IntrinsicInst& intrinsic);
  Mem blockAt(const llvm::Value* pointer, Gp scratch);
  void copyBlock(const llvm::MemTransferInst& copy, std::uint32_t size);
  void copyPieces(const Mem& to, const Mem& from, std::uint32_t size, bool once);
  void movePieces(const Mem& to, const Mem& from, std::uint32_t size);
  void fillBlock(const llvm::MemSetInst& fill, std::uint32_t size);
  void repeatBlock(const llvm::IntrinsicInst& intrinsic, bool isSet);
  void callBlock(const char* name, const llvm::IntrinsicInst& intrinsic);
  void recordSize(const llvm::CallBase& call, const llvm::Value* size);
  void recordCompareSize(const llvm::CallBase& call);
  /// Calls a library function with operands that are integers, pointers or scalars of floating point, and takes its result,
  /// which is of the current instruction's type, or the first part of that. Refuses if there is none of that name.
  struct LibraryCall {
    std::int32_t slot = 0; ///< a slot of the frame, passed by its address as a further argument
    unsigned lastBits = 0; ///< the last argument is an integer of so many bits that the function wants extended with zeros
    bool isSigned = false; ///< integers of more than 64 bits are sign-extended to 128
  };
  void callLibrary(const char* name, llvm::ArrayRef<const llvm::Value*> arguments, LibraryCall extra = {0, 0, false});
  void callAddress(std::uintptr_t address);
  std::uint32_t runtimeIndex(std::uintptr_t address);

  // Profile (EmitCount.cpp)
  bool records(Baseline::Record what) const { return (options_.settings.record & what) != 0; }
  std::uint32_t countSite(CountSite::Kind kind, std::uint32_t value, std::uint32_t bytes, std::uint32_t count = 0);
  void countOne(std::uint32_t offset);
  void countTarget(const llvm::CallBase& call); ///< of R10
  void recordValue(std::uint32_t counts);
  void recordArguments();
  std::uint32_t loopCount(const llvm::BasicBlock* header);
  std::uint32_t loopSite(std::uint32_t block);
  void emitColdRecords();
  static Mem qword(Mem memory) {
    memory.setSize(8);
    return memory;
  }
  struct ColdRecord {
    Label entry, back;
    std::uint32_t counts;
  };
  std::vector<ColdRecord> coldRecords_;
  /// An argument whose value, in R11, is not the one that was seen last.
  struct ColdArgument {
    Label entry, back;
    std::uint32_t counts;
  };
  std::vector<ColdArgument> coldArguments_;
  llvm::DenseMap<const llvm::BasicBlock*, std::uint32_t> loopCounts_;

  const llvm::Function& function_;
  const llvm::DataLayout& data_;
  Environment& environment_;
  Workspace& workspace_;
  Plan& plan_;
  const EmitOptions& options_;
  std::unique_ptr<Code> out_;
  asmjit::CodeHolder holder_;
  Assembler a_;
  const CallShape* shape_ = nullptr;

  struct EdgeStub {
    Label label;
    const llvm::BasicBlock *from, *to;
  };
  struct ColdLoop {
    Label entry, back;
    std::uint32_t site;
    std::uint32_t count; ///< offset of the loop's count in the profile, if batches are recorded
    bool inBatches;
  };
  void countBatch(const ColdLoop& cold);
  /// Where exceptions of an invoke, or of several alike, enter the code.
  struct Landing {
    const llvm::InvokeInst* invoke;
    llvm::SmallVector<std::uint32_t, 4> saved; ///< as saved_
    std::uint32_t stack;                       ///< as callStack_
  };
  /// What is known of a landing pad by its block.
  struct Pad {
    std::uint32_t site;        ///< in Code::landings
    std::uint32_t last = kNone; ///< the last landing that leads there
  };
  void emitLanding(const Landing& landing);
  struct PoolEntry {
    Label label;
    std::uint64_t low, high;
    unsigned bytes;
    Target target;
    std::uint32_t id;
    bool isAddress;
  };
  std::vector<Label> labels_; ///< of blocks, by place
  std::vector<EdgeStub> stubs_;
  llvm::DenseMap<std::pair<const llvm::BasicBlock*, const llvm::BasicBlock*>, unsigned> stubOf_;
  llvm::DenseMap<const llvm::BasicBlock*, llvm::DenseMap<const llvm::BasicBlock*, unsigned>> edgeIndices_;
  std::vector<ColdLoop> coldLoops_;
  llvm::SmallDenseMap<std::uint32_t, Label> insideLabels_; ///< of headers of counted loops, by place
  std::vector<Landing> landings_;
  llvm::DenseMap<const llvm::BasicBlock*, Pad> pads_;
  llvm::DenseMap<std::uintptr_t, std::uint32_t> typeIndices_;
  std::vector<PoolEntry> pool_;
  llvm::DenseMap<std::tuple<std::uint64_t, std::uint64_t, unsigned>, unsigned> poolIndex_; ///< by low, high, bytes
  llvm::SmallVector<std::uint32_t, 8> saved_; ///< parts saved around the current call
  Label coldEntry_, entryBack_;
  std::uint32_t frameSizeAt_ = 0; ///< where in the code the frame's size is, if there is a frame
  std::int32_t hiddenSlot_ = 0;   ///< where the hidden result pointer is kept
  bool framed_ = false;
  bool probed_ = false;
  const asmjit::CpuFeatures features_;
  const bool hasAvx_;
  const llvm::Instruction* current_ = nullptr;
  std::uint32_t currentNumber_ = kNone;
  std::uint32_t position_ = 0;
  std::uint32_t currentPlace_ = 0;
};

} // namespace kiln::baseline

// The second half of decoding: from instructions to ops.
//
// One pass over the blocks in layout order. Each instruction that is an op appends it; constants become fields of ops
// where there is a form for it, else words of the frame: those used in loops are set once at the function's beginning, others
// right before their use. Vectors, structs and wide integers are taken apart into leaves (abi/Leaves.h), one op a lane.
//
// A decoder serves one function and touches nothing shared but what Environment gives out and the DecodeMemory it works in.
#pragma once

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/IntrinsicInst.h>

#include <expected>
#include <memory>
#include <string>

#include "abi/CallShape.h"
#include "abi/Leaves.h"
#include "compile/Compiler.h"
#include "flow/Landings.h"
#include "flow/PhiEdges.h"
#include "flow/Sequence.h"
#include "interp/Code.h"
#include "interp/decode/Layout.h"
#include "kiln/Error.h"
#include "kiln/Profile.h"
#include "program/ProgramView.h"

namespace kiln::interp {

/// What decoding needs of the program. The implementation is Interpreter.
class Environment : public ProgramView {
public:
  using ProgramView::ProgramView;
  virtual ~Environment() = default;
  virtual FunctionEntry* entryOf(std::uint32_t function) = 0;
  /// The type that the function is defined with, in this world; null if it has no body.
  virtual const llvm::FunctionType* definedType(std::uint32_t function) = 0;
  /// An address that the process knows by name, or 0.
  virtual std::uintptr_t runtimeAddress(const char* name) = 0;
  virtual Result<SharedStub> stubFor(const InvokeSite& site, std::span<const std::uintptr_t> types,
                                     std::uintptr_t personality) = 0;
  virtual Interpreter* interpreter() = 0;
};

struct DecodeOptions {
  std::uint32_t record = kAllRecorders; ///< a set of Recorder bits
  bool loops = true;   ///< count back-edges down
  bool asWritten = false; ///< blocks are laid out in the function's order, which has definitions before their uses
};

struct DecodeMemory;

/// Either code or the reason why the function starts in the next tier.
std::expected<std::unique_ptr<Code>, Refusal> decode(const llvm::Function& function, std::uint32_t id,
                                                     Environment& environment, DecodeMemory& memory,
                                                     const DecodeOptions& options);

/// An operand of an op: a constant word, or a word of the frame.
struct Operand {
  bool constant = false;
  Word k = 0;
  std::uint16_t word = 0;
};

/// An address in terms of ops: a constant or a word, plus a constant, plus a scaled index.
struct Address {
  bool absolute = false; ///< no base word; `offset` is all of the constant part
  std::uint16_t base = 0;
  std::int64_t offset = 0;
  bool indexed = false;
  std::uint16_t index = 0;
  IndexKind kind = IndexKind::I64;
  std::uint64_t scale = 1;
};
/// Where a pointer leads.
Address addressAt(Operand pointer);

/// What decoders work in, one after the other: tables and buffers keep their memory from function to function, and shapes are
/// found once. One thread at a time; the shapes must live as long as the code that was decoded with them.
struct DecodeMemory {
  using Label = std::uint32_t;
  enum class FixupKind : std::uint8_t { Offset, Constant, Case };
  struct Fixup {
    FixupKind kind;
    Label label;
    std::uint32_t op;       ///< offset of the op that the distance counts from
    std::uint32_t index;    ///< Constant: which k
    std::int64_t* distance; ///< Case
  };
  struct EdgeStub {
    Label label;
    const llvm::BasicBlock *from, *to;
  };
  /// One of the moves on an edge, done at once.
  struct Step {
    std::uint16_t to, from;
  };

  void forget();

  CallShapes shapes;
  Layout layout;
  std::vector<Word> code;
  std::vector<std::uint32_t> labels; ///< offset, or ~0 if not bound
  std::vector<Fixup> fixups;
  std::vector<EdgeStub> stubs;
  llvm::DenseMap<std::pair<const llvm::BasicBlock*, const llvm::BasicBlock*>, Label> stubLabels;
  llvm::DenseMap<const llvm::Constant*, Word> constants; ///< of one word
  llvm::DenseMap<const llvm::Constant*, std::vector<Word>> constantLists;
  llvm::DenseMap<Word, std::uint16_t> kept;              ///< constants that have a word of their own
  std::vector<std::pair<std::uint16_t, Word>> keptInOrder;
  std::vector<std::uint16_t> freeTemporaries, usedTemporaries;
  std::vector<flow::PlaceUse> wordUses; ///< all as when made, between edges
};

class Decoder {
public:
  Decoder(const llvm::Function& function, std::uint32_t id, Environment& environment, DecodeMemory& memory,
          const DecodeOptions& options);
  std::expected<std::unique_ptr<Code>, Refusal> run();

private:
  [[noreturn]] void refuse(std::string reason) const;

  // Frame words ------------------------------------------------------------------------------------------------------
  /// The number of an instruction: mostly of the one at hand.
  std::uint32_t numberOf(const llvm::Instruction& instruction) const {
    return &instruction == current_ ? currentNumber_ : layout_.numberOf(&instruction);
  }
  const ValueState& stateOf(const llvm::Instruction& instruction) const { return layout_.stateOf(numberOf(instruction)); }
  std::uint16_t destination(const llvm::Instruction& instruction) const { return layout_.wordOf(numberOf(instruction)); }
  /// Word `index` of a value.
  Operand operand(const llvm::Value* value, unsigned index = 0);
  /// The same as a frame word: constants are put into one.
  std::uint16_t word(const llvm::Value* value, unsigned index = 0);
  /// `count` consecutive frame words.
  std::uint16_t wordsFor(const llvm::Value* value, unsigned count);
  std::uint16_t word(Operand operand);
  std::uint16_t wordWith(Word constant);
  std::uint16_t temporary(unsigned words = 1);
  /// At the end of an instruction: what it took may be taken again.
  void releaseTemporaries();
  /// Word `index` of a constant.
  Word constantWord(const llvm::Constant* constant, unsigned index = 0);
  void appendConstant(const llvm::Constant* constant, std::vector<Word>& words);

  // Emission ---------------------------------------------------------------------------------------------------------
  std::uint32_t here() const { return static_cast<std::uint32_t>(code_.size() * sizeof(Word)); }
  /// Appends an op with 16-bit fields; returns its offset in bytes.
  std::uint32_t emit(Handler handler, unsigned d = 0, unsigned a = 0, unsigned b = 0, unsigned c = 0);
  /// Appends an op with two fields and an offset.
  std::uint32_t emitOffset(Handler handler, unsigned x, unsigned y, std::int32_t offset);
  void append(Word constant) { code_.push_back(constant); }
  Op* at(std::uint32_t offset) { return reinterpret_cast<Op*>(reinterpret_cast<char*>(code_.data()) + offset); }
  void emitMove(unsigned d, Operand from);
  void emitMoveWords(unsigned d, const llvm::Value* value, unsigned words);
  void emitConstant(unsigned d, Word value);
  void emitConstants(unsigned d, const llvm::Constant* constant, unsigned words);

  // Labels: blocks first, then stubs of edges ------------------------------------------------------------------------
  using Label = DecodeMemory::Label;
  using FixupKind = DecodeMemory::FixupKind;
  Label newLabel();
  void bind(Label label);
  void fixup(FixupKind kind, Label label, std::uint32_t op, std::uint32_t index = 0, std::int64_t* distance = nullptr);
  void resolveFixups();

  // Control (DecodeControl.cpp) ----------------------------------------------------------------------------------------
  void decodeTerminator(const llvm::Instruction& instruction);
  void decodeBranch(const llvm::BranchInst& branch);
  void decodeSwitch(const llvm::SwitchInst& choice);
  void decodeReturn(const llvm::ReturnInst& leave);
  void decodeInvoke(const llvm::InvokeInst& call);
  bool hasMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  void emitEdgeMoves(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  using Step = DecodeMemory::Step;
  void orderSteps(llvm::SmallVectorImpl<Step>& steps, llvm::SmallVectorImpl<Step>& ordered);
  /// Emits what leads from the end of a block to another: moves, and a jump unless the block comes next.
  void emitEdge(const llvm::BasicBlock* from, const llvm::BasicBlock* to, bool mayFallThrough);
  /// Where a jump for the edge goes: the block itself, or a stub that makes the moves.
  Label edgeLabel(const llvm::BasicBlock* from, const llvm::BasicBlock* to, bool moves, bool& loop);
  Label stubLabel(const llvm::BasicBlock* from, const llvm::BasicBlock* to);
  void emitStubs();
  void emitConditional(const llvm::BranchInst& branch, const llvm::BasicBlock* target, bool moves, bool whenTrue);
  bool fuseStep(Predicate predicate, Width width, BranchForm form, std::uint16_t x, Operand right, std::uint32_t& offset);
  LoopHeader& headerOf(const llvm::BasicBlock* block);
  /// The words of an op that jumps back.
  void appendLoop(const llvm::BasicBlock* header);

  // Integers and floats (DecodeScalar.cpp) ------------------------------------------------------------------------------
  void decodeBinary(const llvm::Instruction& instruction);
  bool decodeFused(const llvm::Instruction& instruction);
  void decodeCompare(const llvm::CmpInst& compare);
  void decodeCast(const llvm::CastInst& cast);
  void decodeSelect(const llvm::SelectInst& choice);
  void decodeVectorShape(const llvm::Instruction& instruction);
  void decodeAggregate(const llvm::Instruction& instruction);
  void decodeFneg(const llvm::Instruction& instruction);
  /// d = a OP b on integers of `bits`; the operands are the first words of values.
  void emitInt(IntOp op, unsigned bits, unsigned d, Operand a, Operand b);
  void emitIntCompare(Predicate predicate, unsigned bits, unsigned d, Operand a, Operand b);
  void emitFloat(FloatOp op, FloatType type, unsigned d, Operand a, Operand b);
  void emitMask(unsigned bits, unsigned d, unsigned a);
  std::uint16_t signExtended(unsigned bits, Operand a);
  std::uint16_t zeroExtended(unsigned bits, Operand a);
  /// A multi-word operand as consecutive frame words.
  void emitCast(unsigned opcode, llvm::Type* from, llvm::Type* to, unsigned d, const llvm::Value* value, unsigned index);
  void emitBitcast(const llvm::CastInst& cast);
  void emitIntUnary(IntUnary op, unsigned bits, unsigned d, Operand a);

  // Memory (DecodeMemory.cpp) -------------------------------------------------------------------------------------------
  void decodeLoad(const llvm::LoadInst& load);
  void decodeStore(const llvm::StoreInst& store);
  void emitUpdate(const llvm::StoreInst& store, const llvm::Instruction& arithmetic);
  void decodeAlloca(const llvm::AllocaInst& variable);
  void decodeAddress(const llvm::GetElementPtrInst& address);
  void decodeAtomic(const llvm::Instruction& instruction);
  Address resolve(const AddressParts& parts);
  Address resolve(const llvm::Value* pointer) { return resolve(layout_.addressOf(pointer)); }
  void emitLoad(LoadKind kind, unsigned d, Address address, std::int64_t offset);
  void emitStore(Width width, Operand value, Address address, std::int64_t offset);
  void emitLoadLeaf(const Leaf& leaf, unsigned d, const Address& address);
  void emitStoreLeaf(const Leaf& leaf, const llvm::Value* value, const Address& address);
  void emitAddress(unsigned d, Address address);
  /// The same address in a form that takes offsets: without an index.
  Address withoutIndex(const Address& address);
  std::uint16_t addressWord(const Address& address);
  Leaves leavesFor(llvm::Type* type);

  // Calls (DecodeCall.cpp) ----------------------------------------------------------------------------------------------
  void decodeCall(const llvm::CallBase& call);
  void decodeAsm(const llvm::CallBase& call);
  void emitCall(const llvm::CallBase& call);
  /// Counts of the sizes at a call of memcpy and its kin; null without a profile.
  ValueCounts* sizeSite(const llvm::CallBase& call);
  std::uint16_t callResult(const llvm::CallBase& call);

  // Intrinsics (DecodeIntrinsic.cpp, DecodeMasked.cpp, DecodeMath.cpp) --------------------------------------------------
  void decodeIntrinsic(const llvm::IntrinsicInst& call);
  bool decodeIntegerIntrinsic(const llvm::IntrinsicInst& call);
  bool decodeFloatIntrinsic(const llvm::IntrinsicInst& call);
  bool decodeMemoryIntrinsic(const llvm::IntrinsicInst& call);
  bool decodeMaskedAccess(const llvm::IntrinsicInst& call);
  bool decodeReduction(const llvm::IntrinsicInst& call);
  void decodeThreadLocal(const llvm::Value* variable, unsigned d);

  void decodeBlock(std::uint32_t place);
  void decodeInstruction(const llvm::Instruction& instruction);
  void prologue();
  void finish();

  const llvm::Function& function_;
  const llvm::DataLayout& data_;
  Environment& environment_;
  bool records(Recorder part) const { return kiln::records(options_.record, part); }

  const DecodeOptions options_;
  FunctionEntry* self_;
  DecodeMemory& memory_;
  Layout& layout_;
  std::unique_ptr<Code> out_;
  std::vector<Word>& code_;

  const llvm::Instruction* current_ = nullptr;
  std::uint32_t currentNumber_ = kNone;
  bool currentInLoop_ = false;
  std::uint32_t lastOp_ = ~0u; ///< offset of the last op, if nothing can jump behind it
  std::uint32_t top_ = 0; ///< words of the frame so far
  std::uint64_t allocaBytes_ = 0;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> frameAddresses_; ///< ops whose offset is within the allocas
  llvm::SmallDenseMap<std::uint32_t, std::uint32_t, 4> headers_; ///< block number to index in out_->headers
  flow::PhiEdges phiEdges_;
  struct Invoke {
    std::uint32_t op;
    InvokeSite site;
  };
  std::vector<Invoke> invokes_;
  flow::LandingTypes types_;
};

/// LLVM's predicate of integers as the ops have it.
Predicate predicateOf(llvm::CmpInst::Predicate predicate);
FloatType floatTypeOf(const llvm::Type* type);

} // namespace kiln::interp

// Reads one function's body: ModuleReader's other half. Metadata, names and the orders of use lists are passed over.
//
// Operands are numbers of values, relative to the next one. An operand that comes before its definition is a stand-in
// until then, but phis, where most of these are, get their operands at the end.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Instructions.h>

#include <cstdint>
#include <vector>

#include "program/ModuleReader.h"

namespace kiln {

class BodyReader {
public:
  BodyReader(ModuleReader& module, const ModuleReader::FunctionEntry& entry);
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;

  /// False if the body is left to LLVM's reader; what was made of it is gone then.
  bool read();

private:
  using Record = BitstreamCursor::Record;
  /// A record's operands, in order. Reading what is not there, or what has no value or not the expected type, yields
  /// nothing and is remembered.
  struct Operands {
    const Record& record;
    std::size_t at = 0;
    bool sound = true;
    bool more() const { return at < record.size(); }
    std::uint64_t word() {
      if (at < record.size())
        return record.values[at++];
      sound = false;
      return 0;
    }
  };
  struct LatePhi {
    llvm::PHINode* phi;
    std::uint32_t first, count; ///< words of phiWords_: numbers of value and block in turn
  };

  bool readAll();
  bool readBlocks(BitstreamCursor& cursor);
  bool readNested(BitstreamCursor& cursor, const BitstreamCursor::Block& block);
  bool readRecord(const Record& record);
  bool declareBlocks(const Record& record);
  bool setOperandsOfFunction();
  bool finish();
  bool finishPhis();
  void discard();

  // Operands. Null, and not sound, where there is none.
  llvm::Value* relative(std::uint32_t number, llvm::Type* type);
  llvm::Value* value(Operands& operands);
  llvm::Value* value(Operands& operands, llvm::Type* type);
  llvm::Value* absolute(Operands& operands, llvm::Type* type);
  llvm::Value* standIn(std::uint32_t number, llvm::Type* type);
  llvm::Type* type(Operands& operands);
  llvm::BasicBlock* block(Operands& operands);
  static llvm::Align alignment(Operands& operands);
  static llvm::AtomicOrdering ordering(Operands& operands);
  llvm::SyncScope::ID scope(Operands& operands) const;
  static llvm::FastMathFlags fastMath(std::uint64_t word);

  // One instruction each. Null: left to LLVM's reader.
  llvm::Instruction* make(const Record& record, Operands& operands);
  llvm::Instruction* makeRare(const Record& record, Operands& operands);
  llvm::Instruction* makeBinary(Operands& operands);
  llvm::Instruction* makeNegation(Operands& operands);
  llvm::Instruction* makeCast(Operands& operands);
  llvm::Instruction* makeAddress(Operands& operands);
  llvm::Instruction* makeCompare(Operands& operands);
  llvm::Instruction* makeSelect(Operands& operands);
  llvm::Instruction* makeExtractValue(Operands& operands);
  llvm::Instruction* makeInsertValue(Operands& operands);
  llvm::Instruction* makeExtractElement(Operands& operands);
  llvm::Instruction* makeInsertElement(Operands& operands);
  llvm::Instruction* makeShuffle(Operands& operands);
  llvm::Instruction* makeFreeze(Operands& operands);
  llvm::Instruction* makeVariadicArgument(Operands& operands);

  llvm::Instruction* makeAlloca(Operands& operands);
  llvm::Instruction* makeLoad(Operands& operands, bool atomic);
  llvm::Instruction* makeStore(Operands& operands, bool atomic);
  llvm::Instruction* makeCompareExchange(Operands& operands);
  llvm::Instruction* makeExchange(Operands& operands);
  llvm::Instruction* makeFence(Operands& operands);

  llvm::Instruction* makeReturn(Operands& operands);
  llvm::Instruction* makeBranch(Operands& operands);
  llvm::Instruction* makeSwitch(Operands& operands);
  llvm::Instruction* makeComputedGoto(Operands& operands);
  llvm::Instruction* makePhi(Operands& operands);
  llvm::Instruction* makeLandingPad(Operands& operands);
  llvm::Instruction* makeResume(Operands& operands);
  llvm::Instruction* makeInvoke(Operands& operands);
  llvm::Instruction* makeCall(Operands& operands);
  bool arguments(Operands& operands, const llvm::FunctionType& type, llvm::SmallVectorImpl<llvm::Value*>& into);
  bool addBundle(Operands& operands);

  ModuleReader& module_;
  const ModuleReader::FunctionEntry& entry_;
  llvm::Function& function_;
  std::uint32_t outer_;    ///< how many values the module has
  std::uint32_t next_ = 0; ///< the number of the next value
  std::vector<llvm::BasicBlock*> blocks_;
  std::size_t current_ = 0; ///< which block instructions go to
  bool declared_ = false;
  llvm::SmallVector<std::pair<std::uint32_t, llvm::Argument*>, 4> standIns_; ///< by the number they stand for
  std::vector<LatePhi> latePhis_;
  std::vector<std::uint64_t> phiWords_;
  llvm::SmallVector<llvm::OperandBundleDef, 1> bundles_; ///< of the next call
  bool omitted_ = false; ///< the record was a call that says something to debuggers only
};

} // namespace kiln

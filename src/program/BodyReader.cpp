#include "program/BodyReader.h"

#include <llvm/Bitcode/LLVMBitCodes.h>

#include "program/Opcodes.h"

namespace kiln {

using namespace llvm::bitc;

BodyReader::BodyReader(ModuleReader& module, const ModuleReader::FunctionEntry& entry)
    : module_(module), entry_(entry), function_(*entry.function), outer_(module.values_.size()) {}

bool BodyReader::read() {
  bool done = readAll();
  if (!done)
    discard();
  module_.values_.setLabels(nullptr, {});
  module_.values_.cut(outer_);
  function_.setIsMaterializable(!done);
  return done;
}

/// Values that refer to each other in circles are taken apart before they go.
void BodyReader::discard() {
  function_.dropAllReferences();
  for (auto& [number, standIn] : standIns_)
    if (standIn)
      standIn->deleteValue();
}

bool BodyReader::readAll() {
  BitstreamCursor cursor(module_.bytes_);
  BitstreamCursor::Block block;
  Record record;
  cursor.seek(entry_.body, module_.width_);
  if (cursor.next(block, record) != BitstreamCursor::Entry::Block || block.id != FUNCTION_BLOCK_ID)
    return false;
  cursor.enter(block, module_.known(block.id));
  for (llvm::Argument& argument : function_.args())
    module_.values_.add(&argument);
  next_ = module_.values_.size();
  for (;;) {
    switch (cursor.next(block, record)) {
    case BitstreamCursor::Entry::End: return cursor.ok() && finish();
    case BitstreamCursor::Entry::Record:
      if (!readRecord(record))
        return false;
      break;
    case BitstreamCursor::Entry::Block:
      if (!readNested(cursor, block))
        return false;
      break;
    }
  }
}

bool BodyReader::readNested(BitstreamCursor& cursor, const BitstreamCursor::Block& block) {
  cursor.leave(block);
  if (block.id != CONSTANTS_BLOCK_ID)
    return true; // names, metadata, orders of use lists
  BitstreamCursor inner(module_.bytes_);
  inner.enter(block, module_.known(block.id));
  if (!module_.values_.readConstants(inner))
    return false;
  next_ = module_.values_.size();
  return true;
}

bool BodyReader::declareBlocks(const Record& record) {
  if (declared_ || record.size() != 1 || record[0] == 0 || record[0] > module_.bytes_.size())
    return false;
  declared_ = true;
  llvm::LLVMContext& context = module_.context_;
  for (std::uint64_t i = 0; i < record[0]; ++i)
    blocks_.push_back(llvm::BasicBlock::Create(context, "", &function_));
  module_.values_.setLabels(&function_, blocks_);
  // Prepared functions depend on which blocks have their address taken.
  for (std::uint32_t position : module_.values_.labelsOf(&function_)) {
    if (position >= blocks_.size() || position == 0)
      return false;
    llvm::BlockAddress::get(&function_, blocks_[position]);
  }
  return setOperandsOfFunction();
}

bool BodyReader::setOperandsOfFunction() {
  auto constant = [&](std::uint64_t number) { return number ? module_.values_.constant(number - 1) : nullptr; };
  llvm::Constant *personality = constant(entry_.personality), *prefix = constant(entry_.prefix),
                 *prologue = constant(entry_.prologue);
  if ((entry_.personality && !personality) || (entry_.prefix && !prefix) || (entry_.prologue && !prologue))
    return false;
  if (personality)
    function_.setPersonalityFn(personality);
  if (prefix)
    function_.setPrefixData(prefix);
  if (prologue)
    function_.setPrologueData(prologue);
  return true;
}

bool BodyReader::readRecord(const Record& record) {
  switch (record.code) {
  case FUNC_CODE_DECLAREBLOCKS: return declareBlocks(record);
  case FUNC_CODE_DEBUG_LOC:
  case FUNC_CODE_DEBUG_LOC_AGAIN:
  case FUNC_CODE_DEBUG_RECORD_VALUE:
  case FUNC_CODE_DEBUG_RECORD_DECLARE:
  case FUNC_CODE_DEBUG_RECORD_ASSIGN:
  case FUNC_CODE_DEBUG_RECORD_VALUE_SIMPLE:
  case FUNC_CODE_DEBUG_RECORD_LABEL:
  case FUNC_CODE_BLOCKADDR_USERS: return true;
  default: break;
  }
  if (current_ >= blocks_.size())
    return false;
  Operands operands{record};
  if (record.code == FUNC_CODE_OPERAND_BUNDLE)
    return addBundle(operands);
  llvm::Instruction* made = make(record, operands);
  if (omitted_) {
    omitted_ = false;
    return operands.sound && bundles_.empty();
  }
  if (!made)
    return false;
  if (!operands.sound || operands.more() || !bundles_.empty()) {
    made->deleteValue();
    return false;
  }
  llvm::BasicBlock* into = blocks_[current_];
  made->insertInto(into, into->end());
  if (made->isTerminator())
    ++current_;
  if (made->getType()->isVoidTy())
    return true;
  if (!standIns_.empty())
    for (auto& [number, standIn] : standIns_)
      if (number == next_ && standIn) {
        if (standIn->getType() != made->getType())
          return false;
        standIn->replaceAllUsesWith(made);
        standIn->deleteValue();
        standIn = nullptr;
      }
  module_.values_.add(made);
  ++next_;
  return true;
}

bool BodyReader::finish() {
  if (!declared_ || current_ != blocks_.size() || !bundles_.empty())
    return false;
  for (auto& [number, standIn] : standIns_)
    if (standIn)
      return false;
  return finishPhis();
}

bool BodyReader::finishPhis() {
  for (auto [phi, first, count] : latePhis_) {
    for (std::uint32_t i = first; i < first + count; i += 2) {
      auto number = static_cast<std::uint32_t>(phiWords_[i]);
      llvm::Value* value = number < next_ ? module_.value(number) : nullptr;
      if (!value || value->getType() != phi->getType())
        return false;
      phi->addIncoming(value, blocks_[phiWords_[i + 1]]);
    }
  }
  return true;
}

// Operands.

llvm::Value* BodyReader::relative(std::uint32_t number, llvm::Type* type) {
  if (number < next_) {
    llvm::Value* value = module_.value(number);
    return value && (!type || value->getType() == type) ? value : nullptr;
  }
  return type ? standIn(number, type) : nullptr;
}

llvm::Value* BodyReader::standIn(std::uint32_t number, llvm::Type* type) {
  constexpr std::size_t kMost = 1024; // they are searched; a body that has more is not from a compiler
  if (!type->isFirstClassType() || type->isLabelTy() || type->isMetadataTy())
    return nullptr;
  for (auto& [known, standIn] : standIns_)
    if (known == number && standIn)
      return standIn->getType() == type ? standIn : nullptr;
  if (standIns_.size() >= kMost)
    return nullptr;
  standIns_.emplace_back(number, new llvm::Argument(type));
  return standIns_.back().second;
}

/// An operand whose type follows if the value does not exist yet.
llvm::Value* BodyReader::value(Operands& operands) {
  auto number = next_ - static_cast<std::uint32_t>(operands.word());
  llvm::Type* expected = nullptr;
  if (operands.sound && number >= next_)
    expected = type(operands);
  llvm::Value* found = operands.sound ? relative(number, expected) : nullptr;
  operands.sound = found != nullptr;
  return found;
}

llvm::Value* BodyReader::value(Operands& operands, llvm::Type* type) {
  auto number = next_ - static_cast<std::uint32_t>(operands.word());
  llvm::Value* found = operands.sound && type ? relative(number, type) : nullptr;
  operands.sound = found != nullptr;
  return found;
}

llvm::Value* BodyReader::absolute(Operands& operands, llvm::Type* type) {
  std::uint64_t number = operands.word();
  llvm::Value* found = operands.sound && type && number < next_ ? relative(static_cast<std::uint32_t>(number), type) : nullptr;
  operands.sound = found != nullptr;
  return found;
}

llvm::Type* BodyReader::type(Operands& operands) {
  llvm::Type* found = module_.types_.at(operands.word());
  operands.sound = operands.sound && found;
  return operands.sound ? found : nullptr;
}

llvm::BasicBlock* BodyReader::block(Operands& operands) {
  std::uint64_t number = operands.word();
  operands.sound = operands.sound && number < blocks_.size();
  return operands.sound ? blocks_[number] : nullptr;
}

llvm::FastMathFlags BodyReader::fastMath(std::uint64_t word) {
  llvm::FastMathFlags flags;
  if (word & UnsafeAlgebra)
    flags.setFast();
  if (word & NoNaNs)
    flags.setNoNaNs();
  if (word & NoInfs)
    flags.setNoInfs();
  if (word & NoSignedZeros)
    flags.setNoSignedZeros();
  if (word & AllowReciprocal)
    flags.setAllowReciprocal();
  if (word & AllowContract)
    flags.setAllowContract(true);
  if (word & ApproxFunc)
    flags.setApproxFunc();
  if (word & AllowReassoc)
    flags.setAllowReassoc();
  return flags;
}

llvm::Instruction* BodyReader::make(const Record& record, Operands& operands) {
  switch (record.code) {
  case FUNC_CODE_INST_BINOP: return makeBinary(operands);
  case FUNC_CODE_INST_CAST: return makeCast(operands);
  case FUNC_CODE_INST_GEP: return makeAddress(operands);
  case FUNC_CODE_INST_CMP2: return makeCompare(operands);
  case FUNC_CODE_INST_VSELECT: return makeSelect(operands);
  case FUNC_CODE_INST_ALLOCA: return makeAlloca(operands);
  case FUNC_CODE_INST_LOAD: return makeLoad(operands, false);
  case FUNC_CODE_INST_STORE: return makeStore(operands, false);
  case FUNC_CODE_INST_RET: return makeReturn(operands);
  case FUNC_CODE_INST_BR: return makeBranch(operands);
  case FUNC_CODE_INST_SWITCH: return makeSwitch(operands);
  case FUNC_CODE_INST_PHI: return makePhi(operands);
  case FUNC_CODE_INST_CALL: return makeCall(operands);
  case FUNC_CODE_INST_INVOKE: return makeInvoke(operands);
  case FUNC_CODE_INST_UNREACHABLE: return new llvm::UnreachableInst(module_.context_);
  default: return makeRare(record, operands);
  }
}

llvm::Instruction* BodyReader::makeRare(const Record& record, Operands& operands) {
  switch (record.code) {
  case FUNC_CODE_INST_UNOP: return makeNegation(operands);
  case FUNC_CODE_INST_EXTRACTVAL: return makeExtractValue(operands);
  case FUNC_CODE_INST_INSERTVAL: return makeInsertValue(operands);
  case FUNC_CODE_INST_EXTRACTELT: return makeExtractElement(operands);
  case FUNC_CODE_INST_INSERTELT: return makeInsertElement(operands);
  case FUNC_CODE_INST_SHUFFLEVEC: return makeShuffle(operands);
  case FUNC_CODE_INST_FREEZE: return makeFreeze(operands);
  case FUNC_CODE_INST_VAARG: return makeVariadicArgument(operands);
  case FUNC_CODE_INST_LOADATOMIC: return makeLoad(operands, true);
  case FUNC_CODE_INST_STOREATOMIC: return makeStore(operands, true);
  case FUNC_CODE_INST_CMPXCHG: return makeCompareExchange(operands);
  case FUNC_CODE_INST_ATOMICRMW: return makeExchange(operands);
  case FUNC_CODE_INST_FENCE: return makeFence(operands);
  case FUNC_CODE_INST_INDIRECTBR: return makeComputedGoto(operands);
  case FUNC_CODE_INST_LANDINGPAD: return makeLandingPad(operands);
  case FUNC_CODE_INST_RESUME: return makeResume(operands);
  default: return nullptr; // of another platform's exceptions, or not of this time
  }
}

} // namespace kiln

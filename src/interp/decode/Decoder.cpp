#include "interp/decode/Decoder.h"

#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>

#include "abi/CallShape.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {
namespace {

/// Constants that a function sets at its beginning because its loops need them in words; further ones are set where they are
/// used.
constexpr std::size_t kMostKept = 128;
constexpr std::uint32_t kMostWords = 0xfff0;
constexpr std::uint64_t kLargestFrame = std::uint64_t{1} << 30; // bytes

} // namespace

Decoder::Decoder(const llvm::Function& function, std::uint32_t id, Environment& environment, const DecodeOptions& options)
    : function_(function), data_(function.getParent()->getDataLayout()), environment_(environment), options_(options),
      self_(environment.entryOf(id)), layout_(function), out_(std::make_unique<Code>()) {
  out_->function = id;
}

void Decoder::refuse(std::string reason) const { throw Refused{std::move(reason), current_}; }

std::expected<std::unique_ptr<Code>, Refusal> Decoder::run() {
  auto refusal = [&](std::string reason, const llvm::Instruction* instruction) {
    std::string text;
    if (instruction) {
      llvm::raw_string_ostream out(text);
      instruction->print(out);
      text.erase(0, text.find_first_not_of(' '));
    }
    return std::unexpected(Refusal{std::move(reason), function_.getName().str(), std::move(text)});
  };
  try {
    if (function_.callsFunctionThatReturnsTwice())
      return refusal("calls a function that returns twice", nullptr);
    if (function_.hasFnAttribute(llvm::Attribute::Naked))
      return refusal("naked function", nullptr);
    if (function_.isPresplitCoroutine())
      return refusal("coroutine", nullptr);
    auto shape = callShape(function_.getFunctionType(), function_.getAttributes(), function_.getCallingConv(), {}, data_);
    if (!shape)
      return refusal(shape.error(), nullptr);
    if (shape->preservesMost)
      return refusal("definition with the calling convention coldcc", nullptr);
    out_->shape = std::move(*shape);
    if (std::string reason = layout_.run(); !reason.empty())
      return refusal(std::move(reason), nullptr);
    top_ = std::max(layout_.frameWords(), out_->shape.resultWords);
    if (out_->shape.variadic) {
      self_->variadicWord = top_;
      top_ += 2;
    }
    labels_.assign(layout_.order().size(), ~0u);
    code_.reserve(function_.getInstructionCount() * 3);
    for (const llvm::BasicBlock* block : layout_.order())
      decodeBlock(*block);
    emitStubs();
    finish();
  } catch (const Refused& refused) {
    return refusal(refused.reason, refused.instruction);
  }
  return std::move(out_);
}

void Decoder::decodeBlock(const llvm::BasicBlock& block) {
  bind(layout_.place(&block));
  currentInLoop_ = layout_.inLoop(&block);
  for (const llvm::Instruction& instruction : block) {
    ++out_->instructions;
    if (llvm::isa<llvm::PHINode, llvm::LandingPadInst>(instruction))
      continue;
    current_ = &instruction;
    if (instruction.isTerminator())
      decodeTerminator(instruction);
    else
      decodeInstruction(instruction);
    releaseTemporaries();
  }
}

void Decoder::decodeInstruction(const llvm::Instruction& instruction) {
  const ValueState& state = layout_.state(&instruction);
  if (state.alias || state.folded || (instruction.use_empty() && isPure(instruction)))
    return;
  if (instruction.isBinaryOp())
    return decodeBinary(instruction);
  if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction))
    return decodeCast(*cast);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::ICmp:
  case llvm::Instruction::FCmp: return decodeCompare(llvm::cast<llvm::CmpInst>(instruction));
  case llvm::Instruction::Load: return decodeLoad(llvm::cast<llvm::LoadInst>(instruction));
  case llvm::Instruction::Store: return decodeStore(llvm::cast<llvm::StoreInst>(instruction));
  case llvm::Instruction::Alloca: return decodeAlloca(llvm::cast<llvm::AllocaInst>(instruction));
  case llvm::Instruction::GetElementPtr: return decodeAddress(llvm::cast<llvm::GetElementPtrInst>(instruction));
  case llvm::Instruction::Select: return decodeSelect(llvm::cast<llvm::SelectInst>(instruction));
  case llvm::Instruction::FNeg: return decodeFneg(instruction);
  case llvm::Instruction::AtomicRMW:
  case llvm::Instruction::AtomicCmpXchg:
  case llvm::Instruction::Fence: return decodeAtomic(instruction);
  case llvm::Instruction::InsertElement:
  case llvm::Instruction::ExtractElement:
  case llvm::Instruction::ShuffleVector: return decodeVectorShape(instruction);
  case llvm::Instruction::ExtractValue:
  case llvm::Instruction::InsertValue:
  case llvm::Instruction::Freeze: return decodeAggregate(instruction);
  case llvm::Instruction::Call: return decodeCall(llvm::cast<llvm::CallBase>(instruction));
  default: refuse(std::string("instruction ") + instruction.getOpcodeName());
  }
}

// Frame words ----------------------------------------------------------------------------------------------------------

std::uint16_t Decoder::temporary(unsigned words) {
  if (words == 1 && !freeTemporaries_.empty()) {
    std::uint16_t at = freeTemporaries_.back();
    freeTemporaries_.pop_back();
    usedTemporaries_.push_back(at);
    return at;
  }
  if (top_ + words > kMostWords)
    refuse("more than 65,535 words of live values");
  auto at = static_cast<std::uint16_t>(top_);
  top_ += words;
  for (unsigned i = 0; i < words; ++i)
    usedTemporaries_.push_back(static_cast<std::uint16_t>(at + i));
  return at;
}

void Decoder::releaseTemporaries() {
  freeTemporaries_.insert(freeTemporaries_.end(), usedTemporaries_.begin(), usedTemporaries_.end());
  usedTemporaries_.clear();
}

void Decoder::appendConstant(const llvm::Constant* constant, std::vector<Word>& words) {
  llvm::Type* type = constant->getType();
  if (llvm::isa<llvm::UndefValue>(constant) || constant->isNullValue()) {
    words.insert(words.end(), wordsOf(type), 0);
    return;
  }
  unsigned elements = 0;
  if (const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type))
    elements = vector->getNumElements();
  else if (type->isArrayTy())
    elements = static_cast<unsigned>(type->getArrayNumElements());
  else if (type->isStructTy())
    elements = type->getStructNumElements();
  if (elements) {
    for (unsigned i = 0; i < elements; ++i) {
      const llvm::Constant* element = constant->getAggregateElement(i);
      if (!element)
        refuse("constant expression of a vector");
      appendConstant(element, words);
    }
    return;
  }
  auto bits = environment_.evaluate(constant, data_);
  if (!bits)
    refuse(bits.error().message);
  unsigned count = wordsOf(type);
  for (unsigned i = 0; i < count; ++i)
    words.push_back(i < bits->getNumWords() ? bits->getRawData()[i] : 0);
}

const std::vector<Word>& Decoder::constantWords(const llvm::Constant* constant) {
  auto [at, fresh] = constants_.try_emplace(constant);
  if (fresh) {
    std::vector<Word> words;
    if (const auto* integer = llvm::dyn_cast<llvm::ConstantInt>(constant); integer && integer->getBitWidth() <= 64)
      words.push_back(integer->getZExtValue());
    else
      appendConstant(constant, words);
    constants_[constant] = std::move(words);
    return constants_[constant];
  }
  return at->second;
}

Operand Decoder::operand(const llvm::Value* value, unsigned index) {
  Operand result;
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value)) {
    result.constant = true;
    result.k = constantWords(constant)[index];
    return result;
  }
  if (!layout_.isNumbered(value))
    refuse("operand that is no value");
  result.word = static_cast<std::uint16_t>(layout_.wordOf(value) + index);
  return result;
}

std::uint16_t Decoder::constantWord(Word value) {
  if (auto kept = kept_.find(value); kept != kept_.end() && value != ~Word{0} && value != ~Word{0} - 1)
    return kept->second;
  // The two values that the map reserves for itself are set anew at each use.
  bool keeps = currentInLoop_ && keptInOrder_.size() < kMostKept && value < ~Word{0} - 1;
  if (!keeps) {
    std::uint16_t at = temporary();
    emitConstant(at, value);
    return at;
  }
  if (top_ + 1 > kMostWords)
    refuse("more than 65,535 words of live values");
  auto at = static_cast<std::uint16_t>(top_++);
  kept_[value] = at;
  keptInOrder_.emplace_back(at, value);
  return at;
}

std::uint16_t Decoder::word(Operand operand) { return operand.constant ? constantWord(operand.k) : operand.word; }
std::uint16_t Decoder::word(const llvm::Value* value, unsigned index) { return word(operand(value, index)); }

std::uint16_t Decoder::wordsFor(const llvm::Value* value, unsigned count) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  if (!constant)
    return operand(value).word;
  if (count == 1)
    return word(value);
  std::uint16_t at = temporary(count);
  for (unsigned i = 0; i < count; ++i)
    emitConstant(at + i, constantWords(constant)[i]);
  return at;
}

// Emission ---------------------------------------------------------------------------------------------------------------

std::uint32_t Decoder::emit(Handler handler, unsigned d, unsigned a, unsigned b, unsigned c) {
  std::uint32_t offset = here();
  lastOp_ = offset;
  code_.push_back(reinterpret_cast<Word>(handler));
  code_.push_back(Word{d} | Word{a} << 16 | Word{b} << 32 | Word{c} << 48);
  return offset;
}

std::uint32_t Decoder::emitOffset(Handler handler, unsigned x, unsigned y, std::int32_t offset) {
  std::uint32_t at = here();
  lastOp_ = at;
  code_.push_back(reinterpret_cast<Word>(handler));
  code_.push_back(Word{x} | Word{y} << 16 | Word{static_cast<std::uint32_t>(offset)} << 32);
  return at;
}

void Decoder::emitConstant(unsigned d, Word value) {
  emit(moveConstant(), d);
  append(value);
}

void Decoder::emitMove(unsigned d, Operand from) {
  if (from.constant)
    emitConstant(d, from.k);
  else if (d != from.word)
    emit(move(), d, from.word);
}

void Decoder::emitMoveWords(unsigned d, const llvm::Value* value, unsigned words) {
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value)) {
    for (unsigned i = 0; i < words; ++i)
      emitConstant(d + i, constantWords(constant)[i]);
    return;
  }
  std::uint16_t from = operand(value).word;
  if (words == 1)
    emitMove(d, {false, 0, from});
  else if (words && from != d)
    emit(moveWords(), d, from, 0, words);
}

// Labels -------------------------------------------------------------------------------------------------------------------

Decoder::Label Decoder::newLabel() {
  labels_.push_back(~0u);
  return static_cast<Label>(labels_.size() - 1);
}

void Decoder::bind(Label label) {
  labels_[label] = here();
  lastOp_ = ~0u;
}

void Decoder::fixup(FixupKind kind, Label label, std::uint32_t op, std::uint32_t index, std::int64_t* distance) {
  fixups_.push_back({kind, label, op, index, distance});
}

void Decoder::resolveFixups() {
  for (const Fixup& fixup : fixups_) {
    std::int64_t distance = std::int64_t{labels_[fixup.label]} - std::int64_t{fixup.op};
    switch (fixup.kind) {
    case FixupKind::Offset: at(fixup.op)->offset = static_cast<std::int32_t>(distance); break;
    case FixupKind::Constant: at(fixup.op)->k[fixup.index] = static_cast<Word>(distance); break;
    case FixupKind::Case: *fixup.distance = distance; break;
    }
  }
}

/// What a call begins with: constants for the function's loops, and a look at the arguments.
void Decoder::prologue() {
  if (options_.profile) {
    ArgumentValues& values = out_->arguments;
    std::uint32_t word = 0;
    for (const llvm::Argument& argument : function_.args()) {
      llvm::Type* type = argument.getType();
      unsigned bits = type->isPointerTy() ? 64 : type->isIntegerTy() ? type->getIntegerBitWidth() : 0;
      if (bits > 0 && bits <= 64 && !argument.use_empty()) {
        Word mask = bits == 64 ? ~Word{0} : (Word{1} << bits) - 1;
        values.arguments.push_back({word, argument.getArgNo(), mask, 0, 0, false});
      }
      word += wordsOf(type);
    }
    if (!values.arguments.empty()) {
      emit(profileArguments());
      append(reinterpret_cast<Word>(&values));
    }
  }
  for (std::size_t i = 0; i < keptInOrder_.size();) {
    std::size_t end = i + 1;
    while (end < keptInOrder_.size() && keptInOrder_[end].first == keptInOrder_[end - 1].first + 1)
      ++end;
    if (end == i + 1) {
      emitConstant(keptInOrder_[i].first, keptInOrder_[i].second);
    } else {
      emit(copyConstants(), keptInOrder_[i].first);
      append(end - i);
      for (std::size_t j = i; j < end; ++j)
        append(keptInOrder_[j].second);
    }
    i = end;
  }
}

void Decoder::finish() {
  resolveFixups();
  std::uint64_t frameBytes = (std::uint64_t{top_} * sizeof(Word) + 15) / 16 * 16;
  for (auto [op, offset] : frameAddresses_)
    at(op)->offset = static_cast<std::int32_t>(frameBytes + offset);
  frameBytes += (allocaBytes_ + 15) / 16 * 16;
  if (frameBytes > kLargestFrame)
    refuse("local variables of more than 1 GiB");
  std::vector<Word> body = std::move(code_);
  code_.clear();
  prologue();
  std::uint32_t shift = here();
  code_.insert(code_.end(), body.begin(), body.end());

  Code& out = *out_;
  if (!invokes_.empty()) {
    const llvm::Constant* personality = function_.hasPersonalityFn() ? function_.getPersonalityFn() : nullptr;
    current_ = nullptr;
    if (!personality)
      refuse("invoke without a personality");
    for (const Invoke& each : invokes_) {
      auto stub = environment_.stubFor(each.site, types_, constantWords(personality)[0]);
      if (!stub)
        refuse(stub.error().message);
      out.stubs.push_back(std::make_unique<SharedStub>(std::move(*stub)));
      at(each.op + shift)->k[0] = reinterpret_cast<Word>(out.stubs.back().get());
    }
  }
  out.size = code_.size();
  out.words = std::make_unique_for_overwrite<Word[]>(code_.size());
  memcpy(out.words.get(), code_.data(), code_.size() * sizeof(Word));
  out.frameWords = static_cast<std::uint32_t>(frameBytes / sizeof(Word));
  for (auto& header : out.headers) {
    header->code = out_.get();
    for (std::uint32_t& offset : header->counts)
      offset += shift;
  }
  for (BranchSite& site : out.branches)
    site.countOffset += shift;

  out.locations.resize(layout_.valueCount());
  for (std::uint32_t i = 0; i < layout_.valueCount(); ++i) {
    const ValueState& state = layout_.stateOf(i);
    if (state.words > 0 && !state.folded)
      out.locations[i] = {Location::Kind::Words, layout_.wordOf(i), 0};
  }
  for (const llvm::BasicBlock* block : layout_.order())
    for (const llvm::Instruction& instruction : *block) {
      if (!llvm::isa<llvm::GetElementPtrInst>(instruction) || !layout_.state(&instruction).folded)
        continue;
      AddressParts parts = layout_.addressOf(&instruction);
      Location& location = out.locations[layout_.numberOf(&instruction)];
      if (parts.index)
        continue; // used in its own block only
      if (const auto* base = llvm::dyn_cast<llvm::Constant>(parts.base))
        location = {Location::Kind::Constant, 0, static_cast<std::int64_t>(constantWords(base)[0]) + parts.offset};
      else
        location = {Location::Kind::Address, layout_.wordOf(parts.base), parts.offset};
    }
}

std::expected<std::unique_ptr<Code>, Refusal> decode(const llvm::Function& function, std::uint32_t id,
                                                     Environment& environment, const DecodeOptions& options) {
  return Decoder(function, id, environment, options).run();
}

} // namespace kiln::interp

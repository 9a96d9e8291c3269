#include "interp/decode/Decoder.h"

#include <llvm/IR/CFG.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

#include "flow/Calls.h"
#include "flow/Refused.h"
#include "interp/decode/Shapes.h"

namespace kiln::interp {
namespace {

/// Constants that a function sets at its beginning because its loops need them in words; further ones are set where they are
/// used.
constexpr std::size_t kMostKept = 128;
constexpr std::uint32_t kMostWords = 0xfff0;
constexpr std::uint64_t kLargestFrame = std::uint64_t{1} << 30; // bytes
/// What a function of more values leaves behind is not kept: it would be much more than others need.
constexpr std::size_t kMostValuesKept = 1 << 16;

} // namespace

void DecodeMemory::forget() {
  if (layout.valueCount() > kMostValuesKept) {
    CallShapes known = std::move(shapes);
    *this = DecodeMemory();
    shapes = std::move(known);
  }
  code.clear();
  labels.clear();
  fixups.clear();
  stubs.clear();
  stubLabels.clear();
  constants.clear();
  constantLists.clear();
  kept.clear();
  keptInOrder.clear();
  freeTemporaries.clear();
  usedTemporaries.clear();
  wordUses.clear();
}

Decoder::Decoder(const llvm::Function& function, std::uint32_t id, Environment& environment, DecodeMemory& memory,
                 const DecodeOptions& options)
    : function_(function), data_(function.getParent()->getDataLayout()), environment_(environment), options_(options),
      self_(environment.entryOf(id)), memory_(memory), layout_(memory.layout), out_(std::make_unique<Code>()),
      code_(memory.code) {
  memory.forget();
  out_->function = id;
}

void Decoder::refuse(std::string reason) const { throw flow::Refused{std::move(reason), current_}; }

std::expected<std::unique_ptr<Code>, Refusal> Decoder::run() {
  try {
    auto shape = flow::shapeOfDefinition(memory_.shapes, function_);
    if (!shape)
      refuse(shape.error());
    out_->shape = **shape;
    if (std::string reason = layout_.run(function_, options_.asWritten); !reason.empty())
      refuse(std::move(reason));
    top_ = std::max(layout_.frameWords(), out_->shape.resultWords);
    if (out_->shape.variadic) {
      self_->variadicWord = top_;
      top_ += 2;
    }
    memory_.labels.assign(layout_.order().size(), ~0u);
    out_->calls.reserve(layout_.callCount());
    for (std::uint32_t place = 0; place < layout_.order().size(); ++place)
      decodeBlock(place);
    emitStubs();
    finish();
  } catch (const flow::Refused& refused) {
    return std::unexpected(flow::refusalOf(function_, refused.reason, refused.instruction));
  }
  return std::move(out_);
}

void Decoder::decodeBlock(std::uint32_t place) {
  bind(place);
  currentInLoop_ = layout_.inLoop(place);
  std::uint32_t number = layout_.firstNumber(place);
  for (const llvm::Instruction& instruction : *layout_.order()[place]) {
    ++out_->instructions;
    currentNumber_ = number++;
    current_ = &instruction;
    if (llvm::isa<llvm::PHINode, llvm::LandingPadInst>(instruction))
      continue;
    if (instruction.isTerminator())
      decodeTerminator(instruction);
    else
      decodeInstruction(instruction);
    releaseTemporaries();
  }
}

void Decoder::decodeInstruction(const llvm::Instruction& instruction) {
  const ValueState& state = layout_.stateOf(currentNumber_);
  if (state.alias || state.folded || (instruction.use_empty() && flow::isPure(instruction)))
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
  std::vector<std::uint16_t>&free = memory_.freeTemporaries, &used = memory_.usedTemporaries;
  if (words == 1 && !free.empty()) {
    std::uint16_t at = free.back();
    free.pop_back();
    used.push_back(at);
    return at;
  }
  if (top_ + words > kMostWords)
    refuse("more than 65,535 words of live values");
  auto at = static_cast<std::uint16_t>(top_);
  top_ += words;
  for (unsigned i = 0; i < words; ++i)
    used.push_back(static_cast<std::uint16_t>(at + i));
  return at;
}

void Decoder::releaseTemporaries() {
  std::vector<std::uint16_t>& used = memory_.usedTemporaries;
  if (used.empty())
    return;
  memory_.freeTemporaries.insert(memory_.freeTemporaries.end(), used.begin(), used.end());
  used.clear();
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

Word Decoder::constantWord(const llvm::Constant* constant, unsigned index) {
  if (const auto* integer = llvm::dyn_cast<llvm::ConstantInt>(constant); integer && integer->getBitWidth() <= 64)
    return integer->getZExtValue();
  if (constant->isNullValue() || llvm::isa<llvm::UndefValue>(constant))
    return 0;
  if (constant->getType()->isPointerTy()) {
    auto [at, fresh] = memory_.constants.try_emplace(constant, 0);
    if (fresh) {
      auto bits = environment_.evaluate(constant, data_);
      if (!bits)
        refuse(bits.error().message);
      at->second = bits->getZExtValue();
    }
    return at->second;
  }
  auto [at, fresh] = memory_.constantLists.try_emplace(constant);
  if (fresh)
    appendConstant(constant, at->second);
  return at->second[index];
}

Operand Decoder::operand(const llvm::Value* value, unsigned index) {
  Operand result;
  if (std::uint32_t number = layout_.numberOf(value); number != kNone) {
    result.word = static_cast<std::uint16_t>(layout_.wordOf(number) + index);
    return result;
  }
  const auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  if (!constant)
    refuse("operand that is no value");
  result.constant = true;
  result.k = constantWord(constant, index);
  return result;
}

/// A word of the frame that holds the constant.
std::uint16_t Decoder::wordWith(Word constant) {
  // The two values that the map reserves for itself are set anew at each use.
  bool keeps = constant < ~Word{0} - 1;
  if (keeps)
    if (auto known = memory_.kept.find(constant); known != memory_.kept.end())
      return known->second;
  if (!keeps || !currentInLoop_ || memory_.keptInOrder.size() >= kMostKept) {
    std::uint16_t at = temporary();
    emitConstant(at, constant);
    return at;
  }
  if (top_ + 1 > kMostWords)
    refuse("more than 65,535 words of live values");
  auto at = static_cast<std::uint16_t>(top_++);
  memory_.kept[constant] = at;
  memory_.keptInOrder.emplace_back(at, constant);
  return at;
}

std::uint16_t Decoder::word(Operand operand) { return operand.constant ? wordWith(operand.k) : operand.word; }
std::uint16_t Decoder::word(const llvm::Value* value, unsigned index) { return word(operand(value, index)); }

std::uint16_t Decoder::wordsFor(const llvm::Value* value, unsigned count) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  if (!constant)
    return operand(value).word;
  if (count == 1)
    return word(value);
  std::uint16_t at = temporary(count);
  emitConstants(at, constant, count);
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

void Decoder::emitConstants(unsigned d, const llvm::Constant* constant, unsigned words) {
  if (words == 1)
    return emitConstant(d, constantWord(constant));
  if (words == 0)
    return;
  emit(copyConstants(), d);
  append(words);
  for (unsigned i = 0; i < words; ++i)
    append(constantWord(constant, i));
}

void Decoder::emitMove(unsigned d, Operand from) {
  if (from.constant)
    emitConstant(d, from.k);
  else if (d != from.word)
    emit(move(), d, from.word);
}

void Decoder::emitMoveWords(unsigned d, const llvm::Value* value, unsigned words) {
  if (const auto* constant = llvm::dyn_cast<llvm::Constant>(value))
    return emitConstants(d, constant, words);
  std::uint16_t from = operand(value).word;
  if (words == 1)
    emitMove(d, {false, 0, from});
  else if (words && from != d)
    emit(moveWords(), d, from, 0, words);
}

// Labels -------------------------------------------------------------------------------------------------------------------

Decoder::Label Decoder::newLabel() {
  memory_.labels.push_back(~0u);
  return static_cast<Label>(memory_.labels.size() - 1);
}

void Decoder::bind(Label label) {
  memory_.labels[label] = here();
  lastOp_ = ~0u;
}

void Decoder::fixup(FixupKind kind, Label label, std::uint32_t op, std::uint32_t index, std::int64_t* distance) {
  memory_.fixups.push_back({kind, label, op, index, distance});
}

void Decoder::resolveFixups() {
  for (const DecodeMemory::Fixup& fixup : memory_.fixups) {
    std::int64_t distance = std::int64_t{memory_.labels[fixup.label]} - std::int64_t{fixup.op};
    switch (fixup.kind) {
    case FixupKind::Offset: at(fixup.op)->offset = static_cast<std::int32_t>(distance); break;
    case FixupKind::Constant: at(fixup.op)->k[fixup.index] = static_cast<Word>(distance); break;
    case FixupKind::Case: *fixup.distance = distance; break;
    }
  }
}

/// What a call begins with: constants for the function's loops, and a look at the arguments.
void Decoder::prologue() {
  if (records(Recorder::Arguments)) {
    ArgumentValues& values = out_->arguments;
    std::uint32_t word = 0;
    for (const llvm::Argument& argument : function_.args()) {
      llvm::Type* type = argument.getType();
      unsigned bits = type->isPointerTy() ? 64 : type->isIntegerTy() ? type->getIntegerBitWidth() : 0;
      if (bits > 0 && bits <= 64 && !argument.use_empty()) {
        Word mask = bits == 64 ? ~Word{0} : (Word{1} << bits) - 1;
        values.arguments.push_back({word, argument.getArgNo(), mask, 0, 0, false});
      }
      word += layout_.stateOf(argument.getArgNo()).words;
    }
    if (!values.arguments.empty()) {
      emit(profileArguments());
      append(reinterpret_cast<Word>(&values));
    }
  }
  for (std::size_t i = 0; i < memory_.keptInOrder.size();) {
    std::size_t end = i + 1;
    while (end < memory_.keptInOrder.size() && memory_.keptInOrder[end].first == memory_.keptInOrder[end - 1].first + 1)
      ++end;
    if (end == i + 1) {
      emitConstant(memory_.keptInOrder[i].first, memory_.keptInOrder[i].second);
    } else {
      emit(copyConstants(), memory_.keptInOrder[i].first);
      append(end - i);
      for (std::size_t j = i; j < end; ++j)
        append(memory_.keptInOrder[j].second);
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
  Code& out = *out_;
  std::uint32_t bodyBytes = here();
  prologue(); // made last, when it is known what is needed; comes first
  std::uint32_t shift = here() - bodyBytes;
  out.size = code_.size();
  out.words = std::make_unique_for_overwrite<Word[]>(code_.size());
  auto* bytes = reinterpret_cast<std::byte*>(out.words.get());
  memcpy(bytes, at(bodyBytes), shift);
  memcpy(bytes + shift, code_.data(), bodyBytes);

  if (!invokes_.empty()) {
    const llvm::Constant* personality = function_.hasPersonalityFn() ? function_.getPersonalityFn() : nullptr;
    current_ = nullptr;
    if (!personality)
      refuse("invoke without a personality");
    for (const Invoke& each : invokes_) {
      auto stub = environment_.stubFor(each.site, types_.addresses(), constantWord(personality));
      if (!stub)
        refuse(stub.error().message);
      out.stubs.push_back(std::make_unique<SharedStub>(std::move(*stub)));
      reinterpret_cast<Op*>(bytes + each.op + shift)->k[0] = reinterpret_cast<Word>(out.stubs.back().get());
    }
  }
  out.frameWords = static_cast<std::uint32_t>(frameBytes / sizeof(Word));
  for (auto& header : out.headers) {
    header->code = out_.get();
    for (std::uint32_t& offset : header->counts)
      offset += shift;
  }
  for (BranchSite& site : out.branches)
    site.countOffset += shift;

  out.locations.reserve(layout_.valueCount());
  for (std::uint32_t i = 0; i < layout_.valueCount(); ++i) {
    const ValueState& state = layout_.stateOf(i);
    bool inFrame = state.words > 0 && !state.folded;
    out.locations.push_back(inFrame ? Location{Location::Kind::Words, layout_.wordOf(i), 0} : Location{});
  }
  for (const auto& [number, parts] : layout_.addresses()) {
    if (parts.index || !layout_.stateOf(number).folded)
      continue; // with an index, used in its own block only
    if (const auto* base = llvm::dyn_cast<llvm::Constant>(parts.base))
      out.locations[number] = {Location::Kind::Constant, 0, static_cast<std::int64_t>(constantWord(base)) + parts.offset};
    else
      out.locations[number] = {Location::Kind::Address, layout_.wordOf(parts.base), parts.offset};
  }
}

std::expected<std::unique_ptr<Code>, Refusal> decode(const llvm::Function& function, std::uint32_t id,
                                                     Environment& environment, DecodeMemory& memory,
                                                     const DecodeOptions& options) {
  return Decoder(function, id, environment, memory, options).run();
}

} // namespace kiln::interp

#include "profile/ContentHash.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Attributes.h>
#include <llvm/IR/ConstantRange.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DerivedTypes.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Metadata.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Operator.h>

#include "support/Hash.h"

namespace kiln {
namespace {

/// The words that describe one thing. Words, not bytes: XXH3 is fast enough for words that are mostly zero.
class Words {
public:
  void add(std::uint64_t word) { words_.push_back(word); }
  void add(llvm::StringRef text) {
    words_.push_back(text.size());
    words_.push_back(hashBytes({text.data(), text.size()}));
  }
  void add(const llvm::APInt& value) {
    words_.push_back(value.getBitWidth());
    words_.append(value.getRawData(), value.getRawData() + value.getNumWords());
  }
  std::size_t size() const { return words_.size(); }
  std::uint64_t hash() const {
    return hashBytes({reinterpret_cast<const char*>(words_.data()), words_.size() * sizeof(std::uint64_t)});
  }
  void restart(std::uint64_t word) { words_.assign(1, word); }

private:
  llvm::SmallVector<std::uint64_t, 24> words_;
};

/// What an operand is, in the top byte of its word. A constant's word is its hash, except that integers of up to 64
/// bits, which are most of them, are cheaper as they are: their width and then their value.
enum class Operand : std::uint64_t { Instruction = 1, Argument, Block, Integer, Other };
std::uint64_t operandWord(Operand kind, std::uint64_t number) {
  return (static_cast<std::uint64_t>(kind) << 56) | number;
}

/// Nested metadata operands deeper than this are not looked at; meaningful ones are a text or a list of texts.
constexpr int kMetadataDepth = 4;

/// Enough words to make hashing them worth the call.
constexpr std::size_t kChunk = 1024;

} // namespace

struct ContentHasher::State {
  // Types and attribute lists live as long as their context.
  llvm::DenseMap<const llvm::Type*, std::uint64_t> types;
  std::pair<const llvm::Type*, std::uint64_t> lastType{nullptr, 0}; // instructions in a row are often of one type
  llvm::DenseMap<const void*, std::uint64_t> attributes;
  // Of the function at work. Constants can be freed and their addresses used again.
  llvm::DenseMap<const llvm::Value*, std::uint64_t> numbers;
  llvm::DenseMap<const llvm::Constant*, std::uint64_t> constants;
  llvm::SmallVector<llvm::StringRef, 8> scopes;
  Words words;

  std::uint64_t function(const llvm::Function& function);

  std::uint64_t type(const llvm::Type* type);
  std::uint64_t attributeList(llvm::AttributeList list);
  void attribute(Words& out, llvm::Attribute attribute);
  std::uint64_t global(const llvm::GlobalValue& value);
  std::uint64_t constant(const llvm::Constant* constant);
  std::uint64_t constantOfKnown(const llvm::Constant& constant);
  std::uint64_t inlineAssembly(const llvm::InlineAsm& assembly);
  std::uint64_t metadata(const llvm::Metadata* metadata, int depth);

  void number(const llvm::Function& function);
  std::uint64_t operand(const llvm::Value* value);
  void instruction(const llvm::Instruction& instruction);
  void specifics(const llvm::Instruction& instruction);
  void call(const llvm::CallBase& call);
  void memoryAccess(bool isVolatile, llvm::Align align, llvm::AtomicOrdering ordering, llvm::SyncScope::ID scope);
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) {}
ContentHasher::~ContentHasher() = default;

std::uint64_t ContentHasher::hash(const llvm::Function& function) {
  std::uint64_t hash = state_->function(function);
  return hash ? hash : 1;
}

// Structure only: two struct types of different names and equal elements are the same, as they are to the code.
std::uint64_t ContentHasher::State::type(const llvm::Type* type) {
  if (lastType.first == type)
    return lastType.second;
  if (auto known = types.find(type); known != types.end()) {
    lastType = *known;
    return known->second;
  }
  Words out;
  out.add(type->getTypeID());
  if (auto* integer = llvm::dyn_cast<llvm::IntegerType>(type)) {
    out.add(integer->getBitWidth());
  } else if (auto* pointer = llvm::dyn_cast<llvm::PointerType>(type)) {
    out.add(pointer->getAddressSpace());
  } else if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    out.add(array->getNumElements());
  } else if (auto* vector = llvm::dyn_cast<llvm::VectorType>(type)) {
    out.add(vector->getElementCount().getKnownMinValue());
  } else if (auto* structure = llvm::dyn_cast<llvm::StructType>(type)) {
    out.add(std::uint64_t{structure->isPacked()} | std::uint64_t{structure->isOpaque()} << 1);
  } else if (auto* function = llvm::dyn_cast<llvm::FunctionType>(type)) {
    out.add(function->isVarArg());
  } else if (auto* target = llvm::dyn_cast<llvm::TargetExtType>(type)) {
    out.add(target->getName());
    for (unsigned parameter : target->int_params())
      out.add(parameter);
  }
  out.add(type->getNumContainedTypes());
  for (const llvm::Type* part : type->subtypes())
    out.add(this->type(part));
  return types[type] = out.hash();
}

void ContentHasher::State::attribute(Words& out, llvm::Attribute attribute) {
  if (attribute.isStringAttribute()) {
    out.add(attribute.getKindAsString());
    out.add(attribute.getValueAsString());
    return;
  }
  out.add(attribute.getKindAsEnum());
  if (attribute.isIntAttribute())
    out.add(attribute.getValueAsInt());
  else if (attribute.isTypeAttribute())
    out.add(attribute.getValueAsType() ? type(attribute.getValueAsType()) : 0);
  else if (attribute.isConstantRangeAttribute()) {
    out.add(attribute.getRange().getLower());
    out.add(attribute.getRange().getUpper());
  } else if (attribute.isConstantRangeListAttribute()) {
    for (const llvm::ConstantRange& range : attribute.getValueAsConstantRangeList()) {
      out.add(range.getLower());
      out.add(range.getUpper());
    }
  }
}

std::uint64_t ContentHasher::State::attributeList(llvm::AttributeList list) {
  if (list.isEmpty())
    return 0;
  auto [known, isNew] = attributes.try_emplace(list.getRawPointer(), 0);
  if (!isNew)
    return known->second;
  Words out;
  for (unsigned index : list.indexes()) {
    llvm::AttributeSet set = list.getAttributes(index);
    out.add(index);
    out.add(set.getNumAttributes());
    for (llvm::Attribute each : set) // sorted by kind, then by text
      attribute(out, each);
  }
  return attributes[list.getRawPointer()] = out.hash();
}

std::uint64_t ContentHasher::State::global(const llvm::GlobalValue& value) {
  Words out;
  out.add(value.getValueID());
  out.add(value.getName());
  out.add(type(value.getType()));
  if (value.hasName() || !value.getParent())
    return out.hash();
  // Unnamed globals are rare, and have nothing but their position.
  std::uint64_t position = 0;
  for (const llvm::GlobalValue& each : value.getParent()->global_values()) {
    if (&each == &value)
      break;
    position += !each.hasName();
  }
  out.add(position);
  return out.hash();
}

/// The hash of a constant whose constant operands are known.
std::uint64_t ContentHasher::State::constantOfKnown(const llvm::Constant& constant) {
  if (auto* value = llvm::dyn_cast<llvm::GlobalValue>(&constant))
    return global(*value);
  Words out;
  out.add(constant.getValueID());
  out.add(type(constant.getType()));
  if (auto* integer = llvm::dyn_cast<llvm::ConstantInt>(&constant)) {
    out.add(integer->getValue());
  } else if (auto* real = llvm::dyn_cast<llvm::ConstantFP>(&constant)) {
    out.add(real->getValueAPF().bitcastToAPInt());
  } else if (auto* data = llvm::dyn_cast<llvm::ConstantDataSequential>(&constant)) {
    out.add(data->getRawDataValues());
  } else if (auto* address = llvm::dyn_cast<llvm::BlockAddress>(&constant)) {
    out.add(constants.lookup(address->getFunction()));
    std::uint64_t position = 0;
    for (const llvm::BasicBlock& block : *address->getFunction()) {
      if (&block == address->getBasicBlock())
        break;
      ++position;
    }
    out.add(position);
    return out.hash();
  } else if (auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(&constant)) {
    out.add(expression->getOpcode());
    out.add(expression->getRawSubclassOptionalData());
    if (auto* address = llvm::dyn_cast<llvm::GEPOperator>(expression)) {
      out.add(type(address->getSourceElementType()));
      if (auto range = address->getInRange()) {
        out.add(range->getLower());
        out.add(range->getUpper());
      }
    } else if (expression->getOpcode() == llvm::Instruction::ShuffleVector) {
      for (int lane : expression->getShuffleMask())
        out.add(static_cast<std::uint64_t>(lane));
    }
  }
  out.add(constant.getNumOperands());
  for (const llvm::Use& use : constant.operands())
    out.add(constants.lookup(llvm::cast<llvm::Constant>(use.get())));
  return out.hash();
}

/// Operands first, with a list of its own: constants can be nested deeper than the stack is.
std::uint64_t ContentHasher::State::constant(const llvm::Constant* root) {
  if (auto known = constants.find(root); known != constants.end())
    return known->second;
  llvm::SmallVector<const llvm::Constant*, 16> work{root};
  while (!work.empty()) {
    const llvm::Constant* next = work.back();
    std::size_t size = work.size();
    // A global stands for its name; what its operands are does not matter.
    if (!llvm::isa<llvm::GlobalValue>(next) && !constants.contains(next))
      for (const llvm::Use& use : next->operands())
        if (auto* part = llvm::dyn_cast<llvm::Constant>(use.get()); part && !constants.contains(part))
          work.push_back(part);
    if (work.size() != size)
      continue;
    work.pop_back();
    if (!constants.contains(next)) {
      std::uint64_t hash = constantOfKnown(*next);
      constants[next] = hash;
    }
  }
  return constants.lookup(root);
}

std::uint64_t ContentHasher::State::inlineAssembly(const llvm::InlineAsm& assembly) {
  Words out;
  out.add(assembly.getAsmString());
  out.add(assembly.getConstraintString());
  out.add(type(assembly.getFunctionType()));
  out.add(std::uint64_t{assembly.hasSideEffects()} | std::uint64_t{assembly.isAlignStack()} << 1 |
          std::uint64_t{assembly.canThrow()} << 2 | std::uint64_t{assembly.getDialect()} << 3);
  return out.hash();
}

/// Metadata as an operand means something: a register's name, a rounding mode.
std::uint64_t ContentHasher::State::metadata(const llvm::Metadata* metadata, int depth) {
  Words out;
  if (!metadata || depth == 0)
    return 0;
  out.add(metadata->getMetadataID());
  if (auto* text = llvm::dyn_cast<llvm::MDString>(metadata)) {
    out.add(text->getString());
  } else if (auto* value = llvm::dyn_cast<llvm::ValueAsMetadata>(metadata)) {
    out.add(operand(value->getValue()));
  } else if (auto* node = llvm::dyn_cast<llvm::MDNode>(metadata)) {
    out.add(node->getNumOperands());
    for (const llvm::MDOperand& part : node->operands())
      out.add(this->metadata(part.get(), depth - 1));
  }
  return out.hash();
}

void ContentHasher::State::number(const llvm::Function& function) {
  numbers.clear();
  constants.clear();
  numbers.reserve(function.arg_size() + function.size() + function.getInstructionCount());
  std::uint64_t blocks = 0, instructions = 0;
  for (const llvm::Argument& argument : function.args())
    numbers[&argument] = operandWord(Operand::Argument, argument.getArgNo());
  for (const llvm::BasicBlock& block : function) {
    numbers[&block] = operandWord(Operand::Block, blocks++);
    for (const llvm::Instruction& instruction : block)
      numbers[&instruction] = operandWord(Operand::Instruction, instructions++);
  }
}

std::uint64_t ContentHasher::State::operand(const llvm::Value* value) {
  if (auto* known = llvm::dyn_cast<llvm::Constant>(value))
    return constant(known);
  if (auto* assembly = llvm::dyn_cast<llvm::InlineAsm>(value))
    return inlineAssembly(*assembly);
  if (auto* node = llvm::dyn_cast<llvm::MetadataAsValue>(value))
    return metadata(node->getMetadata(), kMetadataDepth);
  auto local = numbers.find(value);
  return local != numbers.end() ? local->second : operandWord(Operand::Other, 0);
}

void ContentHasher::State::memoryAccess(bool isVolatile, llvm::Align align, llvm::AtomicOrdering ordering,
                                        llvm::SyncScope::ID scope) {
  words.add(std::uint64_t{isVolatile} | std::uint64_t{llvm::Log2(align)} << 8 |
            static_cast<std::uint64_t>(ordering) << 16);
  // Scopes beyond the two that LLVM defines are numbered by the context, as they turn up.
  if (scope == llvm::SyncScope::System || scope == llvm::SyncScope::SingleThread || scope >= scopes.size())
    words.add(std::uint64_t{scope});
  else
    words.add(scopes[scope]);
}

void ContentHasher::State::call(const llvm::CallBase& call) {
  words.add(type(call.getFunctionType()));
  words.add(attributeList(call.getAttributes()));
  std::uint64_t kind = 0;
  if (auto* plain = llvm::dyn_cast<llvm::CallInst>(&call))
    kind = plain->getTailCallKind();
  words.add(std::uint64_t{call.getCallingConv()} | kind << 32 | std::uint64_t{call.getNumOperandBundles()} << 40);
  for (unsigned i = 0; i < call.getNumOperandBundles(); ++i) {
    llvm::OperandBundleUse bundle = call.getOperandBundleAt(i);
    words.add(bundle.getTagName());
    words.add(bundle.Inputs.size());
  }
}

/// What an instruction says beyond its opcode, type, flags and operands.
void ContentHasher::State::specifics(const llvm::Instruction& instruction) {
  if (auto* load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
    memoryAccess(load->isVolatile(), load->getAlign(), load->getOrdering(), load->getSyncScopeID());
  } else if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
    memoryAccess(store->isVolatile(), store->getAlign(), store->getOrdering(), store->getSyncScopeID());
  } else if (auto* phi = llvm::dyn_cast<llvm::PHINode>(&instruction)) {
    for (const llvm::BasicBlock* from : phi->blocks())
      words.add(numbers.lookup(from));
  } else if (auto* compare = llvm::dyn_cast<llvm::CmpInst>(&instruction)) {
    words.add(compare->getPredicate());
  } else if (auto* address = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction)) {
    words.add(type(address->getSourceElementType()));
  } else if (auto* called = llvm::dyn_cast<llvm::CallBase>(&instruction)) {
    call(*called);
  } else if (auto* variable = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) {
    words.add(type(variable->getAllocatedType()));
    words.add(std::uint64_t{llvm::Log2(variable->getAlign())} | std::uint64_t{variable->isUsedWithInAlloca()} << 8 |
              std::uint64_t{variable->isSwiftError()} << 9);
  } else if (auto* extract = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction)) {
    for (unsigned index : extract->indices())
      words.add(index);
  } else if (auto* insert = llvm::dyn_cast<llvm::InsertValueInst>(&instruction)) {
    for (unsigned index : insert->indices())
      words.add(index);
  } else if (auto* shuffle = llvm::dyn_cast<llvm::ShuffleVectorInst>(&instruction)) {
    for (int lane : shuffle->getShuffleMask())
      words.add(static_cast<std::uint64_t>(lane));
  } else if (auto* update = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) {
    words.add(update->getOperation());
    memoryAccess(update->isVolatile(), update->getAlign(), update->getOrdering(), update->getSyncScopeID());
  } else if (auto* exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
    words.add(std::uint64_t{exchange->isWeak()} | static_cast<std::uint64_t>(exchange->getFailureOrdering()) << 8);
    memoryAccess(exchange->isVolatile(), exchange->getAlign(), exchange->getSuccessOrdering(),
                 exchange->getSyncScopeID());
  } else if (auto* fence = llvm::dyn_cast<llvm::FenceInst>(&instruction)) {
    memoryAccess(false, llvm::Align(), fence->getOrdering(), fence->getSyncScopeID());
  } else if (auto* pad = llvm::dyn_cast<llvm::LandingPadInst>(&instruction)) {
    words.add(pad->isCleanup());
    for (unsigned i = 0; i < pad->getNumClauses(); ++i)
      words.add(pad->isCatch(i));
  }
}

void ContentHasher::State::instruction(const llvm::Instruction& instruction) {
  words.add(std::uint64_t{instruction.getOpcode()} | std::uint64_t{instruction.getRawSubclassOptionalData()} << 16 |
            std::uint64_t{instruction.getNumOperands()} << 32);
  words.add(type(instruction.getType()));
  std::size_t before = words.size();
  specifics(instruction);
  words.add(words.size() - before); // what follows cannot be taken for more of it
  for (const llvm::Use& use : instruction.operands()) {
    auto* integer = llvm::dyn_cast<llvm::ConstantInt>(use.get());
    // Of vector type it may be one, too: then its type is not its width.
    if (integer && integer->getBitWidth() <= 64 && integer->getType()->isIntegerTy()) {
      words.add(operandWord(Operand::Integer, integer->getBitWidth()));
      words.add(integer->getZExtValue());
    } else {
      words.add(operand(use.get()));
    }
  }
}

std::uint64_t ContentHasher::State::function(const llvm::Function& function) {
  number(function);
  scopes.clear();
  function.getContext().getSyncScopeNames(scopes);
  words.restart(type(function.getFunctionType()));
  words.add(function.getCallingConv());
  words.add(attributeList(function.getAttributes()));
  words.add(function.hasGC() ? llvm::StringRef(function.getGC()) : llvm::StringRef());
  words.add(std::uint64_t{function.hasPersonalityFn()} | std::uint64_t{function.hasPrefixData()} << 1 |
            std::uint64_t{function.hasPrologueData()} << 2);
  // The personality and its kin. Unused places of the three hold a constant that says nothing.
  for (const llvm::Use& use : function.operands())
    words.add(operand(use.get()));
  words.add(function.size());
  for (const llvm::BasicBlock& block : function) {
    words.add(operandWord(Operand::Block, 0));
    for (const llvm::Instruction& each : block) {
      instruction(each);
      if (words.size() >= kChunk)
        words.restart(words.hash());
    }
  }
  return words.hash();
}

} // namespace kiln

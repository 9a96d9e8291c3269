#include "Body.h"

#include <llvm/IR/Intrinsics.h>

#include "Families.h"
#include "Generator.h"

using namespace llvm;

namespace kiln::fuzz {

// Enough for some hundred calls; each may loop 512 times at its worst.
inline constexpr std::uint64_t kFuel = 60;

Body::Body(Plan& plan, const Callable& self)
    : plan(plan), choices(plan.choices), self(self), function(self.function), b(plan.context),
      keep_(MDNode::get(plan.context, {})) {}

Body::Scope::~Scope() {
  while (body_.order_.size() > values_) {
    body_.values_[body_.order_.back()].pop_back();
    body_.order_.pop_back();
  }
  body_.raws.resize(raws_);
  body_.typed.resize(typed_);
}

Value* Body::keep(Value* value) {
  if (auto* instruction = dyn_cast<Instruction>(value))
    instruction->setMetadata(kKeepName, keep_);
  return value;
}

void Body::branchWithWayOut(Value* condition, BasicBlock* yes, BasicBlock* no, unsigned wayOut) {
  auto* operand = ConstantAsMetadata::get(number(32, wayOut));
  b.CreateCondBr(condition, yes, no)->setMetadata(kKeepName, MDNode::get(plan.context, operand));
}

Value* Body::push(Value* value) {
  values_[value->getType()].push_back(value);
  order_.push_back(value->getType());
  return value;
}

Value* Body::recent(unsigned back) const {
  // Of its type, the one that came as many before the last as there are in between.
  auto at = order_.size() - 1 - back;
  unsigned later = 0;
  for (auto i = at + 1; i < order_.size(); ++i)
    later += order_[i] == order_[at];
  auto& among = values_.at(order_[at]);
  return among[among.size() - 1 - later];
}

bool Body::has(Type* type) const {
  auto found = values_.find(type);
  return found != values_.end() && !found->second.empty();
}

Value* Body::use(Type* type) {
  if (choices.below(8) == 7)
    return constant(type);
  return useVariable(type);
}

Value* Body::useVariable(Type* type) {
  if (!has(type) || choices.below(8) == 7) {
    bool inMemory = type->isFPOrFPVectorTy() || type->isIntOrIntVectorTy();
    unsigned width = inMemory ? type->getScalarSizeInBits() : 0;
    if (width >= 8 && isPowerOf2_32(width) && choices.below(3) == 2)
      return push(loadRaw(*this, type));
    return converted(type);
  }
  auto& among = values_[type];
  std::size_t back = choices.below(std::min<std::size_t>(among.size(), 32));
  return among[among.size() - 1 - back];
}

Value* Body::integerOf(IntegerType* type) {
  // Some other width, starting anywhere.
  auto& widths = plan.integers;
  unsigned start = choices.below(widths.size());
  for (unsigned i = 0; i < widths.size(); ++i) {
    IntegerType* from = widths[(start + i) % widths.size()];
    if (from == type || !has(from))
      continue;
    Value* value = values_[from][choices.below(values_[from].size())];
    if (from->getBitWidth() > type->getBitWidth())
      return b.CreateTrunc(value, type);
    return choices.flip() ? b.CreateSExt(value, type) : b.CreateZExt(value, type);
  }
  return constant(type);
}

Value* Body::converted(Type* type) {
  if (auto* integer = dyn_cast<IntegerType>(type))
    return integerOf(integer);
  if (type->isFloatingPointTy()) {
    Type* other = type->isFloatTy() ? Type::getDoubleTy(plan.context) : Type::getFloatTy(plan.context);
    if (has(other) && choices.flip())
      return b.CreateFPCast(values_[other].back(), type);
    Value* number = useVariable(plan.integer(choices.flip() ? 64 : 32));
    return choices.flip() ? b.CreateSIToFP(number, type) : b.CreateUIToFP(number, type);
  }
  if (auto* vector = dyn_cast<FixedVectorType>(type)) {
    if (vector->getElementType()->isIntegerTy(1))
      return compareOf(*this, FixedVectorType::get(plan.integer(32), vector->getNumElements()));
    Value* lane = use(vector->getElementType());
    return b.CreateVectorSplat(vector->getNumElements(), lane);
  }
  if (auto* structure = dyn_cast<StructType>(type))
    return structValue(*this, structure);
  return constant(type);
}

Value* Body::condition() {
  switch (choices.below(10)) {
  case 9: {
    Type* type = plan.floating();
    return call(Intrinsic::is_fpclass, {type}, {useVariable(type), number(32, choices.below(1024))});
  }
  case 8:
    return call(Intrinsic::expect, {plan.integer(1)},
                {compareOf(*this, plan.someInteger()), number(1, choices.flip())});
  case 7: {
    // As && and || are left by C compilers.
    Value* first = compareOf(*this, plan.someInteger());
    Value* second = compareOf(*this, plan.someInteger());
    return choices.flip() ? b.CreateSelect(first, second, number(1, 0)) : b.CreateSelect(first, number(1, 1), second);
  }
  case 0:
    if (has(plan.integer(1)))
      return values_[plan.integer(1)].back();
    [[fallthrough]];
  case 1:
    return compareOf(*this, plan.floating());
  case 2: {
    Value* one = number(64, 1);
    Value* bit = b.CreateAnd(useVariable(plan.integer(64)), b.CreateShl(one, number(64, choices.below(64))));
    return b.CreateICmp(choices.flip() ? CmpInst::ICMP_EQ : CmpInst::ICMP_NE, bit, number(64, 0));
  }
  default:
    return compareOf(*this, plan.someInteger());
  }
}

Value* Body::floatBits(Value* value) {
  Type* type = value->getType();
  unsigned width = type->getScalarSizeInBits();
  Type* bitsType = type->getWithNewType(plan.integer(width));
  // Chosen among integers: a choice between floats might be taken for one that changes nothing.
  Value* isNan = keep(b.CreateFCmpUNO(value, value));
  Value* bits = keep(b.CreateBitCast(value, bitsType));
  APInt quiet = APFloat::getQNaN(type->getScalarType()->getFltSemantics()).bitcastToAPInt();
  return keep(b.CreateSelect(isNan, ConstantInt::get(bitsType, quiet), bits));
}

Value* Body::floatOfBits(Value* bits, Type* type) {
  Value* raw = keep(b.CreateBitCast(bits, type));
  return keep(b.CreateBitCast(floatBits(raw), type));
}

Value* Body::toBits(Value* value) {
  Type* type = value->getType();
  Type* i64 = plan.integer(64);
  if (type->isStructTy() || type->isArrayTy()) {
    Value* sum = number(64, 0);
    unsigned count = type->isStructTy() ? type->getStructNumElements() : type->getArrayNumElements();
    for (unsigned i = 0; i < count; ++i) {
      Value* part = toBits(b.CreateExtractValue(value, i));
      sum = b.CreateXor(b.CreateMul(sum, number(64, 31)), part);
    }
    return sum;
  }
  if (type->isFPOrFPVectorTy())
    value = floatBits(value);
  if (type->isVectorTy())
    value = b.CreateBitCast(value, plan.integer(type->getPrimitiveSizeInBits()));
  unsigned width = value->getType()->getIntegerBitWidth();
  if (width < 64)
    return b.CreateZExt(value, i64);
  if (width == 64)
    return value;
  Value* sum = b.CreateTrunc(value, i64);
  for (unsigned at = 64; at < width; at += 64)
    sum = b.CreateXor(sum, b.CreateTrunc(b.CreateLShr(value, number(width, at)), i64));
  return sum;
}

Value* Body::ofBits(Value* bits, Type* type) {
  if (type->isFloatingPointTy())
    return floatOfBits(b.CreateZExtOrTrunc(bits, plan.integer(type->getPrimitiveSizeInBits())), type);
  if (type->isIntegerTy())
    return b.CreateZExtOrTrunc(bits, type);
  return use(type);
}

void Body::observe(Value* value) {
  observeAll(value);
}

void Body::observeAll(ArrayRef<Value*> values) {
  Value* sum = nullptr;
  for (Value* value : values) {
    Value* bits = toBits(value);
    sum = sum ? b.CreateAdd(b.CreateMul(sum, number(64, 0x9e3779b97f4a7c15)), bits) : bits;
  }
  if (!sum)
    return;
  Value* place = b.CreateConstInBoundsGEP2_64(plan.sink->getValueType(), plan.sink, 0, choices.below(16));
  Value* before = b.CreateLoad(plan.integer(64), place);
  Value* turned = call(Intrinsic::fshl, {plan.integer(64)}, {before, before, number(64, 7)});
  b.CreateStore(b.CreateXor(turned, sum), place);
}

void Body::observeRecent(unsigned most) {
  std::vector<Value*> values;
  for (unsigned i = 0; i < most && i < order_.size(); ++i)
    values.push_back(recent(i));
  observeAll(values);
}

BasicBlock* Body::block(const char* name) {
  return BasicBlock::Create(plan.context, name, function);
}

Join Body::join(unsigned mostTypes, const char* name) {
  Join made{block(name), {}, {}};
  for (unsigned i = 0, count = choices.below(mostTypes + 1); i < count; ++i)
    made.types.push_back(plan.any());
  return made;
}

void Body::reach(Join& to) {
  Join::From from{b.GetInsertBlock(), {}};
  for (Type* type : to.types)
    from.values.push_back(use(type));
  to.from.push_back(std::move(from));
}

void Body::jump(Join& to) {
  reach(to);
  b.CreateBr(to.block);
}

void Body::enter(Join& join) {
  moveTo(join.block);
  for (unsigned i = 0; i < join.types.size(); ++i) {
    PHINode* phi = b.CreatePHI(join.types[i], join.from.size());
    for (auto& from : join.from)
      phi->addIncoming(from.values[i], from.block);
    push(phi);
  }
}

Instruction* Body::inEntry(Instruction* instruction) {
  BasicBlock& entry = function->getEntryBlock();
  instruction->insertBefore(entry, entry.getFirstInsertionPt());
  return instruction;
}

AllocaInst* Body::local(Type* type, unsigned alignment) {
  auto* made = new AllocaInst(type, 0, nullptr, Align(alignment));
  inEntry(made);
  keep(made);
  return made;
}

void Body::giveBack() {
  // What was made last counts, and more of what is alive.
  observeRecent(16);
  for (unsigned i = 0, count = choices.below(4); i < count; ++i)
    observe(use(plan.any()));
  Type* type = function->getReturnType();
  if (type->isVoidTy())
    b.CreateRetVoid();
  else
    b.CreateRet(useVariable(type));
}

void Body::fillUp() {
  keep(b.CreateStore(number(64, kFuel), plan.fuel));
}

void Body::spendFuel() {
  Type* i64 = plan.integer(64);
  if (function == plan.entry) {
    fillUp();
    return;
  }
  if (self.leaf)
    return;
  Value* left = keep(b.CreateSub(keep(b.CreateLoad(i64, plan.fuel)), number(64, 1)));
  keep(b.CreateStore(left, plan.fuel));
  BasicBlock* empty = block("empty");
  BasicBlock* go = block("go");
  branchWithWayOut(keep(b.CreateICmpSLT(left, number(64, 0))), empty, go, 0);
  moveTo(empty);
  Type* result = function->getReturnType();
  if (result->isVoidTy())
    b.CreateRetVoid();
  else
    b.CreateRet(Constant::getNullValue(result));
  moveTo(go);
}

void Body::nameArguments() {
  for (unsigned i = 0; i < self.parameters.size(); ++i) {
    Argument* argument = function->getArg(i);
    const Parameter& parameter = self.parameters[i];
    if (parameter.kind == Parameter::Kind::Value)
      push(argument);
    else if (parameter.kind == Parameter::Kind::Raw)
      raws.push_back({argument, kRawArgumentBytes});
    else
      typed.push_back({argument, parameter.type});
  }
}

void Body::makeLocals() {
  for (unsigned i = 0, count = choices.below(4); i < count; ++i) {
    if (choices.flip()) {
      unsigned bytes = choices.oneIn(12) ? 4096 : 64u << choices.below(2);
      AllocaInst* place = local(ArrayType::get(plan.integer(8), bytes + kSlack), 16);
      keep(b.CreateMemSet(place, number(8, choices.byte()), bytes + kSlack, Align(16)));
      raws.push_back({place, bytes});
    } else {
      Type* type = choices.flip() ? plan.any() : cast<Type>(choices.pick(plan.structs));
      AllocaInst* place = local(type, 16);
      keep(b.CreateStore(Constant::getNullValue(type), place));
      typed.push_back({place, type});
    }
  }
  for (const RawPlace& variable : plan.threadLocals)
    if (choices.flip())
      raws.push_back({keep(b.CreateThreadLocalAddress(variable.pointer)), variable.bytes});
}

void Body::generate() {
  raws = plan.raws;
  typed = plan.typed;
  moveTo(block("entry"));
  nameArguments();
  if (!self.unnamed.empty()) {
    variadicBody(*this);
    return;
  }
  spendFuel();
  // After the fuel: a function without fuel has no locals to fill.
  makeLocals();
  bool small = choices.below(3) == 2;
  budget_ = small ? 2 + choices.below(6) : 8 + choices.below(40);
  statements(budget_);
  if (function == plan.entry)
    callEach(*this);
  if (choices.oneIn(40) && function != plan.entry && !self.leaf && tailCall(*this))
    return;
  giveBack();
}

void Body::statements(unsigned most) {
  for (unsigned i = 0; i < most && budget_ > 0 && !choices.exhausted(); ++i) {
    --budget_;
    statement();
  }
  // In blocks, what was made there would be forgotten.
  if (most < 12 && choices.below(3) != 2)
    observeRecent(2);
}

void Body::compute() {
  Type* type = plan.any();
  Value* made = nullptr;
  if (auto* integer = dyn_cast<IntegerType>(type))
    made = integerValue(*this, integer);
  else if (type->isFloatingPointTy())
    made = floatValue(*this, type);
  else if (auto* vector = dyn_cast<FixedVectorType>(type))
    made = vectorValue(*this, vector);
  else
    made = structValue(*this, cast<StructType>(type));
  push(made);
}

void Body::statement() {
  switch (choices.below(64)) {
  case 40 ... 47:
    return memoryStatement(*this);
  case 48 ... 49:
    return atomicStatement(*this);
  case 50:
    return branchStatement(*this);
  case 52 ... 54:
    return mayLoop() ? loopStatement(*this) : branchStatement(*this);
  case 55:
    return switchStatement(*this);
  case 51:
  case 56 ... 58:
    return self.leaf ? memoryStatement(*this) : callStatement(*this);
  case 59:
    return self.leaf ? observe(use(plan.any())) : invokeStatement(*this);
  case 60:
    return mayLoop() && choices.flip() ? pointerLoopStatement(*this) : leaveStatement(*this);
  case 61:
    return mayLoop() && choices.oneIn(2) ? irreducibleStatement(*this) : trapStatement(*this);
  case 62:
    return pressureStatement(*this);
  case 63:
    return choices.oneIn(4) && !self.leaf ? throwStatement(*this) : observe(use(plan.any()));
  case 34 ... 39:
    observe(use(plan.any()));
    return;
  default:
    compute();
  }
}

} // namespace kiln::fuzz

// Calls: direct, through tables, variadic, of the host; exceptions; tail calls.
#include <llvm/IR/Intrinsics.h>

#include "Families.h"
#include "Generator.h"

using namespace llvm;

namespace kiln::fuzz {
namespace {

/// Memory that the callee may see: what outlives the caller's frame for a tail call.
Value* rawArgument(Body& body, bool outliving) {
  if (outliving)
    return body.plan.raws.empty() ? nullptr : body.choices.pick(body.plan.raws).pointer;
  return body.raws.empty() ? nullptr : body.choices.pick(body.raws).pointer;
}

/// A struct in memory, filled.
Value* structInMemory(Body& body, Type* type, bool fill) {
  AllocaInst* place = body.local(type, 16);
  Align alignment = body.plan.module->getDataLayout().getABITypeAlign(type);
  body.keep(body.b.CreateAlignedStore(Constant::getNullValue(type), place, alignment));
  if (fill)
    body.b.CreateAlignedStore(body.use(type), place, alignment);
  return place;
}

struct Prepared {
  FunctionType* type = nullptr;
  Value* target = nullptr;
  AttributeList attributes;
  CallingConv::ID convention = CallingConv::C;
  std::vector<Value*> arguments;
  TypedPlace structResult;
};

void addUnnamed(Body& body, const Callable& callable, Prepared& made) {
  for (Type* type : callable.unnamed)
    made.arguments.push_back(body.use(type));
  // More than the callee reads does no harm.
  for (unsigned i = 0, count = callable.unnamed.empty() ? 0 : body.choices.below(3); i < count; ++i)
    made.arguments.push_back(body.use(body.plan.integer(64)));
}

/// False when there is no memory to give.
bool addArguments(Body& body, const Callable& callable, Prepared& made) {
  for (const Parameter& parameter : callable.parameters) {
    Value* argument = nullptr;
    switch (parameter.kind) {
    case Parameter::Kind::Value:
      argument = body.use(parameter.type);
      break;
    case Parameter::Kind::Raw:
      argument = rawArgument(body, false);
      break;
    case Parameter::Kind::ByValue:
      argument = structInMemory(body, parameter.type, true);
      break;
    case Parameter::Kind::StructResult:
      argument = structInMemory(body, parameter.type, false);
      made.structResult = {argument, parameter.type};
      break;
    }
    if (!argument)
      return false;
    made.arguments.push_back(argument);
  }
  addUnnamed(body, callable, made);
  return true;
}

/// One of the table's functions, found while the program runs.
Value* indirectTarget(Body& body, const CallTable& table) {
  auto& b = body.b;
  Value* index = body.keep(b.CreateAnd(body.useIndex(64), body.number(64, table.length - 1)));
  Value* at = body.keep(b.CreateInBoundsGEP(table.table->getValueType(), table.table, {body.number(64, 0), index}));
  if (body.choices.below(4) != 3)
    return body.keep(b.CreateLoad(b.getPtrTy(), at));
  auto some = [&] { return body.plan.callables[body.choices.pick(table.callables)].function; };
  return body.keep(b.CreateSelect(body.condition(), some(), some()));
}

/// A call of the function with that number; no target when it cannot be made here.
Prepared prepareCall(Body& body, unsigned which) {
  Prepared made;
  const Callable& callable = body.plan.callables[which];
  if (!addArguments(body, callable, made))
    return made;
  made.type = callable.function->getFunctionType();
  made.attributes = callable.function->getAttributes();
  made.attributes = made.attributes.removeFnAttributes(body.plan.context);
  made.convention = callable.function->getCallingConv();
  made.target = callable.function;
  if (body.choices.below(3) == 2)
    for (const CallTable& table : body.plan.tables)
      if (is_contained(table.callables, which))
        made.target = indirectTarget(body, table);
  return made;
}

Prepared prepareAnyCall(Body& body) {
  unsigned count = body.plan.callables.size();
  return count ? prepareCall(body, body.choices.below(count)) : Prepared();
}

void useResult(Body& body, Value* result, const Prepared& call) {
  if (call.structResult.pointer) {
    body.typed.push_back(call.structResult);
    body.push(loadTyped(body));
  }
  if (result->getType()->isVoidTy())
    return;
  body.push(result);
  if (auto* structure = dyn_cast<StructType>(result->getType()))
    for (unsigned i = 0; i < structure->getNumElements(); ++i)
      if (structure->getElementType(i)->isSingleValueType())
        body.push(body.b.CreateExtractValue(result, i));
}

void call(Body& body, const Prepared& made) {
  CallInst* call = body.b.CreateCall(made.type, made.target, made.arguments);
  call->setAttributes(made.attributes);
  call->setCallingConv(made.convention);
  useResult(body, call, made);
}

void callHost(Body& body) {
  auto& b = body.b;
  Type* f64 = Type::getDoubleTy(body.plan.context);
  // A call of a function as the linker finds it, and arguments of two kinds.
  Value* number = body.keep(b.CreateBitCast(body.floatBits(body.useVariable(f64)), f64));
  body.push(
      b.CreateCall(body.plan.hostMix, {body.use(body.plan.integer(64)), number, body.use(body.plan.integer(32))}));
}

Function* runtime(Body& body, const char* name, Type* result, ArrayRef<Type*> parameters) {
  auto* type = FunctionType::get(result, parameters, false);
  return cast<Function>(body.plan.module->getOrInsertFunction(name, type).getCallee());
}

/// What was thrown, as a number; of an int only what an int has.
Value* caught(Body& body, Value* exception) {
  auto& b = body.b;
  Type* pointer = b.getPtrTy();
  Value* object = body.keep(b.CreateCall(runtime(body, "__cxa_begin_catch", pointer, {pointer}), {exception}));
  Value* value = b.CreateLoad(body.plan.integer(32), object);
  body.keep(b.CreateCall(runtime(body, "__cxa_end_catch", Type::getVoidTy(body.plan.context), {})));
  return value;
}

GlobalVariable* typeInfo(Body& body, const char* name) {
  return cast<GlobalVariable>(body.plan.module->getOrInsertGlobal(name, body.b.getPtrTy()));
}

void pad(Body& body, Join& after) {
  auto& b = body.b;
  Type* i32 = body.plan.integer(32);
  auto* landing = b.CreateLandingPad(StructType::get(body.plan.context, {b.getPtrTy(), i32}), 2);
  body.keep(landing);
  bool typed = body.choices.flip();
  bool cleanup = body.choices.below(8) == 7;
  GlobalVariable* info = typed ? typeInfo(body, body.choices.flip() ? "_ZTIl" : "_ZTIi") : nullptr;
  if (cleanup)
    landing->setCleanup(true);
  else
    landing->addClause(typed ? cast<Constant>(info) : ConstantPointerNull::get(b.getPtrTy()));
  if (typed && !cleanup && body.choices.flip())
    landing->setCleanup(true);
  if (landing->isCleanup())
    body.observe(body.use(body.plan.any()));
  if (cleanup) {
    body.keep(b.CreateResume(landing));
    return;
  }
  Value* exception = body.keep(b.CreateExtractValue(landing, 0));
  if (typed) {
    Value* selector = body.keep(b.CreateExtractValue(landing, 1));
    Value* wanted = body.keep(body.call(Intrinsic::eh_typeid_for, {b.getPtrTy()}, {info}));
    BasicBlock* match = body.block("match");
    BasicBlock* other = body.block("other");
    body.branchWithWayOut(body.keep(b.CreateICmpEQ(selector, wanted)), match, other, 0);
    body.moveTo(other);
    body.keep(b.CreateResume(landing));
    body.moveTo(match);
  }
  body.push(caught(body, exception));
  body.statements(body.choices.below(3));
  body.jump(after);
}

/// The next of the unnamed arguments, as C compilers write va_arg.
Value* nextArgument(Body& body, Value* list, Type* type) {
  auto& b = body.b;
  Type* i32 = body.plan.integer(32);
  Type* byte = body.plan.integer(8);
  bool isFloat = type->isFloatingPointTy();
  auto field = [&](unsigned at) { return body.keep(b.CreateConstInBoundsGEP1_64(byte, list, at)); };
  Value* offsetAt = field(isFloat ? 4 : 0);
  Value* offset = body.keep(b.CreateLoad(i32, offsetAt));
  BasicBlock* inRegisters = body.block("registers");
  BasicBlock* onStack = body.block("stack");
  BasicBlock* found = body.block("found");
  body.keep(
      b.CreateCondBr(body.keep(b.CreateICmpULE(offset, body.number(32, isFloat ? 160 : 40))), inRegisters, onStack));

  body.moveTo(inRegisters);
  Value* area = body.keep(b.CreateLoad(b.getPtrTy(), field(16)));
  Value* saved = body.keep(b.CreateGEP(byte, area, offset));
  body.keep(b.CreateStore(body.keep(b.CreateAdd(offset, body.number(32, isFloat ? 16 : 8))), offsetAt));
  body.keep(b.CreateBr(found));

  body.moveTo(onStack);
  Value* overflowAt = field(8);
  Value* overflow = body.keep(b.CreateLoad(b.getPtrTy(), overflowAt));
  body.keep(b.CreateStore(body.keep(b.CreateConstInBoundsGEP1_64(byte, overflow, 8)), overflowAt));
  body.keep(b.CreateBr(found));

  body.moveTo(found);
  PHINode* at = b.CreatePHI(b.getPtrTy(), 2);
  at->addIncoming(saved, inRegisters);
  at->addIncoming(overflow, onStack);
  body.keep(at);
  return b.CreateLoad(type, at);
}

} // namespace

void callStatement(Body& body) {
  if (body.choices.below(8) == 7)
    return callHost(body);
  Prepared made = prepareAnyCall(body);
  if (!made.target)
    return callHost(body);
  call(body, made);
}

void callEach(Body& body) {
  for (unsigned i = 0; i < body.plan.callables.size(); ++i) {
    Prepared made = prepareCall(body, i);
    if (!made.target)
      continue;
    body.fillUp();
    call(body, made);
  }
}

void invokeStatement(Body& body) {
  auto& b = body.b;
  Prepared made;
  if (body.choices.flip())
    made = prepareAnyCall(body);
  if (!made.target) {
    made.type = body.plan.throwing->getFunctionType();
    made.target = body.plan.throwing;
    // Zero is for not throwing.
    Value* number = body.useVariable(body.plan.integer(64));
    made.arguments = {b.CreateSelect(body.condition(), number, body.number(64, 0))};
  }
  body.function->setPersonalityFn(body.plan.personality);
  Join after = body.join(3, "after");
  BasicBlock* normal = body.block("normal");
  BasicBlock* unwind = body.block("unwind");
  InvokeInst* invoke = b.CreateInvoke(made.type, made.target, normal, unwind, made.arguments);
  invoke->setAttributes(made.attributes);
  invoke->setCallingConv(made.convention);
  {
    Body::Scope scope(body);
    body.moveTo(normal);
    useResult(body, invoke, made);
    body.statements(body.choices.below(3));
    body.jump(after);
  }
  {
    Body::Scope scope(body);
    body.moveTo(unwind);
    pad(body, after);
  }
  body.enter(after);
}

void throwStatement(Body& body) {
  auto& b = body.b;
  // Seldom, for nobody may be there to catch it.
  Value* some = b.CreateAnd(body.useVariable(body.plan.integer(64)), body.number(64, 0x17));
  Value* rare = b.CreateICmpEQ(some, body.number(64, 0x13));
  b.CreateCall(body.plan.throwing, {b.CreateSelect(rare, body.use(body.plan.integer(64)), body.number(64, 0))});
}

void variadicBody(Body& body) {
  auto& b = body.b;
  AllocaInst* list = body.local(ArrayType::get(body.plan.integer(64), 3), 16);
  body.keep(b.CreateIntrinsic(Intrinsic::vastart, {b.getPtrTy()}, {list}));
  Value* sum = body.number(64, 17);
  for (Type* type : body.self.unnamed) {
    Value* bits = body.toBits(nextArgument(body, list, type));
    sum = b.CreateXor(b.CreateMul(sum, body.number(64, 1000003)), bits);
  }
  body.keep(b.CreateIntrinsic(Intrinsic::vaend, {b.getPtrTy()}, {list}));
  body.push(sum);
  b.CreateRet(b.CreateAdd(sum, body.useVariable(body.plan.integer(64))));
}

bool tailCall(Body& body) {
  auto& b = body.b;
  for (const CallTable& table : body.plan.tables) {
    const Callable& callable = body.plan.callables[body.choices.pick(table.callables)];
    if (callable.function->getFunctionType() != body.function->getFunctionType() || callable.leaf ||
        callable.function->getAttributes() != body.function->getAttributes() ||
        callable.function->getCallingConv() != body.function->getCallingConv())
      continue;
    std::vector<Value*> arguments;
    for (auto [number, parameter] : enumerate(callable.parameters)) {
      // Memory goes on as it came: this frame will be gone.
      Value* argument = parameter.kind == Parameter::Kind::Value ? body.use(parameter.type)
                        : parameter.kind == Parameter::Kind::Raw ? rawArgument(body, true)
                                                                 : body.function->getArg(number);
      if (!argument || parameter.kind == Parameter::Kind::ByValue)
        return false;
      arguments.push_back(argument);
    }
    CallInst* call = b.CreateCall(callable.function, arguments);
    call->setAttributes(callable.function->getAttributes().removeFnAttributes(body.plan.context));
    call->setCallingConv(callable.function->getCallingConv());
    call->setTailCallKind(CallInst::TCK_MustTail);
    body.keep(call);
    if (call->getType()->isVoidTy())
      b.CreateRetVoid();
    else
      b.CreateRet(call);
    return true;
  }
  return false;
}

} // namespace kiln::fuzz

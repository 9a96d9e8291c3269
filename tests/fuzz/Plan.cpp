#include "Plan.h"

#include <bit>

#include <llvm/IR/Constants.h>

#include "Generator.h"

using namespace llvm;

namespace kiln::fuzz {

std::vector<std::uint8_t> bytesOfSeed(std::uint64_t seed) {
  // SplitMix64 (Steele, Lea, Flood 2014): neighbouring seeds have nothing in common.
  auto next = [&seed] {
    std::uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  };
  std::uint64_t shape = next();
  std::size_t size = 300 + shape % 1200 + ((shape >> 16) % 8 == 0 ? (shape >> 32) % 5000 : 0);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes)
    byte = static_cast<std::uint8_t>(next());
  return bytes;
}

Plan::Plan(LLVMContext& where, Choices& choices)
    : context(where), choices(choices), module(std::make_unique<Module>("generated", where)) {
  module->setTargetTriple("x86_64-pc-linux-gnu");
  module->setDataLayout("e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128");
  makeTypes();
  makeVariables();
  makeFunctions();
  makeTables();
}

void Plan::makeTypes() {
  mood_ = choices.pick({Mood::Mixed, Mood::Integers, Mood::Mixed, Mood::Vectors, Mood::Floats, Mood::Vectors});
  for (unsigned width : {64u, 32u, 8u, 16u, 1u, 128u})
    integers.push_back(integer(width));
  for (unsigned& width : odd_) {
    width = choices.pick({33u, 24u, 17u, 7u, 63u, 3u, 48u, 65u, 100u, 31u, 9u, 2u, 127u, 40u, 12u, 56u});
    integers.push_back(integer(width));
  }
  auto lanes = [&](Type* lane, unsigned count) { vectors.push_back(FixedVectorType::get(lane, count)); };
  Type* f32 = Type::getFloatTy(context);
  Type* f64 = Type::getDoubleTy(context);
  for (unsigned bits : {128u, 64u}) {
    for (unsigned width : {32u, 64u, 16u, 8u})
      if (width < bits)
        lanes(integer(width), bits / width);
    lanes(f32, bits / 32);
    if (bits == 128)
      lanes(f64, 2);
  }
  for (unsigned i = 0, count = 1 + choices.below(3); i < count; ++i) {
    std::vector<Type*> fields;
    for (unsigned n = 0, fieldCount = 1 + choices.below(4); n < fieldCount; ++n)
      fields.push_back(fieldType(0));
    structs.push_back(StructType::create(context, fields, "s", choices.oneIn(8)));
  }
}

Type* Plan::fieldType(unsigned depth) {
  switch (choices.below(depth ? 7 : 10)) {
  case 0:
  case 1:
  case 2:
    return someInteger();
  case 3:
    return floating();
  case 4:
    return integer(64);
  case 5:
    return integer(32);
  case 6:
    return integer(8);
  case 7:
    return ArrayType::get(fieldType(depth + 1), 1u << choices.below(3));
  case 8:
    return StructType::get(context, {fieldType(depth + 1), fieldType(depth + 1)});
  default:
    return choices.oneIn(3) ? cast<Type>(choices.pick(vectors)) : integer(16);
  }
}

IntegerType* Plan::someInteger() {
  static constexpr unsigned kOften[] = {64, 32, 64, 32, 64, 32, 8, 16, 1, 8, 16, 64, 32, 128};
  unsigned which = choices.below(std::size(kOften) + 2);
  return integer(which < std::size(kOften) ? kOften[which] : odd_[which - std::size(kOften)]);
}

Type* Plan::scalar() {
  return choices.below(4) == 3 ? floating() : someInteger();
}

Type* Plan::any() {
  unsigned which = choices.below(12);
  if (which == 11)
    return choices.oneIn(3) ? cast<Type>(choices.pick(structs)) : choices.pick(vectors);
  if (which >= 9 || (which >= 4 && mood_ == Mood::Floats))
    return floating();
  if (which == 8 || (which >= 3 && mood_ == Mood::Vectors))
    return mood_ == Mood::Integers ? someInteger() : cast<Type>(choices.pick(vectors));
  return someInteger();
}

Type* Plan::wholeBytes() {
  switch (choices.below(12)) {
  case 0:
  case 1:
  case 2:
    return integer(64);
  case 3:
  case 4:
    return integer(32);
  case 5:
    return integer(8);
  case 6:
    return integer(16);
  case 7:
  case 8:
    return floating();
  case 9:
    return integer(128);
  default:
    return choices.pick(vectors);
  }
}

APInt Plan::constantBits(unsigned width) {
  APInt value(width, 0);
  switch (choices.below(10)) {
  case 0:
    return value;
  case 1:
    return APInt(width, 1);
  case 2:
    return APInt::getAllOnes(width);
  case 3:
    return APInt(width, choices.byte());
  case 4:
    return -APInt(width, choices.byte());
  case 5:
    value.setBit(choices.below(width));
    return value;
  case 6:
    return APInt::getLowBitsSet(width, choices.below(width + 1));
  case 7:
    return choices.flip() ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width);
  case 8:
    return APInt(width, choices.bits(4));
  default: {
    std::uint64_t words[] = {choices.bits(8), width > 64 ? choices.bits(8) : 0};
    return APInt((width + 63) / 64 * 64, ArrayRef(words, width > 64 ? 2 : 1)).trunc(width);
  }
  }
}

APFloat Plan::constantFloat(Type* type) {
  static constexpr double kValues[] = {1,   0,   -0.0, -1,    0.5,    2,   -3.25,  1e10, 1e-10,        100,
                                       2.5, 0.1, 1e30, 65535, 1e-310, 3.0, -1e-40, 0.75, 4294967296.0, -2};
  const fltSemantics& format = type->getFltSemantics();
  switch (choices.below(6)) {
  case 4:
    if (choices.below(3) != 2)
      return APFloat(format, choices.byte());
    return choices.oneIn(4) ? APFloat::getQNaN(format) : APFloat::getInf(format, choices.flip());
  case 5: {
    unsigned width = type->getPrimitiveSizeInBits();
    APInt bits(width, choices.bits(width / 8));
    // Exponents near that of 1, most often: what overflows shows no more.
    if (choices.below(4) != 3)
      bits = (bits & ~APInt::getBitsSet(width, width - 3, width - 1)) | APInt::getBitsSet(width, width - 4, width - 2);
    APFloat value(format, bits);
    return value.isNaN() ? APFloat::getQNaN(format) : value;
  }
  default: {
    APFloat value(kValues[choices.below(std::size(kValues))]);
    bool inexact = false;
    value.convert(format, APFloat::rmNearestTiesToEven, &inexact);
    return value;
  }
  }
}

Constant* Plan::constant(Type* type) {
  if (type->isIntegerTy())
    return ConstantInt::get(context, constantBits(type->getIntegerBitWidth()));
  if (type->isFloatingPointTy())
    return ConstantFP::get(context, constantFloat(type));
  if (choices.oneIn(4))
    return Constant::getNullValue(type);
  std::vector<Constant*> parts;
  if (auto* vector = dyn_cast<FixedVectorType>(type)) {
    for (unsigned i = 0; i < vector->getNumElements(); ++i)
      parts.push_back(i && choices.flip() ? parts.front() : constant(vector->getElementType()));
    return ConstantVector::get(parts);
  }
  if (auto* array = dyn_cast<ArrayType>(type)) {
    for (unsigned i = 0; i < array->getNumElements(); ++i)
      parts.push_back(constant(array->getElementType()));
    return ConstantArray::get(array, parts);
  }
  auto* structure = cast<StructType>(type);
  for (Type* field : structure->elements())
    parts.push_back(constant(field));
  return ConstantStruct::get(structure, parts);
}

GlobalVariable* Plan::variable(Type* type, Constant* value, const char* name) {
  auto* variable = new GlobalVariable(*module, type, false, GlobalValue::ExternalLinkage, value, name);
  variable->setAlignment(Align(16));
  return variable;
}

void Plan::makeVariables() {
  fuel = variable(integer(64), ConstantInt::get(integer(64), 0), kFuelName);
  never = variable(integer(32), ConstantInt::get(integer(32), 0), "never");
  auto* sinks = ArrayType::get(integer(64), 16);
  sink = variable(sinks, Constant::getNullValue(sinks), "sink");

  for (unsigned i = 0, count = 1 + choices.below(3); i < count; ++i) {
    unsigned bytes = 64u << choices.below(3);
    std::vector<std::uint8_t> contents(bytes + kSlack);
    std::uint8_t step = choices.byte();
    for (std::size_t at = 0; at < contents.size(); ++at)
      contents[at] = static_cast<std::uint8_t>(step * (at * at + 7 * at));
    auto* value = ConstantDataArray::get(context, contents);
    GlobalVariable* raw = variable(value->getType(), value, "raw");
    if (i && choices.oneIn(4)) {
      raw->setThreadLocalMode(choices.flip() ? GlobalValue::GeneralDynamicTLSModel : GlobalValue::InitialExecTLSModel);
      threadLocals.push_back({raw, bytes});
    } else {
      raws.push_back({raw, bytes});
    }
  }
  for (unsigned i = 0, count = 1 + choices.below(3); i < count; ++i) {
    Type* type = choices.flip() ? cast<Type>(choices.pick(structs)) : any();
    if (choices.flip())
      type = ArrayType::get(type, 1u << choices.below(4));
    GlobalVariable* place = variable(type, constant(type), "typed");
    typed.push_back({place, type});
  }
}

void Plan::addParameter(Callable& callable) {
  auto& parameters = callable.parameters;
  switch (choices.below(12)) {
  case 9:
    parameters.push_back({Parameter::Kind::Raw, nullptr});
    break;
  case 10:
    parameters.push_back({Parameter::Kind::ByValue, choices.pick(structs)});
    break;
  case 11:
    parameters.push_back({Parameter::Kind::Value, choices.pick(structs)});
    break;
  default:
    parameters.push_back({Parameter::Kind::Value, any()});
  }
}

void Plan::attributes(Function& function, const Callable& callable) {
  for (auto [number, parameter] : enumerate(callable.parameters)) {
    Type* type = parameter.type;
    if (parameter.kind == Parameter::Kind::ByValue) {
      function.addParamAttr(number, Attribute::getWithByValType(context, type));
      function.addParamAttr(number, Attribute::getWithAlignment(context, Align(16)));
    } else if (parameter.kind == Parameter::Kind::StructResult) {
      function.addParamAttr(number, Attribute::getWithStructRetType(context, type));
    } else if (parameter.kind == Parameter::Kind::Value && type->isIntegerTy() && type->getIntegerBitWidth() <= 32) {
      // Two of three have one, as what C compilers write.
      if (unsigned which = choices.below(3))
        function.addParamAttr(number, which == 1 ? Attribute::SExt : Attribute::ZExt);
    }
  }
  Type* result = function.getReturnType();
  if (result->isIntegerTy() && result->getIntegerBitWidth() <= 32)
    if (unsigned which = choices.below(3))
      function.addRetAttr(which == 1 ? Attribute::SExt : Attribute::ZExt);
}

Callable Plan::makeCallable(unsigned number) {
  Callable callable;
  callable.leaf = choices.below(4) == 3;
  // Now and then more than the registers hold.
  unsigned count = choices.oneIn(5) ? 6 + choices.below(10) : choices.below(5);
  Type* result = choices.below(4) == 3 ? any() : scalar();
  if (choices.oneIn(8)) {
    result = Type::getVoidTy(context);
    callable.parameters.push_back({Parameter::Kind::StructResult, choices.pick(structs)});
  } else if (choices.oneIn(8)) {
    result = StructType::get(context, {scalar(), scalar(), scalar()});
  }
  for (unsigned i = 0; i < count; ++i)
    addParameter(callable);
  std::vector<Type*> types;
  for (const Parameter& parameter : callable.parameters)
    types.push_back(parameter.kind == Parameter::Kind::Value ? parameter.type : PointerType::getUnqual(context));
  callable.function = Function::Create(FunctionType::get(result, types, false), GlobalValue::ExternalLinkage,
                                       "f" + std::to_string(number), *module);
  attributes(*callable.function, callable);
  if (choices.oneIn(5))
    callable.function->setCallingConv(CallingConv::Fast);
  if (choices.oneIn(3))
    callable.function->addFnAttr(Attribute::NoInline);
  if (callable.leaf && choices.oneIn(3))
    callable.function->setDoesNotThrow();
  return callable;
}

Callable Plan::makeVariadic() {
  Callable callable;
  callable.leaf = true;
  for (unsigned i = 0, count = choices.below(3); i < count; ++i)
    callable.parameters.push_back({Parameter::Kind::Value, scalar()});
  std::vector<Type*> types;
  for (const Parameter& parameter : callable.parameters)
    types.push_back(parameter.type);
  for (unsigned i = 0, count = 1 + choices.below(12); i < count; ++i)
    callable.unnamed.push_back(choices.pick<Type*>({integer(64), integer(32), Type::getDoubleTy(context)}));
  callable.function =
      Function::Create(FunctionType::get(integer(64), types, true), GlobalValue::ExternalLinkage, "variadic", *module);
  return callable;
}

void Plan::makeFunctions() {
  Type* i64 = integer(64);
  Type* nothing = Type::getVoidTy(context);
  auto declared = [&](const char* name, FunctionType* type) {
    return Function::Create(type, GlobalValue::ExternalLinkage, name, *module);
  };
  throwing = declared(kThrowName, FunctionType::get(nothing, {i64}, false));
  hostMix = declared(kHostMixName, FunctionType::get(i64, {i64, Type::getDoubleTy(context), integer(32)}, false));
  personality = declared("__gxx_personality_v0", FunctionType::get(integer(32), true));
  entry = declared(kEntryName, FunctionType::get(i64, {i64, i64}, false));

  for (unsigned i = 0, count = choices.below(5); i < count; ++i) {
    if (i && choices.below(3) == 2) {
      // A function of the same signature, for tables and tail calls.
      Callable twin = callables[choices.below(callables.size())];
      Function* first = twin.function;
      twin.function =
          Function::Create(first->getFunctionType(), GlobalValue::ExternalLinkage, "f" + std::to_string(i), *module);
      twin.function->setAttributes(first->getAttributes());
      twin.function->setCallingConv(first->getCallingConv());
      callables.push_back(twin);
    } else {
      callables.push_back(makeCallable(i));
    }
  }
  if (choices.oneIn(6))
    callables.push_back(makeVariadic());
}

void Plan::makeTables() {
  for (unsigned i = 0; i < callables.size(); ++i) {
    Function* function = callables[i].function;
    if (function->isVarArg())
      continue;
    // One table a signature; what belongs to an earlier one is in there.
    auto same = [&](const CallTable& table) {
      Function* other = callables[table.callables.front()].function;
      return other->getFunctionType() == function->getFunctionType() &&
             other->getAttributes() == function->getAttributes() &&
             other->getCallingConv() == function->getCallingConv();
    };
    if (auto found = find_if(tables, same); found != tables.end())
      found->callables.push_back(i);
    else
      tables.push_back({nullptr, {i}, 0});
  }
  for (CallTable& table : tables) {
    table.length = std::bit_ceil(table.callables.size());
    std::vector<Constant*> addresses;
    for (unsigned i = 0; i < table.length; ++i)
      addresses.push_back(callables[table.callables[i % table.callables.size()]].function);
    auto* type = ArrayType::get(PointerType::getUnqual(context), table.length);
    // A variable one is no less defined, and no compiler looks through it.
    table.table = new GlobalVariable(*module, type, choices.flip(), GlobalValue::ExternalLinkage,
                                     ConstantArray::get(type, addresses), "table");
  }
}

} // namespace kiln::fuzz

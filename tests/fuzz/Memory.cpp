// Memory: addresses of all shapes, loads and stores, blocks of it, atomics.
#include <llvm/IR/Intrinsics.h>

#include "Families.h"

using namespace llvm;

namespace kiln::fuzz {
namespace {

struct Address {
  Value* pointer;
  Align alignment;
};

Value* masked(Body& body, unsigned count) {
  unsigned width = body.choices.pick({64u, 32u, 64u, 32u, 16u, 8u});
  // An index is signed: one that has the sign bit to spare stays positive.
  if (count > (1u << (width - 1)))
    width = 64;
  Value* index = body.useIndex(width);
  Value* small = body.keep(body.b.CreateAnd(index, body.number(width, count - 1)));
  if (width == 64 || body.choices.flip())
    return small;
  Value* wide = body.choices.flip() ? body.b.CreateSExt(small, body.plan.integer(64))
                                    : body.b.CreateZExt(small, body.plan.integer(64));
  return body.keep(wide);
}

/// An address in the place, at which `type` may be accessed.
Address addressIn(Body& body, const RawPlace& place, Type* type) {
  auto& b = body.b;
  const DataLayout& layout = body.plan.module->getDataLayout();
  unsigned size = layout.getTypeStoreSize(type);
  Type* byte = body.plan.integer(8);
  bool natural = isPowerOf2_32(size) && size <= 16;
  Align aligned = natural ? Align(size) : Align(1);
  switch (body.choices.below(8)) {
  case 0:
    return {place.pointer, natural ? Align(16) : Align(1)};
  case 1: {
    unsigned at = body.choices.below(place.bytes);
    if (auto* fixed = dyn_cast<GlobalVariable>(place.pointer))
      return {ConstantExpr::getInBoundsGetElementPtr(byte, fixed, body.number(64, at)), commonAlignment(Align(16), at)};
    return {body.keep(b.CreateConstInBoundsGEP1_64(byte, place.pointer, at)), commonAlignment(Align(16), at)};
  }
  case 2:
    return {body.keep(b.CreateInBoundsGEP(byte, place.pointer, masked(body, place.bytes))), Align(1)};
  case 3: { // from the middle, forwards and backwards
    Type* i64 = body.plan.integer(64);
    Value* middle = body.keep(b.CreateConstInBoundsGEP1_64(byte, place.pointer, place.bytes / 2));
    Value* forwards = body.keep(b.CreateZExtOrTrunc(masked(body, place.bytes), i64));
    Value* index = body.keep(b.CreateSub(forwards, body.number(64, place.bytes / 2)));
    return {body.keep(b.CreateInBoundsGEP(byte, middle, index)), Align(1)};
  }
  case 4: { // an array in the place, and something in it
    if (!natural)
      break;
    unsigned count = place.bytes / size;
    auto* array = ArrayType::get(type, count);
    Value* zero = body.number(64, 0);
    return {body.keep(b.CreateInBoundsGEP(array, place.pointer, {zero, masked(body, count)})), aligned};
  }
  case 5: { // index and distance
    if (!natural || place.bytes / size < 4)
      break;
    Value* element = body.keep(b.CreateInBoundsGEP(type, place.pointer, masked(body, place.bytes / size / 2)));
    return {body.keep(b.CreateConstInBoundsGEP1_64(type, element, body.choices.below(place.bytes / size / 2))),
            aligned};
  }
  case 6: { // by way of an integer
    Value* number = body.keep(b.CreatePtrToInt(place.pointer, body.plan.integer(64)));
    Value* offset = body.keep(b.CreateAnd(body.useIndex(64), body.number(64, place.bytes - 1)));
    return {body.keep(b.CreateIntToPtr(body.keep(b.CreateAdd(number, offset)), b.getPtrTy())), Align(1)};
  }
  default:
    break;
  }
  if (!natural)
    return {body.keep(b.CreateInBoundsGEP(byte, place.pointer, masked(body, place.bytes))), Align(1)};
  return {body.keep(b.CreateInBoundsGEP(type, place.pointer, masked(body, place.bytes / size))), aligned};
}

Address rawAddress(Body& body, Type* type) {
  Address address = addressIn(body, body.choices.pick(body.raws), type);
  if (body.choices.below(16) == 15) {
    // One of two addresses.
    Address other = addressIn(body, body.choices.pick(body.raws), type);
    Value* chosen = body.keep(body.b.CreateSelect(body.condition(), address.pointer, other.pointer));
    return {chosen, std::min(address.alignment, other.alignment)};
  }
  return address;
}

void storeRaw(Body& body, Type* type, Value* value) {
  Address to = rawAddress(body, type);
  if (type->isFPOrFPVectorTy())
    value = body.keep(body.b.CreateBitCast(body.floatBits(value), type));
  body.b.CreateAlignedStore(value, to.pointer, to.alignment, body.choices.below(32) == 31);
}

struct Part {
  Value* pointer;
  Type* type;
  bool packed;
};

/// A way down into the place to something that is no aggregate.
Part partOf(Body& body, const TypedPlace& place) {
  auto& b = body.b;
  Type* type = place.type;
  Part part{place.pointer, type, false};
  std::vector<Value*> indices = {body.number(64, 0)};
  auto descend = [&] {
    if (indices.size() > 1)
      part.pointer = body.keep(b.CreateInBoundsGEP(type, part.pointer, indices));
    type = part.type;
    indices = {body.number(64, 0)};
  };
  while (part.type->isAggregateType()) {
    if (auto* array = dyn_cast<ArrayType>(part.type)) {
      indices.push_back(masked(body, array->getNumElements()));
      part.type = array->getElementType();
    } else {
      auto* structure = cast<StructType>(part.type);
      part.packed |= structure->isPacked();
      unsigned field = body.choices.below(structure->getNumElements());
      indices.push_back(body.number(32, field));
      part.type = structure->getElementType(field);
    }
    if (body.choices.below(4) == 3)
      descend();
  }
  descend();
  return part;
}

Align alignmentOf(Body& body, const Part& part) {
  return part.packed ? Align(1) : body.plan.module->getDataLayout().getABITypeAlign(part.type);
}

void updateInPlace(Body& body) {
  auto& b = body.b;
  Type* type = body.choices.pick<Type*>(
      {body.plan.integer(32), body.plan.integer(64), body.plan.integer(8), body.plan.integer(16)});
  Address at = rawAddress(body, type);
  Value* before = b.CreateAlignedLoad(type, at.pointer, at.alignment);
  auto op =
      body.choices.pick({Instruction::Add, Instruction::Sub, Instruction::And, Instruction::Or, Instruction::Xor});
  b.CreateAlignedStore(b.CreateBinOp(op, before, body.use(type)), at.pointer, at.alignment);
  if (body.choices.flip())
    body.push(before);
}

void moveBlock(Body& body) {
  auto& b = body.b;
  const RawPlace& to = body.choices.pick(body.raws);
  const RawPlace& from = body.choices.pick(body.raws);
  Type* byte = body.plan.integer(8);
  // Both begin in the first half, and no more than half is moved.
  auto half = [&](const RawPlace& place, bool fixed) {
    Value* at = fixed ? body.number(64, body.choices.below(place.bytes / 2)) : masked(body, place.bytes / 2);
    return body.keep(b.CreateInBoundsGEP(byte, place.pointer, at));
  };
  unsigned most = std::min(to.bytes, from.bytes) / 2;
  bool fixed = body.choices.flip();
  Value* size = fixed ? body.number(64, body.choices.below(most + 1))
                      : body.keep(b.CreateAnd(body.useIndex(64), body.number(64, most - 1)));
  Value* target = half(to, body.choices.flip());
  switch (body.choices.below(3)) {
  case 0:
    b.CreateMemMove(target, Align(1), half(from, body.choices.flip()), Align(1), size);
    break;
  case 1:
    b.CreateMemSet(target, body.use(byte), size, Align(1));
    break;
  default:
    // Places are the same or far apart, but arguments may be anything.
    if (!isa<GlobalVariable>(to.pointer) || !isa<GlobalVariable>(from.pointer) || to.pointer == from.pointer)
      b.CreateMemMove(target, Align(1), half(from, body.choices.flip()), Align(1), size);
    else if (fixed && body.choices.below(4) == 3)
      b.CreateMemCpyInline(target, Align(1), half(from, true), Align(1), size);
    else
      b.CreateMemCpy(target, Align(1), half(from, body.choices.flip()), Align(1), size);
  }
}

/// Memory whose size the program computes, for as long as the scope lasts.
void dynamicPlace(Body& body) {
  auto& b = body.b;
  unsigned bytes = 64u;
  Value* saved = body.keep(b.CreateStackSave());
  {
    Body::Scope scope(body);
    Value* size = body.keep(
        b.CreateAdd(body.keep(b.CreateAnd(body.useIndex(64), body.number(64, 127))), body.number(64, bytes + kSlack)));
    AllocaInst* place = b.CreateAlloca(body.plan.integer(8), size);
    place->setAlignment(Align(16));
    body.keep(place);
    body.keep(b.CreateMemSet(place, body.number(8, body.choices.byte()), size, Align(16)));
    body.raws.push_back({place, bytes});
    body.statements(1 + body.choices.below(5));
  }
  if (body.choices.flip())
    body.keep(b.CreateStackRestore(saved));
}

/// A place that is known by another pointer from here on: part of one, or one of two, or one that was put into memory.
void derivedPlace(Body& body) {
  auto& b = body.b;
  RawPlace place = body.choices.pick(body.raws);
  switch (body.choices.below(3)) {
  case 0: {
    if (place.bytes <= kRawArgumentBytes)
      break;
    Value* index = masked(body, place.bytes / 2 / 16);
    auto* step = ArrayType::get(body.plan.integer(64), 2);
    body.raws.push_back({body.keep(b.CreateInBoundsGEP(step, place.pointer, index)), place.bytes / 2});
    return;
  }
  case 1: {
    AllocaInst* slot = body.local(b.getPtrTy(), 8);
    body.keep(b.CreateStore(place.pointer, slot));
    body.raws.push_back({body.keep(b.CreateLoad(b.getPtrTy(), slot)), place.bytes});
    return;
  }
  default:
    break;
  }
  RawPlace other = body.choices.pick(body.raws);
  BasicBlock* from = b.GetInsertBlock();
  BasicBlock* then = body.block("here");
  BasicBlock* join = body.block("place");
  b.CreateCondBr(body.condition(), then, join);
  body.moveTo(then);
  b.CreateBr(join);
  body.moveTo(join);
  PHINode* phi = b.CreatePHI(b.getPtrTy(), 2);
  phi->addIncoming(place.pointer, from);
  phi->addIncoming(other.pointer, then);
  body.raws.push_back({body.keep(phi), std::min(place.bytes, other.bytes)});
}

void pointerNumbers(Body& body) {
  auto& b = body.b;
  // The distance of two addresses in one place, and how they compare.
  const RawPlace& place = body.choices.pick(body.raws);
  Type* i8 = body.plan.integer(8);
  Value* left = addressIn(body, place, i8).pointer;
  Value* right = addressIn(body, place, i8).pointer;
  if (body.choices.flip()) {
    Type* i64 = body.plan.integer(64);
    body.push(b.CreateSub(b.CreatePtrToInt(left, i64), b.CreatePtrToInt(right, i64)));
  } else {
    auto predicate = body.choices.pick({CmpInst::ICMP_EQ, CmpInst::ICMP_NE, CmpInst::ICMP_ULT, CmpInst::ICMP_UGE});
    body.push(b.CreateICmp(predicate, left, right));
  }
}

Value* atomicAddress(Body& body, unsigned bytes) {
  const RawPlace& place = body.choices.pick(body.raws);
  Value* index = masked(body, place.bytes / bytes);
  return body.keep(body.b.CreateInBoundsGEP(body.plan.integer(bytes * 8), place.pointer, index));
}

void readModifyWrite(Body& body) {
  auto& b = body.b;
  unsigned bytes = 1u << body.choices.below(4);
  Type* type = body.plan.integer(8 * bytes);
  auto op = body.choices.pick({AtomicRMWInst::Add, AtomicRMWInst::Sub, AtomicRMWInst::Xchg, AtomicRMWInst::And,
                               AtomicRMWInst::Or, AtomicRMWInst::Xor, AtomicRMWInst::Nand, AtomicRMWInst::Max,
                               AtomicRMWInst::Min, AtomicRMWInst::UMax, AtomicRMWInst::UMin, AtomicRMWInst::UIncWrap,
                               AtomicRMWInst::UDecWrap});
  auto ordering = body.choices.pick({AtomicOrdering::SequentiallyConsistent, AtomicOrdering::Monotonic,
                                     AtomicOrdering::Acquire, AtomicOrdering::Release, AtomicOrdering::AcquireRelease});
  Value* address = atomicAddress(body, bytes);
  Value* before = b.CreateAtomicRMW(op, address, body.use(type), Align(bytes), ordering);
  // A result that nobody uses has instructions of its own.
  if (body.choices.flip())
    body.push(before);
}

void compareExchange(Body& body) {
  auto& b = body.b;
  unsigned bytes = 1u << body.choices.below(4);
  Type* type = body.plan.integer(8 * bytes);
  Value* address = atomicAddress(body, bytes);
  // What is there, most often: otherwise it would never succeed.
  Value* expected = body.choices.flip() ? body.use(type) : b.CreateAlignedLoad(type, address, Align(bytes));
  Value* both = b.CreateAtomicCmpXchg(address, expected, body.use(type), Align(bytes),
                                      AtomicOrdering::SequentiallyConsistent, AtomicOrdering::SequentiallyConsistent);
  body.push(b.CreateExtractValue(both, 0));
  body.push(b.CreateExtractValue(both, 1));
}

void floatAtomic(Body& body) {
  auto& b = body.b;
  for (const TypedPlace& place : body.typed)
    if (place.type->isFloatingPointTy()) {
      auto op = body.choices.pick({AtomicRMWInst::FAdd, AtomicRMWInst::FSub, AtomicRMWInst::Xchg});
      Align alignment = body.plan.module->getDataLayout().getABITypeAlign(place.type);
      body.push(b.CreateAtomicRMW(op, place.pointer, body.use(place.type), alignment,
                                  AtomicOrdering::SequentiallyConsistent));
      return;
    }
  readModifyWrite(body);
}

} // namespace

Value* loadRaw(Body& body, Type* type) {
  Address from = rawAddress(body, type);
  bool isVolatile = body.choices.below(32) == 31;
  if (type->isFPOrFPVectorTy()) {
    // As the float itself, whose NaN is then made quiet.
    Value* value = body.keep(body.b.CreateAlignedLoad(type, from.pointer, from.alignment, isVolatile));
    return body.keep(body.b.CreateBitCast(body.floatBits(value), type));
  }
  return body.b.CreateAlignedLoad(type, from.pointer, from.alignment, isVolatile);
}

Value* loadTyped(Body& body) {
  Part part = partOf(body, body.choices.pick(body.typed));
  return body.b.CreateAlignedLoad(part.type, part.pointer, alignmentOf(body, part));
}

void memoryStatement(Body& body) {
  auto& b = body.b;
  switch (body.choices.below(16)) {
  case 0:
  case 1:
  case 2: {
    Type* type = body.plan.wholeBytes();
    storeRaw(body, type, body.use(type));
    return;
  }
  case 3:
  case 4:
  case 5:
    body.push(loadRaw(body, body.plan.wholeBytes()));
    return;
  case 6:
  case 7: {
    Part part = partOf(body, body.choices.pick(body.typed));
    b.CreateAlignedStore(body.use(part.type), part.pointer, alignmentOf(body, part));
    return;
  }
  case 8:
  case 9:
    body.push(loadTyped(body));
    return;
  case 10:
  case 11:
    updateInPlace(body);
    return;
  case 12:
    moveBlock(body);
    return;
  case 13:
    if (body.choices.flip())
      return derivedPlace(body);
    return pointerNumbers(body);
  case 14:
    if (!body.self.leaf && body.choices.flip())
      return dynamicPlace(body);
    return moveBlock(body);
  default: {
    // All of a place at once.
    const TypedPlace& place = body.choices.pick(body.typed);
    if (!place.type->isStructTy())
      return body.observe(loadTyped(body));
    Align alignment = body.plan.module->getDataLayout().getABITypeAlign(place.type);
    if (body.choices.flip())
      body.push(b.CreateAlignedLoad(place.type, place.pointer, alignment));
    else
      b.CreateAlignedStore(body.use(place.type), place.pointer, alignment);
  }
  }
}

void atomicStatement(Body& body) {
  auto& b = body.b;
  switch (body.choices.below(8)) {
  case 0:
  case 1:
  case 2:
    return readModifyWrite(body);
  case 3:
    return compareExchange(body);
  case 4: {
    unsigned bytes = 1u << body.choices.below(4);
    auto* load = b.CreateAlignedLoad(body.plan.integer(8 * bytes), atomicAddress(body, bytes), Align(bytes));
    load->setAtomic(body.choices.pick(
        {AtomicOrdering::SequentiallyConsistent, AtomicOrdering::Acquire, AtomicOrdering::Unordered}));
    body.push(load);
    return;
  }
  case 5: {
    unsigned bytes = 1u << body.choices.below(4);
    Value* address = atomicAddress(body, bytes);
    auto* store = b.CreateAlignedStore(body.use(body.plan.integer(8 * bytes)), address, Align(bytes));
    store->setAtomic(body.choices.pick(
        {AtomicOrdering::SequentiallyConsistent, AtomicOrdering::Release, AtomicOrdering::Monotonic}));
    return;
  }
  case 6:
    b.CreateFence(body.choices.pick({AtomicOrdering::SequentiallyConsistent, AtomicOrdering::Acquire}),
                  body.choices.flip() ? SyncScope::SingleThread : SyncScope::System);
    return;
  default:
    return floatAtomic(body);
  }
}

} // namespace kiln::fuzz

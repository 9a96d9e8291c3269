// Where control goes: branches, loops of all forms, switches, irreducible flow, ways out.
#include <llvm/IR/Intrinsics.h>

#include "Families.h"

using namespace llvm;

namespace kiln::fuzz {
namespace {

/// How a loop counts its rounds: from a start by a step, and on while a comparison with an end holds.
struct Counter {
  IntegerType* type = nullptr;
  Value* start = nullptr;
  Value* end = nullptr;
  std::uint64_t step = 1;
  CmpInst::Predicate more = CmpInst::ICMP_ULT;
};

/// At least one round, at most 16 in the outermost loop and less in those inside.
Counter counter(Body& body) {
  auto& b = body.b;
  Counter made;
  unsigned width = body.choices.pick({64u, 32u, 64u, 32u, 16u, 8u});
  made.type = body.plan.integer(width);
  unsigned most = 16u >> body.loopDepth;
  Value* rounds = body.number(width, most);
  if (body.choices.below(3) != 2) {
    Value* fewer = body.keep(b.CreateAnd(body.useIndex(width), body.number(width, most - 1)));
    rounds = body.keep(b.CreateAdd(fewer, body.number(width, 1)));
  }
  Value* zero = body.number(width, 0);
  switch (body.choices.below(5)) {
  case 0:
    made.start = zero, made.end = rounds, made.more = CmpInst::ICMP_ULT;
    break;
  case 1:
    made.start = zero, made.end = rounds, made.more = CmpInst::ICMP_SLT;
    break;
  case 2:
    made.start = zero, made.end = rounds, made.more = CmpInst::ICMP_NE;
    break;
  case 3: // down to zero
    made.start = rounds, made.end = zero, made.step = ~std::uint64_t{0};
    made.more = body.choices.flip() ? CmpInst::ICMP_NE : CmpInst::ICMP_SGT;
    break;
  default: // by threes
    made.start = zero, made.step = 3, made.more = CmpInst::ICMP_ULT;
    made.end = body.keep(b.CreateMul(rounds, body.number(width, 3)));
  }
  return made;
}

struct Loop {
  BasicBlock* header = nullptr;
  PHINode* count = nullptr;
  std::vector<PHINode*> carried;
};

/// Enters the header, with phis for values that go round.
Loop header(Body& body, const Counter& counter, unsigned most) {
  auto& b = body.b;
  Loop loop;
  std::vector<Value*> initial;
  for (unsigned i = 0, count = body.choices.below(most + 1); i < count; ++i)
    initial.push_back(body.use(body.plan.any()));
  BasicBlock* before = b.GetInsertBlock();
  loop.header = body.block("loop");
  body.keep(b.CreateBr(loop.header));
  body.moveTo(loop.header);
  loop.count = b.CreatePHI(counter.type, 2);
  body.keep(loop.count);
  loop.count->addIncoming(counter.start, before);
  for (Value* value : initial) {
    PHINode* phi = b.CreatePHI(value->getType(), 2);
    phi->addIncoming(value, before);
    loop.carried.push_back(phi);
    body.push(phi);
  }
  body.push(loop.count);
  return loop;
}

/// The end of a round, back to the header or out to `exit`.
void goRound(Body& body, Loop& loop, const Counter& counter, Join& exit) {
  auto& b = body.b;
  std::vector<Value*> next;
  for (PHINode* phi : loop.carried) {
    // Now and then phis change places.
    auto other =
        body.choices.below(4) == 3
            ? find_if(reverse(loop.carried), [&](PHINode* p) { return p != phi && p->getType() == phi->getType(); })
            : loop.carried.rend();
    next.push_back(other != loop.carried.rend() ? cast<Value>(*other) : body.useVariable(phi->getType()));
  }
  body.reach(exit);
  Value* count = body.keep(b.CreateAdd(loop.count, body.number(counter.type->getBitWidth(), counter.step)));
  Value* more = body.keep(b.CreateICmp(counter.more, count, counter.end));
  BasicBlock* latch = b.GetInsertBlock();
  if (body.choices.flip())
    body.branchWithWayOut(more, loop.header, exit.block, 1);
  else
    body.branchWithWayOut(body.keep(b.CreateNot(more)), exit.block, loop.header, 0);
  loop.count->addIncoming(count, latch);
  for (std::size_t i = 0; i < next.size(); ++i)
    loop.carried[i]->addIncoming(next[i], latch);
}

std::vector<APInt> sparseCases(Body& body, unsigned width, unsigned count) {
  std::vector<APInt> cases;
  for (unsigned i = 0; i < count; ++i)
    if (APInt value = body.plan.constantBits(width); !is_contained(cases, value))
      cases.push_back(value);
  return cases;
}

struct Switched {
  Value* value = nullptr;
  std::vector<APInt> cases; ///< some of what the value is
  bool complete = false;    ///< all of it
};

Switched switchOperands(Body& body) {
  auto& b = body.b;
  unsigned width = body.choices.pick({32u, 64u, 8u, 16u, 7u, 33u});
  Type* type = body.plan.integer(width);
  Value* index = body.useVariable(type);
  Switched made;
  if (body.choices.below(3) == 2) {
    made.cases = sparseCases(body, width, 2 + body.choices.below(8));
    // One of them, or anything.
    Value* some = ConstantInt::get(type, body.choices.pick(made.cases));
    made.value = b.CreateSelect(body.condition(), some, index);
    return made;
  }
  // A run of numbers with equal distances.
  unsigned bits = body.choices.between(1, body.choices.oneIn(6) ? 6 : 3);
  APInt step(width, body.choices.below(3) == 2 ? 1 + body.choices.below(20) : 1);
  APInt first = body.choices.flip() ? APInt(width, 0) : body.plan.constantBits(width);
  for (unsigned i = 0; i < (1u << bits); ++i)
    if (APInt value = first + step * APInt(width, i); !is_contained(made.cases, value))
      made.cases.push_back(value);
  made.complete = body.choices.below(4) == 3;
  Value* small = body.keep(b.CreateAnd(index, body.number(width, (1u << bits) - 1)));
  Value* scaled = body.keep(b.CreateMul(small, ConstantInt::get(type, step)));
  made.value = body.keep(b.CreateAdd(scaled, ConstantInt::get(type, first)));
  if (!made.complete)
    made.cases.resize(1 + body.choices.below(made.cases.size()), first);
  return made;
}

} // namespace

void branchStatement(Body& body) {
  auto& b = body.b;
  Join after = body.join(3, "join");
  Value* condition = body.condition();
  BasicBlock* then = body.block("then");
  if (body.choices.flip()) {
    // Without an else: the edge itself brings values.
    body.reach(after);
    b.CreateCondBr(condition, then, after.block);
  } else {
    BasicBlock* otherwise = body.block("else");
    b.CreateCondBr(condition, then, otherwise);
    Body::Scope scope(body);
    body.moveTo(otherwise);
    body.statements(1 + body.choices.below(4));
    body.jump(after);
  }
  {
    Body::Scope scope(body);
    body.moveTo(then);
    body.statements(1 + body.choices.below(4));
    body.jump(after);
  }
  body.enter(after);
}

void loopStatement(Body& body) {
  Join exit = body.join(4, "exit");
  Counter counts = counter(body);
  {
    Body::Scope scope(body);
    Loop loop = header(body, counts, body.choices.oneIn(6) ? 14 : 4);
    Join again = body.join(2, "again");
    ++body.loopDepth;
    body.enclosing.push_back({&exit, &again});
    {
      Body::Scope round(body);
      body.statements(1 + body.choices.below(body.choices.oneIn(4) ? 10 : 5));
      body.jump(again);
    }
    body.enclosing.pop_back();
    --body.loopDepth;
    body.enter(again);
    goRound(body, loop, counts, exit);
  }
  body.enter(exit);
}

void pointerLoopStatement(Body& body) {
  auto& b = body.b;
  // A pointer walks through a place, as loops over arrays are left by optimisers.
  const RawPlace place = body.choices.pick(body.raws);
  Type* type = body.choices.pick<Type*>({body.plan.integer(32), body.plan.integer(8), body.plan.integer(64)});
  unsigned size = type->getIntegerBitWidth() / 8;
  unsigned rounds = std::min(place.bytes / size, 1u + body.choices.below(16));
  Join exit = body.join(2, "exit");
  BasicBlock* before = b.GetInsertBlock();
  Value* end = body.keep(b.CreateConstInBoundsGEP1_64(type, place.pointer, rounds));
  Value* sum = body.use(type);
  BasicBlock* header = body.block("walk");
  body.keep(b.CreateBr(header));
  {
    Body::Scope scope(body);
    body.moveTo(header);
    PHINode* at = b.CreatePHI(b.getPtrTy(), 2);
    PHINode* total = b.CreatePHI(type, 2);
    body.keep(at);
    at->addIncoming(place.pointer, before);
    total->addIncoming(sum, before);
    body.push(total);
    Value* element = body.push(b.CreateLoad(type, at));
    ++body.loopDepth;
    body.statements(body.choices.below(4));
    --body.loopDepth;
    Value* more = b.CreateAdd(total, element);
    if (body.choices.flip())
      b.CreateStore(body.use(type), at);
    body.push(more);
    body.reach(exit);
    Value* next = body.keep(b.CreateConstInBoundsGEP1_64(type, at, 1));
    Value* done = body.keep(b.CreateICmpEQ(next, end));
    at->addIncoming(next, b.GetInsertBlock());
    total->addIncoming(more, b.GetInsertBlock());
    body.branchWithWayOut(done, exit.block, header, 0);
  }
  body.enter(exit);
}

void switchStatement(Body& body) {
  auto& b = body.b;
  Switched switched = switchOperands(body);
  Join after = body.join(3, "after");
  body.reach(after);
  Join::From direct = after.from.back();
  after.from.clear();
  BasicBlock* otherwise = body.block("otherwise");
  SwitchInst* instruction = b.CreateSwitch(switched.value, otherwise, switched.cases.size());
  std::vector<BasicBlock*> blocks;
  for (const APInt& number : switched.cases) {
    // Some have a block of their own, some share one, some lead to the join at once: an edge each.
    unsigned how = body.choices.below(4);
    BasicBlock* target = how == 3 ? after.block : how == 2 && !blocks.empty() ? body.choices.pick(blocks) : nullptr;
    if (!target)
      blocks.push_back(target = body.block("case"));
    if (target == after.block)
      after.from.push_back(direct);
    instruction->addCase(ConstantInt::get(body.plan.context, number), target);
  }
  if (switched.complete) {
    body.keep(instruction);
    body.moveTo(otherwise);
    b.CreateUnreachable();
  } else {
    blocks.push_back(otherwise);
  }
  for (BasicBlock* target : blocks) {
    Body::Scope scope(body);
    body.moveTo(target);
    // Statements in a few; a switch may be wide.
    if (body.choices.below(3) == 2)
      body.statements(1 + body.choices.below(2));
    body.jump(after);
  }
  body.enter(after);
}

void irreducibleStatement(Body& body) {
  auto& b = body.b;
  // Two blocks that lead to each other, both entered from outside.
  Join exit = body.join(3, "exit");
  Type* i32 = body.plan.integer(32);
  Type* carriedType = body.plan.any();
  Value* condition = body.condition();
  Value* initial = body.use(carriedType);
  BasicBlock* before = b.GetInsertBlock();
  BasicBlock* sides[2] = {body.block("left"), body.block("right")};
  b.CreateCondBr(condition, sides[0], sides[1]);
  PHINode* counts[2];
  PHINode* carried[2];
  for (int i = 0; i < 2; ++i) {
    body.moveTo(sides[i]);
    counts[i] = b.CreatePHI(i32, 2);
    body.keep(counts[i]);
    carried[i] = b.CreatePHI(carriedType, 2);
    counts[i]->addIncoming(body.number(32, 0), before);
    carried[i]->addIncoming(initial, before);
  }
  ++body.loopDepth;
  for (int i = 0; i < 2; ++i) {
    Body::Scope scope(body);
    body.moveTo(sides[i]);
    body.push(carried[i]);
    body.push(counts[i]);
    body.statements(1 + body.choices.below(3));
    Value* next = body.useVariable(carriedType);
    Value* count = body.keep(b.CreateAdd(counts[i], body.number(32, 1)));
    Value* more = body.keep(b.CreateICmpULT(count, body.number(32, 1 + body.choices.below(8))));
    body.reach(exit);
    BasicBlock* from = b.GetInsertBlock();
    body.branchWithWayOut(more, sides[1 - i], exit.block, 1);
    counts[1 - i]->addIncoming(count, from);
    carried[1 - i]->addIncoming(next, from);
  }
  --body.loopDepth;
  body.enter(exit);
}

void leaveStatement(Body& body) {
  auto& b = body.b;
  BasicBlock* leave = body.block("leave");
  BasicBlock* stay = body.block("stay");
  if (!body.enclosing.empty() && body.choices.below(4) != 3) {
    // Out of a loop, any of those around, or on with its next round.
    const Enclosing& around = body.choices.pick(body.enclosing);
    Join& to = body.choices.below(3) == 2 ? *around.again : *around.exit;
    if (body.choices.flip()) {
      body.reach(to);
      b.CreateCondBr(body.condition(), stay, to.block);
      // The condition may have made a block's worth of values, but no block.
      leave->eraseFromParent();
    } else {
      b.CreateCondBr(body.condition(), leave, stay);
      Body::Scope scope(body);
      body.moveTo(leave);
      body.jump(to);
    }
    body.moveTo(stay);
    return;
  }
  // A function that always returns early shows nothing.
  Value* rare = b.CreateICmpEQ(b.CreateAnd(body.useIndex(32), body.number(32, 7)), body.number(32, 5));
  b.CreateCondBr(rare, leave, stay);
  {
    Body::Scope scope(body);
    body.moveTo(leave);
    body.giveBack();
  }
  body.moveTo(stay);
}

void trapStatement(Body& body) {
  auto& b = body.b;
  Value* found = body.keep(b.CreateLoad(body.plan.integer(32), body.plan.never));
  BasicBlock* trap = body.block("trap");
  BasicBlock* go = body.block("go");
  body.branchWithWayOut(body.keep(b.CreateICmpNE(found, body.number(32, 0))), trap, go, 1);
  body.moveTo(trap);
  if (body.choices.flip())
    body.keep(b.CreateIntrinsic(Intrinsic::trap, {}, {}));
  b.CreateUnreachable();
  body.moveTo(go);
}

void pressureStatement(Body& body) {
  auto& b = body.b;
  // Values that are all alive over what comes between.
  std::vector<Value*> alive;
  bool floating = body.choices.below(3) == 2;
  Type* type = floating ? body.plan.floating() : cast<Type>(body.plan.integer(body.choices.flip() ? 64 : 32));
  for (unsigned i = 0, count = 6 + body.choices.below(24); i < count && (alive.empty() || !body.choices.exhausted());
       ++i)
    alive.push_back(body.push(floating ? floatArithmetic(body, type) : integerBinary(body, type)));
  body.statements(1 + body.choices.below(3));
  Value* sum = alive.front();
  for (std::size_t i = 1; i < alive.size(); ++i)
    sum = floating ? b.CreateFAdd(sum, alive[i]) : i % 2 ? b.CreateXor(sum, alive[i]) : b.CreateAdd(sum, alive[i]);
  body.push(sum);
}

} // namespace kiln::fuzz

#include "compile/baseline/emit/Emitter.h"

#include "flow/Calls.h"

namespace kiln::baseline {

std::expected<std::unique_ptr<Code>, Refusal> compile(const llvm::Function& function, std::uint32_t id,
                                                      Environment& environment, Workspace& workspace,
                                                      const EmitOptions& options) {
  return Emitter(function, id, environment, workspace, options).run();
}

Emitter::Emitter(const llvm::Function& function, std::uint32_t id, Environment& environment, Workspace& workspace,
                 const EmitOptions& options)
    : emission_(function, id, environment, workspace, options,
                {.aggregates = aggregates_,
                 .atomics = atomics_,
                 .blocks = blocks_,
                 .calls = calls_,
                 .conditions = conditions_,
                 .control = control_,
                 .counts = counts_,
                 .exceptions = exceptions_,
                 .floats = floats_,
                 .frame = frame_,
                 .integers = integers_,
                 .intrinsics = intrinsics_,
                 .loops = loops_,
                 .memory = memory_,
                 .signature = signature_,
                 .vectors = vectors_,
                 .wide = wide_,
                 .x87 = x87_}),
      integers_(emission_), wide_(emission_), floats_(emission_), x87_(emission_), vectors_(emission_),
      aggregates_(emission_), conditions_(emission_), memory_(emission_), atomics_(emission_), blocks_(emission_),
      frame_(emission_), signature_(emission_), control_(emission_), calls_(emission_), exceptions_(emission_),
      intrinsics_(emission_), counts_(emission_), loops_(emission_) {}

std::expected<std::unique_ptr<Code>, Refusal> Emitter::run() {
  try {
    auto shape = flow::shapeOfDefinition(emission_.shapes, emission_.function);
    if (!shape)
      refuse(shape.error());
    emission_.shape = *shape;
    plan();
    emit();
  } catch (const flow::Refused& refused) {
    return std::unexpected(flow::refusalOf(emission_.function, refused.reason, refused.instruction));
  }
  return std::move(emission_.out);
}

void Emitter::refuse(std::string reason) { throw flow::Refused{std::move(reason), emission_.current}; }

void Emitter::plan() {
  PlanOptions options;
  options.registers = emission_.options.settings.registers;
  options.machine = emission_.machine();
  options.allocasAreValues = emission_.options.loop != kNone;
  options.countLoops = emission_.options.settings.batch > 1;
  if (std::string reason = emission_.plan.run(emission_.function, options); !reason.empty())
    refuse(std::move(reason));
}

void Emitter::emit() {
  emission_.holder.init(asmjit::Environment::host());
  emission_.holder.attach(&emission_.assembler);
  control_.makeLabels();
  emitEntry();
  for (std::uint32_t place = 0; place < emission_.plan.order().size(); ++place)
    emitBlock(place);
  emission_.current = nullptr;
  emitCold();
  if (emission_.assembler.failed())
    refuse("an instruction that cannot be encoded"); // cannot happen: a defect of the emitter
  finish();
}

void Emitter::emitEntry() {
  frame_.enter();
  if (emission_.options.loop != kNone)
    return loops_.enter();
  if (emission_.options.settings.count)
    counts_.countEntry();
  signature_.receiveArguments();
  if (emission_.options.settings.record & Baseline::Arguments)
    counts_.recordArguments();
}

void Emitter::emitBlock(std::uint32_t place) {
  Emission& e = emission_;
  e.assembler.bind(control_.label(place));
  loops_.beginBatch(place);
  std::uint32_t number = e.plan.firstNumber(place);
  e.position = e.plan.positionOf(number);
  for (const llvm::Instruction& instruction : *e.plan.order()[place]) {
    ++e.out->instructions;
    e.number = number++;
    e.current = &instruction;
    if (e.options.lines)
      e.out->lines.emplace_back(e.assembler.here(), e.number);
    e.comesFrom(&instruction);
    if (instruction.isTerminator()) {
      const auto* last = llvm::dyn_cast_or_null<llvm::CallInst>(instruction.getPrevNode());
      if (last && (last->isMustTailCall() || isTailJump(*last)))
        continue; // the return is the callee's
      control_.emit(instruction);
    } else {
      emitInstruction(instruction);
    }
    e.position += 2;
  }
}

void Emitter::emitInstruction(const llvm::Instruction& instruction) {
  const ValueState& state = emission_.plan.stateOf(emission_.number);
  if (state.alias || state.folded || (instruction.use_empty() && flow::isPure(instruction)))
    return;
  llvm::Type* type = instruction.getType();
  if (instruction.isBinaryOp())
    return emitByType(instruction, type);
  if (instruction.isCast())
    return emitCast(instruction);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::PHI:
  case llvm::Instruction::LandingPad: return;
  case llvm::Instruction::FNeg: return emitByType(instruction, type);
  case llvm::Instruction::ICmp: return emitByType(instruction, instruction.getOperand(0)->getType());
  case llvm::Instruction::FCmp: return type->isVectorTy() ? vectors_.emit(instruction) : floats_.emit(instruction);
  case llvm::Instruction::Select:
    if (instruction.getOperand(0)->getType()->isVectorTy())
      return vectors_.emit(instruction);
    return type->isAggregateType() ? aggregates_.emit(instruction) : emitByType(instruction, type);
  case llvm::Instruction::Load: return memory_.emitLoad(llvm::cast<llvm::LoadInst>(instruction));
  case llvm::Instruction::Store: return memory_.emitStore(llvm::cast<llvm::StoreInst>(instruction));
  case llvm::Instruction::Alloca: return memory_.emitAlloca(llvm::cast<llvm::AllocaInst>(instruction));
  case llvm::Instruction::GetElementPtr:
    return type->isVectorTy() ? vectors_.emit(instruction)
                              : memory_.emitAddress(llvm::cast<llvm::GetElementPtrInst>(instruction));
  case llvm::Instruction::AtomicRMW:
  case llvm::Instruction::AtomicCmpXchg:
  case llvm::Instruction::Fence: return atomics_.emit(instruction);
  case llvm::Instruction::InsertElement:
  case llvm::Instruction::ExtractElement:
  case llvm::Instruction::ShuffleVector: return vectors_.emit(instruction);
  case llvm::Instruction::ExtractValue:
  case llvm::Instruction::InsertValue:
  case llvm::Instruction::Freeze: return aggregates_.emit(instruction);
  case llvm::Instruction::Call: return calls_.emit(llvm::cast<llvm::CallBase>(instruction));
  case llvm::Instruction::VAArg: return signature_.emitVariadicArgument(llvm::cast<llvm::VAArgInst>(instruction));
  default: refuse(std::string("instruction ") + instruction.getOpcodeName());
  }
}

/// The family that works on values of a type.
void Emitter::emitByType(const llvm::Instruction& instruction, const llvm::Type* type) {
  if (isOneGpr(type))
    return integers_.emit(instruction);
  if (type->isVectorTy())
    return vectors_.emit(instruction);
  if (type->isX86_FP80Ty())
    return x87_.emit(instruction);
  if (type->isFloatingPointTy())
    return floats_.emit(instruction);
  wide_.emit(instruction);
}

/// The family that knows both types.
void Emitter::emitCast(const llvm::Instruction& cast) {
  const llvm::Type *source = cast.getOperand(0)->getType(), *type = cast.getType();
  if (source->isVectorTy() || type->isVectorTy())
    return vectors_.emit(cast);
  if (source->isX86_FP80Ty() || type->isX86_FP80Ty())
    return x87_.emit(cast);
  if (isWide(source) || isWide(type))
    return wide_.emit(cast);
  if (isOneGpr(source) && isOneGpr(type))
    return integers_.emit(cast);
  floats_.emit(cast);
}

/// What is rarely run, behind all blocks.
void Emitter::emitCold() {
  control_.emitEdgeStubs();
  emission_.comesFrom(nullptr);
  exceptions_.emitLandings();
  loops_.emitCold();
  counts_.emitCold();
  // A call as the last instruction would return to the next function's address, as the unwinder sees it.
  emission_.assembler.int3();
}

void Emitter::finish() {
  Code& out = *emission_.out;
  out.codeBytes = emission_.assembler.here();
  emission_.pool.emit();
  const asmjit::CodeBuffer& buffer = emission_.holder.textSection()->buffer();
  out.bytes.assign(buffer.data(), buffer.data() + buffer.size());
  control_.fillTables();
  frame_.fillSize();
}

} // namespace kiln::baseline

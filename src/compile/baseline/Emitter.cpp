#include "compile/baseline/Emitter.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>

#include <bit>

namespace kiln::baseline {
namespace {

/// Frames larger than this are touched page by page, so that a stack overflow meets the guard page.
constexpr std::uint32_t kProbedFrame = 4000;

constexpr Register kCalleeSaved[] = {3, 12, 13, 14, 15};

asmjit::CpuFeatures featuresOf(const Baseline::Settings& settings) {
  if (!settings.plainCpu)
    return asmjit::CpuInfo::host().features();
  asmjit::CpuFeatures plain;
  using Id = asmjit::CpuFeatures::X86::Id;
  plain.add(Id::kCMOV, Id::kCMPXCHG8B, Id::kFPU, Id::kSSE, Id::kSSE2);
  return plain;
}

} // namespace

std::expected<std::unique_ptr<Code>, Refusal> compile(const llvm::Function& function, std::uint32_t id,
                                                      Environment& environment, Workspace& workspace,
                                                      const EmitOptions& options) {
  return Emitter(function, id, environment, workspace, options).run();
}

Emitter::Emitter(const llvm::Function& function, std::uint32_t id, Environment& environment, Workspace& workspace,
                 const EmitOptions& options)
    : function_(function), data_(function.getParent()->getDataLayout()), environment_(environment), workspace_(workspace),
      plan_(workspace.plan), options_(options), out_(std::make_unique<Code>()), a_(out_->fixups),
      features_(featuresOf(options.settings)), hasAvx_(features().hasAVX()) {
  out_->function = id;
  out_->loop = options.loop;
  out_->records = options.settings.record != 0;
}

void Emitter::refuse(std::string reason) { throw Refused{std::move(reason), current_}; }

std::expected<std::unique_ptr<Code>, Refusal> Emitter::run() {
  auto refusal = [&](std::string reason, const llvm::Instruction* instruction) {
    std::string text;
    if (instruction) {
      llvm::raw_string_ostream out(text);
      instruction->print(out);
      text.erase(0, text.find_first_not_of(' '));
    }
    return std::unexpected(Refusal{std::move(reason), function_.getName().str(), std::move(text)});
  };
  if (function_.hasFnAttribute(llvm::Attribute::Naked))
    return refusal("naked function", nullptr);
  if (function_.isPresplitCoroutine())
    return refusal("coroutine", nullptr);
  auto shape = workspace_.shapes.of(function_.getFunctionType(), function_.getAttributes(), function_.getCallingConv(), {}, data_);
  if (!shape)
    return refusal(shape.error(), nullptr);
  if ((*shape)->preservesMost)
    return refusal("definition with the calling convention coldcc", nullptr);
  shape_ = *shape;
  PlanOptions planning;
  planning.registers = options_.settings.registers;
  planning.machine = machine();
  planning.allocasAreValues = options_.loop != kNone;
  planning.countLoops = options_.settings.batch > 1;
  if (std::string reason = plan_.run(function_, planning); !reason.empty())
    return refusal(std::move(reason), nullptr);
  holder_.init(asmjit::Environment::host());
  holder_.attach(&a_);
  try {
    labels_.reserve(plan_.order().size());
    for (std::size_t i = 0; i < plan_.order().size(); ++i)
      labels_.push_back(a_.newLabel());
    prologue();
    for (std::uint32_t place = 0; place < plan_.order().size(); ++place)
      emitBlock(place);
    current_ = nullptr;
    emitCold();
    if (a_.failed())
      refuse("an instruction that cannot be encoded"); // cannot happen: a defect of the emitter
    finish();
  } catch (const Refused& refused) {
    return refusal(refused.reason, refused.instruction);
  }
  return std::move(out_);
}

void Emitter::emitBlock(std::uint32_t place) {
  a_.bind(labels_[place]);
  currentPlace_ = place;
  beginCountedLoop(place);
  std::uint32_t number = plan_.firstNumber(place);
  position_ = plan_.positionOf(number);
  for (const llvm::Instruction& instruction : *plan_.order()[place]) {
    ++out_->instructions;
    currentNumber_ = number++;
    current_ = &instruction;
    if (options_.lines)
      out_->lines.emplace_back(a_.here(), currentNumber_);
    if (instruction.isTerminator()) {
      const auto* last = llvm::dyn_cast_or_null<llvm::CallInst>(instruction.getPrevNode());
      if (last && (last->isMustTailCall() || isTailJump(*last)))
        continue; // the return is the callee's
      emitTerminator(instruction);
    } else {
      emitInstruction(instruction);
    }
    position_ += 2;
  }
}

void Emitter::emitInstruction(const llvm::Instruction& instruction) {
  const ValueState& state = plan_.stateOf(currentNumber_);
  if (state.alias || state.folded || (instruction.use_empty() && flow::isPure(instruction)))
    return;
  llvm::Type* type = instruction.getType();
  if (instruction.isBinaryOp())
    return emitBinary(instruction);
  if (const auto* cast = llvm::dyn_cast<llvm::CastInst>(&instruction))
    return emitCast(*cast);
  switch (instruction.getOpcode()) {
  case llvm::Instruction::PHI:
  case llvm::Instruction::LandingPad: return;
  case llvm::Instruction::ICmp:
  case llvm::Instruction::FCmp: return emitCompare(llvm::cast<llvm::CmpInst>(instruction));
  case llvm::Instruction::Load: return emitLoad(llvm::cast<llvm::LoadInst>(instruction));
  case llvm::Instruction::Store: return emitStore(llvm::cast<llvm::StoreInst>(instruction));
  case llvm::Instruction::Alloca: return emitAlloca(llvm::cast<llvm::AllocaInst>(instruction));
  case llvm::Instruction::GetElementPtr:
    return type->isVectorTy() ? emitVector(instruction) : emitAddress(llvm::cast<llvm::GetElementPtrInst>(instruction));
  case llvm::Instruction::Select: return emitSelect(llvm::cast<llvm::SelectInst>(instruction));
  case llvm::Instruction::FNeg:
    return type->isX86_FP80Ty() ? emitX87(instruction) : type->isVectorTy() ? emitVector(instruction) : emitFloatNegate(instruction);
  case llvm::Instruction::AtomicRMW:
  case llvm::Instruction::AtomicCmpXchg:
  case llvm::Instruction::Fence: return emitAtomic(instruction);
  case llvm::Instruction::InsertElement:
  case llvm::Instruction::ExtractElement:
  case llvm::Instruction::ShuffleVector: return emitVector(instruction);
  case llvm::Instruction::ExtractValue:
  case llvm::Instruction::InsertValue:
  case llvm::Instruction::Freeze: return emitAggregate(instruction);
  case llvm::Instruction::Call: return emitCall(llvm::cast<llvm::CallBase>(instruction));
  case llvm::Instruction::VAArg: return emitVariadicArgument(llvm::cast<llvm::VAArgInst>(instruction));
  default: refuse(std::string("instruction ") + instruction.getOpcodeName());
  }
}

// Frame ------------------------------------------------------------------------------------------------------------------

void Emitter::prologue() {
  const bool counts = options_.settings.count || options_.settings.osrAt != 0;
  framed_ = plan_.usesFrame() || shape_->stackBytes > 0 || shape_->variadic || shape_->demoted || shape_->sretGpr >= 0 ||
            options_.loop != kNone || (counts && plan_.hasBackEdges());
  if (framed_) {
    a_.push(x86::rbp);
    out_->frame.push_back({FrameStep::Kind::PushedRbp, a_.here()});
    a_.mov(x86::rbp, x86::rsp);
    out_->frame.push_back({FrameStep::Kind::RbpIsFrame, a_.here()});
    probed_ = plan_.frameBytes() > kProbedFrame;
    if (probed_) {
      a_.long_().lea(x86::r11, x86::ptr(x86::rsp, -0x7fffffff));
      frameSizeAt_ = a_.here();
      Label touch = a_.newLabel();
      a_.bind(touch);
      a_.sub(x86::rsp, 4096);
      a_.or_(x86::dword_ptr(x86::rsp), 0);
      a_.cmp(x86::rsp, x86::r11);
      a_.ja(touch);
      a_.mov(x86::rsp, x86::r11);
    } else {
      a_.long_().sub(x86::rsp, 0x7fffffff);
      frameSizeAt_ = a_.here();
    }
    std::int32_t offset = 0;
    for (Register reg : kCalleeSaved)
      if (plan_.usedCalleeSaved() & 1u << reg) {
        offset -= 8;
        a_.mov(frame(offset), gp(reg));
        out_->frame.push_back({FrameStep::Kind::Saved, 0, reg, offset});
      }
    for (FrameStep& step : out_->frame)
      if (step.kind == FrameStep::Kind::Saved)
        step.at = a_.here();
  }
  if (options_.loop != kNone)
    return enterLoop();
  if (options_.settings.count)
    countEntry();
  receiveArguments();
  if (records(Baseline::Arguments))
    recordArguments();
}

/// Results are in their registers.
void Emitter::epilogue() {
  leaveFrame();
  a_.ret();
  leftFrame();
}

/// Up to the instruction that leaves the function.
void Emitter::leaveFrame() {
  if (!framed_)
    return;
  std::int32_t offset = 0;
  for (Register reg : kCalleeSaved)
    if (plan_.usedCalleeSaved() & 1u << reg) {
      offset -= 8;
      a_.mov(gp(reg), frame(offset));
    }
  a_.leave();
  out_->frame.push_back({FrameStep::Kind::Leave, a_.here()});
}

/// Behind that instruction the frame is there again.
void Emitter::leftFrame() {
  if (framed_)
    out_->frame.push_back({FrameStep::Kind::LeftBehind, a_.here()});
}

/// What is rarely run, behind all blocks.
void Emitter::emitCold() {
  emitEdgeStubs();
  emitLandings();
  emitColdLoops();
  emitColdRecords();
  if (coldEntry_.isValid())
    emitColdEntry();
  // A call as the last instruction would return to the next function's address, as the unwinder sees it.
  a_.int3();
}

void Emitter::finish() {
  Code& out = *out_;
  out.codeBytes = a_.here();
  if (!pool_.empty())
    a_.align(asmjit::AlignMode::kZero, 16);
  for (unsigned bytes : {16u, 8u})
    for (const PoolEntry& entry : pool_) {
      if (entry.bytes != bytes)
        continue;
      a_.bind(entry.label);
      if (entry.isAddress) {
        a_.embedAddress(entry.target, entry.id, static_cast<std::int64_t>(entry.low));
        continue;
      }
      a_.embedUInt64(entry.low);
      if (bytes == 16)
        a_.embedUInt64(entry.high);
    }
  const asmjit::CodeBuffer& buffer = holder_.textSection()->buffer();
  out.bytes.assign(buffer.data(), buffer.data() + buffer.size());
  for (const TableEntry& entry : tableEntries_) {
    auto distance = static_cast<std::int32_t>(holder_.labelOffset(entry.to) - holder_.labelOffset(entry.table));
    memcpy(out.bytes.data() + entry.at, &distance, 4);
    if (options_.lines)
      out.tables.emplace_back(entry.at, static_cast<std::uint32_t>(holder_.labelOffset(entry.to)));
  }
  if (frameSizeAt_) {
    std::int32_t size = static_cast<std::int32_t>((plan_.frameBytes() + 15) / 16 * 16);
    if (probed_)
      size = -size;
    memcpy(out.bytes.data() + frameSizeAt_ - 4, &size, 4);
  }
}

} // namespace kiln::baseline

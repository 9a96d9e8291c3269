// Room for code: what of it is kept for first calls, when superseded versions are freed, and what happens when none is
// left.
#include <algorithm>

#include "compile/llvm/Transform.h"
#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"

namespace kiln {
namespace {

/// What first code takes of a function: a thunk of the interpreter is 16 bytes, and what is refused by it is rare;
/// compiled code has an unwind table besides.
constexpr std::size_t kInterpreted = 24, kCompiled = 400;
/// With less room than this, compiling in the hope that the result is small costs more than it brings.
constexpr std::size_t kLeastRoom = 512;

/// What leaves activations on stacks that no thread is on. The ucontext functions and Boost's; others are met by their
/// effect.
constexpr std::string_view kStackSwitches[] = {"makecontext",   "swapcontext",    "setcontext",
                                               "jump_fcontext", "ontop_fcontext", "make_fcontext"};
/// What makes a child that does not copy the code.
constexpr std::string_view kBareForks[] = {"_Fork", "clone", "clone3"};
/// With sigaltstack(), a jump out of a handler leaves the alternate stack as one more stack to run on.
constexpr std::string_view kJumps[] = {"setjmp", "_setjmp", "sigsetjmp", "__sigsetjmp"};

} // namespace

void ProgramCore::makeRetirement(World* world) {
  const Options& options = engine_->options;
  auto uses = [&](std::string_view name) { return map_.usesExternal(name); };
  const bool alternate = uses("sigaltstack");
  Retirement::Settings settings;
  settings.startAt = options.retireAt;
  if (options.codeLimit)
    settings.startAt =
        std::min(settings.startAt, std::max<std::size_t>(options.codeLimit / 8, options.retireAt ? 1 : 0));
  settings.look = [this, alternate](std::span<const AddressSpan> spans, const CallerMark& caller) {
    if (space_->sharedWithChild())
      return ScanResult{.obstacle = "a child made by fork has not copied the code yet", .inside = {}};
    return scanThreads(spans, caller, {.alternateStacks = alternate});
  };
  if (names_ || codeMap_)
    settings.gone = [this](std::uintptr_t address) { withdraw(address); };
  retirement_ = std::make_unique<Retirement>(*space_, unwind_, std::move(settings));
  if (options.retireAt == 0)
    retirement_->turnOff("switched off");
  if (std::any_of(std::begin(kStackSwitches), std::end(kStackSwitches), uses))
    retirement_->turnOff("the program switches stacks");
  if (std::any_of(std::begin(kBareForks), std::end(kBareForks), uses))
    retirement_->turnOff("the program makes processes by itself");
  if (alternate && std::any_of(std::begin(kJumps), std::end(kJumps), uses))
    retirement_->turnOff("the program may jump to an alternate signal stack");
  for (std::size_t m = 0; world && m < world->moduleCount(); ++m)
    if (assemblySwitchesStacks(world->module(m).getModuleInlineAsm()))
      retirement_->turnOff("the program may switch stacks by assembly");
  // Half of what the program itself left, at most: a limit so tight keeps no promise for either.
  std::size_t left = space_->limit() - std::min(space_->limit(), space_->bytesUsed());
  std::size_t each = options.ladder.bottom() == Tier::Interpreter ? kInterpreted : kCompiled;
  space_->setReserve(std::min(left / 2, each * map_.functions.size() + left / 64));
}

std::size_t ProgramCore::retire() {
  std::size_t freed = retirement_->round(true);
  for (const auto& child : children())
    freed += child->retire();
  return freed;
}

bool ProgramCore::roomForPromotion(FunctionRecord& record, Tier tier, std::uint32_t loop) {
  auto enough = [&] { return space_->promotionRoom() >= kLeastRoom; };
  if (enough() || (retirement_->round() != 0 && enough()))
    return true;
  promotionsRefused_.fetch_add(1, std::memory_order_relaxed);
  std::string reason = "the code limit of " + std::to_string(space_->limit()) + " bytes is reached";
  if (loop != kNoLoop)
    tiers_->refuseLoop(record, tier, loop, reason);
  else
    tiers_->reportFailure(record, tier, {ErrorCode::CodeSpaceFull, std::move(reason)});
  return false;
}

void ProgramCore::retireIfDue() {
  if (retirement_->due())
    retirement_->round();
}

void ProgramCore::fillIn(CodeSpaceStatistics& out) {
  out.limit = space_->limit();
  out.code = space_->bytesUsed(CodeArena::Code);
  out.constants = space_->bytesUsed(CodeArena::Constants);
  out.data = space_->bytesUsed(CodeArena::Data);
  out.limitReached = space_->refused() != 0 || promotionsRefused_.load(std::memory_order_relaxed) != 0;
  out.promotionsRefused = promotionsRefused_.load(std::memory_order_relaxed);
  Retirement::Counts counts = retirement_->counts();
  out.supersededBytes = counts.supersededBytes;
  out.waitingBytes = counts.waitingBytes;
  out.freedBytes = counts.freedBytes;
  out.versionsRetired = counts.versionsRetired;
  out.versionsFreed = counts.versionsFreed;
  out.rounds = counts.rounds;
  for (const auto& [reason, count] : counts.postponed)
    out.postponed.push_back({reason, count});
  out.retirementOff = counts.off;
}

} // namespace kiln

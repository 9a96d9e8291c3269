// Redefining functions of a program that runs.
//
// The redefinition is loaded as a program of its own, a *child*, and lives as long as this one. Its open names are
// found here first. When all of it is there, the slots of the functions that it replaces are pointed at the child's;
// from then on nothing is published in them (TierManager::replace()). Activations of the old definition go on in its
// code, continuations and exits included.
#include <unistd.h>

#include "engine/EngineCore.h"
#include "engine/ProgramCore.h"
#include "support/Clock.h"

extern "C" void __cxa_finalize(void* dso);

namespace kiln {

/// What became of a program's names since it was loaded.
struct ProgramCore::Replacements {
  std::mutex one;                 ///< held by who replaces
  std::unique_ptr<Ledger> ledger; ///< under `one`; made by the first
  unsigned count = 0;             ///< under `one`
  std::vector<std::shared_ptr<ProgramCore>> failed; ///< under `one`; never to run

  mutable std::mutex names;                               ///< guards what follows; no other lock is taken under it
  std::vector<std::shared_ptr<ProgramCore>> children;     ///< oldest first
  std::map<std::string, Place, std::less<>> bodies;       ///< of functions that were replaced: what calls run now
  std::map<std::string, ProgramCore*, std::less<>> homes; ///< of names that were added

  std::vector<std::shared_ptr<ProgramCore>> all() const {
    std::lock_guard lock(names);
    return children;
  }
};

void ProgramCore::makeReplaceable() {
  for (FunctionInfo& info : map_.functions)
    info.replaceable = !info.internal && !info.ifuncResolved;
  replacements_ = std::make_shared<Replacements>();
}

std::vector<std::shared_ptr<ProgramCore>> ProgramCore::children() const {
  return replacements_ ? replacements_->all() : std::vector<std::shared_ptr<ProgramCore>>();
}

/// Exit handlers of children first, then the program's own may still call into them.
void ProgramCore::finalizeChildren() {
  auto made = children();
  for (auto child = made.rbegin(); child != made.rend(); ++child)
    __cxa_finalize((*child)->dsoHandle());
}

void ProgramCore::unloadLibraries() {
  for (const auto& child : children())
    child->unloadLibraries();
  host_.unload();
}

std::mutex* ProgramCore::namesForkLock() {
  return replacements_ ? &replacements_->names : nullptr;
}

ProgramCore* ProgramCore::homeOf(std::string_view name) {
  if (!replacements_)
    return nullptr;
  std::lock_guard lock(replacements_->names);
  auto at = replacements_->homes.find(name);
  return at == replacements_->homes.end() ? nullptr : at->second;
}

Result<ProgramCore::Place> ProgramCore::locate(std::string_view name) {
  if (replacements_) {
    std::lock_guard lock(replacements_->names);
    if (auto at = replacements_->bodies.find(name); at != replacements_->bodies.end())
      return at->second;
  }
  ProgramCore* home = homeOf(name);
  auto record = (home ? home : this)->find(name);
  if (!record)
    return std::unexpected(record.error());
  return Place{home ? home : this, *record};
}

/// What the child calls by name and the program has. Also what its host gave it.
ProgramInput ProgramCore::inputOfChild(const ProgramInput& input, const Ledger::Plan& plan) {
  ProgramInput child;
  child.libraries = input.libraries;
  child.profile = input.profile;
  child.replaceable = true;
  child.hostFunctions = hostFunctions_;
  child.hostFunctions.insert(child.hostFunctions.end(), input.hostFunctions.begin(), input.hostFunctions.end());
  for (const std::string& name : plan.open) {
    const SymbolRef ref = map_.find(name);
    const bool own = ref.kind == SymbolRef::Kind::Function || ref.kind == SymbolRef::Kind::Data;
    if (!own && !homeOf(name))
      continue;
    auto address = functionAddress(name);
    if (!address)
      address = variableAddress(name);
    if (address)
      child.hostFunctions.push_back({name, *address});
  }
  return child;
}

Result<Program::Replacement> ProgramCore::replace(std::optional<std::string_view> only, const ProgramInput& input) {
  if (!replacements_)
    return fail(ErrorCode::BadOption,
                name_ + ": the program was not loaded as replaceable (ProgramInput::replaceable)");
  if (engine_->stopped())
    return fail(ErrorCode::ShutDown, "the engine was shut down");
  std::lock_guard one(replacements_->one);
  auto sources = readSources(input);
  if (!sources)
    return std::unexpected(sources.error());
  if (!replacements_->ledger) {
    auto ledger = Ledger::read(*sources_);
    if (!ledger)
      return std::unexpected(ledger.error());
    replacements_->ledger = std::move(*ledger);
  }
  auto plan = replacements_->ledger->plan(*sources, only, replacements_->count + 1);
  if (!plan)
    return std::unexpected(plan.error());
  Program::Replacement out;
  for (const Ledger::Plan::Body& body : plan->replaced)
    out.replaced.push_back(body.name);
  out.added = plan->added;
  out.unchanged = plan->unchanged;
  if (out.replaced.empty() && out.added.empty())
    return out;
  auto child = load(engine_, inputOfChild(input, *plan), std::move(plan->sources), this);
  if (!child)
    return std::unexpected(child.error());
  struct Change {
    Place from, to, now; ///< whose slot changes, the new body, and the old one
  };
  std::vector<Change> changes;
  for (const Ledger::Plan::Body& body : plan->replaced) {
    ProgramCore* home = homeOf(body.name);
    auto from = (home ? home : this)->find(body.name);
    auto to = (*child)->find(body.symbol);
    if (!from || !to)
      return std::unexpected((from ? to : from).error());
    auto now = locate(body.name);
    changes.push_back({{home ? home : this, *from}, {child->get(), *to}, now ? *now : Place{this, *from}});
  }
  if (auto constructed = (*child)->runConstructors(0, nullptr, environ); !constructed) {
    if (recorder_) // has events of its functions
      replacements_->failed.push_back(std::move(*child));
    return std::unexpected(constructed.error());
  }
  // Nothing fails from here on.
  {
    std::lock_guard names(replacements_->names);
    for (std::size_t i = 0; i < changes.size(); ++i)
      replacements_->bodies[plan->replaced[i].name] = changes[i].to;
    for (const std::string& name : plan->added)
      replacements_->homes[name] = child->get();
    replacements_->children.push_back(*child);
  }
  for (const Change& change : changes) {
    change.from.core->tiers_->replace(*change.from.record, change.to.core->table_->stub(change.to.record->id));
    tellReplaced(change.from.record->name, *change.now.record, change.to.record->name);
  }
  ++replacements_->count;
  replacements_->ledger->commit(std::move(*plan));
  return out;
}

void ProgramCore::tellReplaced(std::string_view function, const FunctionRecord& old, std::string_view by) const {
  if (!observer())
    return;
  TierEvent event;
  event.kind = TierEvent::Kind::Replaced;
  event.program = name_;
  event.function = function;
  if (const int tier = old.publishedTier.load(std::memory_order_relaxed); tier != FunctionRecord::kNone)
    event.from = static_cast<Tier>(tier);
  event.to = tiers_->ladder().bottom();
  event.reason = by;
  event.calls = old.calls();
  event.loops = old.loops();
  event.nanoseconds = nowNanoseconds() - engine_->startedAt;
  observer()->onTierEvent(event);
}

/// Numbers of the children's functions and code, added to the program's own.
void ProgramCore::addChildren(Statistics& out) {
  for (const auto& child : children()) {
    Statistics more = child->statistics();
    for (FunctionStatistics& function : more.functions)
      out.functions.push_back(std::move(function));
    out.functionsInProgram += more.functionsInProgram;
    out.compiles += more.compiles;
    out.compileNs += more.compileNs;
    out.codeBytes += more.codeBytes;
    out.codeSpaceUsed += more.codeSpaceUsed;
    out.requestsFailed += more.requestsFailed;
    out.interpreter.functions += more.interpreter.functions;
    out.interpreter.instructions += more.interpreter.instructions;
    out.interpreter.decodeNs += more.interpreter.decodeNs;
    out.interpreter.prepareNs += more.interpreter.prepareNs;
    out.baseline.functions += more.baseline.functions;
    out.baseline.instructions += more.baseline.instructions;
    out.baseline.compileNs += more.baseline.compileNs;
    out.baseline.codeBytes += more.baseline.codeBytes;
  }
}

} // namespace kiln

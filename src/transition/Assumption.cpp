#include "transition/Assumption.h"

#include <algorithm>

namespace kiln {
namespace {

/// A spent cell of a dropped assumption counts on, and calls the runtime as rarely as before.
std::uint64_t countedSince(const GuardSite& site, std::int64_t left) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(site.limit - 1 - left, 0));
}

} // namespace

std::string_view assumptionName(AssumptionKind kind) {
  switch (kind) {
  case AssumptionKind::NeverTaken:
    return "branch";
  case AssumptionKind::CallTarget:
    return "target";
  case AssumptionKind::ConstantArgument:
    return "argument";
  }
  return "";
}

std::uint64_t GuardSite::failures() const {
  if (exits)
    return exited.load(std::memory_order_relaxed);
  return exited.load(std::memory_order_relaxed) + countedSince(*this, cell->left.load(std::memory_order_relaxed));
}

Assumptions::Assumptions(std::size_t functions, Limits limits, Rebuild rebuild)
    : functions_(functions), limits_(limits), rebuild_(std::move(rebuild)),
      roots_(std::make_unique<Root[]>(functions)) {}

bool Assumptions::holds(const Assumption& assumption) const {
  std::lock_guard lock(mutex_);
  auto found = known_.find(assumption);
  return found == known_.end() || !found->second->dropped.load(std::memory_order_relaxed);
}

bool Assumptions::allowed(std::uint32_t root) const {
  const bool large = roots_[root].large.load(std::memory_order_relaxed);
  return roots_[root].rebuilds.load(std::memory_order_relaxed) < (large ? std::min(kLargeRebuilds, limits_.rebuilds) : limits_.rebuilds);
}

std::vector<GuardSite*> Assumptions::install(std::uint32_t root, std::uint32_t loop, std::span<const GuardInfo> guards,
                                             GuardCell* cells, std::uint64_t codeBytes) {
  std::vector<GuardSite*> made;
  std::lock_guard lock(mutex_);
  for (const GuardInfo& guard : guards) {
    std::unique_ptr<KnownAssumption>& known = known_[guard.assumption];
    if (!known) {
      known = std::make_unique<KnownAssumption>();
      known->assumption = guard.assumption;
    }
    GuardSite& site = sites_.emplace_back();
    site.known = known.get();
    site.cell = cells++;
    site.root = root;
    site.loop = loop;
    site.exits = guard.exits;
    site.forced = guard.forced;
    site.words = guard.words;
    site.limit = static_cast<std::int64_t>(limits_.failures ? limits_.failures : guard.limit ? guard.limit : kFailures);
    // The runtime is called by the failure that makes it negative.
    site.cell->left.store(site.limit - 1, std::memory_order_relaxed);
    site.cell->site = &site;
    made.push_back(&site);
  }
  if (codeBytes >= kLargeCode)
    roots_[root].large.store(true, std::memory_order_relaxed);
  roots_[root].asked.store(false, std::memory_order_release);
  return made;
}

void Assumptions::failed(GuardSite& site) {
  const std::uint64_t count =
      site.exited.fetch_add(1, std::memory_order_relaxed) + 1 + site.lingered.load(std::memory_order_relaxed);
  if (site.forced)
    return;
  if (count >= static_cast<std::uint64_t>(site.limit))
    drop(site);
  else
    roots_[site.assumption().function].lastExit.store(&site, std::memory_order_relaxed);
}

void Assumptions::lingers(std::uint32_t function) {
  GuardSite* site = roots_[function].lastExit.exchange(nullptr, std::memory_order_relaxed);
  if (!site)
    return;
  const std::uint64_t dear = site->lingered.fetch_add(kLingering - 1, std::memory_order_relaxed) + kLingering - 1;
  if (site->exited.load(std::memory_order_relaxed) + dear >= static_cast<std::uint64_t>(site->limit))
    drop(*site);
}

void Assumptions::spent(GuardCell& cell) {
  GuardSite& site = *cell.site;
  const std::int64_t left = cell.left.exchange(site.limit - 1, std::memory_order_relaxed);
  site.exited.fetch_add(countedSince(site, left), std::memory_order_relaxed);
  drop(site);
}

/// The first to get here asks; others find that it was asked for.
void Assumptions::drop(GuardSite& site) {
  site.known->dropped.store(true, std::memory_order_relaxed);
  Root& root = roots_[site.root];
  if (root.asked.exchange(true, std::memory_order_acq_rel))
    return;
  const Answer answer = rebuild_(site);
  if (answer == Answer::Asked)
    root.rebuilds.fetch_add(1, std::memory_order_relaxed);
  else
    root.asked.store(false, std::memory_order_release);
}

Assumptions::Counts Assumptions::counts() const {
  Counts counts;
  std::lock_guard lock(mutex_);
  for (const GuardSite& site : sites_) {
    ++counts.sites;
    auto kind = static_cast<std::size_t>(site.assumption().kind);
    const std::uint64_t failures = site.failures();
    counts.failures[kind] += failures;
    if (site.exits)
      counts.exits[kind] += failures;
    if (site.forced)
      counts.forced += failures;
  }
  for (const auto& [assumption, known] : known_)
    counts.dropped[static_cast<std::size_t>(assumption.kind)] += known->dropped.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < functions_; ++i) {
    counts.rebuilds += roots_[i].rebuilds.load(std::memory_order_relaxed);
    counts.leftAlone += !allowed(static_cast<std::uint32_t>(i));
  }
  return counts;
}

void Assumptions::visit(const std::function<void(const GuardSite&)>& visitor) const {
  std::lock_guard lock(mutex_);
  for (const GuardSite& site : sites_)
    visitor(site);
}

} // namespace kiln

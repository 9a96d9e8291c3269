#include "compile/llvm/Import.h"

#include <llvm/Analysis/BlockFrequencyInfo.h>
#include <llvm/Analysis/BranchProbabilityInfo.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>

#include <algorithm>
#include <functional>

#include "compile/llvm/Annotate.h"

namespace kiln {
namespace {

/// LLVM inlines at calls that are hot in the program what costs up to 3,000, at 5 an instruction; larger callees would
/// come in vain. Elsewhere it stops at 250.
constexpr unsigned kHotSize = 640, kRareSize = 50;
/// The budget for calls that are hot, of which few functions have many, over the usual one; but a large function gets no
/// more than that: its compile is the longest anyway, time grows faster than size, and hotter code waits behind it.
constexpr unsigned kHotTotal = 3, kLargeRoot = 2000;
/// Fewer calls than entries by this factor are rare.
constexpr double kRare = 1.0 / 16;

/// How often the blocks of a body run for each entry, by its branch weights and, where those are missing, by LLVM's
/// guess.
class Frequencies {
public:
  explicit Frequencies(llvm::Function& body)
      : tree_(body), loops_(tree_), branches_(body, loops_), blocks_(body, branches_, loops_),
        entry_(static_cast<double>(blocks_.getEntryFreq().getFrequency())) {}
  double of(const llvm::BasicBlock& block) const {
    return static_cast<double>(blocks_.getBlockFreq(&block).getFrequency()) / entry_;
  }

private:
  llvm::DominatorTree tree_;
  llvm::LoopInfo loops_;
  llvm::BranchProbabilityInfo branches_;
  llvm::BlockFrequencyInfo blocks_;
  const double entry_;
};

/// The one to take next is the greatest.
bool later(const ImportCandidate& a, const ImportCandidate& b) {
  return a.heat != b.heat ? a.heat < b.heat : a.order > b.order;
}

} // namespace

void ImportQueue::useProfile(std::uint64_t entries, unsigned size, const CountSummary& counts) {
  hotTotal_ = limits_.totalSize * (size > kLargeRoot ? 1 : kHotTotal);
  entries_ = static_cast<double>(std::max<std::uint64_t>(entries, 1));
  hot_ = static_cast<double>(counts.percentile(kHotMillionths).least);
}

void ImportQueue::add(llvm::Function* callee, unsigned depth, double heat, llvm::CallBase* call) {
  const bool own = call && callee == call->getFunction();
  if (!callee->isDeclaration() && !callee->hasAvailableExternallyLinkage() && !own)
    return;
  candidates_.push_back({callee, depth, heat, found_++, call});
  std::ranges::push_heap(candidates_, later);
}

void ImportQueue::addCallees(llvm::Function& body, unsigned depth, double heat,
                             const std::vector<GuessedTarget>& guessed) {
  std::optional<Frequencies> frequencies;
  if (entries_)
    frequencies.emplace(body);
  auto heatAt = [&](const llvm::CallBase& call) { return frequencies ? heat * frequencies->of(*call.getParent()) : 0; };
  for (llvm::Instruction& instruction : llvm::instructions(body))
    if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction))
      if (llvm::Function* callee = call->getCalledFunction())
        add(callee, depth + 1, heatAt(*call), call);
  for (const GuessedTarget& guess : guessed)
    add(guess.target, depth + 1, heatAt(*guess.call) * guess.share, nullptr);
}

std::optional<ImportCandidate> ImportQueue::next() {
  if (candidates_.empty())
    return std::nullopt;
  std::ranges::pop_heap(candidates_, later);
  ImportCandidate candidate = candidates_.back();
  candidates_.pop_back();
  return candidate;
}

ImportQueue::Heat ImportQueue::heatOf(const ImportCandidate& candidate) const {
  if (!entries_)
    return Heat::Unknown;
  const double count = candidate.heat * *entries_;
  if (candidate.heat < kRare && count < 1)
    return Heat::Never;
  if (count >= hot_)
    return Heat::Hot;
  return candidate.heat < kRare ? Heat::Rare : Heat::Usual;
}

void ImportQueue::takeAgain(const ImportCandidate& candidate, unsigned size) {
  if (!entries_ || size <= kRareSize)
    return;
  if (takes(candidate, size))
    took(size);
  else if (candidate.call)
    candidate.call->setIsNoInline();
}

bool ImportQueue::takes(const ImportCandidate& candidate) const {
  return takes(candidate, 0);
}

bool ImportQueue::takes(const ImportCandidate& candidate, unsigned size) const {
  if (limits_.calleeSize == 0 || candidate.depth > limits_.depth)
    return false;
  switch (heatOf(candidate)) {
  case Heat::Never:
    return false;
  case Heat::Rare:
    return size <= std::min(limits_.calleeSize, kRareSize) && size_ < limits_.totalSize;
  case Heat::Unknown:
  case Heat::Usual:
    return size <= limits_.calleeSize && size_ < limits_.totalSize;
  case Heat::Hot:
    return size <= kHotSize && size_ < hotTotal_;
  }
  return false;
}

} // namespace kiln

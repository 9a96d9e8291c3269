#include "compile/llvm/Annotate.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/ProfileSummary.h>
#include <llvm/ProfileData/InstrProf.h>

#include <algorithm>

namespace kiln {
namespace {

/// A branch that went this often one way and never the other is taken to do so always.
constexpr std::uint64_t kSure = 100;
/// A branch to a loop that never ran is taken to go there once in so many times, over all such ways: rare, but above
/// cold (kRootAboveCold). LLVM makes cold loops small, which may cost a factor if the program comes there after all;
/// what straight code loses is little.
constexpr std::uint64_t kUnseenLoops = 32;
/// LLVM counts blocks of a function as shares of its entries: blocks behind a few branches of unknown bias stay above
/// cold.
constexpr std::uint64_t kRootAboveCold = 64;
/// LLVM takes a program with more hot blocks than 12,500 for one whose code outgrows the caches, and makes all code
/// small that is not among the hottest. But what is compiled here has proved hot, and nothing else is compiled at all.
constexpr std::uint64_t kMostPlaces = 12'000;

class Annotating {
public:
  Annotating(llvm::Function& body, const FunctionProfile& profile) : body_(body), profile_(profile) {
    for (llvm::Instruction& instruction : llvm::instructions(body))
      values_.push_back(&instruction);
  }
  bool fits() const;
  void run(const FindTarget& findTarget);

private:
  template <typename Kind> Kind* at(std::uint32_t number) const {
    return number < values_.size() ? llvm::dyn_cast<Kind>(values_[number]) : nullptr;
  }
  enum class Way { On, Out, ToLoop };
  Way wayOf(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const;
  void weigh(llvm::Instruction& terminator, llvm::ArrayRef<std::uint64_t> counts);
  void addTargets(llvm::CallBase& call, const CallProfile& profile, const FindTarget& findTarget);
  void addSizes(llvm::CallBase& call, const MemoryProfile& profile);

  llvm::Function& body_;
  const FunctionProfile& profile_;
  std::vector<llvm::Instruction*> values_; ///< by value number
  llvm::DominatorTree tree_;
  llvm::LoopInfo loops_;
  std::vector<const llvm::BasicBlock*> headers_;
};

bool Annotating::fits() const {
  return std::ranges::all_of(profile_.branches,
                             [&](const BranchProfile& branch) {
                               auto* found = at<llvm::BranchInst>(branch.number);
                               return found && found->isConditional();
                             }) &&
         std::ranges::all_of(profile_.switches,
                             [&](const SwitchProfile& each) {
                               auto* found = at<llvm::SwitchInst>(each.number);
                               return found && found->getNumCases() == each.cases.size();
                             }) &&
         std::ranges::all_of(profile_.calls,
                             [&](const CallProfile& call) { return at<llvm::CallBase>(call.number); }) &&
         std::ranges::all_of(profile_.memory,
                             [&](const MemoryProfile& site) { return at<llvm::CallBase>(site.number); });
}

void Annotating::run(const FindTarget& findTarget) {
  tree_.recalculate(body_);
  loops_.analyze(tree_);
  for (const llvm::Loop* loop : loops_.getLoopsInPreorder())
    headers_.push_back(loop->getHeader());
  for (const BranchProfile& branch : profile_.branches)
    weigh(*values_[branch.number], {branch.taken, branch.notTaken});
  for (const SwitchProfile& each : profile_.switches) {
    std::vector<std::uint64_t> counts{each.defaultCount};
    counts.insert(counts.end(), each.cases.begin(), each.cases.end());
    weigh(*values_[each.number], counts);
  }
  for (const CallProfile& call : profile_.calls)
    addTargets(*at<llvm::CallBase>(call.number), call, findTarget);
  for (const MemoryProfile& site : profile_.memory)
    addSizes(*at<llvm::CallBase>(site.number), site);
  body_.setEntryCount(std::max<std::uint64_t>(profile_.entries, 1));
}

Annotating::Way Annotating::wayOf(const llvm::BasicBlock* from, const llvm::BasicBlock* to) const {
  const llvm::Loop* loop = loops_.getLoopFor(from);
  if (loop && !loop->contains(to))
    return Way::Out;
  const llvm::BasicBlockEdge edge(from, to);
  const bool toLoop =
      llvm::any_of(headers_, [&](const llvm::BasicBlock* header) { return tree_.dominates(edge, header); });
  return toLoop ? Way::ToLoop : Way::On;
}

/// `counts` in the order of the successors.
void Annotating::weigh(llvm::Instruction& terminator, llvm::ArrayRef<std::uint64_t> counts) {
  std::uint64_t sum = 0;
  for (std::uint64_t count : counts)
    sum = saturatingAdd(sum, count);
  if (sum == 0)
    return;
  // LLVM adds weights up in 32 bits in places: the sum must fit as well.
  const std::uint64_t scale = sum / UINT32_MAX + 1;
  std::vector<std::uint64_t> weights;
  std::vector<unsigned> toLoops;
  for (unsigned i = 0; i < counts.size(); ++i) {
    weights.push_back(std::max<std::uint64_t>(counts[i] / scale, 1));
    if (counts[i] != 0 || sum < kSure)
      continue;
    const Way way = wayOf(terminator.getParent(), terminator.getSuccessor(i));
    if (way == Way::ToLoop)
      toLoops.push_back(i);
    else if (way == Way::On)
      weights[i] = 0;
  }
  for (unsigned i : toLoops)
    weights[i] = std::max<std::uint64_t>(sum / scale / kUnseenLoops / toLoops.size(), 1);
  llvm::SmallVector<std::uint32_t, 8> narrow(weights.begin(), weights.end());
  terminator.setMetadata(llvm::LLVMContext::MD_prof, llvm::MDBuilder(body_.getContext()).createBranchWeights(narrow));
}

void Annotating::addTargets(llvm::CallBase& call, const CallProfile& profile, const FindTarget& findTarget) {
  if (!call.isIndirectCall())
    return;
  std::uint64_t sum = profile.other;
  llvm::SmallVector<InstrProfValueData, kTopValues> values;
  for (const TargetCount& target : profile.targets)
    sum = saturatingAdd(sum, target.count);
  for (const TargetCount& target : profile.targets) {
    const llvm::Function* function = findTarget(call, target, sum);
    values.push_back({function ? function->getGUID() : llvm::GlobalValue::getGUID(target.name), target.count});
  }
  if (!values.empty())
    llvm::annotateValueSite(*body_.getParent(), call, values, sum, llvm::IPVK_IndirectCallTarget, kTopValues);
}

void Annotating::addSizes(llvm::CallBase& call, const MemoryProfile& profile) {
  if (call.arg_size() < 3 || llvm::isa<llvm::Constant>(call.getArgOperand(2)))
    return;
  std::uint64_t sum = profile.other;
  llvm::SmallVector<InstrProfValueData, kTopValues> values;
  for (const SizeCount& size : profile.sizes) {
    sum = saturatingAdd(sum, size.count);
    values.push_back({size.size, size.count});
  }
  if (!values.empty())
    llvm::annotateValueSite(*body_.getParent(), call, values, sum, llvm::IPVK_MemOPSize, kTopValues);
}

} // namespace

bool annotateFunction(llvm::Function& body, const FunctionProfile& profile, const FindTarget& findTarget) {
  Annotating annotating(body, profile);
  if (!annotating.fits())
    return false;
  annotating.run(findTarget);
  return true;
}

void annotateProgram(llvm::Module& module, const CountSummary& summary) {
  // The percentiles that LLVM's own tools write; passes ask for some of them by value.
  static constexpr std::uint32_t cutoffs[] = {10'000,  100'000, 200'000, 300'000,        400'000, 500'000,
                                              600'000, 700'000, 800'000, 900'000,        950'000, kHotMillionths,
                                              999'000, 999'900, 999'990, kColdMillionths};
  llvm::SummaryEntryVector entries;
  for (std::uint32_t cutoff : cutoffs) {
    CountSummary::Percentile percentile = summary.percentile(cutoff);
    entries.emplace_back(cutoff, percentile.least, std::min(percentile.places, kMostPlaces));
  }
  auto narrow = [](std::uint64_t number) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, UINT32_MAX));
  };
  llvm::ProfileSummary made(llvm::ProfileSummary::PSK_Instr, entries, summary.sum(), summary.highest(),
                            summary.highest(), summary.highestEntries(), narrow(summary.places()),
                            narrow(summary.functions()));
  module.setProfileSummary(made.getMD(module.getContext()), llvm::ProfileSummary::PSK_Instr);
}

void annotateRoot(llvm::Function& root, std::uint64_t entries, const CountSummary& summary) {
  const std::uint64_t cold = summary.percentile(kColdMillionths).least;
  const std::uint64_t above = cold < UINT64_MAX / kRootAboveCold - 1 ? (cold + 1) * kRootAboveCold : cold;
  root.setEntryCount(std::max(entries, above));
}

} // namespace kiln

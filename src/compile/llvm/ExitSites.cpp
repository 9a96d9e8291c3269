#include "compile/llvm/ExitSites.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/ProfDataUtils.h>
#include <llvm/ProfileData/InstrProf.h>
#include <llvm/Transforms/Utils/CallPromotionUtils.h>

#include <algorithm>

#include "profile/Profile.h"
#include "transition/Resume.h"

namespace kiln {
namespace {

/// Executions before "never" is worth an exit, which costs some thousand times what a cold branch does.
constexpr std::uint64_t kEnough = 1000;
/// Sites of one body; the hottest functions of SQLite have some dozens. Each costs a block, and an entry of the
/// interpreter's code.
constexpr std::size_t kMostSites = 64;
/// The same where guards are everywhere.
constexpr std::size_t kMostForced = 400;

class Finding {
public:
  Finding(llvm::Function& body, std::uint32_t id, const FunctionNumbers& numbers,
          const std::function<bool(const Assumption&)>& holds,
          const std::function<std::uint32_t(const llvm::Function&)>& idOf)
      : id_(id), numbers_(numbers), holds_(holds), idOf_(idOf), module_(*body.getParent()), tree_(body), loops_(tree_) {
  }
  std::optional<ExitSite> siteAt(llvm::Instruction& instruction);

private:
  std::optional<ExitSite> branchSite(llvm::Instruction& terminator);
  std::optional<ExitSite> callSite(llvm::CallBase& call);
  bool pays(llvm::BasicBlock& from, llvm::BasicBlock& to) const;

  const std::uint32_t id_;
  const FunctionNumbers& numbers_;
  const std::function<bool(const Assumption&)>& holds_;
  const std::function<std::uint32_t(const llvm::Function&)>& idOf_;
  llvm::Module& module_;
  llvm::DominatorTree tree_;
  llvm::LoopInfo loops_;
};

bool isCall(const llvm::Instruction& instruction) {
  const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
  return call && !llvm::isa<llvm::IntrinsicInst>(call) && !call->onlyReadsMemory();
}

bool writes(const llvm::Instruction& instruction) {
  if (const auto* intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction))
    return llvm::isa<llvm::MemIntrinsic>(intrinsic);
  return llvm::isa<llvm::StoreInst, llvm::AtomicRMWInst, llvm::AtomicCmpXchgInst>(instruction) || isCall(instruction);
}

/// A block that does nothing but return.
bool onlyReturns(const llvm::BasicBlock& block) {
  return llvm::all_of(block, [](const llvm::Instruction& each) {
    return llvm::isa<llvm::PHINode, llvm::ReturnInst, llvm::CastInst>(each);
  });
}

bool Finding::pays(llvm::BasicBlock& from, llvm::BasicBlock& to) const {
  if (!to.getSinglePredecessor())
    return false; // the block is others' as well
  const llvm::Loop* loop = loops_.getLoopFor(&from);
  const bool innermost = loop && loop->isInnermost();
  bool does = false, merges = false;
  llvm::SmallVector<llvm::BasicBlock*, 16> region;
  tree_.getDescendants(&to, region);
  for (llvm::BasicBlock* block : region) {
    for (const llvm::Instruction& instruction : *block)
      does |= innermost ? isCall(instruction) : writes(instruction);
    for (llvm::BasicBlock* next : llvm::successors(block))
      merges |= !tree_.dominates(&to, next) && !onlyReturns(*next);
  }
  return does && merges;
}

std::optional<ExitSite> Finding::branchSite(llvm::Instruction& terminator) {
  llvm::SmallVector<std::uint32_t, 8> weights;
  if (terminator.getNumSuccessors() < 2 || !llvm::extractBranchWeights(terminator, weights))
    return std::nullopt;
  std::uint64_t sum = 0;
  for (std::uint32_t weight : weights)
    sum += weight;
  if (sum < kEnough)
    return std::nullopt;
  ExitSite site;
  site.at = &terminator;
  bool pay = false;
  for (unsigned i = 0; i < weights.size(); ++i) {
    if (weights[i] != 0)
      continue;
    // A block that a way which is taken leads to as well has no single predecessor, so it never pays.
    llvm::BasicBlock* to = terminator.getSuccessor(i);
    bool others = false;
    for (unsigned j = 0; j < weights.size(); ++j)
      others |= weights[j] != 0 && terminator.getSuccessor(j) == to;
    if (others)
      continue;
    site.ways.push_back(i);
    pay |= pays(*terminator.getParent(), *to);
  }
  if (!pay)
    return std::nullopt;
  const bool isBranch = llvm::isa<llvm::BranchInst>(terminator);
  site.info.assumption = {AssumptionKind::NeverTaken, id_, numbers_.of(terminator),
                          isBranch ? site.ways[0] : kUnseenWays};
  return site;
}

std::optional<ExitSite> Finding::callSite(llvm::CallBase& call) {
  if (!call.isIndirectCall() || call.isMustTailCall())
    return std::nullopt;
  std::uint64_t sum = 0;
  auto values = llvm::getValueProfDataFromInst(call, llvm::IPVK_IndirectCallTarget, kTopValues, sum);
  if (values.size() != 1 || values[0].Count != sum || sum < kEnough)
    return std::nullopt;
  auto target = llvm::find_if(module_, [&](const llvm::Function& each) { return each.getGUID() == values[0].Value; });
  if (target == module_.end() || !llvm::isLegalToPromote(call, &*target) ||
      target->getFunctionType() != call.getFunctionType())
    return std::nullopt;
  const std::uint32_t number = idOf_(*target);
  if (number == kNoFunction)
    return std::nullopt;
  ExitSite site;
  site.at = &call;
  site.target = &*target;
  site.info.assumption = {AssumptionKind::CallTarget, id_, numbers_.of(call), number};
  return site;
}

std::optional<ExitSite> Finding::siteAt(llvm::Instruction& instruction) {
  std::optional<ExitSite> site;
  if (llvm::isa<llvm::BranchInst, llvm::SwitchInst>(instruction))
    site = branchSite(instruction);
  else if (auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction))
    site = callSite(*call);
  if (site && !holds_(site->info.assumption))
    site.reset();
  return site;
}

} // namespace

std::vector<ExitSite> findExitSites(llvm::Function& body, std::uint32_t id, const FunctionNumbers& numbers,
                                    const std::function<bool(const Assumption&)>& holds,
                                    const std::function<std::uint32_t(const llvm::Function&)>& idOf) {
  std::vector<ExitSite> sites;
  if (!body.hasMetadata(llvm::LLVMContext::MD_prof))
    return sites; // never seen to run
  Finding finding(body, id, numbers, holds, idOf);
  for (llvm::Instruction& instruction : llvm::instructions(body))
    if (sites.size() < kMostSites)
      if (auto site = finding.siteAt(instruction))
        sites.push_back(std::move(*site));
  return sites;
}

std::vector<ExitSite> allExitSites(llvm::Function& body, std::uint32_t id, const FunctionNumbers& numbers) {
  std::vector<ExitSite> sites;
  for (llvm::Instruction& instruction : llvm::instructions(body)) {
    const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
    const auto* branch = llvm::dyn_cast<llvm::BranchInst>(&instruction);
    if (!isPlace(instruction) || !((call && !llvm::isa<llvm::IntrinsicInst>(call)) ||
                                   (branch && branch->isConditional()) || llvm::isa<llvm::SwitchInst>(instruction)))
      continue;
    ExitSite& site = sites.emplace_back();
    site.at = &instruction;
    site.info.assumption = {call ? AssumptionKind::CallTarget : AssumptionKind::NeverTaken, id, numbers.of(instruction),
                            kUnseenWays};
    site.info.forced = true;
  }
  // Evenly over the body.
  const std::size_t step = sites.size() / kMostForced + 1;
  std::vector<ExitSite> kept;
  for (std::size_t i = 0; i < sites.size(); i += step)
    kept.push_back(std::move(sites[i]));
  return kept;
}

} // namespace kiln

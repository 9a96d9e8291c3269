#include "flow/Branches.h"

#include <llvm/IR/Constants.h>

#include <algorithm>

namespace kiln::flow {

std::vector<SwitchCase> casesOf(const llvm::SwitchInst& choice) {
  std::vector<SwitchCase> cases;
  std::uint32_t number = 1;
  for (const auto& each : choice.cases())
    cases.push_back({each.getCaseValue()->getZExtValue(), each.getCaseSuccessor(), number++});
  std::ranges::sort(cases, {}, &SwitchCase::value);
  return cases;
}

bool isDense(llvm::ArrayRef<SwitchCase> cases) {
  constexpr std::uint64_t kRoom = 4; // entries for each case
  return (cases.back().value - cases.front().value) / kRoom <= cases.size();
}

} // namespace kiln::flow

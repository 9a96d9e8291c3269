// How ops that end a block go on.
#pragma once

#include "interp/Code.h"
#include "interp/ops/Types.h"

namespace kiln::interp {

/// Where a variant's words are.
template <bool Constant, bool Loop, bool Count> struct At {
  static constexpr unsigned kLoop = Constant;
  static constexpr unsigned kCounts = Constant + 2 * Loop;
  static constexpr unsigned kWords = kOpWords + Constant + 2 * Loop + 2 * Count;
};

/// The same with a step in front.
template <bool Constant, bool Loop, bool Count> struct StepAt {
  static constexpr unsigned kLoop = 1 + Constant;
  static constexpr unsigned kCounts = 1 + Constant + 2 * Loop;
  static constexpr unsigned kWords = kOpWords + 1 + Constant + 2 * Loop + 2 * Count;
};

/// Ends a conditional branch whose condition has been found: counts and goes on. The two ways are apart on purpose: each
/// has an indirect jump of its own, which is predicted by itself.
#define KILN_BRANCH(condition, Layout, Loop, Count)                                                                    \
  if (condition) {                                                                                                     \
    if constexpr (Count)                                                                                               \
      bump(ip->k[Layout::kCounts]);                                                                                    \
    if constexpr (Loop)                                                                                                \
      if (loopBudgetSpent(ip->k[Layout::kLoop])) [[unlikely]]                                                          \
        [[clang::musttail]] return backEdge<Layout::kLoop>(ip, frame);                                                                \
    KILN_JUMP(ip->offset);                                                                                             \
  }                                                                                                                    \
  if constexpr (Count)                                                                                                 \
    bump(ip->k[Layout::kCounts + 1]);                                                                                  \
  KILN_NEXT(Layout::kWords)

inline bool loopBudgetSpent(Word budget) { return spends(reinterpret_cast<std::int64_t*>(budget)); }

} // namespace kiln::interp

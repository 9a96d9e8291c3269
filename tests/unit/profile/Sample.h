// A profile with something in every field, at the limits where there are any.
#pragma once

#include "profile/Profile.h"

namespace kiln::test {

inline ProgramProfile sampleProfile() {
  constexpr std::uint64_t kMost = UINT64_MAX;
  FunctionProfile full;
  full.name = "full";
  full.hash = 0xfedcba9876543210;
  full.entries = kMost;
  full.branches = {{0, 1, 2}, {7, kMost, 0}, {UINT32_MAX, 128, 127}};
  full.switches = {{3, 5, {}}, {9, 0, {1, kMost, 3}}};
  full.loops = {{0, 10}, {4, kMost}};
  full.calls = {{12, {{"a", 1, 9}, {"a", 2, 9}, {"b", 0, 9}, {"", 0, 8}}, 4}, {13, {}, kMost}};
  full.memory = {{20, {{16, 100}, {0, 3}, {kMost, 3}}, 1}};
  full.arguments = {{0, ArgumentState::Unseen, 0, 0},
                    {1, ArgumentState::Constant, kMost, 7},
                    {2, ArgumentState::Varied, 0, 0},
                    {9, ArgumentState::Constant, 0, kMost}};
  FunctionProfile other = full;
  other.hash = 1; // another file's local function of the same name
  other.entries = 3;
  FunctionProfile odd;
  odd.name = std::string("odd \xff\"\n\0name", 13); // symbol names are bytes
  odd.hash = UINT64_MAX;
  FunctionProfile unicode;
  unicode.name = "f\xc3\xbcnf";
  unicode.hash = 77;
  return {{unicode, other, full, odd}};
}

/// In the canonical form.
inline ProgramProfile sample() {
  ProgramProfile profile = sampleProfile();
  if (!normalize(profile))
    __builtin_trap();
  return profile;
}

} // namespace kiln::test

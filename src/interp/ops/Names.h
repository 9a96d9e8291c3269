// What the names of ops are made of.
#pragma once

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

#include "interp/Ops.h"

namespace kiln::interp {

inline constexpr std::array<std::string_view, kWidthCount> kWidthNames = {"i8", "i16", "i32", "i64"};
inline constexpr std::array<std::string_view, kFormCount> kFormSuffixes = {"", ".rk", ".kr"};
inline constexpr std::array<std::string_view, kFormCount> kFormLayouts = {"d,a,b", "d,a,k", "d,b,k"};

inline constexpr std::array<std::string_view, static_cast<unsigned>(IntOp::Count)> kIntOpNames = {
    "add",       "sub",       "mul",       "udiv",      "sdiv",     "urem",     "srem",     "shl",
    "lshr",      "ashr",      "and",       "or",        "xor",      "smax",     "smin",     "umax",
    "umin",      "sadd.sat",  "uadd.sat",  "ssub.sat",  "usub.sat", "sshl.sat", "ushl.sat", "sadd.over",
    "uadd.over", "ssub.over", "usub.over", "smul.over", "umul.over"};
inline constexpr std::array<std::string_view, static_cast<unsigned>(IntUnary::Count)> kIntUnaryNames = {
    "ctpop", "ctlz", "cttz", "bswap", "bitreverse", "abs"};
inline constexpr std::array<std::string_view, static_cast<unsigned>(Predicate::Count)> kPredicateNames = {
    "eq", "ne", "ugt", "uge", "ult", "ule", "sgt", "sge", "slt", "sle"};

inline std::string dotWidth(Width width) { return '.' + std::string(kWidthNames[width]); }

/// "a.b.c".
inline std::string dotted(std::initializer_list<std::string_view> parts) {
  std::string name;
  for (std::string_view part : parts) {
    if (!name.empty())
      name += '.';
    name += part;
  }
  return name;
}

} // namespace kiln::interp

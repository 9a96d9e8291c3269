// Integer types and comparisons by the width indices of Ops.h.
#pragma once

#include <cstdint>

#include "interp/ops/Names.h"
#include "interp/ops/Table.h"

namespace kiln::interp {

template <unsigned W> struct Types;
template <> struct Types<0> { using U = std::uint8_t; using S = std::int8_t; };
template <> struct Types<1> { using U = std::uint16_t; using S = std::int16_t; };
template <> struct Types<2> { using U = std::uint32_t; using S = std::int32_t; };
template <> struct Types<3> { using U = std::uint64_t; using S = std::int64_t; };

template <Predicate P, unsigned W> bool holds(typename Types<W>::U a, typename Types<W>::U b) {
  using enum Predicate;
  auto x = static_cast<typename Types<W>::S>(a), y = static_cast<typename Types<W>::S>(b);
  if constexpr (P == Eq) return a == b;
  if constexpr (P == Ne) return a != b;
  if constexpr (P == Ugt) return a > b;
  if constexpr (P == Uge) return a >= b;
  if constexpr (P == Ult) return a < b;
  if constexpr (P == Ule) return a <= b;
  if constexpr (P == Sgt) return x > y;
  if constexpr (P == Sge) return x >= y;
  if constexpr (P == Slt) return x < y;
  return x <= y;
}

/// Counts a budget down, losing some where several threads do; true if it is below zero then.
inline bool spends(std::int64_t* left) {
  bool spent;
  asm volatile("decq %0" : "+m"(*left), "=@ccs"(spent));
  return spent;
}

} // namespace kiln::interp

// Integer types and comparisons by the width indices of Ops.h.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "interp/Ops.h"

namespace kiln::interp {

template <unsigned W> struct Types;
template <> struct Types<0> { using U = std::uint8_t; using S = std::int8_t; };
template <> struct Types<1> { using U = std::uint16_t; using S = std::int16_t; };
template <> struct Types<2> { using U = std::uint32_t; using S = std::int32_t; };
template <> struct Types<3> { using U = std::uint64_t; using S = std::int64_t; };

inline constexpr std::string_view kWidthNames[] = {".i8", ".i16", ".i32", ".i64"};
inline constexpr std::string_view kPredicateNames[] = {"eq", "ne", "ugt", "uge", "ult", "ule", "sgt", "sge", "slt", "sle"};

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

/// A table of handlers: `make` gets each index as an integral_constant.
template <typename Make, std::size_t... I> constexpr auto tableOf(Make make, std::index_sequence<I...>) {
  return std::array<Handler, sizeof...(I)>{make(std::integral_constant<std::size_t, I>())...};
}
template <std::size_t N, typename Make> constexpr auto tableOf(Make make) {
  return tableOf(make, std::make_index_sequence<N>());
}

} // namespace kiln::interp

// Tables of handlers, one entry per combination of template arguments.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "interp/Op.h"

namespace kiln::interp {

/// The handlers `make.operator()<0>()` to `make.operator()<n - 1>()`.
template <std::size_t n, typename Make> constexpr std::array<Handler, n> handlerTable(Make make) {
  return [&]<std::size_t... i>(std::index_sequence<i...>) {
    return std::array<Handler, n> { make.template operator()<i>()... };
  }(std::make_index_sequence<n>{});
}

} // namespace kiln::interp

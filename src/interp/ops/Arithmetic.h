// What operations on integers of up to 64 bits compute.
#pragma once

#include <limits>
#include <type_traits>

#include "interp/ops/Types.h"

namespace kiln::interp {

/// What is undefined in C++ is poison in LLVM: shifts take the lower bits of their amount, as the machine does. A division
/// by zero, or of the smallest by -1, faults as it does in native code: of small types it is made in 32 bits there too.
template <IntOp O, unsigned W> struct Binary {
  using U = typename Types<W>::U;
  using S = typename Types<W>::S;
  static constexpr unsigned kBits = 8 * sizeof(U);
  static constexpr S kMax = std::numeric_limits<S>::max(), kMin = std::numeric_limits<S>::min();

  static U saturated(bool overflow, S result, bool negative) {
    return static_cast<U>(overflow ? (negative ? kMin : kMax) : result);
  }
  static U apply(U a, U b) {
    using enum IntOp;
    S x = static_cast<S>(a), y = static_cast<S>(b), s = 0;
    U u = 0;
    if constexpr (O == Add) return static_cast<U>(a + b);
    if constexpr (O == Sub) return static_cast<U>(a - b);
    if constexpr (O == Mul) return static_cast<U>(std::uint64_t{a} * b);
    if constexpr (O == UDiv) return static_cast<U>(a / b);
    if constexpr (O == SDiv) return static_cast<U>(x / y);
    if constexpr (O == URem) return static_cast<U>(a % b);
    if constexpr (O == SRem) return static_cast<U>(x % y);
    if constexpr (O == Shl) return static_cast<U>(a << (b & (kBits - 1)));
    if constexpr (O == LShr) return static_cast<U>(a >> (b & (kBits - 1)));
    if constexpr (O == AShr) return static_cast<U>(x >> (b & (kBits - 1)));
    if constexpr (O == And) return a & b;
    if constexpr (O == Or) return a | b;
    if constexpr (O == Xor) return a ^ b;
    if constexpr (O == SMax) return x > y ? a : b;
    if constexpr (O == SMin) return x < y ? a : b;
    if constexpr (O == UMax) return a > b ? a : b;
    if constexpr (O == UMin) return a < b ? a : b;
    if constexpr (O == SAddSat) return saturated(__builtin_add_overflow(x, y, &s), s, x < 0);
    if constexpr (O == SSubSat) return saturated(__builtin_sub_overflow(x, y, &s), s, x < 0);
    if constexpr (O == UAddSat) return __builtin_add_overflow(a, b, &u) ? std::numeric_limits<U>::max() : u;
    if constexpr (O == USubSat) return a > b ? static_cast<U>(a - b) : 0;
    if constexpr (O == UShlSat) {
      u = static_cast<U>(a << (b & (kBits - 1)));
      return static_cast<U>(u >> (b & (kBits - 1))) == a ? u : std::numeric_limits<U>::max();
    }
    if constexpr (O == SShlSat) {
      u = static_cast<U>(a << (b & (kBits - 1)));
      return saturated(static_cast<S>(static_cast<S>(u) >> (b & (kBits - 1))) != x, static_cast<S>(u), x < 0);
    }
    return 0;
  }
};

} // namespace kiln::interp

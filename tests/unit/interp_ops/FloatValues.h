// Values that floating-point arithmetic treats specially, for each format that the compiler has a type for.
#pragma once

#include <limits>
#include <vector>

#include "Harness.h"

namespace kiln::interp {

template <typename T> struct TypeOf;
template <> struct TypeOf<float> {
  static constexpr auto type = FloatType::Float;
};
template <> struct TypeOf<double> {
  static constexpr auto type = FloatType::Double;
};
template <> struct TypeOf<long double> {
  static constexpr auto type = FloatType::X86Fp80;
};
template <> struct TypeOf<__float128> {
  static constexpr auto type = FloatType::Fp128;
};

/// Bytes of a value that count.
template <typename T> constexpr std::size_t kBytes = std::is_same_v<T, long double> ? 10 : sizeof(T);

template <typename T> T smallestNormal() {
  return std::numeric_limits<T>::min();
}
template <typename T> T largest() {
  return std::numeric_limits<T>::max();
}
template <typename T> T smallest() {
  return std::numeric_limits<T>::denorm_min();
}
template <> inline __float128 smallestNormal() {
  return std::bit_cast<__float128>(static_cast<unsigned __int128>(1) << 112);
}
template <> inline __float128 largest() {
  return std::bit_cast<__float128>((static_cast<unsigned __int128>(0x7fff) << 112) - 1);
}
template <> inline __float128 smallest() {
  return std::bit_cast<__float128>(static_cast<unsigned __int128>(1));
}

template <typename T> std::vector<T> specialValues() {
  T infinity = std::numeric_limits<double>::infinity();
  T nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<T> values = {0,
                           1,
                           2,
                           3,
                           T(0.5),
                           T(1.5),
                           T(2.5),
                           T(0.1),
                           T(1) / 3,
                           T(7.75),
                           T(1e10),
                           T(123456.789),
                           smallest<T>(),
                           smallest<T>() * 5,
                           smallestNormal<T>(),
                           largest<T>(),
                           infinity,
                           nan};
  for (std::size_t i = 0, n = values.size(); i < n; ++i)
    values.push_back(-values[i]);
  return values;
}

/// Equal bit for bit, or both NaN.
template <typename T> bool same(T a, T b) {
  if (a != a || b != b)
    return a != a && b != b;
  return memcmp(&a, &b, kBytes<T>) == 0;
}

} // namespace kiln::interp

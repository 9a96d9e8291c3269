// The floating-point formats: how a frame holds them, and the C++ type that computes them.
//
// half and bfloat are computed as float and rounded after each operation, as the code generator does it. For + - * /
// and square root that is exact: float has more than twice their digits, so that rounding twice is as good as once.
#pragma once

#include <cstdint>
#include <type_traits>

#include "interp/Ops.h"

namespace kiln::interp {

template <FloatType> struct FormatOf;
/// `Raw` is the value's bits; `bits` counts those in use, `fraction` those below the exponent (and, for x87, below the
/// integer bit).
template <> struct FormatOf<FloatType::Half> {
  using Compute = float;
  using Raw = std::uint16_t;
  static constexpr unsigned bits = 16, fraction = 10;
};
template <> struct FormatOf<FloatType::BFloat> {
  using Compute = float;
  using Raw = std::uint16_t;
  static constexpr unsigned bits = 16, fraction = 7;
};
template <> struct FormatOf<FloatType::Float> {
  using Compute = float;
  using Raw = std::uint32_t;
  static constexpr unsigned bits = 32, fraction = 23;
};
template <> struct FormatOf<FloatType::Double> {
  using Compute = double;
  using Raw = std::uint64_t;
  static constexpr unsigned bits = 64, fraction = 52;
};
template <> struct FormatOf<FloatType::X86Fp80> {
  using Compute = long double;
  using Raw = unsigned __int128;
  static constexpr unsigned bits = 80, fraction = 63;
};
template <> struct FormatOf<FloatType::Fp128> {
  using Compute = __float128;
  using Raw = unsigned __int128;
  static constexpr unsigned bits = 128, fraction = 112;
};

template <FloatType F> using Compute = typename FormatOf<F>::Compute;
template <FloatType F> using Raw = typename FormatOf<F>::Raw;
template <FloatType F> inline constexpr Raw<F> kSignBit = static_cast<Raw<F>>(Raw<F>{1} << (FormatOf<F>::bits - 1));
/// Also the mask of all bits but the sign.
template <FloatType F> inline constexpr Raw<F> kMagnitude = static_cast<Raw<F>>(kSignBit<F> - 1);
/// The bit that tells a quiet NaN from a signaling one.
template <FloatType F>
inline constexpr Raw<F> kQuietBit = static_cast<Raw<F>>(Raw<F>{1} << (FormatOf<F>::fraction - 1));
template <FloatType F>
inline constexpr Raw<F> kInfinity =
    static_cast<Raw<F>>(kMagnitude<F> >> FormatOf<F>::fraction << FormatOf<F>::fraction);
template <FloatType F> inline constexpr unsigned kWordsOf = sizeof(Raw<F>) > 8 ? 2 : 1;
static_assert(kInfinity<FloatType::X86Fp80> == static_cast<unsigned __int128>(0xffff) << 63);

/// Rounds to the nearest bfloat, ties to even; a NaN becomes a quiet one.
inline std::uint16_t bfloatBits(float value) {
  auto bits = std::bit_cast<std::uint32_t>(value);
  if (value != value)
    return static_cast<std::uint16_t>(bits >> 16 | kQuietBit<FloatType::BFloat>);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// Rounds a wider value to float so that rounding the result further, to bfloat, rounds once: an inexact result is one
/// of the two neighbours, the one whose last bit is set.
template <typename T> float roundToOdd(T value) {
  auto nearest = static_cast<float>(value);
  T back = nearest;
  if (back == value || value != value)
    return nearest;
  auto bits = std::bit_cast<std::uint32_t>(nearest);
  bool away = value < 0 ? back < value : back > value;
  return std::bit_cast<float>((bits - away) | 1);
}

/// A frame's words need not lie as x87 values want to.
struct [[gnu::packed]] UnalignedFp80 {
  long double value;
};

template <FloatType F> inline Compute<F> fromMemory(const Word* words) {
  if constexpr (F == FloatType::Half)
    return get<_Float16>(words, 0);
  else if constexpr (F == FloatType::BFloat)
    return std::bit_cast<float>(std::uint32_t{get<std::uint16_t>(words, 0)} << 16);
  else if constexpr (F == FloatType::X86Fp80)
    return reinterpret_cast<const UnalignedFp80*>(words)->value;
  else
    return get<Compute<F>>(words, 0);
}

template <FloatType F> inline Compute<F> read(const Word* frame, unsigned index) {
  return fromMemory<F>(frame + index);
}

template <FloatType F> inline void write(Word* frame, unsigned index, Compute<F> value) {
  if constexpr (F == FloatType::Half) {
    put(frame, index, static_cast<_Float16>(value));
  } else if constexpr (F == FloatType::BFloat) {
    put(frame, index, bfloatBits(value));
  } else if constexpr (F == FloatType::X86Fp80) {
    frame[index + 1] = 0;
    reinterpret_cast<UnalignedFp80*>(frame + index)->value = value;
  } else {
    put(frame, index, value);
  }
}

/// Rounds an intermediate result to the format.
template <FloatType F> inline Compute<F> rounded(Compute<F> value) {
  if constexpr (F == FloatType::Half)
    return static_cast<_Float16>(value);
  else if constexpr (F == FloatType::BFloat)
    return std::bit_cast<float>(std::uint32_t{bfloatBits(value)} << 16);
  else
    return value;
}

/// Bits above the format's are zero.
template <FloatType F> inline Raw<F> readRaw(const Word* frame, unsigned index) {
  Raw<F> raw = get<Raw<F>>(frame, index);
  if constexpr (F == FloatType::X86Fp80)
    raw &= kSignBit<F> | kMagnitude<F>;
  return raw;
}

} // namespace kiln::interp

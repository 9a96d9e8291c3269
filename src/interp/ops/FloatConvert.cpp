// Conversions between floating-point formats, and from and to integers of up to 64 bits.
#include <limits>

#include "interp/ops/FloatFormat.h"
#include "interp/ops/Table.h"

namespace kiln::interp {
namespace {

template <FloatType from, FloatType to> KILN_HANDLER Word convert(Op* ip, Word* frame) {
  auto value = read<from>(frame, ip->a);
  // Not by way of float, which would round twice.
  if constexpr (to == FloatType::Half)
    put(frame, ip->d, static_cast<_Float16>(value));
  else if constexpr (to == FloatType::BFloat)
    put(frame, ip->d, bfloatBits(roundToOdd(value)));
  else
    write<to>(frame, ip->d, static_cast<Compute<to>>(value));
  KILN_NEXT(kOpWords);
}

constexpr auto kConvert = handlerTable<kFloatTypeCount * kFloatTypeCount>([]<std::size_t i> -> Handler {
  return &convert<static_cast<FloatType>(i / kFloatTypeCount), static_cast<FloatType>(i % kFloatTypeCount)>;
});

template <bool isSigned, Width width> struct IntegerOf;
template <> struct IntegerOf<false, 0> {
  using Type = std::uint8_t;
};
template <> struct IntegerOf<false, 1> {
  using Type = std::uint16_t;
};
template <> struct IntegerOf<false, 2> {
  using Type = std::uint32_t;
};
template <> struct IntegerOf<false, 3> {
  using Type = std::uint64_t;
};
template <Width width> struct IntegerOf<true, width> {
  using Type = std::make_signed_t<typename IntegerOf<false, width>::Type>;
};
template <bool isSigned, Width width> using Integer = typename IntegerOf<isSigned, width>::Type;

template <typename Int, FloatType F> KILN_HANDLER Word fromInteger(Op* ip, Word* frame) {
  write<F>(frame, ip->d, static_cast<Compute<F>>(get<Int>(frame, ip->a)));
  KILN_NEXT(kOpWords);
}

/// Values out of range give what the processor's conversion does.
template <typename Int, FloatType F> KILN_HANDLER Word toInteger(Op* ip, Word* frame) {
  put(frame, ip->d, static_cast<Int>(read<F>(frame, ip->a)));
  KILN_NEXT(kOpWords);
}

template <typename Int, typename T> Int saturate(T value) {
  using Limits = std::numeric_limits<Int>;
  constexpr T lowest = Limits::min();
  constexpr T behind = static_cast<T>(Limits::max() / 2 + 1) * 2; // exact, unlike max()
  if (value >= behind)
    return Limits::max();
  if (value <= lowest)
    return Limits::min();
  return value == value ? static_cast<Int>(value) : 0;
}

template <typename Int, FloatType F> KILN_HANDLER Word toIntegerSaturated(Op* ip, Word* frame) {
  put(frame, ip->d, saturate<Int>(read<F>(frame, ip->a)));
  KILN_NEXT(kOpWords);
}

constexpr unsigned kIntegers = 2 * kWidthCount;

constexpr auto kFromInteger = handlerTable<kIntegers * kFloatTypeCount>([]<std::size_t i> -> Handler {
  constexpr unsigned integer = i / kFloatTypeCount;
  return &fromInteger<Integer<integer / kWidthCount, integer % kWidthCount>,
                      static_cast<FloatType>(i % kFloatTypeCount)>;
});

constexpr auto kToInteger = handlerTable<2 * kIntegers * kFloatTypeCount>([]<std::size_t i> -> Handler {
  constexpr unsigned integer = i / kFloatTypeCount % kIntegers;
  constexpr auto type = static_cast<FloatType>(i % kFloatTypeCount);
  using Int = Integer<integer / kWidthCount, integer % kWidthCount>;
  return i / kFloatTypeCount >= kIntegers ? &toIntegerSaturated<Int, type> : &toInteger<Int, type>;
});

} // namespace

Handler floatConvert(FloatType from, FloatType to) {
  return kConvert[static_cast<unsigned>(from) * kFloatTypeCount + static_cast<unsigned>(to)];
}

Handler intToFloat(bool isSigned, Width width, FloatType type) {
  return kFromInteger[(isSigned * kWidthCount + width) * kFloatTypeCount + static_cast<unsigned>(type)];
}

Handler floatToInt(bool isSigned, bool saturate, Width width, FloatType type) {
  return kToInteger[((saturate * 2 + isSigned) * kWidthCount + width) * kFloatTypeCount + static_cast<unsigned>(type)];
}

} // namespace kiln::interp

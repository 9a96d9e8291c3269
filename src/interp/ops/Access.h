// Access to the program's memory.
#pragma once

#include "interp/ops/Types.h"

namespace kiln::interp {

/// Memory of the program: any address may hold anything, and other threads may change it.
template <typename T> struct [[gnu::packed, gnu::may_alias]] Memory {
  T value;
};
template <typename T> T read(Word address) { return reinterpret_cast<const volatile Memory<T>*>(address)->value; }
template <typename T> void write(Word address, T value) {
  reinterpret_cast<volatile Memory<T>*>(address)->value = value;
}

template <IndexKind I, unsigned Scale> Word scaled(const Word* frame, unsigned index) {
  if constexpr (I == IndexKind::I64)
    return frame[index] << Scale;
  else if constexpr (I == IndexKind::S32)
    return static_cast<Word>(std::int64_t{get<std::int32_t>(frame, index)}) << Scale;
  else
    return Word{get<std::uint32_t>(frame, index)} << Scale;
}

} // namespace kiln::interp

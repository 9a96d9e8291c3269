// The interpreter's instruction: an op, and how one leads to the next.
//
// A function's code is an array of 8-byte words. An op begins with the address of the handler that executes it, followed by
// one word of fields and, in some ops, words of constants and counts. A handler reads its operands from the frame, writes
// its result there, and tail-calls the next op's handler (direct threading): no loop, no call, no saved register.
// `preserve_none` gives the two arguments registers of their own and lets handlers use all others.
//
// A frame is an array of words. Fields name words of it by index. What a word holds for which type is told in
// abi/Leaves.h; handlers read a word at the width of their type and write 8, 16 and 32 bit results zero-extended.
//
// Activations nest on the native stack: a call op's handler makes the callee's frame on the stack, calls its first op,
// and gets the result as the handler's return value. So signals, longjmp, exceptions and stack overflow act as in native
// code, and no state is kept per thread.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace kiln::interp {

using Word = std::uint64_t;
struct Op;

#define KILN_HANDLER __attribute__((preserve_none))

/// Executes from `ip` on and returns when the activation does: with the result, if that is a single word. Longer results
/// are in the first words of the frame.
using Handler = Word(KILN_HANDLER*)(Op* ip, Word* frame);

struct Op {
  Handler run;
  union {
    struct {
      std::uint16_t d, a, b, c; ///< mostly: destination, operands
    };
    struct {
      std::uint16_t x, y;
      std::int32_t offset; ///< of an address, or of a jump target from this op, in bytes
    };
  };
  Word k[]; ///< constants and counts
};
static_assert(sizeof(Op) == 16);

inline constexpr unsigned kOpWords = 2;

/// Reads the word at `index` as a T of up to 8 bytes.
template <typename T> inline T get(const Word* frame, unsigned index) {
  T value;
  memcpy(&value, frame + index, sizeof(T));
  return value;
}

/// Writes a T, with zeros above it.
template <typename T> inline void put(Word* frame, unsigned index, T value) {
  if constexpr (sizeof(T) == 8) {
    frame[index] = std::bit_cast<Word>(value);
  } else if constexpr (sizeof(T) > 8) {
    frame[index + 1] = 0;
    memcpy(frame + index, &value, sizeof(T) == 16 ? 16 : 10);
  } else if constexpr (std::is_integral_v<T>) {
    frame[index] = static_cast<std::make_unsigned_t<T>>(value);
  } else if constexpr (sizeof(T) == 4) {
    frame[index] = std::bit_cast<std::uint32_t>(value);
  } else {
    frame[index] = std::bit_cast<std::uint16_t>(value);
  }
}

template <typename T> inline T constant(const Op* ip, unsigned index = 0) {
  T value;
  memcpy(&value, &ip->k[index], sizeof(T));
  return value;
}

/// Goes to the op at `ip`.
#define KILN_GO(ip)                                                                                                    \
  do {                                                                                                                 \
    ::kiln::interp::Op* go_ = (ip);                                                                                    \
    [[clang::musttail]] return go_->run(go_, frame);                                                                   \
  } while (false)
/// Goes on `words` behind this op's begin.
#define KILN_NEXT(words) KILN_GO(reinterpret_cast<::kiln::interp::Op*>(reinterpret_cast<::kiln::interp::Word*>(ip) + (words)))
/// Goes `bytes` away from this op's begin.
#define KILN_JUMP(bytes) KILN_GO(reinterpret_cast<::kiln::interp::Op*>(reinterpret_cast<char*>(ip) + (bytes)))

/// Adds one to a count that several threads may write, losing some: one instruction.
inline void bump(Word& count) {
  __atomic_store_n(&count, __atomic_load_n(&count, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

} // namespace kiln::interp

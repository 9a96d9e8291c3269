// Runs one op on a small frame.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "interp/Ops.h"

namespace kiln::interp {

inline constexpr Word kStopped = 0x5709;
/// What no op may have written over.
inline constexpr Word kUntouched = 0xa5a5a5a5a5a5a5a5;

KILN_HANDLER inline Word stop(Op* ip, Word* frame) {
  return kStopped;
}

/// Calls into handlers from a function without variables: the compiler does not know that a handler overwrites the base
/// register of functions that have realigned and variable stack frames, as those that sanitizers instrument.
[[gnu::noinline]] inline Word enter(Op* op, Word* frame) {
  return op->run(op, frame);
}

struct Fields {
  std::uint16_t d = 0, a = 0, b = 0, c = 0;
};

class Machine {
public:
  Machine() { frame.fill(kUntouched); }

  /// Runs the op, which must go on right behind its constants.
  void run(Handler handler, Fields fields, std::initializer_list<Word> constants = {}) {
    ASSERT_NE(handler, nullptr);
    std::vector<Word> code(kOpWords + constants.size() + kOpWords);
    auto* op = reinterpret_cast<Op*>(code.data());
    op->run = handler;
    op->d = fields.d;
    op->a = fields.a;
    op->b = fields.b;
    op->c = fields.c;
    std::copy(constants.begin(), constants.end(), op->k);
    reinterpret_cast<Op*>(code.data() + kOpWords + constants.size())->run = &stop;
    ASSERT_EQ(enter(op, frame.data()), kStopped);
  }

  /// Sets a value of any size; the bits above it in its last word become `above`.
  template <typename T> void set(unsigned index, T value, std::size_t bytes = sizeof(T), Word above = 0) {
    frame[index + (bytes - 1) / 8] = above;
    memcpy(&frame[index], &value, bytes);
  }
  template <typename T> T value(unsigned index) const {
    T result;
    memcpy(&result, &frame[index], sizeof(T));
    return result;
  }

  std::array<Word, 64> frame;
};

} // namespace kiln::interp

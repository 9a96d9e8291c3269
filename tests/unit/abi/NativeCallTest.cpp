// Calls through the thunks by shapes made by hand: exceptions and jumps through them, AL, hidden pointers, va_list.
// Signatures in breadth: SignatureTest.cpp.
#include <cmath>
#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <unwind.h>

#include <gtest/gtest.h>

#include "abi/NativeCall.h"
#include "abi/Stub.h"

namespace kiln {
namespace {

using test::Stub;

template <typename Function> const void* address(Function* function) {
  return reinterpret_cast<const void*>(function);
}

/// `count` integers in order, of which those behind the sixth are on the stack; an integer as result.
CallShape integers(unsigned count, bool fast = false) {
  CallShape shape;
  for (unsigned i = 0; i < count; ++i)
    shape.arguments.push_back(i < 6 ? Move{.offset = i * 8, .word = i}
                                    : Move{.area = Area::Stack, .offset = (i - 6) * 8, .word = i});
  shape.results.push_back({.offset = offsetof(RegisterFile, result)});
  shape.argumentWords = count;
  shape.resultWords = 1;
  shape.gprUsed = std::min(count, 6U);
  shape.stackBytes = count > 6 ? (count - 6) * 8 : 0;
  shape.areaBytes = shape.resultOffset = (shape.stackBytes + 15) / 16 * 16;
  shape.fast = fast ? FastCall::Integers : FastCall::None;
  return shape;
}

std::uint64_t weigh(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d, std::uint64_t e,
                    std::uint64_t f) {
  return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6;
}

TEST(NativeCall, fastIntegers) {
  std::uint64_t words[] = {1, 20, 300, 4000, 50000, 600000}, result = 0;
  callNative(integers(6, true), address(&weigh), words, &result);
  EXPECT_EQ(result, weigh(1, 20, 300, 4000, 50000, 600000));
  CallShape shape = integers(1, true);
  shape.resultMask = 0xff;
  callNative(shape, address(+[](std::uint64_t a) { return a; }), words, &result);
  std::uint64_t wide = 0x1234;
  callNative(shape, address(+[](std::uint64_t a) { return a; }), &wide, &result);
  EXPECT_EQ(result, 0x34U);
}

TEST(NativeCall, fastDoubles) {
  CallShape shape;
  for (unsigned i = 0; i < 2; ++i)
    shape.arguments.push_back({.offset = static_cast<std::uint32_t>(offsetof(RegisterFile, sse) + 16 * i), .word = i});
  shape.results.push_back({.offset = offsetof(RegisterFile, resultSse)});
  shape.argumentWords = shape.sseUsed = 2;
  shape.resultWords = 1;
  double (*power)(double, double) = std::pow;
  for (FastCall kind : {FastCall::Doubles, FastCall::None}) {
    shape.fast = kind;
    double values[] = {3, 4}, result = 0;
    std::uint64_t words[2];
    std::memcpy(words, values, sizeof words);
    callNative(shape, address(power), words, words);
    std::memcpy(&result, words, sizeof result);
    EXPECT_EQ(result, 81);
  }
}

TEST(NativeCall, variadicCalleeSeesHowManySseRegisters) {
  // "%d %.1f" with a double in XMM0: printf looks at AL.
  CallShape shape = integers(4);
  shape.arguments.push_back({.offset = offsetof(RegisterFile, sse), .word = 4});
  shape.argumentWords = 5;
  shape.sseUsed = 1;
  shape.variadic = true;
  char text[32];
  double half = 0.5;
  std::uint64_t words[] = {reinterpret_cast<std::uintptr_t>(text), sizeof text,
                           reinterpret_cast<std::uintptr_t>("%d %.1f"), 7, 0};
  std::memcpy(&words[4], &half, sizeof half);
  callNative(shape, address(&std::snprintf), words, words);
  EXPECT_STREQ(text, "7 0.5");
}

/// Runs a function for each call.
struct Hook : NativeEntry {
  void (*body)(Hook&, RegisterFile&, std::byte*);
  CallShape shape;
  std::uint64_t seen[16] = {};

  Hook(CallShape of, void (*does)(Hook&, RegisterFile&, std::byte*))
      : NativeEntry{&Hook::enter}, body(does), shape(of) {}
  static void enter(NativeEntry* entry, RegisterFile* registers, std::byte* stack) {
    auto* self = static_cast<Hook*>(entry);
    self->body(*self, *registers, stack);
  }
};

[[noreturn]] std::uint64_t throwSum(std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d, std::uint64_t e,
                                    std::uint64_t f, std::uint64_t g, std::uint64_t h) {
  throw std::runtime_error(std::to_string(a + b + c + d + e + f + g + h));
}

struct CountsEnd {
  int& count;
  ~CountsEnd() { ++count; }
};

TEST(NativeCall, exceptionsPassBothWays) {
  Hook hook(integers(8), [](Hook& self, RegisterFile& registers, std::byte* stack) {
    std::uint64_t words[8];
    readArguments(self.shape, registers, stack, words);
    callNative(self.shape, address(&throwSum), words, words);
  });
  Stub stub(&hook);
  auto* entered = stub.as<std::uint64_t(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                                        std::uint64_t, std::uint64_t, std::uint64_t)>();
  int ended = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    std::string what;
    try {
      CountsEnd count{ended};
      entered(i, 1, 2, 3, 4, 5, 6, 7);
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    EXPECT_EQ(what, std::to_string(i + 28));
  }
  EXPECT_EQ(ended, 100);
}

TEST(NativeCall, exceptionsPassFastCalls) {
  std::uint64_t word = 5;
  auto* thrower = +[](std::uint64_t a) -> std::uint64_t { throw a; };
  EXPECT_THROW(callNative(integers(1, true), address(thrower), &word, &word), std::uint64_t);
  EXPECT_THROW(callNative(integers(1, false), address(thrower), &word, &word), std::uint64_t);
}

TEST(NativeCall, jumpsPassBothWays) {
  static std::jmp_buf back;
  Hook hook(integers(7), [](Hook& self, RegisterFile& registers, std::byte* stack) {
    std::uint64_t words[8];
    readArguments(self.shape, registers, stack, words);
    callNative(self.shape, address(+[](std::uint64_t) { std::longjmp(back, 3); }), words, words);
  });
  Stub stub(&hook);
  volatile int jumps = 0;
  for (volatile int i = 0; i < 10; i = i + 1) {
    if (setjmp(back) == 0)
      stub.as<void(std::uint64_t)>()(1);
    else
      jumps = jumps + 1;
  }
  EXPECT_EQ(jumps, 10);
}

/// Frames between here and the outermost one.
unsigned depth() {
  unsigned frames = 0;
  _Unwind_Backtrace([](_Unwind_Context*, void* count) { return ++*static_cast<unsigned*>(count), _URC_NO_REASON; },
                    &frames);
  return frames;
}

TEST(NativeCall, backtracesGoThrough) {
  Hook hook(integers(7), [](Hook& self, RegisterFile& registers, std::byte* stack) {
    callNative(self.shape, address(+[](Hook* hook) { hook->seen[0] = depth(); }), self.seen + 1, self.seen + 8);
  });
  hook.seen[1] = reinterpret_cast<std::uintptr_t>(&hook);
  Stub stub(&hook);
  unsigned here = depth();
  stub.as<void()>()();
  EXPECT_GT(hook.seen[0], here);
}

struct Large {
  std::uint64_t words[5];
};

TEST(NativeCall, addressOfAnExplicitResultIsReturned) {
  CallShape shape = integers(2);
  shape.results.clear();
  shape.resultWords = 0;
  shape.sretGpr = 0;
  Hook hook(shape, [](Hook& self, RegisterFile& registers, std::byte* stack) {
    readArguments(self.shape, registers, stack, self.seen);
    reinterpret_cast<Large*>(self.seen[0])->words[4] = self.seen[1];
    writeResults(self.shape, nullptr, registers);
  });
  Stub stub(&hook);
  Large large{};
  EXPECT_EQ(stub.as<void*(Large*, std::uint64_t)>()(&large, 9), &large);
  EXPECT_EQ(large.words[4], 9U);
  EXPECT_EQ(stub.as<Large(std::uint64_t)>()(11).words[4], 11U);
}

TEST(NativeCall, unnamedArgumentsAreWhereVaListPoints) {
  // int f(int n, double scale, ...), with doubles and integers in turn, in registers and on the stack.
  CallShape shape = integers(1);
  shape.arguments.push_back({.offset = offsetof(RegisterFile, sse), .word = 1});
  shape.argumentWords = 2;
  shape.sseUsed = 1;
  shape.variadic = true;
  Hook hook(shape, [](Hook& self, RegisterFile& registers, std::byte* stack) {
    readArguments(self.shape, registers, stack, self.seen);
    union {
      VaList ours;
      std::va_list theirs;
    } list;
    list.ours = startVariadic(self.shape, registers, stack);
    double sum = 0;
    for (std::uint64_t i = 0; i < self.seen[0]; ++i)
      sum = sum * 2 + va_arg(list.theirs, double) + va_arg(list.theirs, int);
    auto result = static_cast<std::uint64_t>(sum);
    writeResults(self.shape, &result, registers);
  });
  Stub stub(&hook);
  double expected = 0;
  for (int i = 1; i <= 10; ++i)
    expected = expected * 2 + i * 8 + i;
  EXPECT_EQ(stub.as<std::uint64_t(int, double, ...)>()(10, 1.5, 8.0, 1, 16.0, 2, 24.0, 3, 32.0, 4, 40.0, 5, 48.0, 6,
                                                       56.0, 7, 64.0, 8, 72.0, 9, 80.0, 10),
            static_cast<std::uint64_t>(expected));
}

TEST(NativeCall, stackOfTheCalleeIsAligned) {
  for (std::uint32_t align : {16U, 32U, 64U, 4096U})
    for (unsigned count = 6; count < 12; ++count) {
      CallShape shape = integers(count);
      shape.stackAlign = align;
      shape.areaBytes = shape.resultOffset = (shape.areaBytes + align - 1) / align * align;
      std::uint64_t words[12] = {}, frame = 0;
      callNative(shape, address(+[] {
                   return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
                 }),
                 words, &frame);
      EXPECT_EQ((frame + 16) % align, 0U); // behind the saved RBP and the return address
    }
}

} // namespace
} // namespace kiln

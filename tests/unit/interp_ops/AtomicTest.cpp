// Atomic ops: what they compute, what they leave alone, and that they are atomic.
#include <atomic>
#include <cmath>
#include <thread>

#include "Harness.h"

namespace kiln::interp {
namespace {

Word address(void* object) {
  return reinterpret_cast<Word>(object);
}

template <typename T> class AtomicOps : public testing::Test {
protected:
  static constexpr Width width = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  using Signed = std::make_signed_t<T>;

  static std::vector<T> values() {
    return {0,
            1,
            2,
            5,
            static_cast<T>(-1),
            static_cast<T>(-2),
            std::numeric_limits<Signed>::max(),
            static_cast<T>(std::numeric_limits<Signed>::min())};
  }

  static T expected(AtomicOp op, T old, T x) {
    switch (op) {
    case AtomicOp::Xchg:
      return x;
    case AtomicOp::Add:
      return old + x;
    case AtomicOp::Sub:
      return old - x;
    case AtomicOp::And:
      return old & x;
    case AtomicOp::Nand:
      return ~(old & x);
    case AtomicOp::Or:
      return old | x;
    case AtomicOp::Xor:
      return old ^ x;
    case AtomicOp::Max:
      return static_cast<T>(std::max(static_cast<Signed>(old), static_cast<Signed>(x)));
    case AtomicOp::Min:
      return static_cast<T>(std::min(static_cast<Signed>(old), static_cast<Signed>(x)));
    case AtomicOp::UMax:
      return std::max(old, x);
    case AtomicOp::UMin:
      return std::min(old, x);
    case AtomicOp::UIncWrap:
      return old >= x ? 0 : old + 1;
    default:
      return old == 0 || old > x ? x : old - 1;
    }
  }
};
using Types = testing::Types<std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t>;
TYPED_TEST_SUITE(AtomicOps, Types);

TYPED_TEST(AtomicOps, ReadModifyWrite) {
  using T = TypeParam;
  for (unsigned i = 0; i <= static_cast<unsigned>(AtomicOp::UDecWrap); ++i)
    for (T old : this->values())
      for (T operand : this->values()) {
        auto op = static_cast<AtomicOp>(i);
        alignas(8) T memory[3] = {T(0x55), old, T(0x66)};
        Machine machine;
        machine.frame[4] = address(&memory[1]);
        machine.set(5, operand, sizeof(T), kUntouched);
        machine.run(atomicReadModifyWrite(op, this->width), {1, 4, 5, 0});
        EXPECT_EQ(machine.frame[1], old);
        EXPECT_EQ(memory[1], this->expected(op, old, operand)) << i;
        EXPECT_TRUE(memory[0] == T(0x55) && memory[2] == T(0x66));
      }
}

TYPED_TEST(AtomicOps, CompareExchangeAndStore) {
  using T = TypeParam;
  for (bool equal : {false, true}) {
    T memory = 7;
    Machine machine;
    machine.frame[4] = address(&memory);
    machine.set(5, T(equal ? 7 : 8), sizeof(T), kUntouched);
    machine.set(6, T(9), sizeof(T), kUntouched);
    machine.run(atomicCompareExchange(this->width), {1, 4, 5, 6});
    EXPECT_EQ(machine.frame[1], 7u);
    EXPECT_EQ(machine.frame[2], equal);
    EXPECT_EQ(memory, equal ? 9 : 7);
    machine.run(atomicStore(this->width), {5, 4, 0, 0});
    EXPECT_EQ(memory, equal ? 7 : 8);
  }
}

template <typename T, typename Bits> void checkFloats(Width width) {
  for (T old : {T(1.5), T(-0.25), T(INFINITY), T(NAN)})
    for (T operand : {T(2), T(-3.125), T(NAN)})
      for (auto [op, expected] : {std::pair{AtomicOp::FAdd, old + operand},
                                  {AtomicOp::FSub, old - operand},
                                  {AtomicOp::FMax, std::fmax(old, operand)},
                                  {AtomicOp::FMin, std::fmin(old, operand)}}) {
        T memory = old;
        Machine machine;
        machine.frame[4] = address(&memory);
        machine.set(5, operand, sizeof(T), kUntouched);
        machine.run(atomicReadModifyWrite(op, width), {1, 4, 5, 0});
        EXPECT_EQ(machine.frame[1], std::bit_cast<Bits>(old));
        EXPECT_TRUE(std::isnan(expected) ? std::isnan(memory) : memory == expected);
      }
}

TEST(AtomicFloats, ReadModifyWrite) {
  checkFloats<float, std::uint32_t>(2);
  checkFloats<double, std::uint64_t>(3);
  for (Width width : {0, 1})
    for (AtomicOp op : {AtomicOp::FAdd, AtomicOp::FSub, AtomicOp::FMax, AtomicOp::FMin})
      EXPECT_EQ(atomicReadModifyWrite(op, width), nullptr);
}

TEST(Atomic128, CompareExchange) {
  for (bool equal : {false, true}) {
    alignas(16) Word memory[2] = {1, 2};
    Machine machine;
    machine.frame[4] = address(memory);
    machine.frame[6] = 1;
    machine.frame[7] = equal ? 2 : 3;
    machine.frame[8] = 10;
    machine.frame[9] = 11;
    machine.run(atomicCompareExchange128(), {1, 4, 6, 8});
    EXPECT_TRUE(machine.frame[1] == 1 && machine.frame[2] == 2);
    EXPECT_EQ(machine.frame[3], equal);
    EXPECT_TRUE(memory[0] == (equal ? 10 : 1) && memory[1] == (equal ? 11 : 2));
  }
}

TEST(Atomic128, DoesNotTear) {
  alignas(16) Word memory[2] = {0, 0};
  std::atomic<bool> done = false;
  auto write = [&](Word value) {
    Machine machine;
    machine.frame[4] = address(memory);
    machine.frame[6] = machine.frame[7] = value;
    for (unsigned i = 0; i < 50000; ++i)
      machine.run(atomicStore128(), {6, 4, 0, 0});
  };
  std::thread reader([&] {
    Machine machine;
    machine.frame[4] = address(memory);
    while (!done) {
      machine.run(atomicLoad128(), {1, 4, 0, 0});
      EXPECT_EQ(machine.frame[1], machine.frame[2]);
    }
  });
  std::thread first(write, 1), second(write, ~Word{0});
  first.join();
  second.join();
  done = true;
  reader.join();
}

// An instruction and a loop: no addition of two threads may be lost.
TEST(AtomicThreads, LoseNothing) {
  std::uint32_t integer = 0, bounded = 0;
  double real = 0;
  auto work = [&] {
    Machine machine;
    machine.frame[4] = address(&integer);
    machine.frame[5] = address(&bounded);
    machine.frame[6] = address(&real);
    machine.frame[7] = 1;
    machine.frame[8] = UINT32_MAX;
    machine.set(9, 1.0);
    for (unsigned i = 0; i < 20000; ++i) {
      machine.run(atomicReadModifyWrite(AtomicOp::Add, 2), {1, 4, 7, 0});
      machine.run(atomicReadModifyWrite(AtomicOp::UIncWrap, 2), {1, 5, 8, 0});
      machine.run(atomicReadModifyWrite(AtomicOp::FAdd, 3), {1, 6, 9, 0});
      machine.run(fence(), {});
    }
  };
  std::thread first(work), second(work);
  first.join();
  second.join();
  EXPECT_EQ(integer, 40000u);
  EXPECT_EQ(bounded, 40000u);
  EXPECT_EQ(real, 40000.0);
}

} // namespace
} // namespace kiln::interp

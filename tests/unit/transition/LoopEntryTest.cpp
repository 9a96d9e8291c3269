// How the engine comes to a continuation when an activation asks at a loop header.
#include <mutex>

#include "transition/Continued.h"

namespace kiln {
namespace {

using test::Continued;
using test::Prepared;

constexpr const char* kLoop = R"(
define i64 @f(i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %loop ]
  %sum = phi i64 [ 0, %entry ], [ %sum.next, %loop ]
  %x = mul i64 %i, %i
  %y = xor i64 %x, %sum
  %sum.next = add i64 %sum, %y
  %i.next = add i64 %i, 1
  %end = icmp eq i64 %i.next, %n
  br i1 %end, label %done, label %loop
done:
  ret i64 %sum.next
}
)";

std::uint64_t f(std::uint64_t n) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < n; ++i)
    sum += (i * i) ^ sum;
  return sum;
}

struct Events final : Observer {
  std::mutex mutex;
  std::vector<std::string> lines;
  void onTierEvent(const TierEvent& event) override {
    std::lock_guard lock(mutex);
    const char* kinds[] = {"request", "publish", "demote", "failed", "dropped", "exit", "loop", "replace"};
    lines.push_back(std::string(kinds[static_cast<int>(event.kind)]) + " " + std::string(tierName(event.to)) +
                    (event.loop ? " at " + std::to_string(*event.loop) : "") + ": " + std::string(event.reason));
  }
  std::vector<std::string> taken() {
    std::lock_guard lock(mutex);
    return lines;
  }
};

/// An activation as the interpreter would have it: counts in C++, asks when the budget is spent, moves.
struct Activation {
  Prepared& program;
  FunctionRecord& record = program.record("f");
  std::uint64_t moved = 0; ///< the iteration at which it moved, 0 if it did not

  std::uint64_t run(std::uint64_t n, Tier running = Tier::O0) {
    FunctionNumbers numbers(program.function("f"));
    std::uint32_t loop = Prepared::blockNumber(numbers, "loop");
    auto state = *liveInto(numbers, numbers.block(loop)); // n, i, sum
    EXPECT_EQ(state.words, 3u);
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      if (i != 0) {
        auto& left = record.counters->loops;
        left.store(left.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
        if (left.load(std::memory_order_relaxed) < 0)
          if (std::uintptr_t to = program.core->onLoopBudgetSpent(record, loop, running, true)) {
            moved = i;
            std::uint64_t words[3] = {n, i, sum};
            return reinterpret_cast<std::uint64_t (*)(const std::uint64_t*)>(to)(words);
          }
      }
      sum += (i * i) ^ sum;
    }
    return sum;
  }
};

Options options(Observer* observer, unsigned threads) {
  Options made;
  made.ladder = *Ladder::parse("O0,O2@10,O3@100"); // loops: 1,000 and 10,000
  made.compileThreads = threads;
  made.observer = observer;
  return made;
}

TEST(LoopEntry, WithoutCompileThreadsAnActivationMovesAtOnce) {
  Events events;
  Prepared program(kLoop, {}, options(&events, 0));
  Activation activation{program};
  activation.record.arm(10, 1000);
  EXPECT_EQ(activation.run(1000000), f(1000000));
  EXPECT_GE(activation.moved, 10000u);
  EXPECT_LE(activation.moved, 10100u);
  EXPECT_EQ(events.taken(), (std::vector<std::string>{"request O3 at 1: one call", "loop O3 at 1: threshold"}));
  Statistics statistics = program.core->statistics();
  ASSERT_EQ(statistics.functions.size(), 1u);
  EXPECT_EQ(statistics.functions[0].osrTransfers, 1u);
  // The next activation finds it soon.
  Activation second{program};
  EXPECT_EQ(second.run(1000000), f(1000000));
  EXPECT_GT(second.moved, 0u);
  EXPECT_LE(second.moved, 2000u);
}

TEST(LoopEntry, ACompileThreadMakesItWhileTheLoopGoesOn) {
  Events events;
  Prepared program(kLoop, {}, options(&events, 1));
  Activation activation{program};
  activation.record.arm(10, 1000);
  constexpr std::uint64_t n = 300000000;
  // However long the compile takes, the loop is longer: a million iterations take a millisecond or so.
  std::uint64_t result = activation.run(n);
  EXPECT_GT(activation.moved, 10000u);
  EXPECT_EQ(result, f(n));
  EXPECT_EQ(events.taken(), (std::vector<std::string>{"request O3 at 1: one call", "loop O3 at 1: threshold"}));
}

TEST(LoopEntry, SwitchedOffNothingMoves) {
  Options off = options(nullptr, 0);
  off.osr = false;
  Prepared program(kLoop, {}, off);
  Activation activation{program};
  activation.record.arm(10, 1000);
  EXPECT_EQ(activation.run(100000), f(100000));
  EXPECT_EQ(activation.moved, 0u);
  EXPECT_EQ(activation.record.osrEntry(1, Tier::O3), nullptr);
}

TEST(LoopEntry, AfterShutdownNothingIsCompiled) {
  Prepared program(kLoop, {}, options(nullptr, 1));
  program.engine->shutdown();
  Activation activation{program};
  activation.record.arm(10, 1000);
  EXPECT_EQ(activation.run(100000), f(100000));
  EXPECT_EQ(activation.moved, 0u);
  EXPECT_EQ(program.core->forceOsr(activation.record, 1, Tier::O0), 0u);
}

} // namespace
} // namespace kiln

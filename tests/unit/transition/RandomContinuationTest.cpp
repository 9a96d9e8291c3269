// Continuations of random functions against the meaning of the IR: an evaluator of the few instructions they use runs the
// function; where it stands at a block it hands its values to the continuation of that block, which must end as it does.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Instructions.h>

#include "transition/Continued.h"
#include "transition/RandomFunction.h"

namespace kiln {
namespace {

using test::Prepared;

class Evaluator {
public:
  explicit Evaluator(const FunctionNumbers& numbers) : numbers_(numbers), values_(numbers.valueCount()) {}

  struct Outcome {
    std::uint32_t result = 0, hash = 0, fuel = 0;
    bool operator==(const Outcome&) const = default;
  };
  /// Runs to the end; `at(block)` is called where each block starts, its phis done.
  template <typename At> Outcome run(std::uint32_t argument, std::uint32_t fuel, At&& at) {
    values_[0] = argument;
    memory = {0, 0, fuel};
    const llvm::BasicBlock* block = &numbers_.block(0);
    const llvm::BasicBlock* from = nullptr;
    while (block) {
      std::vector<std::uint32_t> phis;
      for (const llvm::PHINode& phi : block->phis())
        phis.push_back(value(*phi.getIncomingValueForBlock(from)));
      std::size_t next = 0;
      for (const llvm::PHINode& phi : block->phis())
        values_[numbers_.of(phi)] = phis[next++];
      at(*block);
      from = block;
      block = step(*block);
    }
    return memory;
  }
  std::uint32_t value(const llvm::Value& value) const {
    if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(&value))
      return static_cast<std::uint32_t>(constant->getZExtValue());
    return values_[numbers_.of(value)];
  }
  Outcome memory;

private:
  std::uint32_t& cell(const llvm::Value& pointer) { return pointer.getName() == "hash" ? memory.hash : memory.fuel; }

  const llvm::BasicBlock* step(const llvm::BasicBlock& block) {
    for (const llvm::Instruction& each : block) {
      if (llvm::isa<llvm::PHINode>(each))
        continue;
      if (const auto* jump = llvm::dyn_cast<llvm::BranchInst>(&each))
        return jump->getSuccessor(jump->isConditional() && !value(*jump->getCondition()) ? 1 : 0);
      if (const auto* end = llvm::dyn_cast<llvm::ReturnInst>(&each)) {
        memory.result = value(*end->getReturnValue());
        return nullptr;
      }
      if (const auto* store = llvm::dyn_cast<llvm::StoreInst>(&each)) {
        cell(*store->getPointerOperand()) = value(*store->getValueOperand());
        continue;
      }
      std::uint32_t& to = values_[numbers_.of(each)];
      auto operand = [&](unsigned i) { return value(*each.getOperand(i)); };
      switch (each.getOpcode()) {
      case llvm::Instruction::Load: to = cell(*each.getOperand(0)); break;
      case llvm::Instruction::Add: to = operand(0) + operand(1); break;
      case llvm::Instruction::Sub: to = operand(0) - operand(1); break;
      case llvm::Instruction::Mul: to = operand(0) * operand(1); break;
      case llvm::Instruction::Xor: to = operand(0) ^ operand(1); break;
      case llvm::Instruction::LShr: to = operand(0) >> operand(1); break;
      case llvm::Instruction::Trunc: to = operand(0) & 1; break;
      case llvm::Instruction::ICmp: to = operand(0) == operand(1); break;
      default: ADD_FAILURE() << each.getOpcodeName();
      }
    }
    return nullptr;
  }

  const FunctionNumbers& numbers_;
  std::vector<std::uint32_t> values_;
};

class RandomContinuation : public testing::TestWithParam<int> {};

TEST_P(RandomContinuation, EndsAsTheEvaluatorDoes) {
  constexpr int kSeeds = 12;
  for (int seed = GetParam() * kSeeds; seed < (GetParam() + 1) * kSeeds; ++seed) {
    std::string text = test::randomFunction(static_cast<unsigned>(seed));
    Options options;
    options.ladder = *Ladder::parse(seed % 2 ? "O0,O1@10" : "O0,O3@10");
    Prepared program(text, {}, options);
    auto* hash = static_cast<std::uint32_t*>(*program.core->variableAddress("hash"));
    auto* fuel = static_cast<std::uint32_t*>(*program.core->variableAddress("fuel"));
    FunctionNumbers numbers(program.function("f"));
    FunctionRecord& record = program.record("f");
    Evaluator evaluator(numbers);
    constexpr std::uint32_t kFuel = 60, kArgument = 0x9e3779b9;
    const Evaluator::Outcome expected = evaluator.run(kArgument, kFuel, [](auto&) {});
    int arrivals = 0;
    evaluator.run(kArgument, kFuel, [&](const llvm::BasicBlock& block) {
      if (&block == &numbers.block(0) || block.getName()[0] != 'b' || ++arrivals % 5 != 0)
        return;
      std::uint32_t number = numbers.of(block);
      auto state = liveInto(numbers, block);
      ASSERT_TRUE(state) << state.error();
      std::vector<std::uint64_t> words(state->words + 1, 0xdeadbeefdeadbeef);
      for (const LiveValue& live : state->values) {
        std::uint32_t value = evaluator.value(*live.value);
        memcpy(&words[live.word], &value, sizeof value);
      }
      if (!record.osrEntry(number, Tier::O3))
        program.ir("f", number); // verifies it
      std::uintptr_t entry = program.core->forceOsr(record, number, Tier::O0);
      ASSERT_NE(entry, 0u);
      Evaluator::Outcome got;
      *hash = evaluator.memory.hash;
      *fuel = evaluator.memory.fuel;
      got.result = reinterpret_cast<std::uint32_t (*)(const std::uint64_t*)>(entry)(words.data());
      got.hash = *hash;
      got.fuel = *fuel;
      EXPECT_EQ(got, expected) << "seed " << seed << ", entered at " << block.getName().str() << ", arrival " << arrivals;
    });
    if (HasFailure())
      FAIL() << text;
    *hash = 0;
    *fuel = kFuel;
    EXPECT_EQ(program.native<std::uint32_t(std::uint32_t)>("f")(kArgument), expected.result);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomContinuation, testing::Range(0, 10));

/// The same with the interpreter's code for resuming: all blocks are places of one function, so that its loops have as many
/// entries as they can, and each is a header to go down at as well. What loops comes to compiled code again by itself.
TEST_P(RandomContinuation, ResumesAsTheEvaluatorGoesOn) {
  constexpr int kSeeds = 12;
  for (int seed = GetParam() * kSeeds; seed < (GetParam() + 1) * kSeeds; ++seed) {
    std::string text = test::randomFunction(static_cast<unsigned>(seed));
    Options options;
    options.ladder = *Ladder::parse("interpreter,baseline@1,O1@10");
    options.osrAt = seed % 2 ? 3 : 0;
    options.compileThreads = 0;
    Prepared program(text, {}, options);
    auto* hash = static_cast<std::uint32_t*>(*program.core->variableAddress("hash"));
    auto* fuel = static_cast<std::uint32_t*>(*program.core->variableAddress("fuel"));
    FunctionNumbers numbers(program.function("f"));
    LivePoints live(numbers);
    FunctionRecord& record = program.record("f");
    std::vector<std::uint32_t> places;
    for (std::uint32_t block = 0; block < numbers.blockCount(); ++block)
      places.push_back(numbers.of(*numbers.block(block).getFirstNonPHI()));
    std::vector<std::uintptr_t> points = program.core->resumePoints(record, places);
    Evaluator evaluator(numbers);
    constexpr std::uint32_t kFuel = 60, kArgument = 0x9e3779b9;
    const Evaluator::Outcome expected = evaluator.run(kArgument, kFuel, [](auto&) {});
    auto enter = [&](std::uintptr_t entry, const FrameState& state, std::uint32_t place, bool atLoop) {
      ASSERT_NE(entry, 0u);
      std::vector<std::uint64_t> words(state.words + 2, 0xdeadbeefdeadbeef);
      if (!atLoop)
        words[0] = place;
      for (const LiveValue& each : state.values) {
        std::uint32_t value = evaluator.value(*each.value);
        memcpy(&words[each.word + !atLoop], &value, sizeof value);
      }
      Evaluator::Outcome got;
      *hash = evaluator.memory.hash;
      *fuel = evaluator.memory.fuel;
      got.result = reinterpret_cast<std::uint32_t (*)(const std::uint64_t*)>(entry)(words.data());
      got.hash = *hash;
      got.fuel = *fuel;
      EXPECT_EQ(got, expected) << "seed " << seed << ", place " << place << (atLoop ? " at a loop" : "");
    };
    int arrivals = 0;
    evaluator.run(kArgument, kFuel, [&](const llvm::BasicBlock& block) {
      if (++arrivals % 3 != 0)
        return;
      std::uint32_t number = numbers.of(block);
      auto state = live.at(*block.getFirstNonPHI());
      ASSERT_TRUE(state) << state.error();
      enter(points[number], *state, places[number], false);
      if (auto atLoop = liveInto(numbers, block)) {
        program.core->enterInterpreter(record, number);
        const OsrEntry* entry = record.osrEntry(number, Tier::Interpreter);
        ASSERT_NE(entry, nullptr);
        enter(entry->address, *atLoop, 0, true);
      }
    });
    if (HasFailure())
      FAIL() << text;
  }
}

TEST(ContinuationCode, IsTheSameEachTime) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::string text = test::randomFunction(seed);
    Prepared first(text), second(text);
    for (std::uint32_t loop = 1; loop < 8; loop += 2)
      EXPECT_EQ(first.ir("f", loop), second.ir("f", loop)) << text;
  }
}

} // namespace
} // namespace kiln

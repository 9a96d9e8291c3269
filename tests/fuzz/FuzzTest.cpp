// That the generator, the runner and the reducer are worth being believed.
#include <gtest/gtest.h>

#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include "Choices.h"
#include "Generator.h"
#include "Reducer.h"
#include "Runner.h"

namespace kiln::fuzz {
namespace {

std::string textOf(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out, nullptr);
  return text;
}

std::unique_ptr<llvm::Module> parse(llvm::LLVMContext& context, const char* text) {
  llvm::SMDiagnostic problem;
  auto module = llvm::parseAssemblyString(text, problem, context);
  EXPECT_TRUE(module) << problem.getMessage().str();
  return module;
}

std::string problemsOf(const llvm::Module& module) {
  std::string problems;
  llvm::raw_string_ostream out(problems);
  return llvm::verifyModule(module, &out) ? problems + textOf(module) : "";
}

Mode mode(std::string_view text) {
  auto mode = parseMode(text);
  EXPECT_TRUE(mode) << mode.error().message;
  return *mode;
}

TEST(Generator, AnyBytesGiveAValidModule) {
  for (std::size_t size : {0, 1, 40, 3000})
    for (std::uint8_t byte : {0, 1, 7, 63, 64, 128, 255}) {
      llvm::LLVMContext context;
      std::vector<std::uint8_t> bytes(size, byte);
      EXPECT_EQ(problemsOf(*generate(context, bytes)), "") << size << " bytes of " << int{byte};
    }
}

TEST(Generator, SameBytesGiveTheSameModule) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    llvm::LLVMContext one, two;
    auto bytes = bytesOfSeed(seed);
    EXPECT_EQ(textOf(*generate(one, bytes)), textOf(*generate(two, bytes)));
  }
}

TEST(Generator, EveryInstructionComesUp) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    llvm::LLVMContext context;
    auto module = generate(context, bytesOfSeed(seed));
    for (const llvm::Function& function : *module)
      for (const llvm::Instruction& instruction : llvm::instructions(function))
        seen.insert(instruction.getOpcodeName());
  }
  // What no front end writes, what needs other platforms, and what Kiln refuses.
  std::set<std::string> without = {"indirectbr",    "cleanupret",          "catchret", "catchswitch",
                                   "callbr",        "cleanuppad",          "catchpad", "va_arg",
                                   "addrspacecast", "<Invalid operator> ", "UserOp1",  "UserOp2"};
  for (unsigned opcode = 1; opcode < llvm::Instruction::OtherOpsEnd; ++opcode)
    if (std::string name = llvm::Instruction::getOpcodeName(opcode); !without.contains(name))
      EXPECT_TRUE(seen.contains(name)) << name;
}

constexpr const char* kTwoWays = R"(
@seen = global i64 5
@part = global { i8, float, i17 } { i8 1, float 2.0, i17 3 }
define i64 @run(i64 %a, i64 %b) {
  %old = load i64, ptr @seen
  %new = add i64 %old, %a
  store i64 %new, ptr @seen
  %r = mul i64 %new, %b
  ret i64 %r
}
)";

TEST(Runner, SeesResultsAndVariables) {
  llvm::LLVMContext context;
  auto module = parse(context, kTwoWays);
  Outcome outcome = runApart(Subject::of(*module), mode("interpreter"));
  EXPECT_EQ(outcome.end, "ok");
  ASSERT_GE(outcome.lines.size(), 6u);
  // The second call is run(1, 2).
  EXPECT_EQ(outcome.lines[0], "call 0 returned 0000000000000000");
  EXPECT_EQ(outcome.lines[3], "call 1 returned 000000000000000c");
  EXPECT_TRUE(outcome.lines[1].starts_with("call 0 @seen "));
  EXPECT_NE(outcome.lines[1].substr(7), outcome.lines[4].substr(7));
  EXPECT_EQ(outcome.lines[2].substr(7), outcome.lines[5].substr(7));
  EXPECT_TRUE(outcome.agrees(runApart(Subject::of(*module), mode("O2"))));
}

TEST(Runner, CrashesAndEndlessLoopsAreOutcomes) {
  llvm::LLVMContext context;
  auto crash =
      parse(context, "define i64 @run(i64 %a, i64 %b) {\n  %x = load volatile i64, ptr null\n  ret i64 %x\n}\n");
  EXPECT_EQ(runApart(Subject::of(*crash), mode("O0")).end, "signal 11");
  auto endless = parse(context, "define i64 @run(i64 %a, i64 %b) {\n  br label %l\nl:\n  br label %l\n}\n");
  EXPECT_EQ(runApart(Subject::of(*endless), mode("interpreter"), std::chrono::seconds(1)).end, "timeout");
}

TEST(Runner, NamesTheFirstDifference) {
  llvm::LLVMContext context;
  auto one = parse(context, "define i64 @run(i64 %a, i64 %b) {\n  ret i64 %a\n}\n");
  auto two = parse(context, "define i64 @run(i64 %a, i64 %b) {\n  ret i64 %b\n}\n");
  Outcome left = runApart(Subject::of(*one), mode("O0")), right = runApart(Subject::of(*two), mode("O0"));
  EXPECT_FALSE(left.agrees(right));
  EXPECT_EQ(difference(left, right), "'call 1 returned 0000000000000001' and 'call 1 returned 0000000000000002'");
}

TEST(Modes, SettingsAreRead) {
  Mode some = mode("interpreter,O2@3/osr=5/threads=2/counting=on");
  EXPECT_EQ(some.options.osrAt, 5u);
  EXPECT_EQ(some.options.compileThreads, 2u);
  EXPECT_EQ(some.options.counting, Counting::On);
  EXPECT_EQ(some.options.ladder.text(), "interpreter,O2@3");
  Mode guessing = mode("O3/exit=3/constant=2");
  EXPECT_EQ(guessing.options.exitAt, 3u);
  EXPECT_EQ(guessing.options.constantAfter, 2u);
  EXPECT_FALSE(parseMode("O7"));
  EXPECT_FALSE(parseMode("O2/speed=1"));
  EXPECT_FALSE(parseMode("O2/osr=x"));
}

TEST(Modes, EveryTierIsAModeAndTheFirstIsTheInterpreter) {
  auto modes = allModes();
  EXPECT_EQ(modes.front().name, "interpreter");
  for (Tier tier : kAllTiers)
    EXPECT_TRUE(std::any_of(modes.begin(), modes.end(), [&](const Mode& mode) { return mode.name == tierName(tier); }));
}

std::size_t countOf(const llvm::Module& module, unsigned opcode) {
  std::size_t count = 0;
  for (const llvm::Function& function : module)
    for (const llvm::Instruction& instruction : llvm::instructions(function))
      count += instruction.getOpcode() == opcode;
  return count;
}

TEST(Reducer, LeavesWhatIsLookedFor) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  for (std::uint64_t seed = 1; !module || countOf(*module, llvm::Instruction::SDiv) == 0; ++seed)
    module = generate(context, bytesOfSeed(seed));
  auto interesting = [](const llvm::Module& candidate) { return countOf(candidate, llvm::Instruction::SDiv) > 0; };
  reduce(module, interesting, std::chrono::seconds(60));
  EXPECT_EQ(problemsOf(*module), "");
  EXPECT_TRUE(interesting(*module));
  // The division, what keeps its divisor from zero, and the fuel and returns of two functions at most.
  EXPECT_LE(module->getInstructionCount(), 24u) << textOf(*module);
}

TEST(Reducer, KeepsTheProgramDefined) {
  // Each module in between ends as it should: nothing that was kept from trapping traps.
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    llvm::LLVMContext context;
    auto module = generate(context, bytesOfSeed(seed));
    unsigned tries = 0;
    reduce(
        module,
        [&](const llvm::Module& candidate) {
          Outcome outcome = runApart(Subject::of(candidate), mode("interpreter"), std::chrono::seconds(10));
          EXPECT_EQ(outcome.end, "ok") << textOf(candidate);
          return ++tries % 3 == 0;
        },
        std::chrono::seconds(5));
  }
}

} // namespace
} // namespace kiln::fuzz

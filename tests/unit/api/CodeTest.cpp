// The machine code of the tiers, as dump() shows it.
#include "Host.h"

#include <algorithm>

namespace kiln {
namespace {

using test::Host;

std::string dump(Host& host, std::string_view name, Tier tier, Program::Dump kind) {
  auto text = host.program->dump(name, tier, kind);
  EXPECT_TRUE(text) << text.error().message;
  return text ? *text : std::string();
}

/// Lines that are instructions, without labels, directives and the tier's own names.
std::string instructions(const std::string& assembly) {
  std::string out;
  std::size_t at = 0;
  while (at < assembly.size()) {
    std::size_t end = std::min(assembly.find('\n', at), assembly.size());
    std::string_view line(assembly.data() + at, end - at);
    if (line.size() > 2 && line[0] == '\t' && line[1] != '.' && line[1] != '#')
      out += std::string(line.substr(0, line.find('#'))) + "\n";
    at = end + 1;
  }
  return out;
}

TEST(Code, OfTheTiersDiffersPairwise) {
  for (std::string_view name : {"sum", "collatz"}) {
    Options options;
    options.counting = Counting::Off; // so that counting is not the difference
    Host host(test::kLoops, options);
    std::vector<std::string> code;
    for (Tier tier : kAllTiers)
      if (tier >= Tier::O0)
        code.push_back(instructions(dump(host, name, tier, Program::Dump::Assembly)));
    for (std::size_t a = 0; a < code.size(); ++a) {
      EXPECT_FALSE(code[a].empty());
      for (std::size_t b = a + 1; b < code.size(); ++b)
        if (name == "sum") // collatz has nothing that every level would improve
          EXPECT_NE(code[a], code[b]) << name << " at O" << a << " and O" << b << "\n" << code[a];
        else if (a == 0)
          EXPECT_NE(code[a], code[b]) << name << " at O" << a << " and O" << b << "\n" << code[a];
    }
  }
}

TEST(Code, TheInterpreterHasOpsAndNoAssembly) {
  Host host(test::kLoops);
  EXPECT_NE(dump(host, "sum", Tier::Interpreter, Program::Dump::Ops).find("load.u32"), std::string::npos);
  auto assembly = host.program->dump("sum", Tier::Interpreter, Program::Dump::Assembly);
  ASSERT_FALSE(assembly);
  EXPECT_EQ(assembly.error().code, ErrorCode::BadOption);
}

TEST(Code, TheTopTierUsesTheWideRegistersOfThisMachine) {
  if (!__builtin_cpu_supports("avx2"))
    GTEST_SKIP() << "no AVX2 here";
  Host host(test::kLoops);
  EXPECT_NE(dump(host, "sum", Tier::O3, Program::Dump::Assembly).find("%ymm"), std::string::npos);
  std::string below = dump(host, "sum", Tier::O2, Program::Dump::Assembly);
  EXPECT_EQ(below.find("%ymm"), std::string::npos);
  EXPECT_NE(below.find("%xmm"), std::string::npos); // vectorised for what the module asks for
}

TEST(Code, ADumpChangesNothing) {
  Host host(test::kFib);
  std::string first = dump(host, "fib", Tier::O2, Program::Dump::Ir);
  EXPECT_NE(first.find("define"), std::string::npos);
  EXPECT_EQ(dump(host, "fib", Tier::O2, Program::Dump::Ir), first); // deterministic
  EXPECT_EQ(host.tierOf("fib"), std::nullopt);
  EXPECT_EQ(host.program->statistics().compiles, 0u);
}

TEST(Code, ADumpOfAnUnknownFunctionFails) {
  Host host(test::kFib);
  auto text = host.program->dump("nothing", Tier::O0, Program::Dump::Ir);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::UnknownEntry);
}

} // namespace
} // namespace kiln

// Compiling a function twice gives the same code, whatever was compiled before, and in whichever world its IR was read.
#include <gtest/gtest.h>

#include "compile/baseline/Compile.h"
#include "compile/baseline/Stored.h"
#include "compile/baseline/Unwind.h"
#include "program/HostSymbols.h"
#include "program/World.h"

namespace kiln::baseline {
namespace {

/// A program without memory: everything has some address.
class Program final : public Environment {
public:
  explicit Program(std::shared_ptr<const std::vector<Source>> sources)
      : Environment(map, noThreadLocals_, [](std::uint32_t id) { return std::uintptr_t{0x10000} + 8 * id; }) {
    auto opened = World::open(std::move(sources), Reading::Lean);
    EXPECT_TRUE(opened) << opened.error().message;
    world = std::move(*opened);
    for (const std::string& name : world->lateNames())
      host_.add(name, this);
    auto built = ProgramMap::build(*world, host_);
    EXPECT_TRUE(built) << built.error().message;
    map = std::move(*built);
    symbols_.emplace(*world, map);
    see(*symbols_);
  }

  std::uintptr_t libraryFunction(const char* name) override { return host_.find(name).value_or(0x20000); }

  const llvm::Function* body(std::uint32_t id) {
    const FunctionInfo& info = map.functions[id];
    auto found = world->prepared(world->functionAt(info.module, info.index));
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : nullptr;
  }

  std::unique_ptr<World> world;
  ProgramMap map;

private:
  HostSymbols host_;
  std::unique_ptr<ThreadLocals> noThreadLocals_;
  std::optional<WorldSymbols> symbols_;
};

/// All that compiling tells, as bytes; a refusal's reason.
std::string textOf(const std::expected<std::unique_ptr<Code>, Refusal>& made) {
  if (!made)
    return made.error().reason + made.error().instruction;
  const Code& code = **made;
  std::string text = storeCode(code);
  for (std::byte each : encodeUnwind(code, {std::vector<std::uintptr_t>(code.types.size()), 0}).bytes)
    text += static_cast<char>(each);
  return text;
}

class Determinism : public testing::TestWithParam<const char*> {};

TEST_P(Determinism, CompilingAgainGivesTheSame) {
  auto source = readSource(std::string(KILN_BASELINE_PROGRAMS) + "/" + GetParam() + ".bc");
  ASSERT_TRUE(source) << source.error().message;
  auto sources = std::make_shared<std::vector<Source>>();
  sources->push_back(std::move(*source));
  Program first(sources), second(sources);
  Workspace used;
  EmitOptions options;
  options.settings.record = ~0u;
  unsigned compiled = 0;
  for (unsigned registers : {0u, 4u}) {
    options.settings.registers = registers;
    std::vector<std::string> before;
    for (std::uint32_t id = 0; id < first.map.functions.size(); ++id) {
      auto made = compile(*first.body(id), id, first, used, options);
      compiled += made.has_value();
      before.push_back(textOf(made));
    }
    for (std::uint32_t id = static_cast<std::uint32_t>(before.size()); id-- > 0;) {
      Workspace fresh;
      const std::string& name = first.map.functions[id].name;
      EXPECT_EQ(before[id], textOf(compile(*first.body(id), id, first, used, options))) << name << ", again";
      EXPECT_EQ(before[id], textOf(compile(*second.body(id), id, second, fresh, options))) << name << ", in another world";
    }
  }
  EXPECT_GT(compiled, first.map.functions.size()) << "of twice as many";
}

TEST_P(Determinism, StoredCodeComesBackWhole) {
  auto source = readSource(std::string(KILN_BASELINE_PROGRAMS) + "/" + GetParam() + ".bc");
  ASSERT_TRUE(source) << source.error().message;
  auto sources = std::make_shared<std::vector<Source>>();
  sources->push_back(std::move(*source));
  Program program(sources);
  Workspace workspace;
  EmitOptions options;
  options.settings.record = ~0u;
  unsigned compiled = 0;
  for (std::uint32_t id = 0; id < program.map.functions.size(); ++id) {
    auto made = compile(*program.body(id), id, program, workspace, options);
    if (!made)
      continue;
    const std::string stored = storeCode(**made);
    auto again = restoreCode(stored);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->bytes, (*made)->bytes);
    EXPECT_EQ(again->landings, (*made)->landings);
    EXPECT_EQ(again->counts, (*made)->counts);
    // What is looked up anew is not there yet.
    for (std::size_t i = 0; i < again->runtime.size(); ++i)
      EXPECT_EQ(again->runtime[i].address, again->runtime[i].kind == RuntimeAddress::Kind::Kiln ? (*made)->runtime[i].address : 0);
    EXPECT_EQ(storeCode(*again), stored);
    for (std::size_t bytes = 0; bytes < stored.size(); bytes += 1 + stored.size() / 100)
      EXPECT_FALSE(restoreCode(std::string_view(stored).substr(0, bytes))) << bytes << " of " << stored.size();
    EXPECT_FALSE(restoreCode(stored + '\0'));
    ++compiled;
  }
  EXPECT_GT(compiled, program.map.functions.size() / 2);
}

INSTANTIATE_TEST_SUITE_P(Programs, Determinism, testing::Values("algorithms", "exceptions_invokes", "containers", "phi_cycles"),
                         [](const auto& each) { return std::string(each.param); });

} // namespace
} // namespace kiln::baseline

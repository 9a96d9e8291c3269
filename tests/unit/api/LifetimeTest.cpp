// Engines and programs as objects: many at once, unloaded and loaded again; and the library's silence.
#include "Host.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "support/Maps.h"

namespace kiln {
namespace {

using test::Host;

std::string answering(int value) {
  return "@state = global i32 0\ndefine i32 @answer() { %a = load i32, ptr @state\n %b = add i32 %a, " + std::to_string(value) +
         "\n store i32 %b, ptr @state\n ret i32 %b }";
}

TEST(Lifetime, EnginesAndProgramsAreIndependent) {
  Host first(answering(1), test::withLadder("interpreter,O0@20,O3@5000")), second(answering(100), test::withLadder("O1,O3@5"));
  auto third = first.engine->load(test::text(answering(10000)));
  ASSERT_TRUE(third);
  auto a = first.function<int()>("answer"), b = second.function<int()>("answer");
  auto c = *(*third)->function<int()>("answer");
  for (int i = 1; i <= 50; ++i) {
    EXPECT_EQ(a(), i);
    EXPECT_EQ(b(), 100 * i);
    EXPECT_EQ(c(), 10000 * i);
  }
  first.program->waitForCompiles();
  second.program->waitForCompiles();
  EXPECT_EQ(second.tierOf("answer"), Tier::O3);
  EXPECT_EQ(first.tierOf("answer"), Tier::O0);
  second.program.reset();
  second.engine.reset();
  EXPECT_EQ(a(), 51); // what went does not matter to the others
  third->reset();
  EXPECT_EQ(a(), 52);
}

/// Loads, climbs to the top, and unloads.
void cycle(Engine& engine) {
  auto program = engine.load(test::text(test::kFib));
  ASSERT_TRUE(program) << program.error().message;
  auto fib = *(*program)->function<int(int)>("fib");
  ASSERT_EQ(fib(16), 987);
  (*program)->waitForCompiles();
  ASSERT_EQ(fib(10), 55);
}

TEST(Lifetime, UnloadingGivesEveryMappingBack) {
  auto engine = Engine::create({});
  ASSERT_TRUE(engine);
  for (int i = 0; i < 5; ++i)
    cycle(**engine); // the allocator's arenas and the threads' stacks come first
  std::size_t before = test::mappings().size();
  for (int i = 0; i < 50; ++i)
    cycle(**engine);
  std::size_t after = test::mappings().size();
#ifdef KILN_SANITIZED
  (void)before; // a sanitizer's own mappings come and go
  (void)after;
#else
  // A program has about nine mappings: one that stayed behind each time would be hundreds. The few are the allocator's.
  EXPECT_LE(after, before + 5);
#endif
}

TEST(Lifetime, UnloadWhileItClimbs) {
  Options options = test::withLadder("O0,O1@2,O2@4,O3@8");
  options.compileThreads = 2;
  auto engine = Engine::create(options);
  ASSERT_TRUE(engine);
  for (int i = 0; i < 30; ++i) {
    auto program = (*engine)->load(test::text(test::kFib));
    ASSERT_TRUE(program);
    EXPECT_EQ((*(*program)->function<int(int)>("fib"))(8 + i % 5), (std::array{21, 34, 55, 89, 144}[static_cast<std::size_t>(i % 5)]));
  } // destroyed with requests queued and running
}

TEST(Lifetime, ShutdownWhileItClimbs) {
  for (int i = 0; i < 15; ++i) {
    Host host(test::kFib, test::withLadder("O0,O1@2,O2@4,O3@8"));
    auto fib = host.function<int(int)>("fib");
    std::thread caller([&] { EXPECT_EQ(fib(18), 2584); });
    host.engine->shutdown();
    caller.join();
    EXPECT_EQ(fib(10), 55);
  }
}

TEST(Lifetime, TheInputIsCopied) {
  std::string ir(test::kFib);
  auto engine = Engine::create({});
  auto program = (*engine)->load(ProgramInput::memory("gone.ll", ir));
  ASSERT_TRUE(program);
  std::fill(ir.begin(), ir.end(), '?');
  EXPECT_EQ((*(*program)->function<int(int)>("fib"))(20), 6765);
  (*program)->waitForCompiles();
  EXPECT_TRUE((*program)->promote("fib", Tier::O3));
}

TEST(Lifetime, DestructorsOfTheProgramRunWhenItIsUnloaded) {
  static std::atomic<int> seen;
  seen = 0;
  ProgramInput input = test::text(R"(
    declare void @note(i32)
    declare i32 @__cxa_atexit(ptr, ptr, ptr)
    @__dso_handle = external hidden global i8
    @llvm.global_dtors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @fini, ptr null }]
    define internal void @fini() { call void @note(i32 1)
      ret void }
    define internal void @last(ptr %p) { call void @note(i32 10)
      ret void }
    define void @register() { %r = call i32 @__cxa_atexit(ptr @last, ptr null, ptr @__dso_handle)
      ret void })");
  input.host("note", +[](int weight) { seen += weight; });
  {
    Host host(input);
    host.function<void()>("register")();
    EXPECT_EQ(seen, 0);
  }
  EXPECT_EQ(seen, 11);
}

TEST(Lifetime, NothingIsWritableAndExecutable) {
  std::size_t before = test::writableCode();
  Host host(test::kFib);
  host.function<int(int)>("fib")(16);
  host.program->waitForCompiles();
  EXPECT_EQ(test::writableCode(), before);
}

TEST(Lifetime, Version) { EXPECT_EQ(version(), "0.1.0"); }

/// Sends stdout and stderr to a file and counts what arrives.
class Captured {
public:
  Captured() {
    fflush(nullptr);
    std::string name = testing::TempDir() + "kiln-capture-XXXXXX";
    file_ = mkstemp(name.data());
    unlink(name.c_str());
    for (int stream = 0; stream < 2; ++stream) {
      saved_[stream] = dup(stream + 1);
      dup2(file_, stream + 1);
    }
  }
  std::string finish() {
    fflush(nullptr);
    for (int stream = 0; stream < 2; ++stream) {
      dup2(saved_[stream], stream + 1);
      close(saved_[stream]);
    }
    std::string text(static_cast<std::size_t>(lseek(file_, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(file_, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    close(file_);
    return text;
  }

private:
  int file_, saved_[2];
};

TEST(Lifetime, TheLibraryPrintsNothing) {
  Captured captured;
  {
    Host host(test::kFib);
    host.function<int(int)>("fib")(16);
    host.program->waitForCompiles();
    (void)host.program->dump("fib", Tier::O3, Program::Dump::Assembly);
    (void)host.program->functionAddress("nope");
  }
  (void)test::loadError("int main() { return 0; }");
  (void)test::loadError(std::string_view("BC\xc0\xde", 4));
  (void)test::loadError("declare void @kiln_missing()\ndefine void @f() { call void @kiln_missing()\n ret void }");
  {
    Host host("define i32 @f() { call void asm sideeffect \"no such instruction\", \"\"()\n ret i32 0 }");
    (void)host.program->promote("f", Tier::O2);
  }
  EXPECT_EQ(captured.finish(), "");
}

} // namespace
} // namespace kiln

// Every error code, by the input that leads to it. All errors are values; nothing is printed.
#include "Host.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace kiln {
namespace {

using test::Host;
using test::loadError;
using test::names;

/// A file that goes away with the test.
class TemporaryFile {
public:
  explicit TemporaryFile(std::string_view bytes, const char* suffix = ".bc") {
    path_ = testing::TempDir() + "kiln-" + std::to_string(getpid()) + "-" + std::to_string(counter_++) + suffix;
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

private:
  static inline int counter_ = 0;
  std::string path_;
};

TEST(ErrorFile, Missing) {
  Error error = loadError(ProgramInput::file("/nonexistent/program.bc"));
  EXPECT_EQ(error.code, ErrorCode::FileNotFound);
  EXPECT_TRUE(names(error, {"/nonexistent/program.bc", "No such file"}));
}

TEST(ErrorFile, ADirectory) {
  Error error = loadError(ProgramInput::file("/"));
  EXPECT_EQ(error.code, ErrorCode::FileNotFound);
  EXPECT_TRUE(names(error, {"directory"}));
}

TEST(ErrorFile, Empty) {
  TemporaryFile file("");
  Error error = loadError(ProgramInput::file(file.path()));
  EXPECT_EQ(error.code, ErrorCode::EmptyInput);
  EXPECT_TRUE(names(error, {file.path()}));
  EXPECT_EQ(loadError(ProgramInput::memory("nothing", {})).code, ErrorCode::EmptyInput);
}

TEST(ErrorFile, NoInputAtAll) {
  EXPECT_EQ(loadError(ProgramInput{}).code, ErrorCode::BadOption);
}

TEST(ErrorBitcode, Garbage) {
  using namespace std::string_view_literals; // the text has a zero in it
  TemporaryFile file("\x7f" "ELF\0\1\2\3 and so on"sv);
  Error error = loadError(ProgramInput::file(file.path()));
  EXPECT_EQ(error.code, ErrorCode::BadBitcode);
  EXPECT_TRUE(names(error, {file.path()}));
}

TEST(ErrorBitcode, TextThatIsNotIr) {
  Error error = loadError("int main() { return 0; }");
  EXPECT_EQ(error.code, ErrorCode::BadBitcode);
  EXPECT_TRUE(names(error, {"test.ll", "line 1"}));
}

TEST(ErrorBitcode, MagicAlone) {
  Error error = loadError(std::string_view("BC\xc0\xde", 4));
  EXPECT_EQ(error.code, ErrorCode::BadBitcode);
  EXPECT_TRUE(names(error, {"test.ll", "damaged"}));
  EXPECT_EQ(loadError(std::string_view("BC\xc0\xde\x35\x14\0\0\5\0\0\0", 12)).code, ErrorCode::BadBitcode);
}

TEST(ErrorTarget, AnotherMachine) {
  Error error = loadError("target triple = \"aarch64-unknown-linux-gnu\"\ndefine void @f() { ret void }");
  EXPECT_EQ(error.code, ErrorCode::WrongTarget);
  EXPECT_TRUE(names(error, {"test.ll", "aarch64-unknown-linux-gnu", "x86_64"}));
}

TEST(ErrorTarget, AnotherLayout) {
  Error error = loadError("target datalayout = \"E-p:32:32\"\ntarget triple = \"x86_64-pc-linux-gnu\"\n"
                          "define void @f() { ret void }");
  EXPECT_EQ(error.code, ErrorCode::WrongTarget);
  EXPECT_TRUE(names(error, {"test.ll", "E-p:32:32"}));
}

constexpr std::string_view kInvalid = R"(
define i32 @good() { ret i32 1 }
define i32 @bad(i1 %c) {
entry:
  br i1 %c, label %a, label %b
a:
  %x = add i32 1, 2
  br label %b
b:
  ret i32 %x
}
)";

TEST(ErrorVerifier, OfIrText) {
  Error error = loadError(kInvalid);
  EXPECT_EQ(error.code, ErrorCode::VerifierFailed);
  EXPECT_TRUE(names(error, {"test.ll", "does not dominate"}));
}

#ifdef KILN_LLVM_AS
/// Bitcode of a module that the verifier would not let through.
std::string unverifiedBitcode(std::string_view text = kInvalid) {
  TemporaryFile source(text, ".ll"), out("");
  std::string command = std::string(KILN_LLVM_AS) + " -disable-verify -o '" + out.path() + "' '" + source.path() + "'";
  EXPECT_EQ(system(command.c_str()), 0);
  std::ifstream file(out.path(), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(ErrorVerifier, OfBitcodeAtLoadWhenAsked) {
  std::string bytes = unverifiedBitcode();
  Options options;
  options.verifyAll = true;
  Error error = loadError(ProgramInput::memory("bad.bc", bytes), options);
  EXPECT_EQ(error.code, ErrorCode::VerifierFailed);
  EXPECT_TRUE(names(error, {"bad.bc", "'bad'"}));
}

TEST(ErrorVerifier, OfBitcodeAtTheFirstCompile) {
  std::string bytes = unverifiedBitcode();
  Host host(ProgramInput::memory("bad.bc", bytes));
  EXPECT_EQ(host.function<int()>("good")(), 1); // what is not reached does not matter
  auto promoted = host.program->promote("bad", Tier::O2);
  ASSERT_FALSE(promoted);
  EXPECT_EQ(promoted.error().code, ErrorCode::VerifierFailed);
  EXPECT_TRUE(names(promoted.error(), {"bad.bc", "'bad'"}));
  auto dumped = host.program->dump("bad", Tier::O0, Program::Dump::Ir);
  ASSERT_FALSE(dumped);
  EXPECT_EQ(host.function<int()>("good")(), 1);
}

TEST(ErrorVerifier, OfWhatOnlyCompilersReadComesWhenTheyDo) {
  // An empty range: nothing to the interpreter, which does not read it.
  std::string bytes = unverifiedBitcode("define i32 @load(ptr %p) {\n  %v = load i32, ptr %p, !range !0\n  ret i32 %v\n}\n"
                                        "!0 = !{i32 5, i32 5}");
  Host host(ProgramInput::memory("bad.bc", bytes), test::withLadder("interpreter,O2@1000000"));
  int value = 5;
  EXPECT_EQ(host.function<int(int*)>("load")(&value), 5);
  auto promoted = host.program->promote("load", Tier::O2);
  ASSERT_FALSE(promoted);
  EXPECT_EQ(promoted.error().code, ErrorCode::VerifierFailed);
  EXPECT_EQ(host.tierOf("load"), Tier::Interpreter);
  EXPECT_EQ(host.function<int(int*)>("load")(&value), 5);
  Options options;
  options.verifyAll = true;
  EXPECT_EQ(loadError(ProgramInput::memory("bad.bc", bytes), options).code, ErrorCode::VerifierFailed);
}

TEST(ErrorVerifier, OfAFunctionThatIsCalledReachesTheHost) {
  // The handler must not return; this one leaves the process with what it was told.
  std::string bytes = unverifiedBitcode();
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Options options;
    options.onUncompilable = [](const Error& error) {
      bool good = error.code == ErrorCode::VerifierFailed && error.message.find("'bad'") != std::string::npos;
      _exit(good ? 42 : 1);
    };
    Host host(ProgramInput::memory("bad.bc", bytes), options);
    host.function<int(bool)>("bad")(true);
    _exit(2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST(ErrorBitcode, TruncatedAnywhereIsAnErrorOrAProgram) {
  // Every prefix either is refused with one of the codes for damaged input or loads; none ends the process.
  std::string bytes = unverifiedBitcode();
  ASSERT_GT(bytes.size(), 100u);
  std::size_t refused = 0, tried = 0;
  for (std::size_t length = 4; length < bytes.size(); length += 28) {
    Error error = loadError(ProgramInput::memory("cut.bc", std::string_view(bytes).substr(0, length)));
    ++tried;
    refused += error.code == ErrorCode::BadBitcode;
    if (error.code != ErrorCode::Ok) {
      EXPECT_EQ(error.code, ErrorCode::BadBitcode) << error.message;
      EXPECT_TRUE(names(error, {"cut.bc"}));
    }
  }
  EXPECT_GT(refused * 10, tried * 9);
}

TEST(ErrorBitcode, FlippedBytesNeverEndTheProcess) {
  std::string bytes = unverifiedBitcode();
  pid_t child = fork(); // apart, so that a crash is one failed test
  ASSERT_GE(child, 0);
  if (child == 0) {
    Options options;
    options.verifyAll = true;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      if (auto engine = Engine::create(options))
        (void)(*engine)->load(ProgramInput::memory("flip.bc", damaged));
    }
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}
#endif

TEST(ErrorLink, DuplicateSymbolNamesBothBuffers) {
  ProgramInput input;
  constexpr std::string_view same = "define i32 @twin() { ret i32 1 }";
  input.buffers = {{"left.ll", same}, {"right.ll", same}};
  Error error = loadError(input);
  EXPECT_EQ(error.code, ErrorCode::DuplicateSymbol);
  EXPECT_TRUE(names(error, {"'twin'", "left.ll", "right.ll"}));
}

TEST(ErrorLink, WeakDefinitionsAreNoDuplicates) {
  ProgramInput input;
  constexpr std::string_view weak = "define weak i32 @twin() { ret i32 1 }", strong = "define i32 @twin() { ret i32 2 }";
  input.buffers = {{"weak.ll", weak}, {"strong.ll", strong}};
  Host host(input);
  EXPECT_EQ(host.function<int()>("twin")(), 2);
}

TEST(ErrorLink, UnresolvedSymbolsAreAllListedWithTheirUsers) {
  Error error = loadError("declare void @kiln_missing_one()\n@kiln_missing_two = external global i32\n"
                          "@table = global ptr @kiln_missing_two\n"
                          "define void @user() { call void @kiln_missing_one()\n ret void }\n"
                          "define i32 @reader() { %v = load i32, ptr @kiln_missing_two\n ret i32 %v }");
  EXPECT_EQ(error.code, ErrorCode::UnresolvedSymbol);
  EXPECT_TRUE(names(error, {"'kiln_missing_one', needed by function 'user'", "'kiln_missing_two', needed by", "'reader'", "'table'"}));
}

TEST(ErrorLink, AWeakReferenceMayStayUnresolved) {
  Host host("declare extern_weak void @kiln_missing()\n"
            "define i1 @there() { %r = icmp ne ptr @kiln_missing, null\n ret i1 %r }");
  EXPECT_FALSE(host.function<bool()>("there")());
}

TEST(ErrorLink, LibraryNotLoaded) {
  ProgramInput input = test::text(test::kFib);
  input.libraries = {"/nonexistent/libnothing.so"};
  Error error = loadError(input);
  EXPECT_EQ(error.code, ErrorCode::LibraryNotLoaded);
  EXPECT_TRUE(names(error, {"/nonexistent/libnothing.so"}));
}

TEST(ErrorName, UnknownFunctionsAndEntries) {
  Host host(test::kFib);
  Program& program = *host.program;
  for (const Error& error : {program.functionAddress("nope").error(), program.promote("nope", Tier::O2).error(),
                             program.demote("nope", Tier::O0).error(), program.tierOf("nope").error(),
                             program.variableAddress("nope").error(), program.runMain({}, "nope").error(),
                             program.dump("nope", Tier::O0, Program::Dump::Ir).error()}) {
    EXPECT_EQ(error.code, ErrorCode::UnknownEntry);
    EXPECT_TRUE(names(error, {"test.ll", "'nope'"}));
  }
  auto noMain = program.runMain({});
  ASSERT_FALSE(noMain);
  EXPECT_EQ(noMain.error().code, ErrorCode::UnknownEntry);
}

TEST(ErrorMain, SignaturesThatAStartCannotHave) {
  for (const char* definition :
       {"define i32 @main(ptr %a) { ret i32 0 }", "define i32 @main(i64 %a, ptr %b) { ret i32 0 }",
        "define double @main() { ret double 0.0 }",
        "define ptr @main() { ret ptr null }", "define i32 @main(i32 %a, ptr %b, ptr %c, ptr %d) { ret i32 0 }",
        "define i32 @main(i32 %a, ...) { ret i32 0 }", "define i64 @main() { ret i64 0 }"}) {
    Host host(definition);
    auto status = host.program->runMain({});
    ASSERT_FALSE(status) << definition;
    EXPECT_EQ(status.error().code, ErrorCode::BadMain);
    EXPECT_TRUE(names(status.error(), {"test.ll", "'main'"}));
  }
  for (const char* definition : {"define i32 @main() { ret i32 7 }", "define i32 @main(i32 %a) { ret i32 7 }",
                                 "define i32 @main(i32 %a, ptr %b) { ret i32 7 }",
                                 "define i32 @main(i32 %a, ptr %b, ptr %c) { ret i32 7 }"}) {
    Host host(definition);
    EXPECT_EQ(*host.program->runMain({}), 7);
  }
}

TEST(ErrorOption, WhatAnEngineCannotUse) {
  Options noTier;
  noTier.ladder.rungs.clear();
  EXPECT_EQ(Engine::create(noTier).error().code, ErrorCode::BadLadder);
  Options noQueue;
  noQueue.queueCapacity = 0;
  EXPECT_EQ(Engine::create(noQueue).error().code, ErrorCode::BadOption);
  Options torn;
  torn.osr = false;
  torn.osrAt = 1;
  EXPECT_EQ(Engine::create(torn).error().code, ErrorCode::BadOption);
  Options crowd;
  crowd.compileThreads = 100000;
  EXPECT_EQ(Engine::create(crowd).error().code, ErrorCode::BadOption);
}

constexpr std::string_view kBadAssembly = "define i32 @f() { call void asm sideeffect \"no such instruction\", \"\"()\n ret i32 0 }\n"
                                          "define i32 @g() { ret i32 5 }";

TEST(ErrorCompile, WhatTheBackEndRefuses) {
  Host host(kBadAssembly);
  auto promoted = host.program->promote("f", Tier::O2);
  ASSERT_FALSE(promoted);
  EXPECT_EQ(promoted.error().code, ErrorCode::CompileFailed);
  EXPECT_EQ(host.program->hotFunctions(1).at(0).failures, 1u);
  EXPECT_EQ(host.function<int()>("g")(), 5); // the compiler is as good as new
  ASSERT_TRUE(host.program->promote("g", Tier::O3));
}

TEST(ErrorCodeSpace, PromotionStopsAndTheProgramGoesOn) {
  std::size_t used = 0;
  {
    Host host(test::kFib, test::withLadder("O0,O2@100,O3@1000"));
    host.function<int(int)>("fib")(2);
    used = host.program->statistics().codeSpaceUsed;
  }
  Options options = test::withLadder("O0,O2@100,O3@1000");
  options.codeLimit = used + 16;
  Host host(test::kFib, options);
  auto fib = host.function<int(int)>("fib");
  EXPECT_EQ(fib(20), 6765);
  host.program->waitForCompiles();
  EXPECT_EQ(host.tierOf("fib"), Tier::O0);
  EXPECT_EQ(fib(20), 6765);
  Statistics all = host.program->statistics();
  EXPECT_GE(all.requestsFailed, 1u);
  EXPECT_LE(all.codeSpaceUsed, all.codeSpaceLimit);
  auto promoted = host.program->promote("fib", Tier::O2);
  ASSERT_FALSE(promoted);
  EXPECT_EQ(promoted.error().code, ErrorCode::CodeSpaceFull);
  EXPECT_TRUE(names(promoted.error(), {"'fib'", std::to_string(options.codeLimit)}));
  EXPECT_EQ(fib(10), 55);
}

TEST(ErrorShutDown, ProgramsStayCallable) {
  Host host(test::kFib, test::withLadder("O0,O2@1000")); // fib(10) makes 177 calls, fib(20) 21,891
  auto fib = host.function<int(int)>("fib");
  EXPECT_EQ(fib(10), 55);
  host.engine->shutdown();
  EXPECT_EQ(fib(20), 6765);
  EXPECT_EQ(host.tierOf("fib"), Tier::O0);
  EXPECT_EQ(host.function<int(int)>("twice")(4), 8); // a first call needs no threads
  EXPECT_EQ(host.program->promote("fib", Tier::O2).error().code, ErrorCode::ShutDown);
  EXPECT_EQ(host.program->promote("fib", Tier::O2, false).error().code, ErrorCode::ShutDown);
  EXPECT_EQ(host.program->demote("fib", Tier::O1).error().code, ErrorCode::ShutDown);
  EXPECT_EQ(host.engine->load(test::text(test::kFib)).error().code, ErrorCode::ShutDown);
  host.program->waitForCompiles(); // returns
  host.engine->shutdown();         // again is nothing
}

TEST(ErrorUnsupported, VariablesThatDoNotFitTheRange) {
  Error error = loadError("@big = global [1200000000 x i8] zeroinitializer\ndefine void @f() { ret void }");
  EXPECT_EQ(error.code, ErrorCode::Unsupported);
  EXPECT_TRUE(names(error, {"test.ll", "MiB"}));
}

#ifndef KILN_SANITIZED
TEST(ErrorSystem, TheSystemRefusesAddresses) {
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    rlimit limit{std::size_t{1} << 30, std::size_t{1} << 30};
    setrlimit(RLIMIT_AS, &limit);
    _exit(loadError(test::kFib).code == ErrorCode::SystemError ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}
#endif

TEST(Error, NamesAreStableAndDistinct) {
  std::vector<std::string_view> seen;
  for (int code = 0; code <= static_cast<int>(ErrorCode::BadProfile); ++code) {
    std::string_view name = errorCodeName(static_cast<ErrorCode>(code));
    EXPECT_NE(name, "unknown") << code;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), name), 0) << name;
    seen.push_back(name);
  }
  EXPECT_EQ(errorCodeName(ErrorCode::BadBitcode), "bad-bitcode");
  EXPECT_EQ(static_cast<int>(ErrorCode::BadProfile), 18);
}

} // namespace
} // namespace kiln

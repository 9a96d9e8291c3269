// Loads a function from memory, calls it in a loop, and prints every tier that it reaches.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kiln/Engine.h"

namespace {

// IR text; bitcode from `clang -c -emit-llvm` is loaded the same way.
constexpr std::string_view kFib = R"(
define i32 @fib(i32 %n) {
entry:
  %small = icmp slt i32 %n, 2
  br i1 %small, label %done, label %more
more:
  %n1 = sub i32 %n, 1
  %a = call i32 @fib(i32 %n1)
  %n2 = sub i32 %n, 2
  %b = call i32 @fib(i32 %n2)
  %sum = add i32 %a, %b
  ret i32 %sum
done:
  ret i32 %n
}
)";

/// Called from the program's threads and from compile threads: one printf a line is enough to keep lines whole.
class Printer : public kiln::Observer {
public:
  void onTierEvent(const kiln::TierEvent& event) override {
    if (event.kind != kiln::TierEvent::Kind::Published)
      return;
    std::string function(event.function), to(tierName(event.to));
    std::string from(event.from ? tierName(*event.from) : "start");
    printf("%s: %s -> %s after %llu calls\n", function.c_str(), from.c_str(), to.c_str(),
           static_cast<unsigned long long>(event.calls));
  }
};

/// The value, or the end of this example with the error's message.
template <typename T> T orExit(kiln::Result<T> result) {
  if (result)
    return std::move(*result);
  fprintf(stderr, "%s: %s\n", std::string(errorCodeName(result.error().code)).c_str(), result.error().message.c_str());
  exit(1);
}

} // namespace

int main() {
  Printer printer;
  kiln::Options options;
  options.ladder = orExit(kiln::Ladder::parse("O0,O2@100,O3@1000"));
  options.observer = &printer;
  auto engine = orExit(kiln::Engine::create(options));
  auto program = orExit(engine->load(kiln::ProgramInput::memory("fib.ll", kFib)));
  auto fib = orExit(program->function<int(int)>("fib"));

  // fib(15) makes 1,973 calls. Compiling goes on in the background; waiting here only makes the output the same each time.
  int result = 0;
  for (int round = 0; round < 3; ++round) {
    result = fib(15);
    program->waitForCompiles();
  }
  printf("fib(15) = %d\n", result);
  return 0;
}

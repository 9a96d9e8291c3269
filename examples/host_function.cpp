// A program that calls functions of its host: named in the input, found before any library.
#include <cstdio>
#include <string_view>

#include "kiln/Engine.h"

namespace {

constexpr std::string_view kProgram = R"(
declare void @say(i64)
declare i64 @multiply(i64, i64)

define void @factorial(i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 1, %entry ], [ %next, %loop ]
  %product = phi i64 [ 1, %entry ], [ %more, %loop ]
  %more = call i64 @multiply(i64 %product, i64 %i)
  %next = add i64 %i, 1
  %end = icmp sgt i64 %next, %n
  br i1 %end, label %done, label %loop
done:
  call void @say(i64 %more)
  ret void
}
)";

void say(long value) { printf("the program says: %ld\n", value); }
long multiply(long a, long b) { return a * b; }

} // namespace

int main() {
  auto engine = kiln::Engine::create({});
  if (!engine)
    return 1;
  kiln::ProgramInput input = kiln::ProgramInput::memory("factorial.ll", kProgram);
  input.host("say", say).host("multiply", multiply);
  auto program = (*engine)->load(input);
  if (!program) {
    // Without the two lines of host() this is an unresolved-symbol error that names them and who needs them.
    fprintf(stderr, "%s\n", program.error().message.c_str());
    return 1;
  }
  auto factorial = (*program)->function<void(long)>("factorial");
  if (!factorial)
    return 1;
  (*factorial)(5);
  return 0;
}

// Two threads call one function while it climbs: a handle may be shared, and each call takes the best code of its moment.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

#include "kiln/Engine.h"

namespace {

constexpr std::string_view kProgram = R"(
define i64 @steps(i64 %start) {
entry:
  br label %loop
loop:
  %n = phi i64 [ %start, %entry ], [ %next, %again ]
  %count = phi i64 [ 0, %entry ], [ %more, %again ]
  %end = icmp ule i64 %n, 1
  br i1 %end, label %done, label %again
again:
  %odd = trunc i64 %n to i1
  %half = lshr i64 %n, 1
  %triple = mul i64 %n, 3
  %up = add i64 %triple, 1
  %next = select i1 %odd, i64 %up, i64 %half
  %more = add i64 %count, 1
  br label %loop
done:
  ret i64 %count
}
)";

/// The same in C++, to compare with.
std::uint64_t steps(std::uint64_t n) {
  std::uint64_t count = 0;
  for (; n > 1; ++count)
    n = n % 2 ? 3 * n + 1 : n / 2;
  return count;
}

} // namespace

int main() {
  auto engine = kiln::Engine::create({});
  if (!engine)
    return 1;
  auto program = (*engine)->load(kiln::ProgramInput::memory("steps.ll", kProgram));
  if (!program) {
    fprintf(stderr, "%s\n", program.error().message.c_str());
    return 1;
  }
  auto compiled = (*program)->function<std::uint64_t(std::uint64_t)>("steps");
  if (!compiled)
    return 1;

  std::atomic<int> wrong{0};
  auto work = [&](std::uint64_t first) {
    for (std::uint64_t n = first; n < 300000; n += 2)
      if ((*compiled)(n) != steps(n))
        wrong.fetch_add(1);
  };
  std::thread odd(work, 1), even(work, 2);
  odd.join();
  even.join();
  (*program)->waitForCompiles();

  for (const kiln::FunctionStatistics& function : (*program)->hotFunctions(1))
    for (const kiln::VersionStatistics& version : function.versions)
      printf("%s: %s after about %llu calls, %llu bytes\n", function.name.c_str(),
             std::string(tierName(version.tier)).c_str(), static_cast<unsigned long long>(version.callsBefore),
             static_cast<unsigned long long>(version.codeBytes));
  puts(wrong == 0 ? "every result was right" : "some results were wrong");
  return wrong == 0 ? 0 : 1;
}

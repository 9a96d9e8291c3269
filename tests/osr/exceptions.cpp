// TRANSFERS: catches cleans
// Exceptions in loops that moved: caught in the loop, behind it, and by the caller of the old frame; destructors run once.
#include <cstdio>
#include <string>

namespace {
long alive, destroyed;
struct Object {
  long weight;
  explicit Object(long w) : weight(w) { ++alive; }
  Object(const Object&) = delete;
  ~Object() {
    --alive;
    destroyed += weight;
  }
};
} // namespace

__attribute__((noinline)) static int risky(int i) {
  if (i % 1000 == 7)
    throw i;
  if (i == 150001)
    throw std::string("the end");
  return i & 3;
}
extern "C" __attribute__((noinline)) long catches(int rounds) {
  long sum = 0, caught = 0;
  for (int i = 0; i < rounds; ++i) {
    try {
      Object object(i & 1);
      sum += risky(i);
    } catch (int value) {
      caught += value;
    }
  }
  return sum + caught;
}
extern "C" __attribute__((noinline)) long cleans(int rounds) {
  Object outer(1000000);
  std::string text = "text";
  try {
    for (int i = 0; i < rounds; ++i) {
      Object inner(1);
      if (i % 1000 != 7)
        text[i % 4] = static_cast<char>('a' + risky(i));
      if (i == 150000)
        throw 2.5;
    }
  } catch (double value) {
    text += "caught";
    risky(150001);
  }
  return static_cast<long>(text.size());
}
int main() {
  try {
    std::printf("%ld\n", catches(150000));
    std::printf("%ld\n", catches(200000));
  } catch (const std::string& text) {
    std::printf("%s, %ld alive\n", text.c_str(), alive);
  }
  try {
    std::printf("%ld\n", cleans(200000));
  } catch (const std::string& text) {
    std::printf("%s, %ld alive, %ld\n", text.c_str(), alive, destroyed);
  }
}

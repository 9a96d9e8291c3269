// thread_local objects: constructed on first use, destroyed when their thread ends, on main at
// exit; with dynamic values.
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

static int next_id = 1;
struct Tracked {
  int id, uses = 0;
  const char* where;
  explicit Tracked(const char* w) : id(next_id++), where(w) {
    std::printf("construct %s %d\n", where, id);
  }
  ~Tracked() { std::printf("destroy %s %d after %d uses\n", where, id, uses); }
};

thread_local Tracked global("global");
thread_local std::vector<std::string> words = {"initial"};
thread_local int computed = next_id * 100;
struct Holder {
  static thread_local Tracked member;
};
thread_local Tracked Holder::member("member");
template <class T> struct Per {
  static inline thread_local T value{};
};

__attribute__((noinline)) static int use(int i) {
  static thread_local Tracked local("local");
  local.uses++;
  global.uses += 2;
  Per<long>::value += i;
  if (i % 100 == 0)
    words.push_back(std::to_string(i));
  return computed + static_cast<int>(words.size());
}

static void work() {
  long total = 0;
  for (int i = 0; i < 400; i++)
    total += use(i);
  Holder::member.uses = 5;
  std::printf("total %ld, per %ld, words %zu\n", total, Per<long>::value, words.size());
}

int main() {
  for (int i = 0; i < 3; i++)
    std::thread(work).join();
  std::thread([] { std::puts("touches nothing"); }).join();
  work();
  std::puts("end of main");
}

// Function statics initialised under contention: exactly once, and everybody waits for it.
#include <atomic>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

static std::atomic<int> constructions;
struct Slow {
  int values[10];
  Slow() {
    constructions++;
    std::this_thread::yield();
    for (int i = 0; i < 10; i++)
      values[i] = i * i;
  }
};
template <int N> __attribute__((noinline)) static const Slow& instance() {
  static Slow slow;
  return slow;
}

template <int... Ns> static int all(std::integer_sequence<int, Ns...>) {
  return (0 + ... + instance<Ns>().values[Ns % 10]);
}

int main() {
  std::atomic<int> ready = 0;
  std::vector<int> sums(4);
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; id++)
    threads.emplace_back([&, id] {
      ready++;
      while (ready < 4) {
      }
      for (int i = 0; i < 100; i++)
        sums[static_cast<std::size_t>(id)] += all(std::make_integer_sequence<int, 40>());
    });
  for (auto& t : threads)
    t.join();
  std::printf("%d %d %d %d %d\n", constructions.load(), sums[0], sums[1], sums[2], sums[3]);
}

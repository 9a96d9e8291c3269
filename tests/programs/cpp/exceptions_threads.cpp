// Exceptions thrown on several threads at once, and carried from one thread to another.
#include <atomic>
#include <cstdio>
#include <exception>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#define NOINLINE __attribute__((noinline))

NOINLINE static int work(int id, int i) {
  if (i % 5 == id)
    throw std::runtime_error("five");
  if (i % 7 == 0)
    throw i;
  return 1;
}
NOINLINE static long loop(int id) {
  long total = 0;
  for (int i = 0; i < 4000; i++) {
    try {
      total += work(id, i);
    } catch (const std::exception& e) {
      total += e.what()[0];
    } catch (int v) {
      total += v;
    }
  }
  return total;
}

int main() {
  std::vector<long> results(4);
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; id++)
    threads.emplace_back([&, id] { results[static_cast<std::size_t>(id)] = loop(id); });
  for (auto& t : threads)
    t.join();
  for (long r : results)
    std::printf("%ld ", r);
  std::puts("");
  int caught = 0, fine = 0;
  for (int i = 0; i < 60; i++) {
    auto f = std::async(std::launch::async, work, 2, i);
    try {
      fine += f.get();
    } catch (const std::runtime_error&) {
      caught++;
    } catch (int v) {
      caught += 100;
    }
  }
  std::exception_ptr carried;
  std::thread([&] {
    try {
      throw std::string("carried");
    } catch (...) {
      carried = std::current_exception();
    }
  }).join();
  try {
    std::rethrow_exception(carried);
  } catch (const std::string& s) {
    std::printf("%d %d %s\n", caught, fine, s.c_str());
  }
  std::promise<int> promise;
  auto future = promise.get_future();
  std::thread([p = std::move(promise)]() mutable {
    p.set_exception(std::make_exception_ptr(42));
  }).join();
  try {
    future.get();
  } catch (int v) {
    std::printf("%d\n", v);
  }
}

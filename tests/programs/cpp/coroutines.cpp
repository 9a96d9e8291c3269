// Coroutines: generators, recursion of generators, tasks that await each other, exceptions out of
// them, symmetric transfer.
// LEVELS: O0 O1 O2
#include <coroutine>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

template <class T> struct Generator {
  struct promise_type {
    T value{};
    std::exception_ptr error;
    Generator get_return_object() {
      return Generator(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(T v) {
      value = std::move(v);
      return {};
    }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }
  };
  explicit Generator(std::coroutine_handle<promise_type> h) : handle(h) {}
  Generator(Generator&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  ~Generator() {
    if (handle)
      handle.destroy();
  }
  bool next() {
    handle.resume();
    if (handle.promise().error)
      std::rethrow_exception(handle.promise().error);
    return !handle.done();
  }
  T& value() { return handle.promise().value; }
  std::coroutine_handle<promise_type> handle;
};

static Generator<long> fibonacci(int n) {
  long a = 0, b = 1;
  while (n-- > 0) {
    co_yield a;
    b = std::exchange(a, b) + b;
    a %= 1000003;
    b %= 1000003;
  }
}
static Generator<int> tree(int depth) {
  if (depth == 0)
    co_return;
  for (auto left = tree(depth - 1); left.next();)
    co_yield left.value() * 2;
  co_yield depth;
  for (auto right = tree(depth - 1); right.next();)
    co_yield right.value() + 1;
}
static Generator<std::string> words(int n) {
  std::string all;
  for (int i = 0; i < n; i++)
    co_yield all += static_cast<char>('a' + i % 26);
  throw n;
}

struct Task {
  struct promise_type {
    int result = 0;
    std::coroutine_handle<> waiting = std::noop_coroutine();
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        return h.promise().waiting;
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(int v) { result = v; }
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) {
    handle.promise().waiting = h;
    return handle;
  }
  int await_resume() {
    int r = handle.promise().result;
    handle.destroy();
    return r;
  }
};
static Task leaf(int v) {
  co_return v * 3;
}
static Task sum(int n) {
  int total = 0;
  for (int i = 0; i < n; i++)
    total += co_await leaf(i);
  co_return total;
}
static Task outer(int n) {
  co_return co_await sum(n) + co_await sum(n / 2);
}

int main() {
  long total = 0;
  for (int i = 0; i < 300; i++) {
    for (auto g = fibonacci(i % 40); g.next();)
      total = (total * 31 + g.value()) % 1000000007;
    for (auto t = tree(i % 6); t.next();)
      total += t.value();
    Task task = outer(i % 50);
    task.handle.resume();
    total += task.handle.promise().result;
    task.handle.destroy();
  }
  int caught = 0;
  std::string last;
  try {
    for (auto w = words(60);;) {
      w.next();
      last = w.value();
    }
  } catch (int n) {
    caught = n;
  }
  std::printf("%ld %d %s\n", total, caught, last.c_str());
}

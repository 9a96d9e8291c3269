// Exceptions over stacks in which the program's frames and those of libraries take turns; caught in between, replaced
// on the way, carried to other threads and thrown there again by several at once.
// CFLAGS: -Wno-deprecated-declarations
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <search.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#define NOINLINE __attribute__((noinline))

struct Left {
  int at;
};

static int inner_fails, outer_fails;
static int inner(const void* a, const void* b) {
  if (--inner_fails == 0)
    throw std::string("inner");
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}
static int outer(const void* a, const void* b) {
  int small[4] = {4, 3, 2, 1};
  try {
    qsort(small, 4, sizeof *small, inner);
  } catch (const std::string&) {
    if (--outer_fails == 0)
      throw Left{1};
    inner_fails = 3;
  }
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}
// The inner sort fails often, which the outer comparator handles until it fails itself.
NOINLINE static int sort_in_sort(int fails) {
  int values[20];
  for (int i = 0; i < 20; i++)
    values[i] = i * 13 % 20;
  inner_fails = 2;
  outer_fails = fails;
  try {
    qsort(values, 20, sizeof *values, outer);
    return values[5];
  } catch (const Left& left) {
    return 1000 + left.at;
  }
}

struct Throwing {
  int value;
  static int left;
  static void spend() {
    if (--left == 0)
      throw Left{2};
  }
  explicit Throwing(int v) : value(v) { spend(); }
  Throwing(const Throwing& other) : value(other.value) { spend(); }
  Throwing(Throwing&& other) noexcept(false) : value(other.value) { spend(); }
  Throwing& operator=(const Throwing& other) {
    spend();
    value = other.value;
    return *this;
  }
  bool operator<(const Throwing& other) const {
    spend();
    return value < other.value;
  }
};
int Throwing::left;
// Containers and algorithms whose elements throw whenever they are touched for the n-th time.
NOINLINE static int elements(int n) {
  Throwing::left = n;
  try {
    std::vector<Throwing> v;
    for (int i = 0; i < 12; i++)
      v.emplace_back(i * 7 % 12);
    std::sort(v.begin(), v.end());
    std::map<Throwing, int> m;
    for (const Throwing& t : v)
      m.emplace(t, t.value);
    std::stable_sort(v.begin(), v.end());
    std::vector<Throwing> copy = v;
    return static_cast<int>(m.size() + copy.size());
  } catch (const Left& left) {
    return -left.at;
  }
}

static int visited;
static void visit(const void*, VISIT kind, int) {
  if ((kind == postorder || kind == leaf) && ++visited == 3)
    throw Left{3};
}
NOINLINE static int tree_walk() {
  static int keys[5] = {3, 1, 4, 5, 2};
  static void* root;
  visited = 0;
  try {
    for (int& key : keys)
      tsearch(&key, &root, [](const void* a, const void* b) {
        return *static_cast<const int*>(a) - *static_cast<const int*>(b);
      });
    twalk(root, visit);
    return 0;
  } catch (const Left& left) {
    return left.at + visited;
  }
}

NOINLINE static int chain(int depth) {
  std::function<int(int)> f = [](int v) -> int { throw Left{v}; };
  for (int i = 0; i < depth; i++)
    f = [f, i](int v) {
      auto keep = std::make_shared<int>(i);
      try {
        return f(v + *keep);
      } catch (std::string&) {
        return -1;
      }
    };
  try {
    return f(1);
  } catch (const Left& left) {
    return left.at;
  }
}

NOINLINE static int variant_visit(int k) {
  std::variant<int, std::string, Left> v;
  if (k % 3 == 1)
    v = "text";
  else if (k % 3 == 2)
    v = Left{k};
  struct Visitor {
    int operator()(int) const { throw 1; }
    int operator()(const std::string& s) const { throw s; }
    int operator()(Left left) const { throw left; }
  };
  try {
    return std::visit(Visitor(), v);
  } catch (int) {
    return 1;
  } catch (const std::string& s) {
    return static_cast<int>(s.size());
  } catch (const Left& left) {
    return left.at;
  }
}

// One exception, thrown again by several threads at the same time, each through frames of its own.
NOINLINE static int raise(const std::exception_ptr& p, int depth) {
  std::string local(static_cast<std::size_t>(depth) + 20, 'x');
  if (depth)
    return raise(p, depth - 1) + static_cast<int>(local.size());
  std::rethrow_exception(p);
}
NOINLINE static int shared_by_threads() {
  std::exception_ptr p;
  try {
    throw std::runtime_error("shared");
  } catch (...) {
    p = std::current_exception();
  }
  std::vector<int> caught(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < caught.size(); i++)
    threads.emplace_back([&caught, i, p] {
      for (int n = 0; n < 50; n++)
        try {
          raise(p, n % 10);
        } catch (const std::exception& e) {
          caught[i] += static_cast<int>(std::string(e.what()).size());
        }
    });
  for (std::thread& t : threads)
    t.join();
  int total = 0;
  for (int c : caught)
    total += c;
  return total;
}
// From a task through a future into a handler that nests it, to the next thread and so on.
NOINLINE static std::string relay(int hops) {
  auto task = [hops]() -> std::string {
    if (hops == 0)
      throw std::out_of_range("start");
    try {
      return relay(hops - 1);
    } catch (...) {
      std::throw_with_nested(std::runtime_error("hop" + std::to_string(hops)));
    }
  };
  return std::async(std::launch::async, task).get();
}
static std::string unnest(const std::exception& e) {
  try {
    std::rethrow_if_nested(e);
  } catch (const std::exception& inner) {
    return std::string(e.what()) + "<" + unnest(inner);
  }
  return e.what();
}

int main() {
  long total = 0;
  for (int i = 1; i < 200; i++)
    total = (total * 31 + sort_in_sort(i % 30 + 1) + elements(i) + tree_walk() + chain(i % 20) + variant_visit(i)) %
            1000000007;
  std::printf("%ld %d\n", total, shared_by_threads());
  try {
    relay(5);
  } catch (const std::exception& e) {
    std::printf("%s\n", unnest(e).c_str());
  }
  std::printf("%d\n", std::uncaught_exceptions());
}

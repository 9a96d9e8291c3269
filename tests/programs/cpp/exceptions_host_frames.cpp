// Exceptions that cross frames of the C and C++ libraries: qsort, bsearch, std::sort, call_once,
// stream callbacks.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#define NOINLINE __attribute__((noinline))

static int countdown;
static int compare(const void* a, const void* b) {
  if (--countdown == 0)
    throw std::string("from comparator");
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}

NOINLINE int through_qsort(int after) {
  int values[50];
  for (int i = 0; i < 50; i++)
    values[i] = i * 7 % 50;
  countdown = after;
  try {
    qsort(values, 50, sizeof *values, compare);
    return values[20];
  } catch (const std::string& s) {
    return static_cast<int>(s.size()) * 100;
  }
}
NOINLINE int through_bsearch(int after) {
  int values[64], key = 63;
  for (int i = 0; i < 64; i++)
    values[i] = i;
  countdown = after;
  try {
    return *static_cast<int*>(bsearch(&key, values, 64, sizeof *values, compare));
  } catch (const std::string& s) {
    return -1;
  }
}
NOINLINE int through_sort(int after) {
  std::vector<int> values(100);
  for (int i = 0; i < 100; i++)
    values[i] = i * 37 % 100;
  try {
    std::sort(values.begin(), values.end(), [&](int a, int b) {
      if (--after == 0)
        throw after - 3;
      return a < b;
    });
    return values[30];
  } catch (int v) {
    return v;
  }
}
NOINLINE int through_function(int k) {
  std::function<int(int)> f = [k](int v) -> int {
    if (v == k)
      throw v;
    return v;
  };
  try {
    return f(3) + f(5);
  } catch (int v) {
    return v * 1000;
  }
}
NOINLINE int through_once(int fails) {
  std::once_flag flag;
  int calls = 0;
  for (int i = 0; i < 5; i++)
    try {
      std::call_once(flag, [&] {
        calls++;
        if (i < fails)
          throw i;
      });
    } catch (int) {
      calls += 10;
    }
  return calls;
}
struct Bad {
  int v;
};
std::ostream& operator<<(std::ostream& out, const Bad& b) {
  if (b.v % 3 == 0)
    throw b;
  return out << b.v;
}
NOINLINE std::size_t through_stream(int v) {
  std::ostringstream out;
  try {
    out << "value " << Bad{v} << " end";
  } catch (const Bad& b) {
    out << "failed " << b.v;
  }
  return out.str().size();
}
NOINLINE int library_throws(int k) {
  try {
    switch (k % 6) {
    case 0:
      return std::vector<int>(3).at(static_cast<std::size_t>(k));
    case 1:
      return std::stoi("not a number");
    case 2:
      return std::map<int, int>{}.at(k);
    case 3:
      return static_cast<int>(std::string("abc").substr(static_cast<std::size_t>(k) + 4).size());
    case 4:
      return std::function<int()>{}();
    default:
      return static_cast<int>(std::vector<char>(static_cast<std::size_t>(-1)).size());
    }
  } catch (const std::out_of_range&) {
    return 1;
  } catch (const std::invalid_argument& e) {
    return 2;
  } catch (const std::bad_function_call&) {
    return 3;
  } catch (const std::length_error&) {
    return 4;
  } catch (const std::exception&) {
    return 5;
  }
}

int main() {
  long total = 0;
  for (int i = 1; i < 500; i++)
    total = (total * 31 + through_qsort(i) + through_bsearch(i % 9 + 1) + through_sort(i) +
             through_function(i % 6) + through_once(i % 5) + static_cast<long>(through_stream(i)) +
             library_throws(i)) %
            1000000007;
  std::printf("%ld\n", total);
}

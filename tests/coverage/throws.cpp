// Exceptions leave blocks in the middle: see run.py.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

static int sum;

static void checked(int n) {
  if (n % 3 == 0)
    throw std::runtime_error("three");
  sum += n;
}

struct Guard {
  ~Guard() { sum += 100; }
};

static int attempt(int n) {
  Guard guard;
  try {
    checked(n);
    sum += 1;
  } catch (const std::runtime_error &) {
    sum += 2;
    if (n == 6)
      throw;
    return -1;
  }
  return n;
}

template <typename T> static T largest(const std::vector<T> &values) {
  T most = values[0];
  for (const T &value : values)
    if (value > most)
      most = value;
  return most;
}

int main(int argc, char **argv) {
  int last = argc > 1 ? atoi(argv[1]) : 5;
  try {
    for (int i = 1; i <= last; i++)
      attempt(i);
  } catch (const std::exception &error) {
    printf("left by %s\n", error.what());
  }
  printf("%d %d\n", sum, largest(std::vector<int>{1, 5, 3}));
  return 0;
}

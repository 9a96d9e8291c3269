// The standard containers under insertion, search and removal, checked against each other.
#include <algorithm>
#include <array>
#include <bitset>
#include <cstdio>
#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <numeric>
#include <queue>
#include <set>
#include <span>
#include <stack>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

static unsigned state = 1;
__attribute__((noinline)) static unsigned next() {
  return state = state * 1664525 + 1013904223, state >> 8;
}

int main() {
  std::map<int, std::string> ordered;
  std::unordered_map<int, std::string> hashed;
  std::multiset<unsigned> multi;
  std::vector<unsigned> flat;
  for (int i = 0; i < 4000; i++) {
    int key = static_cast<int>(next() % 500);
    if (next() % 3) {
      ordered[key] += static_cast<char>('a' + i % 26);
      hashed[key] += static_cast<char>('a' + i % 26);
      multi.insert(static_cast<unsigned>(key));
      flat.insert(std::upper_bound(flat.begin(), flat.end(), static_cast<unsigned>(key)),
                  static_cast<unsigned>(key));
    } else {
      ordered.erase(key);
      hashed.erase(key);
      multi.erase(static_cast<unsigned>(key));
      auto [from, to] = std::equal_range(flat.begin(), flat.end(), static_cast<unsigned>(key));
      flat.erase(from, to);
    }
  }
  int wrong = ordered.size() != hashed.size();
  for (auto& [key, text] : ordered)
    wrong += hashed.at(key) != text;
  wrong += !std::equal(multi.begin(), multi.end(), flat.begin(), flat.end());
  unsigned h = 0;
  for (auto& [key, text] : ordered)
    h = h * 31 + static_cast<unsigned>(key) + static_cast<unsigned>(text.size());
  std::printf("%d %zu %zu %u\n", wrong, ordered.size(), flat.size(), h);

  std::deque<int> deque;
  std::list<int> list;
  for (int i = 0; i < 1000; i++) {
    if (i % 3)
      deque.push_back(i);
    else
      deque.push_front(-i);
    list.insert(i % 2 ? list.begin() : list.end(), i);
  }
  list.sort();
  list.remove_if([](int v) { return v % 7 == 0; });
  std::forward_list<int> forward(list.begin(), list.end());
  forward.reverse();
  std::priority_queue<int, std::vector<int>, std::greater<>> heap(deque.begin(), deque.end());
  std::stack<int> stack;
  long drained = 0;
  for (int i = 0; !heap.empty(); i++) {
    drained = (drained * 31 + heap.top()) % 1000003;
    stack.push(heap.top());
    heap.pop();
  }
  std::bitset<300> bits;
  for (int i = 0; i < 300; i++)
    bits[static_cast<std::size_t>(i)] = next() % 2;
  std::printf("%ld %d %d %zu %zu %s\n", drained, stack.top(), forward.front(), list.size(),
              (bits ^ bits >> 3).count(),
              (bits & std::bitset<300>(0xffff)).to_string().substr(284).c_str());

  std::vector<int> v(2000);
  std::iota(v.begin(), v.end(), -1000);
  for (int round = 0; round < 5; round++) {
    std::rotate(v.begin(), v.begin() + 371, v.end());
    std::partial_sort(v.begin(), v.begin() + 100, v.end(),
                      [](int a, int b) { return a * 37 % 1009 < b * 37 % 1009; });
    std::stable_partition(v.begin(), v.end(), [](int a) { return a % 3 == 0; });
    std::nth_element(v.begin() + 200, v.begin() + 700, v.end());
    h = std::accumulate(v.begin(), v.begin() + 150, h,
                        [](unsigned a, int b) { return a * 31 + static_cast<unsigned>(b); }) +
        static_cast<unsigned>(v[700]);
  }
  std::span<int> part(v.data() + 5, 10);
  std::array<int, 3> three = {3, 1, 2};
  std::sort(three.begin(), three.end());
  int permutations = 0;
  do
    permutations = permutations * 10 + three[0];
  while (std::next_permutation(three.begin(), three.end()));
  std::vector<bool> flags(100);
  for (int i = 0; i < 100; i += 3)
    flags[static_cast<std::size_t>(i)].flip();
  std::printf("%u %zu %d %ld\n", h, part.size(), permutations,
              static_cast<long>(std::count(flags.begin(), flags.end(), true)));
  std::unordered_set<std::string> seen;
  for (int i = 0; i < 2000; i++)
    seen.insert(std::to_string(i * i % 777));
  std::printf("%zu\n", seen.size());
}

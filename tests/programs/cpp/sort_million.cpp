// std::sort, stable_sort and heap functions over a million and fewer elements with comparators of
// program code.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

struct Item {
  int key;
  unsigned order;
};
static bool by_key(const Item& a, const Item& b) {
  return a.key < b.key;
}

int main() {
  std::vector<unsigned> numbers(1000000);
  unsigned state = 7;
  for (auto& n : numbers)
    n = state = state * 1664525 + 1013904223;
  std::sort(numbers.begin(), numbers.end());
  std::printf("%d %u\n", std::is_sorted(numbers.begin(), numbers.end()), numbers[500000]);
  std::vector<Item> items(50000);
  for (unsigned i = 0; i < items.size(); i++)
    items[i] = {static_cast<int>((state = state * 1664525 + 1013904223) >> 24), i};
  std::stable_sort(items.begin(), items.end(), by_key);
  int unstable = 0;
  for (std::size_t i = 1; i < items.size(); i++)
    unstable += items[i - 1].key > items[i].key ||
                (items[i - 1].key == items[i].key && items[i - 1].order > items[i].order);
  std::vector<std::string> texts;
  for (int i = 0; i < 20000; i++)
    texts.push_back(std::to_string((state = state * 1664525 + 1013904223) >> 8));
  std::function<bool(const std::string&, const std::string&)> longer = [](auto& a, auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  };
  std::sort(texts.begin(), texts.end(), longer);
  std::make_heap(numbers.begin(), numbers.begin() + 10000, std::greater<>());
  std::sort_heap(numbers.begin(), numbers.begin() + 10000, std::greater<>());
  std::printf("%d %s %s %u\n", unstable, texts.front().c_str(), texts.back().c_str(), numbers[0]);
}

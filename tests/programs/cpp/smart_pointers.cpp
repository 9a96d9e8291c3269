// Ownership: unique, shared and weak pointers, custom deleters, moves and elision, placement new,
// replaced operator new.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

static long news, deletes, bytes;
void* operator new(std::size_t n) {
  news++;
  bytes += static_cast<long>(n);
  if (void* p = std::malloc(n))
    return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  if (p)
    deletes++;
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  operator delete(p);
}

static int alive, copies, moves;
struct Item {
  int v;
  explicit Item(int v) : v(v) { alive++; }
  Item(const Item& o) : v(o.v) {
    alive++;
    copies++;
  }
  Item(Item&& o) noexcept : v(std::exchange(o.v, -1)) {
    alive++;
    moves++;
  }
  Item& operator=(Item o) noexcept {
    std::swap(v, o.v);
    return *this;
  }
  ~Item() { alive--; }
};
struct Node {
  std::shared_ptr<Node> next;
  std::weak_ptr<Node> previous;
  int v = 0;
  ~Node() { alive += 0; }
};
struct Pooled {
  int v[4];
  static inline int used;
  static void* operator new(std::size_t n) {
    used++;
    return std::malloc(n);
  }
  static void operator delete(void* p) {
    used--;
    std::free(p);
  }
};

__attribute__((noinline)) static Item make(int i) {
  return Item(i);
}
__attribute__((noinline)) static Item named(int i) {
  Item a(i), b(i + 1);
  return i % 2 ? std::move(a) : b;
}
__attribute__((noinline)) static int consume(std::unique_ptr<Item> p) {
  return p ? p->v : 0;
}

int main() {
  long total = 0;
  for (int i = 0; i < 600; i++) {
    Item a = make(i), b = named(i);
    a = b;
    total += a.v + consume(std::make_unique<Item>(i)) + consume(nullptr);
    std::vector<Item> items;
    for (int k = 0; k < 5; k++)
      items.emplace_back(k);
    items.insert(items.begin(), std::move(a));
    auto first = std::make_shared<Node>();
    for (int k = 0; k < 5; k++) {
      auto n = std::make_shared<Node>();
      n->next = first;
      first->previous = n;
      n->v = k;
      first = n;
    }
    total += first.use_count() + (first->next->previous.lock() == first) + first->next->v;
    std::shared_ptr<int> aliasing(first, &first->v);
    first.reset();
    total += *aliasing;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> none(nullptr, std::fclose);
    alignas(Item) unsigned char room[sizeof(Item)];
    Item* placed = new (room) Item(i);
    total += placed->v;
    placed->~Item();
    std::unique_ptr<Pooled> pooled(new Pooled{{i}});
    total += pooled->v[0] + Pooled::used;
    auto array = std::make_unique<int[]>(20);
    total += array[19];
  }
  std::printf("%ld alive %d copies %d moves %d pooled %d\n", total, alive, copies, moves,
              Pooled::used);
  std::printf("balanced %d, some %d\n", news - deletes < 20, news > 1000 && bytes > 10000);
}

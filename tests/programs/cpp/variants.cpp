// std::variant and visit, optional, any, tuple, structured bindings, fold expressions, concepts,
// constexpr, ranges.
#include <any>
#include <array>
#include <concepts>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

struct Add;
struct Mul;
using Expr = std::variant<int, std::unique_ptr<Add>, std::unique_ptr<Mul>, char>;
struct Add {
  Expr a, b;
};
struct Mul {
  Expr a, b;
};
template <class... F> struct Overload : F... {
  using F::operator()...;
};

static long eval(const Expr& e, long x) {
  return std::visit(
      Overload{
          [](int v) -> long { return v; }, [x](char) -> long { return x; },
          [x](const std::unique_ptr<Add>& n) { return (eval(n->a, x) + eval(n->b, x)) % 1000003; },
          [x](const std::unique_ptr<Mul>& n) { return eval(n->a, x) * eval(n->b, x) % 1000003; }},
      e);
}
static Expr build(int depth) {
  if (depth == 0)
    return 'x';
  if (depth == 1)
    return 3;
  if (depth % 2)
    return std::make_unique<Add>(Add{build(depth - 1), build(depth - 2)});
  return std::make_unique<Mul>(Mul{build(depth - 1), build(depth - 2)});
}

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;
template <Number... T> __attribute__((noinline)) static auto sum(T... v) {
  return (v + ... + 0);
}
template <class T, std::size_t... I> static long fold(const T& t, std::index_sequence<I...>) {
  return (0l + ... + static_cast<long>(std::get<I>(t)));
}
constexpr int power(int b, int n) {
  return n == 0 ? 1 : b * power(b, n - 1);
}
static_assert(power(3, 4) == 81);
static constexpr auto table = [] {
  std::array<int, 20> a{};
  for (int i = 0; i < 20; i++)
    a[static_cast<std::size_t>(i)] = i * i;
  return a;
}();

static std::optional<int> parse(const std::string& s) {
  int v = 0;
  for (char c : s) {
    if (c < '0' || c > '9')
      return std::nullopt;
    v = v * 10 + c - '0';
  }
  return v;
}

struct Ordered {
  int a;
  double b;
  auto operator<=>(const Ordered&) const = default;
};

int main() {
  Expr e = build(12);
  long total = 0;
  for (int i = 0; i < 400; i++)
    total = (total * 7 + eval(e, i)) % 1000003;
  std::vector<std::any> things = {1, 2.5, std::string("three"), 'c'};
  std::vector<std::function<int(int)>> calls;
  for (int i = 0; i < 5; i++)
    calls.push_back([i, big = std::array<int, 10>{i}](int v) { return v * i + big[0]; });
  calls.push_back(std::bind(power, std::placeholders::_1, 2));
  for (int i = 0; i < 500; i++) {
    auto& t = things[static_cast<std::size_t>(i % 4)];
    if (auto* p = std::any_cast<int>(&t))
      total += ++*p;
    else if (t.type() == typeid(std::string))
      total += static_cast<long>(std::any_cast<std::string&>(t).size());
    try {
      total += static_cast<long>(std::any_cast<double>(t));
    } catch (const std::bad_any_cast&) {
      total += 3;
    }
    total += calls[static_cast<std::size_t>(i % 6)](i) + sum(i, 2, 3l) +
             static_cast<long>(sum(1.5, i)) + table[static_cast<std::size_t>(i % 20)];
    auto [a, b, c] = std::tuple(i, i * 2.0, static_cast<char>(i));
    total +=
        a + static_cast<long>(b) + c + fold(std::tuple(a, b, 'x'), std::make_index_sequence<3>());
    total += parse(std::to_string(i)).value_or(0) + parse("1x").value_or(9);
    total += (Ordered{i, 1.5} < Ordered{250, 2.5}) + (Ordered{i, 1} == Ordered{3, 1});
  }
  auto view = std::views::iota(1, 1000) | std::views::filter([](int v) { return v % 7 == 3; }) |
              std::views::transform([](int v) { return v * v; }) | std::views::take(50);
  for (int v : view)
    total += v;
  std::variant<int, std::string> v = "text";
  try {
    std::get<int>(v);
  } catch (const std::bad_variant_access&) {
    total++;
  }
  std::printf("%ld %zu\n", total, v.index());
}

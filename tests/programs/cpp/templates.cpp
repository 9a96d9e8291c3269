// Templates and lambdas that make many small functions: expression templates, variadics, recursion,
// generic lambdas.
#include <cstdio>
#include <tuple>
#include <type_traits>
#include <utility>

template <class L, class R> struct Sum {
  const L& l;
  const R& r;
  double operator[](int i) const { return l[i] + r[i]; }
};
template <class L, class R> struct Product {
  const L& l;
  const R& r;
  double operator[](int i) const { return l[i] * r[i]; }
};
struct Vec {
  double v[8];
  double operator[](int i) const { return v[i]; }
  template <class E> Vec& operator=(const E& e) {
    for (int i = 0; i < 8; i++)
      v[i] = e[i];
    return *this;
  }
};
template <class L, class R> Sum<L, R> operator+(const L& l, const R& r) {
  return {l, r};
}
template <class L, class R> Product<L, R> operator*(const L& l, const R& r) {
  return {l, r};
}

template <int N> __attribute__((noinline)) long step(long x) {
  return (step<N - 1>(x) * 31 + N) % 1000003;
}
template <> __attribute__((noinline)) long step<0>(long x) {
  return x;
}

template <class F, class... A> auto apply_all(F f, A... a) {
  return std::tuple(f(a)...);
}
template <class... A> long add(A... a) {
  return (0l + ... + static_cast<long>(a));
}
template <class F> struct Fix {
  F f;
  template <class... A> auto operator()(A&&... a) const { return f(*this, std::forward<A>(a)...); }
};
template <class T> Fix(T) -> Fix<T>;
auto compose = [](auto f, auto g) { return [=](auto x) { return f(g(x)); }; };
template <class T> T power(T b, unsigned n) {
  if (n == 0)
    return T(1);
  T h = power(b, n / 2);
  return n % 2 ? h * h * b : h * h;
}
struct Modular {
  unsigned v;
  explicit Modular(unsigned v) : v(v % 10007) {}
  friend Modular operator*(Modular a, Modular b) { return Modular(a.v * b.v); }
};

int main() {
  Vec a{{1, 2, 3, 4, 5, 6, 7, 8}}, b{{0.5, 0.25, 0.125, 1, 1, 2, 3, 4}}, c{};
  long total = 0;
  double real = 0;
  auto fib = Fix{[](auto& self, int n) -> int { return n < 2 ? n : self(n - 1) + self(n - 2); }};
  for (int i = 0; i < 800; i++) {
    c = a * b + b * a + a;
    real += c[i % 8];
    total += step<60>(i);
    auto t = apply_all([i](auto x) { return x * i; }, 1, 2.5, 'c', 4l);
    total += std::apply([](auto... x) { return add(x...); }, t);
    total += compose([](long x) { return x + 1; }, [&](int x) { return x * 2l; })(i) + fib(i % 10);
    total += power(3ul, static_cast<unsigned>(i) % 20) % 1000 +
             power(Modular(static_cast<unsigned>(i)), 1000).v;
    int captured = i;
    auto counter = [captured]() mutable { return captured++; };
    counter();
    total += counter();
    int (*plain)(int) = [](int x) { return x ^ 5; };
    total += plain(i);
  }
  std::printf("%ld %g\n", total, real);
}

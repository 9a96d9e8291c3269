// Objects by value: trivially copyable ones in registers, others by reference, with this and
// virtual calls around.
#include <cstdio>
#include <string>
#include <utility>

struct Trivial {
  int a;
  float b;
};
struct WithCopy {
  int a;
  WithCopy(int a) : a(a) {}
  WithCopy(const WithCopy& o) : a(o.a + 1) {}
};
struct WithDestructor {
  int a;
  ~WithDestructor() { a = -1; }
};
struct Big {
  long v[6];
};
struct Empty {};
struct Derived : Trivial, Empty {
  double c;
};
struct [[clang::trivial_abi]] Abi {
  int* p;
  explicit Abi(int v) : p(new int(v)) {}
  Abi(Abi&& o) : p(std::exchange(o.p, nullptr)) {}
  ~Abi() { delete p; }
};

struct Service {
  int base = 3;
  virtual ~Service() = default;
  virtual Big big(Trivial t, Empty, WithCopy c, Derived d) {
    return {{base + t.a, static_cast<long>(t.b), c.a, static_cast<long>(d.c), d.a, 6}};
  }
  virtual WithCopy copied(WithCopy c) { return c; }
  virtual WithDestructor destroyed(WithDestructor d) { return {d.a + base}; }
  virtual std::string text(std::string s, int n) { return s + std::to_string(n); }
  virtual std::pair<long, double> pair(std::pair<double, long> p) {
    return {p.second + base, p.first * 2};
  }
  virtual Abi abi(Abi a) {
    ++*a.p;
    return a;
  }
  virtual _Complex double complex(_Complex double z) { return z * z; }
};
struct Special : Service {
  long pad = 9;
  Big big(Trivial t, Empty e, WithCopy c, Derived d) override {
    Big b = Service::big(t, e, c, d);
    b.v[5] += pad;
    return b;
  }
  std::string text(std::string s, int n) override {
    return Service::text(std::move(s), n * 2) + "!";
  }
};

__attribute__((noinline)) static long use(Service& s, int i) {
  Derived d;
  d.a = i;
  d.b = 2;
  d.c = i * 0.5;
  Big b = s.big({i, i * 1.5f}, {}, WithCopy(i), d);
  long total = b.v[0] + b.v[1] * 3 + b.v[2] * 5 + b.v[3] * 7 + b.v[4] + b.v[5];
  total += s.copied(WithCopy(i)).a + s.destroyed({i}).a +
           static_cast<long>(s.text("text that is longer than the buffer", i).size());
  auto [x, y] = s.pair({i * 0.25, i});
  return total + x + static_cast<long>(y) + *s.abi(Abi(i)).p +
         static_cast<long>(__real__ s.complex(i + 2.0i));
}

int main() {
  Service plain;
  Special special;
  long total = 0;
  for (int i = 0; i < 1000; i++)
    total += use(i % 3 ? plain : special, i);
  Big (Service::*member)(Trivial, Empty, WithCopy, Derived) = &Service::big;
  total += (special.*member)({1, 2}, {}, 3, {}).v[5];
  std::printf("%ld\n", total);
}

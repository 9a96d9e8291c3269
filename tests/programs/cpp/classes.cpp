// Virtual calls, multiple and virtual inheritance, dynamic_cast in all directions, typeid,
// covariant results, thunks.
#include <cstdio>
#include <cstring>
#include <memory>
#include <typeinfo>
#include <vector>

#define NOINLINE __attribute__((noinline))

struct A {
  int a = 1;
  virtual ~A() = default;
  virtual int f(int x) { return x + a; }
  virtual A* self() { return this; }
};
struct B {
  int b = 2;
  virtual ~B() = default;
  virtual int g(int x) { return x * b; }
};
struct C : A, B {
  int c = 3;
  int f(int x) override { return x + c; }
  int g(int x) override { return x * c + a; }
  C* self() override { return this; }
};
struct V {
  int v = 4;
  virtual ~V() = default;
  virtual int h(int x) { return x - v; }
};
struct L : virtual V {
  int l = 5;
  int h(int x) override { return x - l; }
};
struct R : virtual V {
  int r = 6;
  virtual int k() { return r + v; }
};
struct D final : L, R, C {
  int d = 7;
  int h(int x) override { return x * d + v; }
  int k() override { return d * 100 + l + r; }
  D* self() override { return this; }
};
struct Abstract {
  virtual ~Abstract() = default;
  virtual double area() const = 0;
};
struct Square : Abstract {
  double s;
  explicit Square(double s) : s(s) {}
  double area() const override { return s * s; }
};
struct Circle : Abstract {
  double r;
  explicit Circle(double r) : r(r) {}
  double area() const override { return 3 * r * r; }
};
template <class T> struct Curious {
  int call(int x) { return static_cast<T*>(this)->impl(x) + 1; }
};
struct Impl : Curious<Impl> {
  int impl(int x) { return x * 2; }
};

NOINLINE static int use(A* a, B* b, V* v, int x) {
  return a->f(x) + b->g(x) * 3 + v->h(x) * 5;
}
NOINLINE static int casts(A* a) {
  int r = 0;
  if (auto* b = dynamic_cast<B*>(a))
    r += b->b + 10;
  if (auto* c = dynamic_cast<C*>(a))
    r += c->c + 20;
  if (auto* rr = dynamic_cast<R*>(a))
    r += rr->k() + 40;
  if (auto* v = dynamic_cast<V*>(a))
    r += v->v + 80;
  r += dynamic_cast<void*>(a) == static_cast<void*>(a);
  try {
    r += dynamic_cast<D&>(*a).d;
  } catch (const std::bad_cast&) {
    r += 1000;
  }
  return r;
}
NOINLINE static int types(const A& a) {
  return (typeid(a) == typeid(A)) | (typeid(a) == typeid(C)) << 1 | (typeid(a) == typeid(D)) << 2 |
         static_cast<int>(std::strlen(typeid(a).name())) << 3;
}

int main() {
  A a;
  C c;
  D d;
  A* as[] = {&a, &c, &d};
  long total = 0;
  std::vector<std::unique_ptr<Abstract>> shapes;
  for (int i = 0; i < 20; i++)
    if (i % 3)
      shapes.push_back(std::make_unique<Square>(i));
    else
      shapes.push_back(std::make_unique<Circle>(i));
  double area = 0;
  int (A::*member)(int) = &A::f;
  int A::* field = &A::a;
  int (C::*converted)(int) = static_cast<int (C::*)(int)>(&B::g);
  Impl impl;
  for (int i = 0; i < 1000; i++) {
    total += use(as[i % 3], i % 2 ? static_cast<B*>(&c) : &d,
                 i % 2 ? static_cast<V*>(&d) : static_cast<R*>(&d), i);
    total += casts(as[i % 3]) + types(*as[i % 3]) + (as[i % 3]->*member)(i) + as[i % 3]->*field +
             (d.*converted)(i) + impl.call(i);
    total += as[i % 3]->self() == as[i % 3];
    for (auto& s : shapes)
      area += s->area();
    d.L::h(1);
    total += d.L::h(i) + static_cast<V&>(d).h(i);
  }
  std::printf("%ld %g %zu %d\n", total, area, sizeof(D) % 8, member != nullptr);
}

// Types to throw and to catch: bases at an offset, virtual and ambiguous bases, private bases, pointers.
#pragma once

#include <cstddef>
#include <string>

namespace kiln::invoke_types {

struct Base {
  virtual ~Base() = default;
  virtual std::string name() const { return "Base"; }
};
struct Derived : Base {
  std::string name() const override { return "Derived"; }
};
struct Left {
  explicit Left(int value) : left(value) {}
  int left;
};
struct Right {
  explicit Right(int value) : right(value) {}
  int right;
};
struct Both : Left, Right {
  Both(int left, int right) : Left(left), Right(right) {}
};
struct FirstVirtual : virtual Base {};
struct SecondVirtual : virtual Base {};
struct Diamond : FirstVirtual, SecondVirtual {};
struct FirstPlain : Base {};
struct SecondPlain : Base {};
struct Ambiguous : FirstPlain, SecondPlain {};
struct Hidden : private Base {};

template <typename... T> struct TypeList {};
using Handlers = TypeList<int, Base&, Derived, Right&, FirstVirtual&, Base*, const Derived*, void*, const void*>;
using FewHandlers = TypeList<long, Left, Diamond&, int*, std::nullptr_t>;

inline void (*const kThrowers[])() = {
    [] { throw 1; },
    [] { throw 1L; },
    [] { throw Base(); },
    [] { throw Derived(); },
    [] { throw Both(1, 2); },
    [] { throw Diamond(); },
    [] { throw FirstVirtual(); },
    [] { throw Ambiguous(); },
    [] { throw Hidden(); },
    [] { throw static_cast<Base*>(nullptr); },
    [] {
      static Derived derived;
      throw &derived;
    },
    [] {
      static const Derived derived;
      throw &derived;
    },
    [] { throw nullptr; },
    [] {
      static int value;
      throw &value;
    },
};

} // namespace kiln::invoke_types

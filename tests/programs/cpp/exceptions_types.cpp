// Which handler an exception gets: by value, reference and pointer, over bases that are virtual, ambiguous, private or
// at an offset, over pointers with and without const, pointers to members, enumerations, arrays and functions.
// LEVELS: O0 O1 O2
#include <cstddef>
#include <cstdio>
#include <string>
#include <typeinfo>

#define NOINLINE __attribute__((noinline))

struct Root {
  int tag = 1;
  Root() = default;
  explicit Root(int t) : tag(t) {}
  Root(const Root& other) : tag(other.tag + 100) {} // shows copies
  virtual ~Root() = default;
  virtual int who() const { return tag; }
};
struct Child : Root {
  int more = 2;
  Child() : Root(2) {}
  int who() const override { return tag * 10; }
};
struct Beside {
  long pad[3] = {7, 8, 9};
  virtual ~Beside() = default;
};
struct Late : Beside, Child {
  int who() const override { return tag * 20 + static_cast<int>(pad[2]); }
};
struct Left : virtual Root {
  int left = 31;
};
struct Right : virtual Root {
  int right = 32;
};
struct Diamond : Beside, Left, Right {
  int who() const override { return left + right + tag; }
};
struct PlainLeft : Root {};
struct PlainRight : Root {};
struct Ambiguous : PlainLeft, PlainRight {};
struct Secret : private Root {};
struct Half : private Root, Beside {};
enum Colour { red = 3 };
enum class Shape : short { round = 4 };
using Function = int (*)(int);
static int twice(int v) {
  return 2 * v;
}

NOINLINE static void thrower(int kind) {
  static Late late;
  static Diamond diamond;
  static const Child constant;
  static Secret secret;
  static int number = 11;
  static const char text[] = "text";
  switch (kind) {
  case 0: throw Root();
  case 1: throw Child();
  case 2: throw Late();
  case 3: throw Left();
  case 4: throw Diamond();
  case 5: throw Ambiguous();
  case 6: throw Secret();
  case 7: throw Half();
  case 8: throw &late;
  case 9: throw static_cast<Child*>(&late);
  case 10: throw &diamond;
  case 11: throw &constant;
  case 12: throw &secret;
  case 13: throw &number;
  case 14: throw text;
  case 15: throw nullptr;
  case 16: throw static_cast<Root*>(nullptr);
  case 17: throw red;
  case 18: throw Shape::round;
  case 19: throw twice;
  case 20: throw &Child::more;
  case 21: throw &Root::who;
  case 22: throw 'c';
  case 23: throw short{5};
  case 24: throw 6u;
  case 25: throw 7L;
  case 26: throw 1.5f;
  case 27: throw 2.5L;
  case 28: throw std::string("string");
  case 29: throw static_cast<__int128>(1) << 70;
  default: throw kind;
  }
}

NOINLINE static int by_reference(int kind) {
  try {
    thrower(kind);
  } catch (const Right& r) {
    return 1000 + r.right + r.who();
  } catch (Left& l) {
    return 2000 + l.left + l.who();
  } catch (Late& l) {
    return 3000 + l.who();
  } catch (const Root& r) {
    return 4000 + r.who();
  } catch (Beside& b) {
    return 5000 + static_cast<int>(b.pad[1]);
  } catch (int& v) {
    return 6000 + v;
  } catch (...) {
    return 1;
  }
  return 0;
}
NOINLINE static int by_value(int kind) {
  try {
    thrower(kind);
  } catch (Root r) { // sliced and copied
    return 1000 + r.who();
  } catch (Beside b) {
    return 2000 + static_cast<int>(b.pad[0]);
  } catch (char c) {
    return 3000 + c;
  } catch (short v) {
    return 4000 + v;
  } catch (unsigned v) {
    return 5000 + static_cast<int>(v);
  } catch (long v) {
    return 6000 + static_cast<int>(v);
  } catch (float v) {
    return 7000 + static_cast<int>(v * 2);
  } catch (long double v) {
    return 8000 + static_cast<int>(v * 2);
  } catch (std::string s) {
    return 9000 + static_cast<int>(s.size());
  } catch (Colour c) {
    return 10000 + c;
  } catch (Shape s) {
    return 11000 + static_cast<int>(s);
  } catch (__int128 v) {
    return 12000 + static_cast<int>(v >> 68);
  }
  return 0;
}
NOINLINE static int by_pointer(int kind) {
  try {
    thrower(kind);
  } catch (Left* l) {
    return l ? 1000 + l->left : 1;
  } catch (Child* c) {
    return c ? 2000 + c->who() : 2;
  } catch (const Root* r) {
    return r ? 3000 + r->who() : 3;
  } catch (int Child::*member) {
    Child c;
    return member ? 4000 + c.*member : 4;
  } catch (int (Root::*member)() const) {
    return member ? 5000 + (Child().*member)() : 5;
  } catch (Function f) {
    return 6000 + f(21);
  } catch (const char* s) {
    return s ? 7000 + s[3] : 7;
  } catch (const void* p) {
    return p ? 8000 : 8;
  }
  return 0;
}
// The handlers' order counts, not how well they match.
NOINLINE static int hidden(int kind) {
  try {
    thrower(kind);
  } catch (const void*) {
    return 1;
  } catch (Root*) {
    return 2;
  } catch (std::nullptr_t) {
    return 3;
  } catch (Root&) {
    return 4;
  } catch (...) {
    return 5;
  }
  return 0;
}
// A change through a reference is seen after the exception is thrown again; one through a copy is not.
NOINLINE static int changed(int start) {
  try {
    try {
      try {
        throw Child();
      } catch (Root r) {
        r.tag += 50;
        throw;
      }
    } catch (Root& r) {
      r.tag += start;
      throw;
    }
  } catch (Child& c) {
    return c.who();
  }
}

static int survives(int (*test)(int), int kind) {
  try {
    return test(kind);
  } catch (...) {
    return -1;
  }
}

int main() {
  long total = 0;
  for (int round = 0; round < 40; round++)
    for (int kind = 0; kind < 31; kind++) {
      int results[] = {survives(by_reference, kind), survives(by_value, kind), survives(by_pointer, kind),
                       survives(hidden, kind)};
      for (int r : results)
        total = (total * 31 + r) % 1000000007;
      if (round == 0)
        std::printf("%d: %d %d %d %d\n", kind, results[0], results[1], results[2], results[3]);
    }
  for (int i = 0; i < 50; i++)
    total += changed(i);
  std::printf("%ld\n", total);
}

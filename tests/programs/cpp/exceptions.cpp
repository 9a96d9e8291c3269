// Exceptions: through many frames, by type and base, rethrown, nested, from constructors, in
// function-try blocks.
// LEVELS: O0 O1 O2
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#define NOINLINE __attribute__((noinline))

static std::string trace;
struct Noisy {
  char name;
  explicit Noisy(char n) : name(n) { trace += n; }
  Noisy(const Noisy& other) : name(other.name) { trace += '='; }
  ~Noisy() { trace += static_cast<char>(name - 'a' + 'A'); }
};

struct Base {
  virtual ~Base() = default;
  virtual int value() const { return 1; }
};
struct Derived : Base {
  int v;
  explicit Derived(int v) : v(v) {}
  int value() const override { return v; }
};
struct Other {
  long a[5];
};

NOINLINE int thrower(int kind) {
  switch (kind % 9) {
  case 0:
    throw kind;
  case 1:
    throw Derived(kind);
  case 2:
    throw Other{{kind, 2, 3, 4, 5}};
  case 3:
    throw std::string("a string that is too long for the small buffer");
  case 4:
    throw std::out_of_range("range");
  case 5:
    throw "literal";
  case 6:
    throw 2.5;
  case 7:
    throw new Derived(7);
  default:
    return kind;
  }
}
NOINLINE int deep(int depth, int kind) {
  Noisy local('d');
  return depth ? deep(depth - 1, kind) + 1 : thrower(kind);
}
NOINLINE int catcher(int depth, int kind) {
  try {
    return deep(depth, kind);
  } catch (int v) {
    return v * 2;
  } catch (const Base& b) {
    return b.value() * 3;
  } catch (Other o) {
    return static_cast<int>(o.a[0] + o.a[4]);
  } catch (const std::string& s) {
    return static_cast<int>(s.size());
  } catch (const std::exception& e) {
    return e.what()[0];
  } catch (const char* s) {
    return s[1];
  } catch (Base* b) {
    int v = b->value();
    delete b;
    return v;
  } catch (...) {
    return -1;
  }
}

NOINLINE int rethrown(int kind) {
  try {
    try {
      Noisy a('a');
      thrower(kind);
    } catch (int& v) {
      v += 5;
      throw;
    } catch (Base&) {
      throw std::runtime_error("instead");
    }
  } catch (int v) {
    return v;
  } catch (const std::runtime_error& e) {
    return static_cast<int>(std::string(e.what()).size());
  } catch (...) {
    return -2;
  }
  return 0;
}

struct Member {
  explicit Member(int k) {
    trace += 'm';
    if (k % 2)
      throw k;
  }
  ~Member() { trace += 'M'; }
};
struct Whole {
  Noisy first;
  Member second;
  explicit Whole(int k) try : first('f'), second(k) {
    if (k % 3 == 0)
      throw 100;
  } catch (int v) {
    throw v + 1000;
  }
};
NOINLINE int constructed(int k) {
  try {
    Whole w(k);
    return 1;
  } catch (int v) {
    return v;
  }
}
NOINLINE int function_try(int k) try { return thrower(k); } catch (int v) {
  return v + 7;
} catch (...) {
  return 8;
}

NOINLINE int in_array(int n) {
  static int alive;
  struct Counted {
    Counted() { alive++; }
    ~Counted() { alive--; }
  };
  struct Fails : Counted {
    explicit Fails() {
      if (alive == 4)
        throw 1;
    }
  };
  try {
    Fails all[6];
    return 100;
  } catch (int) {
    return alive + n;
  }
}

/* A destructor that throws and catches on its own while another exception is under way. */
struct Careful {
  ~Careful() {
    try {
      throw 1;
    } catch (int) {
      trace += std::to_string(std::uncaught_exceptions());
    }
  }
};
NOINLINE int while_unwinding() {
  try {
    Careful c;
    throw 2;
  } catch (int v) {
    return v;
  }
}

NOINLINE void unnest(const std::exception& e, std::string& out) {
  out += e.what();
  try {
    std::rethrow_if_nested(e);
  } catch (const std::exception& inner) {
    out += '<';
    unnest(inner, out);
  }
}
NOINLINE std::string nested() {
  std::string out;
  try {
    try {
      throw std::logic_error("inner");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  } catch (const std::exception& e) {
    unnest(e, out);
  }
  return out;
}
NOINLINE std::exception_ptr saved(int k) {
  try {
    thrower(k);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}
NOINLINE int restored(const std::exception_ptr& p) {
  if (!p)
    return -5;
  try {
    std::rethrow_exception(p);
  } catch (int v) {
    return v;
  } catch (const Base& b) {
    return b.value();
  } catch (...) {
    return -6;
  }
}

int main() {
  long total = 0;
  unsigned h = 0;
  for (int i = 0; i < 700; i++) {
    total += catcher(i % 12, i) + rethrown(i) + constructed(i) + function_try(i) + in_array(i) +
             while_unwinding();
    std::exception_ptr p = saved(i), q = p;
    total += restored(p) + restored(q);
    for (char c : trace)
      h = h * 31 + static_cast<unsigned char>(c);
    if (i < 9)
      std::printf("%s\n", trace.c_str());
    trace.clear();
  }
  std::printf("%ld %u %s\n", total, h, nested().c_str());
}

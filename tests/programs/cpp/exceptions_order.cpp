// What is destroyed when an exception leaves, and in which order: locals, temporaries, arguments, members, bases,
// arrays, what `new` allocated, values that are being returned, statics that could not be made.
// LEVELS: O0 O1 O2
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

#define NOINLINE __attribute__((noinline))

static std::string trace;
static int countdown;
NOINLINE static void maybe() {
  if (--countdown == 0)
    throw countdown;
}
struct Part {
  char name;
  explicit Part(char n) : name(n) {
    maybe();
    trace += n;
  }
  Part(const Part& other) : name(other.name) {
    maybe();
    trace += name;
    trace += '=';
  }
  ~Part() { trace += static_cast<char>(name - 'a' + 'A'); }
};

struct Virtual {
  Part v{'v'};
};
struct First : virtual Virtual {
  Part f{'f'};
  First() { maybe(); }
};
struct Second : virtual Virtual {
  Part s{'s'};
  ~Second() { trace += '~'; }
};
struct Whole : First, Second {
  Part m{'m'}, n{'n'};
  Whole() : Whole(0) { // from here on the destructor runs
    maybe();
    trace += 'd';
  }
  explicit Whole(int) { maybe(); }
  ~Whole() { trace += '!'; }
};
struct Catches {
  Part p;
  Catches() try : p('p') {
    maybe();
  } catch (int) {
    trace += '^';
  }
};
struct Owned {
  Part o{'o'};
  static void* operator new(std::size_t bytes) {
    trace += '(';
    return std::malloc(bytes);
  }
  static void operator delete(void* p) {
    trace += ')';
    std::free(p);
  }
  static void* operator new[](std::size_t bytes) {
    trace += '[';
    return std::malloc(bytes);
  }
  static void operator delete[](void* p) {
    trace += ']';
    std::free(p);
  }
};

NOINLINE static int takes(Part a, const Part& b, Part c) {
  maybe();
  return a.name + b.name + c.name;
}
NOINLINE static Part makes() {
  Part r('r');
  Part t('t');
  maybe();
  return r;
}

NOINLINE static void locals() {
  Part a('a');
  {
    Part b('b');
    maybe();
  }
  for (int i = 0; i < 2; i++) {
    Part c('c');
    maybe();
    if (i == 1)
      break;
  }
  Part e('e');
}
NOINLINE static void arguments() {
  Part x('x');
  if (takes(Part('a'), Part('b'), x) < 0)
    trace += '?';
}
NOINLINE static void objects() { Whole w; }
NOINLINE static void caught_in_constructor() { Catches c; }
NOINLINE static void allocated() {
  delete new Owned;
  delete[] new Owned[3];
}
NOINLINE static void returned() {
  Part a = makes();
  Part b = std::move(a);
  maybe();
}
NOINLINE static void arrays() {
  Part two[2][2] = {{Part('a'), Part('b')}, {Part('c'), Part('d')}};
  maybe();
  auto lambda = [two, last = Part('l')] { maybe(); };
  lambda();
}
NOINLINE static void conditional() {
  const Part& p = countdown % 2 ? Part('y') : Part('z');
  if (Part('a').name == 'a' && (maybe(), Part('b').name == 'b'))
    trace += p.name;
}
template <int> NOINLINE static void statics() {
  static Part made('k'); // tried again at the next call
  static std::vector<Part> more = {Part('g'), Part('h')};
  maybe();
}
// Leaving a handler by another exception destroys the first.
NOINLINE static void in_handler() {
  try {
    Part a('a');
    maybe();
    throw Part('w');
  } catch (const Part& p) {
    Part b('b');
    maybe();
    trace += p.name;
    throw;
  }
}

NOINLINE static void run(const char* name, void (*test)()) {
  for (int n = 1; n < 40; n++) {
    countdown = n;
    trace.clear();
    try {
      test();
      trace += '.';
    } catch (int) {
      trace += '*';
    } catch (const Part& p) {
      trace += '+';
    }
    std::printf("%s %d %s\n", name, n, trace.c_str());
    if (countdown > 0)
      break;
  }
}

int main() {
  for (int round = 0; round < 3; round++) {
    run("locals", locals);
    run("arguments", arguments);
    run("objects", objects);
    run("caught", caught_in_constructor);
    run("allocated", allocated);
    run("returned", returned);
    run("arrays", arrays);
    run("conditional", conditional);
    run("statics", round == 0 ? statics<0> : round == 1 ? statics<1> : statics<2>);
    run("handler", in_handler);
  }
}

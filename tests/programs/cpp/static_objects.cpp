// Static objects of two files: order of construction within and across them, destruction in
// reverse, mixed with atexit.
// FILES: static_objects.part.cpp
#include <cstdio>
#include <cstdlib>
#include <string>

struct Logged {
  std::string name;
  explicit Logged(std::string n) : name(std::move(n)) { std::printf("+%s\n", name.c_str()); }
  ~Logged() { std::printf("-%s\n", name.c_str()); }
};
Logged& other_file_object();
int other_file_sum();
extern int computed_elsewhere;

static Logged first("first");
Logged second("second");
static int early = std::printf("dynamic initialiser\n");
__attribute__((init_priority(200))) static Logged priority_200("priority 200");
__attribute__((init_priority(150))) static Logged priority_150("priority 150");
inline Logged inline_variable("inline");
template <class T> struct Box {
  static Logged object;
};
template <class T> Logged Box<T>::object("template");
constinit static int constant = 5;
static std::string long_text(100, 'x');

__attribute__((noinline)) static int& counter() {
  static Logged guard("function static");
  static int n = early + constant;
  return n;
}
static Logged& lazily(bool fails) {
  static Logged object([&] {
    if (fails)
      throw 1;
    return std::string("lazy");
  }());
  return object;
}

int main() {
  std::printf("main %d %d %d\n", early, other_file_sum(), computed_elsewhere);
  std::atexit([] { std::puts("atexit in main"); });
  for (int i = 0; i < 500; i++)
    counter() += i;
  for (int i = 0; i < 3; i++)
    try {
      lazily(i < 2);
    } catch (int) {
      std::puts("not yet");
    }
  std::printf("%d %s %zu %s\n", counter(), other_file_object().name.c_str(), long_text.size(),
              Box<int>::object.name.c_str());
  std::atexit([] { std::puts("last atexit"); });
}

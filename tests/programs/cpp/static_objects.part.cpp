// The other file of static_objects.cpp.
#include <cstdio>
#include <map>
#include <string>

struct Logged;
struct Reporter {
  const char* text;
  explicit Reporter(const char* t) : text(t) { std::printf("+%s\n", text); }
  ~Reporter() { std::printf("-%s\n", text); }
};

static Reporter reporter("other file");
static std::map<std::string, int> table = {{"one", 1}, {"two", 2}, {"three", 3}};
int computed_elsewhere = static_cast<int>(table.size()) * 10;
extern Logged second;

Logged& other_file_object() {
  return second;
}
int other_file_sum() {
  int sum = 0;
  for (auto& [name, value] : table)
    sum += value * static_cast<int>(name.size());
  return sum;
}

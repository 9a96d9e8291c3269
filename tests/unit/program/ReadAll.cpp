// Reads bitcode files in two worlds, lean and whole, and compares what they made of them: globals, and every prepared
// function. Exit status 1 if anything differs. `--most-left N` also fails if more than N bodies were left to LLVM's reader.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "program/SameBody.h"
#include "program/World.h"

namespace {

struct Counts {
  std::size_t files = 0, functions = 0, differ = 0, left = 0, refused = 0;
};

void compare(const char* path, Counts& counts) {
  auto source = kiln::readSource(path);
  if (!source)
    return;
  auto sources = std::make_shared<const std::vector<kiln::Source>>(std::vector{std::move(*source)});
  auto lean = kiln::World::open(sources, kiln::Reading::Lean), whole = kiln::World::open(sources);
  ++counts.files;
  if (!lean || !whole) {
    bool both = !lean && !whole;
    printf("%s: %s\n", path, both ? "rejected by both" : "rejected by one only");
    counts.differ += !both;
    return;
  }
  auto report = [&](const char* what, const std::string& difference) {
    printf("%s: %s: %s\n", path, what, difference.c_str());
    ++counts.differ;
  };
  // Of initial values as they are before bodies are prepared: that turns labels into numbers there, too.
  std::size_t index = 0;
  for (llvm::Function& function : (*whole)->module(0)) {
    llvm::Function& other = (*lean)->functionAt(0, index++);
    if (!function.isMaterializable() && function.isDeclaration())
      continue;
    std::size_t before = (*lean)->leftToLlvm();
    auto one = (*lean)->prepared(other), two = (*whole)->prepared(function);
    ++counts.functions;
    if ((*lean)->leftToLlvm() != before) {
      ++counts.left;
      printf("%s: %s: left to LLVM's reader\n", path, function.getName().str().c_str());
    }
    if (one && two) {
      if (std::string difference = kiln::firstDifference(**one, **two); !difference.empty())
        report(function.getName().str().c_str(), difference);
    } else if (!two) {
      ++counts.refused;
    } else {
      report(function.getName().str().c_str(), one.error().message);
    }
  }
  if (std::string difference = kiln::firstDifference((*lean)->module(0), (*whole)->module(0)); !difference.empty())
    report("globals", difference);
}

} // namespace

int main(int argc, char** argv) {
  Counts counts;
  std::size_t mostLeft = SIZE_MAX;
  for (int i = 1; i < argc; ++i) {
    if (!strcmp(argv[i], "--most-left") && i + 1 < argc) {
      mostLeft = strtoul(argv[++i], nullptr, 10);
    } else if (argv[i][0] == '@') {
      std::ifstream list(argv[i] + 1);
      for (std::string path; std::getline(list, path);)
        compare(path.c_str(), counts);
    } else {
      compare(argv[i], counts);
    }
  }
  printf("%zu files, %zu functions, %zu rejected by LLVM, %zu left to LLVM's reader, %zu differ\n", counts.files,
         counts.functions, counts.refused, counts.left, counts.differ);
  return counts.files == 0 || counts.differ != 0 || counts.left > mostLeft;
}

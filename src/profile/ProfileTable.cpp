// A profile as a table for people.
#include "profile/ProfileFile.h"

#include <algorithm>
#include <cstdio>

namespace kiln {
namespace {

template <typename... Values> std::string format(const char* pattern, Values... values) {
  char line[256];
  int length = snprintf(line, sizeof line, pattern, values...);
  return std::string(line, static_cast<std::size_t>(std::clamp<int>(length, 0, sizeof line - 1)));
}

unsigned long long wide(std::uint64_t count) {
  return count;
}

std::string shortened(const std::string& name) {
  return name.size() > 32 ? name.substr(0, 29) + "..." : name;
}

std::uint64_t backEdges(const FunctionProfile& function) {
  std::uint64_t sum = 0;
  for (const LoopProfile& loop : function.loops)
    sum = saturatingAdd(sum, loop.backEdges);
  return sum;
}

std::string row(const FunctionProfile& function) {
  auto constant = [](const ArgumentProfile& argument) { return argument.state == ArgumentState::Constant; };
  return format("%-32s %016llx %12llu %14llu %8zu %8zu %8zu %6zu  %td of %zu\n", shortened(function.name).c_str(),
                wide(function.hash), wide(function.entries), wide(backEdges(function)), function.branches.size(),
                function.switches.size(), function.calls.size(), function.memory.size(),
                std::ranges::count_if(function.arguments, constant), function.arguments.size());
}

} // namespace

std::string profileTable(const ProgramProfile& profile, std::size_t rows) {
  std::vector<const FunctionProfile*> byEntries;
  std::uint64_t entries = 0, edges = 0;
  for (const FunctionProfile& function : profile.functions) {
    byEntries.push_back(&function);
    entries = saturatingAdd(entries, function.entries);
    edges = saturatingAdd(edges, backEdges(function));
  }
  std::ranges::stable_sort(byEntries, std::greater(),
                           [](const FunctionProfile* function) { return function->entries; });
  std::string out = format("%-32s %-16s %12s %14s %8s %8s %8s %6s  %s\n", "function", "hash", "entries", "back-edges",
                           "branches", "switches", "indirect", "memory", "constant arguments");
  for (std::size_t i = 0; i < std::min(rows, byEntries.size()); ++i)
    out += row(*byEntries[i]);
  if (byEntries.size() > rows)
    out += format("... and %zu more functions\n", byEntries.size() - rows);
  out += format("%zu functions, %llu entries, %llu back-edges\n", profile.functions.size(), wide(entries), wide(edges));
  return out;
}

} // namespace kiln

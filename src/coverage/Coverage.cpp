#include "coverage/Coverage.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace kiln {
namespace {

/// False if the two are not of the same bitcode.
bool addFunction(FunctionCoverage& into, const FunctionCoverage& more) {
  if (into.name != more.name || into.blocks.size() != more.blocks.size())
    return false;
  for (std::size_t b = 0; b < into.blocks.size(); ++b) {
    std::uint64_t& count = into.blocks[b].count;
    if (__builtin_add_overflow(count, more.blocks[b].count, &count))
      count = ~std::uint64_t{0};
  }
  if (!into.bytes)
    into.bytes = more.bytes;
  return true;
}

bool addModule(ModuleCoverage& into, const ModuleCoverage& more) {
  if (into.functions.size() != more.functions.size())
    return false;
  for (std::size_t f = 0; f < into.functions.size(); ++f)
    if (!addFunction(into.functions[f], more.functions[f]))
      return false;
  return true;
}

std::string share(std::uint64_t used, std::uint64_t total) {
  char text[64];
  snprintf(text, sizeof text, "%llu/%llu %5.1f%%", static_cast<unsigned long long>(used),
           static_cast<unsigned long long>(total),
           total ? 100.0 * static_cast<double>(used) / static_cast<double>(total) : 0.0);
  return text;
}

std::string row(const Usage& used, const Usage& total, const std::string& name) {
  char text[256];
  snprintf(text, sizeof text, "%20s %22s %24s %26s  ", share(used.functions, total.functions).c_str(),
           share(used.blocks, total.blocks).c_str(), share(used.instructions, total.instructions).c_str(),
           share(used.bytes, total.bytes).c_str());
  return text + name + "\n";
}

/// Lines of one source file: whether a block that has instructions of the line ran.
using Lines = std::map<std::uint32_t, bool>;

std::map<std::string, Lines> linesOf(const ProgramCoverage& coverage) {
  std::map<std::string, Lines> files;
  for (const ModuleCoverage& module : coverage.modules)
    for (const FunctionCoverage& function : module.functions)
      for (const BlockCoverage& block : function.blocks)
        for (SourceLine line : block.lines)
          files[module.files[line.file]][line.line] |= block.count != 0;
  return files;
}

/// "3-5, 9": neighbours among the lines that have code make a range.
std::string missed(const Lines& lines) {
  std::string out;
  for (auto at = lines.begin(); at != lines.end(); ++at) {
    if (at->second)
      continue;
    std::uint32_t first = at->first, last = first;
    for (auto next = std::next(at); next != lines.end() && !next->second; ++next, ++at)
      last = next->first;
    out += (out.empty() ? "" : ", ") + std::to_string(first) + (last == first ? "" : "-" + std::to_string(last));
  }
  return out;
}

std::string lineTable(const ProgramCoverage& coverage) {
  std::string out;
  for (const auto& [file, lines] : linesOf(coverage)) {
    auto ran = static_cast<std::uint64_t>(std::ranges::count_if(lines, [](const auto& line) { return line.second; }));
    std::string none = missed(lines);
    out += "lines " + share(ran, lines.size()) + "  " + file + (none.empty() ? "" : "\n  did not run: " + none) + "\n";
  }
  return out;
}

} // namespace

Result<void> addCoverage(ProgramCoverage& into, ProgramCoverage more) {
  into.runs += more.runs;
  for (ModuleCoverage& module : more.modules) {
    auto same = std::ranges::find(into.modules, module.hash, &ModuleCoverage::hash);
    if (same == into.modules.end())
      into.modules.push_back(std::move(module));
    else if (!addModule(*same, module))
      return fail(ErrorCode::BadCoverage, "module '" + module.name + "' has other functions or blocks than '" +
                                              same->name + "', which has the same hash");
  }
  return {};
}

void Usage::add(const Usage& other) {
  functions += other.functions;
  blocks += other.blocks;
  instructions += other.instructions;
  bytes += other.bytes;
}

Usage totalOf(const FunctionCoverage& function) {
  Usage total{1, 0, 0, function.bytes.value_or(0)};
  for (const BlockCoverage& block : function.blocks)
    if (block.reachable)
      total.add({0, 1, block.instructions, 0});
  return total;
}

Usage usedOf(const FunctionCoverage& function) {
  if (function.entries() == 0)
    return {};
  Usage used{1, 0, 0, function.bytes.value_or(0)};
  for (const BlockCoverage& block : function.blocks)
    if (block.count != 0)
      used.add({0, 1, block.instructions, 0});
  return used;
}

std::string coverageReport(const ProgramCoverage& coverage, const ReportOptions& options) {
  std::string out = std::to_string(coverage.runs) + (coverage.runs == 1 ? " run" : " runs") + "\n";
  char head[160];
  snprintf(head, sizeof head, "%20s %22s %24s %26s\n", "functions", "blocks", "instructions", "bytes");
  out += head;
  Usage allUsed, allTotal;
  for (const ModuleCoverage& module : coverage.modules) {
    Usage used, total;
    std::string rows;
    for (const FunctionCoverage& function : module.functions) {
      used.add(usedOf(function));
      total.add(totalOf(function));
      if (options.functions)
        rows += row(usedOf(function), totalOf(function), "  " + function.name);
    }
    out += row(used, total, module.name) + rows;
    allUsed.add(used);
    allTotal.add(total);
  }
  if (coverage.modules.size() != 1)
    out += row(allUsed, allTotal, "all");
  return options.lines ? out + lineTable(coverage) : out;
}

} // namespace kiln

// Coverage: how often each block of a program ran, over one run or several. docs/coverage.md has the file's format.
//
// A block is one of the bitcode as it was given, not of a prepared function: the counts are made by the program itself,
// into which counters were put before anything else saw it (coverage/Instrument.h). So they are exact at every tier,
// and what optimising does to blocks does not matter. Plain data, no LLVM; as thread-safe as a std::vector.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/Error.h"

namespace kiln {

/// The file's schema. Any change of meaning or fields raises it.
inline constexpr std::uint32_t kCoverageVersion = 1;
/// Larger files are refused.
inline constexpr std::uint64_t kMaxCoverageBytes = std::uint64_t{1} << 30;

struct SourceLine {
  std::uint32_t file = 0; ///< index in ModuleCoverage::files
  std::uint32_t line = 0;
  auto operator<=>(const SourceLine&) const = default;
};

struct BlockCoverage {
  std::uint64_t count = 0;
  std::uint32_t instructions = 0;     ///< of LLVM IR, without phis and debug information
  bool reachable = true;              ///< no edge leads to the others, they never count
  std::vector<SourceLine> lines = {}; ///< rising, each once
};

struct FunctionCoverage {
  std::string name;
  std::optional<SourceLine> place = {};    ///< where its definition begins, with debug information
  std::optional<std::uint64_t> bytes = {}; ///< of machine code, see coverage/CodeSizes.h
  std::vector<BlockCoverage> blocks = {};

  std::uint64_t entries() const { return blocks.empty() ? 0 : blocks.front().count; }
};

struct ModuleCoverage {
  std::string name;
  std::uint64_t hash = 0; ///< of its bitcode: runs of equal modules add up
  std::vector<std::string> files = {};
  std::vector<FunctionCoverage> functions = {};
};

struct ProgramCoverage {
  std::uint64_t runs = 0;
  std::vector<ModuleCoverage> modules = {};
};

std::string coverageToJson(const ProgramCoverage& coverage);
/// Trusts nothing. BadCoverage with the place and the defect; errors do not name the file.
Result<ProgramCoverage> coverageFromJson(std::string_view text);

/// Adds the runs of `more`. Counts stop at 2^64 - 1. BadCoverage if modules of one hash have other functions or blocks.
Result<void> addCoverage(ProgramCoverage& into, ProgramCoverage more);

/// What is used of a part, and what there is.
struct Usage {
  std::uint64_t functions = 0, blocks = 0, instructions = 0, bytes = 0;
  void add(const Usage& other);
};
Usage totalOf(const FunctionCoverage& function);
Usage usedOf(const FunctionCoverage& function);

struct ReportOptions {
  bool functions = false; ///< a row for each function
  bool lines = false;     ///< for each source file, the lines that did not run
};
std::string coverageReport(const ProgramCoverage& coverage, const ReportOptions& options);

} // namespace kiln

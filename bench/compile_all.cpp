// Compiles and installs every function of a program with the baseline compiler and with LLVM at -O0, and compares.
//
//   kiln_compile_all FILE.bc ROUNDS plain|counted > comparison.json
//
// Both start from prepared bodies in memory and end with installed code; each has its own world, as in a running program.
// In a round one compiles everything, then the other. CPU time of the thread is taken around each function, less what
// taking it costs; round 0, in which bodies are read, does not count. `plain` code neither counts nor records; `counted`
// code of both counts, and baseline's records, as in a ladder.
//
// This wires the parts itself, for the public API compiles a function once.
#include <ctime>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "code/AddressRange.h"
#include "code/CodeSpace.h"
#include "code/UnwindRegistry.h"
#include "compile/baseline/Baseline.h"
#include "compile/llvm/JitLinker.h"
#include "compile/llvm/LlvmCompiler.h"
#include "function/FunctionTable.h"
#include "kiln/Profile.h"
#include "program/GlobalsImage.h"
#include "support/CallOnStack.h"

using namespace kiln;

namespace {

std::uint64_t threadNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

/// What two readings in a row differ by: the median of many.
std::uint64_t clockCost() {
  std::vector<std::uint64_t> costs(1001);
  for (std::uint64_t& cost : costs) {
    const std::uint64_t start = threadNanoseconds();
    cost = threadNanoseconds() - start;
  }
  std::ranges::nth_element(costs, costs.begin() + 500);
  return costs[500];
}

/// One compiler's results: of each round the sums, of each function the best time.
struct Side {
  struct Round { std::uint64_t nanoseconds = 0, extractNs = 0; };
  std::vector<Round> rounds;
  std::vector<std::uint64_t> least; ///< by function; 0: it gave no code
  std::uint64_t functions = 0, instructions = 0, codeBytes = 0;
  std::map<std::string, std::uint64_t> refusals;
};

/// A program in memory as far as compiling needs it. Nothing of it runs.
class Laboratory {
public:
  Result<void> open(const std::string& path, bool counted);
  void measure(unsigned rounds);
  nlohmann::json report() const;

private:
  std::optional<std::uintptr_t> resolve(std::string_view symbol);
  void pass(Side& side, bool counts, auto&& compileOne);
  void countInstructions();

  std::shared_ptr<const std::vector<Source>> sources_;
  HostSymbols host_;
  UnwindRegistry unwind_;
  std::optional<AddressRange> range_;
  std::unique_ptr<CodeSpace> space_;
  ProgramMap map_;
  GlobalsImage image_;
  std::unique_ptr<ThreadLocals> threadLocals_;
  std::unique_ptr<FunctionTable> table_;
  std::unique_ptr<JitLinker> linker_;
  std::unique_ptr<WorldKeeper> lean_;
  std::unique_ptr<baseline::Baseline> baseline_;
  std::unique_ptr<LlvmCompiler> llvm_;
  std::vector<std::size_t> sizes_; ///< IR instructions, by function
  std::uint64_t clock_ = 0;
  bool counted_ = false;
  Side baselineSide_, llvmSide_;
};

Result<void> Laboratory::open(const std::string& path, bool counted) {
  counted_ = counted;
  auto source = readSource(path);
  if (!source)
    return std::unexpected(source.error());
  sources_ = std::make_shared<std::vector<Source>>(1, std::move(*source));
  unwind_.retry();
  auto world = World::open(sources_, Reading::Lean);
  if (!world)
    return std::unexpected(world.error());
  auto range = AddressRange::reserve(AddressRange::kMaxBytes);
  if (!range)
    return std::unexpected(range.error());
  range_.emplace(std::move(*range));
  auto map = ProgramMap::build(**world, host_);
  if (!map)
    return std::unexpected(map.error());
  map_ = std::move(*map);
  if (auto done = image_.layOut(*range_, **world, map_); !done)
    return done;
  auto space = CodeSpace::create(*range_, {}, 0);
  if (!space)
    return std::unexpected(space.error());
  space_ = std::move(*space);
  auto noCall = [](void*, std::uint32_t) -> std::uintptr_t { return 0; };
  auto table = FunctionTable::create(*range_, *space_, map_.functions.size(), noCall, nullptr);
  if (!table)
    return std::unexpected(table.error());
  table_ = std::move(*table);
  threadLocals_ = std::make_unique<ThreadLocals>(image_.tls());
  linker_ = std::make_unique<JitLinker>(*space_, unwind_, [this](std::string_view symbol) { return resolve(symbol); });
  lean_ = std::make_unique<WorldKeeper>(sources_, map_, Reading::Lean, std::move(*world));
  baseline_ = std::make_unique<baseline::Baseline>(
      baseline::Baseline::Parts{map_, *table_, *space_, unwind_, host_, threadLocals_},
      baseline::Baseline::Settings{.count = counted, .record = counted ? kAllRecorders : 0}, baseline::Baseline::Host{});
  llvm_ = std::make_unique<LlvmCompiler>(map_, std::make_shared<WorldKeeper>(sources_, map_, Reading::Whole));
  return {};
}

/// As a running program's, but for what only its own start-up adds.
std::optional<std::uintptr_t> Laboratory::resolve(std::string_view symbol) {
  auto addressOf = [](auto* thing) { return reinterpret_cast<std::uintptr_t>(thing); };
  if (auto own = parseKilnSymbol(symbol)) {
    switch (own->kind) {
    case KilnSymbol::Function: return table_->stub(own->id);
    case KilnSymbol::Slot: return addressOf(&table_->slot(own->id));
    case KilnSymbol::Counters: return addressOf(table_->counters(own->id));
    case KilnSymbol::Data: return map_.data[own->id].address;
    }
  }
  if (symbol == kBudgetSpentSymbol)
    return budgetEntry();
  if (symbol == kTlsBaseSymbol)
    return addressOf(&ThreadLocals::baseOf);
  if (symbol == kTlsExternalSymbol)
    return addressOf(&ThreadLocals::external);
  if (symbol == kTlsProgramSymbol)
    return addressOf(threadLocals_.get());
  SymbolRef ref = map_.findLocal(symbol);
  if (ref.kind == SymbolRef::Kind::Function)
    return table_->stub(ref.id);
  if (ref.kind == SymbolRef::Kind::Data)
    return map_.data[ref.id].address + static_cast<std::uint64_t>(ref.offset);
  return host_.find(std::string(symbol));
}

/// `compileOne(id, round)` gives a Version, a Refusal or an Error.
void Laboratory::pass(Side& side, bool counts, auto&& compileOne) {
  Side::Round round;
  side.least.resize(map_.functions.size(), ~std::uint64_t{0});
  for (std::uint32_t id = 0; id < map_.functions.size(); ++id) {
    if (map_.functions[id].ifuncResolved)
      continue;
    const std::uint64_t start = threadNanoseconds();
    std::variant<Version, Refusal, Error> made = compileOne(id);
    const std::uint64_t spent = threadNanoseconds() - start;
    const std::uint64_t net = spent > clock_ ? spent - clock_ : 1;
    const auto* version = std::get_if<Version>(&made);
    if (!counts) {
      if (const auto* refusal = std::get_if<Refusal>(&made))
        ++side.refusals[refusal->reason];
      else if (const auto* error = std::get_if<Error>(&made))
        ++side.refusals[error->message];
      side.codeBytes += version ? version->codeBytes : 0;
      side.functions += version != nullptr;
      side.instructions += version ? sizes_[id] : 0;
      continue;
    }
    side.least[id] = version ? std::min(side.least[id], net) : 0;
    round.nanoseconds += version ? net : 0;
    round.extractNs += version ? version->times.prepare : 0;
  }
  if (counts)
    side.rounds.push_back(round);
}

void Laboratory::countInstructions() {
  (void)lean_->guarded([&](World& world, const WorldSymbols&) -> Result<void> {
    for (const FunctionInfo& info : map_.functions) {
      auto body = info.ifuncResolved ? nullptr : world.prepared(world.functionAt(info.module, info.index));
      sizes_.push_back(body && *body ? (*body)->getInstructionCount() : 0);
    }
    return {};
  });
}

void Laboratory::measure(unsigned rounds) {
  countInstructions();
  clock_ = clockCost();
  using Made = std::variant<Version, Refusal, Error>;
  auto byLlvm = [&](std::uint32_t id) -> Made {
    CompileResult result = llvm_->compile({id, Tier::O0, counted_});
    if (auto* refusal = std::get_if<Refusal>(&result))
      return std::move(*refusal);
    if (auto* error = std::get_if<Error>(&result))
      return std::move(*error);
    auto version = linker_->link(std::get<CodeArtifact>(result));
    return version ? Made(std::move(*version)) : Made(version.error());
  };
  for (unsigned round = 0; round <= rounds; ++round) {
    (void)lean_->guarded([&](World& world, const WorldSymbols& symbols) -> Result<void> {
      pass(baselineSide_, round != 0,
           [&](std::uint32_t id) { return baseline_->compile({&world, &symbols}, id, counted_); });
      return {};
    });
    pass(llvmSide_, round != 0, byLlvm);
  }
}

nlohmann::json describe(const Side& side) {
  nlohmann::json rounds = nlohmann::json::array();
  for (const Side::Round& round : side.rounds)
    rounds.push_back({{"ns", round.nanoseconds}, {"extract_ns", round.extractNs}});
  // Each function's best time: load from outside only ever adds.
  std::uint64_t least = 0;
  for (std::uint64_t one : side.least)
    least += one == ~std::uint64_t{0} ? 0 : one;
  return {{"least_ns", least},           {"functions", side.functions}, {"instructions", side.instructions},
          {"code_bytes", side.codeBytes}, {"refusals", side.refusals},   {"rounds", rounds}};
}

nlohmann::json Laboratory::report() const {
  struct Compared { std::uint32_t id; double ratio; };
  std::vector<Compared> slower;
  std::uint64_t both = 0;
  double largest = 0;
  for (std::uint32_t id = 0; id < map_.functions.size(); ++id) {
    const std::uint64_t mine = baselineSide_.least[id], theirs = llvmSide_.least[id];
    if (map_.functions[id].ifuncResolved || !mine || !theirs)
      continue;
    ++both;
    const double ratio = static_cast<double>(mine) / static_cast<double>(theirs);
    largest = std::max(largest, ratio);
    if (ratio > 1)
      slower.push_back({id, ratio});
  }
  std::ranges::sort(slower, std::greater<>(), &Compared::ratio);
  nlohmann::json worst = nlohmann::json::array();
  for (const Compared& one : slower)
    if (worst.size() < 10)
      worst.push_back({{"function", map_.functions[one.id].name},
                       {"instructions", sizes_[one.id]},
                       {"baseline_ns", baselineSide_.least[one.id]},
                       {"llvm_ns", llvmSide_.least[one.id]}});
  return {{"clock_ns", clock_},     {"compared", both}, {"slower", slower.size()}, {"largest_ratio", largest},
          {"worst", worst},         {"baseline", describe(baselineSide_)},
          {"llvm", describe(llvmSide_)}};
}

int fail(const Error& error) {
  fprintf(stderr, "kiln_compile_all: %s\n", error.message.c_str());
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  const std::string mode = argc == 4 ? argv[3] : "";
  const unsigned rounds = argc == 4 ? static_cast<unsigned>(std::atoi(argv[2])) : 0;
  if (rounds == 0 || (mode != "plain" && mode != "counted")) {
    fputs("usage: kiln_compile_all FILE ROUNDS plain|counted\n", stderr);
    return 2;
  }
  Laboratory laboratory;
  if (auto opened = laboratory.open(argv[1], mode == "counted"); !opened)
    return fail(opened.error());
  auto stack = Stack::create(std::size_t{16} << 20); // LLVM's passes recurse over the input
  if (!stack)
    return fail(stack.error());
  callOnStack(**stack, [&] { laboratory.measure(rounds); });
  puts(laboratory.report().dump(1).c_str());
  return 0;
}

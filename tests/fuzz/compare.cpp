// kiln_compare: runs programs in two modes or more, says where they differ, and makes small what does.
//
//   kiln_compare --seeds 1..100                       generated programs, in all modes
//   kiln_compare --modes interpreter,O2 17 case.ll    a seed and a file
//   kiln_compare --mode interpreter --mode interpreter,O2@1/threads=2 --reduce out.ll 17
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <CLI/CLI.hpp>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include "Choices.h"
#include "Generator.h"
#include "Reducer.h"
#include "Runner.h"

using namespace kiln;
using namespace kiln::fuzz;

namespace {

struct Settings {
  std::vector<std::string> inputs;
  std::string seeds, modes;
  std::vector<std::string> mode;
  std::string keep, reduced, refused, bytesTo;
  unsigned sample = 0, limit = 20, reduceLimit = 120;
  bool print = false, refusals = false, tests = false;
};

/// What a tier says of itself when it has a defect: no refusal like others.
constexpr std::string_view kDefect = "an instruction that cannot be encoded";

bool isDefect(const std::string& refusal) {
  return refusal.find(kDefect) != std::string::npos;
}

/// A program, and how to say which it is.
struct Program {
  std::string name;
  std::uint64_t number = 0;
  std::unique_ptr<llvm::Module> module;
};

std::string textOf(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out, nullptr);
  return text;
}

std::optional<std::uint64_t> numberOf(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  return error == std::errc() && end == text.end() ? std::optional(number) : std::nullopt;
}

std::vector<std::uint8_t> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::vector<std::uint8_t>(std::istreambuf_iterator<char>(file), {});
}

Program programOf(llvm::LLVMContext& context, const std::string& input) {
  if (auto seed = numberOf(input))
    return {"seed " + input, *seed, generate(context, bytesOfSeed(*seed))};
  std::string extension = std::filesystem::path(input).extension();
  if (extension != ".ll" && extension != ".bc")
    return {input, 0, generate(context, contents(input))};
  llvm::SMDiagnostic problem;
  Program program{input, 0, llvm::parseIRFile(input, problem, context)};
  if (!program.module)
    problem.print("kiln_compare", llvm::errs());
  return program;
}

class Comparison {
public:
  Comparison(const Settings& settings, std::vector<Mode> modes) : settings_(settings), modes_(std::move(modes)) {}

  /// False when modes differ, or when the program is none.
  bool check(const std::string& input) {
    llvm::LLVMContext context;
    Program program = programOf(context, input);
    if (!program.module)
      return false;
    if (settings_.print)
      std::fputs(textOf(*program.module).c_str(), stdout);
    std::string problems;
    llvm::raw_string_ostream out(problems);
    if (llvm::verifyModule(*program.module, &out)) {
      std::printf("%s: invalid: %s\n", program.name.c_str(), problems.c_str());
      return false;
    }
    ++programs_;
    return settings_.refused.empty() ? compare(program) : reduceRefused(program);
  }

  void report() const {
    std::printf("%u programs, %u runs, %u differences\n", programs_, runs_, differences_);
    if (settings_.refusals)
      for (const auto& [reason, count] : refusals_)
        std::printf("%8u  %s\n", count, reason.c_str());
  }

private:
  /// The modes that a program runs in: all, or the first and some that differ from program to program.
  std::vector<const Mode*> chosen(const Program& program) const {
    std::vector<const Mode*> chosen;
    for (const Mode& mode : modes_)
      chosen.push_back(&mode);
    if (settings_.sample == 0 || settings_.sample + 1 >= chosen.size())
      return chosen;
    std::rotate(chosen.begin() + 1, chosen.begin() + 1 + (program.number * settings_.sample) % (chosen.size() - 1),
                chosen.end());
    chosen.resize(settings_.sample + 1);
    return chosen;
  }

  Outcome runOnce(const Subject& subject, const Mode& mode) {
    ++runs_;
    Outcome outcome = runApart(subject, mode, std::chrono::seconds(settings_.limit));
    for (const std::string& refusal : outcome.refusals)
      ++refusals_[refusal];
    return outcome;
  }

  bool compare(Program& program) {
    Subject subject = Subject::of(*program.module);
    auto modes = chosen(program);
    Outcome first = runOnce(subject, *modes.front());
    if (!first.ok() && !settings_.tests)
      std::printf("%s: %s: %s\n", program.name.c_str(), modes.front()->name.c_str(), first.end.c_str());
    bool same = true;
    for (std::size_t i = 1; i < modes.size(); ++i) {
      Outcome other = runOnce(subject, *modes[i]);
      if (std::any_of(other.refusals.begin(), other.refusals.end(), isDefect)) {
        std::printf("%s: %s: %s\n", program.name.c_str(), modes[i]->name.c_str(), std::string(kDefect).c_str());
        same = false;
      }
      if (other.agrees(first))
        continue;
      std::printf("%s: %s and %s differ: %s\n", program.name.c_str(), modes.front()->name.c_str(),
                  modes[i]->name.c_str(), difference(first, other).c_str());
      std::fflush(stdout);
      if (same)
        keep(program, *modes.front(), *modes[i]);
      same = false;
      ++differences_;
    }
    return same;
  }

  /// Makes a program small that the first mode's tiers refuse for the reason asked for; false when they do not.
  bool reduceRefused(Program& program) {
    auto refused = [&](const llvm::Module& module) {
      Outcome outcome = runOnce(Subject::of(module), modes_.front());
      return std::any_of(outcome.refusals.begin(), outcome.refusals.end(), [&](const std::string& reason) {
        return reason.find(settings_.refused) != std::string::npos;
      });
    };
    if (!refused(*program.module))
      return false;
    reduce(program.module, refused, std::chrono::seconds(settings_.reduceLimit));
    write(program, settings_.reduced, "refused: " + settings_.refused);
    return true;
  }

  static void write(const Program& program, const std::string& path, const std::string& why) {
    std::ofstream(path) << "; " << program.name << ": " << why << "\n" << textOf(*program.module);
  }

  /// Who agrees with whom, and how each ends.
  std::vector<std::string> pattern(const Subject& subject, const std::vector<const Mode*>& modes, unsigned limit) {
    std::vector<Outcome> outcomes;
    std::vector<std::string> pattern;
    for (const Mode* mode : modes) {
      outcomes.push_back(runApart(subject, *mode, std::chrono::seconds(limit)));
      auto like =
          std::find_if(outcomes.begin(), outcomes.end(), [&](const Outcome& o) { return o.agrees(outcomes.back()); });
      pattern.push_back(std::to_string(like - outcomes.begin()) + " " + outcomes.back().end.substr(0, 20));
    }
    return pattern;
  }

  void keep(Program& program, const Mode& left, const Mode& right) {
    std::string path = settings_.reduced;
    if (path.empty() && !settings_.keep.empty())
      path = settings_.keep + "/" + std::filesystem::path(program.name).stem().string() + "-" +
             left.name.substr(0, 20) + "-" + right.name.substr(0, 20) + ".ll";
    if (path.empty())
      return;
    std::replace(path.begin(), path.end(), ' ', '-');
    // A third opinion, which must stay what it is: a difference that comes from the reduction is seldom between the
    // same.
    std::vector<const Mode*> modes = {&left, &right};
    std::vector<Mode> others = allModes();
    for (std::string_view wanted : {"O0", "O2", "interpreter"})
      for (const Mode& mode : others)
        if (mode.name == wanted && mode.name != left.name && mode.name != right.name && modes.size() < 3)
          modes.push_back(&mode);
    auto wanted = pattern(Subject::of(*program.module), modes, settings_.limit);
    auto before = program.module->getInstructionCount();
    unsigned tries = reduce(
        program.module,
        [&](const llvm::Module& smaller) {
          return pattern(Subject::of(smaller), modes, std::min(settings_.limit, 5u)) == wanted;
        },
        std::chrono::seconds(settings_.reduceLimit));
    write(program, path, left.name + " and " + right.name);
    std::printf("  %u instructions of %u after %u tries: %s\n", program.module->getInstructionCount(), before, tries,
                path.c_str());
  }

  const Settings& settings_;
  std::vector<Mode> modes_;
  std::map<std::string, unsigned> refusals_;
  unsigned programs_ = 0, runs_ = 0, differences_ = 0;
};

/// The modes asked for, all if none; says which cannot be had.
std::optional<std::vector<Mode>> modesOf(const Settings& settings) {
  std::vector<std::string> names = settings.mode;
  for (std::size_t at = 0; at < settings.modes.size();) {
    std::size_t end = std::min(settings.modes.find(',', at), settings.modes.size());
    names.push_back(settings.modes.substr(at, end - at));
    at = end + 1;
  }
  if (names.empty())
    return allModes();
  std::vector<Mode> modes;
  for (const std::string& name : names) {
    auto mode = parseMode(name);
    if (!mode) {
      std::fprintf(stderr, "kiln_compare: %s\n", mode.error().message.c_str());
      return std::nullopt;
    }
    modes.push_back(std::move(*mode));
  }
  return modes;
}

bool addSeeds(Settings& settings) {
  if (settings.seeds.empty())
    return true;
  std::size_t dots = settings.seeds.find("..");
  auto first = numberOf(settings.seeds.substr(0, dots));
  auto last = dots == std::string::npos ? first : numberOf(settings.seeds.substr(dots + 2));
  if (!first || !last)
    return false;
  for (std::uint64_t seed = *first; seed <= *last; ++seed)
    settings.inputs.push_back(std::to_string(seed));
  return true;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs generated programs and IR files in several modes and compares what can be seen of them");
  Settings settings;
  app.add_option("inputs", settings.inputs, "seeds, .ll and .bc files, or files of bytes to generate from");
  app.add_option("--seeds", settings.seeds, "A..B: these seeds too");
  app.add_option("--modes", settings.modes, "named modes and tiers, separated by commas; all by default");
  app.add_option("--mode", settings.mode, "one mode: a name, or a ladder with settings")->take_all();
  app.add_option("--sample", settings.sample, "of the modes, the first and N others, in turn");
  app.add_option("--keep", settings.keep, "folder for what differs, made small");
  app.add_option("--reduce", settings.reduced, "file for the one that differs, made small");
  app.add_option("--refused", settings.refused,
                 "make small what the first mode refuses for this reason, with --reduce");
  app.add_option("--reduce-seconds", settings.reduceLimit, "how long making small may take");
  app.add_option("--limit", settings.limit, "seconds that a run may take");
  app.add_option("--bytes-to", settings.bytesTo, "only write the bytes of the seeds into this folder, for a corpus");
  app.add_flag("--print", settings.print, "print the IR");
  app.add_flag("--refusals", settings.refusals, "count what tiers refused");
  CLI11_PARSE(app, argc, argv);
  if (!addSeeds(settings)) {
    std::fprintf(stderr, "kiln_compare: '%s' is not A..B\n", settings.seeds.c_str());
    return 2;
  }
  if (!settings.bytesTo.empty()) {
    for (const std::string& input : settings.inputs)
      if (auto seed = numberOf(input)) {
        auto bytes = bytesOfSeed(*seed);
        std::ofstream(settings.bytesTo + "/seed-" + input, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      }
    return 0;
  }
  auto modes = modesOf(settings);
  if (!modes)
    return 2;
  Comparison comparison(settings, std::move(*modes));
  bool same = true;
  for (const std::string& input : settings.inputs)
    same &= comparison.check(input);
  comparison.report();
  return same ? 0 : 1;
}

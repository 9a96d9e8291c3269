#include "Runner.h"

#include <bit>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include "Generator.h"

namespace kiln::fuzz {
namespace {

constexpr std::pair<std::int64_t, std::int64_t> kArguments[] = {
    {0, 0},   {1, 2},  {-1, 0x7fffffffffffffff},     {0x123456789abcdef, -77},
    {19, 19}, {7, -1}, {-0x7fffffffffffffff - 1, 5}, {0x8000000080000001, 0x55aa55aa55aa55aa}};

// What a generated program calls of its host.
void throwNumber(std::int64_t number) {
  if (number == 0)
    return;
  if (number & 1)
    throw static_cast<int>(number >> 1);
  throw static_cast<long>(number);
}
std::int64_t mix(std::int64_t a, double b, std::int32_t c) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * 3 + std::bit_cast<std::uint64_t>(b)) ^ c;
}

void addLeaves(const llvm::DataLayout& layout, llvm::Type* type, std::uint64_t at, std::vector<Subject::Leaf>& leaves) {
  if (auto* structure = llvm::dyn_cast<llvm::StructType>(type)) {
    for (unsigned i = 0; i < structure->getNumElements(); ++i)
      addLeaves(layout, structure->getElementType(i), at + layout.getStructLayout(structure)->getElementOffset(i),
                leaves);
  } else if (auto* array = llvm::dyn_cast<llvm::ArrayType>(type)) {
    for (std::uint64_t i = 0; i < array->getNumElements(); ++i)
      addLeaves(layout, array->getElementType(), at + i * layout.getTypeAllocSize(array->getElementType()), leaves);
  } else if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type)) {
    for (unsigned i = 0; i < vector->getNumElements(); ++i)
      addLeaves(layout, vector->getElementType(), at + i * (layout.getTypeSizeInBits(vector->getElementType()) / 8),
                leaves);
  } else if (type->isIntegerTy() || type->isFloatTy() || type->isDoubleTy()) {
    leaves.push_back({at, static_cast<unsigned>(type->getPrimitiveSizeInBits()), type->isFloatingPointTy()});
  }
}

/// The words of a leaf: no bits beyond its width, and one NaN for all.
void readLeaf(const std::byte* from, const Subject::Leaf& leaf, std::uint64_t (&words)[2]) {
  words[0] = words[1] = 0;
  std::memcpy(words, from + leaf.offset, (leaf.bits + 7) / 8);
  for (unsigned word = 0; word < 2; ++word)
    if (unsigned above = 64 * word; leaf.bits < above + 64)
      words[word] &= leaf.bits <= above ? 0 : (std::uint64_t{1} << (leaf.bits - above)) - 1;
  if (!leaf.floating)
    return;
  double value =
      leaf.bits == 32 ? std::bit_cast<float>(static_cast<std::uint32_t>(words[0])) : std::bit_cast<double>(words[0]);
  if (value != value)
    words[0] = 0x7ff8;
}

std::uint64_t hashOf(const std::byte* from, const Subject::Variable& variable) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const Subject::Leaf& leaf : variable.leaves) {
    std::uint64_t words[2];
    readLeaf(from, leaf, words);
    for (std::uint64_t word : words)
      hash = (std::rotl(hash, 13) ^ word) * 0x9e3779b97f4a7c15;
  }
  return hash;
}

std::string hexadecimal(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

using Note = std::function<void(std::string)>;

std::string callEntry(std::int64_t (*entry)(std::int64_t, std::int64_t), std::int64_t a, std::int64_t b) {
  try {
    return "returned " + hexadecimal(static_cast<std::uint64_t>(entry(a, b)));
  } catch (long number) {
    return "threw long " + hexadecimal(static_cast<std::uint64_t>(number));
  } catch (int number) {
    return "threw int " + hexadecimal(static_cast<std::uint64_t>(number));
  } catch (...) {
    return "threw";
  }
}

Result<void> runWith(const Subject& subject, const Mode& mode, const Note& note, std::vector<std::string>& refusals) {
  Options options = mode.options;
  options.onUncompilable = [&note](const Error& error) {
    note("uncompilable: " + error.message);
    std::abort();
  };
  auto engine = Engine::create(std::move(options));
  if (!engine)
    return std::unexpected(engine.error());
  ProgramInput input = ProgramInput::memory("generated", subject.bitcode);
  input.host(kThrowName, throwNumber);
  input.host(kHostMixName, mix);
  auto program = (*engine)->load(input);
  if (!program)
    return std::unexpected(program.error());
  auto entry = (*program)->function<std::int64_t(std::int64_t, std::int64_t)>(kEntryName);
  if (!entry)
    return std::unexpected(entry.error());
  std::vector<const std::byte*> places;
  for (const Subject::Variable& variable : subject.variables) {
    auto address = (*program)->variableAddress(variable.name);
    if (!address)
      return std::unexpected(address.error());
    places.push_back(static_cast<const std::byte*>(*address));
  }
  int number = 0;
  for (auto [a, b] : kArguments) {
    std::string call = "call " + std::to_string(number++) + " ";
    note(call + callEntry(entry->address(), a, b));
    for (std::size_t i = 0; i < places.size(); ++i)
      note(call + "@" + subject.variables[i].name + " " + hexadecimal(hashOf(places[i], subject.variables[i])));
  }
  (*program)->waitForCompiles();
  for (const auto& refusal : (*program)->statistics().refusals)
    refusals.push_back(std::string(tierName(refusal.tier)) + ": " + refusal.reason);
  return {};
}

/// The child's side: lines as they come, so that what came before a crash is known.
[[noreturn]] void runAsChild(const Subject& subject, const Mode& mode, int pipe, unsigned seconds) {
  alarm(seconds);
  // What a program that goes wrong says there is told by how it ends.
  if (int nowhere = open("/dev/null", O_WRONLY); nowhere >= 0)
    dup2(nowhere, STDERR_FILENO);
  auto send = [pipe](char kind, std::string text) {
    text = kind + text + '\n';
    if (write(pipe, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      _exit(1);
  };
  std::vector<std::string> refusals;
  auto done = runWith(subject, mode, [&](std::string line) { send('l', std::move(line)); }, refusals);
  for (std::string& refusal : refusals)
    send('r', std::move(refusal));
  send('e', done ? "ok" : "error: " + done.error().message);
  _exit(0);
}

std::string readAll(int from) {
  std::string text;
  char part[4096];
  for (ssize_t got; (got = read(from, part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(got));
  return text;
}

} // namespace

Subject Subject::of(const llvm::Module& module) {
  Subject subject;
  auto copy = llvm::CloneModule(module);
  for (llvm::Function& function : *copy)
    for (llvm::BasicBlock& block : function)
      for (llvm::Instruction& instruction : block)
        instruction.setMetadata(kKeepName, nullptr);
  llvm::raw_string_ostream out(subject.bitcode);
  llvm::WriteBitcodeToFile(*copy, out);
  for (const llvm::GlobalVariable& variable : module.globals()) {
    if (variable.isDeclaration() || variable.isConstant() || variable.isThreadLocal() || variable.hasLocalLinkage())
      continue;
    Variable seen{variable.getName().str(), {}};
    addLeaves(module.getDataLayout(), variable.getValueType(), 0, seen.leaves);
    if (!seen.leaves.empty())
      subject.variables.push_back(std::move(seen));
  }
  return subject;
}

Outcome run(const Subject& subject, const Mode& mode) {
  Outcome outcome;
  auto done =
      runWith(subject, mode, [&](std::string line) { outcome.lines.push_back(std::move(line)); }, outcome.refusals);
  outcome.end = done ? "ok" : "error: " + done.error().message;
  return outcome;
}

Outcome runApart(const Subject& subject, const Mode& mode, std::chrono::seconds limit) {
  Outcome outcome;
  int ends[2];
  if (pipe(ends) != 0) {
    outcome.end = "error: no pipe";
    return outcome;
  }
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    runAsChild(subject, mode, ends[1], static_cast<unsigned>(limit.count()));
  }
  close(ends[1]);
  std::string text = child < 0 ? "" : readAll(ends[0]);
  close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) {
    outcome.end = "error: no process";
    return outcome;
  }
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at + 1, end - at - 1);
    if (text[at] == 'l')
      outcome.lines.push_back(std::move(line));
    else if (text[at] == 'r')
      outcome.refusals.push_back(std::move(line));
    else
      outcome.end = std::move(line);
    at = end + 1;
  }
  if (WIFSIGNALED(status))
    outcome.end = WTERMSIG(status) == SIGALRM ? "timeout" : "signal " + std::to_string(WTERMSIG(status));
  else if (outcome.end.empty())
    outcome.end = "exit " + std::to_string(WEXITSTATUS(status));
  return outcome;
}

std::string difference(const Outcome& left, const Outcome& right) {
  for (std::size_t i = 0; i < std::min(left.lines.size(), right.lines.size()); ++i)
    if (left.lines[i] != right.lines[i])
      return "'" + left.lines[i] + "' and '" + right.lines[i] + "'";
  return left.agrees(right) ? "" : "'" + left.end + "' and '" + right.end + "'";
}

} // namespace kiln::fuzz

// What every compiler of Kiln looks like to the rest: a request goes in; code, a refusal or an error comes out.
//
// A compiler touches nothing shared. Its result is inert: bytes and tables that the installer makes executable. Each
// compiler object is used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "function/FunctionRecord.h"
#include "kiln/Error.h"
#include "kiln/Ladder.h"
#include "transition/Assumption.h"

namespace kiln {

class ProfileSource;

struct CompileRequest {
  std::uint32_t function = 0;
  Tier tier = Tier::O0;
  bool count = false; ///< the code counts its entries and back-edges
  /// Number of a loop header's block: the continuation at that loop (transition/FrameState.h) instead of the function.
  std::uint32_t loop = kNoLoop;
  const ProfileSource* profile = nullptr; ///< what the code is optimised by; null: nothing but itself
  const Speculation* speculation = nullptr; ///< null: nothing is guessed
};

/// A compiled function that is not yet code: a relocatable ELF object whose symbol `entry` is the function.
struct CodeArtifact {
  std::uint32_t function = 0;
  Tier tier = Tier::O0;
  bool counts = false;
  std::uint32_t loop = kNoLoop;
  std::string entry;
  std::vector<char> object;
  CompileTimes times;
  CodeUse use = CodeUse::FirstCode; ///< set by who links
  /// The code's addresses may be where no look at the threads finds them (Version::lasting).
  bool lasting = false;
  /// The code may leave its thread's stack for another.
  bool switchesStacks = false;
  std::vector<GuardInfo> guards;
  // Set by who links: the guards' cells, and where each goes on that exits.
  GuardCell* cells = nullptr;
  std::vector<std::uintptr_t> resumes = {};
  /// It was not compiled in this run, but found in the cache.
  bool cached = false;
  std::uint64_t savedNs = 0; ///< what compiling it had taken, if it was cached
};

/// A compiler's "not me": the function starts in the next tier that takes it. Not an error.
struct Refusal {
  std::string reason;
  std::string function;
  std::string instruction;
};

using CompileResult = std::variant<CodeArtifact, Refusal, Error>;

class Compiler {
public:
  virtual ~Compiler() = default;
  virtual CompileResult compile(const CompileRequest& request) = 0;
};

/// Turns an artifact's object into code at its place: memory, relocations, unwind section. Thread-safe.
class ObjectLinker {
public:
  virtual ~ObjectLinker() = default;
  /// Fills entry, codeBytes, memory and unwindSection of the version. With `symbols`, all names that the object defines
  /// are added there, and it needs no entry.
  using SymbolTable = std::unordered_map<std::string, std::uintptr_t>;
  virtual Result<Version> link(const CodeArtifact& artifact, SymbolTable* symbols = nullptr) = 0;
};

} // namespace kiln

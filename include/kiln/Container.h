// LLBC, the container in which bitcode is shipped: 128 bytes that say what the module is, and the bitcode behind them.
// docs/llbc.md has the format. Everything that takes bitcode takes containers.
//
// Thread-safety: all functions from any thread; a file must not change while it is read. Idea: the header of version
// 1, of an older tool of that name; length, checksum and the order of checks are those of formats such as PNG and ELF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/Error.h"

namespace kiln {

/// Bytes of the longest module name that a container can hold.
inline constexpr std::size_t kMaxContainerName = 31;
/// Bytes of the longest entry.
inline constexpr std::size_t kMaxContainerEntry = 63;

/// What a container's header says.
struct ContainerHeader {
  std::uint32_t version = 2;     ///< of the format: 1 or 2
  std::size_t headerBytes = 128; ///< where the bitcode begins: 128; of version 1 also 120 or 124
  std::string moduleName;        ///< for people
  std::string entry; ///< the function to start at; empty: `main`
  std::uint32_t payloadBytes = 0; ///< of bitcode behind the header
  unsigned level = 3;         ///< 0 to 3: how far optimising the module is worth while, see docs/llbc.md
  std::uint32_t target = 0;   ///< 1: x86-64 Linux; 0: not said
  std::uint64_t checksum = 0; ///< 0 in version 1, which has none
};

/// The header of the container `path`, without its payload or checksum. Fails with one of the codes Llbc...,
/// WrongTarget or FileNotFound.
KILN_API Result<ContainerHeader> readContainerHeader(const std::string& path);

/// What packContainer() is to make.
struct PackOptions {
  std::string input; ///< bitcode, IR text, or a container of either version
  std::string output; ///< the container's path
  std::optional<std::string> moduleName; ///< default: what the input's header says, or its file name, cut to fit
  std::optional<std::string> entry;      ///< default: what the input's header says, or `main` if there is one
  std::optional<unsigned> level;         ///< default: what the input's header says, or 3
};

/// Writes a container of version 2. The module is verified before, and the entry must be a function that it defines.
/// Fails like Engine::load() for the input, with BadOption for a name too long or a level above 3, UnknownEntry, or
/// SystemError if the output cannot be written; then there is no output.
KILN_API Result<void> packContainer(const PackOptions& options);
/// Writes the bitcode of a container, checked as far as a load checks it before it reads the bitcode. Fails with
/// FileNotFound, one of the codes Llbc..., or SystemError.
KILN_API Result<void> unpackContainer(const std::string& input, const std::string& output);

/// One thing that is wrong with a file.
struct Defect {
  ErrorCode code = ErrorCode::Ok;    ///< with which a load would fail
  std::optional<std::size_t> offset; ///< in the file, where it can be told
  std::string message;               ///< for people
};

/// What there is to say of a module file.
struct Inspection {
  std::string file;      ///< its path, as it was given
  std::size_t bytes = 0; ///< its size
  /// What the file's first bytes say.
  enum class Kind { Container, Bitcode, Text, Unknown };
  Kind kind = Kind::Unknown; ///< what it is
  std::optional<ContainerHeader> container; ///< as far as it could be read
  /// What is in the bitcode.
  struct Module {
    std::string producer;         ///< the compiler that wrote it
    std::string target;           ///< the triple: "x86_64-pc-linux-gnu"
    std::string sourceFile;       ///< its name in the bitcode
    std::size_t functions = 0;    ///< with a body
    std::size_t declarations = 0; ///< functions without one
    std::size_t variables = 0;    ///< global ones, defined or not
    bool debugInfo = false;       ///< lines of the source are known
  };
  std::optional<Module> module; ///< there if the bitcode could be read
  std::vector<Defect> defects;  ///< in the order in which a load would meet them; the first is its error
};
/// "container", "bitcode", "text" or "unknown".
KILN_API std::string_view kindName(Inspection::Kind kind);

/// Looks at a file as a load would, function bodies and the verifier included, and goes on behind a defect where there
/// is a way. Fails only if the file cannot be read.
KILN_API Result<Inspection> inspectFile(const std::string& path);

} // namespace kiln

// Errors of the public API: values with a stable code, never exceptions.
//
// Thread-safety: values; functions from any thread. Idea: std::expected of C++23 instead of exceptions or of an errno,
// and codes that stay, as SQLite's do.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "kiln/Api.h"

namespace kiln {

/// What went wrong. The numeric values are stable: new codes are added at the end.
enum class ErrorCode : int {
  Ok = 0,
  BadOption = 1,        ///< an option or argument that Kiln does not know or cannot use
  BadLadder = 2,        ///< a ladder text that does not parse; the message points at the bad part
  FileNotFound = 3,     ///< the file is missing or cannot be read
  EmptyInput = 4,       ///< the file or buffer has no bytes
  BadBitcode = 5,       ///< not bitcode or IR text, truncated, or of a version LLVM 19 cannot read
  WrongTarget = 6,      ///< the module is for another target triple or data layout
  VerifierFailed = 7,   ///< LLVM's verifier rejects the module or a function
  DuplicateSymbol = 8,  ///< two inputs define the same strong symbol
  UnresolvedSymbol = 9, ///< symbols that neither the program, a library nor the host defines
  UnknownEntry = 10,    ///< the entry or function asked for does not exist
  BadMain = 11,         ///< `main` has a signature that a C program's main cannot have
  CompileFailed = 12,   ///< a compiler or the linker behind it failed
  CodeSpaceFull = 13,   ///< the reserved address range or its byte budget is used up
  Unsupported = 14,     ///< the module uses something Kiln refuses; the message says what
  LibraryNotLoaded = 15,///< a shared library could not be loaded
  SystemError = 16,     ///< the operating system refused a resource
  ShutDown = 17,        ///< the engine was shut down
  BadProfile = 18,      ///< not a profile, truncated, changed, of another version, or at odds with another one
  LlbcSize = 19,        ///< a container that ends inside its header
  LlbcMagic = 20,       ///< not a container, where one is needed
  LlbcVersion = 21,     ///< a container of another version, or with fields that its version does not have
  LlbcLength = 22,      ///< a container whose length is not what its header says
  LlbcName = 23,        ///< a name in a container's header without its NUL
  LlbcChecksum = 24,    ///< a container that was damaged or changed
  LlbcPayload = 25,     ///< a container without bitcode in it
  BadCoverage = 26,     ///< not a coverage file, truncated, or of another version
};

/// Stable spelling of a code, for logs and tests: "bad-bitcode".
KILN_API std::string_view errorCodeName(ErrorCode code);

/// One error: a code for programs and a message for people. The message names the file or symbol and,
/// where something can be done about it, says what.
struct Error {
  ErrorCode code = ErrorCode::Ok; ///< stable
  std::string message;            ///< may change
};

/// What a function that can fail returns: a value, or the Error.
template <typename T> using Result = std::expected<T, Error>;

/// Shorthand for returning an error from a function that yields Result<T>.
inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

} // namespace kiln

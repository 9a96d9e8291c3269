// What this Kiln is and what it runs on, for reports of defects and for `kiln --version`.
//
// Thread-safety: any thread, at any time. Idea: the line of compilers that a report of a defect begins with (`clang
// --version`).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kiln/Api.h"

namespace kiln {

/// Of the library, and of the machine that asks.
struct BuildInfo {
  std::string_view version; ///< "0.1.0", as version() has it
  /// 64 hexadecimal digits, a digest of Kiln's sources and LLVM's libraries: builds that share code in the cache have
  /// the same.
  std::string_view build;
  std::string_view llvm;   ///< "19.1.7"
  bool sharedLlvm = false; ///< LLVM is a shared library that others may use too
  /// What LLVM calls this machine's CPU, and the last tier compiles for: "znver3"; "generic" if it has no name for it.
  std::string cpu;
  std::vector<std::string> features; ///< what the CPU has, by LLVM's names ("avx2"), sorted
};

/// Asks the CPU on the first call; later ones copy. Never fails.
KILN_API BuildInfo buildInfo();

} // namespace kiln

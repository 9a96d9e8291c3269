// Native export: what is left of a program when it needs neither Kiln nor LLVM any more. docs/export.md describes it.
//
//   kiln::ExportOptions options;
//   options.files = {"prog.bc"};
//   options.profile = "prog.profile";
//   options.output = "prog";
//   auto made = kiln::exportProgram(options);
//
// In a library of its own (kiln_export): a host that exports nothing does not link the linker.
//
// Idea: profile-guided builds as compilers have them (`-fprofile-use`) and leaving out what a recorded workload never
// needed, known from the debloating of programs; docs/export.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kiln/Engine.h"
#include "kiln/Error.h"

namespace kiln {

/// What becomes of functions that no recorded run reached.
enum class ColdCode {
  Keep, ///< compiled as all others
  Size, ///< compiled to be small
  Trap, ///< left out: who calls one is told its name on standard error, and the process ends with kTrapStatus
};

/// With this exit status ends a program that calls a function which ColdCode::Trap left out.
inline constexpr int kTrapStatus = 125;

/// What kind of file an export makes.
enum class ExportKind {
  Executable, ///< a program that starts by itself
  Object, ///< one relocatable file, to be linked by others
  SharedLibrary, ///< that programs load
};

/// What exportProgram() is to make of what.
struct ExportOptions {
  std::vector<std::string> files; ///< `.bc` or `.ll`
  /// A profile file of earlier runs, or empty. Functions that it does not know are cold.
  std::string profile;
  std::string output;                       ///< the path of the file to write
  ExportKind kind = ExportKind::Executable; ///< what it is to be
  /// Of an executable: linked with archives of the C library and all others, needs no shared one.
  bool isStatic = false;
  /// Without a profile nothing is known to be cold: then Size means Keep, and Trap is an error.
  ColdCode cold = ColdCode::Size;
  /// Of an executable: where it starts; as for Program::prepareMain().
  std::string entry = "main";
  /// Symbols that others find. Of an object or shared library: empty means all that the program defines for others. Of
  /// an executable: those that dlsym() finds.
  std::vector<std::string> exports;
  /// A C header with what is exported; empty: none.
  std::string header;
  /// Shared libraries to link with, in order: a path with a slash, or a file name that is searched where the system has
  /// its libraries. With isStatic the archives of the same name are taken.
  std::vector<std::string> libraries;
  /// "native", or a name that LLVM knows ("x86-64-v3", "znver3"); empty: what the program was compiled for.
  std::string targetCpu;
  /// Where libraries are searched before the usual folders.
  std::vector<std::string> libraryFolders;
  /// The root of the system that the program is linked for, whose start files and libraries are taken; empty: this one.
  std::string sysroot;
  /// Told what is being done, for those who wait: "reading", "trimming", "compiling", "linking". May be empty.
  std::function<void(std::string_view)> onPhase;
};

/// What was made, in numbers.
struct ExportSummary {
  std::uint32_t functions = 0; ///< with a body, in all files after linking
  std::uint32_t profiled = 0;  ///< of these: the profile knows them
  std::uint32_t changed = 0;   ///< the profile knows them with another body; they count as reached, and go without
  std::uint32_t cold = 0;      ///< no recorded run reached them
  std::uint32_t trapped = 0;   ///< of these: left out
  std::uint32_t emitted = 0;   ///< that became code of their own; the others were inlined or never needed
  std::uint64_t bytes = 0;     ///< of the output file
};

/// Builds the output file. Fails like Engine::load() for files that are missing, damaged or contradict each other; with
/// UnknownEntry or BadMain for the entry, UnknownEntry for what is to be exported and is not there, BadProfile,
/// UnresolvedSymbol, LibraryNotLoaded, FileNotFound if the system's files for linking are not installed (the message
/// names the package), SystemError if the output cannot be written. Then there is no output file. Thread-safe; links in
/// one process are done one at a time.
KILN_API Result<ExportSummary> exportProgram(const ExportOptions& options);

} // namespace kiln

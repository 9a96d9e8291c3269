#include "Export.h"

#include <CLI/CLI.hpp>

#include <cstdio>

#include "Panel.h"
#include "Words.h"

namespace kiln::cli {
namespace {

Result<void> readColdCode(ExportCommand& command) {
  ExportOptions& options = command.options;
  const bool named = !command.cold.empty();
  if (named && options.profile.empty() && command.cold != "keep")
    return fail(ErrorCode::BadOption, "--cold=" + command.cold +
                                          " needs --profile FILE, which tells what is cold: record it "
                                          "with kiln run --tier baseline --counters on --profile-out FILE");
  if (const auto cold = indexIn(kColdCode, command.cold))
    options.cold = static_cast<ColdCode>(*cold);
  else if (named)
    return fail(ErrorCode::BadOption, "--cold takes keep, size or trap, not '" + command.cold + "'");
  return {};
}

Result<void> check(ExportCommand& command) {
  ExportOptions& options = command.options;
  if (command.object && command.shared)
    return fail(ErrorCode::BadOption, "--object and --shared exclude each other");
  if ((command.object || command.shared) && options.isStatic)
    return fail(ErrorCode::BadOption, "--static is for executables: it excludes --object and --shared");
  if (command.object)
    options.kind = ExportKind::Object;
  if (command.shared)
    options.kind = ExportKind::SharedLibrary;
  if (options.kind == ExportKind::Executable && !options.header.empty())
    return fail(ErrorCode::BadOption, "--emit-header goes with --object or --shared: nobody links with an executable");
  if (command.report && options.kind != ExportKind::Executable)
    return fail(ErrorCode::BadOption, "--report runs what it builds: it excludes --object and --shared");
  if (options.output.empty() && !command.report)
    return fail(ErrorCode::BadOption, "kiln export needs -o FILE for the result");
  return readColdCode(command);
}

void describeSummary(const ExportOptions& options, const ExportSummary& summary) {
  fprintf(stderr, "kiln: %s: %llu bytes; %u functions, %u emitted", options.output.c_str(),
          static_cast<unsigned long long>(summary.bytes), summary.functions, summary.emitted);
  if (!options.profile.empty())
    fprintf(stderr, "; profile: %u known, %u changed since, %u cold, %u left out", summary.profiled, summary.changed,
            summary.cold, summary.trapped);
  fputc('\n', stderr);
}

} // namespace

void describeExport(CLI::App& app, ExportCommand& command) {
  CLI::App* verb = app.add_subcommand(
      "export", "Build a native program: kiln export [OPTIONS] FILE... -o OUT (with --report: [-- ARGUMENTS])");
  ExportOptions& options = command.options;
  verb->add_option("FILE", options.files, "Bitcode (.bc) or IR text (.ll)")->type_name("");
  verb->add_option("-o,--output", options.output, "The file to write")->type_name("FILE");
  verb->add_option("--profile", options.profile, "Optimise by this profile: hot functions for speed, others for size")
      ->type_name("FILE");
  verb->add_option(
          "--cold", command.cold,
          "Functions that no recorded run reached: keep, size (default with a profile), or trap: left out, a call "
          "names the function and ends the program with status 125")
      ->type_name("COLD");
  verb->add_flag("--static", options.isStatic, "Link everything in; the executable needs no shared library");
  verb->add_flag("--object", command.object, "Write an object file for a linker");
  verb->add_flag("--shared", command.shared, "Write a shared library");
  verb->add_option(
          "--export", options.exports,
          "A symbol that others find; repeatable (default with --object and --shared: all that are not hidden)")
      ->type_name("NAME")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--emit-header", options.header,
                   "With --object or --shared: declare in this file, for C, what is exported")
      ->type_name("FILE.h");
  verb->add_option(
          "--target-cpu", options.targetCpu,
          "The CPU to compile for: native, x86-64, x86-64-v2, -v3, -v4, or a name LLVM knows (default: what the "
          "program was compiled for)")
      ->type_name("CPU");
  verb->add_option("--entry", options.entry, "The function to start at (default main)")->type_name("NAME");
  verb->add_option("-l,--load", options.libraries,
                   "Link with a shared library: a path with a slash, or a file name as libz.so.1; repeatable")
      ->type_name("LIB")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("-L,--library-path", options.libraryFolders, "Search libraries here first; repeatable")
      ->type_name("FOLDER")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--sysroot", options.sysroot, "Take start files and libraries from the system with this root")
      ->type_name("FOLDER");
  verb->add_flag("--report", command.report,
                 "Build the program in each way, run each, and print a table of sizes and times");
  verb->add_flag("--verbose", command.verbose, "Say on standard error what was made");
}

Result<void> runExport(ExportCommand& command) {
  if (auto sound = check(command); !sound)
    return sound;
  ExportOptions& options = command.options;
  if (options.files.empty())
    return fail(ErrorCode::BadOption, "kiln export needs a FILE of bitcode (.bc) or IR text (.ll)");
  if (!command.report && command.arguments)
    return fail(ErrorCode::BadOption, "arguments for the program go with --report: an export does not run it");
  if (command.report)
    return reportExport(options, command.arguments.value_or(std::vector<std::string>{}));
  options.onPhase = [&](std::string_view phase) { showProgress("kiln export: " + options.output + ": " + std::string(phase)); };
  auto made = exportProgram(options);
  showProgress("");
  if (!made)
    return std::unexpected(made.error());
  if (command.verbose)
    describeSummary(options, *made);
  return {};
}

} // namespace kiln::cli

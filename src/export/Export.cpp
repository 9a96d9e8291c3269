#include "kiln/Export.h"

#include <sys/stat.h>

#include "export/Assemble.h"
#include "export/Link.h"
#include "export/NativeCode.h"
#include "export/Trim.h"
#include "profile/ProfileFile.h"
#include "support/LlvmBridge.h"

namespace kiln {
namespace {

Result<void> check(const ExportOptions& options) {
  if (options.output.empty())
    return fail(ErrorCode::BadOption, "an export needs the name of the file to write");
  if (options.cold == ColdCode::Trap && options.profile.empty())
    return fail(ErrorCode::BadOption, "cold code can only be left out by a profile, which tells what is cold");
  if (options.isStatic && options.kind != ExportKind::Executable)
    return fail(ErrorCode::BadOption, "only an executable can be static");
  if (!options.header.empty() && options.kind == ExportKind::Executable)
    return fail(ErrorCode::BadOption, "a header is for an object or a shared library: nobody links with an executable");
  return {};
}

Result<ProgramProfile> readProfileFor(const ExportOptions& options) {
  if (options.profile.empty())
    return ProgramProfile{};
  return readProfile(options.profile);
}

/// Nothing of the program in the profile: it is another program's. Leaving out all would be the wrong thing to do.
Result<void> checkMatch(const ExportOptions& options, const ExportSummary& summary) {
  if (options.cold != ColdCode::Trap || summary.profiled > 0)
    return {};
  return fail(ErrorCode::BadProfile, options.profile +
                                         ": knows no function of this program, so that nothing would be left; "
                                         "record it with the same bitcode");
}

Result<void> trim(Assembled& program, const ExportOptions& options, const LinkPlan& plan, const ProgramProfile& profile,
                  ExportSummary& summary) {
  for (const llvm::Function& function : *program.module)
    summary.functions += !function.isDeclaration() && program.originOf(function);
  if (options.profile.empty())
    return {};
  applyProfile(program, profile, summary);
  if (auto matches = checkMatch(options, summary); !matches)
    return matches;
  return treatCold(program, profile, options, plan.names, summary);
}

void tell(const ExportOptions& options, std::string_view phase) {
  if (options.onPhase)
    options.onPhase(phase);
}

Placement placementFor(const ExportOptions& options) {
  if (options.kind != ExportKind::Executable)
    return Placement::Shared;
  return options.isStatic ? Placement::Fixed : Placement::Independent;
}

Result<ExportSummary> run(Assembled& program, const ExportOptions& options, const LinkPlan& plan,
                          const ProgramProfile& profile) {
  llvm::Module& module = *program.module;
  ExportSummary summary;
  if (options.kind == ExportKind::Executable)
    if (auto entry = makeEntry(program, options.entry); !entry)
      return std::unexpected(entry.error());
  auto shown = internalize(module, options, plan.names);
  if (!shown)
    return std::unexpected(shown.error());
  std::string header;
  if (!options.header.empty())
    header = program.prototypes.header(options.header, *shown);
  tell(options, "trimming");
  if (auto trimmed = trim(program, options, plan, profile, summary); !trimmed)
    return std::unexpected(trimmed.error());
  if (!options.targetCpu.empty())
    if (auto targeted = targetCpu(module, options.targetCpu); !targeted)
      return std::unexpected(targeted.error());
  const bool unwinds = options.kind != ExportKind::Executable || !options.libraries.empty();
  tell(options, "compiling");
  auto object = compileWhole(module, placementFor(options), unwinds, summary.profiled > 0, summary.emitted);
  if (std::string problems = program.world->takeDiagnostics(); !problems.empty())
    return fail(ErrorCode::CompileFailed, "LLVM cannot compile the program: " + firstLines(problems));
  if (!object)
    return std::unexpected(object.error());
  tell(options, "linking");
  auto made = options.kind == ExportKind::Object ? writeWhole(options.output, *object)
                                                 : linkObject(plan, *object, options.output);
  if (made && !header.empty())
    made = writeWhole(options.header, {header.begin(), header.end()});
  if (!made)
    return std::unexpected(made.error());
  struct stat info;
  if (stat(options.output.c_str(), &info) == 0)
    summary.bytes = static_cast<std::uint64_t>(info.st_size);
  return summary;
}

} // namespace

Result<ExportSummary> exportProgram(const ExportOptions& options) {
  if (auto sound = check(options); !sound)
    return std::unexpected(sound.error());
  auto profile = readProfileFor(options);
  if (!profile)
    return std::unexpected(profile.error());
  auto plan = planLink(options);
  if (!plan)
    return std::unexpected(plan.error());
  tell(options, "reading");
  Assembled program;
  try {
    if (auto assembled = assemble(options.files, !options.header.empty(), program); !assembled)
      return std::unexpected(assembled.error());
    return run(program, options, *plan, *profile);
  } catch (const LlvmFatal& fatal) {
    program.abandon();
    return fail(ErrorCode::CompileFailed, "LLVM cannot compile the program: " + fatal.message);
  }
}

} // namespace kiln

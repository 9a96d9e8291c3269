#include "ProfileCommand.h"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "Words.h"

namespace kiln::cli {
namespace {

Result<void> merge(const ProfileOptions& options) {
  if (options.output.empty())
    return fail(ErrorCode::BadOption, "kiln profile merge needs -o FILE for the result");
  ProfileFormat format = profileFormatFor(options.output);
  if (const auto named = indexIn(kFormats, options.format))
    format = static_cast<ProfileFormat>(*named);
  else if (!options.format.empty())
    return fail(ErrorCode::BadOption, "--format takes json or binary, not '" + options.format + "'");
  return mergeProfileFiles(options.files, options.output, format);
}

Result<void> show(const ProfileOptions& options) {
  auto text = describeProfileFile(options.files.front(), options.top);
  if (!text)
    return std::unexpected(text.error());
  if (fputs(text->c_str(), stdout) < 0 || fflush(stdout) != 0)
    return fail(ErrorCode::SystemError, std::string("standard output: ") + strerror(errno));
  return {};
}

} // namespace

void describeProfile(CLI::App& app, ProfileOptions& options) {
  CLI::App* profile = app.add_subcommand("profile", "Work with profile files: kiln profile merge|show");
  profile->require_subcommand(1);

  CLI::App* merge = profile->add_subcommand("merge", "Add profiles up: kiln profile merge -o OUT IN...");
  merge->callback([&options] { options.merge = true; });
  merge->add_option("IN", options.files, "Profiles in either form")->required()->type_name("");
  merge->add_option("-o,--output", options.output, "The file to write")->type_name("FILE");
  merge->add_option("--format", options.format, "json or binary (default: json for FILE.json, else binary)")
      ->type_name("FORMAT");

  CLI::App* show = profile->add_subcommand("show", "Print a table of a profile's functions: kiln profile show FILE");
  show->add_option("FILE", options.files, "The profile")->required()->expected(1)->type_name("");
  show->add_option("--top", options.top, "How many functions, the most often entered first (default 20)")
      ->type_name("N");
}

Result<void> runProfile(const ProfileOptions& options) {
  return options.merge ? merge(options) : show(options);
}

} // namespace kiln::cli

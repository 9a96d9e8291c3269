#include "CacheCommand.h"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kiln/Cache.h"

namespace kiln::cli {
namespace {

/// $XDG_CACHE_HOME/kiln or ~/.cache/kiln; empty if neither is known. (The variable counts only if it is absolute: so the
/// specification of these folders.)
std::string defaultFolder() {
  auto absolute = [](const char* text) { return text && text[0] == '/' ? std::string(text) : std::string(); };
  if (std::string base = absolute(getenv("XDG_CACHE_HOME")); !base.empty())
    return base + "/kiln";
  if (std::string home = absolute(getenv("HOME")); !home.empty())
    return home + "/.cache/kiln";
  return {};
}

Result<void> show(const CacheOptions& options) {
  auto text = describeCache(options.folder, options.limit);
  if (!text)
    return std::unexpected(text.error());
  if (fputs(text->c_str(), stdout) < 0 || fflush(stdout) != 0)
    return fail(ErrorCode::SystemError, std::string("standard output: ") + strerror(errno));
  return {};
}

Result<void> clear(const CacheOptions& options) {
  auto removed = clearCache(options.folder);
  if (!removed)
    return std::unexpected(removed.error());
  printf("%llu files removed from %s\n", static_cast<unsigned long long>(*removed), options.folder.c_str());
  return {};
}

} // namespace

void describeCacheOptions(CLI::App& app, CacheWords& words, bool run) {
  app.add_option("--cache", words.places,
                 run ? "Where code is kept between runs: a folder, off, or redis://HOST (repeatable; default the user's cache folder)"
                     : "The folder (default: the user's cache folder)")
      ->type_name(run ? "PLACE" : "FOLDER")->take_all()->allow_extra_args(false);
  app.add_option("--cache-limit", words.limit, "Bytes that the folder may take (default 256 MiB)")->type_name("BYTES");
  if (run)
    app.add_option("--cache-least", words.leastMicroseconds,
                   "Keep baseline code if making it took so long in a run (default 1000)")->type_name("MICROSECONDS");
  if (run)
    app.add_option("--cache-key", words.keyFile, "The key that authenticates what a shared cache has")->type_name("FILE");
}

Result<CacheOptions> cacheOptions(const CacheWords& words) {
  CacheOptions options;
  options.limit = words.limit;
  options.keyFile = words.keyFile;
  options.leastMicroseconds = words.leastMicroseconds;
  std::vector<std::string> places = words.places;
  if (const char* variable = getenv("KILN_CACHE"); places.empty() && variable && *variable)
    places.emplace_back(variable);
  bool off = false;
  for (const std::string& place : places) {
    const bool remote = place.find("://") != std::string::npos;
    std::string& into = remote ? options.remote : options.folder;
    if (place.empty() || !into.empty() || off || (place == "off" && places.size() > 1))
      return fail(ErrorCode::BadOption, "--cache takes a folder and redis://HOST at most once each, or off alone");
    off = place == "off";
    if (!off)
      into = place;
  }
  if (options.remote.empty() && !options.keyFile.empty())
    return fail(ErrorCode::BadOption, "--cache-key is for a shared cache: name it with --cache redis://HOST");
  if (off)
    return CacheOptions{};
  if (!options.remote.empty() && options.keyFile.empty())
    return fail(ErrorCode::BadOption, "a shared cache holds native code, which is executed: it needs a key that only its "
                                      "users have (--cache-key FILE)");
  if (options.folder.empty())
    options.folder = defaultFolder();
  if (options.folder.empty() && !options.remote.empty())
    return fail(ErrorCode::BadOption, "a shared cache needs a folder of one's own before it: --cache FOLDER");
  return options;
}

void describeCacheCommand(CLI::App& app, CacheCommandOptions& options) {
  CLI::App* cache = app.add_subcommand("cache", "Look at the cache, or empty it: kiln cache show|clear");
  cache->require_subcommand(1);
  CLI::App* show = cache->add_subcommand("show", "Print a table of what the cache has: kiln cache show");
  describeCacheOptions(*show, options.words, false);
  CLI::App* clear = cache->add_subcommand("clear", "Remove everything from the cache: kiln cache clear");
  clear->callback([&options] { options.clear = true; });
  describeCacheOptions(*clear, options.words, false);
}

Result<void> runCacheCommand(const CacheCommandOptions& given) {
  for (const std::string& place : given.words.places)
    if (place.find("://") != std::string::npos)
      return fail(ErrorCode::BadOption, "kiln cache works on a folder; what a server has is looked at and removed there");
  auto options = cacheOptions(given.words);
  if (!options)
    return std::unexpected(options.error());
  if (options->folder.empty())
    return fail(ErrorCode::BadOption, "there is no cache: it is off, or neither XDG_CACHE_HOME nor HOME says where it would be");
  return given.clear ? clear(*options) : show(*options);
}

} // namespace kiln::cli

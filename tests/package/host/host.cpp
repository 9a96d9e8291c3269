// Uses every header of the installed library, so that a function which is not exported, or an archive which is not
// named, is an error of the linker, and LLVM's part of it at run time. Prints what the test expects.
#include <kiln/Cache.h>
#include <kiln/Container.h>
#include <kiln/Coverage.h>
#include <kiln/Engine.h>
#include <kiln/Export.h>
#include <kiln/Version.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

constexpr std::string_view kProgram = R"(
declare i32 @twice_of_host(i32)
define i32 @fib(i32 %n) {
  %small = icmp slt i32 %n, 2
  br i1 %small, label %end, label %more
more:
  %a = sub i32 %n, 1
  %x = call i32 @fib(i32 %a)
  %b = sub i32 %n, 2
  %y = call i32 @fib(i32 %b)
  %sum = add i32 %x, %y
  ret i32 %sum
end:
  ret i32 %n
}
define i32 @ask(i32 %n) {
  %r = call i32 @twice_of_host(i32 %n)
  ret i32 %r
}
)";

struct Events : kiln::Observer {
  std::atomic<int> published = 0;
  void onTierEvent(const kiln::TierEvent& event) override { published += event.kind == kiln::TierEvent::Kind::Published; }
};

int twice(int n) { return 2 * n; }

template <typename T> auto need(kiln::Result<T> result, const char* what) {
  if (!result) {
    fprintf(stderr, "%s: %s: %s\n", what, std::string(errorCodeName(result.error().code)).c_str(), result.error().message.c_str());
    exit(1);
  }
  if constexpr (!std::is_void_v<T>)
    return std::move(*result);
}

void runProgram(const std::string& folder) {
  Events events;
  kiln::Options options;
  options.observer = &events;
  options.coverage = false;
  options.ladder = need(kiln::Ladder::parse("interpreter,baseline@2,O2@10"), "ladder");
  auto engine = need(kiln::Engine::create(std::move(options)), "engine");
  auto input = kiln::ProgramInput::memory("fib.ll", kProgram);
  input.host("twice_of_host", twice);
  auto program = need(engine->load(input), "load");
  auto fib = need(program->function<int(int)>("fib"), "function");
  auto ask = need(program->function<int(int)>("ask"), "function");
  printf("fib %d, twice %d\n", fib(20), ask(21));
  need(program->promote("fib", kiln::Tier::O3), "promote");
  const auto tier = need(program->tierOf("fib"), "tier");
  printf("then %d at %s, events: %s\n", fib(20), tier ? std::string(tierName(*tier)).c_str() : "none",
         events.published > 1 ? "several" : "too few");
  need(program->writeProfile(folder + "/fib.profile", kiln::ProfileFormat::Binary), "profile");
  const kiln::Statistics statistics = program->statistics();
  printf("statistics: %s\n", statistics.json().find("kiln-stats") != std::string::npos && !statistics.table().empty() ? "there" : "none");
}

} // namespace

int main(int, char** argv) {
  const std::string folder = argv[1];
  printf("version %s\n", std::string(kiln::version()).c_str());
  printf("build info: %s\n", kiln::buildInfo().version == kiln::version() && !kiln::buildInfo().cpu.empty() ? "there" : "none");
  runProgram(folder);
  printf("profile: %s\n", need(kiln::describeProfileFile(folder + "/fib.profile"), "show").find("fib") != std::string::npos ? "fib" : "none");
  need(kiln::mergeProfileFiles({folder + "/fib.profile"}, folder + "/merged.json", kiln::profileFormatFor("merged.json")), "merge");

  std::ofstream(folder + "/fib.ll") << kProgram;
  need(kiln::packContainer({.input = folder + "/fib.ll", .output = folder + "/fib.llbc", .moduleName = {}, .entry = "fib", .level = {}}), "pack");
  printf("container: %s\n", need(kiln::readContainerHeader(folder + "/fib.llbc"), "header").entry.c_str());
  need(kiln::unpackContainer(folder + "/fib.llbc", folder + "/fib.bc"), "unpack");
  printf("inspected: %s\n", std::string(kindName(need(kiln::inspectFile(folder + "/fib.bc"), "inspect").kind)).c_str());
  kiln::ExportOptions exported;
  exported.files = {folder + "/fib.bc"};
  exported.output = folder + "/fib.o";
  exported.kind = kiln::ExportKind::Object;
  printf("exported: %u functions\n", need(kiln::exportProgram(exported), "export").functions);

  auto merged = kiln::mergeCoverageFiles({folder + "/none"}, folder + "/sum");
  auto report = kiln::reportCoverageFiles({folder + "/none"});
  printf("no coverage: %s, %s\n", std::string(errorCodeName(merged.error().code)).c_str(), std::string(errorCodeName(report.error().code)).c_str());
  need(kiln::describeCache(folder + "/cache", 1), "cache");
  printf("cache: %d removed\n", static_cast<int>(need(kiln::clearCache(folder + "/cache"), "clear")));
  std::ofstream(folder + "/bad.bc") << "MZ is no bitcode";
  auto bad = need(kiln::Engine::create({}), "engine")->load(kiln::ProgramInput::file(folder + "/bad.bc"));
  printf("bad file: %s\n", std::string(errorCodeName(bad.error().code)).c_str());
  printf("%zu presets, bottom %s\n", kiln::presets().size(), std::string(tierName(kiln::Ladder::standard().bottom())).c_str());
}

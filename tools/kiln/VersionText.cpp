#include "VersionText.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "kiln/Version.h"

namespace kiln::cli {
namespace {

/// Of what a CPU may have, that which changes what compilers of Kiln emit much; the last tier uses all that there is.
constexpr std::string_view kNotable[] = {"sse4.2",  "popcnt",   "cx16",     "avx",        "avx2", "bmi", "bmi2",
                                         "fma",     "f16c",     "lzcnt",    "movbe",      "adx",  "vaes", "avxvnni",
                                         "avx512f", "avx512bw", "avx512vl", "avx512vbmi", "avx512fp16", "amx-tile"};

/// The levels that the x86-64 psABI defines, highest first, by what tells each from the one below.
constexpr std::pair<const char*, std::string_view> kCpuLevels[] = {
    {"x86-64-v4", "avx512vl"}, {"x86-64-v3", "avx2"}, {"x86-64-v2", "sse4.2"}};

} // namespace

std::string versionText() {
  const BuildInfo info = buildInfo();
  auto has = [&](std::string_view feature) {
    return std::find(info.features.begin(), info.features.end(), feature) != info.features.end();
  };
  std::string text = "kiln " + std::string(info.version) + "\nbuild " + std::string(info.build.substr(0, 16)) + "\nLLVM " +
                     std::string(info.llvm) + (info.sharedLlvm ? ", shared" : ", static") + "\nCPU " + info.cpu;
  auto level = std::find_if(std::begin(kCpuLevels), std::end(kCpuLevels), [&](const auto& each) { return has(each.second); });
  text += std::string(" (") + (level == std::end(kCpuLevels) ? "x86-64" : level->first) + "):";
  for (std::string_view feature : kNotable)
    if (has(feature))
      text += " " + std::string(feature);
  return text;
}

} // namespace kiln::cli

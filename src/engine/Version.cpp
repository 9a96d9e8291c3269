#include "kiln/Version.h"

#include <llvm/Config/llvm-config.h>

#include <algorithm>

#include "compile/llvm/Backend.h"
#include "engine/BuildId.h"

namespace kiln {

BuildInfo buildInfo() {
  BuildInfo info;
  info.version = KILN_VERSION;
  info.build = kBuildId;
  info.llvm = LLVM_VERSION_STRING;
  info.sharedLlvm = KILN_SHARED_LLVM;
  info.cpu = Backend::hostCpu();
  const std::string_view text = Backend::hostFeatures();
  for (std::size_t at = 0; at < text.size();) { // "+avx2,+bmi"
    const std::size_t end = std::min(text.find(',', at), text.size());
    info.features.emplace_back(text.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  std::sort(info.features.begin(), info.features.end());
  return info;
}

} // namespace kiln

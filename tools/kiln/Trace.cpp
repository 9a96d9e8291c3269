#include "Trace.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace kiln::cli {

void TraceObserver::onTierEvent(const TierEvent& event) {
  auto view = [](std::string_view text) { return static_cast<int>(std::min<std::size_t>(text.size(), 200)); };
  std::string_view from = event.from ? tierName(*event.from) : "-";
  char loop[24] = "";
  if (event.loop)
    snprintf(loop, sizeof loop, " loop %u", *event.loop);
  char line[600];
  int length = snprintf(line, sizeof line, "kiln: %9.3f ms %-7s %-4.*s -> %-4.*s %.*s%s (%.*s; %llu calls, %llu loops",
                        static_cast<double>(event.nanoseconds) / 1e6, eventName(event.kind).data(), view(from), from.data(),
                        view(tierName(event.to)), tierName(event.to).data(), view(event.function),
                        event.function.data(), loop, view(event.reason), event.reason.data(),
                        static_cast<unsigned long long>(event.calls), static_cast<unsigned long long>(event.loops));
  if (event.compileNanoseconds)
    length += snprintf(line + length, sizeof line - static_cast<std::size_t>(length), "; compiled in %.2f ms",
                       static_cast<double>(event.compileNanoseconds) / 1e6);
  length += snprintf(line + length, sizeof line - static_cast<std::size_t>(length), ")\n");
  (void)!write(STDERR_FILENO, line, static_cast<std::size_t>(length));
}

} // namespace kiln::cli

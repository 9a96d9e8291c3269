#include "profile/ValueCounts.h"

namespace kiln {

void ValueCounts::recordBehindFirst(std::uint64_t seen) {
  for (unsigned i = 1; i < kTopValues; ++i) {
    if (read(value[i]) != seen)
      continue;
    std::uint64_t now = read(count[i]) + 1, before = read(count[i - 1]);
    if (now <= before) {
      write(count[i], now);
      return;
    }
    std::uint64_t displaced = read(value[i - 1]);
    write(value[i - 1], seen);
    write(count[i - 1], now);
    write(value[i], displaced);
    write(count[i], before);
    return;
  }
  for (unsigned i = 0; i < kTopValues; ++i) {
    if (read(count[i]) != 0)
      continue;
    write(value[i], seen);
    write(count[i], 1);
    return;
  }
  std::uint64_t lost = 1;
  for (std::uint64_t& each : count)
    if (std::uint64_t left = read(each)) {
      write(each, left - 1);
      ++lost;
    }
  write(other, read(other) + lost);
}

} // namespace kiln

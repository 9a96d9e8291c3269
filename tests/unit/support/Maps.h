// The process's memory mappings, as the kernel lists them.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace kiln::test {

struct Mapping {
  std::uintptr_t start = 0, end = 0;
  std::string rights; ///< "r-xp"
};

inline std::vector<Mapping> mappings() {
  std::vector<Mapping> all;
  std::ifstream file("/proc/self/maps");
  for (std::string line; std::getline(file, line);) {
    Mapping mapping;
    char dash = 0;
    std::istringstream words(line);
    words >> std::hex >> mapping.start >> dash >> mapping.end >> mapping.rights;
    all.push_back(std::move(mapping));
  }
  return all;
}

/// "r-x" of the mapping that holds the address; empty when there is none.
inline std::string rightsOf(const void* address) {
  auto at = reinterpret_cast<std::uintptr_t>(address);
  for (const Mapping& mapping : mappings())
    if (at >= mapping.start && at < mapping.end)
      return mapping.rights.substr(0, 3);
  return {};
}

/// Mappings that are writable and executable at once.
inline std::size_t writableCode() {
  std::size_t count = 0;
  for (const Mapping& mapping : mappings())
    count += mapping.rights[1] == 'w' && mapping.rights[2] == 'x';
  return count;
}

} // namespace kiln::test

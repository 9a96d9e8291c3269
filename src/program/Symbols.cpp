#include "program/Symbols.h"

#include <array>
#include <charconv>
#include <utility>

namespace kiln {
namespace {

constexpr std::array<std::pair<KilnSymbol, std::string_view>, 4> kPrefixes = {{
    {KilnSymbol::Function, "kiln.fn."},
    {KilnSymbol::Slot, "kiln.slot."},
    {KilnSymbol::Counters, "kiln.count."},
    {KilnSymbol::Data, "kiln.data."},
}};

} // namespace

std::string kilnSymbolName(KilnSymbol kind, std::uint32_t id, std::string_view readable) {
  std::string name(kPrefixes[static_cast<std::size_t>(kind)].second);
  name += std::to_string(id);
  name += '.';
  name += readable;
  return name;
}

std::optional<ParsedKilnSymbol> parseKilnSymbol(std::string_view name) {
  for (auto [kind, prefix] : kPrefixes) {
    if (!name.starts_with(prefix))
      continue;
    std::uint32_t id = 0;
    const char* first = name.data() + prefix.size();
    auto [end, status] = std::from_chars(first, name.data() + name.size(), id);
    if (status != std::errc() || end == first)
      return std::nullopt;
    return ParsedKilnSymbol{kind, id};
  }
  return std::nullopt;
}

} // namespace kiln

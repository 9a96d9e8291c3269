#include "code/Lsda.h"

#include <cassert>

namespace kiln {

std::uint64_t LsdaBuilder::actionFor(const InvokeSite& site) {
  if (site.clauses.empty())
    return 0;
  std::size_t start = actions_.size();
  addChain(site);
  auto [known, fresh] = chains_.try_emplace(std::string(actions_.from(start)), start + 1); // 1 is the table's first byte
  if (!fresh)
    actions_.truncate(start);
  return known->second;
}

/// Appends one record per clause, each but the last followed by the next. A cleanup behind clauses is an action of
/// its own; alone it is none, like in compilers' tables.
void LsdaBuilder::addChain(const InvokeSite& site) {
  std::size_t left = site.clauses.size() + site.cleanup;
  auto record = [&](std::int64_t value) {
    actions_.sleb(value);
    actions_.byte(--left ? 1 : 0); // distance from this byte to the next record; 0 at the end
  };
  for (const LandingClause& clause : site.clauses) {
    assert((clause.kind == LandingClause::Kind::Filter || clause.types.size() == 1) && "a catch names one type");
    record(clause.kind == LandingClause::Kind::Catch ? std::int64_t{clause.types[0]} + 1 : filter(clause.types));
  }
  if (left)
    record(0);
}

/// The selector of a filter: -1 - offset of its list of types above the base of the type table.
std::int64_t LsdaBuilder::filter(const std::vector<std::uint32_t>& types) {
  std::size_t start = filters_.size();
  for (std::uint32_t type : types)
    filters_.uleb(std::uint64_t{type} + 1);
  filters_.byte(0);
  auto [known, fresh] = lists_.try_emplace(std::string(filters_.from(start)), start);
  if (!fresh)
    filters_.truncate(start);
  return -1 - static_cast<std::int64_t>(known->second);
}

void LsdaBuilder::addSite(std::uint64_t begin, std::uint64_t bytes, std::uint64_t landing, std::uint64_t action) {
  sites_.uleb(begin);
  sites_.uleb(bytes);
  sites_.uleb(landing);
  sites_.uleb(action);
}

std::vector<std::byte> LsdaBuilder::finish(std::span<const std::uintptr_t> types) {
  DwarfBytes rest; // from behind the offset of the type table
  rest.byte(kUleb128);
  rest.uleb(sites_.size());
  rest.append(sites_.take());
  rest.append(actions_.take());
  // Entry n lies n places below the base, lists of types above it.
  for (std::size_t i = types.size(); i-- > 0;)
    rest.fixed(types[i]);
  std::size_t base = rest.size();
  rest.append(filters_.take());

  DwarfBytes lsda;
  lsda.byte(kOmitted); // base of landing pads: the function's start
  lsda.byte(kAbsolutePointer);
  lsda.uleb(base);
  lsda.append(rest.take());
  return lsda.take();
}

} // namespace kiln

#include "interp/InvokeStubPool.h"

namespace kiln {
namespace {

/// A site with its types numbered in the order of their first mention.
struct OwnSite {
  InvokeSite site;
  std::vector<std::uint32_t> types;      // number -> index in the function's list
  std::vector<std::uintptr_t> addresses; // number -> address

  OwnSite(const InvokeSite& from, std::span<const std::uintptr_t> functionTypes) : site(from) {
    std::unordered_map<std::uint32_t, std::uint32_t> numbers;
    for (LandingClause& clause : site.clauses)
      for (std::uint32_t& type : clause.types) {
        auto [known, fresh] = numbers.try_emplace(type, static_cast<std::uint32_t>(types.size()));
        if (fresh) {
          types.push_back(type);
          addresses.push_back(functionTypes[type]);
        }
        type = known->second;
      }
  }

  /// All that the stub is made from, each list behind its length.
  std::string key(std::uintptr_t personality) const {
    std::string key;
    auto add = [&](std::uint64_t word) { key.append(reinterpret_cast<const char*>(&word), sizeof word); };
    add(personality);
    add(site.cleanup);
    add(addresses.size());
    for (std::uintptr_t address : addresses)
      add(address);
    for (const LandingClause& clause : site.clauses) {
      add(static_cast<std::uint64_t>(clause.kind));
      add(clause.types.size());
      for (std::uint32_t type : clause.types)
        add(type);
    }
    return key;
  }
};

} // namespace

InvokeStubPool::~InvokeStubPool() {
  for (const auto& [key, installed] : stubs_)
    removeInvokeStubs(space_, unwind_, installed);
}

Result<SharedStub> InvokeStubPool::stubFor(const InvokeSite& site, std::span<const std::uintptr_t> types,
                                           std::uintptr_t personality) {
  OwnSite own(site, types);
  std::string key = own.key(personality);
  std::lock_guard lock(mutex_);
  auto known = stubs_.find(key);
  if (known == stubs_.end()) {
    auto installed = installInvokeStubs(space_, unwind_, {&own.site, 1}, own.addresses, personality);
    if (!installed)
      return std::unexpected(installed.error());
    known = stubs_.emplace(std::move(key), std::move(*installed)).first;
  }
  return SharedStub{known->second.stubs.front(), std::move(own.types)};
}

std::size_t InvokeStubPool::size() const {
  std::lock_guard lock(mutex_);
  return stubs_.size();
}

} // namespace kiln

#include "code/UnwindRegistry.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <unordered_set>
#include <utility>

namespace kiln {
namespace {

constexpr const char* kUnwinder = "libgcc_s.so.1";

/// Asking dlopen() for a library that is not there makes it search the disk, also when it is not to load anything.
bool isLoaded(const char* library) {
  auto look = [](dl_phdr_info* info, std::size_t, void* wanted) -> int {
    const char* slash = strrchr(info->dlpi_name, '/');
    return strcmp(slash ? slash + 1 : info->dlpi_name, static_cast<const char*>(wanted)) == 0;
  };
  return dl_iterate_phdr(look, const_cast<char*>(library)) != 0;
}

} // namespace

bool UnwindRegistry::findUnwinder() {
  void* library = isLoaded(kUnwinder) ? dlopen(kUnwinder, RTLD_NOW | RTLD_NOLOAD) : nullptr;
  void* scope = library ? library : RTLD_DEFAULT;
  auto* add = dlsym(scope, "__register_frame_table");
  auto* remove = dlsym(scope, "__deregister_frame_info");
  if (!add || !remove)
    return false;
  register_ = reinterpret_cast<void (*)(void*)>(add);
  deregister_ = reinterpret_cast<void* (*)(const void*)>(remove);
  return true;
}

UnwindRegistry::~UnwindRegistry() {
  for (auto& [stretch, table] : tables_)
    replace(table, nullptr);
  freeObjects(withdrawn_);
}

void UnwindRegistry::replace(std::unique_ptr<Table>& table, std::unique_ptr<Table> next) {
  if (register_ && next)
    register_(next->data());
  if (register_ && table)
    withdrawn_.push_back(deregister_(table->data()));
  withdrawnCount_.store(withdrawn_.size(), std::memory_order_relaxed);
  table = std::move(next);
}

std::vector<void*> UnwindRegistry::takeWithdrawn() {
  std::lock_guard lock(mutex_);
  withdrawnCount_.store(0, std::memory_order_relaxed);
  return std::exchange(withdrawn_, {});
}

void UnwindRegistry::giveBack(std::span<void* const> objects) {
  std::lock_guard lock(mutex_);
  withdrawn_.insert(withdrawn_.end(), objects.begin(), objects.end());
  withdrawnCount_.store(withdrawn_.size(), std::memory_order_relaxed);
}

void UnwindRegistry::freeObjects(std::span<void* const> objects) {
  for (void* object : objects)
    free(object); // the unwinder's malloc
}

void UnwindRegistry::add(void* section, std::uintptr_t code) {
  std::lock_guard lock(mutex_);
  auto& table = tables_[code / kStretch];
  auto next = table ? std::make_unique<Table>(*table) : std::make_unique<Table>(Table{nullptr});
  next->insert(next->end() - 1, section);
  replace(table, std::move(next));
}

void UnwindRegistry::remove(void* section, std::uintptr_t code) {
  Entry entry{section, code};
  removeAll({&entry, 1});
}

void UnwindRegistry::removeAll(std::span<Entry> entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.code < b.code; });
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < entries.size();) {
    std::uintptr_t stretch = entries[i].code / kStretch;
    std::unordered_set<void*> leave;
    for (; i < entries.size() && entries[i].code / kStretch == stretch; ++i)
      leave.insert(entries[i].section);
    auto at = tables_.find(stretch);
    if (at == tables_.end())
      continue;
    auto next = std::make_unique<Table>(*at->second);
    if (std::erase_if(*next, [&](void* section) { return section && leave.contains(section); }) == 0)
      continue;
    replace(at->second, next->size() > 1 ? std::move(next) : nullptr);
    if (!at->second)
      tables_.erase(at);
  }
}

void UnwindRegistry::retry() {
  std::lock_guard lock(mutex_);
  if (register_ || !findUnwinder())
    return;
  for (auto& [stretch, table] : tables_)
    register_(table->data());
}

} // namespace kiln

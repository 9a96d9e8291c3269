#include "code/UnwindRegistry.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>

namespace kiln {

bool UnwindRegistry::findUnwinder() {
  if (register_)
    return true;
  void* library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_NOLOAD);
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
  for (auto& table : tables_)
    withdraw(*table);
}

void UnwindRegistry::withdraw(Table& table) {
  // __register_frame_table allocates the book-keeping object that __deregister_frame_info returns.
  free(deregister_(table.data()));
}

void UnwindRegistry::addLocked(std::unique_ptr<Table> table) {
  std::vector<std::unique_ptr<Table>> replaced;
  while (!tables_.empty() && tables_.back()->size() <= table->size()) {
    table->insert(table->begin(), tables_.back()->begin(), tables_.back()->end() - 1);
    replaced.push_back(std::move(tables_.back()));
    tables_.pop_back();
  }
  register_(table->data());
  tables_.push_back(std::move(table));
  for (auto& old : replaced)
    withdraw(*old);
}

void UnwindRegistry::add(void* section) {
  std::lock_guard lock(mutex_);
  if (!register_) {
    // Without an unwinder in the process nothing can be thrown; looking it up is left to retry().
    waiting_.push_back(section);
    return;
  }
  addLocked(std::make_unique<Table>(Table{section, nullptr}));
}

void UnwindRegistry::retry() {
  std::lock_guard lock(mutex_);
  if (!findUnwinder() || waiting_.empty())
    return;
  auto table = std::make_unique<Table>(std::move(waiting_));
  waiting_.clear();
  table->push_back(nullptr);
  addLocked(std::move(table));
}

void UnwindRegistry::remove(void* section) {
  std::lock_guard lock(mutex_);
  std::erase(waiting_, section);
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    auto at = std::find(tables_[i]->begin(), tables_[i]->end(), section);
    if (at == tables_[i]->end())
      continue;
    std::unique_ptr<Table> old = std::move(tables_[i]);
    tables_.erase(tables_.begin() + static_cast<std::ptrdiff_t>(i));
    auto rest = std::make_unique<Table>(*old);
    std::erase(*rest, section);
    if (rest->size() > 1) {
      register_(rest->data());
      tables_.insert(tables_.begin() + static_cast<std::ptrdiff_t>(i), std::move(rest));
    }
    withdraw(*old);
    return;
  }
}

} // namespace kiln

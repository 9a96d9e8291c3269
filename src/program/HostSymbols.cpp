#include "program/HostSymbols.h"

#include <dlfcn.h>

#include <array>

namespace kiln {
namespace {

constexpr std::array kRuntimes = {"libgcc_s.so.1", "libstdc++.so.6"};

} // namespace

HostSymbols::HostSymbols() : runtimes_(kRuntimes.size(), nullptr) {}

Result<void> HostSymbols::load(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!handle)
    return fail(ErrorCode::LibraryNotLoaded, std::string("cannot load a library: ") + dlerror());
  libraries_.push_back(handle);
  if (onLoaded_)
    onLoaded_();
  return {};
}

void HostSymbols::unload() {
  for (; !libraries_.empty(); libraries_.pop_back())
    dlclose(libraries_.back());
}

void* HostSymbols::loadRuntime(std::size_t index) {
  if (!runtimes_[index]) {
    runtimes_[index] = dlopen(kRuntimes[index], RTLD_NOW | RTLD_GLOBAL);
    if (runtimes_[index] && onLoaded_)
      onLoaded_();
  }
  return runtimes_[index];
}

std::optional<std::uintptr_t> HostSymbols::find(const std::string& name) {
  std::lock_guard lock(finding_);
  if (auto at = host_.find(name); at != host_.end())
    return reinterpret_cast<std::uintptr_t>(at->second);
  auto look = [&](void* handle) -> std::optional<std::uintptr_t> {
    // A symbol may be at address zero; only dlerror tells a miss.
    dlerror();
    void* address = dlsym(handle, name.c_str());
    if (!address && dlerror())
      return std::nullopt;
    return reinterpret_cast<std::uintptr_t>(address);
  };
  for (void* library : libraries_)
    if (auto address = look(library))
      return address;
  if (auto address = look(RTLD_DEFAULT))
    return address;
  for (std::size_t i = 0; i < kRuntimes.size(); ++i)
    if (void* runtime = loadRuntime(i))
      if (auto address = look(runtime))
        return address;
  return std::nullopt;
}

} // namespace kiln

// Addresses from outside the program: what the host registered, what was loaded for the program, and the C and C++
// libraries of the process.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kiln/Error.h"

namespace kiln {

/// Looks names up in this order: what was added by name (the host's functions, and Kiln's stand-ins for what the C library
/// only has in its static part: atexit, ...); libraries given by name, in order; the process (libc, libm, whatever the host
/// linked); then, loaded when first missed, libgcc_s and libstdc++. Each program has its own. find() may be called by any thread, once the
/// program is loaded; the rest by the loading thread.
class HostSymbols {
public:
  HostSymbols();

  void add(std::string name, const void* address) { host_[std::move(name)] = address; }
  /// Loads a shared library for the program. Fails with LibraryNotLoaded.
  Result<void> load(const std::string& library);

  /// Closes the loaded libraries, last first.
  void unload();

  std::optional<std::uintptr_t> find(const std::string& name);

  /// Called after a library was loaded that may bring the C++ unwinder.
  void onLibraryLoaded(std::function<void()> callback) { onLoaded_ = std::move(callback); }
  /// For programs that can unwind without naming libgcc_s: pthread_cancel and pthread_exit load it by themselves.
  void ensureUnwinder() { loadRuntime(0); }

private:
  void* loadRuntime(std::size_t index);

  std::mutex finding_; ///< compilers of all tiers look names up
  std::unordered_map<std::string, const void*> host_;
  std::vector<void*> libraries_;
  std::vector<void*> runtimes_; ///< handles of kRuntimes, null until loaded
  std::function<void()> onLoaded_;
};

} // namespace kiln

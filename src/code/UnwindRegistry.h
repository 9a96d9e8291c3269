// Tells the C++ unwinder about generated code.
//
// libgcc's unwinder knows tables of `.eh_frame` sections that were registered with it. One registration a function
// would make every throw walk a list as long as the program; so sections are kept in tables whose sizes double
// (as in a binary counter: two tables of one size merge), which keeps the list logarithmic. A merged table is
// registered before the two it replaces are withdrawn, so no frame is ever unknown.
//
// The unwinder is the guest's (libgcc_s), looked up by name when the process has it; until then sections wait.
// Thread-safe. Source: libgcc unwind-dw2-fde.c, `__register_frame_table`.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace kiln {

class UnwindRegistry {
public:
  UnwindRegistry() = default;
  ~UnwindRegistry();
  UnwindRegistry(const UnwindRegistry&) = delete;
  UnwindRegistry& operator=(const UnwindRegistry&) = delete;

  /// `section` is a finished `.eh_frame` that ends with a zero word and stays in place until remove().
  void add(void* section);
  void remove(void* section);
  /// Registers what waited for the unwinder; call after a library that may bring it was loaded.
  void retry();

private:
  using Table = std::vector<void*>; // sections, then a null pointer
  bool findUnwinder();
  void addLocked(std::unique_ptr<Table> table);
  void withdraw(Table& table);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Table>> tables_; // sizes strictly fall
  std::vector<void*> waiting_;
  void (*register_)(void*) = nullptr;
  void* (*deregister_)(const void*) = nullptr;
};

} // namespace kiln

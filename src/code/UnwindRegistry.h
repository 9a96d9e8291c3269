// Tells the C++ unwinder about generated code.
//
// libgcc's unwinder walks a list of registered objects, and expects that their address ranges do not overlap: it gives
// up after the first object that begins below the address. One object a function would make every throw walk a list as
// long as the program. So functions are grouped by the stretch of addresses (kStretch bytes) their code begins in, one
// object per stretch: disjoint, and few. A stretch's new table is registered before the one it replaces is withdrawn, so
// that no frame is ever unknown.
//
// The unwinder is the guest's (libgcc_s), looked up by name when the process has it; until then tables wait.
// Thread-safe. Source: libgcc unwind-dw2-fde.c, `__register_frame_table`, `_Unwind_Find_FDE`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace kiln {

class UnwindRegistry {
public:
  static constexpr std::uintptr_t kStretch = std::uintptr_t{1} << 16;

  UnwindRegistry() = default;
  ~UnwindRegistry();
  UnwindRegistry(const UnwindRegistry&) = delete;
  UnwindRegistry& operator=(const UnwindRegistry&) = delete;

  /// `section` is a finished `.eh_frame` that ends with a zero word and stays in place until remove(); it describes code
  /// that begins at `code`.
  void add(void* section, std::uintptr_t code);
  void remove(void* section, std::uintptr_t code);
  struct Entry {
    void* section = nullptr;
    std::uintptr_t code = 0;
  };
  /// As remove() of each, at the cost of one for each stretch.
  void removeAll(std::span<Entry> entries);
  /// Objects that the unwinder gave back; it may still be reading one, for a moment, in a thread that throws. The caller frees
  /// with freeObjects() those that no thread can be reading, and gives the others back.
  std::vector<void*> takeWithdrawn();
  void giveBack(std::span<void* const> objects);
  static void freeObjects(std::span<void* const> objects);
  static constexpr std::size_t kObjectBytes = 48; ///< of each; 64 with the allocator's share
  std::size_t withdrawn() const { return withdrawnCount_.load(std::memory_order_relaxed); }
  /// Registers what waited for the unwinder; call after a library that may bring it was loaded.
  void retry();

private:
  /// What the unwinder reads: sections, then a null pointer. It keeps the address.
  using Table = std::vector<void*>;
  bool findUnwinder();
  /// Puts `next` in the place of the stretch's table.
  void replace(std::unique_ptr<Table>& table, std::unique_ptr<Table> next);

  std::mutex mutex_;
  std::map<std::uintptr_t, std::unique_ptr<Table>> tables_;
  /// What the unwinder gave back. It reads an object once more after it let go of its lock, so none is freed at once.
  std::vector<void*> withdrawn_;
  std::atomic<std::size_t> withdrawnCount_{0};
  void (*register_)(void*) = nullptr;
  void* (*deregister_)(const void*) = nullptr;
};

} // namespace kiln

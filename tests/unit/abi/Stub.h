// Addresses that native code can call and that lead to a NativeEntry.
#pragma once

#include <cstdint>
#include <cstring>

#include <sys/mman.h>

#include "abi/NativeCall.h"

namespace kiln::test {

/// movabs $entry, %r11; jmp *0(%rip); .quad kiln_native_entry
class Stub {
public:
  explicit Stub(NativeEntry* entry) {
    page_ =
        static_cast<unsigned char*>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    const unsigned char text[] = {0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x25, 0, 0, 0, 0};
    std::memcpy(code(), text, sizeof text);
    std::memcpy(code() + 2, &entry, 8);
    auto target = reinterpret_cast<std::uintptr_t>(&kiln_native_entry);
    std::memcpy(code() + sizeof text, &target, 8);
    mprotect(page_, kBytes, PROT_READ | PROT_EXEC);
  }
  ~Stub() { munmap(page_, kBytes); }
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  template <typename Function> Function* as() const { return reinterpret_cast<Function*>(code()); }
  void* address() const { return code(); }

private:
  static constexpr std::size_t kBytes = 4096;
  /// Not at the page's beginning: sanitizers look at what is before a function that they call.
  unsigned char* code() const { return page_ + 64; }

  unsigned char* page_;
};

} // namespace kiln::test

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
    code_ = static_cast<unsigned char*>(
        mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    const unsigned char text[] = {0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x25, 0, 0, 0, 0};
    std::memcpy(code_, text, sizeof text);
    std::memcpy(code_ + 2, &entry, 8);
    auto target = reinterpret_cast<std::uintptr_t>(&kiln_native_entry);
    std::memcpy(code_ + sizeof text, &target, 8);
    mprotect(code_, kBytes, PROT_READ | PROT_EXEC);
  }
  ~Stub() { munmap(code_, kBytes); }
  Stub(const Stub&) = delete;
  Stub& operator=(const Stub&) = delete;

  template <typename Function> Function* as() const { return reinterpret_cast<Function*>(code_); }
  void* address() const { return code_; }

private:
  static constexpr std::size_t kBytes = 4096;
  unsigned char* code_;
};

} // namespace kiln::test

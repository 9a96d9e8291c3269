// Calls between words and native code, both ways (x86-64, System V).
//
//   callNative()         image -> registers and stack -> native function -> image
//   kiln_native_entry    native call -> RegisterFile -> NativeEntry::run -> registers
//
// C++ exceptions of what is called pass through both ways, and so may a longjmp: nothing here has a destructor, a lock
// or state of the thread. No heap is used; the stack that a call needs is known from its shape.
//
// Thread-safe.
#pragma once

#include "abi/Shape.h"

namespace kiln {

/// Calls `target`. `arguments` has shape.argumentWords words, `results` room for shape.resultWords; they may be the
/// same.
void callNative(const CallShape& shape, const void* target, const std::uint64_t* arguments, std::uint64_t* results);

/// What stands behind an address that native code calls. The caller's jump leaves its address in R11.
struct NativeEntry {
  /// `stackArguments` is where the caller pushed. The function leaves the results in the file, whose x87Results is 0
  /// and whose other result registers are undefined when it begins.
  void (*run)(NativeEntry* entry, RegisterFile* registers, std::byte* stackArguments);
};

/// From an entry's registers and stack to the image of the arguments. A `byval` argument's word is the address of the
/// copy on the caller's stack, which belongs to the callee.
void readArguments(const CallShape& shape, const RegisterFile& registers, std::byte* stack, std::uint64_t* image);

/// From the image of the results to the registers, or to the memory behind the hidden pointer. Argument registers must
/// still be as they were at the entry.
void writeResults(const CallShape& shape, const std::uint64_t* image, RegisterFile& registers);

/// The convention's va_list.
struct VaList {
  std::uint32_t gprOffset;
  std::uint32_t sseOffset;
  std::byte* overflowArea;
  std::byte* registerSaveArea;
};

/// A va_list that stands before the first unnamed argument of a call of the variadic definition `shape`.
VaList startVariadic(const CallShape& shape, RegisterFile& registers, std::byte* stack);

} // namespace kiln

extern "C" {
/// Enter by a jump, with R11 = NativeEntry*. Not callable from C++, and not for definitions whose shape is
/// preservesMost.
void kiln_native_entry();
/// The same, entered by a call from a frame of its own that is nothing but a saved RBP: the caller's arguments are behind that.
void kiln_native_entry_behind_frame();
}

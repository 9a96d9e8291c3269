// Native call sites for the invokes of interpreted functions, so that the program's own personality finds them.
//
// An exception is caught by a frame whose unwind table names a personality function and has a table of call sites, the
// LSDA. The interpreter's own frames have neither. So an `invoke` is performed through a stub, a few bytes of machine
// code that call back into the interpreter and that carry what the compiler would have written for the invoke: the
// language's personality, a landing pad, and the clauses of the `landingpad`. Which exceptions are caught, which
// selector they get, what `catch (...)` does with foreign exceptions and with forced unwinding is then decided by the
// same library code as in native frames.
//
//   encodeInvokeStubs()   inert bytes: code, `.eh_frame` section, LSDA, for all invokes of one function
//   placeInvokeStubs()    fills in addresses and writes the bytes where they belong
//   installInvokeStubs()  both, in the program's code space, and makes the unwinder know them
//   removeInvokeStubs()   takes all back
//
// A stub's code depends on nothing but the clauses, so sites with equal clauses share one; a function with thousands of
// invokes usually has a handful of stubs.
//
// `resume` needs no stub: the interpreter calls the program's `void _Unwind_Resume(void* exception)`, found by name in
// the process like any function of the program, with the exception that the stub returned. It goes on with the
// unwinding from the caller's frame outwards and does not return. It is called where the stub was called, not below a
// stub of the same invocation of the function (inside `perform`), which would be found again. The frame that calls both
// must have no handler of its own: a C++ handler remembers the call at which the search found it, and would be entered
// as if that call had thrown.
//
// Thread-safety: encoding is pure; a placed stub is constant and may be used by all threads. No LLVM headers in here.
// Sources: Itanium C++ ABI, Exception Handling; LSB 5.0 Core, 10.6 (.eh_frame) and `.gcc_except_table`; DWARF 5, 6.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "code/CodeSpace.h"
#include "code/Lsda.h"
#include "kiln/Error.h"

namespace kiln {

class UnwindRegistry;

/// What a `landingpad` yields. No exception: the call returned.
struct LandingResult {
  void* exception = nullptr;
  /// 1 + index of the caught type; 0 for a cleanup; negative, sign-extended, for a filter. The upper half belongs to no
  /// value: the landingpad's second field is an i32.
  std::uint64_t selector = 0;
};

/// Calls `perform(argument)`. An exception that leaves `perform` and that the site's clauses ask for is returned; any
/// other goes on to the stub's caller. Frames of the runtime that an exception may cross (`perform`, what it calls, and
/// the callers of stubs) must have unwind tables and nothing to run: no destructors, no `noexcept`, no locks held. A
/// host may have a C++ runtime linked in, as the command has; its landing pads would resume in its own unwinder, which
/// does not know the program's frames, and abort. Sources compiled with -fno-exceptions have no landing pads.
using InvokeStub = LandingResult (*)(void* argument, void (*perform)(void* argument));

/// Stubs without addresses.
struct InvokeStubs {
  std::vector<std::byte> code;
  std::vector<std::byte> unwind; ///< `.eh_frame` with its terminator; two fields are zero until placed
  std::vector<std::byte> lsda;
  std::vector<std::uint32_t> entries; ///< for each site, its stub's offset in `code`
  std::uint32_t codeField = 0;        ///< where in `unwind` the distance to `code` goes, and
  std::uint32_t lsdaField = 0;        ///< to `lsda`
};

inline constexpr std::size_t kInvokeStubBytes = 16;

/// Encodes the stubs for `sites`. `types` are the addresses of the type descriptions (C++: std::type_info), 0 for
/// `catch (...)`; the function's answer to `llvm.eh.typeid.for` must be 1 + index. `personality` is the address of the
/// function's personality. Takes time and room linear in the clauses.
InvokeStubs encodeInvokeStubs(std::span<const InvokeSite> sites, std::span<const std::uintptr_t> types,
                              std::uintptr_t personality);

/// Bytes behind the code that placeInvokeStubs() fills: the unwind section, then the LSDA.
std::size_t invokeTableBytes(const InvokeStubs& stubs);

/// Writes the stubs to `code` (aligned to kInvokeStubBytes) and `tables` (aligned to 8). Both lie within 2 GiB.
void placeInvokeStubs(const InvokeStubs& stubs, const CodeSpan& code, const CodeSpan& tables);

/// Stubs that can be called.
struct InstalledStubs {
  std::vector<InvokeStub> stubs; ///< one per site
  CodeSpan code;
  CodeSpan tables; ///< begins with the unwind section
};

/// Encodes the stubs, places them, and registers their unwind section. Fails with CodeSpaceFull and leaves nothing.
Result<InstalledStubs> installInvokeStubs(CodeSpace& space, UnwindRegistry& unwind, std::span<const InvokeSite> sites,
                                          std::span<const std::uintptr_t> types, std::uintptr_t personality);

/// Takes the stubs back. No thread may be inside one, nor handle an exception that one returned: the C++ runtime reads
/// the filters again when the program's handler for violated exception specifications throws.
void removeInvokeStubs(CodeSpace& space, UnwindRegistry& unwind, const InstalledStubs& installed);

} // namespace kiln

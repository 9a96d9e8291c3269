// The invoke stubs of a program, shared by its functions.
//
// A stub depends on its clauses alone, and the same few (a cleanup; `catch (...)`; a cleanup before `std::exception`)
// return in function after function. One stub for each saves code, and above all registrations with the unwinder: with
// a table per function, each registration, and the first throw after it, would pass over thousands (measured: 75 us a
// function at 16,000 functions without a throw, 175 us with; a shared stub costs 1 us).
//
// To be shared, a stub numbers the types of its own clauses only. Its positive selectors are indices into
// SharedStub::types, from 1; the interpreter translates them at the landing pad.
//
// Stubs live as long as the pool: none is taken back while a frame, or an exception that came through it, may refer to
// it. Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "interp/InvokeStubs.h"

namespace kiln {

/// A stub and what its selectors mean in the function that asked for it.
struct SharedStub {
  InvokeStub stub = nullptr;
  /// Selector s > 0 stands for type types[s - 1] of the function's list.
  std::vector<std::uint32_t> types;

  /// The selector that installInvokeStubs() would have given for `landing`: 1 + index in the function's list.
  std::int32_t selectorOf(const LandingResult& landing) const {
    auto selector = static_cast<std::int32_t>(landing.selector);
    return selector > 0 ? static_cast<std::int32_t>(types[static_cast<std::size_t>(selector) - 1]) + 1 : selector;
  }
};

class InvokeStubPool {
public:
  /// Both must outlive the pool.
  InvokeStubPool(CodeSpace& space, UnwindRegistry& unwind) : space_(space), unwind_(unwind) {}
  ~InvokeStubPool();
  InvokeStubPool(const InvokeStubPool&) = delete;
  InvokeStubPool& operator=(const InvokeStubPool&) = delete;

  /// The stub for a site; arguments as in encodeInvokeStubs(). Fails with CodeSpaceFull.
  Result<SharedStub> stubFor(const InvokeSite& site, std::span<const std::uintptr_t> types, std::uintptr_t personality);

  /// How many stubs there are.
  std::size_t size() const;
  /// Held around fork(), so that the book is whole in the child.
  std::mutex& forkLock() { return mutex_; }

private:
  CodeSpace& space_;
  UnwindRegistry& unwind_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, InstalledStubs> stubs_; // by what a stub is made from
};

} // namespace kiln

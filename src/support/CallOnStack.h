// Runs a function on another stack.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "kiln/Error.h"

namespace kiln {

/// Memory for a stack with a guard page below. Pages are taken from the system as they are touched.
class Stack {
public:
  static Result<std::unique_ptr<Stack>> create(std::size_t bytes);
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  void* top() const { return static_cast<char*>(base_) + bytes_; }

private:
  Stack(void* base, std::size_t bytes) : base_(base), bytes_(bytes) {}
  void* base_;
  std::size_t bytes_;
};

/// Calls `body()` with the stack pointer on `stack`, which nothing else may be using. A compiler needs far more stack
/// than a guest thread may have left. `body` must not throw. Under sanitizers, which follow the stack themselves, the
/// call happens in place.
void callOnStack(Stack& stack, void (*body)(void*), void* argument);

template <typename Body> void callOnStack(Stack& stack, Body&& body) {
  callOnStack(stack, [](void* self) { (*static_cast<std::remove_reference_t<Body>*>(self))(); }, &body);
}

} // namespace kiln

#include "support/CallOnStack.h"

#include <sys/mman.h>

#include "support/RuntimeMarks.h"

extern "C" void kiln_call_on_stack(void (*body)(void*), void* argument, void* top);

namespace kiln {

Result<std::unique_ptr<Stack>> Stack::create(std::size_t bytes) {
  constexpr std::size_t guard = 4096;
  void* base = mmap(nullptr, bytes + guard, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (base == MAP_FAILED)
    return fail(ErrorCode::SystemError, "cannot map a stack for compiling");
  mprotect(base, guard, PROT_NONE);
  markRuntimeStack(base, bytes + guard);
  return std::unique_ptr<Stack>(new Stack(base, bytes + guard));
}

Stack::~Stack() {
  unmarkRuntimeStack(base_);
  munmap(base_, bytes_);
}

void callOnStack(Stack& stack, void (*body)(void*), void* argument) {
#ifdef KILN_SANITIZED
  body(argument);
#else
  kiln_call_on_stack(body, argument, stack.top());
#endif
}

} // namespace kiln

#pragma once

#include <pthread.h>
#include <signal.h>

namespace kiln {

/// Blocks all signals of this thread while it lives, so that no handler of the program can enter the runtime while
/// the runtime holds a lock on the same thread. Signals that are raised by faults are not held back by the kernel.
class SignalBlock {
public:
  SignalBlock() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old_);
  }
  ~SignalBlock() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;

  /// What was blocked before.
  const sigset_t& before() const { return old_; }

private:
  sigset_t old_;
};

} // namespace kiln

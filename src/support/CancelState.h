// A thread of the program that is in the runtime, where it does not expect to be cancelled.
#pragma once

#include <pthread.h>

namespace kiln {

/// Cancellation is off until restore(); not a destructor, for a thread that is cancelled unwinds from there.
class CancelState {
public:
  CancelState() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_); }
  CancelState(const CancelState&) = delete;
  CancelState& operator=(const CancelState&) = delete;

  /// What came meanwhile is acted on now if the thread may be cancelled anywhere. glibc does so when cancellation is
  /// switched on, but forgets (2.36) that such a thread's result is PTHREAD_CANCELED; it does not where the type is
  /// set.
  void restore() const {
    if (state_ != PTHREAD_CANCEL_ENABLE)
      return;
    int type = 0;
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
    if (type != PTHREAD_CANCEL_DEFERRED)
      pthread_setcanceltype(type, nullptr);
  }

private:
  int state_ = PTHREAD_CANCEL_ENABLE;
};

} // namespace kiln

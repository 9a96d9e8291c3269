// fork() in a program: the locks are held from prepareFork() until one of the other two.
#include "engine/ProgramCore.h"

namespace kiln {

void ProgramCore::prepareFork() {
  if (std::mutex* names = namesForkLock())
    names->lock();
  foreground_.lock();
  install_.lock();
  interpreter_->stubLock().lock();
  retirement_->forkLock().lock();
  assumptions_->forkLock().lock();
  if (profile_)
    profile_->forkLock().lock();
  if (cache_)
    cache_->prepareFork();
  space_->expectChild();
  if (names_)
    names_->prepareFork();
  if (recorder_)
    recorder_->prepareFork();
}

/// Those that prepareFork() took of the program itself, the last first.
void ProgramCore::unlockAfterFork() {
  if (profile_)
    profile_->forkLock().unlock();
  assumptions_->forkLock().unlock();
  retirement_->forkLock().unlock();
  interpreter_->stubLock().unlock();
  install_.unlock();
  foreground_.unlock();
  if (std::mutex* names = namesForkLock())
    names->unlock();
}

void ProgramCore::parentAfterFork() {
  if (recorder_)
    recorder_->parentAfterFork();
  if (names_)
    names_->parentAfterFork();
  if (cache_)
    cache_->parentAfterFork();
  unlockAfterFork();
}

void ProgramCore::childAfterFork() {
  space_->privatise();
  if (recorder_)
    recorder_->childAfterFork();
  if (names_)
    names_->childAfterFork();
  if (cache_)
    cache_->childAfterFork();
  forked_ = true;
  installing_.store(false, std::memory_order_relaxed);
  unlockAfterFork();
}

} // namespace kiln

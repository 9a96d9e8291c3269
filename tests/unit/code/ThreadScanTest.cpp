// Threads inside fake code, at the moment they are looked at. The code is machine code of ours in a mapping of its own.
#include "code/ThreadScan.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <thread>

#include "code/ThreadView.h"
#include "support/CallOnStack.h"
#include "support/RuntimeMarks.h"

namespace kiln {
namespace {

TEST(SpanSetTest, FindsTheSpanOfAWord) {
  const AddressSpan spans[] = {{0x7000, 0x7010}, {0x1000, 0x1001}, {0x7010, 0x9800}};
  SpanSet set(spans);
  EXPECT_EQ(set.find(0x7000), 0u);
  EXPECT_EQ(set.find(0x700f), 0u);
  EXPECT_EQ(set.find(0x7010), 2u);
  EXPECT_EQ(set.find(0x8800), 2u);
  EXPECT_EQ(set.find(0x97ff), 2u);
  EXPECT_EQ(set.find(0x1000), 1u);
  for (std::uintptr_t word : {0x0ul, 0x1001ul, 0x6ffful, 0x9800ul, ~0ul, 0x7000ul << 16})
    EXPECT_EQ(set.find(word), SpanSet::npos) << word;
}

#ifndef KILN_SANITIZED // the sanitizers' signal handling delays ours; what is inside is theirs to decide

using Callee = void (*)(void*);

/// A page of code: `relay(callee, argument)` calls on, so that its return address is on the stack; `spin(flag)` runs
/// until the byte is not zero, with no address of its own anywhere but in the program counter.
class FakeCode {
public:
  FakeCode() {
    auto* page =
        static_cast<unsigned char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    const unsigned char relay[] = {0x48, 0x83, 0xec, 0x08, 0x48, 0x89, 0xf8,
                                   0x48, 0x89, 0xf7,                               // sub rsp,8; rax=rdi; rdi=rsi
                                   0xff, 0xd0, 0x48, 0x83, 0xc4, 0x08, 0xc3};      // call rax; add rsp,8; ret
    const unsigned char spin[] = {0xf3, 0x90, 0x80, 0x3f, 0x00, 0x74, 0xf9, 0xc3}; // pause; cmp byte[rdi],0; je -7; ret
    memcpy(page, relay, sizeof relay);
    memcpy(page + 64, spin, sizeof spin);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
    hidden_ = ~reinterpret_cast<std::uintptr_t>(page);
  }
  ~FakeCode() { munmap(reinterpret_cast<void*>(at()), 4096); }
  [[gnu::noinline]] void relay(Callee callee, void* argument) const {
    reinterpret_cast<void (*)(Callee, void*)>(at())(callee, argument);
  }
  [[gnu::noinline]] void spin(std::atomic<char>* stop) const {
    reinterpret_cast<void (*)(std::atomic<char>*)>(at() + 64)(stop);
  }
  AddressSpan span() const { return {at(), at() + 128}; }

private:
  std::uintptr_t at() const { return ~hidden_; }
  /// These objects lie on the stacks that are looked at: the address in plain would be found there.
  volatile std::uintptr_t hidden_;
};

template <typename Body> void throughRelay(const FakeCode& code, Body&& body) {
  code.relay([](void* self) { (*static_cast<std::remove_reference_t<Body>*>(self))(); }, &body);
}

[[gnu::noinline]] ScanResult scanFrom(const CallerMark& caller, std::span<const AddressSpan> spans,
                                      ScanSettings settings) {
  return scanThreads(spans, caller, settings);
}
[[gnu::noinline]] ScanResult scan(std::initializer_list<const FakeCode*> codes,
                                  ScanSettings settings = {.milliseconds = 3000}) {
  const CallerMark caller = CallerMark::here();
  std::vector<AddressSpan> spans;
  for (const FakeCode* code : codes)
    spans.push_back(code->span());
  return scanFrom(caller, spans, settings);
}

/// A thread that says when it is where the test wants it, and leaves when told.
class Guest {
public:
  explicit Guest(std::function<void(Guest&)> body) : thread_([this, body = std::move(body)] { body(*this); }) {
    while (!arrived_.load())
      std::this_thread::yield();
    // Just before what it blocks or spins in: give it the time to get there.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ~Guest() { leave(); }
  void arrive() { arrived_.store(true); }
  void block() {
    arrive();
    char byte = 0;
    (void)!read(pipe_[0], &byte, 1);
  }
  void spinIn(const FakeCode& code) {
    arrive();
    code.spin(&stop_);
  }
  void leave() {
    if (!thread_.joinable())
      return;
    stop_.store(1);
    (void)!write(pipe_[1], "x", 1);
    thread_.join();
  }
  pthread_t handle() { return thread_.native_handle(); }
  std::atomic<char> stop_{0};

private:
  struct Pipe {
    int ends[2];
    Pipe() { (void)!::pipe(ends); }
    ~Pipe() { close(ends[0]), close(ends[1]); }
    int operator[](int i) const { return ends[i]; }
  } pipe_;
  std::atomic<bool> arrived_{false};
  std::thread thread_;
};

#define EXPECT_SEEN(result, ...)                                                                                       \
  do {                                                                                                                 \
    ScanResult seen = (result);                                                                                        \
    EXPECT_EQ(seen.obstacle, "");                                                                                      \
    EXPECT_EQ(seen.inside, (std::vector<bool>{__VA_ARGS__}));                                                          \
  } while (false)

TEST(ThreadScanTest, NobodyIsInside) {
  FakeCode code;
  EXPECT_SEEN(scan({&code}), false);
}

TEST(ThreadScanTest, AThreadThatSleepsInACallOfTheCode) {
  FakeCode code, other;
  {
    Guest guest([&](Guest& self) { throughRelay(code, [&] { self.block(); }); });
    EXPECT_SEEN(scan({&code, &other}), true, false);
  }
  EXPECT_SEEN(scan({&code, &other}), false, false);
}

TEST(ThreadScanTest, ASleeperIsNotDisturbed) {
  // poll() returns at any signal, whatever its handler's flags.
  FakeCode code;
  std::atomic<int> polled{1};
  Guest guest([&](Guest& self) {
    throughRelay(code, [&] {
      self.arrive();
      polled = poll(nullptr, 0, 300) == 0 ? 0 : errno;
      self.block();
    });
  });
  for (int i = 0; i < 20; ++i)
    EXPECT_SEEN(scan({&code}), true);
  while (polled == 1)
    std::this_thread::yield();
  EXPECT_EQ(polled, 0);
}

TEST(ThreadScanTest, AThreadThatComputesInTheCode) {
  FakeCode code, other;
  {
    Guest guest([&](Guest& self) { self.spinIn(code); });
    EXPECT_SEEN(scan({&other, &code}), false, true);
  }
  EXPECT_SEEN(scan({&other, &code}), false, false);
}

TEST(ThreadScanTest, AThreadThatComputesElsewhereAndWillReturn) {
  FakeCode code, other;
  {
    Guest guest([&](Guest& self) { throughRelay(code, [&] { self.spinIn(other); }); });
    EXPECT_SEEN(scan({&code}), true);
  }
  EXPECT_SEEN(scan({&code}), false);
}

void descend(int levels, const std::function<void()>& bottom) {
  volatile char frame[1000];
  frame[0] = static_cast<char>(levels);
  if (levels == 0)
    bottom();
  else
    descend(levels - 1, bottom);
  frame[1] = frame[0];
}

TEST(ThreadScanTest, DeepRecursionBelowTheCode) {
  FakeCode sleeping, spinning;
  {
    Guest a([&](Guest& self) { throughRelay(sleeping, [&] { descend(5000, [&] { self.block(); }); }); });
    Guest b([&](Guest& self) {
      throughRelay(spinning, [&] {
        descend(5000, [&] {
          while (!self.stop_)
            self.arrive();
        });
      });
    });
    EXPECT_SEEN(scan({&sleeping, &spinning}), true, true);
  }
  EXPECT_SEEN(scan({&sleeping, &spinning}), false, false);
}

TEST(ThreadScanTest, TheThreadThatLooks) {
  FakeCode code;
  bool inside = false;
  throughRelay(code, [&] { inside = scan({&code}).inside[0]; });
  EXPECT_TRUE(inside);
  EXPECT_SEEN(scan({&code}), false);
}

/// The program's signal handler that a test's thread runs.
std::function<void()> gInHandler;
void runHandler(int) {
  gInHandler();
}

void installHandler(int flags) {
  struct sigaction action{};
  action.sa_handler = runHandler;
  action.sa_flags = flags;
  sigaction(SIGUSR1, &action, nullptr);
}

TEST(ThreadScanTest, InterruptedByAHandler) {
  FakeCode code;
  installHandler(0);
  {
    std::atomic<bool> handling{false};
    Guest guest([&](Guest& self) {
      gInHandler = [&] {
        handling = true;
        self.block();
      };
      self.spinIn(code);
    });
    pthread_kill(guest.handle(), SIGUSR1);
    while (!handling)
      std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_SEEN(scan({&code}), true);
  }
  EXPECT_SEEN(scan({&code}), false);
}

/// A thread in a handler on an alternate stack, on top of the code. `wait` is what it does there.
void onAlternateStack(const FakeCode& code, const std::function<void(Guest&)>& wait,
                      const std::function<void()>& check) {
  installHandler(SA_ONSTACK);
  std::atomic<bool> handling{false};
  Guest guest([&](Guest& self) {
    std::vector<char> memory(64 << 10);
    stack_t alternate{memory.data(), 0, memory.size()}, off{};
    off.ss_flags = SS_DISABLE;
    sigaltstack(&alternate, nullptr);
    gInHandler = [&] {
      handling = true;
      wait(self);
    };
    self.spinIn(code);
    sigaltstack(&off, nullptr);
  });
  pthread_kill(guest.handle(), SIGUSR1);
  while (!handling)
    std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  check();
}

TEST(ThreadScanTest, ComputingOnAnAlternateStack) {
  FakeCode code;
  onAlternateStack(
      code,
      [](Guest& self) {
        while (!self.stop_)
          continue;
      },
      [&] {
        ScanResult seen = scan({&code}, {.milliseconds = 30});
        EXPECT_EQ(seen.obstacle, "a thread is on an alternate signal stack");
        EXPECT_FALSE(seen.foreignStack);
      });
  EXPECT_SEEN(scan({&code}), false);
}

TEST(ThreadScanTest, AsleepOnAnAlternateStack) {
  FakeCode code;
  onAlternateStack(
      code, [](Guest& self) { self.block(); },
      [&] {
        // From outside it looks like any other stack; what the program is known to do decides.
        ScanResult seen = scan({&code}, {.alternateStacks = true, .milliseconds = 30});
        EXPECT_EQ(seen.obstacle, "a thread is on an alternate signal stack");
        EXPECT_FALSE(seen.foreignStack);
        EXPECT_TRUE(scan({&code}, {.milliseconds = 30}).foreignStack);
      });
  EXPECT_SEEN(scan({&code}), false);
}

TEST(ThreadScanTest, AStackOfTheProgramsOwn) {
  FakeCode code;
  for (bool asleep : {true, false}) {
    Guest guest([&](Guest& self) {
      static thread_local ucontext_t back, there;
      static thread_local std::function<void()> body;
      body = [&] { asleep ? self.block() : self.spinIn(code); };
      std::vector<char> memory(256 << 10);
      getcontext(&there);
      there.uc_stack = {memory.data(), 0, memory.size()};
      there.uc_link = &back;
      makecontext(&there, [] { body(); }, 0);
      swapcontext(&back, &there);
    });
    ScanResult seen = scan({&code}, {.milliseconds = 1000});
    EXPECT_TRUE(seen.foreignStack) << asleep;
    EXPECT_EQ(seen.obstacle, "a thread is on a stack that is not its own");
  }
}

TEST(ThreadScanTest, AThreadThatBlocksAllSignals) {
  FakeCode code;
  auto deaf = [](Guest&) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
  };
  {
    Guest guest([&](Guest& self) {
      deaf(self);
      self.spinIn(code);
    });
    EXPECT_EQ(scan({&code}, {.milliseconds = 20}).obstacle, "a thread that computes does not answer");
  }
  Guest guest([&](Guest& self) {
    deaf(self);
    throughRelay(code, [&] { self.block(); });
  });
  EXPECT_SEEN(scan({&code}), true); // while it sleeps it need not answer
}

TEST(ThreadScanTest, TheProgramTakesTheSignal) {
  FakeCode code;
  Guest guest([&](Guest& self) { self.spinIn(code); });
  EXPECT_SEEN(scan({&code}), true); // whichever signal: now one is in use
  struct sigaction theirs{}, old[65];
  theirs.sa_handler = [](int) { abort(); };
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal)
    if (signal != SIGRTMIN + 3)
      sigaction(signal, &theirs, &old[signal]);
  EXPECT_SEEN(scan({&code}), true);
  sigaction(SIGRTMIN + 3, &theirs, nullptr);
  EXPECT_EQ(scan({&code}, {.milliseconds = 20}).obstacle, "no real-time signal is free");
  theirs.sa_handler = SIG_DFL;
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal)
    sigaction(signal, &theirs, nullptr);
}

TEST(ThreadScanTest, ThreadsOfTheRuntimeAreLeftOut) {
  FakeCode code;
  Guest guest([&](Guest& self) {
    RuntimeThread mark;
    self.spinIn(code);
  });
  EXPECT_SEEN(scan({&code}), false);
}

TEST(ThreadScanTest, AThreadOnACompileStack) {
  FakeCode code;
  auto stack = *Stack::create(1 << 20);
  {
    Guest guest([&](Guest& self) { throughRelay(code, [&] { callOnStack(*stack, [&] { self.block(); }); }); });
    ScanResult seen = scan({&code}, {.milliseconds = 20});
    EXPECT_EQ(seen.obstacle, "a thread compiles");
    EXPECT_FALSE(seen.foreignStack);
  }
  EXPECT_SEEN(scan({&code}), false);
}

TEST(ThreadScanTest, AChildMadeByVfork) {
  FakeCode code;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::thread parent([&] {
    pid_t child = vfork();
    if (child == 0) {
      char byte = 0;
      (void)!read(ends[0], &byte, 1);
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(scan({&code}, {.milliseconds = 20}).obstacle, "a child made by vfork runs in this memory");
  (void)!write(ends[1], "x", 1);
  parent.join();
  EXPECT_SEEN(scan({&code}), false);
  close(ends[0]);
  close(ends[1]);
}

TEST(ThreadScanTest, ThreadsThatComeAndGo) {
  FakeCode code;
  std::atomic<bool> stop{false};
  std::vector<std::thread> makers;
  for (int i = 0; i < 3; ++i)
    makers.emplace_back([&] {
      while (!stop)
        std::thread([&] { throughRelay(code, [] { std::this_thread::yield(); }); }).join();
    });
  Guest guest([&](Guest& self) { throughRelay(code, [&] { self.block(); }); });
  int complete = 0;
  for (int i = 0; i < 50; ++i) {
    ScanResult seen = scan({&code}, {.milliseconds = 500});
    EXPECT_FALSE(seen.foreignStack);
    complete += seen.obstacle.empty();
    EXPECT_TRUE(seen.inside[0] || !seen.obstacle.empty());
  }
  EXPECT_GT(complete, 0);
  stop = true;
  for (std::thread& maker : makers)
    maker.join();
}

TEST(ThreadScanTest, InTheChildOfAFork) {
  FakeCode code;
  Guest guest([&](Guest& self) { throughRelay(code, [&] { self.block(); }); });
  pid_t child = fork();
  if (child == 0) {
    forgetThreadScans();
    ScanResult seen = scan({&code});
    _exit(seen.obstacle.empty() && !seen.inside[0] ? 0 : 1); // the thread did not come along
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(ThreadViewTest, ToldFromOutside) {
  Guest asleep([](Guest& self) { self.block(); });
  Guest running([](Guest& self) {
    while (!self.stop_)
      self.arrive();
  });
  EXPECT_EQ(viewThread(1 << 30).state, ThreadView::State::Gone);
  unsigned sleeping = 0, threads = 0;
  for (pid_t thread : listThreads()) {
    ++threads;
    sleeping += thread != gettid() && viewThread(thread).state == ThreadView::State::Asleep;
  }
  EXPECT_EQ(threads, 3u);
  EXPECT_EQ(sleeping, 1u);
}

#endif

} // namespace
} // namespace kiln

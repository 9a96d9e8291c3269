// SIGSEGV and SIGBUS handlers that leave by siglongjmp, hundreds of times, and one that repairs the
// mapping.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static sigjmp_buf back;
static char* page;
static volatile sig_atomic_t repairs;
static void* volatile fault_address;

static void jump(int number, siginfo_t* info, void* context) {
  fault_address = info->si_addr;
  siglongjmp(back, number);
}

static void repair(int number, siginfo_t* info, void* context) {
  repairs++;
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

NOINLINE static int load(const volatile int* p) {
  return *p;
}

NOINLINE static int guarded_load(const int* p) {
  if (sigsetjmp(back, 1))
    return -1;
  return load(p);
}

NOINLINE static int sum_until_fault(const char* p) {
  static volatile int total;
  total = 0;
  if (sigsetjmp(back, 1))
    return total;
  for (;;)
    total += *(const volatile char*)p++;
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = jump;
  sigaction(SIGSEGV, &action, 0);
  sigaction(SIGBUS, &action, 0);
  int good = 5, total = 0;
  for (int i = 0; i < 400; i++)
    total += guarded_load(i % 3 ? &good : (int*)(long)(i * 8));
  printf("%d %p\n", total, (void*)fault_address);

  page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(page, 1, 8192);
  mprotect(page + 4096, 4096, PROT_NONE);
  for (int i = 0; i < 300; i++)
    total += sum_until_fault(page + i);
  printf("%d %d\n", total, (char*)fault_address == page + 4096);

  action.sa_sigaction = repair;
  sigaction(SIGSEGV, &action, 0);
  for (int i = 0; i < 300; i++) {
    mprotect(page, 4096, PROT_READ);
    page[i] = 2;
    total += page[i];
  }
  printf("%d %d\n", total, repairs);
  return 0;
}

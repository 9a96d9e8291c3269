// A 16-byte compare-and-exchange in place, as cmpxchg16b.
// CFLAGS: -mcx16 -Wno-sync-fetch-and-nand-semantics-changed
// NEEDS: cx16
#include <pthread.h>
#include <stdio.h>

typedef unsigned __int128 U;
static _Alignas(16) U shared;

__attribute__((noinline)) static void bump(U by) {
  U old = shared;
  for (;;) {
    U seen = __sync_val_compare_and_swap(&shared, old, old + by);
    if (seen == old)
      return;
    old = seen;
  }
}

static void* work(void* argument) {
  for (int i = 0; i < 3000; i++)
    bump(((U)1 << 64) + 3);
  return argument;
}

int main(void) {
  pthread_t threads[3];
  for (int i = 0; i < 3; i++)
    pthread_create(&threads[i], 0, work, 0);
  for (int i = 0; i < 3; i++)
    pthread_join(threads[i], 0);
  printf("%lu %lu\n", (unsigned long)(shared >> 64), (unsigned long)shared);
  printf("%d\n", __sync_bool_compare_and_swap(&shared, 0, 1));
  U before = __sync_fetch_and_add(&shared, 5);
  printf("%lu %lu\n", (unsigned long)before, (unsigned long)shared);
  return 0;
}

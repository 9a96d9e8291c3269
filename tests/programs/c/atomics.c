// Atomic operations of 1 to 8 bytes, each kind and order, counted by several threads.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS 4
#define ROUNDS 5000

static atomic_uchar a1;
static atomic_ushort a2;
static atomic_uint a4;
static atomic_ulong a8;
static _Atomic(double) real;
static atomic_flag flag = ATOMIC_FLAG_INIT;
static atomic_int ready, turn;
static long guarded;
static _Atomic(int*) cursor;
static int cells[THREADS * ROUNDS + 1];

__attribute__((noinline)) static void add_real(double d) {
  double old = atomic_load_explicit(&real, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(&real, &old, old + d, memory_order_acq_rel,
                                                memory_order_relaxed)) {
  }
}

__attribute__((noinline)) static void locked(void) {
  while (atomic_flag_test_and_set_explicit(&flag, memory_order_acquire))
    sched_yield();
  guarded++;
  atomic_flag_clear_explicit(&flag, memory_order_release);
}

static void* work(void* argument) {
  atomic_fetch_add(&ready, 1);
  while (atomic_load(&ready) < THREADS)
    sched_yield();
  for (int i = 0; i < ROUNDS; i++) {
    atomic_fetch_add_explicit(&a1, 1, memory_order_relaxed);
    atomic_fetch_sub(&a2, 3);
    a4 += 2;
    atomic_fetch_xor(&a8, 1ul << (i % 64));
    add_real(0.5);
    locked();
    *atomic_fetch_add(&cursor, 1) = 1;
    __atomic_fetch_nand(&cells[THREADS * ROUNDS], 1, __ATOMIC_SEQ_CST);
  }
  return argument;
}

__attribute__((noinline)) static unsigned single(unsigned char seed) {
  unsigned h = 0;
  atomic_uchar b = seed;
  atomic_short s = (short)(seed * 3);
  atomic_int i = seed * 5;
  atomic_long l = seed * 7;
  long low = seed;
  unsigned char old = atomic_exchange(&b, (unsigned char)(seed + 1));
  h += old + atomic_fetch_or(&b, 0x11) + atomic_fetch_and(&b, 0x7f) + b;
  h = h * 7 + (unsigned)(atomic_fetch_xor(&s, 0x55) + s);
  int expected = seed;
  h = h * 7 + atomic_compare_exchange_strong(&i, &expected, 1) + (unsigned)expected;
  h = h * 7 + atomic_compare_exchange_strong(&i, &expected, 2) + (unsigned)i;
  h = h * 7 + (unsigned)(__atomic_add_fetch(&low, 5, __ATOMIC_RELEASE) +
                         __atomic_fetch_min(&low, 3, __ATOMIC_SEQ_CST));
  h = h * 7 + (unsigned)(__atomic_fetch_max(&low, 9, __ATOMIC_SEQ_CST) + low) +
      (unsigned)__sync_val_compare_and_swap(&expected, 1, 2) + (unsigned)(l += 3);
  atomic_thread_fence(memory_order_seq_cst);
  atomic_signal_fence(memory_order_seq_cst);
  return h;
}

int main(void) {
  pthread_t threads[THREADS];
  unsigned h = 0;
  cursor = cells;
  for (int i = 0; i < THREADS; i++)
    pthread_create(&threads[i], 0, work, 0);
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], 0);
  long filled = 0;
  for (int i = 0; i < THREADS * ROUNDS; i++)
    filled += cells[i];
  printf("%u %u %u %lx %g %ld %ld\n", a1, a2, a4, (unsigned long)a8, real, guarded, filled);
  for (int i = 0; i < 1000; i++)
    h = h * 31 + single((unsigned char)i);
  printf("%u %d\n", h, atomic_is_lock_free(&a8));
  return 0;
}

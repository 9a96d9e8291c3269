// exit: functions registered with atexit and on_exit run in reverse order, also those registered
// meanwhile.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

static int calls;

static void first(void) {
  printf("first registered, %d calls\n", ++calls);
}
static void late(void) {
  puts("registered during exit");
}
static void second(void) {
  puts("second");
  atexit(late);
}
static void with_status(int status, void* argument) {
  printf("on_exit %d %s\n", status, (const char*)argument);
}
static void third(void) {
  puts("third");
}
__attribute__((destructor)) static void destructor(void) {
  puts("destructor");
}
__attribute__((destructor(101))) static void destructor_101(void) {
  puts("destructor 101");
}
__attribute__((destructor(200))) static void destructor_200(void) {
  puts("destructor 200");
}
__attribute__((constructor)) static void constructor(void) {
  puts("constructor");
}
__attribute__((constructor(101))) static void constructor_101(void) {
  puts("constructor 101");
}
__attribute__((constructor(200))) static void constructor_200(void) {
  puts("constructor 200");
  atexit(third);
}

__attribute__((noinline)) static void leave(int n) {
  if (n == 0)
    exit(33);
  leave(n - 1);
}

int main(void) {
  atexit(first);
  atexit(second);
  on_exit(with_status, "argument");
  for (int i = 0; i < 20; i++)
    atexit(first);
  puts("main");
  leave(500);
  return 0;
}

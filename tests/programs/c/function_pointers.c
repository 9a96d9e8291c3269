// Function pointers: constant and mutable tables, compared, returned, called with casts back, in
// structs and unions.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))
typedef int (*Op)(int, int);

static int add(int a, int b) {
  return a + b;
}
static int sub(int a, int b) {
  return a - b;
}
static int mul(int a, int b) {
  return a * b;
}
static int and_(int a, int b) {
  return a & b;
}
static int xor_(int a, int b) {
  return a ^ b;
}

static const Op constant_table[] = {add, sub, mul, and_, xor_};
static Op mutable_table[5] = {add, add, add, add, add};
static struct {
  const char* name;
  union {
    Op op;
    double (*real)(double);
  } u;
} named[] = {
    {"add", {.op = add}}, {"sin", {.real = sin}}, {"sqrt", {.real = sqrt}}, {"xor", {.op = xor_}}};

NOINLINE static Op choose(int k) {
  return k % 2 ? constant_table[k % 5] : mutable_table[k % 5];
}
NOINLINE static int apply(Op op, int a, int b) {
  return op(a, b);
}
NOINLINE static int twice(int (*f)(Op, int, int), Op op, int a, int b) {
  return f(op, f(op, a, b), b);
}

/* A function that returns a function that returns a function. */
typedef Op (*Chooser)(int);
NOINLINE static Chooser chooser(int k) {
  return choose;
}

static size_t (*const lengths[])(const char*) = {strlen};

int main(void) {
  long total = 0;
  double real = 0;
  for (int i = 0; i < 3000; i++) {
    mutable_table[i % 5] = constant_table[i / 5 % 5];
    total += apply(choose(i), i, i / 2) % 1000;
    total += twice(apply, chooser(i)(i), i, 3) % 1000;
    real += named[1].u.real(i) + named[2].u.real(i);
    total += (long)lengths[0]("hello" + i % 5);
  }
  printf("%ld %.6f\n", total, real);
  int equal = 0;
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 5; j++)
      equal += constant_table[i] == constant_table[j];
  printf("%d %d %d\n", equal, named[0].u.op == add, (void*)abs == (void*)add);
  uintptr_t hidden = (uintptr_t)mul ^ 0x5555;
  printf("%d\n", ((Op)(hidden ^ 0x5555))(6, 7));
  void* generic = (void*)sub;
  printf("%d\n", ((Op)generic)(6, 7));
  return 0;
}

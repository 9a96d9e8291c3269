// Linkage: weak, alias, weak alias, undefined weak, common, hidden, sections, between two files.
// FILES: linkage.part.c
// CFLAGS: -fcommon
#include <stdio.h>

int common_number;
int common_array[100];
int weak_default(void);
int strong_wins(void);
extern int undefined_weak(void) __attribute__((weak));
extern int undefined_datum __attribute__((weak));
extern int aliased_datum;
int set_common(int v);
int hidden_through(int v);

__attribute__((weak)) int weak_only(void) {
  return 1;
}
__attribute__((weak)) int strong_wins(void) {
  return 2;
}
__attribute__((weak)) int weak_number = 5;

int original(int v) {
  return v * 3;
}
int alias(int v) __attribute__((alias("original")));
int weak_alias(int v) __attribute__((weak, alias("original")));
static int static_original(int v) {
  return v + 100;
}
static int static_alias(int v) __attribute__((alias("static_original")));
int datum = 44;
extern int aliased_datum __attribute__((alias("datum")));

/* A section whose bounds the linker provides. */
typedef struct {
  const char* name;
  int value;
} Entry;
#define ENTRY(n, v) static Entry entry_##n __attribute__((used, section("kiln_entries"))) = {#n, v}
ENTRY(one, 1);
ENTRY(two, 2);
ENTRY(three, 3);
extern Entry __start_kiln_entries[], __stop_kiln_entries[];

__attribute__((section(".text.special"), noinline)) static int in_section(int v) {
  return v ^ 9;
}
__attribute__((visibility("hidden"))) int hidden_datum = 6;
__attribute__((visibility("protected"))) int protected_function(int v) {
  return v - 1;
}

int main(void) {
  long total = 0;
  for (int i = 0; i < 500; i++) {
    total += original(i) + alias(i) + weak_alias(i) + static_alias(i) + in_section(i) +
             protected_function(i);
    total += weak_only() + strong_wins() + weak_default() + set_common(i) + hidden_through(i);
    aliased_datum++;
  }
  printf("%ld %d %d %d\n", total, datum, common_number, common_array[99]);
  printf("%d %d %d\n", weak_number, undefined_weak != 0, &undefined_datum != 0);
  int entries = 0, sum = 0;
  for (Entry* e = __start_kiln_entries; e < __stop_kiln_entries; e++) {
    entries++;
    sum += e->value;
  }
  printf("%d %d\n", entries, sum);
  printf("%d %d\n", alias == original, (void*)&aliased_datum == (void*)&datum);
  return 0;
}

// The string functions of the C library, conversions between text and numbers, sscanf, and printf's
// formats.
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define NOINLINE __attribute__((noinline))

NOINLINE static unsigned words(char* text) {
  unsigned h = 0;
  char* rest;
  for (char* w = strtok_r(text, " ,", &rest); w; w = strtok_r(0, " ,", &rest))
    h = h * 31 + (unsigned)strlen(w) * (unsigned char)*w;
  return h;
}
NOINLINE static int is_palindrome(const char* s) {
  const char* e = s + strlen(s);
  while (s < e) {
    while (s < e && !isalpha((unsigned char)*s))
      s++;
    while (s < e && !isalpha((unsigned char)e[-1]))
      e--;
    if (s < e && tolower((unsigned char)*s++) != tolower((unsigned char)*--e))
      return 0;
  }
  return 1;
}
NOINLINE static char* reversed(const char* s) {
  size_t n = strlen(s);
  char* r = malloc(n + 1);
  for (size_t i = 0; i < n; i++)
    r[i] = s[n - 1 - i];
  r[n] = 0;
  return r;
}

int main(void) {
  unsigned h = 0;
  char text[200];
  setlocale(LC_ALL, "C");
  for (int i = 0; i < 400; i++) {
    int length = snprintf(text, sizeof text, "word%d, %x and %5.2f,%-8s|%+d|%08.3e", i, i * i,
                          i / 3.0, "left", -i, i * 1e5);
    h = h * 31 + (unsigned)length + words(text);
    char* r = reversed(text);
    h += (unsigned)strcmp(r, text) % 3 + (unsigned)strspn(r, "abcdw") +
         (unsigned)strcspn(text, "3") + (unsigned)is_palindrome(text);
    free(r);
    snprintf(text, sizeof text, "%d %lf 0x%x %s", i, i * 0.37, i, "tail");
    int a;
    double b;
    unsigned c;
    char d[20];
    h = h * 31 + (unsigned)sscanf(text, "%d %lf %x %19s", &a, &b, &c, d) + (unsigned)a +
        (unsigned)(b * 100 + 0.5) + c;
    h += (unsigned)strtol(text, 0, 10) + (unsigned)strtoul("zz", 0, 36) +
         (unsigned)(strtod("1e-3", 0) * 1000);
  }
  printf("%u\n", h);
  printf("%d %d\n", is_palindrome("A man, a plan, a canal: Panama"), is_palindrome("no"));
  printf("[%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%o|%#o|%c|%%]\n", 42, 42, 42, 42, 42, 255, 255, 255, 8,
         8, 'c');
  printf("[%10.3f|%-10.2e|%g|%G|%a|%.0f|%#.0f|%+.1f]\n", 3.14159, 31415.9, 1e-5, 1e10, 1.0, 2.5,
         2.5, 0.05);
  printf("[%10s|%-10s|%.3s|%*d|%-*d|%.*f]\n", "right", "left", "cut", 6, 1, 6, 2, 3, 1.23456);
  printf("[%hhd|%hd|%ld|%lld|%zu|%td|%jd]\n", (char)300, (short)70000, 1l << 40, 1ll << 50,
         sizeof(int), (ptrdiff_t)-5, (__INTMAX_TYPE__)7);
  printf("[%2$s %1$s]\n", "world", "hello");
  char copy[50] = "start";
  printf("%s %s %s\n", strcat(copy, "+end"), strrchr("a/b/c", '/'), strstr("find me here", "me"));
  printf("%s %d %s\n", strncpy(copy, "xyz", 2), strcasecmp("HeLLo", "hEllO"),
         strpbrk("hello world", "wo"));
  errno = 0;
  long out = strtol("99999999999999999999", 0, 10);
  printf("%ld %d %s\n", out, errno == ERANGE, strerror(ENOENT));
  char *duplicate = strdup("duplicate"), *built;
  printf("%d %s ", asprintf(&built, "%s-%d", duplicate, 5), built);
  free(duplicate);
  free(built);
  wchar_t wide[] = L"wide text";
  printf("%zu %ls\n", wcslen(wide), wide);
  return 0;
}

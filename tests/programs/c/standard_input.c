// Copies standard input to standard output with line numbers, then says how much there was.
// STDIN: first line\nsecond line\n\nlast line without end
#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

__attribute__((noinline)) static void put(int c) {
  putchar(isupper(c) ? tolower(c) : toupper(c));
}

int main(void) {
  int c, lines = 0, letters = 0, start = 1;
  while ((c = getchar()) != EOF) {
    if (start)
      printf("%d: ", ++lines);
    start = c == '\n';
    letters += isalpha(c) != 0;
    put(c);
  }
  printf("\n%d %d %d %d\n", lines, letters, feof(stdin) != 0, isatty(0));
  return 0;
}

// Arguments arrive as given: empty ones, with blanks, options, a double dash, and names that look
// like bitcode.
// ARGS: one "two words" "" --tier O9 -- -x "quo\"te" file.bc "tab	here" ünïcode
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv, char** envp) {
  for (int i = 1; i < argc; i++)
    printf("%d [%s]\n", i, argv[i]);
  printf("%d %d %d\n", argc, argv[argc] == 0, argv[0] != 0 && strlen(argv[0]) > 0);
  argv[1][0] = 'O';
  printf("%s %d\n", argv[1], envp[0] != 0);
  return argc;
}

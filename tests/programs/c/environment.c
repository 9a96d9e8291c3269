// The environment: getenv, setenv, putenv, unsetenv, environ, and that it reaches main's third
// parameter.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char** environ;

__attribute__((noinline)) static int count(const char* prefix) {
  int n = 0;
  for (char** e = environ; *e; e++)
    n += strncmp(*e, prefix, strlen(prefix)) == 0;
  return n;
}

int main(int argc, char** argv, char** envp) {
  char name[30], value[30];
  int wrong = 0;
  printf("%s %s\n", getenv("LC_ALL"), getenv("TZ"));
  printf("%d %d\n", envp == environ, getenv("KILN_NO_SUCH_VARIABLE") == 0);
  for (int i = 0; i < 300; i++) {
    snprintf(name, sizeof name, "KILN_TEST_%d", i);
    snprintf(value, sizeof value, "value %d", i);
    wrong += setenv(name, value, 1);
    wrong += strcmp(getenv(name), value) != 0;
  }
  printf("%d %d\n", wrong, count("KILN_TEST_"));
  static char own[] = "KILN_TEST_OWN=own";
  putenv(own);
  own[14] = 'O';
  printf("%s\n", getenv("KILN_TEST_OWN"));
  for (int i = 0; i < 300; i += 2) {
    snprintf(name, sizeof name, "KILN_TEST_%d", i);
    unsetenv(name);
  }
  printf("%d\n", count("KILN_TEST_"));
  clearenv();
  printf("%d\n", environ == 0 || *environ == 0);
  return 0;
}

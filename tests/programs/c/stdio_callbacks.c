// More callbacks out of the C library: fopencookie, scandir, nftw, a printf conversion of the
// program's own.
#define _GNU_SOURCE
#include <dirent.h>
#include <ftw.h>
#include <printf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t written;
static ssize_t shout(void* cookie, const char* text, size_t n) {
  for (size_t i = 0; i < n; i++)
    putchar(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
  written += n;
  return (ssize_t)n;
}
static ssize_t count_up(void* cookie, char* buffer, size_t n) {
  int* next = cookie;
  if (*next > 5000)
    return 0;
  return snprintf(buffer, n, "%d\n", (*next)++);
}
static int closed;
static int close_it(void* cookie) {
  return closed++, 0;
}

static int files, folders;
static int visit(const char* path, const struct stat* info, int type, struct FTW* where) {
  if (type == FTW_F)
    files++;
  if (type == FTW_DP)
    folders++;
  return remove(path);
}
static int only_b(const struct dirent* e) {
  return e->d_name[0] == 'b';
}
static int backwards(const struct dirent** a, const struct dirent** b) {
  return strcmp((*b)->d_name, (*a)->d_name);
}

static int print_pair(FILE* out, const struct printf_info* info, const void* const* arguments) {
  const int* pair = **(const int* const* const*)arguments;
  return fprintf(out, "<%d;%d>", pair[0], pair[1]);
}
static int pair_arguments(const struct printf_info* info, size_t n, int* types, int* sizes) {
  if (n > 0)
    types[0] = PA_POINTER;
  return 1;
}

int main(void) {
  FILE* out = fopencookie(0, "w", (cookie_io_functions_t){.write = shout, .close = close_it});
  for (int i = 0; i < 3; i++)
    fprintf(out, "line %d\n", i);
  fclose(out);
  int next = 1;
  FILE* in = fopencookie(&next, "r", (cookie_io_functions_t){.read = count_up, .close = close_it});
  long sum = 0;
  int value;
  while (fscanf(in, "%d", &value) == 1)
    sum += value;
  fclose(in);
  printf("%zu %ld %d\n", written, sum, closed);

  char folder[300], path[400];
  snprintf(folder, sizeof folder, "%s/kiln-callbacks-XXXXXX",
           getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
  if (!mkdtemp(folder))
    return 1;
  for (int i = 0; i < 20; i++) {
    snprintf(path, sizeof path, "%s/%c%d", folder, "ab"[i % 2], i);
    if (i % 5 == 0)
      mkdir(path, 0755);
    else
      fclose(fopen(path, "w"));
  }
  struct dirent** entries;
  int n = scandir(folder, &entries, only_b, backwards);
  for (int i = 0; i < n; i++) {
    printf("%s ", entries[i]->d_name);
    free(entries[i]);
  }
  free(entries);
  nftw(folder, visit, 10, FTW_DEPTH | FTW_PHYS);
  printf("%d %d\n", files, folders);
  int pair[2] = {3, 4};
  register_printf_specifier('Q', print_pair, pair_arguments);
  const char* volatile format = "%Q and %Q\n";
  printf(format, pair, pair);
  return 0;
}

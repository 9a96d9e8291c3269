/* Sieve of Eratosthenes on bytes: strided stores and a counting scan.
 * Arguments: LIMIT REPS. */
#include <string.h>

#include "rep.h"

static uint64_t sieve(unsigned char *composite, long limit) {
  memset(composite, 0, (size_t)limit + 1);
  for (long i = 2; i * i <= limit; i++) {
    if (composite[i]) continue;
    for (long j = i * i; j <= limit; j += i) composite[j] = 1;
  }
  uint64_t count = 0, sum = 0;
  for (long i = 2; i <= limit; i++) {
    if (composite[i]) continue;
    count++;
    sum += (uint64_t)i;
  }
  return rep_fold(count, sum);
}

int main(int argc, char **argv) {
  const long limit = rep_arg(argc, argv, 1, 1000000, 1000000000);
  const long reps = rep_arg(argc, argv, 2, 700, 1000000);
  unsigned char *composite = rep_alloc((size_t)limit + 1);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, sieve(composite, rep_opaque(limit)));
    rep_end(i, begin);
  }
  printf("sieve %016llx\n", (unsigned long long)sum);
  free(composite);
  return 0;
}

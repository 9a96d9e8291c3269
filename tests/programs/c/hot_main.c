// One call of one function with nested hot loops: only replacing code under a running activation
// makes it fast.
#include <stdio.h>

int main(void) {
  static unsigned char sieve[200001];
  unsigned count = 0, h = 0;
  for (unsigned i = 2; i <= 200000; i++) {
    if (sieve[i])
      continue;
    count++;
    for (unsigned long k = (unsigned long)i * i; k <= 200000; k += i)
      sieve[k] = 1;
  }
  double x = 0.5, smooth = 0;
  long steps = 0;
  for (int i = 1; i < 300; i++) {
    int n = i;
    do {
      n = n & 1 ? 3 * n + 1 : n / 2;
      steps++;
      for (int j = 0; j < (n & 7); j++) {
        h = h * 31 + (unsigned)(j ^ n);
        if (h % 97 == 0)
          break;
        if (h % 5 == 0)
          continue;
        x = 3.7 * x * (1 - x);
        smooth += (x - smooth) / 16;
      }
    } while (n != 1);
  }
  int matrix[12][12], product[12][12];
  for (int round = 0; round < 60; round++) {
    for (int i = 0; i < 12; i++)
      for (int j = 0; j < 12; j++)
        matrix[i][j] = (i * j + round) % 17;
    for (int i = 0; i < 12; i++)
      for (int j = 0; j < 12; j++) {
        int s = 0;
        for (int k = 0; k < 12; k++)
          s += matrix[i][k] * matrix[k][j];
        product[i][j] = s;
      }
    h = h * 31 + (unsigned)product[3][7];
  }
  printf("%u %u %ld %.9f\n", count, h, steps, smooth);
  return 0;
}

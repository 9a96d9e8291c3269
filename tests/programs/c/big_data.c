// 100 MB of zero-initialised data, sparsely touched; large initialised tables; pointers among
// globals.
#include <stdio.h>
#include <string.h>

static char huge[100 << 20];
long far_apart[4 << 20];
static const char* const words[] = {"alpha", "beta", "gamma", "delta"};
static struct Node {
  struct Node* next;
  const char* const* word;
  int (*call)(int);
} nodes[3];
static int negate(int v) {
  return -v;
}
static struct Node nodes[3] = {
    {&nodes[1], &words[2], negate}, {&nodes[2], words, negate}, {nodes, words + 3, negate}};
static int* const inside = (int*)(huge + (50 << 20));
static const unsigned short table[5000] = {[0] = 1, [4999] = 65535, [2500] = 7, [100 ... 199] = 3};
static long difference = (long)sizeof words / (long)sizeof *words;

__attribute__((noinline)) static void touch(unsigned i) {
  huge[i * 2654435761u % sizeof huge]++;
  far_apart[i * 40503u % (4u << 20)] += i;
}

int main(void) {
  for (unsigned i = 0; i < 3000; i++)
    touch(i);
  long total = 0;
  for (unsigned i = 0; i < 3000; i++)
    total += huge[i * 2654435761u % sizeof huge] + far_apart[i * 40503u % (4u << 20)];
  *inside += 5;
  printf("%ld %d %ld\n", total, *inside, difference);
  struct Node* n = nodes;
  for (int i = 0; i < 7; i++) {
    printf("%s ", *n->word);
    total += n->call(i);
    n = n->next;
  }
  unsigned sum = 0;
  for (int i = 0; i < 5000; i++)
    sum += table[i];
  printf("%u %ld\n", sum, total);
  return 0;
}

/* Builds and tears down binary trees with one malloc per node: measures calls
 * into the C library and pointer chasing.  Arguments: DEPTH REPS. */
#include "rep.h"

struct node {
  struct node *left, *right;
  long label;
};

static struct node *grow(long depth, long label) {
  struct node *node = rep_alloc(sizeof *node);
  node->label = label;
  if (depth > 0) {
    node->left = grow(depth - 1, 2 * label);
    node->right = grow(depth - 1, 2 * label + 1);
  }
  return node;
}

static uint64_t weigh(const struct node *node) {
  if (node->left == NULL) return (uint64_t)node->label;
  return (uint64_t)node->label + weigh(node->left) * 3 + weigh(node->right);
}

static void fell(struct node *node) {
  if (node == NULL) return;
  fell(node->left);
  fell(node->right);
  free(node);
}

static uint64_t forest(long depth) {
  uint64_t sum = 0;
  struct node *kept = grow(depth, 1);
  /* Many shallow trees while a deep one is alive, so that the allocator
   * works on a fragmented heap. */
  for (long small = 2; small < depth; small += 2) {
    for (long i = 0; i < (1L << (depth - small)); i++) {
      struct node *tree = grow(small, i);
      sum = rep_fold(sum, weigh(tree));
      fell(tree);
    }
  }
  sum = rep_fold(sum, weigh(kept));
  fell(kept);
  return sum;
}

int main(int argc, char **argv) {
  const long depth = rep_arg(argc, argv, 1, 17, 28);
  const long reps = rep_arg(argc, argv, 2, 34, 1000000);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, forest(rep_opaque(depth)));
    rep_end(i, begin);
  }
  printf("binary_trees %016llx\n", (unsigned long long)sum);
  return 0;
}

/* Linked structures: a shuffled list walked and reversed, and breadth-first
 * searches through a random graph of adjacency lists; bound by load latency.
 * Arguments: NODES REPS. */
#include "rep.h"

struct edge {
  struct node *to;
  struct edge *next;
};

struct node {
  struct node *next;  /* the list through all nodes */
  struct edge *edges;
  long distance;      /* from the start of the current search, -1 unreached */
  uint64_t label;
};

struct graph {
  struct node *nodes, **queue, *head;
  struct edge *edges;
  long count;
};

enum { DEGREE = 3 };

static void make_graph(struct graph *graph, long count) {
  uint64_t seed = 88172645463325252u;
  graph->count = count;
  graph->nodes = rep_alloc((size_t)count * sizeof *graph->nodes);
  graph->queue = rep_alloc((size_t)count * sizeof *graph->queue);
  graph->edges = rep_alloc((size_t)count * DEGREE * sizeof *graph->edges);
  for (long i = 0; i < count; i++) graph->queue[i] = &graph->nodes[i];
  for (long i = count - 1; i > 0; i--) {
    const long other = (long)(rep_random(&seed) % (uint64_t)(i + 1));
    struct node *swap = graph->queue[i];
    graph->queue[i] = graph->queue[other];
    graph->queue[other] = swap;
  }
  for (long i = 0; i < count; i++) {
    struct node *node = graph->queue[i];
    node->next = i + 1 < count ? graph->queue[i + 1] : NULL;
    node->label = rep_random(&seed);
    for (int j = 0; j < DEGREE; j++) {
      struct edge *edge = &graph->edges[i * DEGREE + j];
      edge->to = &graph->nodes[rep_random(&seed) % (uint64_t)count];
      edge->next = node->edges;
      node->edges = edge;
    }
  }
  graph->head = graph->queue[0];
}

static uint64_t walk_list(const struct node *node) {
  uint64_t sum = 0;
  for (; node != NULL; node = node->next) sum = sum * 33 + node->label;
  return sum;
}

static struct node *reverse_list(struct node *node) {
  struct node *done = NULL;
  while (node != NULL) {
    struct node *next = node->next;
    node->next = done;
    done = node;
    node = next;
  }
  return done;
}

static uint64_t search(struct graph *graph, struct node *start) {
  for (long i = 0; i < graph->count; i++) graph->nodes[i].distance = -1;
  long first = 0, last = 0;
  uint64_t sum = 0;
  start->distance = 0;
  graph->queue[last++] = start;
  while (first < last) {
    const struct node *node = graph->queue[first++];
    sum += (uint64_t)node->distance * node->label;
    for (const struct edge *edge = node->edges; edge != NULL; edge = edge->next) {
      if (edge->to->distance >= 0) continue;
      edge->to->distance = node->distance + 1;
      graph->queue[last++] = edge->to;
    }
  }
  return rep_fold(sum, (uint64_t)last);
}

static uint64_t visit(struct graph *graph, long starts) {
  uint64_t sum = walk_list(graph->head);
  graph->head = reverse_list(graph->head);
  for (long i = 0; i < starts; i++)
    sum = rep_fold(sum, search(graph, &graph->nodes[i * 7919 % graph->count]));
  return rep_fold(sum, walk_list(graph->head));
}

int main(int argc, char **argv) {
  const long count = rep_arg(argc, argv, 1, 20000, 10000000);
  const long reps = rep_arg(argc, argv, 2, 30, 1000000);
  struct graph graph = {0};
  make_graph(&graph, count);
  uint64_t sum = 1;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    sum = rep_fold(sum, visit(&graph, rep_opaque(150)));
    rep_end(i, begin);
  }
  printf("graph_walk %016llx\n", (unsigned long long)sum);
  free(graph.nodes);
  free(graph.queue);
  free(graph.edges);
  return 0;
}

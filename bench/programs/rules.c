/* A small rule machine that decides over events: the rules are tables of
 * byte code in the program, which one is used is chosen at run time, as in
 * packet filters, pricing rules and protocol tables.
 * Arguments: RULES (1 transport, 2 alarm) EVENTS REPS. */
#include "rep.h"

enum op { FIELD, NUMBER, AND, ADD, SHIFT, LESS, SAME, UNLESS, GO, ACCEPT, REJECT, MULTIPLY, SWAP, COPY };

struct rule {
  uint8_t op, to;
  uint16_t way; /* where to go on */
  uint32_t number;
};

struct event {
  uint32_t field[8];
};

/* Fields: 0 kind, 1 from, 2 to, 3 length, 4 flags, 5 time. */
static const struct rule transport[] = {
    {FIELD, 0, 0, 0},   {NUMBER, 1, 0, 6},    {SAME, 0, 0, 1},       {UNLESS, 0, 16, 0},  /* 0: kind 6? */
    {FIELD, 0, 0, 2},   {NUMBER, 1, 0, 1024}, {LESS, 0, 0, 1},       {UNLESS, 0, 12, 0},  /* 4: a low port */
    {FIELD, 2, 0, 4},   {NUMBER, 1, 0, 2},    {AND, 2, 0, 1},        {UNLESS, 2, 15, 0},  /* 8: flag 2 */
    {FIELD, 0, 0, 3},   {NUMBER, 1, 0, 1400}, {LESS, 0, 0, 1},       {GO, 0, 27, 0},      /* 12: short? */
    {FIELD, 0, 0, 0},   {NUMBER, 1, 0, 17},   {SAME, 0, 0, 1},       {UNLESS, 0, 29, 0},  /* 16: kind 17? */
    {FIELD, 0, 0, 1},   {FIELD, 1, 0, 2},     {ADD, 0, 0, 1},        {NUMBER, 1, 0, 5},   /* 20: a mix of ports */
    {SHIFT, 0, 0, 1},   {NUMBER, 1, 0, 900},  {LESS, 0, 0, 1},       {UNLESS, 0, 29, 0},  /* 24 */
    {ACCEPT, 0, 0, 1},  {REJECT, 0, 0, 0},
};

static const struct rule alarm[] = {
    {FIELD, 0, 0, 5},   {NUMBER, 1, 0, 0xff}, {AND, 0, 0, 1},        {NUMBER, 1, 0, 200},  /* 0: the hour */
    {LESS, 0, 0, 1},    {UNLESS, 0, 14, 0},   {FIELD, 0, 0, 3},      {FIELD, 1, 0, 4},     /* 4 */
    {MULTIPLY, 0, 0, 1}, {NUMBER, 1, 0, 7},   {SHIFT, 0, 0, 1},      {NUMBER, 1, 0, 4000}, /* 8: a weighted size */
    {LESS, 0, 0, 1},    {UNLESS, 0, 17, 0},   {FIELD, 0, 0, 1},      {FIELD, 1, 0, 2},     /* 12 */
    {SAME, 0, 0, 1},    {UNLESS, 0, 19, 0},   {ACCEPT, 0, 0, 2},     {REJECT, 0, 0, 0},    /* 16 */
};

/* The number that the rules end with. */
static uint32_t decide(const struct rule *rules, const struct event *event) {
  uint32_t r[4] = {0, 0, 0, 0};
  for (uint32_t at = 0;;) {
    const struct rule *rule = &rules[at++];
    uint32_t *to = &r[rule->to & 3];
    const uint32_t other = r[rule->number & 3];
    switch ((enum op)rule->op) {
      case FIELD: *to = event->field[rule->number & 7]; break;
      case NUMBER: *to = rule->number; break;
      case AND: *to &= other; break;
      case ADD: *to += other; break;
      case MULTIPLY: *to *= other; break;
      case SHIFT: *to >>= other & 31; break;
      case LESS: *to = *to < other; break;
      case SAME: *to = *to == other; break;
      case COPY: *to = other; break;
      case SWAP: r[rule->number & 3] = *to; *to = other; break;
      case UNLESS: if (*to == 0) at = rule->way; break;
      case GO: at = rule->way; break;
      case ACCEPT: return rule->number;
      case REJECT: return 0;
    }
  }
}

int main(int argc, char **argv) {
  static const struct rule *const all[] = {transport, alarm};
  const struct rule *rules = all[rep_arg(argc, argv, 1, 1, 2) - 1];
  const long count = rep_arg(argc, argv, 2, 100000, 10000000), reps = rep_arg(argc, argv, 3, 100, 1000000);
  struct event *events = rep_alloc((size_t)count * sizeof *events);
  uint64_t seed = 88172645463325252u, sum = 1;
  for (long i = 0; i < count; i++) {
    const uint64_t draw = rep_random(&seed);
    events[i] = (struct event){{draw % 3 == 0 ? 6 : draw % 3 == 1 ? 17 : 1, (draw >> 8) & 0xffff, (draw >> 24) & 0x7ff,
                               (draw >> 36) % 1600, (draw >> 48) & 15, (uint32_t)(draw >> 52), 0, 0}};
  }
  for (long r = 0; r < reps; r++) {
    const uint64_t begin = rep_begin();
    uint64_t accepted = 0;
    for (long i = 0; i < count; i++) accepted += decide(rules, &events[i]);
    sum = rep_fold(sum, accepted);
    rep_end(r, begin);
    events[r % count].field[3] ^= 64;
  }
  printf("rules %016llx\n", (unsigned long long)sum);
  return 0;
}

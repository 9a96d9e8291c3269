/* Gravity between a handful of bodies: floating point with square roots and
 * divisions in a doubly nested loop over a small array of structs.
 * Arguments: STEPS REPS. */
#include <math.h>

#include "rep.h"

enum { BODIES = 6 };

struct body {
  double place[3], speed[3], mass;
};

/* Softening keeps close encounters finite, so that the result stays stable. */
static const double softening = 0.01;

static void set_up(struct body *bodies) {
  uint64_t seed = 2463534242u;
  for (int i = 0; i < BODIES; i++) {
    for (int axis = 0; axis < 3; axis++) {
      bodies[i].place[axis] = (double)(rep_random(&seed) % 2000) / 100.0 - 10.0;
      bodies[i].speed[axis] = (double)(rep_random(&seed) % 2000) / 1000.0 - 1.0;
    }
    bodies[i].mass = (double)(rep_random(&seed) % 100 + 1) / 10.0;
  }
}

static void attract(struct body *a, struct body *b, double step) {
  double gap[3], square = softening;
  for (int axis = 0; axis < 3; axis++) {
    gap[axis] = b->place[axis] - a->place[axis];
    square += gap[axis] * gap[axis];
  }
  const double pull = step / (square * sqrt(square));
  for (int axis = 0; axis < 3; axis++) {
    a->speed[axis] += gap[axis] * b->mass * pull;
    b->speed[axis] -= gap[axis] * a->mass * pull;
  }
}

static void advance(struct body *bodies, double step) {
  for (int i = 0; i < BODIES; i++)
    for (int j = i + 1; j < BODIES; j++) attract(&bodies[i], &bodies[j], step);
  for (int i = 0; i < BODIES; i++)
    for (int axis = 0; axis < 3; axis++)
      bodies[i].place[axis] += step * bodies[i].speed[axis];
}

static double energy(const struct body *bodies) {
  double total = 0;
  for (int i = 0; i < BODIES; i++) {
    double square = 0;
    for (int axis = 0; axis < 3; axis++)
      square += bodies[i].speed[axis] * bodies[i].speed[axis];
    total += bodies[i].mass * square / 2;
  }
  return total;
}

static double simulate(long steps) {
  struct body bodies[BODIES];
  set_up(bodies);
  for (long i = 0; i < steps; i++) advance(bodies, 0.001);
  return energy(bodies);
}

int main(int argc, char **argv) {
  const long steps = rep_arg(argc, argv, 1, 700000, 1000000000);
  const long reps = rep_arg(argc, argv, 2, 30, 1000000);
  double total = 0;
  for (long i = 0; i < reps; i++) {
    const uint64_t begin = rep_begin();
    total += simulate(rep_opaque(steps));
    rep_end(i, begin);
  }
  printf("nbody %.9f\n", total);
  return 0;
}

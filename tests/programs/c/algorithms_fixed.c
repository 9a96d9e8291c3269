// The algorithms again as position-dependent code, which may expect its data below 2 GB.
// CFLAGS: -fno-pie
// LINK: -no-pie
#include "algorithms.c"

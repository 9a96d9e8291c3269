// The algorithms again for the large code model: no address is expected to be near another.
// CFLAGS: -mcmodel=large -fno-plt
#include "algorithms.c"

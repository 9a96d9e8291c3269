// The algorithms again with debug information, sections per function, and no red zone.
// CFLAGS: -g3 -gdwarf-5 -ffunction-sections -fdata-sections -mno-red-zone -mstackrealign
#include "algorithms.c"

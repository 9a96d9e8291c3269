// The algorithms again with what distributions add: stack protector, fortified calls, stack clash
// probes, endbr64.
// CFLAGS: -fstack-protector-all -fstack-clash-protection -fcf-protection=full
// CFLAGS: -fno-omit-frame-pointer -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
#include "algorithms.c"

// The exceptions again with debug information and -O2's usual companions.
// CFLAGS: -g -fno-omit-frame-pointer -fstack-protector-strong
#include "exceptions.cpp"

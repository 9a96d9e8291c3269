// In the shared library only (cmake/KilnLibrary.cmake). Debian's archive of AsmJit is compiled for executables: what it prints when an
// assertion of its own fails refers to the C library's `stderr` in a way that only an executable can. The linker leads all references
// to `stderr` here (--wrap).
#include <cstdio>

extern "C" {
extern FILE* __real_stderr;
FILE* __wrap_stderr = nullptr;
}

[[gnu::constructor]] static void findStderr() { __wrap_stderr = __real_stderr; }

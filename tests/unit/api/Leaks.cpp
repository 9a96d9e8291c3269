// What stays on purpose, for LeakSanitizer: a program may keep pointers into its arguments, so they are never freed.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:kiln::Program::runMain\n"; }

/* A host in C: loads a file of bitcode or IR text given on the command line, or a program of its own, and calls it. */
#include <inttypes.h>
#include <kiln/kiln.h>
#include <stdio.h>
#include <string.h>

static const char kProgram[] = "define i64 @fib(i64 %n) {\n"
                               "  %small = icmp slt i64 %n, 2\n"
                               "  br i1 %small, label %leaf, label %more\n"
                               "leaf:\n"
                               "  ret i64 %n\n"
                               "more:\n"
                               "  %m = sub i64 %n, 1\n"
                               "  %a = call i64 @fib(i64 %m)\n"
                               "  %k = sub i64 %n, 2\n"
                               "  %b = call i64 @fib(i64 %k)\n"
                               "  %r = add i64 %a, %b\n"
                               "  ret i64 %r\n"
                               "}\n";

static int failed(kiln_error* error) {
  if (!error)
    return 0;
  fprintf(stderr, "%s: %s\n", kiln_error_code_name(kiln_error_code(error)), kiln_error_message(error));
  kiln_error_free(error);
  return 1;
}

int main(int argc, char** argv) {
  kiln_engine* engine = NULL;
  kiln_input* input = NULL;
  kiln_program* program = NULL;
  kiln_record* statistics = NULL;
  void* address = NULL;
  uint64_t compiles = 0;
  int status = 1;
  if (kiln_abi_version() != KILN_ABI_VERSION)
    return 1;
  if (failed(kiln_engine_create(NULL, &engine)) || failed(kiln_input_create(&input)))
    goto end;
  if (failed(argc > 1 ? kiln_input_add_file(input, argv[1])
                      : kiln_input_add_memory(input, "fib.ll", kProgram, strlen(kProgram))))
    goto end;
  if (failed(kiln_engine_load(engine, input, &program)) || failed(kiln_program_function(program, "fib", &address)))
    goto end;
  {
    int64_t (*fib)(int64_t) = (int64_t (*)(int64_t))address; /* stays valid while fib climbs */
    printf("fib(25) = %" PRId64 "\n", fib(25));
  }
  if (failed(kiln_program_promote(program, "fib", KILN_O3, 1)) ||
      failed(kiln_program_statistics(program, &statistics)) ||
      failed(kiln_record_number(statistics, "/totals/compiles", &compiles)))
    goto end;
  printf("%s is at %s, after %s\n", kiln_record_text(statistics, "/functions/0/name"),
         kiln_record_text(statistics, "/functions/0/tier"), compiles > 1 ? "several compiles" : "one compile");
  status = 0;
end: /* all of these take null */
  kiln_record_free(statistics);
  kiln_program_free(program);
  kiln_input_free(input);
  kiln_engine_free(engine);
  return status;
}

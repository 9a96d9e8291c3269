/* Both ways: the program calls functions of the host, and the host watches it climb and redefines one of its functions.
 */
#include <kiln/kiln.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char kProgram[] = "declare void @say(i64)\n"
                               "define i64 @rule(i64 %x) {\n"
                               "  %r = add i64 %x, 1\n"
                               "  ret i64 %r\n"
                               "}\n"
                               "define void @run(i64 %n) {\n"
                               "entry:\n"
                               "  br label %loop\n"
                               "loop:\n"
                               "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n"
                               "  %next = call i64 @rule(i64 %i)\n"
                               "  %on = icmp slt i64 %next, %n\n"
                               "  br i1 %on, label %loop, label %done\n"
                               "done:\n"
                               "  call void @say(i64 %next)\n"
                               "  ret void\n"
                               "}\n";
static const char kRule[] = "define i64 @rule(i64 %x) {\n"
                            "  %r = add i64 %x, 7\n"
                            "  ret i64 %r\n"
                            "}\n";

static void say(int64_t value) {
  printf("the program says %lld\n", (long long)value);
}

/* Called by several threads at once. */
static void on_event(void* context, const kiln_tier_event* event) {
  if (event->kind == KILN_EVENT_PUBLISHED)
    atomic_fetch_add((atomic_int*)context, 1);
}

static void must(kiln_error* error) {
  if (error) {
    printf("%s\n", kiln_error_message(error));
    kiln_error_free(error);
  }
}

int main(void) {
  kiln_options* options = NULL;
  kiln_engine* engine = NULL;
  kiln_input *input = NULL, *rule = NULL;
  kiln_program* program = NULL;
  kiln_record* done = NULL;
  void* run = NULL;
  atomic_int published = 0;
  must(kiln_options_create(&options));
  must(kiln_options_set(options, "ladder", "baseline,O2@100"));
  must(kiln_options_set(options, "compile-threads", "0"));
  must(kiln_options_set_observer(options, on_event, &published));
  must(kiln_engine_create(options, &engine));
  must(kiln_input_create(&input));
  must(kiln_input_add_memory(input, "rule.ll", kProgram, strlen(kProgram)));
  must(kiln_input_add_host(input, "say", (const void*)say));
  must(kiln_input_set_replaceable(input, 1));
  must(kiln_engine_load(engine, input, &program));
  must(kiln_program_function(program, "run", &run));
  ((void (*)(int64_t))run)(1000);
  must(kiln_input_create(&rule));
  must(kiln_input_add_memory(rule, "new rule.ll", kRule, strlen(kRule)));
  must(kiln_program_replace(program, "rule", rule, &done));
  printf("replaced %s\n", kiln_record_text(done, "/replaced/0"));
  ((void (*)(int64_t))run)(1000);
  kiln_record_free(done);
  kiln_program_free(program);
  kiln_engine_free(engine); /* before what the observer uses */
  printf("%s\n", atomic_load(&published) >= 3 ? "it climbed" : "it did not climb");
  kiln_input_free(rule);
  kiln_input_free(input);
  kiln_options_free(options);
  return 0;
}

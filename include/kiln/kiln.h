/* Kiln's C API: everything that the C++ API (kiln/Engine.h and its neighbours) offers, for C and for foreign-function
 * interfaces. C99, and C++. docs/capi.md is the manual; examples/c has programs.
 *
 *   kiln_engine* engine = NULL; kiln_program* program = NULL; void* fib = NULL;
 *   kiln_error* error = kiln_engine_create(NULL, &engine);
 *   if (!error) error = kiln_engine_load_file(engine, "fib.bc", &program);
 *   if (!error) error = kiln_program_function(program, "fib", &fib);
 *   if (!error) printf("%d\n", ((int (*)(int))fib)(30));
 *
 * Rules that hold for every function unless it says otherwise:
 *
 * Errors      What can fail returns a kiln_error*: null on success; else the caller owns it, reads code and message, and frees
 *             it with kiln_error_free(). Nothing prints, aborts, or lets an exception through.
 * Outputs     On success *out is set. On failure it is null (numbers: 0) and nothing is left to free. An out parameter
 *             may not be null where it is the point of the call: that is KILN_BAD_OPTION, as is a null handle or a null text.
 * Inputs      Texts end in a NUL, are UTF-8 where they are paths, and are copied; the caller keeps what it passes.
 * Ownership   What a function gives as `type**` or `char**` is the caller's to free with the function named for it: handles with
 *             TYPE_free(), texts with kiln_string_free(). `const char*` results belong to the object they come from. Freeing
 *             null does nothing.
 * Threads     Engines and programs may be used by any thread at once. Options, inputs, errors and records belong to one
 *             thread at a time. To free an object is the caller's to synchronise with its other uses.
 * ABI         Objects are opaque and options have names, so that both can grow. A structure that Kiln fills grows only at
 *             its end. Numbers never change their meaning. kiln_abi_version() tells what the library is; a host that was compiled with another
 *             KILN_ABI_VERSION must not go on.
 */
#ifndef KILN_KILN_H
#define KILN_KILN_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
/* Stands before what the shared library exports. */
#define KILN_C_API __attribute__((visibility("default")))
#else
/* Stands before what the shared library exports. */
#define KILN_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a host that was compiled with an older header could go wrong. */
#define KILN_ABI_VERSION 1
/* KILN_ABI_VERSION of the library that is loaded. */
KILN_C_API int kiln_abi_version(void);
/* "0.1.0". Static. */
KILN_C_API const char* kiln_version(void);
struct kiln_record;
/* What this library is and what it runs on: /version, /build, /llvm, /shared_llvm, /cpu, and the list /features. */
KILN_C_API struct kiln_error* kiln_build_info(struct kiln_record** out);

/* Errors --------------------------------------------------------------------------------------------------------------- */

typedef struct kiln_error kiln_error;

/* kiln::ErrorCode, docs/errors.md. New codes are added at the end: take unknown ones for failures like any other. */
enum {
  KILN_OK = 0,
  KILN_BAD_OPTION = 1,
  KILN_BAD_LADDER = 2,
  KILN_FILE_NOT_FOUND = 3,
  KILN_EMPTY_INPUT = 4,
  KILN_BAD_BITCODE = 5,
  KILN_WRONG_TARGET = 6,
  KILN_VERIFIER_FAILED = 7,
  KILN_DUPLICATE_SYMBOL = 8,
  KILN_UNRESOLVED_SYMBOL = 9,
  KILN_UNKNOWN_ENTRY = 10,
  KILN_BAD_MAIN = 11,
  KILN_COMPILE_FAILED = 12,
  KILN_CODE_SPACE_FULL = 13,
  KILN_UNSUPPORTED = 14,
  KILN_LIBRARY_NOT_LOADED = 15,
  KILN_SYSTEM_ERROR = 16,
  KILN_SHUT_DOWN = 17,
  KILN_BAD_PROFILE = 18,
  KILN_LLBC_SIZE = 19,
  KILN_LLBC_MAGIC = 20,
  KILN_LLBC_VERSION = 21,
  KILN_LLBC_LENGTH = 22,
  KILN_LLBC_NAME = 23,
  KILN_LLBC_CHECKSUM = 24,
  KILN_LLBC_PAYLOAD = 25,
  KILN_BAD_COVERAGE = 26,
  KILN_BAD_REPLACEMENT = 27
};

/* The code of an error; KILN_OK of null. Any thread. */
KILN_C_API int kiln_error_code(const kiln_error* error);
/* What went wrong, for people; "" of null. Belongs to the error. */
KILN_C_API const char* kiln_error_message(const kiln_error* error);
/* "bad-bitcode"; "unknown" of a number that is no code. Static. */
KILN_C_API const char* kiln_error_code_name(int code);
KILN_C_API void kiln_error_free(kiln_error* error);

KILN_C_API void kiln_string_free(char* text);

/* Records -------------------------------------------------------------------------------------------------------------- */

/* Numbers and texts by name, such as statistics: what in C++ is a structure. A field is named by a path, as in
 * "/functions/0/name" (a JSON pointer); which there are, docs/capi.md says for each function that gives a record. */
typedef struct kiln_record kiln_record;

/* The field as a number; a truth value is 0 or 1. Fails with KILN_UNKNOWN_ENTRY: no such field, or no number. */
KILN_C_API kiln_error* kiln_record_number(const kiln_record* record, const char* path, uint64_t* out);
/* The field as text, or null if there is none of that name or it is no text. Belongs to the record. */
KILN_C_API const char* kiln_record_text(const kiln_record* record, const char* path);
/* How many elements a list or fields a group has; 0 of anything else, and of what is not there. */
KILN_C_API size_t kiln_record_count(const kiln_record* record, const char* path);
/* Whether there is a field of that name that says something: 1 or 0. */
KILN_C_API int kiln_record_has(const kiln_record* record, const char* path);
/* The whole as JSON. Belongs to the record. */
KILN_C_API const char* kiln_record_json(const kiln_record* record);
KILN_C_API void kiln_record_free(kiln_record* record);

/* Tiers and ladders ------------------------------------------------------------------------------------------------------ */

/* kiln::Tier as a number of fixed size: one of the following. */
typedef int32_t kiln_tier;
enum { KILN_TIER_NONE = -1, KILN_INTERPRETER = 0, KILN_BASELINE = 1, KILN_O0 = 2, KILN_O1 = 3, KILN_O2 = 4, KILN_O3 = 5 };

/* "baseline"; null of what is no tier. Static. */
KILN_C_API const char* kiln_tier_name(kiln_tier tier);
/* The name of a KILN_EVENT_..., as in traces and reports; null for no kind. */
KILN_C_API const char* kiln_event_name(int32_t kind);
/* Fails with KILN_BAD_OPTION. */
KILN_C_API kiln_error* kiln_tier_parse(const char* name, kiln_tier* out);

/* "baseline,O2@500:20000" or a preset's name, taken apart: /rungs/N/tier (a name), /rungs/N/calls, /rungs/N/loops,
 * /straight, /bottom, /top, and /text, the ladder written out. Fails with KILN_BAD_LADDER. */
KILN_C_API kiln_error* kiln_ladder_parse(const char* text, kiln_record** out);
/* The named ladders: a list of /N/name, /N/ladder, /N/purpose. */
KILN_C_API kiln_error* kiln_ladder_presets(kiln_record** out);

/* Options ---------------------------------------------------------------------------------------------------------------- */

typedef struct kiln_options kiln_options;

/* Those of kiln::Options with their defaults. Fails with KILN_SYSTEM_ERROR for lack of memory. */
KILN_C_API kiln_error* kiln_options_create(kiln_options** out);
KILN_C_API void kiln_options_free(kiln_options* options);
/* Sets an option by name: "ladder", "compile-threads", "cache-folder", ...; the list is kiln_options_list(), with meanings
 * docs/capi.md. Numbers are decimal, truth values "on" and "off". Fails with KILN_BAD_OPTION or KILN_BAD_LADDER, and
 * then nothing is changed. */
KILN_C_API kiln_error* kiln_options_set(kiln_options* options, const char* name, const char* value);
/* The value as kiln_options_set() would take it. Fails with KILN_BAD_OPTION. */
KILN_C_API kiln_error* kiln_options_get(const kiln_options* options, const char* name, char** out);
/* All options: a list of /N/name and /N/value, the default. */
KILN_C_API kiln_error* kiln_options_list(kiln_record** out);

/* A text that ends after `size` bytes, and maybe in no NUL. */
typedef struct kiln_slice {
  const char* data; /* where it begins */
  size_t size;      /* bytes */
} kiln_slice;

enum {
  KILN_EVENT_REQUESTED = 0,
  KILN_EVENT_PUBLISHED = 1,
  KILN_EVENT_DEMOTED = 2,
  KILN_EVENT_FAILED = 3,
  KILN_EVENT_DROPPED = 4,
  KILN_EVENT_EXITED = 5,
  KILN_EVENT_LOOP_PUBLISHED = 6,
  KILN_EVENT_REPLACED = 7 /* calls go to another definition, whose symbol is the reason (kiln_program_replace()) */
};

/* One decision about one function, as kiln::TierEvent. Valid during the call only. */
typedef struct kiln_tier_event {
  int32_t kind;   /* KILN_EVENT_... */
  kiln_tier from; /* KILN_TIER_NONE before the first compile */
  kiln_tier to;   /* whose code it is about */
  int64_t loop;   /* the number of the loop header's block, or -1: the function as a whole */
  kiln_slice program;           /* its name */
  kiln_slice function;          /* its symbol */
  kiln_slice reason;            /* "calls", "loops", ..., or an error's text */
  uint64_t calls;               /* counted so far */
  uint64_t loops;               /* back-edges, counted so far */
  uint64_t nanoseconds;         /* since the engine was made */
  uint64_t compile_nanoseconds; /* of a publication: what the code cost */
} kiln_tier_event;

/* Called from the program's threads, in the middle of its code and in its signal handlers, and from compile threads, at the
 * same time: it must be thread-safe and quick, and must not call Kiln. `context` must outlive the engine. Null takes it away. */
typedef void (*kiln_observer)(void* context, const kiln_tier_event* event);
/* Who watches; the context is handed to it. Fails with KILN_BAD_OPTION. */
KILN_C_API kiln_error* kiln_options_set_observer(kiln_options* options, kiln_observer observer, void* context);

/* Called in the thread that called a function which cannot be compiled at all. The error is Kiln's, valid during the call. It should
 * not return; when it does, the thread executes a trap. Thread-safe. */
typedef void (*kiln_uncompilable)(void* context, const kiln_error* error);
/* Who is told; null: nobody. Fails with KILN_BAD_OPTION. */
KILN_C_API kiln_error* kiln_options_set_uncompilable(kiln_options* options, kiln_uncompilable handler, void* context);

/* A level of a back-trace, as kiln::CrashFrame. */
typedef struct kiln_crash_frame {
  uintptr_t address;    /* of the code */
  const char* function; /* null: not one of a program's functions */
  uint8_t tier;         /* a kiln_tier */
  uint8_t is_loop;      /* 1: a continuation, entered at a loop */
  const char* file;     /* null: not known */
  uint32_t line;        /* in it */
} kiln_crash_frame;
/* Called in the thread that is about to die by a signal, on a stack of its own, innermost frame first; may do what a
 * signal handler may. Process-wide: the first engine that has one decides. */
typedef void (*kiln_crash_handler)(int signal, const kiln_crash_frame* frames, size_t count);
/* Who is told; null: signals are left alone. Fails with KILN_BAD_OPTION. */
KILN_C_API kiln_error* kiln_options_set_crash_handler(kiln_options* options, kiln_crash_handler handler);

/* What a program is made of ---------------------------------------------------------------------------------------------- */

typedef struct kiln_input kiln_input;

/* One with nothing in it. Fails with KILN_SYSTEM_ERROR for lack of memory. */
KILN_C_API kiln_error* kiln_input_create(kiln_input** out);
KILN_C_API void kiln_input_free(kiln_input* input);
/* A file of bitcode, a container of it, or IR text. Read when the program is loaded. */
KILN_C_API kiln_error* kiln_input_add_file(kiln_input* input, const char* path);
/* The same from memory; the bytes are copied. `name` is for messages. */
KILN_C_API kiln_error* kiln_input_add_memory(kiln_input* input, const char* name, const void* bytes, size_t size);
/* A shared library of the program, searched in the order of being added. */
KILN_C_API kiln_error* kiln_input_add_library(kiln_input* input, const char* library);
/* Makes a function or variable of the host known to the program by name, before any library. Its type is the host's
 * promise; it must stay where it is while the program lives. */
KILN_C_API kiln_error* kiln_input_add_host(kiln_input* input, const char* name, const void* address);
/* A profile of earlier runs. Null: none. */
KILN_C_API kiln_error* kiln_input_set_profile(kiln_input* input, const char* path);
/* 0: static constructors wait for kiln_program_prepare_main(). Default 1. */
KILN_C_API kiln_error* kiln_input_set_run_constructors(kiln_input* input, int run);
/* 1: functions can be replaced while the program runs (kiln_program_replace()). Default 0. */
KILN_C_API kiln_error* kiln_input_set_replaceable(kiln_input* input, int replaceable);

/* Engines ---------------------------------------------------------------------------------------------------------------- */

typedef struct kiln_engine kiln_engine;
typedef struct kiln_program kiln_program;

/* Null for all defaults. The options are copied. Fails with KILN_BAD_LADDER, KILN_BAD_OPTION or, for the cache, as docs/cache.md says. */
KILN_C_API kiln_error* kiln_engine_create(const kiln_options* options, kiln_engine** out);
/* Shuts down. Free its programs before. */
KILN_C_API void kiln_engine_free(kiln_engine* engine);
/* Reads, links and lays out a program, and runs its static constructors. The input can be used again. Fails with the codes
 * of loading, docs/errors.md. */
KILN_C_API kiln_error* kiln_engine_load(kiln_engine* engine, const kiln_input* input, kiln_program** out);
/* The same of one file. */
KILN_C_API kiln_error* kiln_engine_load_file(kiln_engine* engine, const char* path, kiln_program** out);
/* Cancels what is queued, waits for what is being compiled, ends the threads. Programs stay callable. */
KILN_C_API void kiln_engine_shutdown(kiln_engine* engine);

/* Programs --------------------------------------------------------------------------------------------------------------- */

/* Runs the program's exit handlers. No thread may be inside its code. */
KILN_C_API void kiln_program_free(kiln_program* program);

/* The address of a function by its symbol name: a C function pointer, stable for the program's life, whatever is compiled
 * or replaced. Its type is the caller's promise. Belongs to the program. Fails with KILN_UNKNOWN_ENTRY. */
KILN_C_API kiln_error* kiln_program_function(kiln_program* program, const char* name, void** out);
/* The address of a global variable; of a thread-local one, this thread's. Fails with KILN_UNKNOWN_ENTRY. */
KILN_C_API kiln_error* kiln_program_variable(kiln_program* program, const char* name, void** out);
/* The function to start at. Belongs to the program; null of null. */
KILN_C_API const char* kiln_program_entry(const kiln_program* program);

/* A C program's start, ready to be made. */
typedef struct kiln_main_call {
  int (*function)(int argc, char** argv, char** environment); /* to be called */
  int returns_int; /* 0: main returns nothing; take 0 */
  int argc;        /* for it */
  char** argv; /* stays for the life of the process */
} kiln_main_call;
/* Runs the constructors (once) and prepares the entry function as a C program's main; arguments[0] is the program's name.
 * `entry` null: kiln_program_entry(). Fails with KILN_UNKNOWN_ENTRY or KILN_BAD_MAIN. */
KILN_C_API kiln_error* kiln_program_prepare_main(kiln_program* program, size_t count, const char* const* arguments,
                                                 const char* entry, kiln_main_call* out);
/* The same, and calls it. A program that calls exit() does not return here. One call at a time. */
KILN_C_API kiln_error* kiln_program_run_main(kiln_program* program, size_t count, const char* const* arguments,
                                             const char* entry, int* status);

/* Whose code calls go to; KILN_TIER_NONE before the first call. Fails with KILN_UNKNOWN_ENTRY. */
KILN_C_API kiln_error* kiln_program_tier_of(kiln_program* program, const char* name, kiln_tier* out);
/* Compiles the function for the tier and makes calls go there; wait 0: queues the work. Ends a hold. Fails with
 * KILN_UNKNOWN_ENTRY, KILN_COMPILE_FAILED, KILN_CODE_SPACE_FULL or KILN_SHUT_DOWN. */
KILN_C_API kiln_error* kiln_program_promote(kiln_program* program, const char* name, kiln_tier tier, int wait);
/* Moves calls to the tier at once and holds the function there until kiln_program_promote(). Fails likewise. */
KILN_C_API kiln_error* kiln_program_demote(kiln_program* program, const char* name, kiln_tier tier);

/* Redefines functions of a program that was loaded as replaceable. All or nothing. The record has lists of names: /replaced,
 * /added, /unchanged. `name` null: all that the input defines; else that function only. Fails with KILN_BAD_REPLACEMENT, KILN_UNSUPPORTED, KILN_UNKNOWN_ENTRY,
 * or as loading does. `out` may be null. docs/replacing.md. */
KILN_C_API kiln_error* kiln_program_replace(kiln_program* program, const char* name, const kiln_input* input,
                                            kiln_record** out);

/* All numbers; the fields are those of docs/cli.md, "Statistics". */
KILN_C_API kiln_error* kiln_program_statistics(kiln_program* program, kiln_record** out);
/* The same as a table for people, of at most so many functions. */
KILN_C_API kiln_error* kiln_program_statistics_table(kiln_program* program, size_t rows, char** out);
/* The most called functions, hottest first: a list with the fields of /functions in the statistics. */
KILN_C_API kiln_error* kiln_program_hot_functions(kiln_program* program, size_t count, kiln_record** out);
/* Looks now whether superseded code can be freed. The bytes that were. */
KILN_C_API size_t kiln_program_retire(kiln_program* program);
/* Closes the input's libraries, for the end of a process; the program must not run afterwards. */
KILN_C_API void kiln_program_unload_libraries(kiln_program* program);
/* Waits until no compile of the program is queued or running. */
KILN_C_API void kiln_program_wait_for_compiles(kiln_program* program);

enum { KILN_PROFILE_JSON = 0, KILN_PROFILE_BINARY = 1 };
/* Writes what was recorded so far. Fails with KILN_SYSTEM_ERROR. */
KILN_C_API kiln_error* kiln_program_write_profile(kiln_program* program, const char* path, int format);
/* Writes which blocks ran, of a program with the option "coverage". Fails with KILN_BAD_OPTION or KILN_SYSTEM_ERROR. */
KILN_C_API kiln_error* kiln_program_write_coverage(kiln_program* program, const char* path);
enum { KILN_REPORT_JSON = 0, KILN_REPORT_CSV = 1, KILN_REPORT_PAGE = 2 };
/* What a program with the option "report" did so far, as docs/report.md describes it. Fails with KILN_BAD_OPTION without that option, for
 * another format, and in the child of a fork. */
KILN_C_API kiln_error* kiln_program_report(kiln_program* program, int format, char** out);
/* For processes that end without kiln_program_free(), which does it too. */
KILN_C_API void kiln_program_save_to_cache(kiln_program* program);

enum { KILN_DUMP_IR = 0, KILN_DUMP_ASSEMBLY = 1, KILN_DUMP_OPS = 2 };
/* What the compiler makes of a function, as text. Fails with KILN_UNKNOWN_ENTRY, KILN_COMPILE_FAILED or KILN_BAD_OPTION. */
KILN_C_API kiln_error* kiln_program_dump(kiln_program* program, const char* name, kiln_tier tier, int kind, char** out);

/* Files ------------------------------------------------------------------------------------------------------------------
 * Any thread; without an engine. */

/* KILN_PROFILE_JSON for a name that ends in ".json", KILN_PROFILE_BINARY for any other. */
KILN_C_API int kiln_profile_format_for(const char* path);
/* Adds profiles up; the output may be one of the inputs. Fails with KILN_BAD_PROFILE; then nothing is written. */
KILN_C_API kiln_error* kiln_profile_merge(size_t count, const char* const* inputs, const char* output, int format);
/* A table of the most often entered functions. */
KILN_C_API kiln_error* kiln_profile_describe(const char* path, size_t rows, char** out);

/* Adds coverage files up. Fails with KILN_BAD_COVERAGE; then nothing is written. */
KILN_C_API kiln_error* kiln_coverage_merge(size_t count, const char* const* inputs, const char* output);
/* A table of what ran; `functions` and `lines`: 1 to list those as well. */
KILN_C_API kiln_error* kiln_coverage_report(size_t count, const char* const* inputs, int functions, int lines, char** out);

/* A table of what is in the cache folder, of `limit` bytes. Fails with KILN_SYSTEM_ERROR. */
KILN_C_API kiln_error* kiln_cache_describe(const char* folder, uint64_t limit, char** out);
/* Empties it. How many files there were; `out` may be null. */
KILN_C_API kiln_error* kiln_cache_clear(const char* folder, uint64_t* out);

/* The header of a container: /version, /header_bytes, /module_name, /entry, /payload_bytes, /level, /target, /checksum. Fails with the
 * codes KILN_LLBC_..., KILN_WRONG_TARGET or KILN_FILE_NOT_FOUND. */
KILN_C_API kiln_error* kiln_container_read_header(const char* path, kiln_record** out);
/* Writes a container. Null for what is to be found out: the module's name, the entry; level -1 likewise. */
KILN_C_API kiln_error* kiln_container_pack(const char* input, const char* output, const char* module_name,
                                           const char* entry, int level);
/* Writes the bitcode of a container. */
KILN_C_API kiln_error* kiln_container_unpack(const char* input, const char* output);
/* Looks at a module file as a load would: /file, /bytes, /kind, /container (as above), /module/producer, /module/target,
 * /module/source_file, /module/functions, /module/declarations, /module/variables, /module/debug_info, and the list
 * /defects with /code, /code_name, /offset, /message. */
KILN_C_API kiln_error* kiln_file_inspect(const char* path, kiln_record** out);

/* Native export -----------------------------------------------------------------------------------------------------------
 * A static host that does not call these does not link the linker. */

typedef struct kiln_export kiln_export;

/* With the defaults of kiln::ExportOptions. Fails with KILN_SYSTEM_ERROR for lack of memory. */
KILN_C_API kiln_error* kiln_export_create(kiln_export** out);
KILN_C_API void kiln_export_free(kiln_export* options);
/* As kiln_options_set(), of kiln::ExportOptions: "output", "kind", "cold", ...; lists ("file", "export", "library", "library-folder")
 * get one element more. docs/capi.md has all. */
KILN_C_API kiln_error* kiln_export_set(kiln_export* options, const char* name, const char* value);
/* Told what kiln_export_run() is doing, in the thread that called it: "reading", "trimming", "compiling", "linking". The text is Kiln's, valid
 * during the call. */
typedef void (*kiln_export_phase)(void* context, const char* phase);
/* Who is told; the context is handed to it, and must live as long as it may be called. Null takes it away. Fails with KILN_BAD_OPTION. */
KILN_C_API kiln_error* kiln_export_set_phase(kiln_export* options, kiln_export_phase phase, void* context);
/* Builds the output. /functions, /profiled, /changed, /cold, /trapped, /emitted, /bytes. `out` may be null. Fails as
 * kiln::exportProgram(); then there is no output. */
KILN_C_API kiln_error* kiln_export_run(const kiln_export* options, kiln_record** out);

#ifdef __cplusplus
}
#endif

#endif

#!/usr/bin/env python3
"""Tests `kiln export`: what each option makes, that it runs alone, and each way in which it can fail.

That exported programs do as native ones is the business of the other suites (modes export, export-static and export-trap
of tests/conformance/modes.py).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLANG = os.environ.get("CLANG", "clang-19")
TRAP_STATUS = 125

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct pair { int a, b; };
int scale = 3;
__attribute__((noinline)) static int often(int n) { return n * 3 % 7; }
__attribute__((noinline)) int never(int n) { printf("never %d\\n", n); return n; }
__attribute__((noinline)) unsigned char shorten(unsigned char c) { return c / 2; }
__attribute__((noinline)) char *twice(const char *text, unsigned long length, struct pair *where) {
  char *made = malloc(2 * length + 1);
  memcpy(made, text, length); memcpy(made + length, text, length); made[2 * length] = 0;
  where->a += 1;
  return made;
}
struct big { long part[4]; };
struct big whole(struct big in) { in.part[0]++; return in; }
int other(int argc, char **argv) { printf("other %d\\n", argc); return 5; }
int main(int argc, char **argv) {
  struct pair where = {0, 0};
  int sum = 0;
  for (int i = 0; i < 1000; i++) sum += often(i);
  printf("%d %s %d\\n", sum, twice("ab", 2, &where), shorten((unsigned char)argc));
  return argc > 1 ? never(atoi(argv[1])) : 0;
}
"""
THROWING = """
#include <cstdio>
#include <stdexcept>
#include <string>
thread_local int mark = 4;
struct Before { Before() { std::puts("before main"); } ~Before() { std::puts("after main"); } } before;
int main(int argc, char **argv) {
  try { throw std::runtime_error("thrown " + std::to_string(mark)); }
  catch (const std::exception &e) { std::puts(e.what()); }
}
"""
USER = """
#include <stdio.h>
#include <stdlib.h>
#include "made.h"
int main(void) {
  char place[8] = {0};
  char *text = twice("xy", 2, (struct pair *)place);
  printf("%s %d %d\\n", text, shorten(200), scale);
  free(text);
  return 0;
}
"""


class Export:
    def __init__(self, kiln: str, folder: Path):
        self.kiln, self.folder, self.failures = kiln, folder, []

    def run(self, *command, **options) -> subprocess.CompletedProcess:
        return subprocess.run([str(word) for word in command], cwd=self.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300, **options)

    def export(self, *words) -> subprocess.CompletedProcess:
        return self.run(self.kiln, "export", *words)

    def bitcode(self, name: str, text: str, *flags: str) -> str:
        source = self.folder / name
        source.write_text(text)
        made = source.with_suffix(".bc")
        done = self.run(CLANG, *flags, "-emit-llvm", "-c", source, "-o", made)
        if done.returncode != 0:
            raise SystemExit(f"clang: {done.stderr}")
        return made.name

    def check(self, what: str, holds: bool, seen: object = "") -> None:
        if not holds:
            self.failures.append(f"{what}: {seen}")

    def outcome(self, what: str, command: list, status: int, stdout: str | None = None, stderr: str = "") -> None:
        done = self.run(*command)
        self.check(what, done.returncode == status, f"status {done.returncode}, not {status}: {done.stderr}")
        if stdout is not None:
            self.check(what, done.stdout == stdout, f"printed {done.stdout!r}, not {stdout!r}")
        self.check(what, stderr in done.stderr, f"standard error {done.stderr!r} lacks {stderr!r}")

    def made(self, what: str, *words) -> None:
        done = self.export(*words)
        self.check(what, done.returncode == 0, done.stderr)

    def refused(self, what: str, message: str, *words) -> None:
        output = self.folder / "refused"
        words = [*words] if "-o" in words else [*words, "-o", output]
        done = self.export(*words)
        self.check(what, done.returncode == 2 and done.stderr.startswith("kiln: error: ") and message in done.stderr,
                   f"status {done.returncode}: {done.stderr}")
        self.check(what, not output.exists(), "there is an output file")

    def needed(self, file: str) -> list[str]:
        listed = self.run("llvm-readelf-19", "-d", file).stdout
        return [line.split("[")[1].rstrip("]") for line in listed.splitlines() if "(NEEDED)" in line]


def kinds(test: Export) -> None:
    program = test.bitcode("program.c", PROGRAM, "-O1", "-g")
    expected = test.run(test.kiln, "run", program).stdout
    for options, needed in ([], ["libc.so.6"]), (["--static"], []), (["--target-cpu", "x86-64-v2"], ["libc.so.6"]):
        name = " ".join(["executable", *options])
        test.made(name, *options, program, "-o", "made")
        test.outcome(name, ["./made"], 0, expected)
        test.check(name, test.needed("made") == needed, test.needed("made"))
        symbols = test.run("llvm-nm-19", "made")
        test.check(name, "main" not in symbols.stdout, "it has names")
    size = (test.folder / "made").stat().st_size
    test.check("small executable", size <= 20 * 1024, f"{size} bytes")
    test.made("entry", program, "--entry", "other", "-o", "made")
    test.outcome("entry", ["./made", "x"], 5, "other 2\n")
    test.outcome("entry as in kiln run", [test.kiln, "run", "--entry", "other", program, "--", "x"], 5, "other 2\n")
    throwing = test.bitcode("throwing.cpp", THROWING, "-O1")
    for options in [], ["--static"]:
        test.made("C++", throwing, *options, "-o", "made")
        test.outcome("C++", ["./made"], 0, "before main\nthrown 4\nafter main\n")


def cold(test: Export) -> None:
    program = test.bitcode("program.c", PROGRAM, "-O1", "-g")
    expected = test.run(test.kiln, "run", "--tier", "baseline", "--counters", "on", "--profile-out", "made.profile", program).stdout
    for what in "keep", "size", "trap":
        name = f"--cold={what}"
        test.made(name, "--profile", "made.profile", f"--cold={what}", program, "-o", "made")
        test.outcome(name, ["./made"], 0, expected)
        if what == "trap":
            test.outcome(name, ["./made", "8"], TRAP_STATUS, None, "kiln: 'never' was called, which --cold=trap left out")
        else:
            test.outcome(name, ["./made", "8"], 8, expected.replace(" 0\n", " 1\n") + "never 8\n")
    done = test.export("--verbose", "--profile", "made.profile", "--cold=trap", program, "-o", "made")
    test.check("--verbose", "6 functions" in done.stderr or "7 functions" in done.stderr, done.stderr)
    report = test.export("--report", "--profile", "made.profile", program)
    test.check("--report", report.returncode == 0 and report.stdout.count("same output") == 7, report.stdout + report.stderr)
    report = test.export("--report", "--profile", "made.profile", program, "--", "8")
    test.check("--report of another workload", report.returncode == 2 and "code that was left out" in report.stdout,
               report.stdout + report.stderr)


def linking(test: Export) -> None:
    program = test.bitcode("program.c", PROGRAM, "-O1", "-g")
    (test.folder / "user.c").write_text(USER)
    test.made("--object", "--object", program, "-o", "made.o", "--export", "twice", "--export", "shorten", "--export", "scale",
              "--emit-header", "made.h")
    header = (test.folder / "made.h").read_text()
    for line in ("char *twice(const char *text, unsigned long length, struct pair *where);",
                 "unsigned char shorten(unsigned char c);", "extern int32_t scale;", "struct pair;"):
        test.check("header with debug information", line in header, f"lacks {line!r}:\n{header}")
    done = test.run(CLANG, "-Wall", "-Werror", "user.c", "made.o", "-o", "user")
    test.check("--object", done.returncode == 0, done.stderr)
    test.outcome("--object", ["./user"], 0, "xyxy 100 3\n")
    plain = test.bitcode("plain.c", PROGRAM, "-O1")
    test.made("--shared", "--shared", plain, "-o", "libmade.so", "--emit-header", "made.h")
    header = (test.folder / "made.h").read_text()
    for line in ("void *twice(void *, int64_t, void *);", "uint8_t shorten(uint8_t);", "/* whole: passes a struct by value */"):
        test.check("header without debug information", line in header, f"lacks {line!r}:\n{header}")
    # The library has the text's types without signs, so that the user's literal is not const.
    done = test.run(CLANG, "-w", "user.c", "./libmade.so", "-o", "user")
    test.check("--shared", done.returncode == 0, done.stderr)
    test.outcome("--shared", ["./user"], 0, "xyxy 100 3\n")
    caller = test.bitcode("caller.c", "int printf(const char *, ...); unsigned char shorten(unsigned char);\n"
                                      "int main(void) { printf(\"%d\\n\", shorten(9)); return 0; }", "-O1")
    test.made("--load", "--load", "./libmade.so", caller, "-o", "made")
    test.outcome("--load", ["./made"], 0, "4\n")
    finder = test.bitcode("finder.c", "#include <dlfcn.h>\n#include <stdio.h>\nint seen(void) { return 6; }\n"
                                      "int main(void) { int (*f)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, \"seen\");\n"
                                      "printf(\"%d\\n\", f ? f() : -1); return 0; }", "-O1")
    test.made("--export", finder, "--export", "seen", "-o", "made")
    test.outcome("--export of an executable", ["./made"], 0, "6\n")


def errors(test: Export) -> None:
    program = test.bitcode("program.c", PROGRAM, "-O1", "-g")
    unresolved = test.bitcode("unresolved.c", "int missing(void); int main(void) { return missing(); }")
    main = test.bitcode("main.c", "double main(double x) { return x; }", "-w", "-ffreestanding")
    test.run(test.kiln, "run", "--tier", "baseline", "--counters", "on", "--profile-out", "user.profile", test.bitcode(
        "alone.c", "int main(void) { return 0; }"))
    (test.folder / "damaged.profile").write_bytes(b"\x89KPRF\r\n\x1a\x01")
    (test.folder / "empty").mkdir(exist_ok=True)
    (test.folder / "empty.bc").write_bytes(b"")
    for what, message, *words in (
            ("no file", "needs a FILE", "--static"),
            ("missing file", "no.bc", "no.bc"),
            ("empty file", "empty", "empty.bc"),
            ("no output", "needs -o FILE", program, "-o", ""),
            ("no entry", "defines no function 'nowhere'", program, "--entry", "nowhere"),
            ("bad entry", "has the type", program, "--entry", "twice"),
            ("bad main", "has the type", main),
            ("unresolved", "undefined symbol: missing", unresolved),
            ("two definitions", "multiply defined", program, program),
            ("damaged profile", "damaged.profile", program, "--profile", "damaged.profile"),
            ("missing profile", "no.profile", program, "--profile", "no.profile"),
            ("foreign profile", "knows no function", program, "--profile", "user.profile", "--cold=trap"),
            ("trap without profile", "--cold=trap needs --profile", program, "--cold=trap"),
            ("size without profile", "--cold=size needs --profile", program, "--cold=size"),
            ("bad cold", "keep, size or trap", program, "--profile", "user.profile", "--cold=warm"),
            ("bad CPU", "no CPU", program, "--target-cpu", "abacus"),
            ("missing export", "no 'nowhere'", program, "--shared", "--export", "nowhere"),
            ("missing library", "libnowhere.so", program, "--load", "libnowhere.so"),
            ("missing archive", "libnowhere.a", program, "--static", "--load", "libnowhere.so.1"),
            ("no C library", "libc6-dev", program, "--sysroot", "empty"),
            ("unwritable", "no/folder", program, "-o", "no/folder/made"),
            ("unwritable object", "no/folder", program, "--object", "-o", "no/folder/made.o"),
            ("object and shared", "exclude each other", program, "--object", "--shared"),
            ("static library", "--static", program, "--static", "--shared"),
            ("header alone", "--emit-header", program, "--emit-header", "made.h"),
            ("arguments", "--report", program, "-o", "made", "--", "x"),
            ("report of a library", "--report", "--report", program, "--shared")):
        test.refused(what, message, *words)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiln-export-") as folder:
        test = Export(str((ROOT / options.kiln).resolve()), Path(folder))
        for part in kinds, cold, linking, errors:
            part(test)
    for failure in test.failures:
        print(f"FAIL {failure}")
    print("passed" if not test.failures else f"{len(test.failures)} failed")
    return 1 if test.failures else 0


if __name__ == "__main__":
    sys.exit(main())

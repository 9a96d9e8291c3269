#!/usr/bin/env python3
"""Tests the harness itself: with false kilns, so that every way to fail is seen to be reported."""

import argparse
import contextlib
import io
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "programs"))

import directives  # noqa: E402
import process  # noqa: E402
import torture_source  # noqa: E402
from build import Unit  # noqa: E402
from exceptions import Exceptions  # noqa: E402
from suite import Suite, report  # noqa: E402

GOOD = '#include <stdio.h>\nint main(int c, char **v) { printf("%s\\n", v[1]); return 3; }\n'
KILLED = "int main(void) { __builtin_trap(); }\n"
# Wraps at -O0; any optimiser may take the comparison for false.
UNDEFINED = "volatile int m = 2147483647;\nint main(void) { int x = m; return x + 1 < x; }\n"


class HarnessTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def judge(self, program: str, kiln_script: str, exceptions: str = "", level: str = "O2", mode: str = "O2",
              args: tuple[str, ...] = ("word",)):
        """Runs one program under a false kiln, which is a shell script that finds the native build in $native."""
        source = self.folder / "program.c"
        source.write_text(program)
        kiln = self.folder / "kiln"
        native = self.folder / "out" / level / "program.native"
        kiln.write_text(f"#!/bin/sh\nnative={native}\n{kiln_script}\n")
        kiln.chmod(0o755)
        options = argparse.Namespace(kiln=str(kiln), mode=[mode], levels=level, jobs=1, only=None, list_failures=None)
        suite = Suite(options, self.folder / "out", keep_native=True)
        (self.folder / "exceptions").write_text(exceptions)
        suite.exceptions = Exceptions(self.folder / "exceptions")
        results = suite.run(suite.prepare([Unit("program", level, (source,), args=args, must_build=True)]))
        with contextlib.redirect_stdout(io.StringIO()):
            status = report(results, [level], [mode], None)
        self.assertEqual(len(results), 1)
        self.assertEqual(status, 0 if results[0].verdict == "passed" else 1)
        return results[0]

    def test_the_same_outcome_passes(self):
        script = '[ "$1 $2 $3" = "run --tier O2" ] || exit 99; exec $native word'
        self.assertEqual(self.judge(GOOD, script).verdict, "passed")

    def test_arguments_come_after_a_double_dash(self):
        self.assertEqual(self.judge(GOOD, '[ "$5" = -- ] || exit 99; shift 5; exec $native "$@"').verdict, "passed")

    def test_other_output_fails(self):
        result = self.judge(GOOD, "echo other; exit 3")
        self.assertEqual((result.verdict, result.reason), ("failed", "standard output differs"))

    def test_other_status_fails(self):
        result = self.judge(GOOD, "echo word; exit 4")
        self.assertEqual((result.verdict, result.reason), ("failed", "expected exit 3, got exit 4"))

    def test_a_crash_fails(self):
        result = self.judge(GOOD, "kill -SEGV $$")
        self.assertEqual((result.verdict, result.reason), ("failed", "expected exit 3, got SIGSEGV"))

    def test_the_same_signal_passes_and_its_shell_status_does_not(self):
        self.assertEqual(self.judge(KILLED, "kill -ILL $$").verdict, "passed")
        self.assertEqual(self.judge(KILLED, "exit 132").reason, "expected SIGILL, got exit 132")

    def test_a_program_that_does_not_build_fails(self):
        self.assertIn("does not compile", self.judge("int main(void) { return x; }\n", "exit 0").reason)

    def test_an_exception_covers_its_mode_and_level_only(self):
        self.assertEqual(self.judge(GOOD, "exit 1", "program reason").verdict, "excepted")
        self.assertEqual(self.judge(GOOD, "exit 1", "program@O2 O2 reason").verdict, "excepted")
        self.assertEqual(self.judge(GOOD, "exit 1", "program O3 reason").verdict, "failed")
        self.assertEqual(self.judge(GOOD, "exit 1", "program@O0 * reason").verdict, "failed")

    def test_a_stale_exception_fails(self):
        self.assertIn("stale exception", self.judge(GOOD, "exec $native word", "program * reason").reason)

    def test_an_exception_that_may_pass(self):
        self.assertEqual(self.judge(GOOD, "exec $native word", "program O2? reason").verdict, "passed")
        self.assertEqual(self.judge(GOOD, "exit 1", "program O2? reason").verdict, "excepted")

    def test_an_exception_without_a_reason_is_refused(self):
        with self.assertRaises(SystemExit):
            self.judge(GOOD, "exit 1", "program O2")

    def test_undefined_behaviour_is_held_against_the_program_only_when_optimising(self):
        folded = "exit 0"
        self.assertEqual(self.judge(UNDEFINED, folded, level="O0", mode="O2").verdict, "unstable")
        self.assertEqual(self.judge(UNDEFINED, folded, level="O0", mode="O0").verdict, "failed")

    def test_nothing_tested_is_not_success(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(report([], ["O0"], ["O0"], None), 1)

    def test_a_second_preparation_builds_nothing(self):
        self.judge(GOOD, "exit 1")
        bitcode = self.folder / "out/O2/program.0.bc"
        before = bitcode.stat().st_mtime_ns
        self.judge(GOOD, "exit 1")
        self.assertEqual(bitcode.stat().st_mtime_ns, before)
        self.judge(GOOD.replace("return 3", "return 4"), "exit 1")
        self.assertNotEqual(bitcode.stat().st_mtime_ns, before)


class ProcessTest(unittest.TestCase):
    def test_a_timeout_kills_what_was_started(self):
        started = time.monotonic()
        outcome = process.run(["sh", "-c", "sleep 30 & echo begun; sleep 30"], timeout=0.3)
        self.assertEqual((outcome.status, outcome.stdout, outcome.describe()), (None, b"begun\n", "timeout"))
        self.assertLess(time.monotonic() - started, 10)

    def test_the_environment_is_fixed(self):
        outcome = process.run(["sh", "-c", "echo $LC_ALL $TZ; ls | wc -l"])
        self.assertEqual(outcome.stdout, b"C UTC\n0\n")


class ReadersTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.file = Path(holder.name) / "test.c"

    def test_directives(self):
        self.file.write_text("// Title.\n// ARGS: a 'b c'\n// STDIN: x\\ny\n// CFLAGS: -O1\n// CFLAGS: -g\n"
                             "int x;\n// ARGS: z\n")
        found = directives.read(self.file)
        self.assertEqual((found.args, found.stdin, found.cflags), (("a", "b c"), b"x\ny", ("-O1", "-g")))

    def test_a_misspelt_directive_is_refused(self):
        self.file.write_text("// NEED: avx2\n")
        with self.assertRaises(SystemExit):
            directives.read(self.file)

    def test_torture_options(self):
        self.file.write_text('/* { dg-options "-fwrapv -fno-tree-dse" } */\n'
                             '/* { dg-additional-options "-fno-common" { target hppa*-*-hpux* } } */\n'
                             '/* { dg-additional-options "-std=c99" { target { x86_64-*-* i?86-*-* } } } */\n')
        self.assertEqual(torture_source.wanted_flags(self.file), ("-fwrapv", "-std=c99"))


if __name__ == "__main__":
    unittest.main()

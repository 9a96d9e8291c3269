"""What every suite does once it knows its units: prepare them, run them in each mode, compare, report."""

import argparse
import fnmatch
import os
import shlex
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import process
from build import LEVELS, Prepared, Unit, prepare, survives_native_optimisation
from exceptions import Exceptions
from modes import MODES
from process import Outcome

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_KILN = "build/release/bin/kiln"
EXCEPTIONS = Path(__file__).with_name("exceptions.txt")
SHOWN_FAILURES = 60


@dataclass
class Result:
    """One run of one unit in one mode; verdict is passed, failed, excepted or unstable."""

    prepared: Prepared
    mode: str
    verdict: str
    reason: str = ""
    outcome: Outcome | None = None

    @property
    def unit(self) -> Unit:
        return self.prepared.unit


def add_options(parser: argparse.ArgumentParser, levels: str) -> None:
    """The options that all suites have."""
    parser.add_argument("--kiln", default=DEFAULT_KILN, metavar="PATH",
                        help="the kiln to test: a path from the repository root, or a command line")
    parser.add_argument("--mode", action="append", choices=list(MODES), help="repeatable; default: all modes")
    parser.add_argument("--levels", default=levels, help=f"levels to build at, default {levels}")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--only", metavar="GLOB", help="only the tests whose name matches")
    parser.add_argument("--list-failures", metavar="FILE", type=Path, help="write the failures, one a line")


class Suite:
    """The common part of a run; takes its settings from the parsed options."""

    def __init__(self, options: argparse.Namespace, folder: Path, keep_native: bool = False):
        self.kiln = kiln_command(options.kiln)
        self.modes = options.mode or list(MODES)
        self.levels = options.levels.split(",")
        unknown = [level for level in self.levels if level not in LEVELS]
        if unknown:
            raise SystemExit(f"unknown level {unknown[0]}; known: {', '.join(LEVELS)}")
        self.jobs = options.jobs
        self.only = options.only
        self.list_failures = options.list_failures
        self.folder = folder
        self.keep_native = keep_native
        self.exceptions = Exceptions(EXCEPTIONS)

    def selects(self, name: str) -> bool:
        return self.only is None or fnmatch.fnmatch(name, self.only)

    def prepare(self, units: list[Unit]) -> list[Prepared]:
        return self.each(lambda unit: prepare(unit, self.folder, self.keep_native), units, "preparing")

    def run(self, prepared: list[Prepared]) -> list[Result]:
        """Runs each kept unit in each mode; a unit that must build and did not is a failure of its own."""
        broken = [Result(item, "build", "failed", item.problem)
                  for item in prepared if item.problem and item.unit.must_build]
        tasks = [(item, mode) for item in prepared if item.expected for mode in self.modes]
        return broken + self.each(lambda task: self.judge(*task), tasks, "running")

    def judge(self, prepared: Prepared, mode: str) -> Result:
        unit = prepared.unit
        outcome, reason = self.run_twice(prepared, mode) if MODES[mode].kept else self.run_once(prepared, mode)
        exception = self.exceptions.find(unit.name, unit.level, mode)
        if exception and reason:
            return Result(prepared, mode, "excepted", reason)
        if exception and not exception.may_pass:
            return Result(prepared, mode, "failed", f"stale exception, it passes: {exception.reason}")
        if not reason:
            return Result(prepared, mode, "passed")
        if unit.level == "O0" and MODES[mode].optimises and not survives_native_optimisation(prepared):
            return Result(prepared, mode, "unstable", reason)
        return Result(prepared, mode, "failed", reason, outcome)

    def run_once(self, prepared: Prepared, mode: str, *options: str) -> tuple[Outcome, str]:
        """How the run ended, and in what that differs from what is expected."""
        unit = prepared.unit
        separator = ["--"] if unit.args else []
        deeper = ["/bin/sh", "-c", 'ulimit -s 65536; exec "$@"', "kiln"] if MODES[mode].deep else []
        outcome = process.run([*deeper, *self.kiln, *MODES[mode].options, *options, *map(str, prepared.bitcode), *separator, *unit.args],
                              unit.stdin)
        return outcome, difference(prepared, outcome)

    def run_twice(self, prepared: Prepared, mode: str) -> tuple[Outcome, str]:
        with tempfile.TemporaryDirectory(prefix="kiln-kept-") as folder:
            for turn in ("first", "second"):
                outcome, reason = self.run_once(prepared, mode, "--cache", folder)
                if reason:
                    return outcome, f"{turn} run: {reason}"
        return outcome, reason

    def each(self, work, items: list, what: str) -> list:
        """Applies work to all items on the suite's threads, with a progress line on a terminal."""
        results = []
        with ThreadPoolExecutor(self.jobs) as pool:
            for result in pool.map(work, items):
                results.append(result)
                if sys.stderr.isatty():
                    print(f"\r{what} {len(results)}/{len(items)} ", end="", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        return results


def kiln_command(text: str) -> list[str]:
    words = shlex.split(text)
    if "/" in words[0]:
        path = (ROOT / words[0]).resolve()
        if not os.access(path, os.X_OK):
            raise SystemExit(f"no kiln at {path}; build it or name one with --kiln")
        words[0] = str(path)
    return [*words, "run"]


def difference(prepared: Prepared, outcome: Outcome) -> str:
    """Says in what the outcome differs from the expected one; empty when in nothing."""
    expected = prepared.expected
    if outcome.status != expected.status:
        return f"expected {expected.describe()}, got {outcome.describe()}"
    if outcome.stdout != expected.stdout:
        return "standard output differs"
    if prepared.unit.stderr_text.encode() not in outcome.stderr:
        return f"standard error lacks {prepared.unit.stderr_text!r}"
    return ""


def output_excerpt(expected: bytes, actual: bytes) -> list[str]:
    """The first lines where two outputs part."""
    old = expected.decode("utf-8", "replace").splitlines()
    new = actual.decode("utf-8", "replace").splitlines()
    at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
    lines = [f"line {at + 1}:"]
    lines += [f"  - {line[:120]}" for line in old[at:at + 3]]
    lines += [f"  + {line[:120]}" for line in new[at:at + 3]]
    return lines


def report(results: list[Result], levels: list[str], modes: list[str], list_failures: Path | None) -> int:
    """Prints the counts and the failures; returns the exit status."""
    counts = Counter((result.mode, result.unit.level, result.verdict) for result in results)
    print(f"{'mode':12} {'level':6} {'passed':>7} {'failed':>7} {'excepted':>9} {'unstable':>9}")
    for mode in modes:
        for level in levels:
            row = [counts[mode, level, verdict] for verdict in ("passed", "failed", "excepted", "unstable")]
            print(f"{mode:12} {level:6} {row[0]:7} {row[1]:7} {row[2]:9} {row[3]:9}")
    failures = [result for result in results if result.verdict == "failed"]
    for result in failures[:SHOWN_FAILURES]:
        print_failure(result)
    if len(failures) > SHOWN_FAILURES:
        print(f"... and {len(failures) - SHOWN_FAILURES} more; --list-failures FILE writes them all")
    unstable = sorted({f"{result.unit.name} ({result.mode})" for result in results if result.verdict == "unstable"})
    if unstable:
        print("unstable: " + ", ".join(unstable))
    if list_failures:
        list_failures.write_text("".join(failure_line(result) + "\n" for result in failures))
    passed = sum(result.verdict == "passed" for result in results)
    print(f"{passed} passed, {len(failures)} failed")
    # Nothing passed and nothing failed means that nothing was tested, which must not look like success.
    return 0 if passed and not failures else 1


def print_failure(result: Result) -> None:
    print(f"FAIL {result.unit.name} {result.unit.level} {result.mode}: {result.reason}")
    if result.outcome is None:
        return
    if line := result.outcome.first_error_line():
        print(f"     stderr: {line}")
    if result.outcome.stdout != result.prepared.expected.stdout:
        for line in output_excerpt(result.prepared.expected.stdout, result.outcome.stdout):
            print(f"     {line}")


def failure_line(result: Result) -> str:
    error = result.outcome.first_error_line() if result.outcome else ""
    return "\t".join((result.unit.name, result.unit.level, result.mode, result.reason, error))

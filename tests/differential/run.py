#!/usr/bin/env python3
"""Families of operations over edge values: each program runs natively, built by clang -O0 from the same IR, and under Kiln.

The programs are written by the other modules of this folder. `--keep FOLDER` leaves them there, `--only GLOB` selects."""

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True

import control  # noqa: E402
import floats  # noqa: E402
import frames  # noqa: E402
import integers  # noqa: E402
import masked  # noqa: E402
import memory  # noqa: E402
import vectors  # noqa: E402
from program import Program, Test, bits_of  # noqa: E402

CLANG = "clang-19"
# Every operation in the interpreter and in baseline code; every loop left in its middle; functions replaced while they run;
# compiled code left at every third branch and call, with values of every kind alive.
MODES = {
    "interpreter": ("--tier", "interpreter"),
    "profile": ("--tier", "interpreter", "--profile", "on"),
    "baseline": ("--tier", "baseline"),
    "baseline4": ("--tier", "baseline", "--baseline-registers", "4"),
    "baseline-plain": ("--tier", "baseline", "--baseline-plain-cpu"),
    "osr1": ("--ladder", "interpreter,baseline@1,O3@2", "--osr-at", "1"),
    "climb": ("--ladder", "interpreter,baseline@2:3,O2@20:40"),
    "exit3": ("--ladder", "interpreter,O3@2", "--compile-threads", "0", "--exit-at", "3"),
}
SHOWN = 12
NOT_BUILT = "not built yet"  # what a tier that is to come refuses everything with


@dataclass
class Output:
    """Lines of results by the number of the test, and how the process ended."""

    status: int
    stderr: str
    tests: dict[int, list[str]]


def read(done: subprocess.CompletedProcess) -> Output:
    tests, lines = {}, []
    for line in done.stdout.splitlines():
        if line.startswith("# "):
            lines = tests.setdefault(int(line[2:]), [])
        else:
            lines.append(line)
    return Output(done.returncode, done.stderr.strip(), tests)


def run(command: list[str]) -> Output:
    return read(subprocess.run(command, capture_output=True, text=True, timeout=600))


def differences(test: Test, expected: list[str], actual: list[str]) -> list[str]:
    out = []
    for line, text in enumerate(expected):
        found = actual[line] if line < len(actual) else ""
        if test.normal(line, text) != test.normal(line, found):
            out.append(f"{test.describe(line)}\n      native {text}\n      kiln   {found or '(nothing)'}")
    return out


def check(program: Program, folder: Path, kiln: str, modes: list[str]) -> list[str]:
    source, native = folder / f"{program.name}.ll", folder / program.name
    source.write_text(program.source())
    built = subprocess.run([CLANG, "-O0", "-w", "-x", "ir", str(source), "-o", str(native), "-lm"], capture_output=True, text=True)
    if built.returncode:
        return [f"{program.name}: clang does not build it: {built.stderr.strip()[:2000]}"]
    bitcode = folder / f"{program.name}.bc"
    subprocess.run([CLANG, "-O0", "-w", "-Xclang", "-disable-llvm-passes", "-c", "-emit-llvm", "-x", "ir", str(source),
                    "-o", str(bitcode)], check=True)
    expected = run([str(native)])
    if expected.status or len(expected.tests) != len(program.tests):
        return [f"{program.name}: the native program ended with {expected.status} after {len(expected.tests)} tests"]
    failures = []
    for mode in modes:
        statistics = folder / f"{program.name}.{mode}.json"
        actual = run([kiln, "run", f"--stats={statistics}", *MODES[mode], str(bitcode)])
        if actual.status:
            reached = program.tests[max(actual.tests)].name if actual.tests else "the start"
            failures.append(f"{mode}: ended with {actual.status} behind {reached}: {actual.stderr[:500]}")
        for number, test in enumerate(program.tests):
            if not actual.status or number in actual.tests:
                failures += [f"{mode}: {text}" for text in differences(test, expected.tests[number], actual.tests.get(number, []))]
        if not actual.status and mode in ("interpreter", "baseline", "baseline-plain"):
            failures += not_taken(program, mode.split("-")[0], json.loads(statistics.read_text()))
        if not actual.status and mode.startswith("exit") and json.loads(statistics.read_text())["exits"]["forced"] == 0:
            failures.append(f"{mode}: no code was left")
    return failures


def not_taken(program: Program, tier: str, statistics: dict) -> list[str]:
    """A function that was refused would be tested in the next tier only."""
    refused = [f["name"] for f in statistics["functions"] if f["tier"] != tier]
    if tier not in program.taken_by:
        return []
    if tier == "baseline":
        refused = [name for name in refused if not (name[4:].isdigit() and is_beyond_baseline(program.tests[int(name[4:])]))]
    reasons = ", ".join(r["reason"] for r in statistics.get("refusals", []))
    if reasons == NOT_BUILT:
        return []
    if tier == "baseline":
        refused = [name for name in refused if not program.has_no_registers(name)]
    return [f"{tier}: refused {program.tests[int(name[4:])].name}: {reasons}" if name[4:].isdigit() else f"refused {name}"
            for name in refused]


def is_beyond_baseline(test: Test) -> bool:
    """Baseline code has no form for these formats, nor for integers of more than 128 bits."""
    lanes = [t[1:-1].split(" x ")[1] if t.startswith("<") else t for t in (*test.types, *(r.type for r in test.results))]
    return any(t in ("half", "fp128") or bits_of(t) > 128 for t in lanes)


def main() -> int:
    os.environ.setdefault("KILN_CACHE", "off")  # each run begins with nothing
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--only", default="*", metavar="GLOB")
    parser.add_argument("--mode", action="append", choices=list(MODES), help="repeatable; default: all modes")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args()
    programs = [program for family in (integers, floats, vectors, masked, memory, frames, control) for program in family.programs()
                if fnmatch.fnmatch(program.name, options.only)]
    failed = 0
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(options.jobs) as pool:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        checked = pool.map(lambda program: check(program, folder, options.kiln, options.mode or list(MODES)), programs)
        for program, failures in zip(programs, checked):
            results = sum(len(test.rows) * len(test.results) for test in program.tests)
            print(f"{program.name}: {len(program.tests)} tests, {results} results, {len(failures)} differences", flush=True)
            for text in failures[:SHOWN]:
                print(f"  {text}")
            if len(failures) > SHOWN:
                print(f"  ... and {len(failures) - SHOWN} more")
            failed += bool(failures)
    print(f"{len(programs) - failed} of {len(programs)} programs give the native results")
    return 0 if programs and not failed else 1


if __name__ == "__main__":
    sys.exit(main())

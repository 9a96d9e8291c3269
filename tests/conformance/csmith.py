#!/usr/bin/env python3
"""Runs random programs of csmith under Kiln; each prints a checksum of its globals, which must be the native one.

Without --campaign the seeds are fixed: 1 to --count. With it, random seeds until the time is over. Programs that fail
are kept in build/csmith/failures together with the line that tells how.
"""

import argparse
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from build import Prepared, Unit  # noqa: E402
from suite import ROOT, Result, Suite, add_options, failure_line, report  # noqa: E402

FOLDER = ROOT / "build/csmith"
HEADERS = Path("/usr/include/csmith")
# Small enough to compile in a moment in every tier; the safe-math wrappers that csmith adds keep the programs defined.
LIMITS = ("--max-funcs", "6", "--max-block-size", "4", "--max-block-depth", "4", "--max-expr-complexity", "8",
          "--max-array-dim", "2", "--max-array-len-per-dim", "6", "--inline-function", "--float",
          "--bitfields", "--packed-struct")
BATCH = 20
# csmith looks for this file where it runs, and writes it if it is absent: two at a time would read each other's half.
PLATFORM = "integer size = 4\npointer size = 8\n"
# A program that takes longer natively is left out: it might not end at all.
NATIVE_SECONDS = 2


def generate(folder: Path, seed: int) -> Path:
    source = folder / "src" / f"{seed}.c"
    if not source.exists():
        partial = source.with_suffix(".partial")
        command = ["csmith", "--seed", str(seed), *LIMITS, "-o", str(partial)]
        subprocess.run(command, check=True, timeout=60, cwd=source.parent)
        partial.rename(source)
    return source


def run_seeds(suite: Suite, seeds: list[int]) -> list[Result]:
    """Generates, prepares and runs the programs of some seeds."""
    place = suite.folder / "src"
    place.mkdir(parents=True, exist_ok=True)
    (place / "platform.info").write_text(PLATFORM)
    sources = suite.each(lambda seed: generate(suite.folder, seed), seeds, "generating")
    flags = ("-w", "-I", str(HEADERS))
    units = [Unit(f"csmith/{source.stem}", level, (source,), flags, native_timeout=NATIVE_SECONDS)
             for source in sources for level in suite.levels]
    prepared = suite.prepare(units)
    drop_disputed(prepared)
    return suite.run(prepared)


def drop_disputed(prepared: list[Prepared]) -> None:
    """Leaves out programs on which the native levels do not agree: that is clang's matter or an undefined program."""
    outcomes = {}
    for item in prepared:
        outcomes.setdefault(item.unit.name, []).append(item.expected)
    for item in prepared:
        seen = outcomes[item.unit.name]
        if any(outcome != seen[0] for outcome in seen) or (item.expected and item.expected.status != 0):
            item.expected, item.problem = None, "natively not comparable"


def keep_failures(results: list[Result]) -> None:
    folder = FOLDER / "failures"
    for result in results:
        if result.verdict == "failed":
            folder.mkdir(parents=True, exist_ok=True)
            source = result.unit.sources[0]
            shutil.copy(source, folder)
            with open(folder / (source.stem + ".txt"), "a", encoding="utf-8") as text:
                text.write(failure_line(result) + "\n")


def campaign(suite: Suite, seconds: float) -> list[Result]:
    """Random seeds until the time is over; what does not fail is deleted again."""
    end = time.monotonic() + seconds
    results = []
    while time.monotonic() < end:
        batch = run_seeds(suite, [random.randrange(10**6, 10**9) for _ in range(BATCH)])
        keep_failures(batch)
        results += batch
        shutil.rmtree(suite.folder, ignore_errors=True)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, "O0,O2")
    parser.add_argument("--count", type=int, default=100, help="how many fixed seeds, default 100")
    parser.add_argument("--campaign", type=float, metavar="SECONDS", help="random seeds for this long")
    options = parser.parse_args()
    if not HEADERS.exists() or not shutil.which("csmith"):
        raise SystemExit("csmith is missing: install the packages csmith and libcsmith-dev")
    suite = Suite(options, FOLDER / ("campaign" if options.campaign else "fixed"))
    if options.campaign:
        results = campaign(suite, options.campaign)
    else:
        seeds = [seed for seed in range(1, options.count + 1) if suite.selects(f"csmith/{seed}")]
        results = run_seeds(suite, seeds)
        keep_failures(results)
    return report(results, suite.levels, suite.modes, options.list_failures)


if __name__ == "__main__":
    sys.exit(main())

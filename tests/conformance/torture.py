#!/usr/bin/env python3
"""Runs GCC's C torture suite under Kiln and compares every program with its native build.

A program takes part at a level if its native build passes, that is, ends with status 0. See README.md.
"""

import argparse
import sys

sys.dont_write_bytecode = True

from build import Prepared, Unit  # noqa: E402
from suite import ROOT, Suite, add_options, report  # noqa: E402
from torture_source import TortureTest, extract, list_tests  # noqa: E402

FOLDER = ROOT / "build/torture"


def units_of(tests: list[TortureTest], levels: list[str]) -> list[Unit]:
    return [Unit(test.name, level, test.sources, test.flags, includes_digest=test.includes_digest)
            for test in tests for level in levels]


def prepare(suite: Suite, tests: list[TortureTest]) -> list[Prepared]:
    prepared = suite.prepare(units_of(tests, suite.levels))
    for item in prepared:
        if item.expected and item.expected.status != 0:
            item.problem, item.expected = "native run fails", None
    return prepared


def prepare_sample(suite: Suite, tests: list[TortureTest], size: int) -> list[Prepared]:
    """Prepares no more tests than it takes to have `size` that pass natively."""
    prepared, taken, kept = [], 0, set()
    while len(kept) < size and taken < len(tests):
        count = size - len(kept)
        prepared += prepare(suite, tests[taken:taken + count])
        taken += count
        kept = {item.unit.name for item in prepared if item.expected}
    return prepared


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, "O0,O2")
    parser.add_argument("--sample", type=int, metavar="N", help="only a fixed sample of N programs")
    options = parser.parse_args()
    suite = Suite(options, FOLDER)
    tests = [test for test in list_tests(extract(FOLDER / "src")) if suite.selects(test.name)]
    prepared = prepare_sample(suite, tests, options.sample) if options.sample else prepare(suite, tests)
    for level in suite.levels:
        here = [item for item in prepared if item.unit.level == level]
        print(f"{level}: {sum(bool(item.expected) for item in here)} of {len(here)} programs pass natively")
    return report(suite.run(prepared), suite.levels, suite.modes, options.list_failures)


if __name__ == "__main__":
    sys.exit(main())

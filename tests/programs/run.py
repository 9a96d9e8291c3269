#!/usr/bin/env python3
"""Runs this folder's C and C++ programs under Kiln and compares each with its native build.

What is expected is what the native executable does that clang makes of the same bitcode: standard output, exit
status, or the signal that ends it. The files say what they need in their first lines; see directives.py.
"""

import argparse
import hashlib
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))
sys.dont_write_bytecode = True

import directives  # noqa: E402
from build import Prepared, Unit  # noqa: E402
from suite import ROOT, Suite, add_options, report  # noqa: E402


def cpu_features() -> set[str]:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return set(line.split(":", 1)[1].split())
    return set()


def included_digest(path: Path) -> str:
    """A digest of the programs that this one includes, or nothing when it includes none."""
    names = re.findall(r'^#include "(.*)"', path.read_text(), re.MULTILINE)
    return hashlib.sha256(b"".join(path.with_name(name).read_bytes() for name in names)).hexdigest() if names else ""


def units_of(path: Path, levels: list[str]) -> list[Unit]:
    found = directives.read(path)
    language = ("-Wall", "-Wno-unused") if path.suffix == ".c" else ("-std=c++20",)
    # Without contraction a*b+c has one result on every CPU, so that code for the host's CPU can be compared too.
    flags = (*language, "-ffp-contract=off", *found.cflags)
    sources = (path, *(path.with_name(name) for name in found.files))
    return [Unit(f"{path.parent.name}/{path.stem}", level, sources, flags, found.link, found.args,
                 found.stdin, included_digest(path), must_build=True, stderr_text=found.stderr)
            for level in found.levels or levels]


def select(suite: Suite) -> tuple[list[Unit], list[str]]:
    """The units to run, and the names of the programs that this machine cannot run."""
    units, skipped = [], []
    features = cpu_features()
    for path in sorted([*HERE.glob("c/*.c"), *HERE.glob("cpp/*.cpp")]):
        name = f"{path.parent.name}/{path.stem}"
        # A part belongs to another program, which names it in FILES.
        if ".part" in path.name or not (suite.selects(name) or suite.selects(path.stem)):
            continue
        if set(directives.read(path).needs) - features:
            skipped.append(name)
        else:
            units += units_of(path, suite.levels)
    return units, skipped


def mark_level_dependent(prepared: list[Prepared]) -> None:
    """A program that ends differently natively at two levels relies on something that C or C++ do not define."""
    first = {}
    for item in prepared:
        if item.expected:
            reference = first.setdefault(item.unit.name, item)
            if item.expected != reference.expected:
                item.problem = f"natively different at {reference.unit.level}"
                item.expected = None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, "O0,O2")
    options = parser.parse_args()
    suite = Suite(options, ROOT / "build/programs", keep_native=True)
    units, skipped = select(suite)
    for name in skipped:
        print(f"SKIP {name}: the CPU lacks what it needs")
    prepared = suite.prepare(units)
    mark_level_dependent(prepared)
    results = suite.run(prepared)
    levels = sorted({unit.level for unit in units})
    return report(results, levels, suite.modes, options.list_failures)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Each refusal of the low tiers: the statistics count it under its reason, and the program gives the right result all the
same, because the function starts higher, or stays where it is. The programs are in a file per tier, TIER.txt."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = 'target triple = "x86_64-pc-linux-gnu"\n'
CHECK = """
declare void @exit(i32)
define internal void @check(i1 %right) noinline {
  br i1 %right, label %good, label %bad
good:
  ret void
bad:
  call void @exit(i32 1)
  unreachable
}
"""
TIERS = ("interpreter", "baseline")


def ladders(tier: str) -> dict[str, tuple[str, ...]]:
    """Functions that are refused start at O0, whatever the ladder has next."""
    return {"one tier": ("--tier", tier), "ladder": ("--ladder", f"{tier},O2@1000", "--counters", "off")}


def cases(tier: str) -> list[tuple[str, str]]:
    text = (HERE / f"{tier}.txt").read_text()
    return [tuple(part.split("\n", 1)) for part in text.split("\n== ")[1:]]


def check(tier: str, reason: str, program: str, folder: Path, kiln: str) -> list[str]:
    source, statistics = folder / "a.ll", folder / "a.json"
    source.write_text(HEAD + program + CHECK)
    problems = []
    for name, options in ladders(tier).items():
        done = subprocess.run([kiln, "run", *options, f"--stats={statistics}", source], capture_output=True, text=True)
        if done.returncode:
            problems.append(f"{name}: ended with {done.returncode}: {done.stderr.strip()[:300]}")
            continue
        found = json.loads(statistics.read_text())
        counted = {(r["tier"], r["reason"]): r["functions"] for r in found["refusals"]}
        if not counted.get((tier, reason)):
            problems.append(f"{name}: not counted; there are {counted}")
        compiled = [f for f in found["functions"] if f["tier"] == "O0"]
        if len(compiled) != sum(counted.values()):
            problems.append(f"{name}: {sum(counted.values())} refused, but {len(compiled)} started at O0")
    return problems


def main() -> int:
    os.environ.setdefault("KILN_CACHE", "off")  # each run begins with nothing
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    options = parser.parse_args()
    failed, all_cases = 0, [(tier, *case) for tier in TIERS for case in cases(tier)]
    with tempfile.TemporaryDirectory() as folder:
        for tier, reason, program in all_cases:
            problems = check(tier, reason, program, Path(folder), options.kiln)
            for problem in problems:
                print(f"{tier}: {reason}: {problem}")
            failed += bool(problems)
    print(f"{len(all_cases) - failed} of {len(all_cases)} refusals are as they should be")
    return 1 if failed or not all_cases else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Each refusal of the interpreter: the statistics count it under its reason, and the program gives the right result all the
same, because the function starts in the next tier. The programs are in refusals.txt."""

import argparse
import json
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
# The next tier is O0 below a single tier, else the ladder's next.
LADDERS = {"O0": ("--tier", "interpreter"), "O2": ("--ladder", "interpreter,O2@1000")}


def cases() -> list[tuple[str, str]]:
    text = (HERE / "refusals.txt").read_text()
    return [tuple(part.split("\n", 1)) for part in text.split("\n== ")[1:]]


def check(reason: str, program: str, folder: Path, kiln: str, llvm_as: str) -> list[str]:
    source, statistics = folder / "a.ll", folder / "a.json"
    source.write_text(HEAD + program + CHECK)
    problems = []
    for next_tier, options in LADDERS.items():
        done = subprocess.run([kiln, "run", *options, f"--stats={statistics}", source], capture_output=True, text=True)
        if done.returncode:
            problems.append(f"{next_tier}: ended with {done.returncode}: {done.stderr.strip()[:300]}")
            continue
        found = json.loads(statistics.read_text())
        counted = {(r["tier"], r["reason"]): r["functions"] for r in found["refusals"]}
        if not counted.get(("interpreter", reason)):
            problems.append(f"{next_tier}: not counted; there are {counted}")
        compiled = [f for f in found["functions"] if f["tier"] == next_tier]
        if len(compiled) != sum(counted.values()):
            problems.append(f"{next_tier}: {sum(counted.values())} refused, but {len(compiled)} are in that tier")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    parser.add_argument("--llvm-as", default="llvm-as-19")
    options = parser.parse_args()
    failed, all_cases = 0, cases()
    with tempfile.TemporaryDirectory() as folder:
        for reason, program in all_cases:
            problems = check(reason, program, Path(folder), options.kiln, options.llvm_as)
            for problem in problems:
                print(f"{reason}: {problem}")
            failed += bool(problems)
    print(f"{len(all_cases) - failed} of {len(all_cases)} refusals are as they should be")
    return 1 if failed or not all_cases else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""On-stack replacement: loops that run move into compiled code, with all that is live, and the statistics say so.

A program's first lines name the functions that have to move (TRANSFERS) and, where that is not what the native program
prints, its output (EXPECTED)."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEVELS = {"O0": ("-O0", "-Xclang", "-disable-O0-optnone"), "O1": ("-O1", "-fno-inline")}
TOP = "O3"


@dataclass(frozen=True)
class Mode:
    options: tuple[str, ...]
    moves: bool = True
    steps: bool = False  # through baseline


MODES = {
    "ladder": Mode(("--ladder", f"interpreter,baseline@50:500,O2@100:1000,{TOP}@1000:3000", "--compile-threads", "0"), steps=True),
    "straight": Mode(("--ladder", f"interpreter,O2@100:1000,{TOP}@1000:3000", "--compile-threads", "0")),
    "background": Mode(("--ladder", f"interpreter,baseline@10:200,{TOP}@20:500")),
    "out of baseline": Mode(("--tier", "baseline", "--osr-at", "2")),
    "still": Mode(("--ladder", f"interpreter,O2@100:1000,{TOP}@1000:3000", "--no-osr"), moves=False),
    **{f"at {n}": Mode(("--ladder", f"interpreter,baseline@1,{TOP}@2", "--osr-at", str(n)), steps=True) for n in (1, 2, 3, 7, 1000)},
}


@dataclass
class Case:
    source: Path
    level: str
    transfers: list[str]
    expected: str | None

    @property
    def name(self) -> str:
        return f"{self.source.name} {self.level}"


def read(source: Path, level: str) -> Case:
    fields = dict(line[3:].split(": ", 1) for line in source.read_text().splitlines()[:3]
                  if line.startswith(("// TRANSFERS: ", "// EXPECTED: ")))
    expected = fields.get("EXPECTED")
    return Case(source, level, fields["TRANSFERS"].split(), expected.replace("\\n", "\n") if expected else None)


def build(case: Case, folder: Path) -> tuple[Path, str]:
    """The bitcode, and what the native program made of it prints."""
    clang = "clang++-19" if case.source.suffix == ".cpp" else "clang-19"
    stem = folder / f"{case.source.stem}.{case.level}"
    bitcode, native = stem.with_suffix(f".{case.level}.bc"), stem.with_suffix(f".{case.level}.native")
    subprocess.run([clang, *LEVELS[case.level], "-ffp-contract=off", "-c", "-emit-llvm", case.source, "-o", bitcode], check=True)
    if case.expected is not None:
        return bitcode, case.expected
    subprocess.run([clang, "-w", "-O0", bitcode, "-o", native, "-lm"], check=True)
    return bitcode, subprocess.run([native], capture_output=True, text=True, check=True, timeout=120).stdout


def run_mode(case: Case, mode: Mode, kiln: str, bitcode: Path, expected: str, statistics: Path) -> list[str]:
    # What waits for the compile thread is not sure to move before its loop ends; only a program that waits for it is.
    sure = mode.moves and (case.expected is not None or mode != MODES["background"])
    if not mode.moves and case.expected is not None:
        return []
    done = subprocess.run([kiln, "run", f"--stats={statistics}", *mode.options, bitcode], capture_output=True, text=True,
                          timeout=300)
    if done.returncode:
        return [f"ended with {done.returncode}: {done.stderr.strip()[:300]}"]
    problems = []
    if done.stdout != expected:
        problems.append(f"output differs\n    native {expected!r}\n    kiln   {done.stdout!r}")
    found = json.loads(statistics.read_text())
    functions = {f["name"]: f for f in found["functions"]}
    # What baseline refuses neither steps there nor leaves it.
    refused = any(refusal["tier"] == "baseline" for refusal in found["refusals"]) or not found["baseline"]["functions"]
    for name, function in functions.items():
        loops = [version for version in function["versions"] if "loop" in version]
        if not mode.moves and (function["osr_transfers"] or loops):
            problems.append(f"{name} moved in spite of --no-osr")
        if function["osr_transfers"] and not loops:
            problems.append(f"{name} moved, but has no continuation")
        if any(version["tier"] not in ("baseline", TOP) for version in loops):
            problems.append(f"{name} moved into a tier that is neither baseline nor the top")
    for name in case.transfers if sure and not (refused and mode == MODES["out of baseline"]) else []:
        function = functions.get(name)
        if mode.steps and not refused and not any(v["tier"] == "baseline" and "loop" in v for v in function["versions"]):
            problems.append(f"{name} did not step through baseline")
        if not function or not function["osr_transfers"]:
            problems.append(f"{name} did not move")
    return problems


def run_case(case: Case, folder: Path, kiln: str) -> list[str]:
    bitcode, expected = build(case, folder)
    statistics = bitcode.with_suffix(".json")
    return [f"{name}: {problem}" for name, mode in MODES.items()
            for problem in run_mode(case, mode, kiln, bitcode, expected, statistics)]


def main() -> int:
    os.environ.setdefault("KILN_CACHE", "off")  # each run begins with nothing
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    parser.add_argument("--only", default="", metavar="TEXT", help="only sources whose name contains it")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args()
    cases = [read(source, level) for source in sorted([*HERE.glob("*.c"), *HERE.glob("*.cpp")]) for level in LEVELS
             if options.only in source.name]
    failed = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda case: run_case(case, Path(folder), options.kiln), cases)
        for case, problems in zip(cases, results):
            print(f"{case.name}: {'ok' if not problems else 'FAILED'}")
            for problem in problems:
                print(f"  {problem}")
            failed += bool(problems)
    print(f"{len(cases) - failed} of {len(cases)} passed, {len(MODES)} modes each")
    return 0 if cases and not failed else 1


if __name__ == "__main__":
    sys.exit(main())

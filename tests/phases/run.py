#!/usr/bin/env python3
"""A program that changes its mind at every phase settles: three times the phases make hardly any more compiles, and the result is native's.

Compiles run in the program's own thread (--compile-threads 0), so that their number is the same every time. The program is
bench/programs/phases.c with phases of some milliseconds."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCE = ROOT / "bench" / "programs" / "phases.c"
# Phases until nothing new may be compiled, and phases of the run that is compared.
SETTLED, MANY = 12, 36
UNITS = "4"
LADDERS = {"default": None, "early": "interpreter,baseline@2,O2@10,O3@100"}
# Versions of one function at one place and tier: the first, one with recorders (baseline), and rebuilds after wrong guesses.
MOST = 6
# Rebuilds that may come late: a guess that fails rarely takes long to reach its limit, and a function has three of them.
LATE = 3
# Exits of one guard whose activations loop on for long, until its assumption is dropped (Assumptions::kLingering of 64).
MOST_LINGERING = 8


def run(command: list, problems: list[str]) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode:
        problems.append(f"{' '.join(map(str, command))}: {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def versions(file: Path) -> dict[tuple, int]:
    """How many versions were made, by function, tier and loop."""
    made: dict[tuple, int] = {}
    for function in json.loads(file.read_text())["functions"]:
        for version in function["versions"]:
            key = function["name"], version["tier"], version.get("loop")
            made[key] = made.get(key, 0) + 1
        forgotten = function["name"], "forgotten", None
        made[forgotten] = made.get(forgotten, 0) + function["versions_forgotten"]
    return made


def lingering(kiln: str, folder: Path, problems: list[str]) -> None:
    """An exit whose activation goes on for long is dear: its loop leaves the interpreter at once, and a few drop the guess."""
    source, native, bitcode, stats = HERE / "lingering.c", folder / "native", folder / "lingering.bc", folder / "stats.json"
    subprocess.run(["clang-19", "-O1", source, "-o", native], check=True)
    subprocess.run(["clang-19", "-O1", "-c", "-emit-llvm", source, "-o", bitcode], check=True)
    out = run([kiln, "run", "--compile-threads", 0, "--cache", "off", f"--stats={stats}", bitcode], problems)
    if problems:
        return
    if out != run([native], problems):
        problems.append(f"lingering: {out!r}")
    found = json.loads(stats.read_text())
    branch = found["exits"]["reasons"]["branch"]
    if not 0 < branch["exits"] <= MOST_LINGERING or branch["dropped"] == 0:
        problems.append(f"lingering: {branch}")
    moved = next(each["osr_transfers"] for each in found["functions"] if each["name"] == "work")
    if moved < branch["exits"]:
        problems.append(f"lingering: {branch['exits']} exits, but loops left the interpreter {moved} times")
    print(f"lingering: {branch['exits']} exits, {moved} moves")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    options = parser.parse_args()
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lingering(options.kiln, folder, problems)
        native, bitcode, stats = folder / "native", folder / "phases.bc", folder / "stats.json"
        subprocess.run(["clang-19", "-O1", SOURCE, "-o", native], check=True)
        subprocess.run(["clang-19", "-O1", "-c", "-emit-llvm", SOURCE, "-o", bitcode], check=True)
        for which in ("branch", "callee", "argument", "all"):
            expected = {phases: run([native, which, UNITS, phases], problems) for phases in (SETTLED, MANY)}
            for ladder, text in LADDERS.items():
                made = {}
                for phases in (SETTLED, MANY):
                    out = run([options.kiln, "run", "--compile-threads", 0, f"--stats={stats}",
                               *(["--ladder", text] if text else []), bitcode, which, UNITS, phases], problems)
                    if problems:
                        break
                    made[phases] = versions(stats)
                    if out != expected[phases]:
                        problems.append(f"{which}, {ladder}, {phases} phases: {out!r}, not {expected[phases]!r}")
                if problems:
                    break
                before, after = sum(made[SETTLED].values()), sum(made[MANY].values())
                if after - before > LATE:
                    problems.append(f"{which}, {ladder}: {before} versions after {SETTLED} phases, {after} after {MANY}")
                problems += [f"{which}, {ladder}: {count} versions of {key}" for key, count in made[MANY].items() if count > MOST]
                tiers = {key[1] for key in made[MANY]}
                if "O3" not in tiers:
                    problems.append(f"{which}, {ladder}: nothing came to the top")
                print(f"{which}, {ladder}: {after} versions")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

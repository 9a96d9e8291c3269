#!/usr/bin/env python3
"""What --profile-out writes is exact, for programs whose counts are known, and adds up when runs are merged."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# By function: each list of the profile without the numbers of places, sorted. Loops and the branches that end them have one
# count of each kind.
EXPECTED = {
    "branches": {"entries": 1000, "branches": [{334, 666}]},
    # Two of each ten: one for each of four cases, the other six to the default.
    "cases": {"entries": 100, "switches": [(60, [10, 10, 10, 10])]},
    # 20 are multiples of 3; of the other 40 half are odd; of the even ones only 2 has a case.
    "far_cases": {"entries": 60, "switches": [(19, [20, 20, 1])]},
    "loops": {"entries": 7, "loops": [7 * 4, 7 * 5 * 10], "branches": [{7 * 4, 7}, {7 * 5 * 10, 7 * 5}],
              "arguments": {0: ("constant", 5, 7), 1: ("constant", 11, 7)}},
    "indirect": {"entries": 90, "indirect_calls": [([("one", 60), ("two", 20), ("three", 10)], 0)],
                 "arguments": {0: ("varied",)}},
    "one": {"entries": 60, "arguments": {0: ("constant", 4, 60)}},
    "copies": {"entries": 80, "memory_sizes": [([(16, 60), (100, 20)], 0)], "arguments": {0: ("varied",)}},
    "moves": {"entries": 80, "memory_sizes": [([(33, 80)], 0)], "arguments": {0: ("constant", 33, 80)}},
    "fills": {"entries": 80, "memory_sizes": [([(64, 70), (5, 10)], 0)]},
    "compares": {"entries": 80, "memory_sizes": [([(8, 80)], 0)]},
    "arguments": {"entries": 25, "arguments": {0: ("constant", 2 ** 32 - 5, 25), 1: ("varied",), 2: ("constant", 0, 25),
                                               4: ("constant", 2 ** 16 - 3, 25)}},
    "main": {"entries": 1},
}


# What each recorder fills.
RECORDERS = {"branches": ("branches", "loops"), "switches": ("switches",), "targets": ("indirect_calls",),
             "sizes": ("memory_sizes",), "arguments": ("arguments",)}


def facts(function: dict) -> dict:
    """A function of the profile in the form of EXPECTED."""
    def argument(item):
        return (item["state"], item["value"], item["count"]) if item["state"] == "constant" else (item["state"],)
    return {
        "entries": function["entries"],
        # Which side of a branch is the first is the front end's choice.
        "branches": sorted(({b["taken"], b["not_taken"]} for b in function["branches"]), key=sorted),
        "switches": [(s["default"], s["cases"]) for s in function["switches"]],
        "loops": sorted(loop["back_edges"] for loop in function["loops"]),
        "indirect_calls": [([(t["name"], t["count"]) for t in c["targets"]], c["other"]) for c in function["indirect_calls"]],
        "memory_sizes": [([(s["size"], s["count"]) for s in m["sizes"]], m["other"]) for m in function["memory_sizes"]],
        "arguments": {item["index"]: argument(item) for item in function["arguments"]},
    }


def doubled(fact):
    """EXPECTED of two runs: every count twice, every value once."""
    out = dict(fact, entries=2 * fact["entries"])
    for name, twice in (("branches", lambda b: {2 * n for n in b}), ("switches", lambda s: (2 * s[0], [2 * n for n in s[1]])),
                        ("loops", lambda n: 2 * n), ("indirect_calls", lambda c: ([(v, 2 * n) for v, n in c[0]], 2 * c[1])),
                        ("memory_sizes", lambda m: ([(v, 2 * n) for v, n in m[0]], 2 * m[1]))):
        if name in fact:
            out[name] = [twice(item) for item in fact[name]]
    if "arguments" in fact:
        out["arguments"] = {i: (*a[:2], 2 * a[2]) if len(a) == 3 else a for i, a in fact["arguments"].items()}
    return out


def only(parts: tuple[str, ...]) -> dict:
    """EXPECTED of a run that records these parts and no others."""
    return {name: {field: value if field in ("entries", *parts) else {} if field == "arguments" else []
                   for field, value in fact.items()} for name, fact in EXPECTED.items()}


def compare(what: str, file: Path, expected: dict) -> list[str]:
    found = {f["name"]: f for f in json.loads(file.read_text())["functions"]}
    problems = [f"{what}: {name} was never called" for name in ("never",) if found.get(name, {}).get("entries")]
    for name, fact in expected.items():
        if name not in found:
            problems.append(f"{what}: no function {name}")
            continue
        have = facts(found[name])
        problems += [f"{what}: {name}: {field}: {have[field]}, not {value}" for field, value in fact.items() if have[field] != value]
    return problems


def main() -> int:
    os.environ.setdefault("KILN_CACHE", "off")  # each run begins with nothing
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    options = parser.parse_args()
    problems = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def kiln(*arguments):
            done = subprocess.run([options.kiln, *map(str, arguments)], capture_output=True, text=True)
            if done.returncode:
                problems.append(f"kiln {' '.join(map(str, arguments))}: {done.returncode}: {done.stderr}")

        for level in ("O0", "O1"):
            bitcode = folder / f"{level}.bc"
            subprocess.run(["clang-19", f"-{level}", "-fno-inline", "-fno-unroll-loops", "-c", "-emit-llvm", HERE / "counts.c",
                            "-o", bitcode], check=True)
            first, binary, sum_ = folder / "1.json", folder / "2.profile", folder / "sum.json"
            kiln("run", "--tier", "interpreter", "--profile", "on", "--profile-out", first, bitcode)
            kiln("run", "--tier", "interpreter", "--profile", "on", "--profile-out", binary, bitcode)
            kiln("profile", "merge", "-o", sum_, first, binary)
            if problems:
                break
            problems += compare(level, first, EXPECTED)
            problems += compare(f"{level}, two runs merged", sum_, {name: doubled(fact) for name, fact in EXPECTED.items()})
            # A ladder whose upper tiers are far away records the same; so does one that climbs, for what ran before.
            kiln("run", "--ladder", "interpreter,O2@1000000:1000000000", "--profile-out", first, bitcode)
            problems += compare(f"{level}, ladder", first, EXPECTED)
            # What two tiers recorded of one run is one profile.
            kiln("run", "--ladder", "interpreter,baseline@3:20,O2@1000000:1000000000", "--profile-out", first, bitcode)
            problems += compare(f"{level}, through baseline", first, EXPECTED)
            for registers in ("0", "4"):
                kiln("run", "--tier", "baseline", "--profile", "on", "--baseline-registers", registers, "--profile-out", first, bitcode)
                problems += compare(f"{level}, baseline with {registers} registers", first, EXPECTED)
            for tier in ("interpreter", "baseline"):
                for recorder, parts in RECORDERS.items():
                    kiln("run", "--tier", tier, "--record", recorder, "--profile-out", first, bitcode)
                    problems += compare(f"{level}, {tier}, only {recorder}", first, only(parts))
    for problem in problems:
        print(problem)
    print(f"{len(EXPECTED)} functions, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""--coverage-out agrees with clang's own coverage about functions and lines, at every tier; blocks are as counted by hand."""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from checks import Checks  # noqa: E402

MODES = {"interpreter": ["--tier", "interpreter"], "baseline": ["--tier", "baseline"], "O0": ["--tier", "O0"], "O3": ["--tier", "O3"],
         "climb": ["--ladder", "interpreter,baseline@2:10,O2@5:40,O3@20:200"], "osr": ["--osr-at", "3"], "default": []}
# Marks a line that clang takes for one that did not run: of an else it counts what is left of the whole, and a longjmp comes
# back without being counted in the whole. It ran: the program's output says so.
BEYOND_CLANG = "more than clang knows"
# Program, compiler, and the arguments of its runs.
PROGRAMS = [("paths.c", "clang-19", [["0"], ["1"], ["2"], ["3"]]), ("throws.cpp", "clang++-19", [["5"], ["7"]])]

BLOCKS = """
declare void @exit(i32)
define i32 @main() {
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %next, %back ]
  %even = and i32 %i, 1
  %is = icmp eq i32 %even, 0
  br i1 %is, label %yes, label %back
yes:
  call void @pure(i32 %i)
  br label %back
back:
  %next = add i32 %i, 1
  %more = icmp ult i32 %next, 1001
  br i1 %more, label %loop, label %end
unreached:
  br label %end
end:
  call void @leaves()
  br label %after
after:
  ret i32 0
}
define internal void @pure(i32 %n) memory(none) {
  ret void
}
define internal void @leaves() {
  call void @exit(i32 0)
  br label %behind
behind:
  ret void
}
define internal void @never() {
  ret void
}
"""
COUNTS = {"main": [1, 1001, 501, 1001, 0, 1, 0], "pure": [501], "leaves": [1, 0], "never": [0]}


def native(folder: Path, source: Path, compiler: str, runs: list) -> tuple[dict, dict, list]:
    """Whether each line ran and how often each function was entered, in all runs together; what each run printed."""
    executable, profile, raw = folder / "native", folder / "all.profdata", []
    subprocess.run([compiler, "-O0", "-fprofile-instr-generate", "-fcoverage-mapping", source, "-o", executable], check=True)
    outputs = []
    for number, arguments in enumerate(runs):
        raw.append(folder / f"{number}.profraw")
        done = subprocess.run([executable, *arguments], env={"LLVM_PROFILE_FILE": str(raw[-1])}, capture_output=True, text=True,
                              check=False)
        outputs.append((done.stdout, done.returncode))
    subprocess.run(["llvm-profdata-19", "merge", *raw, "-o", profile], check=True)
    text = subprocess.run(["llvm-cov-19", "export", "-format=lcov", executable, f"-instr-profile={profile}", source],
                          capture_output=True, text=True, check=True).stdout
    lines = {int(line): int(count) > 0 for line, count in re.findall(r"^DA:(\d+),(\d+)", text, re.MULTILINE)}
    for number, line in enumerate(source.read_text().splitlines(), 1):
        if BEYOND_CLANG in line:
            lines[number] = True
    functions = {name.split(":")[-1]: int(count) for count, name in re.findall(r"^FNDA:(\d+),(.*)$", text, re.MULTILINE)}
    return lines, functions, outputs


def lines_of(coverage: dict, source: Path) -> dict:
    lines: dict[int, bool] = {}
    for module in coverage["modules"]:
        for function in module["functions"]:
            for block in function["blocks"]:
                for file, line in block["lines"]:
                    if module["files"][file] == str(source):
                        lines[line] = lines.get(line, False) or block["count"] > 0
    return lines


def counts_of(coverage: dict) -> dict:
    return {function["name"]: [block["count"] for block in function["blocks"]]
            for module in coverage["modules"] for function in module["functions"]}


def check_program(checks: Checks, source: Path, compiler: str, runs: list) -> None:
    lines, functions, outputs = native(checks.folder, source, compiler, runs)
    bitcode = checks.folder / "program.bc"
    subprocess.run([compiler, "-O0", "-g", "-c", "-emit-llvm", source, "-o", bitcode], check=True)
    first = None
    for mode, options in MODES.items():
        files = []
        for number, (arguments, (output, status)) in enumerate(zip(runs, outputs)):
            files.append(checks.folder / f"{number}.json")
            printed = checks.run("run", *options, "--coverage-out", files[-1], bitcode, *arguments, status=status).stdout
            checks.expect(f"{source.name} {mode} {arguments}: output", printed == output, printed)
        merged = checks.folder / "merged.json"
        checks.run("coverage", "merge", "-o", merged, *files)
        coverage = json.loads(merged.read_text())
        checks.expect("runs", coverage["runs"] == len(runs), coverage["runs"])
        found = lines_of(coverage, source)
        known = found.keys() & lines.keys()
        wrong = {line: found[line] for line in known if found[line] != lines[line]}
        checks.expect(f"{source.name} {mode}: lines that differ from llvm-cov's", not wrong, wrong)
        checks.expect(f"{source.name} {mode}: lines that both know", len(known) >= 0.7 * len(lines), (len(known), len(lines)))
        counts = counts_of(coverage)
        entries = {name: blocks[0] for name, blocks in counts.items() if name in functions}
        checks.expect(f"{source.name} {mode}: entries", all(entries[name] == functions[name] for name in entries) and len(entries) >= 4,
                      {name: (entries[name], functions[name]) for name in entries if entries[name] != functions[name]})
        first = first or counts
        checks.expect(f"{source.name} {mode}: counts as in the first mode", counts == first)
        text = checks.run("coverage", "report", "--lines", "--functions", *files).stdout
        checks.expect("report", text == checks.run("coverage", "report", "--lines", "--functions", merged).stdout)
        checks.expect("report: runs", text.startswith(f"{len(runs)} runs\n"), text)


def check_blocks(checks: Checks) -> None:
    text, out = checks.folder / "blocks.ll", checks.folder / "blocks.json"
    text.write_text(BLOCKS)
    for mode, options in MODES.items():
        checks.run("run", *options, "--coverage-out", out, text)
        coverage = json.loads(out.read_text())
        checks.expect(f"blocks {mode}", counts_of(coverage) == COUNTS, counts_of(coverage))
    functions = {function["name"]: function for function in coverage["modules"][0]["functions"]}
    checks.expect("unreachable", [b.get("unreachable", False) for b in functions["main"]["blocks"]] == [False] * 4 + [True] + [False] * 2)
    checks.expect("instructions", [b["instructions"] for b in functions["main"]["blocks"]] == [1, 3, 2, 3, 1, 2, 1])
    checks.expect("bytes", all(function["bytes"] > 0 for function in functions.values()), functions)
    report = checks.run("coverage", "report", out).stdout
    total = sum(function["bytes"] for function in functions.values())
    used = total - functions["never"]["bytes"]
    row = report.splitlines()[-1].split()
    checks.expect("report", [row[0], row[2], row[4], row[6]] == ["3/4", "7/10", "14/17", f"{used}/{total}"], report)


def check_failures(checks: Checks) -> None:
    good = json.loads((checks.folder / "blocks.json").read_text())
    bad = checks.folder / "bad.json"

    def refused(what: str, contents: str, word: str) -> None:
        bad.write_text(contents)
        done = checks.call("coverage", "report", bad)
        checks.expect(what, done.returncode == 2 and word in done.stderr and str(bad) in done.stderr, done.stderr)
    refused("empty", "", "empty")
    refused("truncated", json.dumps(good)[:-5], "parse error")
    refused("foreign", '{"schema": "kiln-profile"}', "not a coverage file")
    refused("version", json.dumps({**good, "schema_version": 2}), "version 2")
    refused("a negative count", json.dumps(good).replace('"count": 501', '"count": -1'), "negative")
    refused("a line without a file", json.dumps(good).replace('"lines": []', '"lines": [[7, 1]]', 1), "source file 7")
    other = json.loads(json.dumps(good))
    other["modules"][0]["functions"].pop()
    bad.write_text(json.dumps(other))
    done = checks.call("coverage", "merge", "-o", checks.folder / "no.json", checks.folder / "blocks.json", bad)
    checks.expect("contradiction", done.returncode == 2 and "same hash" in done.stderr and not (checks.folder / "no.json").exists())
    checks.run("run", "--coverage-out", checks.folder / "x.json", "--profile-out", checks.folder / "x.prof",
               checks.folder / "blocks.ll", status=2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        checks = Checks(options.kiln, Path(name))
        for source, compiler, runs in PROGRAMS:
            check_program(checks, HERE / source, compiler, runs)
        check_blocks(checks)
        check_failures(checks)
    return checks.tell()


if __name__ == "__main__":
    sys.exit(main())

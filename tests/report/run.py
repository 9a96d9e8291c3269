#!/usr/bin/env python3
"""--report: the data fits its schema and itself, the page shows the data, the run is as without; --watch on a terminal and off it."""

import argparse
import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import jsonschema

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import checks as shared  # noqa: E402

ROOT = HERE.parents[1]
SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text())
LADDER = ["--ladder", "interpreter,baseline@20,O2@2000,O3@20000"]
MANY = 3000  # functions
ROUNDS = 100000


class Checks(shared.Checks):
    def report(self, name: str, program: Path, arguments: list, *options) -> tuple[dict, str, Path]:
        """The data of a run, what it printed, and its page."""
        files = [self.folder / f"{name}.{ending}" for ending in ("json", "html", "csv")]
        words = [word for file in files for word in ("--report", file)]
        done = self.run("run", *options, *words, program, "--", *arguments)
        told = "" if program.stem == "loop" else done.stderr  # that one tells its times
        self.expect(f"{name}: nothing on stderr", told == "", told)
        data = json.loads(files[0].read_text())
        try:
            jsonschema.Draft202012Validator(SCHEMA).validate(data)
            self.count += 1
        except jsonschema.ValidationError as error:
            self.expect(f"{name}: schema", False, f"{list(error.absolute_path)}: {error.message}")
        self.check_sums(name, data)
        self.check_csv(name, data, files[2].read_text())
        return data, done.stdout, files[1]

    def check_sums(self, name: str, data: dict) -> None:
        """Numbers that must agree with each other, whatever they are."""
        spent, totals, how = data["time"], data["statistics"]["totals"], data["measurement"]
        self.expect(f"{name}: functions", len(data["functions"]) == totals["functions_reached"])
        by_tier = sum(spent["by_tier"].values())
        self.expect(f"{name}: self times", by_tier == sum(f["self_ns"] for f in data["functions"]))
        if how["samples"]:
            rest = abs(by_tier + spent["library_ns"] + spent["runtime_ns"] - spent["program_cpu_ns"])
            # Each is rounded for itself.
            self.expect(f"{name}: the time is all there", rest <= 4 + len(data["functions"]) * 6, (rest, spent))
        self.expect(f"{name}: compiles", len(data["compiles"]) <= totals["compiles"])
        for f in data["functions"]:
            calls = [point[0] for point in f["curve"]]
            self.expect(f"{name}: the curve of {f['name']} goes on", calls == sorted(calls), calls)
            self.expect(f"{name}: untimed {f['name']}", f["timed"] or not f["curve"])
            self.expect(f"{name}: calls of {f['name']}", f["calls"] >= f["calls_counted"] and (f["calls_estimated"] or f["calls"] == f["calls_counted"]))
            self.expect(f"{name}: self times of {f['name']}", sum(f["self_by_tier"].values()) == f["self_ns"])
            for change in f["changes"]:
                gain = (change["cost_before_ns"] or 0) - (change["cost_after_ns"] or 0)
                even = change["break_even_calls"]
                self.expect(f"{name}: break-even of {f['name']}", even is None or abs(even * gain - change["compile_ns"]) <= gain * (1 + 0.02 * even), change)
        share = (how["probe_ns"] + how["sampler_ns"] + how["thread_ns"]) / spent["process_cpu_ns"]
        self.expect(f"{name}: the overhead is the sum of its parts", abs(share - how["overhead_share"]) < 1e-5, how)

    def check_csv(self, name: str, data: dict, text: str) -> None:
        rows = list(csv.DictReader(io.StringIO(text)))
        self.expect(f"{name}: csv rows", [row["function"] for row in rows] == [f["name"] for f in data["functions"]])
        for row, f in zip(rows, data["functions"]):
            for column, field in (("calls", "calls"), ("self_ns", "self_ns"), ("compile_ns", "compile_ns"), ("code_bytes", "code_bytes"), ("loops", "loops")):
                self.expect(f"{name}: csv {column} of {f['name']}", int(row[column]) == f[field], (row, f[field]))

    def page(self, name: str, data: dict, page: Path, *options) -> dict:
        """The page in a browser, against the data."""
        done = subprocess.run(["node", HERE / "page.mjs", page, *map(str, options)], capture_output=True, text=True, timeout=300, check=False)
        self.expect(f"{name}: the page in the browser", done.returncode in (0, 1) and done.stdout.startswith("{"), done.stderr[-800:])
        if not done.stdout.startswith("{"):
            return {}
        told = json.loads(done.stdout)
        for problem in told["problems"]:
            self.expect(f"{name}: page", False, problem)
        shown = told["shown"]
        totals, spent = data["statistics"]["totals"], data["time"]
        tiles = {"run": spent["run_ns"], "cpu": spent["program_cpu_ns"], "compile": totals["compile_ns"], "functions": len(data["functions"]),
                 "code": totals["code_bytes"], "memory": totals["peak_memory_bytes"]}
        self.expect(f"{name}: tiles", {key: shown["tiles"][key] for key in tiles} == tiles, shown["tiles"])
        self.expect(f"{name}: the stated cost", abs(shown["tiles"]["overhead"] - 100 * data["measurement"]["overhead_share"]) < 1e-9)
        self.expect(f"{name}: times by tier", {key: value for key, value in shown["times"].items() if key in spent["by_tier"]} == spent["by_tier"], shown["times"])
        rows = sorted((f["name"], f["self_ns"], f["calls"], f["compile_ns"]) for f in data["functions"])
        self.expect(f"{name}: rows of functions", sorted(tuple(row) for row in shown["functions"]) == rows, len(rows))
        self.expect(f"{name}: rows of compiles", sorted(shown["compiles"]) == sorted(c["end_ns"] - c["begin_ns"] for c in data["compiles"]))
        evens = [change["break_even_calls"] for f in data["functions"] for change in f["changes"] if change["from"] is not None]
        key = lambda value: -1 if value is None else value  # noqa: E731
        self.expect(f"{name}: rows of promotions", sorted(shown["promotions"], key=key) == sorted(evens, key=key))
        tier = shown["tier"]
        self.expect(f"{name}: filter by tier", sorted(tier["functions"]) == sorted(f["name"] for f in data["functions"] if f["tier"] == tier["name"]), tier)
        hottest = next(f for f in data["functions"] if f["name"] == shown["detail"]["name"])
        self.expect(f"{name}: points of the chart", shown["detail"]["points"] == len(hottest["curve"]), shown["detail"])
        self.expect(f"{name}: marks of the chart", not hottest["curve"] or shown["detail"]["marks"] == len(hottest["changes"]), shown["detail"])
        marked = {event["kind"] for event in data["events"]} & {"exit", "failed", "replace"}
        self.expect(f"{name}: marks of the time line", set(shown["marks"]) == marked, (shown["marks"], marked))
        self.expect(f"{name}: the time line has something", (shown["timeline"] > 0) == bool(data["compiles"]))
        return shown


def function(data: dict, name: str) -> dict:
    return next((f for f in data["functions"] if f["name"] == name), {})


def check_steps(checks: Checks, program: Path) -> None:
    """The steps of a function that climbs, and what cannot be timed."""
    expected = checks.run("run", program, ROUNDS).stdout
    # Compiled at the call, so that the run has every step however long a compile takes.
    data, printed, page = checks.report("steps", program, [ROUNDS], *LADDER, "--compile-threads", 0)
    checks.expect("the output is as without", printed == expected, printed)
    steady, tiny, many = (function(data, name) for name in ("steady", "tiny", "many"))
    tiers = [change["to"] for change in steady["changes"]]
    checks.expect("the steps of steady", tiers[0] == "interpreter" and tiers[-1] == "O3" and "baseline" in tiers, tiers)
    # Each code that calls went to was timed, at once after the change.
    for change in steady["changes"]:
        checks.expect(f"steady at {change['to']} was timed", any(point[5] == change["to"] and point[2] > 0 for point in steady["curve"]), steady["curve"])
    for earlier, later in zip(steady["changes"], steady["changes"][1:]):
        checks.expect("changes come from where the one before led", later["from"] == earlier["to"], (earlier, later))
    checks.expect("costs are known on both sides", all(change["cost_after_ns"] for change in steady["changes"]))
    checks.expect("tiny is timed", tiny["timed"] and tiny["curve"])
    checks.expect("many takes arguments on the stack", not many["timed"] and not many["curve"] and many["changes"])
    checks.expect("nobody sees all calls of many", many["tier"] == "O3" and not many["calls_complete"] and steady["calls_complete"])
    checks.expect("the function that ran once", function(data, "once")["calls"] == 1)
    checks.page("steps", data, page)
    data, printed, _ = checks.report("background", program, [ROUNDS * 10], *LADDER)
    kilns = {thread["number"] for thread in data["threads"] if thread["of_runtime"]}
    for compile in data["compiles"]:
        background = compile["tier"] in ("O2", "O3")
        checks.expect("LLVM's compiles are in Kiln's threads, others in the program's", compile["thread"] is None or
                      (compile["thread"] in kilns) == background, compile)
    # All tiers count: then calls are known.
    exact, _, _ = checks.report("counted", program, [ROUNDS], *LADDER, "--counters", "on")
    for name, calls in (("steady", ROUNDS), ("many", ROUNDS), ("deep", 57313)):
        found = function(exact, name)
        near = found["calls"] if name != "deep" else calls  # an inlined call is none
        checks.expect(f"counted calls of {name}", not found["calls_estimated"] and near == calls, found["calls"])
    fixed, printed, _ = checks.report("fixed", program, [ROUNDS], "--tier", "O3")
    checks.expect("one tier", {f["tier"] for f in fixed["functions"]} == {"O3"} and printed == expected)
    interpreted, printed, _ = checks.report("interpreted", program, [5000], "--tier", "interpreter")
    checks.expect("interpreted self time is the function's", interpreted["measurement"]["samples"] == 0 or "baseline" not in interpreted["time"]["by_tier"])


def check_processes(checks: Checks, program: Path) -> None:
    """Threads and children."""
    for word in ("thread", "fork"):
        expected = checks.run("run", program, 50000, word).stdout
        data, printed, _ = checks.report(word, program, [50000, word], *LADDER)
        checks.expect(f"{word}: output", printed == expected, printed)
        checks.expect(f"{word}: the report is of the whole program", function(data, "main").get("calls") == 1)


def check_redefined(checks: Checks) -> None:
    """A program that puts another definition in place of its own: the time line marks it."""
    folder = checks.folder / "redefined"
    folder.mkdir()
    main = "#include <stdio.h>\nint step(void);\nint main(int argc, char **argv) {\n  if (step() != 1 || rename(argv[1], argv[2])) return 1;\n" \
           "  while (step() == 1) ;\n  puts(\"over\");\n  return 0;\n}\n"
    for name, text in (("main", main), ("step", "int step(void) { return 1; }\n"), ("next", "int step(void) { return 2; }\n")):
        subprocess.run(["clang-19", "-O1", "-Xclang", "-disable-llvm-passes", "-emit-llvm", "-c", "-x", "c", "-", "-o", folder / f"{name}.bc"],
                       input=text, text=True, check=True)
    words = [word for ending in ("json", "html") for word in ("--report", folder / f"out.{ending}")]
    done = checks.run("run", *LADDER, "--watch-reload", folder / "step.bc", *words, folder / "main.bc", folder / "step.bc", "--",
                      folder / "next.bc", folder / "step.bc")
    checks.expect("the new definition ran", done.stdout == "over\n", done)
    data = json.loads((folder / "out.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    told = [(event["function"], event["reason"]) for event in data["events"] if event["kind"] == "replace"]
    steps = {f["name"] for f in data["functions"]}
    checks.expect("both definitions are there", {"step", "step.kiln.1", "main"} <= steps, steps)
    checks.expect("one thread records", sum(thread["name"] == "kiln-report" for thread in data["threads"]) == 1, data["threads"])
    new = [(event["kind"], event["from"]) for event in data["events"] if event["function"] == "step.kiln.1"]
    checks.expect("the new definition's events", ("publish", None) in new, new)
    checks.expect("the redefinition is an event", told == [("step", "step.kiln.1")], told)
    checks.page("redefined", data, folder / "out.html")


def check_cache(checks: Checks, program: Path) -> None:
    folder = checks.folder / "cache"
    for turn in ("cold", "warm"):
        data, _, _ = checks.report(turn, program, [20000], "--cache", folder, "--ladder", "baseline,O2@200:2000", "--compile-threads", 0)
        cached = [compile for compile in data["compiles"] if compile["cached"]]
        checks.expect(f"{turn}: code of the cache", bool(cached) == (turn == "warm"), len(cached))


def check_many(checks: Checks) -> None:
    """Thousands of functions, some with names that a page must not take for its own."""
    names = [f"f{i}" for i in range(MANY)]
    names[7], names[8] = "\"</script><b>\"", "\"a,\\22b\\22\""
    text = "".join(f"define internal i64 @{name}(i64 %x) noinline {{\n  %y = mul i64 %x, {i + 3}\n  ret i64 %y\n}}\n" for i, name in enumerate(names))
    calls = "".join(f"  %v{i + 1} = call i64 @{name}(i64 %v{i})\n" for i, name in enumerate(names))
    text += f"define i32 @main() {{\n  br label %loop\nloop:\n  %i = phi i32 [ 0, %0 ], [ %j, %loop ]\n  %v0 = zext i32 %i to i64\n{calls}" \
            "  %j = add i32 %i, 1\n  %c = icmp ult i32 %j, 300\n  br i1 %c, label %loop, label %end\nend:\n  ret i32 0\n}\n"
    program = checks.folder / "many.ll"
    program.write_text(text)
    data, _, page = checks.report("many", program, [])
    checks.expect("all functions are there", len(data["functions"]) == MANY + 1, len(data["functions"]))
    shown = checks.page("many", data, page)
    checks.expect("odd names are shown", {"</script><b>", 'a,"b"'} <= {row[0] for row in shown.get("functions", [])})


def check_errors(checks: Checks, program: Path) -> None:
    done = checks.run("run", "--report", checks.folder / "report.txt", program, 10, status=2)
    checks.expect("an ending that is none", "--report takes a file that ends in .html, .json or .csv" in done.stderr, done.stderr)
    done = checks.run("run", "--report", checks.folder / "no/such/folder.html", program, 10)
    checks.expect("a folder that is not there", "No such file or directory" in done.stderr and done.stdout, done.stderr)


def on_terminal(command: list, rows=40, columns=100, end=None) -> tuple[bytes, bytes, int]:
    """Runs with stderr on a terminal of that size; what came there, stdout, and the status. `end` gets the process after a while."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    seen, ended = b"", False
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        readable, _, _ = select.select([master], [], [], 0.1)
        if readable:
            try:
                part = os.read(master, 65536)
            except OSError:
                break  # all ends of the terminal are closed
            if not part:
                break
            seen += part
        if end and not ended and b"queue:" in seen:
            ended = True
            end(process)
    printed = process.stdout.read()
    os.close(master)
    return seen, printed, process.wait()


def check_watch(checks: Checks, program: Path) -> None:
    command = [checks.kiln, "run", "--watch", program, 2000000]
    expected = subprocess.run([checks.kiln, "run", program, "2000000"], capture_output=True, check=True).stdout
    quiet = subprocess.run(list(map(str, command)), capture_output=True, check=False)
    checks.expect("--watch without a terminal is nothing", quiet.stderr == b"" and quiet.stdout == expected, quiet.stderr)
    seen, printed, status = on_terminal(command)
    checks.expect("--watch changes nothing of the program", printed == expected and status == 0, status)
    heat = rb"\d+\.\d% [#.]{10} (interpreter|baseline|O\d) +(steady|main|tiny|many)"
    for longer in (20000000, 200000000): # until the panel was drawn with something in it
        if not re.search(heat, seen):
            seen, _, _ = on_terminal([*command[:-1], longer])
    for what, pattern in (("a region of its own", rb"\x1b\[1;31r"), ("functions", rb"kiln +[\d.]+ s  \d+ of \d+ functions:"), ("the queue", rb"queue: \d+ waiting, \d+ compiles"),
                          ("compile threads", rb"1 compile thread"), ("heat and tier", heat)):
        checks.expect(f"--watch shows {what}", re.search(pattern, seen), seen[-300:])
    checks.expect("the region is given back", seen.rfind(b"\x1b[r") > seen.rfind(b"queue:"), seen[-200:])
    longest = max((len(line) for line in re.findall(rb"\x1b\[2K([^\x1b]*)", seen)), default=0)
    checks.expect("lines fit", longest <= 100, longest)
    seen, _, _ = on_terminal(command, rows=10)
    checks.expect("a terminal that is too small shows nothing", seen == b"", seen[:200])
    # Killed in the middle: the guardian gives the region back.
    seen, _, status = on_terminal([checks.kiln, "run", "--watch", program, 200000000], end=lambda process: process.send_signal(signal.SIGKILL))
    checks.expect("a program that is killed leaves a whole terminal", status == -signal.SIGKILL and seen.rfind(b"\x1b[r") > seen.rfind(b"queue:"), (status, seen[-200:]))
    exported = checks.folder / "steps"
    seen, _, status = on_terminal([checks.kiln, "export", program, "-o", exported])
    checks.expect("an export says what it does", status == 0 and all(word in seen for word in (b"reading", b"compiling", b"linking")), seen)
    done = checks.run("export", program, "-o", exported)
    checks.expect("and nothing without a terminal", done.stderr == "", done.stderr)


def prepare_browser() -> None:
    """What the page is opened with, by the lock file; nothing if it is there."""
    kept = HERE / "node_modules/.package-lock.json"
    lock = HERE / "package-lock.json"
    if not kept.exists() or kept.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=True)
        kept.touch()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="keep a picture of a page, and do nothing else")
    options = parser.parse_args()
    os.environ["KILN_CACHE"] = "off"
    missing = [tool for tool in ("node", "npm", os.environ.get("CHROMIUM", "/usr/bin/chromium")) if not shutil.which(tool)]
    if missing:
        print(f"not there, see scripts/setup test: {', '.join(missing)}")
        return 77
    prepare_browser()
    with tempfile.TemporaryDirectory(prefix="kiln-report-") as name:
        folder = Path(name)
        checks = Checks(str(Path(options.kiln).resolve()), folder)
        program = folder / "steps.bc"
        subprocess.run(["clang-19", "-O1", "-emit-llvm", "-c", HERE / "steps.c", "-o", program], check=True)
        if options.screenshot:
            subprocess.run(["clang-19", "-O1", "-emit-llvm", "-c", ROOT / "examples/program/loop.c", "-o", folder / "loop.bc"], check=True)
            data, _, page = checks.report("loop", folder / "loop.bc", [], "--ladder", "interpreter,baseline@10,O2@200,O3@5000")
            checks.page("loop", data, page, "--screenshot", options.screenshot)
        else:
            check_steps(checks, program)
            check_processes(checks, program)
            check_redefined(checks)
            check_cache(checks, program)
            check_many(checks)
            check_errors(checks, program)
            check_watch(checks, program)
        return checks.tell()


if __name__ == "__main__":
    sys.exit(main())

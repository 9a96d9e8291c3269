"""The tiers side by side: how fast baseline compiles and runs, and whether the ladder is as good as its best tier."""

import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from . import build, stats
from .execute import Contender, Row, measure
from .interpreter import OFF
from .table import Column, Extra, Least, LeastExtra, Table

SINGLE = ["interpreter", "baseline", "O0", "O2", "O3"]
RECORDERS = ["branches", "switches", "targets", "sizes", "arguments"]
FUNCTIONS = ["small", "middle", "large"]
CALLS = [10 ** power for power in range(7)]
# The default ladder may be slower than the best single tier by this.
ALLOWED = 1.10
# What `ladders` tries besides the default: (baseline's calls, O2's calls); O3's are ten times O2's.
LADDERS = [*((n, 500) for n in (2, 5, 20, 50)), *((10, n) for n in (200, 1000, 2000, 5000, 10000, 20000, 50000))]


@dataclass
class Compiled:
    """One round of compiling a whole program with two compilers; stands in a Row for a run.  Seconds and bytes."""

    baseline: float
    llvm: float
    llvm_alone: float  # without copying the function into a module of its own
    functions: int
    refused: int
    instructions: int
    llvm_instructions: int
    least: float  # sums of each function's best time
    llvm_least: float
    slower: int
    largest: float
    bytes_each: float
    llvm_bytes_each: float

    @property
    def speed(self):
        return self.instructions / self.baseline / 1e6

    @property
    def llvm_speed(self):
        return self.llvm_instructions / self.llvm / 1e6

    @property
    def least_speed(self):
        return self.instructions / self.least / 1e6


def compare_compilers(tool, bitcode, rounds, mode):
    """Runs kiln_compile_all; returns its rounds and what it says of functions where LLVM was faster."""
    done = subprocess.run([str(tool), str(bitcode), str(rounds), mode], text=True, capture_output=True)
    if done.returncode != 0:
        raise build.BenchError(f"{tool.name} failed: {done.stderr}")
    found = json.loads(done.stdout)
    mine, theirs = found["baseline"], found["llvm"]
    first = Compiled(0, 0, 0, mine["functions"], sum(mine["refusals"].values()), mine["instructions"],
                     theirs["instructions"], mine["least_ns"] / 1e9, theirs["least_ns"] / 1e9,
                     found["slower"], found["largest_ratio"], mine["code_bytes"] / mine["instructions"],
                     theirs["code_bytes"] / theirs["instructions"])
    runs = [replace(first, baseline=a["ns"] / 1e9, llvm=b["ns"] / 1e9, llvm_alone=(b["ns"] - b["extract_ns"]) / 1e9)
            for a, b in zip(mine["rounds"], theirs["rounds"])]
    notes = [f"{w['function']}: {w['instructions']} instructions, {w['baseline_ns'] / 1e3:.0f} us, "
             f"LLVM {w['llvm_ns'] / 1e3:.0f} us" for w in found["worst"]]
    return runs, notes + [f"refused: {reason} ({count})" for reason, count in mine["refusals"].items()]


def throughput(session):
    """How fast baseline compiles all functions of the real programs, against LLVM's -O0."""
    programs = [p for p in ("lua", "sqlite") if session.wants(p)]
    if session.options.kiln is None or not programs:
        return
    build.build_real()
    tool = build.helper(session.options.kiln, "kiln_compile_all")
    table = Table("throughput: compiling every function, from prepared IR to installed code, CPU time of the thread", [
        Column("functions", "functions", "kiln"),
        Column("refused", "refused", "kiln"),
        Column("IR instructions", "instructions", "kiln"),
        Column("baseline M/s", "speed", "kiln"),
        Column("LLVM O0 M/s", "llvm_speed", "kiln"),
        Column("baseline/LLVM speed", "speed", "kiln", "llvm"),
        Column("without extracting", "speed", "kiln", "alone"),
        Column("least M/s", "least_speed", "kiln"),
        Column("least LLVM O0 M/s", "least_speed", "llvm"),
        Least("least speed", "least_speed", "kiln", "llvm"),
        Column("slower functions", "slower", "kiln"),
        Column("largest time ratio", "largest", "kiln"),
        Column("code size/LLVM", "bytes_each", "kiln", "llvm"),
    ], session.out)
    for program in programs:
        for variant in session.options.bitcode or ["O1", "O0"]:
            for mode in ("plain", "counted"):
                row = Row(f"{program}.{variant}.{mode}")
                session.progress(row.name)
                runs, row.notes = compare_compilers(tool, build.REAL / f"{program}.{variant}.bc",
                                                    session.options.reps, mode)
                row.runs["kiln"] = runs
                row.runs["llvm"] = [replace(run, baseline=run.llvm, least=run.llvm_least, instructions=run.llvm_instructions,
                                            bytes_each=run.llvm_bytes_each) for run in runs]
                row.runs["alone"] = [replace(run, baseline=run.llvm_alone, instructions=run.llvm_instructions)
                                     for run in runs]
                session.finish_row(table, row)
    table.finish()
    session.tables.append(table)


def longer(args, factor):
    """A program's arguments with more repetitions, which come last."""
    return [*args[:-1], str(int(args[-1]) * factor)]


def programs_of(session):
    """Name and arguments of the C programs that can be measured in their steady state."""
    factor = 2 if session.options.quick else 5
    return [(p["name"], longer(p["short"], factor)) for p in build.load("programs.json")
            if session.wants(p["name"]) and len(p["short"]) > 1]


def baseline(session):
    """How good baseline's code is, and what its recorders cost: CPU time of the later repetitions."""
    for variant in session.options.bitcode or ["O1s", "O0"]:
        rows = []
        for name, args in programs_of(session):
            bitcode = build.bitcode(name, variant)
            rows.append((name, [Contender("native", [build.native(name), *args]),
                                *session.kiln(bitcode, args, "--tier", "baseline", name="baseline"),
                                *session.kiln(bitcode, args, "--tier", "O0", name="O0")], session.options.reps, "cpu"))
        session.run_table(f"baseline code from {variant} bitcode: CPU time, steady", [
            Column("native ms", "steady", "native", scale=1000),
            Column("baseline/native", "steady", "baseline", "native"),
            Column("O0/native", "steady", "O0", "native"),
            Column("baseline/O0", "steady", "baseline", "O0"),
            Least("least, baseline/native", "steady", "baseline", "native"),
            Least("least, O0/native", "steady", "O0", "native"),
            Least("least, baseline/O0", "steady", "baseline", "O0"),
        ], rows, worst=True)
    recorders(session)


def recorders(session):
    """What counting and each recorder add to baseline code."""
    rows = []
    for name, args in programs_of(session):
        bitcode = build.bitcode(name, "O1s")
        fixed = ["--tier", "baseline"]
        counting = [*fixed, "--counters", "on"]
        recording = [*fixed, "--profile", "on"]
        rows.append((name, [Contender("native", [build.native(name), *args]),
                            *session.kiln(bitcode, args, *fixed, name="off"),
                            *session.kiln(bitcode, args, *counting, name="counters"),
                            *(c for one in RECORDERS
                              for c in session.kiln(bitcode, args, *recording, "--record", one, name=one)),
                            *session.kiln(bitcode, args, *recording, name="all"),
                            *session.kiln(bitcode, args, *counting, "--profile", "on", name="both")],
                     session.options.reps, "cpu"))
    session.run_table("recorders of baseline code: percent of CPU time added, steady, O1s bitcode", [
        Column("off ms", "steady", "off", scale=1000),
        *(Extra(f"{one} %", "steady", one, "off") for one in ["counters", *RECORDERS, "all", "both"]),
        *(LeastExtra(f"least {one} %", "steady", one, "off") for one in ["counters", *RECORDERS, "all", "both"]),
    ], rows)


class Best(Column):
    """The best of several contenders; `pick` makes one number of a contender's runs."""

    def __init__(self, title, metric, among, pick):
        super().__init__(title, metric, among[0])
        self.among, self.pick = among, pick

    def number(self, row, name):
        values = row.values(name, self.metric)
        return self.pick(values) if values else None

    def name(self, row):
        numbers = {name: self.number(row, name) for name in self.among}
        return min((name for name, found in numbers.items() if found is not None), key=numbers.get, default=None)

    def value(self, row):
        name = self.name(row)
        return None if name is None else self.number(row, name)

    def text(self, row):
        value = self.value(row)
        return "–" if value is None else f"{self.name(row)} {stats.short(value * 1e3)}"


class OverBest(Best):
    """A contender over the best one; marked when it is over `allowed`."""

    def __init__(self, title, metric, contender, among, pick, allowed=None):
        super().__init__(title, metric, among, pick)
        self.top, self.bottom, self.allowed = contender, contender, allowed

    def value(self, row):
        best, number = super().value(row), self.number(row, self.top)
        return number / best if number and best else None

    def text(self, row):
        value = self.value(row)
        if value is None:
            return "–"
        return stats.short(value) + (" !" if self.allowed and value > self.allowed else "")


def modes(session, bitcode, args, lazy=None):
    """Kiln's default ladder, each tier alone, and lli."""
    tiers = session.options.tiers or SINGLE
    alone = [replace(c, patience=False) for tier in tiers
             for c in session.kiln(bitcode, args, *(OFF if tier == "interpreter" else ["--tier", tier]), name=tier)]
    return [*session.kiln(bitcode, args), *alone, *session.lli(bitcode, args),
            *session.lli(lazy or bitcode, args, "--jit-kind=orc-lazy", name="lli-lazy")]


def against_best(session, title, rows):
    """Measures rows and prints two tables, of wall and of CPU time, over the best single tier."""
    tiers = session.options.tiers or SINGLE

    def columns(metric, pick):
        return [Best("best tier, ms", metric, tiers, pick), OverBest("kiln", metric, "kiln", tiers, pick, ALLOWED),
                *(OverBest(tier, metric, tier, tiers, pick) for tier in tiers),
                *(OverBest(name, metric, name, tiers, pick) for name in ("lli", "lli-lazy")),
                OverBest("kiln/native", metric, "kiln", ["native"], pick)]
    in_views(session, f"{title}, {{}} time over the best single tier's", columns, rows)


# How runs are looked at: on a machine that others use, the least CPU time says most.
VIEWS = [("wall", "wall", stats.median), ("CPU", "cpu", stats.median), ("least CPU", "cpu", min)]


def in_views(session, title, columns, rows):
    """Measures rows (name, contenders, rounds) once and prints a table for each view of them."""
    measured = {}
    for view, metric, pick in VIEWS if rows else ():
        table = Table(title.format(view), columns(metric, pick), session.out, worst=True)
        for name, contenders, rounds in rows:
            if name not in measured:
                measured[name] = measure(name, contenders, rounds, False, session.progress)
            session.finish_row(table, measured[name])
        table.finish()
        session.tables.append(table)


def curve_rows(session, contenders):
    """Rows of calls.c; `contenders(bitcode, arguments)` adds to native."""
    calls = CALLS[:5] if session.options.quick else CALLS
    rows = []
    for function in FUNCTIONS:
        for count in calls:
            name, args = f"{function} {count}", [function, str(count)]
            if session.wants(name):
                bitcode = build.bitcode("calls", (session.options.bitcode or ["O1s"])[0])
                rows.append((name, [Contender("native", [build.native("calls"), *args]), *contenders(bitcode, args)],
                             session.options.reps))
    return rows


def short_rows(session, contenders):
    """Rows of Lua and SQLite; `contenders(bitcode, arguments, bitcode for lli's lazy mode)` adds to native."""
    workloads = [w for w in build.load("real/workloads.json")
                 if session.wants(w["name"]) and (w.get("quick") or not session.options.quick)]
    if workloads:
        build.build_real()
    variant = (session.options.bitcode or ["O1"])[0]
    rows = []
    for workload in workloads:
        program, args = workload["program"], workload["args"]
        # lli's lazy mode corrupts its heap on computed gotos.
        lazy = build.REAL / f"{'lua_switch' if program == 'lua' else program}.{variant}.bc"
        rows.append((workload["name"], [Contender("native", [build.REAL / program, *args]),
                                        *contenders(build.REAL / f"{program}.{variant}.bc", args, lazy)],
                     session.options.reps))
    return rows


def curves(session):
    """Time to N calls of a function, of the whole process."""
    against_best(session, "curves: N calls of one function",
                 curve_rows(session, lambda bitcode, args: modes(session, bitcode, args)))


def short(session):
    """Lua and SQLite, from work of nothing up to a second."""
    against_best(session, "short: Lua and SQLite",
                 short_rows(session, lambda bitcode, args, lazy: modes(session, bitcode, args, lazy)))


def ladders(session):
    """Other thresholds for the default ladder, on the rows of curves and short."""
    texts = session.options.ladders or [f"interpreter,baseline@{low},O2@{high},O3@{high * 10}" for low, high in LADDERS]

    def contenders(bitcode, args, lazy=None):
        return [*session.kiln(bitcode, args),
                *(c for text in texts for c in session.kiln(bitcode, args, "--ladder", text, name=text))]
    def columns(metric, pick):
        return [Best("default, ms", metric, ["kiln"], pick),
                *(OverBest(text.replace("interpreter,", ""), metric, text, ["kiln"], pick) for text in texts)]
    in_views(session, "ladders: {} time over the default ladder's", columns,
             curve_rows(session, contenders) + short_rows(session, contenders))

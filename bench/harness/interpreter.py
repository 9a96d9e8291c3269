"""The interpreter: how fast it runs, what it decodes, and what a short run costs."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import build
from .execute import Contender, Row, check, execute
from .table import Column, Least, LeastExtra, Table

TIER = ["--tier", "interpreter"]
OFF = [*TIER, "--profile", "off"]
ON = [*TIER, "--profile", "on"]
# The real programs' workloads that mostly start: the goals of short runs are given for these.
SHORT_RUNS = ["lua_tiny", "sqlite_tiny"]


def interpreter(session):
    """Run time over native code, without and with the profile."""
    rows = []
    for program in build.load("programs.json"):
        name, args = program["name"], program["count" if session.options.quick else "short"]
        for variant in session.variants("O1s") if session.wants(name) else []:
            bitcode = build.bitcode(name, variant)
            contenders = [Contender("native", [build.native(name), *args]),
                          *session.kiln(bitcode, args, *OFF, name="off"),
                          *session.kiln(bitcode, args, *ON, name="on")]
            rows.append((session.label(name, variant), contenders, session.options.reps, False))
    session.run_table("interpreter: run time over native -O2, from -O1 bitcode without vectorisation", [
        Column("native ms", "wall", "native", scale=1000),
        Column("interpreter", "wall", "off", "native"),
        Column("CPU", "cpu", "off", "native"),
        Column("with profile", "wall", "on", "native"),
        Least("least CPU", "cpu", "off", "native"),
        LeastExtra("profile least CPU %", "cpu", "on", "off"),
    ], rows, worst=True)


def decode_everything(session):
    """How fast all functions of the real programs are decoded, reached or not."""
    programs = [p for p in ("lua", "sqlite") if session.wants(f"{p}_all")]
    if not programs:
        return
    tool = build.helper(session.options.kiln, "kiln_decode_all")
    table = Table("decode everything: all functions of a program", [
        Column("functions", "functions", "kiln"),
        Column("declined", "declined", "kiln"),
        Column("IR instructions", "instructions", "kiln"),
        Column("prepare ns / instruction", "prepare_each", "kiln"),
        Column("decode M instructions / s", "decode_speed", "kiln"),
    ], session.out)
    for program in programs:
        for variant in session.options.bitcode or ["O0", "O1", "O2"]:
            row = Row(f"{program}_all.{variant}")
            bitcode = build.REAL / f"{program}.{variant}.bc"
            names = build.function_names(bitcode)
            for index in range(session.options.reps):
                session.progress(f"{row.name}: round {index + 1} of {session.options.reps}")
                row.runs.setdefault("kiln", []).append(Everything.measured(tool, bitcode, names))
            session.finish_row(table, row)
    table.finish()
    session.tables.append(table)


@dataclass
class Everything:
    """What decoding a whole program took; stands in a Row for a run."""

    functions: int
    declined: int
    instructions: int
    prepare_each: float
    decode_speed: float

    @classmethod
    def measured(cls, tool, bitcode, names):
        done = subprocess.run([str(tool), str(bitcode)], input=names, text=True, capture_output=True)
        if done.returncode != 0:
            raise build.BenchError(f"{tool.name} failed: {done.stderr}")
        stats = json.loads(done.stdout)
        found = stats["interpreter"]
        return cls(found["functions"], sum(r["functions"] for r in stats["refusals"]), found["instructions"],
                   found["prepare_ns"] / found["instructions"], found["instructions"] / found["decode_ns"] * 1e3)


@dataclass
class Decoding:
    """What one run spent before code ran; stands in a Row for a run.  Seconds and numbers."""

    wall: float
    process: float
    load: float
    prepare: float
    decode: float
    execute: float
    functions: int
    instructions: int

    @property
    def prepare_each(self):
        return self.prepare * 1e9 / self.instructions

    @property
    def decode_speed(self):
        return self.instructions / self.decode / 1e6


def statistics_of(contender, path):
    """Runs a kiln contender whose statistics go to `path`; returns its Decoding."""
    run = execute(contender)
    stats = json.loads(path.read_text("utf-8"))
    decoded, totals = stats["interpreter"], stats["totals"]
    versions = [v for f in stats["functions"] for v in f["versions"] if v["tier"] == "interpreter"]
    first = min(versions, key=lambda v: v["published_at_ns"])
    load = first["published_at_ns"] - first["prepare_ns"] - first["codegen_ns"]
    spent = load + decoded["prepare_ns"] + decoded["decode_ns"]
    found = Decoding(run.wall, max(run.wall - totals["run_ns"] / 1e9, 0), load / 1e9, decoded["prepare_ns"] / 1e9,
                     decoded["decode_ns"] / 1e9, max(totals["run_ns"] - spent, 0) / 1e9, decoded["functions"],
                     decoded["instructions"])
    return run, found


# What the start of a run consists of, by the functions that callgrind counts with all they call.
PHASES = {
    "load": "kiln::ProgramCore::load(",
    "read": "llvm::Module::materialize(",
    "verify": "llvm::verifyFunction(",
    "prepare": "kiln::prepareFunction(",
    "decode": "kiln::interp::decode(",
    "compile": "kiln::LlvmCompiler::compile(",
}


@dataclass
class PhaseCount:
    """Machine instructions of a run and of its phases; stands in a Row for a run."""

    total: int
    phases: dict
    instructions: int

    def __getattr__(self, name):
        kind, _, phase = name.partition("_")
        if kind == "million" and phase in self.phases:
            return self.phases[phase] / 1e6
        if kind == "each" and phase in self.phases:
            return self.phases[phase] / self.instructions
        raise AttributeError(name)


def count_phases(contender, instructions):
    """Counts a run's phases; `instructions` is how many the interpreter decoded."""
    counts, phase, total = dict.fromkeys(PHASES, 0), None, 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "callgrind.out"
        command = [build.find_tool(build.VALGRIND), "--tool=callgrind", f"--callgrind-out-file={path}",
                   "--compress-strings=no", "--compress-pos=no", *contender.command]
        run = execute(Contender(contender.name, command))
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("cfn="):
                    phase = next((p for p, name in PHASES.items() if line.startswith(name, 4)), None)
                elif line.startswith("calls="):
                    cost = int(next(lines).split()[-1])
                    if phase:
                        counts[phase] += cost
                elif line.startswith(("summary:", "totals:")):
                    total = int(line.split()[1])
    return run, PhaseCount(total, counts, instructions)


def decode_counts(session):
    """The same in machine instructions, which have no noise."""
    workloads = [w for w in build.load("real/workloads.json") if w["name"] in SHORT_RUNS and session.wants(w["name"])]
    if not workloads:
        return
    table = Table("decode counts: machine instructions of a start, under callgrind", [
        Column("all, millions", "total", "kiln", scale=1e-6),
        *(Column(phase, f"million_{phase}", "kiln") for phase in PHASES),
        *(Column(f"{phase} / IR instruction", f"each_{phase}", "kiln")
          for phase in ("read", "verify", "prepare", "decode")),
    ], session.out)
    for workload in workloads:
        program, args = workload["program"], workload["args"]
        for variant in session.variants("O1"):
            row = Row(f"{workload['name']}.{variant}")
            session.progress(f"{row.name}: counts")
            bitcode = build.REAL / f"{program}.{variant}.bc"
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "stats.json"
                contender, = session.kiln(bitcode, args, *OFF, f"--stats={path}")
                _, found = statistics_of(contender, path)
            contender, = session.kiln(bitcode, args, *OFF)
            expected = execute(Contender("native", [build.REAL / program, *args]))
            run, counts = count_phases(contender, found.instructions)
            failure, _ = check(contender, run, expected)
            row.failures += [failure] if failure else []
            row.runs["kiln"] = [counts]
            session.finish_row(table, row)
    table.finish()
    session.tables.append(table)


def decode(session):
    """Where short runs of real programs spend their time, and how fast functions are decoded."""
    if session.options.kiln is None:
        return
    build.build_real()
    decode_times(session)
    decode_counts(session)
    decode_everything(session)


def decode_times(session):
    """Times of the phases of a run, from its statistics."""
    workloads = [w for w in build.load("real/workloads.json")
                 if w["name"] in (*SHORT_RUNS, "lua_mix_10ms", "sqlite_10ms") and session.wants(w["name"])]
    if not workloads:
        return
    table = Table("decode: where a run under the interpreter spends its time", [
        Column("functions", "functions", "kiln"),
        Column("IR instructions", "instructions", "kiln"),
        Column("process ms", "process", "kiln", scale=1000),
        Column("load ms", "load", "kiln", scale=1000),
        Column("read, verify, prepare ms", "prepare", "kiln", scale=1000),
        Column("decode ms", "decode", "kiln", scale=1000),
        Column("run ms", "execute", "kiln", scale=1000),
        Column("prepare ns / instruction", "prepare_each", "kiln"),
        Column("decode M instructions / s", "decode_speed", "kiln"),
    ], session.out)
    for workload in workloads:
        for variant in session.variants("O1"):
            session.finish_row(table, decode_row(session, workload, variant))
    table.finish()
    session.tables.append(table)


def decode_row(session, workload, variant):
    """Measures one workload's decoding."""
    program, args = workload["program"], workload["args"]
    row = Row(f"{workload['name']}.{variant}")
    expected = execute(Contender("native", [build.REAL / program, *args]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stats.json"
        contender, = session.kiln(build.REAL / f"{program}.{variant}.bc", args, *OFF, f"--stats={path}")
        for index in range(session.options.reps):
            session.progress(f"{row.name}: round {index + 1} of {session.options.reps}")
            run, found = statistics_of(contender, path)
            failure, _ = check(contender, run, expected)
            if failure:
                row.failures.append(failure)
                break
            row.runs.setdefault("kiln", []).append(found)
    return row


def short_runs(session):
    """Rows of the start group: real programs that do next to nothing."""
    workloads = [w for w in build.load("real/workloads.json")
                 if w["name"] in SHORT_RUNS and session.wants(w["name"])]
    if workloads:
        build.build_real()
    rows = []
    for workload in workloads:
        program, args = workload["program"], workload["args"]
        for variant in session.options.bitcode or ["O1"]:
            bitcode = build.REAL / f"{program}.{variant}.bc"
            contenders = [Contender("native", [build.REAL / program, *args]),
                          *session.lli(bitcode, args), *session.kiln(bitcode, args),
                          *session.kiln(bitcode, args, *OFF, name="interpreter")]
            rows.append((session.label(workload["name"], variant), contenders))
    return rows

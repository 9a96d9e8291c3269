"""Runs the contenders of one row in turn and checks that they agree."""

import os
import random
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import build, stats

REP_LINE = re.compile(rb"^rep (\d+) (\d+)$", re.M)
# A contender slower than this is not repeated: its ratio is known well enough.
SLOW_SECONDS = 4.0
LIMIT_SECONDS = {"lli": 60, "other": 600}


@dataclass
class Contender:
    """One way to run a row's program.

    A foreign contender (lli) may crash or run out of time; that is noted in
    the row and does not fail it.  A wrong output always fails the row.
    One with little `patience` is run once only when it is slow; a foreign one
    has as little."""

    name: str
    command: list
    foreign: bool = False
    patience: bool = True
    before: object = None  # called before each run


@dataclass
class Run:
    """What one run did: seconds, MiB, exit code (minus the signal number)."""

    wall: float
    cpu: float
    memory: float
    code: int
    timed_out: bool
    stdout: bytes
    stderr: bytes
    repetitions: list

    @property
    def steady(self):
        return stats.steady(self.repetitions)

    @property
    def lost(self):
        """What the run would have taken less at its steady speed from the start."""
        return self.wall - self.steady * len(self.repetitions) if self.steady else None

    @property
    def over_steady(self):
        """The whole run over its repetitions at steady speed."""
        return self.wall / (self.steady * len(self.repetitions)) if self.steady else None

    @property
    def steady_least(self):
        """The fastest of the repetitions that `steady` is the median of."""
        return None if self.steady is None else min(self.repetitions[len(self.repetitions) // 2:])


@dataclass
class Row:
    """All runs of one row by contender, in the order of rounds."""

    name: str
    runs: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def values(self, contender, metric):
        """The metric's values by round; empty when not measured."""
        found = [getattr(run, metric) for run in self.runs.get(contender, [])]
        return [] if None in found else found

    def ratio(self, metric, top, bottom):
        """Ratio of two contenders' medians; None when one is missing."""
        return stats.ratio(self.values(top, metric), self.values(bottom, metric))


def execute(contender, times=False):
    """Runs a contender once; raises BenchError when it cannot be started.
    `times`: it reports its repetitions, in CPU time if that is "cpu"."""
    # Each run begins with nothing, but where a contender names a folder.
    if contender.before:
        contender.before()
    environment = {**os.environ, "LC_ALL": "C", "KILN_CACHE": "off"}
    for name in ("KILN_BENCH_TIMES", "LUA_INIT", "LUA_INIT_5_4", "LUA_PATH", "LUA_CPATH"):
        environment.pop(name, None)
    if times:
        environment["KILN_BENCH_TIMES"] = "cpu" if times == "cpu" else "1"
    limit = LIMIT_SECONDS["lli" if contender.foreign else "other"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        # Files, not pipes: a contender never waits for this process to read.
        with open(Path(folder) / "out", "w+b") as out, open(Path(folder) / "err", "w+b") as err:
            command = [str(build.launcher()), str(report), str(limit),
                       *map(str, contender.command)]
            done = subprocess.run(command, cwd=build.ROOT, env=environment,
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            out.seek(0)
            err.seek(0)
            stdout, stderr = out.read(), err.read()
        if done.returncode != 0:
            raise build.BenchError(f"launch failed: {stderr.decode(errors='replace')}")
        wall, cpu, memory, code, timed_out = report.read_text("ascii").split()
    repetitions = [int(ns) / 1e9 for _, ns in REP_LINE.findall(stderr)]
    return Run(int(wall) / 1e9, int(cpu) / 1e6, int(memory) / 1024, int(code),
               timed_out == "1", stdout, stderr, repetitions)


def check(contender, run, expected):
    """Returns (failure, note) of a run, both None when all is well."""
    tail = [line for line in run.stderr.decode(errors="replace").strip().splitlines()
            if not line.startswith("==")]  # valgrind's own lines
    said = f": {tail[-1][:150]}" if tail and not run.repetitions else ""
    problem = None
    if run.timed_out:
        problem = f"over {run.wall:.0f} s"
    elif run.code < 0:
        problem = f"crashed by signal {-run.code}"
    if problem:
        text = f"{contender.name} {problem}"
        return (None, text) if contender.foreign else (text + said, None)
    if expected is None:
        return (f"{contender.name} ended with status {run.code}{said}" if run.code else None), None
    if run.code != expected.code:
        return f"{contender.name} ended with status {run.code}, not {expected.code}{said}", None
    if run.stdout != expected.stdout:
        return f"{contender.name} printed something else than native", None
    return None, None


def measure(name, contenders, rounds, times=False, progress=lambda text: None):
    """Runs all contenders once a round and returns the Row.

    After the first round the order is another one each time, always the same
    from call to call: what runs behind a large neighbour finds colder caches,
    which was worth 15 % of a run of two milliseconds.
    The first contender's first output is what all runs must print.  A failed
    contender is not run again; a slow one without patience is run once only."""
    row, expected, active = Row(name), None, list(contenders)
    shuffle = random.Random(0).shuffle
    for index in range(rounds):
        order = list(active)
        if index > 0:
            shuffle(order)
        for contender in order:
            progress(f"{name}: {contender.name}, round {index + 1} of {rounds}")
            run = execute(contender, times)
            failure, note = check(contender, run, expected)
            if failure or note:
                (row.failures if failure else row.notes).append(failure or note)
                active.remove(contender)
                row.runs.pop(contender.name, None)
                if expected is None:
                    return row  # nothing to compare the others with
                continue
            expected = expected or run
            row.runs.setdefault(contender.name, []).append(run)
            if (contender.foreign or not contender.patience) and run.wall > SLOW_SECONDS:
                active.remove(contender)
    return row

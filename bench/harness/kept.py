"""The code cache: what the second run of a program saves, and what the first one pays for it."""

import json
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from . import build
from .execute import Contender, Row, execute
from .table import Column, Least, Table

# Runs that fill a cache before it is measured: short ones compile a little more each time.
FILLING = 3


@dataclass
class Placed:
    """When the last code of LLVM's tiers was in place, in milliseconds since the start, in a first and a second run; and
    what the second one compiled anew."""

    first: float
    second: float
    anew: int

    @property
    def share(self):
        return self.second / self.first if self.first else None


def placed(session, command, folder):
    """The two runs, on a folder that is empty at first."""
    shutil.rmtree(folder, ignore_errors=True)
    file = folder.with_suffix(".json")
    found = []
    for _ in range(2):
        execute(Contender("kiln", [*command[:2], "--cache", folder, f"--stats={file}", *command[2:]]))
        versions = [version for function in json.loads(file.read_text())["functions"] for version in function["versions"]
                    if version["tier"].startswith("O")]
        found.append((max((version["published_at_ns"] / 1e6 for version in versions), default=0),
                      sum(not version["cached"] for version in versions)))
    return Placed(found[0][0], found[1][0], found[1][1])


def in_place(session, scratch):
    """Time until steady speed by its cause: when the last code came."""
    table = Table("cache: the last code of LLVM's tiers in place", [
        Column("first run ms", "first", "kiln"), Column("second run ms", "second", "kiln"),
        Column("second/first", "share", "kiln"), Column("compiled anew", "anew", "kiln")], session.out)
    for program in build.load("programs.json"):
        name, args = program["name"], program["short" if session.options.quick else "long"]
        if not session.wants(name):
            continue
        row, bitcode = Row(name), build.bitcode(name, "raw")
        for contender in session.kiln(bitcode, args):
            row.runs["kiln"] = [placed(session, contender.command, scratch() / "kept") for _ in range(session.options.reps)]
        session.finish_row(table, row)
    table.finish()
    session.tables.append(table)


def contenders(session, bitcode, args, native, scratch):
    """Native code, and Kiln without a cache, with an empty one, and with one that knows the program."""
    filled, empty = scratch / "filled", scratch / "empty"
    found = [Contender("native", [native, *args]),
             *session.kiln(bitcode, args, "--cache", "off", name="off"),
             *session.kiln(bitcode, args, "--cache", empty, name="cold"),
             *session.kiln(bitcode, args, "--cache", filled, name="warm")]
    for contender in found:
        if contender.name == "cold":
            contender.before = lambda: shutil.rmtree(empty, ignore_errors=True)
        if contender.name == "warm":
            for _ in range(1 if session.options.quick else FILLING):
                execute(contender)
    return found


def kept(session):
    """The C programs by what is lost until they run at their steady speed, then Lua and SQLite."""
    with ExitStack() as scratches:
        scratch = lambda: Path(scratches.enter_context(tempfile.TemporaryDirectory(prefix="kiln-bench-")))
        in_place(session, scratch)
        rows = []
        for program in build.load("programs.json"):
            name, args = program["name"], program["short" if session.options.quick else "long"]
            if session.wants(name):
                bitcode = build.bitcode(name, "raw")
                rows.append((name, contenders(session, bitcode, args, build.native(name), scratch()), session.options.reps, True))
        session.run_table("cache: lost until steady (start and slow repetitions), second run over first", [
            Column("native s", "wall", "native"),
            Column("cold lost ms", "lost", "cold", scale=1000),
            Column("warm lost ms", "lost", "warm", scale=1000),
            Column("warm/cold lost", "lost", "warm", "cold"),
            Least("least lost", "lost", "warm", "cold"),
            Column("warm total/steady", "over_steady", "warm"),
            Column("warm/cold CPU", "cpu", "warm", "cold"),
            Column("cold/off CPU", "cpu", "cold", "off"),
        ], rows)
        rows = []
        workloads = [w for w in build.load("real/workloads.json") if session.wants(w["name"])
                     and (w.get("quick") or not session.options.quick)]
        if workloads:
            build.build_real()
        for workload in workloads:
            program, args = workload["program"], workload["args"]
            found = contenders(session, build.REAL / f"{program}.O2.bc", args, build.REAL / program, scratch())
            rows.append((workload["name"], found, session.options.reps, False))
        if session.wants("hello"):
            found = contenders(session, build.bitcode("hello", "raw"), [], build.native("hello"), scratch())
            rows.append(("hello", found, session.options.reps * (1 if session.options.quick else 4), False))
        session.run_table("cache: whole runs", [
            Column("native ms", "wall", "native", scale=1000),
            Column("off ms", "wall", "off", scale=1000),
            Column("cold/off", "wall", "cold", "off"),
            Column("warm/off", "wall", "warm", "off"),
            Column("cold/off CPU", "cpu", "cold", "off"),
            Column("warm/off CPU", "cpu", "warm", "off"),
            Least("cold/off least CPU", "cpu", "cold", "off"),
            Least("warm/off least CPU", "cpu", "warm", "off"),
            Column("warm/native", "wall", "warm", "native"),
        ], rows)

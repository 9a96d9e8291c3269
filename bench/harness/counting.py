"""What Kiln's hotness counters cost, in executed instructions.

Instruction counts come from callgrind, so this group is exact where times
would drown in noise.  A run also counts start-up and compilation, which are
far larger than a short program's own work; they cancel out in the difference
between two runs that differ in nothing but the number of repetitions.
"""

import re
from dataclasses import dataclass

from . import build
from .execute import Contender, Row, check, execute
from .table import Column, Extra, Table

COLLECTED = re.compile(rb"==\d+== Collected *: *(\d+)")
# Repetitions of the two runs; the difference is what gets reported.
FEW, MANY = 1, 3
DEFAULT_TIERS = ["O0", "O2"]


@dataclass
class Count:
    """Instructions of `MANY - FEW` repetitions; stands in a Row for a run."""

    instructions: int


def instructions(contender, expected, valgrind):
    """Runs a contender under callgrind; returns its count and a failure."""
    command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null",
               "--trace-children=yes", *contender.command]
    run = execute(Contender(contender.name, command))
    failure, _ = check(contender, run, expected)
    counts = COLLECTED.findall(run.stderr)
    if failure is None and not counts:
        failure = f"{contender.name}: callgrind gave no count"
    return sum(map(int, counts)), failure


def measure_row(session, program, tier, valgrind):
    """Counts one program with and without counters at a fixed tier."""
    name = program["name"]
    row = Row(f"{name} {tier}")
    bitcode = build.bitcode(name, session.variants("raw")[0])
    sizes = program["short"][:-1]
    found = {}
    for reps in (FEW, MANY):
        args = [*sizes, str(reps)]
        expected = execute(Contender("native", [build.native(name), *args]))
        for counters in ("off", "on"):
            session.progress(f"{row.name}: counters {counters}, {reps} repetitions")
            flags = ["--tier", tier, "--counters", counters]
            contender, = session.kiln(bitcode, args, *flags, name=f"counters {counters}")
            count, failure = instructions(contender, expected, valgrind)
            if failure:
                row.failures.append(failure)
                return row
            found[counters, reps] = count
    for counters in ("off", "on"):
        row.runs[counters] = [Count(found[counters, MANY] - found[counters, FEW])]
    return row


def counting(session):
    """Extra instructions of the counters, program by program and tier by tier."""
    if session.options.kiln is None:
        print("\ncounting: left out, there is no Kiln to count", file=session.out)
        return
    valgrind = build.find_tool(build.VALGRIND)
    tiers = DEFAULT_TIERS if session.options.tiers is None else session.options.tiers
    programs = [p for p in build.load("programs.json")
                if p.get("counting") and session.wants(p["name"])]
    if not programs:
        return
    table = Table("counting: instructions added by the hotness counters", [
        Column("off, millions", "instructions", "off", scale=1e-6),
        Column("on, millions", "instructions", "on", scale=1e-6),
        Extra("extra %", "instructions", "on", "off"),
    ], session.out)
    for program in programs[:2] if session.options.quick else programs:
        for tier in tiers:
            session.finish_row(table, measure_row(session, program, tier, valgrind))
    table.finish()
    session.tables.append(table)

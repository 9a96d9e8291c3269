"""The groups of measurements: what is run, and which columns are shown."""

import fnmatch

from . import build, counting, exported, interpreter, kept, knowledge, peak, tiers
from .execute import Contender, measure
from .table import Column, Table


class Session:
    """The options of one benchmark call and the results so far."""

    def __init__(self, options, out, progress):
        self.options, self.out, self.progress = options, out, progress
        self.tables, self.results, self.failed = [], [], False

    def wants(self, name):
        """Whether --only (patterns, all rows when absent) names this row."""
        return not self.options.only or any(fnmatch.fnmatch(name, p) for p in self.options.only)

    def variants(self, default):
        """The bitcode variants to run, as in --bitcode."""
        return self.options.bitcode or [default]

    def label(self, name, variant):
        """A row's name; it tells the variant only when there are several."""
        return f"{name}.{variant}" if len(self.variants("")) > 1 else name

    def kiln(self, bitcode, args, *flags, name="kiln"):
        """The contender that runs bitcode in Kiln; [] when it is left out."""
        if self.options.kiln is None:
            return []
        command = [self.options.kiln, "run", *flags, *self.options.kiln_args, bitcode, "--", *args]
        return [Contender(name, command)]

    def tiered(self, bitcode, args, tiers):
        """Kiln's default ladder and then each of the fixed tiers."""
        found = self.kiln(bitcode, args)
        for tier in tiers:
            found += self.kiln(bitcode, args, "--tier", tier, name=f"kiln-{tier}")
        return found

    def lli(self, bitcode, args, *flags, name="lli"):
        """The contender that runs bitcode in lli; [] when it is left out."""
        if self.options.no_lli:
            return []
        return [Contender(name, [build.find_tool(build.LLI), *flags, bitcode, *args], foreign=True)]

    def run_table(self, title, columns, rows, worst=False):
        """Measures `rows` (name, contenders, rounds, times) into a table.
        Columns of contenders that no row has are left out."""
        present = {contender.name for row in rows for contender in row[1]}
        columns = [c for c in columns if {c.top, c.bottom or c.top} <= present]
        if not rows:
            return
        table = Table(title, columns, self.out, worst)
        for name, contenders, rounds, times in rows:
            self.finish_row(table, measure(name, contenders, rounds, times, self.progress))
        table.finish()
        self.tables.append(table)

    def finish_row(self, table, row):
        """Stores a measured row and prints it."""
        self.progress("")
        table.add(row)
        self.failed = self.failed or bool(row.failures)
        self.results.append({
            "table": table.title, "row": row.name, "failures": row.failures, "notes": row.notes,
            "columns": {c.title: c.value(row) for c in table.columns},
            "runs": {name: [run_record(run) for run in runs] for name, runs in row.runs.items()},
        })


def run_record(run):
    """A run as stored in JSON: seconds and MiB; of a count, instructions."""
    if isinstance(run, (counting.Count, interpreter.Decoding, interpreter.PhaseCount, interpreter.Everything,
                        tiers.Compiled, kept.Placed)):
        return vars(run)
    return {"wall": run.wall, "cpu": run.cpu, "memory": run.memory, "steady": run.steady,
            "steady_least": run.steady_least}


def start(session):
    """What a runtime costs before and after the program's own work."""
    rounds = session.options.reps * (1 if session.options.quick else 4)
    rows = []
    for variant in session.variants("raw"):
        if session.wants("hello"):
            bitcode = build.bitcode("hello", variant)
            contenders = [Contender("native", [build.native("hello")]),
                          *session.lli(bitcode, []), *session.kiln(bitcode, []),
                          *session.kiln(bitcode, [], *interpreter.OFF, name="interpreter")]
            rows.append((session.label("hello", variant), contenders, rounds, False))
    rows += [(name, contenders, rounds, False) for name, contenders in interpreter.short_runs(session)]
    session.run_table("start: programs that do next to nothing", [
        Column("native CPU ms", "cpu", "native", scale=1000),
        Column("lli CPU ms", "cpu", "lli", scale=1000),
        Column("kiln CPU ms", "cpu", "kiln", scale=1000),
        Column("CPU kiln/lli", "cpu", "kiln", "lli"),
        Column("CPU kiln/native", "cpu", "kiln", "native"),
        Column("CPU interpreter/native", "cpu", "interpreter", "native"),
        Column("wall kiln/native", "wall", "kiln", "native"),
        Column("wall interpreter/native", "wall", "interpreter", "native"),
        Column("wall kiln/lli", "wall", "kiln", "lli"),
        Column("native MiB", "memory", "native"),
        Column("lli MiB", "memory", "lli"),
        Column("kiln MiB", "memory", "kiln"),
    ], rows)


def steady(session):
    """Whole runs and steady state of the CPU-bound C programs."""
    tiers = ["O2"] if session.options.tiers is None else session.options.tiers
    size = "short" if session.options.quick else "long"
    rows = []
    for program in build.load("programs.json"):
        name, args = program["name"], program[size]
        for variant in session.variants("raw") if session.wants(name) else []:
            bitcode = build.bitcode(name, variant)
            contenders = [
                Contender("native", [build.native(name), *args]),
                Contender("native-O3", [build.native(name, "native-O3"), *args]),
                *session.tiered(bitcode, args, tiers),
                *session.lli(bitcode, args),
            ]
            rows.append((session.label(name, variant), contenders, session.options.reps, True))
    columns = [Column("native s", "wall", "native"),
               Column("native-O3 steady", "steady", "native-O3", "native")]
    for kiln in ["kiln", *(f"kiln-{tier}" for tier in tiers)]:
        columns += [Column(f"{kiln} total", "wall", kiln, "native"),
                    Column(f"{kiln} steady", "steady", kiln, "native")]
    columns += [Column("kiln CPU", "cpu", "kiln", "native"),
                Column("lli total", "wall", "lli", "native"),
                Column("lli steady", "steady", "lli", "native")]
    session.run_table("steady: time over native -O2 (below 1 is faster than native)", columns, rows)


def report(session):
    """What `--report` costs the CPU-bound C programs."""
    size = "short" if session.options.quick else "long"
    rows = []
    for program in build.load("programs.json"):
        name, args = program["name"], program[size]
        for variant in session.variants("raw") if session.wants(name) else []:
            bitcode = build.bitcode(name, variant)
            contenders = [*session.kiln(bitcode, args),
                          *session.kiln(bitcode, args, "--report", build.OUT / "report.json", name="reported")]
            rows.append((session.label(name, variant), contenders, session.options.reps, False))
    session.run_table("report: time with --report over that without", [
        Column("kiln s", "cpu", "kiln"), Column("CPU reported/kiln", "cpu", "reported", "kiln"),
        Column("wall reported/kiln", "wall", "reported", "kiln")], rows)


def replaceable(session):
    """Calls of functions that can be redefined against the same calls inlined or direct, in the steady state."""
    reps = "3" if session.options.quick else "60"
    bitcode, rows = build.bitcode("replaceable", "raw"), []
    for which in ("small", "nested", "middle", "recursive"):
        if session.wants(which):
            args = [which, reps]
            rows.append((which, [Contender("native", [build.native("replaceable"), *args]), *session.kiln(bitcode, args),
                                 *session.kiln(bitcode, args, "--watch-reload", bitcode, name="replaceable")], session.options.reps, True))
    # A repetition is 10,000,000 calls.
    session.run_table("replaceable: nanoseconds a call, and what redefinitions cost", [
        Column("native", "steady", "native", scale=100), Column("kiln", "steady", "kiln", scale=100),
        Column("replaceable", "steady", "replaceable", scale=100),
        Column("replaceable/kiln", "steady", "replaceable", "kiln")], rows)


def real(session):
    """Lua and SQLite."""
    tiers = session.options.tiers or []
    rows = []
    workloads = [w for w in build.load("real/workloads.json") if session.wants(w["name"])
                 and (w.get("quick") or not session.options.quick)]
    if workloads:
        build.build_real()
    for workload in workloads:
        program, args = workload["program"], workload["args"]
        for variant in session.variants("O2"):
            bitcode = build.REAL / f"{program}.{variant}.bc"
            # lli's lazy mode corrupts its heap on computed gotos.
            lazy = build.REAL / f"{'lua_switch' if program == 'lua' else program}.{variant}.bc"
            contenders = [
                Contender("native", [build.REAL / program, *args]),
                *session.tiered(bitcode, args, tiers),
                *session.lli(bitcode, args),
                *session.lli(lazy, args, "--jit-kind=orc-lazy", name="lli-lazy"),
            ]
            name = session.label(workload["name"], variant)
            rows.append((name, contenders, session.options.reps, False))
    columns = [Column("native ms", "wall", "native", scale=1000),
               Column("kiln ms", "wall", "kiln", scale=1000),
               Column("kiln/native", "wall", "kiln", "native"),
               Column("kiln/native CPU", "cpu", "kiln", "native")]
    columns += [Column(f"kiln-{tier}/native", "wall", f"kiln-{tier}", "native") for tier in tiers]
    columns += [Column("lli/native", "wall", "lli", "native"),
                Column("lli-lazy/native", "wall", "lli-lazy", "native"),
                Column("kiln/lli", "wall", "kiln", "lli"),
                Column("kiln/lli CPU", "cpu", "kiln", "lli"),
                Column("kiln/lli-lazy", "wall", "kiln", "lli-lazy"),
                Column("native MiB", "memory", "native"),
                Column("kiln MiB", "memory", "kiln"),
                Column("lli MiB", "memory", "lli")]
    session.run_table("real: Lua and SQLite", columns, rows)


GROUPS = {"start": start, "steady": steady, "peak": peak.peak, "knowledge": knowledge.knowledge,
          "phases": peak.change_of_mind, "real": real, "report": report, "counting": counting.counting,
          "interpreter": interpreter.interpreter, "decode": interpreter.decode,
          "throughput": tiers.throughput, "baseline": tiers.baseline, "curves": tiers.curves, "short": tiers.short,
          "replaceable": replaceable, "cache": kept.kept, "export": exported.export,
          "ladders": tiers.ladders}
# What is run when no group is named: all but the experiment.
USUAL = [name for name in GROUPS if name != "ladders"]

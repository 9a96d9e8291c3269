"""Programs where what is only known at run time is worth a factor: sizes, moduli, comparators, conditions, rules."""

from . import build, peak
from .execute import Contender
from .table import Column


def knowledge(session):
    """The steady state over native -O3 -march=native, and what is left of it with fewer guesses."""
    rows = []
    for program in build.load("knowledge.json"):
        name, args = program["name"], program["short" if session.options.quick else "long"]
        if not session.wants(name):
            continue
        source = build.BENCH / "programs" / f"{name}.c"
        # The training does what is measured, so that clang's profile fits as well as it can.
        training = [*program["long"][:-1], "3"]
        bitcode = build.bitcode(name, session.variants("raw")[0])
        rows.append((name, [Contender("native-O3", [build.native(name, "native-O3"), *args]),
                            Contender("native", [build.native(name), *args]),
                            Contender("native-PGO", [peak.profiled(name, [source], build.COMMON, ["-lm"], training), *args]),
                            *session.kiln(bitcode, args), *peak.careful(session, bitcode, args)],
                     session.options.reps, "cpu"))
    session.run_table("knowledge: steady state over native -O3 -march=native (below 1 is faster)", [
        Column("native-O3 ms", "steady", "native-O3", scale=1000),
        Column("O2/O3", "steady", "native", "native-O3"),
        Column("PGO/O3", "steady", "native-PGO", "native-O3"),
        Column("kiln/O3", "steady", "kiln", "native-O3"),
        Column("kiln/PGO", "steady", "kiln", "native-PGO"),
        *(Column(f"{kind}/O3", "steady", kind, "native-O3") for kind in peak.CAREFUL)], rows)

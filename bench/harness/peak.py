"""The steady state against the best that ahead-of-time compilers make, and programs that change their mind."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import build
from .execute import Contender
from .table import Column, Least

PROFDATA = os.environ.get("LLVM_PROFDATA", "llvm-profdata-19")
# Contenders besides native -O2, by the kind of build.NATIVE or PGO that they are.
AHEAD = ["native-O3", "native-PGO"]
PGO_FLAGS = build.NATIVE["native-O3"]
# What the real programs run. The first half of the rounds is to last until nothing compiles any more: Lua's clock counts the
# time of all threads.
REAL = {
    "lua": ["bench/real/peak.lua", "bench/real/mix.lua", "66", "80"],
    "sqlite": ["-batch", "-init", "/dev/null", ":memory:", ".read bench/real/peak.sql"],
}
QUICK = {
    "lua": ["bench/real/peak.lua", "bench/real/mix.lua", "3", "8"],
    "sqlite": ["-batch", "-init", "/dev/null", ":memory:", "create table quick as select 1;", ".read bench/real/peak.sql"],
}


PHASES = ["branch", "callee", "argument", "all"]
# Options that make fewer guesses; Kiln under each is a contender of `phases`.
CAREFUL = {"no-speculation": "--no-speculation", "no-pgo": "--no-pgo"}


def profiled(name, sources, flags, libraries, training):
    """The executable of `sources` that clang's own profile-guided build makes, trained by the command line `training`.
    It is kept while its sources, the flags and the training stay as they are."""
    out = build.OUT / f"{name}.native-PGO"
    stamp = out.with_name(out.name + ".cmd")
    command = " ".join(map(str, [build.CLANG, *PGO_FLAGS, *flags, *sources, *libraries, "trained by", *training]))
    if (out.exists() and stamp.exists() and stamp.read_text("utf-8") == command
            and all(source.stat().st_mtime <= out.stat().st_mtime for source in sources)):
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        compile_with = [build.CLANG, *PGO_FLAGS, *flags, *map(str, sources)]
        instrumented, merged = Path(folder, "instrumented"), Path(folder, "profile")
        build.run_tool([*compile_with, "-fprofile-generate", "-o", str(instrumented), *libraries])
        raw = Path(folder, "raw")
        subprocess.run([str(instrumented), *training], cwd=build.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, "LLVM_PROFILE_FILE": str(raw)}, check=False)
        build.run_tool([build.find_tool(PROFDATA), "merge", "-o", str(merged), str(raw)])
        build.run_tool([*compile_with, f"-fprofile-use={merged}", "-o", str(out), *libraries])
    stamp.write_text(command, "utf-8")
    return out


def real_native(program, kind):
    """An executable of a real program, as fast as ahead-of-time compilers make it; `kind` is one of AHEAD."""
    import fetch_real  # next to bench/run.py

    source, defines = fetch_real.PROGRAMS[program]
    units, includes = fetch_real.UNITS[source]()
    flags = [*fetch_real.COMMON, *defines, *(f"-I{folder}" for folder in includes), "-rdynamic"]
    if kind == "native-PGO":
        return profiled(program, units, flags, fetch_real.LIBRARIES, REAL[program])
    out = build.OUT / f"{program}.{kind}"
    stamp = out.with_name(out.name + ".cmd")
    command = [build.CLANG, *build.NATIVE[kind], *flags, *map(str, units), "-o", str(out), *fetch_real.LIBRARIES]
    if not out.exists() or not stamp.exists() or stamp.read_text("utf-8") != " ".join(command):
        build.run_tool(command)
        stamp.write_text(" ".join(command), "utf-8")
    return out


def contenders(session, natives, bitcode, args, tiers):
    """Ahead-of-time builds and Kiln; each kind of native build has an entry in `natives`."""
    return [*(Contender(kind, [path, *args]) for kind, path in natives.items()), *session.tiered(bitcode, args, tiers)]


def programs(session, tiers):
    """Rows of the C programs that repeat their work."""
    size = "short" if session.options.quick else "long"
    for program in build.load("programs.json"):
        name, args = program["name"], program[size]
        if not session.wants(name) or len(args) < 2:
            continue
        source = build.BENCH / "programs" / f"{name}.c"
        # The training does what is measured, a few times: a profile could not fit better.
        training = [*program["long"][:-1], "2"]
        natives = {"native": build.native(name), "native-O3": build.native(name, "native-O3"),
                   "native-PGO": profiled(name, [source], build.COMMON, ["-lm"], training)}
        bitcode = build.bitcode(name, session.variants("raw")[0])
        yield name, contenders(session, natives, bitcode, args, tiers), session.options.reps, "cpu"


def real(session, tiers):
    """Rows of Lua and SQLite."""
    wanted = [name for name in REAL if session.wants(name)]
    if wanted:
        build.build_real()
    for name in wanted:
        args = (QUICK if session.options.quick else REAL)[name]
        natives = {"native": build.REAL / name, **{kind: real_native(name, kind) for kind in AHEAD}}
        bitcode = build.REAL / f"{name}.{session.variants('raw')[0]}.bc"
        yield name, contenders(session, natives, bitcode, args, tiers), session.options.reps, "cpu"


def peak(session):
    """The steady state against clang -O2, -O3 -march=native, and the latter with its own profile."""
    if shutil.which(PROFDATA) is None:
        raise build.BenchError(f"{PROFDATA} is not installed")
    tiers = session.options.tiers or []
    columns = [Column("native ms", "steady", "native", scale=1000),
               *(Column(f"{kind[7:]}/O2", "steady", kind, "native") for kind in AHEAD)]
    for kiln in ["kiln", *(f"kiln-{tier}" for tier in tiers)]:
        columns += [Column(f"{kiln}/O2", "steady", kiln, "native"),
                    Least("least", "steady_least", kiln, "native"),
                    *(Column(f"{kiln}/{kind[7:]}", "steady", kiln, kind) for kind in AHEAD)]
    session.run_table("peak: steady state over native -O2, -O3 -march=native, and the latter with its own profile", columns,
                      [*programs(session, tiers), *real(session, tiers)])


def careful(session, bitcode, args):
    """Kiln with fewer guesses, in each way that this build has."""
    known = subprocess.run([str(session.options.kiln), "run", "--help"], text=True, stdout=subprocess.PIPE,
                           check=False).stdout if session.options.kiln else ""
    return [contender for name, flag in CAREFUL.items() if flag in known
            for contender in session.kiln(bitcode, args, flag, name=name)]


def change_of_mind(session):
    """The phases of programs/phases.c, each a second natively: how much a wrong guess costs."""
    size = ["50", "6"] if session.options.quick else ["1000", "8"]
    bitcode = build.bitcode("phases", session.variants("O1s")[0])
    rows = []
    for name in PHASES:
        if not session.wants(f"phases {name}"):
            continue
        args = [name, *size]
        rows.append((f"phases {name}", [Contender("native", [build.native("phases"), *args]), *session.kiln(bitcode, args),
                                        *careful(session, bitcode, args)], min(session.options.reps, 3), "cpu"))
    session.run_table("phases: a program that changes its mind, whole runs", [
        Column("native s", "wall", "native"),
        Column("kiln/native", "wall", "kiln", "native"),
        Column("kiln/native CPU", "cpu", "kiln", "native"),
        *(column for careful_name in CAREFUL for column in (
            Column(f"kiln/{careful_name}", "wall", "kiln", careful_name),
            Column(f"CPU kiln/{careful_name}", "cpu", "kiln", careful_name),
            Least(f"least CPU /{careful_name}", "cpu", "kiln", careful_name)))], rows)

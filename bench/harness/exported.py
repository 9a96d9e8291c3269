"""Exported programs against clang's own profile-guided builds of the same source."""

import subprocess

from . import build
from .execute import Contender
from .table import Column

PROFDATA = "llvm-profdata-19"


def guided(name, args):
    """The executable that clang makes by the profile of a run with `args`."""
    source, folder = build.BENCH / "programs" / f"{name}.c", build.OUT
    trained = build.compile_file(source, folder / f"{name}.trained", [*build.NATIVE["native-O3"], *build.COMMON,
                                                                      "-fprofile-generate"])
    raw, profile = folder / f"{name}.profraw", folder / f"{name}.profdata"
    build.run_tool(["env", f"LLVM_PROFILE_FILE={raw}", str(trained), *args])
    build.run_tool([build.find_tool(PROFDATA), "merge", "-o", str(profile), str(raw)])
    return build.compile_file(source, folder / f"{name}.guided", [*build.NATIVE["native-O3"], *build.COMMON,
                                                                  f"-fprofile-use={profile.relative_to(build.ROOT)}"])


def exported(kiln, name, args):
    """The executable that `kiln export` makes by the profile of a run with `args`."""
    bitcode, profile = build.bitcode(name, "raw"), build.OUT / f"{name}.profile"
    program = build.OUT / f"{name}.exported"
    build.run_tool([str(kiln), "run", "--tier", "baseline", "--counters", "on", "--profile-out", str(profile),
                    str(bitcode), "--", *args])
    build.run_tool([str(kiln), "export", "--target-cpu", "native", "--profile", str(profile), str(bitcode),
                    "-o", str(program)])
    return program


def export(session):
    """The C programs, trained with their short runs and measured with the long ones."""
    if session.options.kiln is None:
        return
    size = "short" if session.options.quick else "long"
    rows = []
    for program in build.load("programs.json"):
        name = program["name"]
        if not session.wants(name):
            continue
        try:
            contenders = [Contender("guided", [guided(name, program["short"]), *program[size]]),
                          Contender("exported", [exported(session.options.kiln, name, program["short"]), *program[size]]),
                          Contender("native-O3", [build.native(name, "native-O3"), *program[size]])]
        except subprocess.SubprocessError as error:
            raise build.BenchError(f"{name}: {error}") from error
        rows.append((name, contenders, session.options.reps, "cpu"))
    session.run_table("export: CPU time over clang -O3 -march=native with its own profile", [
        Column("guided s", "cpu", "guided"),
        Column("exported", "cpu", "exported", "guided"),
        Column("exported steady", "steady", "exported", "guided"),
        Column("clang -O3", "cpu", "native-O3", "guided"),
    ], rows, worst=True)

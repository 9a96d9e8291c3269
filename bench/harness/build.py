"""Compiles the benchmark programs natively and into bitcode, into build/bench/.

Nothing is compiled again while its sources and its command stay the same.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BENCH = ROOT / "bench"
OUT = ROOT / "build" / "bench"
REAL = ROOT / "build" / "real"

CLANG = os.environ.get("CLANG", "clang-19")
LLI = os.environ.get("LLI", "lli-19")
NM = os.environ.get("LLVM_NM", "llvm-nm-19")
VALGRIND = os.environ.get("VALGRIND", "valgrind")

# Outputs are compared byte by byte, so no compiler may fuse multiply and add
# in some places and not in others.
COMMON = ["-ffp-contract=off", "-Wall", "-Wextra"]
NATIVE = {
    "native": ["-O2"],
    "native-O3": ["-O3", "-march=native"],
}
BITCODE = {
    "raw": ["-O2", "-Xclang", "-disable-llvm-passes"],
    "O0": ["-O0"],
    "O1": ["-O1"],
    # What the interpreter's goals are given for: "s" is for scalar.
    "O1s": ["-O1", "-fno-vectorize", "-fno-slp-vectorize"],
    "O2": ["-O2"],
}


class BenchError(Exception):
    """The benchmark cannot go on; the message says why."""


def find_tool(name):
    """The full path of a tool; raises BenchError when it is missing."""
    path = shutil.which(name)
    if path is None:
        raise BenchError(f"{name} is not installed")
    return path


def load(path):
    """Reads one of the workload lists in bench/."""
    return json.loads((BENCH / path).read_text("utf-8"))


def compile_file(source, output, flags):
    """Compiles one C file unless `output` is up to date; returns its path.
    Raises BenchError with the compiler's message."""
    command = [CLANG, *flags, str(source.relative_to(ROOT)), "-o", str(output.relative_to(ROOT))]
    if "-emit-llvm" not in flags:
        command.append("-lm")
    stamp = output.with_name(output.name + ".cmd")
    inputs = [source, *source.parent.glob("*.h")]
    if (output.exists() and stamp.exists() and stamp.read_text("utf-8") == " ".join(command)
            and all(i.stat().st_mtime <= output.stat().st_mtime for i in inputs)):
        return output
    output.parent.mkdir(parents=True, exist_ok=True)
    run_tool(command)
    stamp.write_text(" ".join(command), "utf-8")
    return output


def run_tool(command):
    """Runs a build command in the repository; raises BenchError if it fails."""
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise BenchError(f"cannot run {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)} failed:\n{done.stdout}")


@functools.cache
def launcher():
    """The measuring launcher, see launch.c."""
    return compile_file(BENCH / "harness" / "launch.c", OUT / "launch", ["-O2"])


def native(program, kind="native"):
    """The native executable of a program; `kind` is a key of NATIVE."""
    return compile_file(BENCH / "programs" / f"{program}.c", OUT / f"{program}.{kind}",
                        [*NATIVE[kind], *COMMON])


def bitcode(program, variant):
    """The bitcode of a program; `variant` is a key of BITCODE."""
    return compile_file(BENCH / "programs" / f"{program}.c", OUT / f"{program}.{variant}.bc",
                        [*BITCODE[variant], *COMMON, "-emit-llvm", "-c"])


def helper(kiln, name):
    """A program of bench/, `kiln_decode_all` for example, of the same build as `kiln`."""
    program = kiln.with_name(name)
    run_tool(["cmake", "--build", str(kiln.parent.parent), "--target", program.name])
    return program


def function_names(bitcode):
    """Names of the functions with a body in a bitcode file, one a line."""
    listed = subprocess.run([find_tool(NM), "--defined-only", "-P", str(bitcode)], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    fields = (line.split() for line in listed.splitlines())
    return "\n".join(f[0] for f in fields if len(f) > 1 and f[1] in "tTwW") + "\n"


def build_real():
    """Fetches and builds Lua and SQLite; its notes go to stderr."""
    if subprocess.run([sys.executable, str(BENCH / "fetch_real.py")], cwd=ROOT).returncode != 0:
        raise BenchError("bench/fetch_real.py failed")

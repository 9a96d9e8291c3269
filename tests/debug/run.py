#!/usr/bin/env python3
"""What debuggers, profilers and crash reports are told of generated code.

Stepping: GDB, driven by a script, stops at a source line of C and of C++ in each native tier, knows the way back through frames of
all tiers, the interpreter's included, and steps from line to line. Lines: perf's jitdump is read by the format's rules and
has code, lines and unwind tables of each function. Crashes: a program that dies by a signal dies by it as natively, and its
back-trace names functions, tiers and lines; dispositions are what they are natively. Where GDB is missing, or may not trace,
those checks are skipped."""

import argparse
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Everything in one tier; the interpreter above all others, for a back-trace that goes through it.
TIERS = {
    "baseline": ["--gdb", "--tier", "baseline"],
    "debug": ["--debug"],
    "O0": ["--gdb", "--tier", "O0"],
    "O2": ["--gdb", "--tier", "O2"],
    "O3": ["--gdb", "--tier", "O3"],
}


def line_of(source: Path, text: str) -> int:
    return next(i for i, line in enumerate(source.read_text().splitlines(), 1) if text in line)


def compile_program(source: Path, folder: Path, level: str) -> Path:
    program = folder / f"{source.name}{level}.bc"
    compiler = "clang++-19" if source.suffix == ".cpp" else "clang-19"
    subprocess.run([compiler, level, "-g", "-c", "-emit-llvm", source, "-o", program], check=True)
    return program


class NoTrace(Exception):
    pass


def gdb(kiln: str, program: Path, options: list[str], commands: list[str], arguments: list[str] = []) -> str:
    words = ["gdb", "-batch", "-nx", "-iex", "set debuginfod enabled off", "-ex", "set breakpoint pending on"]
    for command in commands:
        words += ["-ex", command]
    done = subprocess.run([*words, "--args", kiln, "run", *options, program, *arguments], capture_output=True, text=True, timeout=300)
    if "ptrace" in done.stderr and "not permitted" in done.stderr:
        raise NoTrace
    return done.stdout + done.stderr


def frames_of(text: str) -> list[str]:
    """Names in a back-trace, without namespaces, arguments, and what GDB says of inlining."""
    found = re.findall(r"^#\d+\s+(?:0x[0-9a-f]+ in )?([^\n(]+?)\s*\(", text, re.MULTILINE)
    return [name.split("::")[-1].split(" ")[-1] for name in found]


def check_steps(kiln: str, folder: Path, suffix: str, level: str, tier: str, options: list[str]) -> list[str]:
    source = HERE / f"chain.{suffix}"
    program = compile_program(source, folder, level)
    stop = line_of(source, "stops")
    chain = ["innermost", "middle", "main"] if suffix == "c" else ["area", "measure", "main"]
    out = gdb(kiln, program, options, [f"break {source.name}:{stop}", "run", "bt", "next", "frame", "continue"])
    problems = []
    hit = re.search(r"^Breakpoint 1(\.\d+)?, ", out, re.MULTILINE)
    if not hit or f"{source.name}:{stop}" not in out[hit.start():]:
        return [f"does not stop at line {stop}: {out[-1500:]}"]
    names = [name for name in frames_of(out[hit.start():]) if name in chain]
    if names[:3] != chain:
        problems.append(f"the back-trace is {names}: {out[-1500:]}")
    called = line_of(source, "called from here")
    if f"{source.name}:{called}" not in out:
        problems.append(f"no frame is at line {called}: {out[-1500:]}")
    # `next` went to another line of the file.
    steps = [int(n) for n in re.findall(rf"^#0 .*{re.escape(source.name)}:(\d+)", out, re.MULTILINE)]
    if len(steps) < 2 or steps[-1] <= stop:
        problems.append(f"steps to {steps}: {out[-1500:]}")
    return problems


def check_interpreter(kiln: str, folder: Path) -> list[str]:
    program = compile_program(HERE / "chain.c", folder, "-O1")
    out = gdb(kiln, program, ["--gdb", "--tier", "interpreter"], ["run", "bt"], ["2000"])
    names = [name for name in frames_of(out) if name in ("innermost", "middle", "main")]
    # The command's own main is behind them all.
    if names != ["innermost", "middle", "main", "main"]:
        return [f"the back-trace is {names}: {out[-2000:]}"]
    out = gdb(kiln, program, ["--gdb", "--ladder", "interpreter,baseline@100"], ["run", "bt"], ["2000"])
    names = [name for name in frames_of(out) if name in ("innermost", "middle", "main")]
    return [] if names == ["innermost", "middle", "main", "main"] else [f"through two tiers it is {names}: {out[-2000:]}"]


def records_of(dump: bytes) -> tuple[list[str], list[tuple[int, bytes]]]:
    magic, version, size, machine, _, _, _, flags = struct.unpack_from("<IIIIIIQQ", dump)
    problems = [] if (magic, version, size, machine, flags) == (0x4A695444, 1, 40, 62, 0) else ["the header is not one"]
    at, records, last = size, [], 0
    while at < len(dump):
        kind, length, time = struct.unpack_from("<IIQ", dump, at)
        if length < 16 or length % 8 or at + length > len(dump) or time < last:
            return problems + [f"the record at {at} is not sound"], records
        records.append((kind, dump[at + 16:at + length]))
        at, last = at + length, time
    return problems, records


def check_jitdump(kiln: str, folder: Path, tier: str) -> list[str]:
    source = HERE / "chain.c"
    program = compile_program(source, folder, "-O1")
    for old in folder.glob("jit-*.dump"):
        old.unlink()
    subprocess.run([kiln, "run", f"--jitdump={folder}", "--tier", tier, program], check=True)
    dumps = list(folder.glob("jit-*.dump"))
    if len(dumps) != 1:
        return [f"there are {len(dumps)} dumps"]
    problems, records = records_of(dumps[0].read_bytes())
    names, lines, unwinding = {}, [], False
    for kind, body in records:
        if kind == 2:
            _, count = struct.unpack_from("<QQ", body)
            at = 16
            for _ in range(count):
                address, line, _ = struct.unpack_from("<QII", body, at)
                end = body.index(b"\0", at + 16)
                lines.append((address, line, body[at + 16:end].decode()))
                at = end + 1
        elif kind == 4:
            size, header, mapped = struct.unpack_from("<QQQ", body)
            unwinding = len(body) >= 24 + size and header == 8 and mapped == 0
        elif kind == 0:
            _, _, address, _, size, _ = struct.unpack_from("<IIQQQQ", body)
            end = body.index(b"\0", 40)
            name = body[40:end].decode()
            names[name] = len(body) >= end + 1 + size
            if not lines or not unwinding:
                problems.append(f"'{name}' has no lines, or no unwind table")
            if any(not address <= place < address + size for place, _, _ in lines):
                problems.append(f"lines of '{name}' are not in its code")
            if not any(file == str(source) for _, _, file in lines):
                problems.append(f"lines of '{name}' are of {sorted({file for _, _, file in lines})}")
            lines, unwinding = [], False
    expected = {f"{name} [{tier}]" for name in ("main", "middle", "innermost")}
    if set(names) != expected or not all(names.values()):
        problems.append(f"code is there of {names}")
    return problems


def check_perf(kiln: str, folder: Path) -> list[str]:
    """perf itself reads the dump. Nothing is said where the kernel lets it not measure."""
    program = compile_program(HERE / "chain.c", folder, "-O1")
    run = subprocess.run(["perf", "record", "-q", "-k", "mono", "-o", folder / "perf.data", kiln, "run", f"--jitdump={folder}",
                          "--tier", "baseline", program], capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        return []
    subprocess.run(["perf", "inject", "--jit", "-i", folder / "perf.data", "-o", folder / "perf.jit.data"], check=True,
                   capture_output=True, timeout=120)
    names = set()
    for made in folder.glob("jitted-*.so"):
        symbols = subprocess.run(["nm", "--defined-only", made], capture_output=True, text=True, check=True).stdout
        names |= {line.split(" ", 2)[2] for line in symbols.splitlines() if line.count(" ") >= 2}
    expected = {f"{name} [baseline]" for name in ("main", "middle", "innermost")}
    return [] if expected <= names else [f"perf makes files of {sorted(names)}"]


def check_perf_map(kiln: str, folder: Path) -> list[str]:
    """perf finds the names in the map as it is."""
    program = folder / "spin.bc"
    subprocess.run(["clang-19", "-O1", "-emit-llvm", "-c", "-x", "c", "-", "-o", program], check=True, text=True,
                   input="volatile unsigned spun;\n__attribute__((noinline)) void spin_here(void) { for (unsigned i = 0; i < 200000000; i++) spun = i; }\n"
                         "int main(void) { spin_here(); return 0; }\n")
    run = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-o", folder / "map.data", kiln, "run", "--perf-map", "--tier", "baseline", program],
                         capture_output=True, text=True, timeout=120)
    if run.returncode != 0:
        return []
    told = subprocess.run(["perf", "script", "-i", folder / "map.data", "-F", "ip,sym"], capture_output=True, text=True, timeout=120).stdout
    return [] if "spin_here" in told else [f"perf names {sorted(set(told.split()))[:20]}"]


def check_valgrind(kiln: str, folder: Path) -> list[str]:
    program = compile_program(HERE / "chain.c", folder, "-O1")
    done = subprocess.run(["valgrind", "-q", "--error-exitcode=99", "--smc-check=all-non-file", kiln, "run", program],
                          capture_output=True, text=True, timeout=600)
    return [] if (done.returncode, done.stderr) == (0, "") else [f"ends with {done.returncode}: {done.stderr[:1500]}"]


CRASHES = {
    "pointer": (signal.SIGSEGV, "by_pointer", "a null pointer"),
    "division": (signal.SIGFPE, "by_division", "a division"),
    "abort": (signal.SIGABRT, "by_abort", "abort();"),
    "recursion": (signal.SIGSEGV, "by_recursion", None),
    "raise": (signal.SIGBUS, "choose", "raise(SIGBUS)"),
    "again": (signal.SIGSEGV, "by_pointer", "a null pointer"),
}


def check_crash(kiln: str, program: Path, options: list[str], what: str, lines: bool) -> list[str]:
    expected, function, place = CRASHES[what]
    done = subprocess.run([kiln, "run", *options, program, what], capture_output=True, text=True, timeout=120)
    problems = [] if done.returncode == -expected else [f"ends with {done.returncode}"]
    source = HERE / "crashes.c"
    tier = options[-1]
    frames = re.findall(r"^kiln: #\d+ 0x[0-9a-f]+ (\w+) \[([^\]]+)\](?: (\S+):(\d+))?$", done.stderr, re.MULTILINE)
    if f"dies by {expected.name}" not in done.stderr or not frames or frames[0][0] != function:
        return problems + [f"says {done.stderr!r}"]
    if any(frame[1] != tier for frame in frames):
        problems.append(f"names tiers as {frames}")
    if what != "recursion" and [frame[0] for frame in frames[-2:]] != ["choose", "main"]:
        problems.append(f"has the frames {frames}")
    if lines and place and (Path(frames[0][2]).name, int(frames[0][3] or 0)) != (source.name, line_of(source, place)):
        problems.append(f"has the lines {frames}")
    quiet = subprocess.run([kiln, "run", "--no-crash-report", *options, program, what], capture_output=True, text=True, timeout=120)
    if quiet.returncode != -expected or quiet.stderr:
        problems.append(f"without a report: {quiet.returncode}, {quiet.stderr!r}")
    return [f"{what}: {problem}" for problem in problems]


def check_crashes(kiln: str, folder: Path, tier: str, lines: bool) -> list[str]:
    # At -O1 LLVM's tiers would make a loop of the recursion.
    program = compile_program(HERE / "crashes.c", folder, "-O0" if tier in ("interpreter", "baseline") else "-O1")
    options = (["--gdb"] if lines else []) + ["--tier", tier]
    problems = []
    for what in CRASHES:
        if not (what == "recursion" and lines and tier == "interpreter"):
            problems += check_crash(kiln, program, options, what, lines and tier != "interpreter")
    for argument, status in (("look", 0), ("handled", 7)):
        done = subprocess.run([kiln, "run", *options, program, argument], capture_output=True, text=True, timeout=60)
        if (done.returncode, done.stderr) != (status, ""):
            problems.append(f"{argument}: ends with {done.returncode}, {done.stderr!r}")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    parser.add_argument("--only", default="", help="run checks whose name has this in it")
    options = parser.parse_args()
    failed = False

    def report(name: str, check, *arguments) -> None:
        nonlocal failed
        if options.only not in name:
            return
        try:
            problems = check(options.kiln, *arguments)
        except NoTrace:
            print(f"skipped {name}: GDB may not trace")
            return
        failed |= bool(problems)
        print(f"{'FAIL' if problems else 'ok'} {name}")
        for problem in problems:
            print("  " + problem)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shutil.which("gdb"):
            for suffix, level in (("c", "-O0"), ("cpp", "-O0"), ("c", "-O1")):
                for tier, chosen in TIERS.items():
                    report(f"steps {suffix} {level} {tier}", check_steps, folder, suffix, level, tier, chosen)
            report("back-trace interpreter", check_interpreter, folder)
        else:
            print("skipped: no GDB")
        for tier in ("baseline", "O2"):
            report(f"jitdump {tier}", check_jitdump, folder, tier)
        if shutil.which("perf") and shutil.which("nm"):
            report("jitdump read by perf", check_perf, folder)
            report("map read by perf", check_perf_map, folder)
        if shutil.which("valgrind"):
            report("valgrind", check_valgrind, folder)
        for tier in ("interpreter", "baseline", "O2"):
            report(f"crashes {tier}", check_crashes, folder, tier, False)
            report(f"crashes {tier} with lines", check_crashes, folder, tier, True)
    return failed


if __name__ == "__main__":
    sys.exit(main())

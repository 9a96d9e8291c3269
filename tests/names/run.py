#!/usr/bin/env python3
"""Names of compiled code for tools outside the process: perf's map has a line for each version, and GDB's back-trace goes
through compiled frames and names them. Where GDB is missing, or may not trace, that half is skipped."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Callers do something after the call, or it would be a jump.
SOURCE = r"""
#include <stdlib.h>
#include <string.h>
static volatile int depth;
__attribute__((noinline)) int innermost(int a, int b) { if (a > b) abort(); return a; }
__attribute__((noinline)) int with_memory(int n) { char room[3000]; memset(room, n, sizeof room); int r = innermost(room[n] + 1, n); depth = r; return r + room[n]; }
__attribute__((noinline)) int with_registers(int a, int b, int c, int d) {
  int x = a * b, y = c * d; int r = with_memory(b); depth = r; return r + x + y + a + b + c + d;
}
int main(int argc, char** argv) { int r = with_registers(argc, argc + 1, argc + 2, argc + 3); depth = r; return r; }
"""
CHAIN = ("innermost", "with_memory", "with_registers", "main")
MODES = {
    "baseline": ("--tier", "baseline"),
    "four registers": ("--tier", "baseline", "--baseline-registers", "4"),
    "O2": ("--tier", "O2"),
}


def check_map(kiln: str, program: Path, tier: str, options: tuple[str, ...]) -> list[str]:
    process = subprocess.Popen([kiln, "run", "--perf-map", *options, program], stderr=subprocess.DEVNULL)
    process.wait(timeout=60)
    path = Path(f"/tmp/perf-{process.pid}.map")
    text = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    found = [name for _, _, name in (line.split(" ", 2) for line in text.splitlines())]
    return [f"the map names '{name} [{tier}]' {found.count(f'{name} [{tier}]')} times: {found}"
            for name in CHAIN if found.count(f"{name} [{tier}]") != 1]


def check_gdb(kiln: str, program: Path, options: tuple[str, ...]) -> list[str] | None:
    """Nothing if GDB cannot trace here."""
    done = subprocess.run(["gdb", "-batch", "-nx", "-iex", "set debuginfod enabled off", "-ex", "run", "-ex", "bt",
                           "--args", kiln, "run", "--gdb", *options, program], capture_output=True, text=True, timeout=300)
    if "SIGABRT" not in done.stdout:
        return None if "ptrace" in done.stderr + done.stdout else [f"did not stop in abort: {done.stdout[-500:]}{done.stderr[-500:]}"]
    frames = re.findall(r"^#\d+\s+(?:0x[0-9a-f]+ in )?([^\s(]+)", done.stdout, re.MULTILINE)
    named = [frame for frame in frames if frame in CHAIN]
    problems = [] if tuple(named[:len(CHAIN)]) == CHAIN else [f"the back-trace is {frames}"]
    # The command's own main is behind them all.
    if named.count("main") != 2 and not problems:
        problems.append(f"the back-trace does not reach the command: {frames}")
    return problems


def main() -> int:
    os.environ.setdefault("KILN_CACHE", "off")  # each run begins with nothing
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        source, program = Path(name) / "chain.c", Path(name) / "chain.bc"
        source.write_text(SOURCE)
        subprocess.run(["clang-19", "-O1", "-c", "-emit-llvm", source, "-o", program], check=True)
        for mode, chosen in MODES.items():
            problems = check_map(options.kiln, program, chosen[1], chosen)
            traced = check_gdb(options.kiln, program, chosen) if shutil.which("gdb") else None
            problems += traced or []
            failed |= bool(problems)
            print(f"{'FAIL' if problems else 'ok'} {mode}{'' if traced is not None else ' (no GDB)'}")
            for problem in problems:
                print("  " + problem)
    return failed


if __name__ == "__main__":
    sys.exit(main())

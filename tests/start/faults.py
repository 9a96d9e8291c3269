#!/usr/bin/env python3
"""The start of `kiln run` touches few pages: what the link puts together and sets aside (tools/kiln/CMakeLists.txt) works.

A page fault costs as much as thousands of instructions, and is a count: it can be tested where time cannot. Loading a
program of one function takes some 280 in baseline, where most functions start. Without start.order and DeferLlvm.ld it is some hundred more."""
import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 290
PROGRAM = 'target triple = "x86_64-pc-linux-gnu"\ndefine i32 @main() {\n  ret i32 0\n}\n'


def faults(command: list[str]) -> int:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)])
    os.waitpid(pid, 0)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kiln", required=True)
    parser.add_argument("--llvm-as", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bitcode = Path(folder) / "one.bc"
        subprocess.run([options.llvm_as, "-", "-o", str(bitcode)], input=PROGRAM, text=True, check=True)
        # Ends when the program is loaded: there is no such function to start at.
        command = [options.kiln, "run", "--entry", "none", str(bitcode)]
        os.environ["KILN_CACHE"] = str(Path(folder) / "cache")  # on, and empty, as at the first start of a program
        counts = [faults(command) for _ in range(5)]
    print(f"page faults of a start: {min(counts)} (at most {MOST})")
    return 0 if min(counts) <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())

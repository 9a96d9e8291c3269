#!/usr/bin/env python3
"""Runs the fuzzer of containers for a time. Exit status 1 when it found something; the inputs stay in build/fuzz/llbc-found.

It starts from containers of both versions and from bitcode, made of a few of the test programs.
"""

import argparse
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = [*sorted((ROOT / "tests/osr").glob("*.c")), *sorted((ROOT / "tests/coverage").glob("*.c*"))]
MOST_BYTES = 16384


def fill(corpus: Path, kiln: Path) -> None:
    if any(corpus.iterdir()):
        return
    bitcode, packed = corpus.parent / "seed.bc", corpus.parent / "seed.llbc"
    for program in PROGRAMS:
        for level in ("-O0", "-O2"):
            compiler = "clang++-19" if program.suffix == ".cpp" else "clang-19"
            subprocess.run([compiler, level, "-w", "-c", "-emit-llvm", program, "-o", bitcode], check=True)
            subprocess.run([kiln, "pack", bitcode, "-o", packed], check=True)
            payload, name = bitcode.read_bytes(), program.stem + level
            old = struct.pack("<I32s64sIII", 0x4C4C4243, b"old", b"main", len(payload), 1, 2)
            (corpus / f"{name}.bc").write_bytes(b"\1" + payload)
            (corpus / f"{name}.2").write_bytes(b"\0" + packed.read_bytes())
            for size in (120, 124, 128):
                (corpus / f"{name}.{size}").write_bytes(b"\0" + old.ljust(size, b"\0") + payload)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fuzzer", type=Path, required=True)
    parser.add_argument("--kiln", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("-j", "--jobs", type=int, default=1)
    options = parser.parse_args()
    corpus, found = (ROOT / "build/fuzz" / name for name in ("llbc-corpus", "llbc-found"))
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    fill(corpus, options.kiln)
    with open(found.parent / "llbc-log.txt", "w", encoding="utf-8") as log:
        subprocess.run([options.fuzzer, corpus, f"-max_total_time={int(options.seconds)}", f"-max_len={MOST_BYTES}", "-timeout=20",
                        "-rss_limit_mb=2048", f"-artifact_prefix={found}/", f"-fork={options.jobs}", "-ignore_crashes=1",
                        "-ignore_timeouts=1", "-ignore_ooms=1"], stdout=log, stderr=subprocess.STDOUT, check=False)
    findings = sorted(set(found.iterdir()) - before)
    print(f"fuzz: containers: {len(findings)} findings; inputs in {found}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs the fuzzer for a time. What it finds becomes a case: tests/fuzz/cases/found-HASH.ll, made small.

The corpus stays in build/fuzz/corpus, so that a later campaign goes on where this one ended. The exit status is 1 when
something was found; `ctest -R fuzz_cases` then fails until it is mended.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CASES = ROOT / "tests/fuzz/cases"
# Longer inputs give larger programs, which say less about what is wrong and take longer.
MOST_BYTES = 4096
SEEDS = 300


def fill(corpus: Path, compare: Path) -> None:
    """Programs to start from: the fuzzer would take long to come from nothing to loops and calls."""
    if not any(corpus.iterdir()):
        subprocess.run([compare, "--seeds", f"1..{SEEDS}", "--bytes-to", corpus], check=True)


def fuzz(fuzzer: Path, corpus: Path, found: Path, seconds: float, jobs: int) -> None:
    """Goes on after a finding. Those of one cause are many; the first ones of each process are kept."""
    command = [fuzzer, corpus, f"-max_total_time={int(seconds)}", f"-max_len={MOST_BYTES}", "-timeout=60", "-rss_limit_mb=4096",
               f"-artifact_prefix={found}/", f"-fork={jobs}", "-ignore_crashes=1", "-ignore_timeouts=1", "-print_final_stats=1"]
    with open(found.parent / "log.txt", "w", encoding="utf-8") as log:
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
    lines = (found.parent / "log.txt").read_text("utf-8", "replace").splitlines()
    for line in lines[-1:] + [line for line in lines if line.startswith("kiln_fuzz:")][:10]:
        print(line)


def make_case(compare: Path, finding: Path) -> bool:
    """False when the finding does not show in a process of its own."""
    case = CASES / f"found-{finding.name.split('-')[-1][:12]}.ll"
    done = subprocess.run([compare, finding, "--reduce", case, "--reduce-seconds", "120"], check=False)
    return done.returncode != 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fuzzer", type=Path, required=True)
    parser.add_argument("--compare", type=Path, required=True, help="kiln_compare, of a build that is not for the fuzzer")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("-j", "--jobs", type=int, default=1)
    options = parser.parse_args()
    corpus, found = (ROOT / "build/fuzz" / name for name in ("corpus", "found"))
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    fill(corpus, options.compare)
    fuzz(options.fuzzer, corpus, found, options.seconds, options.jobs)
    findings = sorted(set(found.iterdir()) - before)
    cases = [finding for finding in findings if make_case(options.compare, finding)]
    print(f"fuzz: {len(findings)} findings, {len(cases)} of them shown again; inputs in {found}, cases in {CASES}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

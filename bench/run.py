#!/usr/bin/env python3
"""Benchmarks Kiln against native code and lli; see bench/README.md.

Exit status: 0 when all outputs agree, 1 when a row failed, 2 when the
benchmark cannot be run.
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # keep the source tree clean
sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import build, groups  # noqa: E402  (needs the path above)


def names(text):
    """Splits a comma-separated option; an empty one gives no names."""
    return [name for name in text.split(",") if name]


def parse(arguments):
    """Reads the command line; exits with status 2 on a mistake."""
    parser = argparse.ArgumentParser(description="Benchmarks Kiln against native code and lli.")
    parser.add_argument("--group", action="append", choices=groups.GROUPS,
                        help="measure this group only (may be repeated; default: all but ladders)")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="measure rows of this name or pattern only (may be repeated)")
    parser.add_argument("--reps", type=int, metavar="N",
                        help="rounds of A B A B ... per row (default 5; start: four times that)")
    parser.add_argument("--quick", action="store_true",
                        help="short sizes and two rounds: checks outputs, says little of speed")
    parser.add_argument("--bitcode", type=names, metavar="V,...",
                        help="bitcode variants raw, O0, O1, O2 (default: raw; real: O2)")
    parser.add_argument("--tiers", type=names, metavar="T,...",
                        help="fixed tiers to run besides the ladder "
                             "(default: steady O2, real none, counting O0,O2)")
    parser.add_argument("--kiln", default="build/release/bin/kiln", metavar="PATH",
                        help="Kiln's executable (default %(default)s), or 'none'")
    parser.add_argument("--kiln-args", type=str.split, default=[], metavar="ARGS",
                        help="more options for every kiln run")
    parser.add_argument("--ladders", type=lambda text: text.split(";"), metavar="L;...",
                        help="ladders that the group of that name compares with the default one")
    parser.add_argument("--no-lli", action="store_true", help="leave lli out")
    parser.add_argument("--json", metavar="OUT", help="store all numbers in this file")
    parser.add_argument("--markdown", metavar="OUT", help="store the tables in this file")
    options = parser.parse_args(arguments)
    if options.reps is None:
        options.reps = 2 if options.quick else 5
    if options.reps < 1:
        parser.error("--reps must be at least 1")
    unknown = [v for v in options.bitcode or [] if v not in build.BITCODE]
    if unknown:
        parser.error(f"unknown bitcode variant: {unknown[0]}")
    if options.kiln == "none":
        options.kiln = None
    else:
        options.kiln = Path(build.ROOT, options.kiln)
        if not options.kiln.is_file():
            parser.error(f"{options.kiln} does not exist; build it, or give --kiln none")
    return options


def show_progress(text):
    """Shows what is running in one line that the next call overwrites."""
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def main(arguments):
    options = parse(arguments)
    progress = show_progress if sys.stderr.isatty() else lambda text: None
    session = groups.Session(options, sys.stdout, progress)
    try:
        for name in options.group or groups.USUAL:
            groups.GROUPS[name](session)
    except build.BenchError as error:
        progress("")
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if not session.results:
        print("bench: no row has that name", file=sys.stderr)
        return 2
    if options.json:
        Path(options.json).write_text(json.dumps(session.results, indent=1) + "\n", "utf-8")
    if options.markdown:
        text = "\n".join(table.markdown() for table in session.tables)
        Path(options.markdown).write_text(text, "utf-8")
    if session.failed:
        print("\nbench: at least one row FAILED", file=sys.stderr)
    return 1 if session.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

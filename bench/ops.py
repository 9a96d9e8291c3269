#!/usr/bin/env python3
"""Counts the interpreter's operations, program by program: how many run, what
each costs in machine instructions, and which follow each other.

    bench/ops.py                        # all programs, and their sum
    bench/ops.py --only 'q*' --top 20   # some programs, fewer rows each
    bench/ops.py --native --profile     # against native -O2 code; with the profile
    bench/ops.py --sum --markdown out.md

An operation's handler is one function of Kiln's executable, reached by jumps
only.  Callgrind counts how often each machine instruction runs; the count of
a handler's first one is how often the operation ran.  All numbers are exact
and the same in every run.
"""

import argparse
import bisect
import collections
import fnmatch
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True  # keep the source tree clean
sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import build  # noqa: E402  (needs the path above)

HEADER = build.ROOT / "src" / "interp" / "Ops.h"
NM = "nm"
HANDLER_ARGUMENTS = "(kiln::interp::Op*, unsigned long*)"
WIDTHS = ["i8", "i16", "i32", "i64"]

# Families by the handler's name, the first that matches.  The names are those of the functions in src/interp/ops, with
# enumerators written out.
FAMILIES = [
    ("call", r"^(direct|indirect|throughSlot|protectedCall|endProtected|resume|startVariadic|call)"),
    ("native call", r"^(toIntegers|toDoubles|toAddress|native)"),
    ("profile", r"^(record|skipArguments)"),
    ("load+operation", r"^(loading|floatLoading|branchLoading)"),
    ("two operations", r"^chain"),
    ("loop budget", r"^backEdge"),
    ("return", r"^leave|^return"),
    ("switch", r"^chooseDense|^chooseSparse|^switch"),
    ("compare+branch", r"^(branch|step)"),
    ("jump", r"^(go|moveAndGo|moveTwiceAndGo)\b"),
    ("wide integer", r"^wide|^(binary|binaryOver)<IntOp::\w+>|^compare<Predicate::\w+>"),
    ("atomic", r"^(readModifyWrite|compareExchange|fullFence|load128)|^store<(unsigned|long|__int128)"),
    ("convert", r"^(convert|fromInteger|toInteger)"),
    ("float compare", r"^compare<\d+u, "),
    ("float", r"Float(Op|Unary|Type|Misc)::"),
    ("load", r"^(load|ownThreadLocal|foreignThreadLocal)"),
    ("store", r"^store"),
    ("address", r"^address"),
    ("move", r"^(move|set)"),
    ("block", r"^block"),
    ("compare", r"^compare"),
    ("select", r"^choose"),
    ("extend", r"^(sext|zext)"),
    ("integer", r"^(binary|unary|funnel)"),
]
# Handlers with a width as template argument: its place among the arguments that are not types.
WIDTH = re.compile(r"^(binary|unary|compare|branch|step|store|storeConstant|funnel|sext|zext|branchOnBits|chooseDense"
                   r"|chooseSparse|readModifyWrite|loading|chain|chainConstant|branchLoading|stepFrom)"
                   r"<((?:[^,<>]+, )*)([0-3])u\b")


class Names:
    """Enumerators of the interpreter's enumerations, by their numbers."""

    def __init__(self):
        self.values = {}
        text = re.sub(r"//.*", "", HEADER.read_text("utf-8"))
        for name, body in re.findall(r"enum class (\w+)[^{;]*\{([^}]*)\}", text):
            self.values[name] = [v.strip() for v in body.split(",") if v.strip()]

    def pretty(self, symbol):
        """A short name of a handler's demangled symbol."""
        text = symbol.removesuffix(HANDLER_ARGUMENTS).removeprefix("unsigned long ")
        text = text.replace("(anonymous namespace)::", "")

        def enumerator(found):
            values = self.values.get(found[1], [])
            number = int(found[2])
            return f"{found[1]}::{values[number]}" if number < len(values) else found[0]

        text = re.sub(r"\(kiln::interp::(\w+)\)(\d+)", enumerator, text)
        return text.replace("kiln::interp::", "")


def family(name):
    """The family of an operation, by its handler's name."""
    return next((title for title, pattern in FAMILIES if re.search(pattern, name)), "other")


def brief(name):
    """The name as people read it."""
    if "FloatType" not in name:
        name = WIDTH.sub(lambda found: f"{found[1]}<{found[2]}{WIDTHS[int(found[3])]}", name)
    return re.sub(r"\b\w+::", "", name).replace("> >", ">>")


class Handlers:
    """The handlers of an executable by address, from its symbol table."""

    def __init__(self, executable):
        names = Names()
        out = subprocess.run([NM, "-C", "-S", "--defined-only", str(executable)], check=True,
                             capture_output=True, text=True).stdout
        self.by_address = {}
        for line in out.splitlines():
            fields = line.split(" ", 3)
            if len(fields) < 4 or fields[2].lower() != "t" or not fields[3].endswith(HANDLER_ARGUMENTS):
                continue
            self.by_address[int(fields[0], 16)] = (int(fields[1], 16), names.pretty(fields[3]))
        self.starts = sorted(self.by_address)

    def find(self, address):
        """The first address of the handler that holds `address`, or None."""
        index = bisect.bisect_right(self.starts, address) - 1
        if index < 0:
            return None
        start = self.starts[index]
        return start if address < start + self.by_address[start][0] else None

    def name(self, start):
        return self.by_address[start][1]


class Counts:
    """What one run, or several, executed."""

    def __init__(self):
        self.runs = collections.Counter()   # handler's address: how often it ran
        self.cost = collections.Counter()   # handler's address: instructions in it
        self.pairs = collections.Counter()  # (handler, handler): how often in a row
        self.helpers = collections.Counter()  # function: calls from handlers
        self.total = 0                      # instructions of the process
        self.native = 0                     # of the native program
        self.profiled = 0                   # instructions in handlers when the profile is kept

    @property
    def ops(self):
        return sum(self.runs.values())

    def add(self, other):
        for mine, theirs in ((self.runs, other.runs), (self.cost, other.cost), (self.pairs, other.pairs),
                             (self.helpers, other.helpers)):
            mine.update(theirs)
        self.total += other.total
        self.native += other.native
        self.profiled += other.profiled


def read_profile(path, executable, handlers):
    """Reads a callgrind file written with --dump-instr=yes and no compression."""
    counts, arrivals = Counts(), collections.Counter()
    here = inside = False
    callee = None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line[0] == "0":
                fields = line.split()
                if callee is not None:  # a call: its cost is inclusive and counted in the callee
                    name, count, target, inside = callee
                    callee = None
                    if inside:
                        arrivals[target] += count
                    start = handlers.find(int(fields[0], 16)) if here else None
                    if start is None:
                        continue
                    if inside and target in handlers.by_address:
                        counts.pairs[start, target] += count
                    else:
                        counts.helpers[name] += count
                    continue
                if not here:
                    continue
                address, cost = int(fields[0], 16), int(fields[2])
                start = handlers.find(address)
                if start is not None:
                    counts.cost[start] += cost
                    if address == start:
                        counts.runs[start] += cost
            elif line.startswith("ob="):
                here = line[3:].strip() == executable
            elif line.startswith("cob="):
                inside = line[4:].strip() == executable
                named = True
            elif line.startswith("cfn="):
                name = line[4:].strip()
            elif line.startswith("calls="):
                _, count, target = line.replace("=", " ").split()[:3]
                callee = (name, int(count), int(target, 16), inside if named else here)
                named = False
            elif line.startswith("fn="):
                named = False
            elif line.startswith("summary:") or line.startswith("totals:"):
                counts.total = int(line.split()[1])
    for start, runs in counts.runs.items():  # callgrind does not report how often a function jumped to itself
        if runs > arrivals[start]:
            counts.pairs[start, start] = runs - arrivals[start]
    return counts


def callgrind(command, out):
    """Runs a command under callgrind; raises BenchError when it fails."""
    done = subprocess.run([build.find_tool(build.VALGRIND), "--tool=callgrind", f"--callgrind-out-file={out}",
                           "--dump-instr=yes", "--compress-pos=no", "--compress-strings=no", *map(str, command)],
                          cwd=build.ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise build.BenchError(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def measure(command, native, handlers, options):
    """The counts of one program, and its output checked against native code's."""
    kiln = [options.kiln, "run", "--tier", "interpreter", *options.kiln_args]
    off = ["--profile", "off"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        printed = callgrind([*kiln, *off, *command], out)
        counts = read_profile(out, str(options.kiln), handlers)
        if options.profile:
            callgrind([*kiln, "--profile", "on", *command], out)
            counts.profiled = sum(read_profile(out, str(options.kiln), handlers).cost.values())
        if options.native:
            expected = callgrind(native, out)
            counts.native = read_profile(out, "", handlers).total
        else:
            expected = subprocess.run(list(map(str, native)), cwd=build.ROOT, capture_output=True, text=True).stdout
    if printed != expected:
        raise build.BenchError(f"{command[0]}: printed something else than native code")
    return counts


def share(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "–"


def report(title, counts, handlers, options, out):
    """The tables of one program or of all."""
    ops, cost = counts.ops, sum(counts.cost.values())
    if not ops:
        print(f"\n## {title}: no operation ran", file=out)
        return
    print(f"\n## {title}\n", file=out)
    line = f"{ops:,} operations, {cost / ops:.2f} instructions each; {share(cost, counts.total)} % of all instructions"
    if counts.native:
        line += f"; {cost / counts.native:.2f} times those of native code"
        line += f", {ops / counts.native:.2f} operations for each of them"
    print(line, file=out)
    groups = collections.defaultdict(lambda: [0, 0])
    for start, runs in counts.runs.items():
        group = groups[family(handlers.name(start))]
        group[0] += runs
        group[1] += counts.cost[start]
    print("\n| family | operations % | instructions % | instructions each |\n|---|---:|---:|---:|", file=out)
    for name, (runs, own) in sorted(groups.items(), key=lambda item: -item[1][1]):
        print(f"| {name} | {share(runs, ops)} | {share(own, cost)} | {own / max(runs, 1):.1f} |", file=out)
    if options.top:
        print("\n| operation | runs | % | instructions % | each |\n|---|---:|---:|---:|---:|", file=out)
        for start, own in counts.cost.most_common(options.top):
            if own * 2000 < cost:
                break
            runs = counts.runs[start]
            each = f"{own / runs:.1f}" if runs else "–"
            print(f"| `{brief(handlers.name(start))}` | {runs:,} | {share(runs, ops)} | {share(own, cost)} | {each} |",
                  file=out)
    if options.pairs:
        print("\n| first | then | % of operations |\n|---|---|---:|", file=out)
        for (one, two), runs in counts.pairs.most_common(options.pairs):
            if runs * 200 < ops:
                break
            print(f"| `{brief(handlers.name(one))}` | `{brief(handlers.name(two))}` | {share(runs, ops)} |", file=out)
    if options.helpers:
        for name, calls in counts.helpers.most_common(options.helpers):
            if calls * 1000 > ops:
                print(f"- calls {calls:,} times `{name[:100]}`", file=out)


def parse(arguments):
    parser = argparse.ArgumentParser(description="Counts the interpreter's operations.")
    parser.add_argument("--only", action="append", metavar="NAME", help="this program or pattern only (repeatable)")
    parser.add_argument("--run", nargs="+", metavar="ARG", help="instead: BITCODE NATIVE ARGUMENT...")
    parser.add_argument("--bitcode", default="O1s", choices=build.BITCODE,
                        help="bitcode variant (default %(default)s: -O1 without vectorisation)")
    parser.add_argument("--kiln", default="build/release/bin/kiln", metavar="PATH")
    parser.add_argument("--kiln-args", type=str.split, default=[], metavar="ARGS", help="more options of kiln run")
    parser.add_argument("--top", type=int, default=40, metavar="N", help="operations to list (default 40)")
    parser.add_argument("--pairs", type=int, default=20, metavar="N", help="pairs to list (default 20)")
    parser.add_argument("--helpers", type=int, default=8, metavar="N", help="called functions to list (default 8)")
    parser.add_argument("--native", action="store_true", help="count native -O2 code too")
    parser.add_argument("--profile", action="store_true", help="count once more with the profile kept")
    parser.add_argument("--sum", action="store_true", help="only the sum of the programs and one line for each")
    parser.add_argument("--markdown", metavar="OUT", help="store the tables in this file")
    options = parser.parse_args(arguments)
    options.kiln = Path(build.ROOT, options.kiln).resolve()
    if not options.kiln.is_file():
        parser.error(f"{options.kiln} does not exist; build it")
    return options


def workloads(options):
    """What to count: (name, bitcode and arguments, native command)."""
    if options.run:
        bitcode, native, *arguments = options.run
        return [(Path(bitcode).stem, [bitcode, "--", *arguments], [Path(native).resolve(), *arguments])]
    found = []
    for program in build.load("programs.json"):
        name = program["name"]
        if options.only and not any(fnmatch.fnmatch(name, pattern) for pattern in options.only):
            continue
        arguments = program["count"]
        found.append((name, [build.bitcode(name, options.bitcode), "--", *arguments],
                      [build.native(name), *arguments]))
    return found


def main(arguments):
    options = parse(arguments)
    handlers = Handlers(options.kiln)
    total = Counts()
    out = open(options.markdown, "w", encoding="utf-8") if options.markdown else sys.stdout
    lines, failed = [], False
    try:
        for name, command, native in workloads(options):
            try:
                counts = measure(command, native, handlers, options)
            except build.BenchError as error:
                print(f"\n## {name} FAILED\n\n{error}", file=out, flush=True)
                failed = True
                continue
            cost = sum(counts.cost.values())
            line = f"| {name} | {counts.ops:,} | {cost / max(counts.ops, 1):.2f} |"
            if options.native:
                line += f" {counts.ops / counts.native:.2f} | {cost / counts.native:.2f} |"
            if options.profile:
                line += f" {(counts.profiled / cost - 1) * 100:+.1f} |"
            lines.append(line)
            if not options.sum:
                report(name, counts, handlers, options, out)
            out.flush()
            # Each program weighs the same in the sum, however long it runs.
            weight = 1e9 / max(counts.ops, 1)
            for counter in (counts.runs, counts.cost, counts.pairs, counts.helpers):
                for key in counter:
                    counter[key] *= weight
            counts.total *= weight
            counts.native *= weight
            total.add(counts)
        if len(lines) > 1:
            for counter in (total.runs, total.cost, total.pairs, total.helpers):
                for key in counter:
                    counter[key] = round(counter[key])
            report("all programs, each weighing 10^9 operations", total, handlers, options, out)
        head = "| program | operations | instructions each |"
        if options.native:
            head += " operations / native instruction | instructions / native |"
        if options.profile:
            head += " profile % |"
        print(f"\n{head}\n|{'---|' * (head.count('|') - 1)}", *lines, sep="\n", file=out)
    finally:
        if out is not sys.stdout:
            out.close()
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except build.BenchError as error:
        sys.exit(f"ops: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

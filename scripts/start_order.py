#!/usr/bin/env python3
"""Writes tools/kiln/start.order: the functions that a start of `kiln` runs, for the linker to put side by side.

A page of the executable costs a page fault when it is first touched, and functions that run at start lie all over its
26 MB otherwise. A name in the list that the executable does not have is ignored, and one that is missing costs a fault at
most, so the list may grow old; make it anew after larger changes:

    scripts/start_order.py build/release/bin/kiln -- hello.bc -- --tier baseline --profile off lua.bc -e 'print(1)' \\
        -- --tier interpreter --profile off lua.bc -e 'print(1)' \\
        -- --tier interpreter --profile off sqlite.bc -batch -init /dev/null :memory: 'select 1+1;'

Each RUN, behind `--`, is what `kiln run` is given. Runs without a compile by LLVM are meant: it touches so much code
that its order matters little. Needs valgrind."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIST = HERE.parent / "tools" / "kiln" / "start.order"


def executed(kiln: str, arguments: list[str]) -> list[str]:
    """Mangled names of the executable's own functions that a run calls, in callgrind's order."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "calls"
        subprocess.run(["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={out}", kiln, *arguments],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)
        objects, functions, order = {}, {}, {}
        current = ""
        for line in out.read_text().splitlines():
            match = re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?$", line)
            if not match:
                continue
            called, kind, number, name = match.groups()
            known = objects if kind == "ob" else functions
            if name:
                known[number] = name
            if called:
                continue
            if kind == "ob":
                current = known[number]
            elif Path(current).name == Path(kiln).name:
                order.setdefault(known[number].split("'")[0])
        return list(order)


def main() -> int:
    if len(sys.argv) < 4 or sys.argv[2] != "--":
        print(__doc__, file=sys.stderr)
        return 2
    kiln, runs, names = sys.argv[1], [], {}
    for word in sys.argv[2:]:
        if word == "--":
            runs.append([])
        else:
            runs[-1].append(word)
    for run in runs:
        for name in executed(kiln, ["run", *run]):
            names.setdefault(name)
    # libc's and the linker's own names mean nothing to the linker, and neither do addresses without a name.
    kept = [name for name in names if re.fullmatch(r"[A-Za-z_][\w.$]*", name)]
    LIST.write_text("".join(f"{name}\n" for name in kept))
    print(f"{len(kept)} functions in {LIST}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Reads the directives in the leading `//` lines of a test program.

    ARGS: a b        arguments, split as a shell would
    STDIN: text      standard input; \\n and the like are understood
    CFLAGS: -mavx2   for every compilation of the program
    FILES: more.c    further sources, each handed to Kiln as a bitcode file of its own
    LINK: -lfoo      for the native link only
    NEEDS: avx2      CPU features without which the program is skipped
    LEVELS: O0 O1    instead of the suite's levels
    STDERR: text     what standard error has to hold
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

NAMES = {"ARGS", "STDIN", "CFLAGS", "FILES", "LINK", "NEEDS", "LEVELS", "STDERR"}
LINE = re.compile(r"// ([A-Z]+): ?(.*)")


@dataclass(frozen=True)
class Directives:
    args: tuple[str, ...]
    stdin: bytes
    cflags: tuple[str, ...]
    files: tuple[str, ...]
    link: tuple[str, ...]
    needs: tuple[str, ...]
    levels: tuple[str, ...]
    stderr: str


def read(path: Path) -> Directives:
    """Collects the directives; repeating one appends to it. An unknown one is an error, for it is a misspelt one."""
    values = {}
    for line in path.read_text().splitlines():
        if not line.startswith("//"):
            break
        if match := LINE.fullmatch(line):
            name, value = match.groups()
            if name not in NAMES:
                raise SystemExit(f"{path.name}: unknown directive {name}")
            values[name] = f"{values[name]} {value}" if name in values else value

    def words(name: str) -> tuple[str, ...]:
        return tuple(shlex.split(values.get(name, "")))

    return Directives(
        args=words("ARGS"), stdin=values.get("STDIN", "").encode().decode("unicode_escape").encode("latin-1"),
        cflags=words("CFLAGS"), files=words("FILES"), link=words("LINK"), needs=words("NEEDS"),
        levels=words("LEVELS"), stderr=values.get("STDERR", ""))

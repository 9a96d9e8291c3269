"""Reads exceptions.txt: the tests that are known to fail, each with its reason.

A line is `name [mode|*] reason`. The name may end in `@LEVEL` to mean one level only; without a mode, or with `*`,
all modes are meant. An exception has to be needed in every run that it covers: one that passes is reported.
"""

from dataclasses import dataclass
from pathlib import Path

from modes import MODES


@dataclass(frozen=True)
class Exception_:
    name: str
    level: str
    mode: str
    reason: str

    def covers(self, name: str, level: str, mode: str) -> bool:
        return self.name == name and self.level in ("*", level) and self.mode in ("*", mode)


class Exceptions:
    """The parsed file."""

    def __init__(self, path: Path):
        self.entries = []
        if not path.exists():
            return
        for number, line in enumerate(path.read_text().splitlines(), 1):
            words = line.split("#", 1)[0].split()
            if words:
                self.entries.append(self.parse(words, f"{path.name}:{number}"))

    @staticmethod
    def parse(words: list[str], place: str) -> Exception_:
        name, _, level = words[0].partition("@")
        rest = words[1:]
        mode = "*"
        if rest and (rest[0] == "*" or rest[0] in MODES):
            mode, rest = rest[0], rest[1:]
        if not rest:
            raise SystemExit(f"{place}: an exception needs a reason")
        return Exception_(name, level or "*", mode, " ".join(rest))

    def find(self, name: str, level: str, mode: str) -> Exception_ | None:
        return next((entry for entry in self.entries if entry.covers(name, level, mode)), None)

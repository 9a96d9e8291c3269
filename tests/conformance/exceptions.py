"""Reads exceptions.txt: the tests that are known to fail, each with its reason.

A line is `name [mode|*] reason`. The name may end in `@LEVEL` to mean one level only; without a mode, or with `*`,
all modes are meant. An exception has to be needed in every run that it covers: one that passes is reported. Only where
the mode ends in `?` may the test pass as well, since it depends on when a function is replaced.
"""

from dataclasses import dataclass
from pathlib import Path

from modes import MODES


@dataclass(frozen=True)
class Exception_:
    name: str
    level: str
    mode: str
    may_pass: bool
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
        mode, may_pass = "*", False
        if rest and (rest[0].removesuffix("?") == "*" or rest[0].removesuffix("?") in MODES):
            mode, may_pass, rest = rest[0].removesuffix("?"), rest[0].endswith("?"), rest[1:]
        if not rest:
            raise SystemExit(f"{place}: an exception needs a reason")
        return Exception_(name, level or "*", mode, may_pass, " ".join(rest))

    def find(self, name: str, level: str, mode: str) -> Exception_ | None:
        return next((entry for entry in self.entries if entry.covers(name, level, mode)), None)

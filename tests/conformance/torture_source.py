"""Takes GCC's C torture suite out of Debian's package `gcc-12-source` and says what its tests consist of.

The suite is not part of this repository: it is GCC's and under GCC's licence.
"""

import hashlib
import re
import shlex
import tarfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE_FOLDER = Path("/usr/src/gcc-12")
SUITE = "gcc/testsuite/gcc.c-torture/execute/"

# -w: the suite is full of 1980s C. The -Wno-... turn into nothing what clang makes an error by default, and GCC 12
# does not. Aliasing and overflow stay as the standard has them (GCC runs the suite the same way): a test that clang
# breaks by that fails natively too and is left out.
BASE_FLAGS = ("-w", "-Wno-implicit-int", "-Wno-implicit-function-declaration", "-Wno-int-conversion",
              "-Wno-return-mismatch", "-Wno-return-type", "-Wno-incompatible-function-pointer-types")

# Of the options that tests ask for, those that change the meaning of the program. The rest steers GCC's passes.
MEANINGFUL = re.compile(r"-fwrapv|-fno-strict-overflow|-fno-strict-aliasing|-fgnu89-inline|-std=\S+|-ffast-math"
                        r"|-fno-builtin\S*|-finstrument-functions|-fno-inline|-fno-common|-funsigned-char|-fcommon")
OPTIONS_LINE = re.compile(r"\{\s*dg-(?:additional-)?options\s+(.*)\}\s*(?:\*/)?\s*$", re.MULTILINE)
SELECTOR = re.compile(r"\{\s*target\b(.*)$")


@dataclass(frozen=True)
class TortureTest:
    name: str
    sources: tuple[Path, ...]
    flags: tuple[str, ...]
    includes_digest: str


def extract(target: Path) -> Path:
    """Unpacks the suite below target unless it is there; returns the folder of the tests."""
    archives = sorted(PACKAGE_FOLDER.glob("gcc-12*.tar.xz"))
    if not archives:
        raise SystemExit(f"no GCC source archive in {PACKAGE_FOLDER}: install the package gcc-12-source")
    archive = archives[-1]
    stamp = target / "source"
    identity = f"{archive.name} {archive.stat().st_size}"
    if not stamp.exists() or stamp.read_text() != identity:
        target.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "r|xz") as tar:
            for member in tar:
                _, _, inside = member.name.partition("/")
                if inside.startswith(SUITE) and member.isfile():
                    path = target / inside.removeprefix(SUITE)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(tar.extractfile(member).read())
        stamp.write_text(identity)
    return target


def wanted_flags(source: Path) -> tuple[str, ...]:
    """The options out of the test's dg-options lines that mean something to clang on x86-64 Linux."""
    flags = []
    for line in OPTIONS_LINE.findall(source.read_text("latin-1")):
        selector = SELECTOR.search(line)
        if selector and not re.search(r"x86_64|\*-\*-linux", selector.group(1)):
            continue
        words = shlex.split(SELECTOR.sub("", line).replace("{", " ").replace("}", " "))
        flags += [word for text in words for word in text.split() if MEANINGFUL.fullmatch(word)]
    return tuple(flags)


def list_tests(folder: Path) -> list[TortureTest]:
    """All tests, in the order of a hash of their names, so that any first N are a fair and stable sample."""
    tests = [single(folder, path, "") for path in folder.glob("*.c")]
    tests += [single(folder, path, "ieee/") for path in folder.glob("ieee/*.c")]
    tests += builtins_tests(folder / "builtins")
    return sorted(tests, key=lambda test: hashlib.sha256(test.name.encode()).digest())


def single(folder: Path, path: Path, prefix: str) -> TortureTest:
    return TortureTest(prefix + path.stem, (path,), BASE_FLAGS + wanted_flags(path), digest_of(folder.glob("*.h")))


def builtins_tests(folder: Path) -> list[TortureTest]:
    """Each of these is three files: the test, its own versions of library functions, and a common main."""
    digest = digest_of(folder.rglob("*.[ch]"))
    tests = []
    for library in folder.glob("*-lib.c"):
        test = library.with_name(library.name.removesuffix("-lib.c") + ".c")
        if test.exists():
            flags = BASE_FLAGS + wanted_flags(test)
            tests.append(TortureTest("builtins/" + test.stem, (test, library, folder / "lib/main.c"), flags, digest))
    return tests


def digest_of(paths) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()

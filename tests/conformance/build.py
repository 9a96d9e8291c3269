"""Turns a test's sources into bitcode, a native executable and the expected outcome; does nothing when it is done.

The native executable is generated from the very bitcode that Kiln is given, with code generation only at the test's
level, so a difference in what the program does can only come from Kiln or from behaviour that C leaves undefined.
"""

import base64
import functools
import hashlib
import json
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from process import TIMEOUT_SECONDS, Outcome, run

CLANG = "clang-19"
CLANGXX = "clang++-19"

# Part of every key; to be raised when the way of building or judging natively changes.
RECIPE = 2

# -disable-O0-optnone: without it every function of an -O0 build is marked `optnone`, and the higher tiers, which
# have to leave such functions alone, would be tested on nothing.
LEVELS = {
    "O0": ("-O0", "-Xclang", "-disable-O0-optnone"),
    "O1": ("-O1",),
    "O2": ("-O2",),
}


@dataclass(frozen=True)
class Unit:
    """One program at one level."""

    name: str
    level: str
    sources: tuple[Path, ...]
    flags: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    stdin: bytes = b""
    # Content that the sources include; part of the key.
    includes_digest: str = ""
    # Reported as a broken test instead of being dropped when it does not build natively.
    must_build: bool = False
    # A string that the program's standard error must hold.
    stderr_text: str = ""
    # How long the native run may take for the unit to take part.
    native_timeout: float = TIMEOUT_SECONDS


@dataclass
class Prepared:
    """What a unit was built to; `expected` is None when the unit does not build or does not end by itself."""

    unit: Unit
    bitcode: list[Path]
    expected: Outcome | None
    problem: str = ""
    record: dict = field(default_factory=dict)
    record_path: Path | None = None
    # The unit's runs in several modes may want the same answer at the same time.
    lock: threading.Lock = field(default_factory=threading.Lock)

    def save(self) -> None:
        self.record_path.write_text(json.dumps(self.record))


@functools.cache
def compiler_version() -> str:
    return subprocess.run([CLANG, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def key_of(unit: Unit) -> str:
    """A digest of all that decides about the built files and the native verdict."""
    digest = hashlib.sha256()
    parts = [RECIPE, compiler_version(), unit.level, LEVELS[unit.level], unit.flags, unit.link, unit.args, unit.stdin,
             unit.stderr_text, unit.includes_digest]
    digest.update(repr(parts).encode())
    for source in unit.sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()


def is_cxx(source: Path) -> bool:
    return source.suffix in (".cpp", ".cc")


def compile_bitcode(unit: Unit, source: Path, target: Path) -> Outcome:
    driver = CLANGXX if is_cxx(source) else CLANG
    command = [driver, *LEVELS[unit.level], *unit.flags, "-c", "-emit-llvm", str(source), "-o", str(target)]
    return run(command, timeout=120)


def link_native(unit: Unit, bitcode: list[Path], target: Path, options: tuple[str, ...]) -> Outcome:
    """Generates machine code from the bitcode and links it."""
    driver = CLANGXX if any(is_cxx(source) for source in unit.sources) else CLANG
    # Flags such as -mavx2 or -pthread matter to code generation and linking too; bitcode does not mind the others.
    command = [driver, "-w", "-Qunused-arguments", *options, *unit.flags, *map(str, bitcode),
               "-o", str(target), *unit.link, "-lm"]
    return run(command, timeout=120)


def prepare(unit: Unit, folder: Path, keep_native: bool) -> Prepared:
    """Builds and runs the unit natively, or takes all that from the record of an earlier run with the same key."""
    stem = folder / unit.level / unit.name
    stem.parent.mkdir(parents=True, exist_ok=True)
    record_path = stem.with_name(stem.name + ".json")
    bitcode = [stem.with_name(f"{stem.name}.{index}.bc") for index in range(len(unit.sources))]
    key = key_of(unit)
    record = load_record(record_path, key)
    if record is None or not all(path.exists() for path in bitcode if not record["problem"]):
        record = build_record(unit, bitcode, stem.with_name(stem.name + ".native"), keep_native) | {"key": key}
        record_path.write_text(json.dumps(record))
    expected = None
    if not record["problem"]:
        expected = Outcome(record["status"], base64.b64decode(record["stdout"]), b"")
    return Prepared(unit, bitcode, expected, record["problem"], record, record_path)


def load_record(path: Path, key: str) -> dict | None:
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return record if record.get("key") == key else None


def build_record(unit: Unit, bitcode: list[Path], native: Path, keep_native: bool) -> dict:
    for source, target in zip(unit.sources, bitcode):
        outcome = compile_bitcode(unit, source, target)
        if outcome.status != 0:
            return {"problem": f"does not compile: {error_line(outcome)}"}
    linked = link_native(unit, bitcode, native, (*LEVELS[unit.level], "-Xclang", "-disable-llvm-passes"))
    if linked.status != 0:
        return {"problem": f"does not link: {error_line(linked)}"}
    # A program that does not repeat itself, or that reads heap memory it never wrote (which the second run fills with
    # a pattern), cannot be compared with anything.
    first = run([str(native), *unit.args], unit.stdin, unit.native_timeout)
    second = run([str(native), *unit.args], unit.stdin, unit.native_timeout, {"MALLOC_PERTURB_": "165"})
    if not keep_native:
        native.unlink()
    if first.status is None:
        return {"problem": "native timeout"}
    if (first.status, first.stdout) != (second.status, second.stdout):
        return {"problem": "two native runs differ"}
    if unit.stderr_text.encode() not in first.stderr:
        return {"problem": f"native standard error lacks {unit.stderr_text!r}"}
    return {"problem": "", "status": first.status, "stdout": base64.b64encode(first.stdout).decode()}


def error_line(outcome: Outcome) -> str:
    """The first line of a compiler's or a linker's output that names the error."""
    lines = outcome.stderr.decode("utf-8", "replace").splitlines()
    return next((line for line in lines if "error" in line or "undefined" in line), outcome.first_error_line())


def survives_native_optimisation(prepared: Prepared) -> bool:
    """Whether the same bitcode, optimised natively by -O2, still does what is expected.

    Asked only when Kiln fails in a mode that optimises: a program that relies on undefined behaviour may work at -O0
    and break under any optimiser, which then says nothing about Kiln.
    """
    with prepared.lock:
        if "survives" not in prepared.record:
            prepared.record["survives"] = optimised_outcome_agrees(prepared)
            prepared.save()
        return prepared.record["survives"]


def optimised_outcome_agrees(prepared: Prepared) -> bool:
    native = prepared.record_path.with_suffix(".native-O2")
    if link_native(prepared.unit, prepared.bitcode, native, ("-O2",)).status != 0:
        return False
    outcome = run([str(native), *prepared.unit.args], prepared.unit.stdin)
    native.unlink()
    return (outcome.status, outcome.stdout) == (prepared.expected.status, prepared.expected.stdout)

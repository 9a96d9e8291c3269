#!/usr/bin/env python3
"""Containers under the whole command: they run as their bitcode does, and what is wrong with a file is said."""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import checks as shared  # noqa: E402

PROGRAM = """
#include <stdio.h>
int twice(int n);
int main(int argc, char **argv) { printf("main %d %s\\n", argc, argc > 1 ? argv[1] : ""); return 3; }
int other(int argc, char **argv) { printf("other %d\\n", twice(argc)); return 4; }
"""
LIBRARY = "int twice(int n) { return 2 * n; }\n"
FOREIGN = 'target triple = "aarch64-unknown-linux-gnu"\ndefine i32 @main() {\n  ret i32 0\n}\n'
# No front end makes it: a value is used before it is there.
INVALID = "define i32 @main() {\n  %a = add i32 %b, 1\n  %b = add i32 1, 1\n  ret i32 %a\n}\n"


def version1(bitcode: bytes, size: int, entry: bytes, level: int = 3) -> bytes:
    header = struct.pack("<I32s64sIII", 0x4C4C4243, b"old", entry, len(bitcode), 1, level)
    return header.ljust(size, b"\0") + bitcode


class Checks(shared.Checks):
    def runs(self, what: str, arguments: list, status: int, output: str) -> None:
        done = self.call("run", *arguments)
        self.expect(what, (done.returncode, done.stdout) == (status, output), f"{done.returncode} {done.stdout!r} {done.stderr!r}")

    def fails(self, what: str, arguments: list, *words: str) -> None:
        done = self.call(*arguments)
        self.expect(what, done.returncode == 2 and all(word in done.stderr for word in words), f"{done.returncode} {done.stderr!r}")

    def inspect(self, path: Path, status: int) -> dict:
        done = self.call("inspect", "--json", path)
        self.expect(f"inspect {path.name}: status", done.returncode == status, f"{done.returncode} {done.stdout} {done.stderr}")
        return json.loads(done.stdout)[0]

    def defects(self, path: Path, *expected: tuple) -> None:
        found = [(each["code"], each.get("offset")) for each in self.inspect(path, 1)["defects"]]
        wanted = [(code, offset if offset != "any" else at[1]) for (code, offset), at in zip(expected, found)]
        self.expect(f"defects of {path.name}", len(found) == len(expected) and found == wanted and
                    all(at[1] is not None for (_, offset), at in zip(expected, found) if offset == "any"), found)

    def write(self, name: str, contents: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(contents)
        return path


def make(checks: Checks) -> tuple[Path, Path]:
    folder = checks.folder
    for name, source in (("program", PROGRAM), ("library", LIBRARY)):
        (folder / f"{name}.c").write_text(source)
        subprocess.run(["clang-19", "-O1", "-c", "-emit-llvm", folder / f"{name}.c", "-o", folder / f"{name}.bc"], check=True)
    for name, source in (("foreign", FOREIGN), ("invalid", INVALID)):
        subprocess.run(["llvm-as-19", "-disable-verify", "-", "-o", folder / f"{name}.bc"], input=source, text=True, check=True)
    return folder / "program.bc", folder / "library.bc"


def check_use(checks: Checks, program: Path, library: Path) -> None:
    folder = checks.folder
    packed, entry, quick = folder / "p.llbc", folder / "e.llbc", folder / "q.llbc"
    for arguments in (["pack", program, "-o", packed], ["pack", program, "-o", entry, "--name", "shipped", "--entry", "other"],
                      ["pack", program, "-o", quick, "--opt", "0"]):
        done = checks.call(*arguments)
        checks.expect(f"pack {arguments}", done.returncode == 0 and not done.stderr, done.stderr)
    checks.runs("a container", [packed, library, "x"], 3, "main 2 x\n")
    checks.runs("its entry", [entry, library], 4, "other 2\n")
    checks.runs("an entry beside it", ["--entry", "main", entry, library], 3, "main 1 \n")
    checks.runs("the first container decides", [program, entry, library][1:], 4, "other 2\n")
    checks.runs("a container as second file", [library, entry], 4, "other 2\n")
    header = checks.inspect(entry, 0)
    checks.expect("header", {**header["container"], "checksum": 0} ==
                  {"version": 2, "header_bytes": 128, "name": "shipped", "entry": "other", "level": 3, "target": 1,
                   "payload_bytes": program.stat().st_size, "checksum": 0}, header)
    checks.expect("module", header["module"]["functions"] == 2 and header["module"]["target"].startswith("x86_64"), header)
    checks.expect("kind", header["kind"] == "container" and checks.inspect(program, 0)["kind"] == "bitcode")
    text = checks.write("plain.ll", b"define i32 @main() {\n  ret i32 5\n}\n")
    checks.expect("text", checks.inspect(text, 0)["kind"] == "text")
    done = checks.call("pack", text, "-o", folder / "t.llbc")
    checks.expect("pack text", done.returncode == 0, done.stderr)
    checks.runs("packed text", [folder / "t.llbc"], 5, "")
    back = folder / "back.bc"
    done = checks.call("unpack", entry, "-o", back)
    checks.expect("unpack", done.returncode == 0 and back.read_bytes() == program.read_bytes(), done.stderr)
    for container, options, ladder in ((packed, [], "interpreter>1000,baseline@10,O2@2000,O3@20000"),
                                       (quick, [], "interpreter>1000,baseline@10"), (quick, ["--tier", "O1"], "O1")):
        stats = folder / "stats.json"
        checks.call("run", f"--stats={stats}", *options, container, library)
        found = json.loads(stats.read_text())["ladder"]
        checks.expect(f"ladder of {container.name} {options}", found == ladder, found)


def check_version1(checks: Checks, program: Path, library: Path) -> None:
    for size in (120, 124, 128):
        old = checks.write(f"old{size}.llbc", version1(program.read_bytes(), size, b"other"))
        checks.runs(f"version 1, {size} bytes", [old, library], 4, "other 2\n")
        checks.expect(f"inspect version 1, {size}", checks.inspect(old, 0)["container"]["header_bytes"] == size)
    done = checks.call("pack", checks.folder / "old124.llbc", "-o", checks.folder / "new.llbc")
    new = checks.inspect(checks.folder / "new.llbc", 0)["container"]
    checks.expect("repacked", done.returncode == 0 and (new["version"], new["name"], new["entry"]) == (2, "old", "other"), new)


def check_damage(checks: Checks, program: Path, library: Path) -> None:
    folder = checks.folder
    good, bitcode = (folder / "p.llbc").read_bytes(), program.read_bytes()
    cut = checks.write("cut.llbc", good[:100])
    checks.defects(cut, ("llbc-size", 100))
    checks.fails("run of it", ["run", cut, library], "inside the container's header", "byte 100")
    checks.defects(checks.write("magic.llbc", b"XX" + good[2:]), ("llbc-magic", 0))
    checks.defects(checks.write("version.llbc", good[:104] + b"\x09" + good[105:]), ("llbc-version", 104))
    checks.defects(checks.write("long.llbc", good + b"    "), ("llbc-length", 100), ("llbc-checksum", 120))
    checks.defects(checks.write("name.llbc", good[:4] + b"n" * 32 + good[36:]), ("llbc-name", 4), ("llbc-checksum", 120))
    flipped = checks.write("sum.llbc", good[:-1] + bytes([good[-1] ^ 1]))
    found = checks.inspect(flipped, 1)["defects"]
    checks.expect("checksum", found[0]["code"] == "llbc-checksum" and found[0]["offset"] == 120, found)
    checks.fails("run of it", ["run", flipped, library], "damaged")
    checks.fails("unpack of it", ["unpack", flipped, "-o", folder / "none.bc"], "damaged")
    checks.defects(checks.write("empty1.llbc", version1(b"nothing!", 124, b"main")), ("llbc-payload", 124))
    # From here on the header is right and the module is not.
    for offset, wrap in ((0, lambda b: b), (120, lambda b: version1(b, 120, b""))):
        half = checks.write(f"half{offset}{'.llbc' if offset else '.bc'}", wrap(bitcode[:len(bitcode) // 8 * 4]))
        checks.defects(half, ("bad-bitcode", "any"))
    checks.defects(checks.write("target.llbc", version1((folder / "foreign.bc").read_bytes(), 128, b"main")), ("wrong-target", None))
    checks.fails("run of it", ["run", folder / "target.llbc"], "aarch64")
    checks.fails("pack of such", ["pack", folder / "foreign.bc", "-o", folder / "none.llbc"], "aarch64")
    checks.defects(checks.write("entry.llbc", version1(bitcode, 128, b"missing")), ("unknown-entry", 36))
    checks.fails("run of it", ["run", folder / "entry.llbc", library], "'missing'")
    checks.fails("pack with such", ["pack", program, "-o", folder / "none.llbc", "--entry", "twice"], "'twice'")
    checks.defects(checks.write("verifier.llbc", version1((folder / "invalid.bc").read_bytes(), 128, b"main")), ("verifier-failed", None))
    checks.fails("run of it", ["run", folder / "verifier.llbc"], "verifier")
    checks.fails("pack of such", ["pack", folder / "invalid.bc", "-o", folder / "none.llbc"], "verifier")
    checks.defects(checks.write("noise.bin", bytes(range(200)) * 3), ("bad-bitcode", None))
    checks.defects(checks.write("text.ll", b"define void @f() {\n  not an instruction\n}\n"), ("bad-bitcode", None))
    checks.fails("a name too long", ["pack", program, "-o", folder / "none.llbc", "--name", "n" * 32], "31 bytes")
    checks.fails("a level too high", ["pack", program, "-o", folder / "none.llbc", "--opt", "4"], "0, 1, 2 and 3")
    checks.fails("no such file", ["inspect", folder / "nothing"], "No such file")
    checks.expect("nothing written", not (folder / "none.llbc").exists() and not (folder / "none.bc").exists())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    options = parser.parse_args()
    os.environ.setdefault("KILN_CACHE", "off")  # each run begins with nothing
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(options.kiln, Path(folder))
        program, library = make(checks)
        for check in (check_use, check_version1, check_damage):
            check(checks, program, library)
    return checks.tell()


if __name__ == "__main__":
    sys.exit(main())

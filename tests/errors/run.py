#!/usr/bin/env python3
"""Every error of the command: it goes through one place in the sources, docs/errors.md has it with what to do, and a bad command
line here brings it about.

Messages are taken from the sources: each `fail(ErrorCode::CODE, MESSAGE)` in tools/kiln, with `…` for what is put in at run time.
Errors that come from the library are one for each code.

usage: run.py --kiln PATH
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOOL = ROOT / "tools/kiln"
INPUTS = ROOT / "tests/filetest/Inputs"
# Who may write to standard error, and what, beside errors; and who may end the process.
WRITERS = {"Failure.cpp": "errors", "Run.cpp": "statistics", "Export.cpp": "--verbose", "CrashText.cpp": "back-traces", "Trace.cpp": "decisions",
           "Reload.cpp": "reloads and refusals",
           "Panel.cpp": "the live view and progress, on a terminal",
           "ExportReport.cpp": "nothing: it closes it"}
ENDERS = {"Failure.cpp", "main.cpp", "Run.cpp", "ExportReport.cpp", "Panel.cpp"}
# Codes that the command cannot bring about, and why.
NEVER = {"ok": "no error", "bad-replacement": "a refused reload ends nothing (tests/replace)", "shut-down": "the command never shuts its engine down"}
# Messages that no command line brings about, and why.
UNREACHED = {"cannot start a thread: …": "with too few threads for it there is none to run kiln either",
             "cannot watch …: …": "the folder of a file that can be read can be watched",
             "no memory file for the program's output: …": "with too few files for it the loader does not start kiln either"}
LOOP = 'define i32 @main(i32 %argc, ptr %argv) {\n  %more = icmp sgt i32 %argc, 1\n  br i1 %more, label %cold, label %end\n' \
       'cold:\n  %r = call i32 @never()\n  ret i32 %r\nend:\n  ret i32 0\n}\ndefine i32 @never() noinline {\n  ret i32 9\n}\n'


def expression(text, at):
    """The source text from `at` to the parenthesis or brace that ends it, as a pattern: literals joined, `…` between them."""
    parts, depth, gap = [], 0, False
    while True:
        c = text[at]
        if c == '"':
            end = at + 1
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            if gap:
                parts.append("…")
            parts.append(text[at + 1:end].replace('\\"', '"'))
            gap, at = False, end + 1
            continue
        if c in "({":
            depth += 1
        elif c in ")}":
            if depth == 0:
                break
            depth -= 1
        # Literals that are arguments of something else, as in f("x"), belong to what is put in.
        if not c.isspace() and not text.startswith("std::string(", at) and c not in "+":
            gap = True
        if text.startswith("std::string(", at):
            at += len("std::string(")
            depth += 1
            continue
        if c == ")" and depth >= 0 and parts and not gap:
            pass
        at += 1
    return re.sub("…+", "…", "".join(parts) + ("…" if gap else ""))


def messages():
    """(code, pattern) of each error that the command itself makes."""
    found = {}
    for source in sorted(TOOL.glob("*.cpp")):
        text = source.read_text()
        for match in re.finditer(r"(?:\bfail\(|printError\(\{)ErrorCode::(\w+),\s*", text):
            pattern = expression(text, match.end())
            found[(match[1], pattern)] = source.name
    return found


def codes():
    names = dict(re.findall(r'ErrorCode::(\w+): return "([\w-]+)"', (ROOT / "src/support/Error.cpp").read_text()))
    return {code: names[code] for code in names}


def documented():
    """Rows of docs/errors.md: by message of the command line, and by code."""
    text = (ROOT / "docs/errors.md").read_text()
    rows = {}
    for message, what in re.findall(r"^\| `(.+?)` \| ([^|]+) \|$", text.partition("## Errors of the command line")[2], re.MULTILINE):
        rows[message] = what.strip()
    by_code = dict(re.findall(r"^\| \d+ \| `\w+` \| `([\w-]+)` \|[^|]*\| ([^|]+) \|$", text, re.MULTILINE))
    return rows, by_code


def regex(pattern):
    return ".*".join(re.escape(part) for part in pattern.split("…"))


class Cases:
    def __init__(self, kiln, folder):
        self.kiln, self.folder, self.problems, self.seen = kiln, folder, [], []

    def file(self, name, contents):
        path = self.folder / name
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return path

    def call(self, *words, **more):
        environment = {**os.environ, "KILN_CACHE": "off", **more.pop("environment", {})}
        for name in more.pop("without", ()):
            environment.pop(name, None)
        more.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([str(word) for word in (self.kiln, *words)], stderr=subprocess.PIPE, text=True, timeout=60, cwd=self.folder,
                              env=environment, check=False, **more)

    def bad(self, code, *words, status=2, **more):
        """A command line that must end in this error, and in nothing else."""
        done = self.call(*words, **more)
        lines = done.stderr.splitlines()
        errors = [line for line in lines if line.startswith("kiln: error: ")]
        if done.returncode != status or len(errors) != 1 or not errors[0].endswith(f" [{code}]"):
            self.problems.append(f"{' '.join(map(str, words))}: status {done.returncode}, {done.stderr!r}, wanted {code}")
            return
        self.seen.append((code, errors[0].removeprefix("kiln: error: ").removesuffix(f" [{code}]")))


def command_lines(cases):
    main, bad = cases.file("main.ll", LOOP), cases.bad
    option = "bad-option"
    for words in ([], ["fly"], ["run"], ["run", "--nonsense", main], ["run", "--preset", "fastest", main], ["run", "--tier", "O9", main],
                  ["run", "--tier", "O0", "--ladder", "O0", main], ["run", "--dump", "f", main], ["run", "--dump", "ir:main@O7", main],
                  ["run", "--record", "lines", main], ["run", "--no-osr", "--osr-at", "2", main],
                  ["run", "--no-speculation", "--exit-at", "2", main], ["run", "--counters", "maybe", main],
                  ["run", "--profile", "maybe", main], ["run", "--report", "report.txt", main], ["run", "--coverage-out", "c", "--profile-out", "p", main],
                  ["run", "--compile-threads", "many", main], ["run", "--osr-at", "0", main], ["run", "--tier"],
                  ["run", "--cache", "off", "--cache", "x", main], ["run", "--cache-key", main, main],
                  ["run", "--cache", "redis://localhost", main], ["cache"], ["cache", "show", "--cache", "off"],
                  ["cache", "show", "--cache", "redis://localhost"], ["profile", "merge", "p"],
                  ["profile", "merge", "-o", "q", "--format", "xml", "p"], ["export", main], ["export", "-o", "x"],
                  ["export", main, "-o", "x", "--cold=trap"], ["export", main, "-o", "x", "--profile", "p", "--cold=some"],
                  ["export", main, "-o", "x", "--object", "--shared"], ["export", main, "-o", "x", "--static", "--object"],
                  ["export", main, "-o", "x", "--emit-header", "x.h"], ["export", main, "--report", "--object"],
                  ["export", main, "-o", "x", "--", "y"], ["--generate", "man"], ["--generate", "html", "x"]):
        bad(option, *words)
    bad(option, "run", "--cache", "redis://localhost", "--cache-key", main, main, without=("HOME", "XDG_CACHE_HOME"))
    bad("bad-ladder", "run", "--ladder", "O0,O9@3", main)
    empty = cases.folder / "none"
    bad("system-error", "--generate", "man", empty / "deeper")
    cases.file("p.json", "")
    made = cases.call("run", "--tier", "baseline", "--counters", "on", "--profile-out", "p", main)
    if made.returncode != 0:
        cases.problems.append(f"the profile: {made.stderr}")
    with open("/dev/full", "w") as full:
        for words in (["profile", "show", "p"], ["inspect", main]):
            bad("system-error", *words, stdout=full)
    bad("system-error", "run", f"--stats={empty / 's'}", main, status=0)  # the program has ended
    bad("system-error", "export", main, "--report", environment={"TMPDIR": str(empty)})
    bad("compile-failed", "export", main, "--report", "--profile", "p", "--", "x")


def library_errors(cases):
    """One for each code."""
    main, file, bad = cases.folder / "main.ll", cases.file, cases.bad
    bad("file-not-found", "run", "missing.bc")
    bad("file-not-found", "run", "--watch-reload", "missing.bc", main)
    bad("empty-input", "run", file("empty.bc", ""))
    bad("bad-bitcode", "run", file("garbage.bc", "MZ is no module"))
    bad("wrong-target", "run", INPUTS / "foreign.ll")
    bad("verifier-failed", "run", INPUTS / "invalid.ll")
    bad("duplicate-symbol", "run", main, file("again.ll", LOOP))
    bad("unresolved-symbol", "run", INPUTS / "unresolved.ll")
    bad("unknown-entry", "run", "--entry", "nothing", main)
    bad("bad-main", "run", "--entry", "take", INPUTS / "entries.ll")
    bad("compile-failed", "run", file("assembly.ll", 'module asm "no instruction"\n' + LOOP))
    bad("code-space-full", "run", "--tier", "O0", "--code-limit", "1", main)
    bad("unsupported", "run", file("huge.ll", "@huge = global [2000000000 x i8] zeroinitializer\n" + LOOP))
    bad("library-not-loaded", "run", "--load", "./nothing.so", main)
    bad("bad-profile", "profile", "show", main)
    bad("bad-coverage", "coverage", "report", main)
    packed = cases.folder / "good.llbc"
    made = cases.call("pack", main, "-o", packed)
    if made.returncode != 0:
        cases.problems.append(f"pack: {made.stderr}")
        return
    good = packed.read_bytes()
    for code, contents in (("size", good[:100]), ("magic", b"XX" + good[2:]), ("version", good[:104] + b"\x09" + good[105:]),
                           ("length", good + b"    "), ("name", good[:4] + b"n" * 32 + good[36:]),
                           ("checksum", good[:-1] + bytes([good[-1] ^ 1])),
                           ("payload", good[:100] + (8).to_bytes(4, "little") + b"\1\0\0\0" + good[108:124] + b"nothing!")):
        bad(f"llbc-{code}", "run", file(f"{code}.llbc", contents))


def check_sources(problems):
    for source in sorted([*TOOL.glob("*"), *(ROOT / "src").rglob("*.cpp"), *(ROOT / "include").rglob("*.h")]):
        if source.is_dir() or source.name in ("start.order", "DeferLlvm.ld"):
            continue
        text = re.sub(r"//.*", "", source.read_text())
        inside = TOOL in source.parents
        if '"kiln: error: ' in text and source.name != "Failure.cpp":
            problems.append(f"{source.name} writes errors itself")
        if re.search(r"\bstderr\b(?! )|STDERR_FILENO|std::cerr", re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)) and not (inside and source.name in WRITERS):
            problems.append(f"{source.name} writes to standard error")
        if inside and source.suffix == ".cpp" and re.search(r"(?<![.\w])_?exit\(", text) and source.name not in ENDERS:
            problems.append(f"{source.name} ends the process")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiln", required=True, type=Path)
    options = parser.parse_args()
    spelled = codes()
    made, (rows, by_code) = messages(), documented()
    with tempfile.TemporaryDirectory(prefix="kiln-errors-") as folder:
        cases = Cases(options.kiln.resolve(), Path(folder))
        command_lines(cases)
        library_errors(cases)
    problems = cases.problems
    check_sources(problems)
    for (code, pattern), source in made.items():
        if pattern not in rows:
            problems.append(f"docs/errors.md lacks a row for `{pattern}` ({source})")
        if pattern not in UNREACHED and not any(name == spelled[code] and re.fullmatch(regex(pattern), text, re.DOTALL) for name, text in cases.seen):
            problems.append(f"no bad command line here brings about `{pattern}` ({source})")
    for row in rows.keys() - {pattern for _, pattern in made}:
        problems.append(f"docs/errors.md has a row for `{row}`, which nothing says")
    for code in spelled.values():
        if code != "ok" and not by_code.get(code, "").strip():
            problems.append(f"docs/errors.md does not say what to do about {code}")
        if code not in NEVER and not any(name == code for name, _ in cases.seen):
            problems.append(f"no bad command line here brings about {code}")
    for problem in problems:
        print(problem)
    print(f"errors: {len(made)} messages of the command, {len(cases.seen)} bad command lines, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

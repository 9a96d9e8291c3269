#!/usr/bin/env python3
"""Every example in the documentation compiles, and every public header says what a user must know.

Examples are the code blocks marked cpp or c of README.md and docs/, and the indented code in what a header opens with. A block
with a main() is a program; any other is the inside of a function that has an engine, a program, and bytes of bitcode.

usage: run.py --kiln PATH [--compiler CLANG]
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
INCLUDE = ROOT / "include"
HEADERS = sorted(path.name for path in (INCLUDE / "kiln").glob("*.h") if path.name != "kiln.h")
PRELUDE = "".join(f'#include "kiln/{name}"\n' for name in HEADERS) + "#include <cstdio>\n#include <string>\nusing namespace std;\n"
# What an example that is no program finds around it, unless it makes that itself.
AROUND = {"engine": "std::unique_ptr<kiln::Engine> engine", "program": "std::unique_ptr<kiln::Program> program",
          "bytes": "std::span<const char> bytes"}


def blocks(path):
    """(line, language, code) of the fenced blocks."""
    language, start, code = None, 0, []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if fence := re.match(r"\s*```(\S*)", line):
            if language is None:
                language, start, code = fence[1], number, []
            else:
                yield start, language, "\n".join(code)
                language = None
        elif language is not None:
            code.append(line)


def header_examples(path):
    lines = path.read_text("utf-8").splitlines()
    opening = lines[:next(i for i, line in enumerate(lines) if not line.startswith("//"))]
    code = [line[5:] for line in opening if line.startswith("//   ")]
    if code:
        yield 1, "cpp", "\n".join(code)


def examples():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for path in pages:
        for line, language, code in blocks(path):
            if language in ("cpp", "c"):
                yield path, line, language, code
    for path in sorted((INCLUDE / "kiln").glob("*.h")):
        for line, language, code in header_examples(path):
            yield path, line, "c" if path.name == "kiln.h" else language, code


def unit(path, line, code, language):
    """The example as a whole file."""
    place = f'#line {line + 1} "{path.relative_to(ROOT)}"\n'
    if re.search(r"\bmain\s*\(", code):
        return place + code + "\n"
    if language == "c":
        return '#include <kiln/kiln.h>\n#include <stdio.h>\nvoid example(void) {\n' + place + code + "\n}\n"
    given = ", ".join(text for name, text in AROUND.items() if not re.search(rf"\bauto {name}\b", code))
    return PRELUDE + f"void example({given}) {{\n" + place + code + "\n}\n"


def compile_examples(compiler, problems):
    """All at once, as files of one command line. Unused variables are what examples have."""
    count = 0
    with tempfile.TemporaryDirectory(prefix="kiln-examples-") as folder:
        files = {"cpp": [], "c": []}
        for path, line, language, code in examples():
            file = Path(folder) / f"example{count}.{language}"
            file.write_text(unit(path, line, code, language))
            files[language].append(file)
            count += 1
        for language, standard in (("cpp", "c++23"), ("c", "c99")):
            if files[language]:
                done = subprocess.run([compiler, f"-std={standard}", "-fsyntax-only", "-Wall", "-Werror", "-Wno-unused", f"-I{INCLUDE}",
                                       *map(str, files[language])], capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    problems.append(done.stderr)
    return count


def check_header(path, problems):
    """What it opens with, and that functions which can fail say how."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    opening = "\n".join(lines[:next(i for i, line in enumerate(lines) if not line.startswith("//"))])
    if path.name in ("Api.h", "kiln.h"):
        return
    for word in ("Thread-safety:", "Idea:"):
        if word not in opening and not (word == "Thread-safety:" and re.search(r"thread-safe", text, re.IGNORECASE)):
            problems.append(f"{path.name} does not begin with its {word}")
    comment = ""
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if stripped.startswith("///"):
            comment += stripped + "\n"
        elif re.match(r"(?:KILN_API )?(?:static )?(?:template <.*> )?Result<.*\b(\w+)\(", stripped):
            if not re.search(r"\b[Ff]ails?\b|error", comment):
                problems.append(f"{path.name}:{number}: {stripped} does not say how it fails")
            comment = ""
        elif not stripped or stripped.endswith((";", "{", "}")):
            comment = ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiln", help="not used: all suites have it")
    parser.add_argument("--compiler", default="clang++-19")
    options = parser.parse_args()
    problems = []
    for path in sorted((INCLUDE / "kiln").glob("*.h")):
        check_header(path, problems)
    count = compile_examples(options.compiler, problems)
    for problem in problems:
        print(problem)
    print(f"docs: {count} examples, {len(HEADERS)} headers, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

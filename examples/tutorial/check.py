#!/usr/bin/env python3
"""The tutorial's language does what a session shows, and docs/tutorial quotes its code as it is.

usage: check.py EXECUTABLE
"""
import difflib
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Parts of the session, by how they begin and how many lines they have.
SESSION = {"fib": ("fn fib(n) { if", 2), "limit": ("> fn limit() { return 0;", 11), "refused": ("> fn fib(n, m)", 4)}
QUOTE = re.compile(r"<!-- (examples/tutorial/[\w.]+)(?: \[(\w+)\])? -->\n```\S*\n(.*?)```", re.DOTALL)


def region(path, name):
    """Lines between `// [name]` and `// [/name]`, or those of the session that begin with certain words; or the whole file."""
    text = (ROOT / path).read_text("utf-8")
    if not name:
        return text
    if path.endswith(".txt"):
        start, lines = SESSION[name]
        lines_of = text.splitlines(True)
        first = next((i for i, line in enumerate(lines_of) if line.startswith(start)), None)
        return None if first is None else "".join(lines_of[first:first + lines])
    found = re.search(rf"^ *// \[{name}\]\n(.*?)^ *// \[/{name}\]$", text, re.DOTALL | re.MULTILINE)
    if not found:
        return None
    return found[1]


def main():
    problems = []
    done = subprocess.run([sys.argv[1], HERE / "session.txt"], capture_output=True, text=True, timeout=100, check=False)
    expected = (HERE / "expected.txt").read_text("utf-8")
    if done.returncode != 0 or done.stdout != expected:
        problems.append(f"status {done.returncode} {done.stderr}\n" + "".join(difflib.unified_diff(
            expected.splitlines(True), done.stdout.splitlines(True), "expected", "printed")))
    quotes = 0
    for page in sorted((ROOT / "docs/tutorial").glob("*.md")):
        text = page.read_text("utf-8")
        if text.count("```") // 2 != len(QUOTE.findall(text)) + text.count("```sh"):
            problems.append(f"{page.name}: a block of code does not say what it quotes")
        for path, name, quoted in QUOTE.findall(text):
            quotes += 1
            if quoted != region(path, name):
                problems.append(f"{page.name} does not quote {path} [{name}] as it is")
    if quotes == 0:
        problems.append("docs/tutorial quotes nothing")
    print("\n".join(problems + [f"tutorial: {quotes} quotes, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""`kiln run --watch-reload`: a program that loops until it sees the new behaviour, in several ladders, with files that are replaced
and files that are written in place.

usage: run.py --kiln PATH
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Ends when step() says so; the program's own count stays over all definitions.
MAIN = r"""
#include <stdio.h>
#include <unistd.h>
long step(long);
long total = 0;
int main(void) {
  long last = -1;
  for (;;) {
    long now = step(1);
    if (now != last) {
      printf("%ld\n", now);
      fflush(stdout);
    }
    last = now;
    if (now == 99) {
      printf("total %s\n", total > 0 ? "kept" : "lost");
      return 0;
    }
  }
}
"""
STEP = "extern long total;\nlong step(long x) {{\n  total += x;\n  return {};\n}}\n"
# C++: a virtual function behind a table that stays, static constructors that run for what is new, exceptions through both definitions.
CPP_MAIN = r"""
#include <cstdio>
#include <stdexcept>
struct Shape { virtual ~Shape() = default; virtual int area() const = 0; };
Shape* make(int n);
int twice(int x);
int risky(int x);
int main() {
  for (int last = -1;;) {
    Shape* shape = make(3);
    int now = shape->area() + twice(1);
    delete shape;
    try { now += risky(now); } catch (const std::exception&) { now += 1000; }
    if (now != last) { printf("%d\n", now); fflush(stdout); }
    if ((last = now) > 5000) return 0;
  }
}
"""
CPP_SHAPES = r"""
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
struct Shape {{ virtual ~Shape() = default; virtual int area() const = 0; }};
static std::map<std::string, int> registry{{{{"a", 1}}}};
struct Square : Shape {{ int n; Square(int n) : n(n) {{}} int area() const override {{ return n * n * {factor}; }} }};
Shape* make(int n) {{ return new Square(n); }}
int twice(int x) {{ return 2 * x + registry["a"] + {more}; }}
int risky(int x) {{ if (x > 100) throw std::runtime_error("big"); return 0; }}
"""
LADDERS = ("interpreter", "baseline", "O3", "interpreter,baseline@5,O3@50:5000")


class Session:
    """A program that runs, and the file that it watches."""

    def __init__(self, kiln, folder, ladder, options=()):
        self.folder, self.options, self.trace = folder, options, []
        self.watched = folder / "step.bc"
        self.compile(self.first(), self.watched)
        command = [kiln, "run", "--ladder", ladder, "--watch-reload", self.watched, *options, folder / "main.bc", self.watched]
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, "KILN_CACHE": "off"})

    def first(self):
        return STEP.format(1)

    def compile(self, source, output):
        # Nothing of the old body may be known to callers: they are in a file of their own.
        subprocess.run(["clang-19", "-O1", "-Xclang", "-disable-llvm-passes", "-emit-llvm", "-c", "-x", "c", "-", "-o", str(output)], input=source, text=True, check=True)

    def change(self, source, in_place=False):
        if in_place:
            self.compile(source, self.folder / "next.bc")
            self.watched.write_bytes((self.folder / "next.bc").read_bytes())
        else:
            self.compile(source, self.folder / "next.bc")
            os.replace(self.folder / "next.bc", self.watched)

    def expect(self, stream, wanted):
        line = stream.readline().rstrip("\n")
        while re.match(r"kiln: +[\d.]+ ms ", line):
            self.trace.append(line)
            line = stream.readline().rstrip("\n")
        if wanted not in line:
            raise AssertionError(f"'{line}' instead of '{wanted}'")

    def run(self):
        out, err = self.process.stdout, self.process.stderr
        self.expect(out, "1")
        self.change(STEP.format(2))
        self.expect(err, "replaced step")
        self.expect(out, "2")
        self.change("long step(long x, long y) { return 99; }\n")
        self.expect(err, "refused, nothing changed: function 'step' cannot be replaced: its type is")
        self.watched.write_text("this is no bitcode")
        self.expect(err, "[bad-bitcode]")
        self.change(STEP.format(2))
        self.expect(err, "nothing changed")
        self.change(STEP.format(3), in_place=True)
        self.expect(err, "replaced step")
        self.expect(out, "3")
        self.change("long helper(void) { return 99; }\n" + STEP.format("helper()"))
        self.expect(err, "replaced step; added helper")
        self.expect(out, "99")
        self.expect(out, "total kept")
        if self.process.wait(60) != 0:
            raise AssertionError(f"status {self.process.returncode}")
        self.check_told()

    def check_told(self):
        """The trace and the report name each redefinition once, and no refusal."""
        told = []
        if "--trace-tiers" in self.options:
            told.append(re.findall(r" ms replace \S+ +-> \S+ +(\S+) \((\S+);", "\n".join(self.trace)))
        if "--report" in self.options:
            events = json.loads((self.folder / "report.json").read_text())["events"]
            told.append([(event["function"], event["reason"]) for event in events if event["kind"] == "replace"])
        for found in told:
            if found != [("step", f"step.kiln.{number}") for number in (1, 2, 3)]:
                raise AssertionError(f"told of the redefinitions {found}")


class CppSession(Session):
    def compile(self, source, output):
        subprocess.run(["clang++-19", "-O0", "-emit-llvm", "-c", "-x", "c++", "-", "-o", str(output)], input=source, text=True, check=True)

    def first(self):
        return CPP_SHAPES.format(factor=1, more=0)

    def run(self):
        out, err = self.process.stdout, self.process.stderr
        self.expect(out, "12")
        self.change(CPP_SHAPES.format(factor=60, more=0))
        self.expect(err, "replaced _ZNK6Square4areaEv")
        self.expect(out, "1543")
        self.change(CPP_SHAPES.format(factor=60, more=6000))
        self.expect(err, "replaced _Z5twicei")
        self.expect(out, "7543")
        if self.process.wait(60) != 0:
            raise AssertionError(f"status {self.process.returncode}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kiln", required=True, type=Path)
    options = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory(prefix="kiln-reload-") as name:
        folder = Path(name)
        cases = [(ladder, ()) for ladder in LADDERS] + [(LADDERS[-1], ("--compile-threads", "0"))]
        # What times calls must not lead them back to the old definition.
        cases += [(LADDERS[-1], ("--trace-tiers", "--report", folder / "report.json"))]
        cases = [(Session, *case) for case in cases] + [(CppSession, "interpreter", ()), (CppSession, LADDERS[-1], ())]
        for kind, ladder, more in cases:
            (folder / "main.bc").unlink(missing_ok=True)
            cpp = kind is CppSession
            subprocess.run(["clang++-19" if cpp else "clang-19", "-O1", "-emit-llvm", "-c", "-x", "c++" if cpp else "c", "-", "-o",
                            str(folder / "main.bc")], input=CPP_MAIN if cpp else MAIN, text=True, check=True)
            session = kind(options.kiln.resolve(), folder, ladder, more)
            try:
                session.run()
            except (AssertionError, subprocess.TimeoutExpired) as problem:
                failures += 1
                print(f"{ladder} {' '.join(map(str, more))}: {problem}")
            finally:
                session.process.kill()
                session.process.communicate()
    print(f"replace: {len(cases)} sessions, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

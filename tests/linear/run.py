#!/usr/bin/env python3
"""Decoding is linear: functions of several shapes and of 100 to 100,000 instructions, and the exponent of the work.

The work is a count, instructions of the machine inside the decoder under callgrind, so the result is the same every time and
on a busy machine. Besides decoding, making room in memory counts. For each shape the exponent between each size and the next is
shown, and that of the last step, where what grows faster than the rest shows most, has to be at most MOST."""

import argparse
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SIZES = (100, 1000, 10000, 100000)
MOST = 1.15
SKIPPED = 77
DECODER = "kiln::interp::decode(*"
DECODER_BEGINS = "kiln::interp::Decoder::run()"


def function(size: int, body: list[str]) -> str:
    """Returns at once when it is called with zeros, so that a call is no more than decoding."""
    return "\n".join([f"define i64 @f{size}(i64 %a, i64 %b) {{", "begin:", "  %never = icmp eq i64 %a, 0",
                      "  br i1 %never, label %leave, label %entry", "leave:", "  ret i64 0", "entry:", *body, "}", ""])


def straight(size: int) -> str:
    """Each value is used by the next one only."""
    ops = ("add", "xor", "mul", "sub")
    lines = [f"  %v0 = add i64 %a, %b"]
    lines += [f"  %v{i} = {ops[i % 4]} i64 %v{i - 1}, {'%a' if i % 3 else 17 + i}" for i in range(1, size)]
    return function(size, [*lines, f"  ret i64 %v{size - 1}"])


def live(size: int) -> str:
    """Half of the function makes values, the other half uses them in the same order: all are live in its middle. Frames have
    65,535 words at most, so there are several such stretches in a large function."""
    stretch = min(size // 2, 20000)
    lines, last = [], "%a"
    for begin in range(0, size, 2 * stretch):
        lines += [f"  %m{begin + i} = add i64 {last}, {i}" for i in range(stretch)]
        for i in range(stretch):
            lines.append(f"  %s{begin + i} = xor i64 {last}, %m{begin + i}")
            last = f"%s{begin + i}"
    return function(size, [*lines, f"  ret i64 {last}"])


def blocks(size: int) -> str:
    """Diamonds one after the other, each with a phi: ten instructions each."""
    lines, last = ["  br label %b0"], "%a"
    count = size // 10
    for i in range(count):
        lines += [f"b{i}:", f"  %c{i} = icmp slt i64 {last}, {i * 3}", f"  br i1 %c{i}, label %t{i}, label %e{i}",
                  f"t{i}:", f"  %x{i} = add i64 {last}, %b", f"  br label %j{i}",
                  f"e{i}:", f"  %y{i} = mul i64 {last}, 3", f"  %z{i} = sub i64 %y{i}, %a", f"  br label %j{i}",
                  f"j{i}:", f"  %p{i} = phi i64 [ %x{i}, %t{i} ], [ %z{i}, %e{i} ]", f"  %q{i} = xor i64 %p{i}, 5",
                  f"  br label %b{i + 1}"]
        last = f"%q{i}"
    return function(size, [*lines, f"b{count}:", f"  ret i64 {last}"])


def loops(size: int) -> str:
    """Loops six deep, one such nest after the other: the depth is what programs have, the number grows."""
    depth, lines, last = 6, ["  br label %n0"], "%a"
    nests = max(1, size // (depth * 6 + 2))
    for n in range(nests):
        lines += [f"n{n}:", f"  %in{n} = add i64 {last}, {n}", f"  br label %h{n}_0"]
        for d in range(depth):
            before, outer = (f"n{n}", f"%in{n}") if d == 0 else (f"h{n}_{d - 1}", f"%s{n}_{d - 1}")
            lines += [f"h{n}_{d}:", f"  %i{n}_{d} = phi i64 [ 0, %{before} ], [ %k{n}_{d}, %l{n}_{d} ]",
                      f"  %s{n}_{d} = phi i64 [ {outer}, %{before} ], [ %t{n}_{d}, %l{n}_{d} ]"]
            lines.append(f"  br label %{f'h{n}_{d + 1}' if d + 1 < depth else f'l{n}_{d}'}")
        for d in reversed(range(depth)):
            inner = f"%s{n}_{d}" if d + 1 == depth else f"%t{n}_{d + 1}"
            lines += [f"l{n}_{d}:", f"  %k{n}_{d} = add i64 %i{n}_{d}, 1", f"  %t{n}_{d} = xor i64 {inner}, %i{n}_{d}",
                      f"  %e{n}_{d} = icmp eq i64 %k{n}_{d}, %b",
                      f"  br i1 %e{n}_{d}, label %{f'l{n}_{d - 1}' if d else f'n{n + 1}'}, label %h{n}_{d}"]
        last = f"%t{n}_0"
    return function(size, [*lines, f"n{nests}:", f"  ret i64 {last}"])


def one_loop(size: int) -> str:
    """One loop over a body of many blocks and values that live all round."""
    count = size // 5
    carried = min(50, count)
    lines = ["  br label %head", "head:", f"  %i = phi i64 [ 0, %entry ], [ %next, %latch ]"]
    lines += [f"  %p{i} = phi i64 [ {i}, %entry ], [ %u{i}, %latch ]" for i in range(carried)]
    lines.append("  br label %b0")
    for i in range(count):
        value = f"%p{i % carried}" if i < carried else f"%u{i - carried}"
        lines += [f"b{i}:", f"  %v{i} = mul i64 {value}, %i", f"  %u{i} = add i64 %v{i}, {i}", f"  %c{i} = icmp eq i64 %u{i}, 77",
                  f"  br i1 %c{i}, label %latch, label %{f'b{i + 1}' if i + 1 < carried else 'latch'}" if i < carried - 1 else
                  f"  br label %{f'b{i + 1}' if i + 1 < count else 'latch'}"]
    # What leaves early has no later values: the header takes the first ones, which are computed by all.
    text = "\n".join(lines)
    text = re.sub(r"br i1 (%c\d+), label %latch, label %(b\d+)", r"br i1 \1, label %\2, label %\2", text)
    return function(size, [text, "latch:", "  %next = add i64 %i, 1", "  %end = icmp eq i64 %next, %a",
                     "  br i1 %end, label %out, label %head", "out:", f"  ret i64 %u{count - 1}"])


def switch(size: int) -> str:
    """One switch; each case is three instructions and a place in a phi."""
    count = size // 4
    lines = ["  switch i64 %a, label %out [", *(f"    i64 {i * 5}, label %c{i}" for i in range(count)), "  ]"]
    for i in range(count):
        lines += [f"c{i}:", f"  %x{i} = add i64 %b, {i}", f"  %y{i} = mul i64 %x{i}, %a", "  br label %out"]
    incoming = ", ".join(["[ 0, %entry ]", *(f"[ %y{i}, %c{i} ]" for i in range(count))])
    return function(size, [*lines, "out:", f"  %r = phi i64 {incoming}", "  ret i64 %r"])


def calls(size: int) -> str:
    """Calls of the function itself with several arguments, and of a library function."""
    lines, last = [], "%a"
    for i in range(size // 3):
        lines += [f"  %c{i} = call i64 @f{size}(i64 {last}, i64 {i})", f"  %l{i} = call i64 @labs(i64 %c{i})",
                  f"  %v{i} = add i64 %l{i}, %b"]
        last = f"%v{i}"
    return function(size, [*lines, f"  ret i64 {last}"])


def memory(size: int) -> str:
    """Loads and stores of a local array through addresses that are computed."""
    lines = ["  %room = alloca [64 x i64]"]
    for i in range(size // 5):
        lines += [f"  %m{i} = and i64 {f'%v{i - 1}' if i else '%a'}, 63",
                  f"  %p{i} = getelementptr inbounds [64 x i64], ptr %room, i64 0, i64 %m{i}",
                  f"  %o{i} = load i64, ptr %p{i}", f"  %v{i} = add i64 %o{i}, {i}", f"  store i64 %v{i}, ptr %p{i}"]
    return function(size, [*lines, f"  ret i64 %v{size // 5 - 1}"])


SHAPES = (straight, live, blocks, loops, one_loop, switch, calls, memory)


def work(shape, folder: Path, options) -> list[int]:
    """Machine instructions of decoding the functions of all sizes, in one process: counts are written before each and at the end."""
    name = shape.__name__
    source, bitcode, counts = (folder / f"{name}.{suffix}" for suffix in ("ll", "bc", "out"))
    source.write_text("\n".join(['target triple = "x86_64-pc-linux-gnu"', "declare i64 @labs(i64)", *map(shape, SIZES),
                                 "define i32 @main() {", *(f"  %r{n} = call i64 @f{n}(i64 0, i64 0)" for n in SIZES),
                                 "  ret i32 0", "}", ""]))
    subprocess.run([options.llvm_as, source, "-o", bitcode], check=True)
    done = subprocess.run(
        [options.valgrind, "--tool=callgrind", f"--callgrind-out-file={counts}", "--collect-atstart=no",
         f"--toggle-collect={DECODER}", f"--dump-before={DECODER_BEGINS}", options.kiln, "run", "--tier", "interpreter", bitcode],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-1000:]}")
    # Two files before that of the first function: what is before main, and main.
    files = [counts.with_name(f"{counts.name}.{i + 3}") for i in range(len(SIZES) - 1)] + [counts]
    return [int(re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE)[1]) if file.exists() else 0
            for file in files]


def main() -> int:
    os.environ.setdefault("KILN_CACHE", "off")  # each run begins with nothing
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiln", default="build/release/bin/kiln")
    parser.add_argument("--llvm-as", default="llvm-as-19")
    parser.add_argument("--valgrind", default="valgrind")
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args()
    if not shutil.which(options.valgrind):
        print("skipped: there is no valgrind")
        return SKIPPED
    shapes = [shape for shape in SHAPES if options.only in shape.__name__]
    failed = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        tasks = [pool.submit(work, shape, Path(folder), options) for shape in shapes]
        print(f"{'shape':10}" + "".join(f"{f'work at {size}':>16}{'':8}" for size in SIZES))
        for shape in shapes:
            counts = tasks.pop(0).result()
            if 0 in counts:
                print(f"{shape.__name__}: nothing was counted; is the decoder still {DECODER}?")
                return 1
            exponents = [math.log(b / a) / math.log(y / x) for a, b, x, y in zip(counts, counts[1:], SIZES, SIZES[1:])]
            row = "".join(f"{count:16}{f'^{exponent:.3f}' if exponent is not None else '':>8}"
                          for count, exponent in zip(counts, [None, *exponents]))
            bad = max(exponents) > MOST
            print(f"{shape.__name__:10}{row}{f'   FAILED: more than {MOST}' if bad else ''}", flush=True)
            failed += bad
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

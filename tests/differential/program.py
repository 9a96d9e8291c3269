"""Writes an IR program of many small tests whose results can be compared line by line between two ways of running it.

A test computes results from rows of operands. Each test exists twice: `loop` goes over the rows inside one function, so that
constants live in loops and the loop can be left by on-stack replacement; `flat` is called for each row, without a loop.
Operands lie in memory as bit patterns; constants are written by the body itself. Results are stored into slots, and `main`
prints every slot as hexadecimal words.

Nothing in a test may depend on poison or undefined behaviour: what is compared has one right value. The one exception is
the bits of a NaN, which the IR leaves open: a result of a floating type counts as `nan` unless it is `exact`.
"""

import re
from dataclasses import dataclass, field

from values import FORMATS, format_bits, is_nan

SLOT = 32  # bytes between results, and between the operands of a row


def bits_of(type_name: str) -> int:
    """Width of a scalar type, or of a vector of scalars."""
    if type_name.startswith("<"):
        count, lane = type_name[1:-1].split(" x ")
        return int(count) * bits_of(lane)
    if type_name == "ptr":
        return 64
    return int(type_name[1:]) if type_name[0] == "i" and type_name[1:].isdigit() else format_bits(type_name)


@dataclass
class Result:
    type: str
    value: str
    label: str
    exact: bool = False


class Body:
    """Text of a function between its operands and its results."""

    def __init__(self, operands: list[str], prefix: str):
        self.operands, self.lines, self.results, self.prefix, self.count = operands, [], [], prefix, 0
        self.entry = ""  # label of the block the operands are read in

    def name(self) -> str:
        self.count += 1
        return f"%{self.prefix}{self.count}"

    def let(self, text: str) -> str:
        """A new value with this right-hand side."""
        name = self.name()
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def label(self) -> str:
        return self.name()[1:]

    def block(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def result(self, type_name: str, value: str, label: str, exact: bool = False) -> None:
        self.results.append(Result(type_name, value, label, exact))

    def choose(self, condition: str) -> str:
        """An i8 that tells which way a conditional branch went."""
        yes, no, join = self.label(), self.label(), self.label()
        self.do(f"br i1 {condition}, label %{yes}, label %{no}")
        self.block(yes)
        self.do(f"br label %{join}")
        self.block(no)
        self.do(f"br label %{join}")
        self.block(join)
        return self.let(f"phi i8 [ 17, %{yes} ], [ 34, %{no} ]")


@dataclass
class Test:
    """A test as the reader of its output needs it."""

    name: str
    types: list[str]
    rows: list[tuple[int, ...]]
    results: list[Result]

    def describe(self, line: int) -> str:
        row, result = divmod(line, len(self.results))
        operands = ", ".join(f"{t} {value:#x}" for t, value in zip(self.types, self.rows[row]))
        return f"{self.name}: {self.results[result].label} of ({operands})"

    def normal(self, line: int, text: str) -> str:
        """The line without what the IR leaves open."""
        result = self.results[line % len(self.results)]
        if result.exact or result.type not in FORMATS or not text:
            return text
        words = [int(word, 16) for word in text.split()]
        bits = sum(word << 64 * i for i, word in enumerate(words)) & ((1 << format_bits(result.type)) - 1)
        return "nan" if is_nan(result.type, bits) else text


def escape(data: bytes) -> str:
    return "".join(f"\\{byte:02X}" for byte in data)


@dataclass
class Program:
    name: str
    taken_by: tuple[str, ...] = ("interpreter", "baseline")  # the low tiers that refuse nothing of it
    tests: list[Test] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    declarations: set[str] = field(default_factory=set)

    def declare(self, text: str) -> None:
        self.declarations.add("declare " + text)

    def test(self, name: str, types: list[str], rows: list[tuple[int, ...]], write) -> None:
        """`write(body)` computes results from body.operands, values of `types`, for each of `rows`."""
        if not rows:
            return
        number = len(self.tests)
        data = b"".join((value & ((1 << bits_of(t)) - 1)).to_bytes(SLOT, "little")
                        for row in rows for t, value in zip(types, row))
        self.text.append(f'@rows{number} = internal global [{len(data)} x i8] c"{escape(data)}", align 16')
        results = self.write_body(f"flat{number}", types, write, None)
        self.write_body(f"loop{number}", types, write, len(rows))
        for form in ("flat", "loop"):
            self.tests.append(Test(f"{name} ({form})", types, rows, results))
        words = max((bits_of(result.type) + 63) // 64 for result in results)
        slots = len(rows) * len(results)
        assert slots * SLOT <= OUT_BYTES, name
        self.calls += [
            "  call void @clear()",
            f"  call void @each(ptr @flat{number}, ptr @rows{number}, i64 {len(rows)}, i64 {SLOT * len(types)}, "
            f"i64 {SLOT * len(results)})",
            f"  call void @show(i64 {number}, i64 {slots}, i64 {words})",
            "  call void @clear()",
            f"  call void @loop{number}(ptr @rows{number}, ptr @out)",
            f"  call void @show(i64 {number + 1}, i64 {slots}, i64 {words})"]

    def write_body(self, name: str, types: list[str], write, rows: int | None) -> list[Result]:
        operands = [f"%x{i}" for i in range(len(types))]
        body = Body(operands, "v")
        body.entry = "entry" if rows is None else "next"
        write(body)
        lines = [f"define internal void @{name}(ptr %in, ptr %to) noinline {{", "entry:"]
        at, to = "%in", "%to"
        if rows is not None:
            at, to = "%row", "%out"
            lines += ["  br label %next", "next:",
                      "  %i = phi i64 [ 0, %entry ], [ %more, %latch ]",
                      f"  %inoffset = mul i64 %i, {SLOT * len(types)}",
                      "  %row = getelementptr i8, ptr %in, i64 %inoffset",
                      f"  %outoffset = mul i64 %i, {SLOT * len(body.results)}",
                      "  %out = getelementptr i8, ptr %to, i64 %outoffset"]
        for i, (operand, type_name) in enumerate(zip(operands, types)):
            lines += [f"  %p{i} = getelementptr i8, ptr {at}, i64 {SLOT * i}",
                      f"  {operand} = load {type_name}, ptr %p{i}, align 16"]
        lines += body.lines
        for i, result in enumerate(body.results):
            lines += [f"  %to{i} = getelementptr i8, ptr {to}, i64 {SLOT * i}",
                      f"  store {result.type} {result.value}, ptr %to{i}, align 16"]
        if rows is None:
            lines += ["  ret void", "}"]
        else:
            lines += ["  br label %latch", "latch:", "  %more = add i64 %i, 1", f"  %end = icmp eq i64 %more, {rows}",
                      "  br i1 %end, label %done, label %next", "done:", "  ret void", "}"]
        self.text.append("\n".join(lines))
        return body.results

    def has_no_registers(self, name: str) -> bool:
        """Whether types occur in a function that no registers of the baseline compiler hold (Plan::partsOfType)."""
        function = next(text for text in self.text if re.search(rf"^define .*@{name}\(", text, re.MULTILINE))
        if re.search(r"\b(half|bfloat|fp128)\b", function) or any(int(w) > 128 for w in re.findall(r"\bi(\d+)\b", function)):
            return True
        for vector in set(re.findall(r"<\d+ x \w+>", function)):
            count, lane = vector[1:-1].split(" x ")
            bits = bits_of(lane)
            if not 2 <= int(count) <= 16 if bits == 1 else bits * int(count) > 128 or bits not in (8, 16, 32, 64):
                return True
        return False

    def source(self) -> str:
        return "\n".join([PRELUDE, *sorted(self.declarations), *self.text, "define i32 @main() {", *self.calls,
                          "  %flushed = call i32 @fflush(ptr null)", "  ret i32 0", "}", ""])


OUT_BYTES = 1 << 19
PRELUDE = f"""target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"
@out = internal global [{OUT_BYTES} x i8] zeroinitializer, align 16
@begin = internal constant [6 x i8] c"# %d\\0A\\00"
@word = internal constant [6 x i8] c"%lx%c\\00"
declare i32 @printf(ptr, ...)
declare i32 @fflush(ptr)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
define internal void @clear() noinline {{
  call void @llvm.memset.p0.i64(ptr @out, i8 0, i64 {OUT_BYTES}, i1 false)
  ret void
}}
define internal void @each(ptr %f, ptr %rows, i64 %count, i64 %instep, i64 %outstep) noinline {{
entry:
  br label %next
next:
  %i = phi i64 [ 0, %entry ], [ %more, %next ]
  %inoffset = mul i64 %i, %instep
  %outoffset = mul i64 %i, %outstep
  %in = getelementptr i8, ptr %rows, i64 %inoffset
  %to = getelementptr i8, ptr @out, i64 %outoffset
  call void %f(ptr %in, ptr %to)
  %more = add i64 %i, 1
  %end = icmp eq i64 %more, %count
  br i1 %end, label %done, label %next
done:
  ret void
}}
define internal void @show(i64 %test, i64 %slots, i64 %words) noinline {{
entry:
  %begun = call i32 (ptr, ...) @printf(ptr @begin, i64 %test)
  br label %slot
slot:
  %i = phi i64 [ 0, %entry ], [ %morei, %endslot ]
  %offset = mul i64 %i, {SLOT}
  %at = getelementptr i8, ptr @out, i64 %offset
  br label %word
word:
  %j = phi i64 [ 0, %slot ], [ %morej, %word ]
  %wordat = getelementptr i64, ptr %at, i64 %j
  %value = load i64, ptr %wordat, align 8
  %morej = add i64 %j, 1
  %endj = icmp eq i64 %morej, %words
  %after = select i1 %endj, i32 10, i32 32
  %printed = call i32 (ptr, ...) @printf(ptr @word, i64 %value, i32 %after)
  br i1 %endj, label %endslot, label %word
endslot:
  %morei = add i64 %i, 1
  %endi = icmp eq i64 %morei, %slots
  br i1 %endi, label %done, label %slot
done:
  ret void
}}"""

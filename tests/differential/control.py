"""Switches of all kinds, selects, phis."""

from program import Program
from values import int_constant, int_edges

SWITCHES = {
    "dense": (32, list(range(40))),
    "dense from far": (64, list(range((1 << 63) - 5, (1 << 63) + 20))),
    "sparse": (64, [3, 1 << 10, 1 << 20, 1 << 30, 1 << 40, 1 << 63, (1 << 64) - 1]),
    "around zero": (32, [(v & (1 << 32) - 1) for v in range(-9, 10)]),
    "negative": (16, [(v & 0xffff) for v in range(-30, -10)]),
    "with gaps": (32, [v * 3 for v in range(30)]),
    "two": (8, [0, 255]),
    "one": (64, [42]),
    "bytes": (8, list(range(0, 256, 2))),
    "bits": (1, [0, 1]),
    "seven bits": (7, [0, 1, 63, 64, 127]),
    "33 bits": (33, [0, 1, 1 << 32, (1 << 33) - 1, 77]),
}


def switches(program: Program) -> None:
    for name, (width, cases) in SWITCHES.items():
        t, ones = f"i{width}", (1 << width) - 1

        def write(body):
            a, = body.operands
            labels = [body.label() for _ in cases]
            # The third case leads where the default does, the fifth where the first does.
            targets = [labels[0] if i == 4 else label for i, label in enumerate(labels)]
            otherwise, join = body.label(), body.label()
            text = " ".join(f"{t} {int_constant(width, v)}, label %{otherwise if i == 2 else target}"
                            for i, (v, target) in enumerate(zip(cases, targets)))
            body.do(f"switch {t} {a}, label %{otherwise} [ {text} ]")
            incoming = []
            for i, label in enumerate(labels):
                if i in (2, 4):
                    continue
                body.block(label)
                value = body.let(f"add {t} {a}, {int_constant(width, i & ones)}")
                body.do(f"br label %{join}")
                incoming += [(f"[ {1000 + i}, %{label} ]", f"[ {value}, %{label} ]")]
            body.block(otherwise)
            body.do(f"br label %{join}")
            incoming.append((f"[ -1, %{otherwise} ]", f"[ {a}, %{otherwise} ]"))
            body.block(join)
            # Phis that one switch writes with constants and values.
            first = body.let("phi i32 " + ", ".join(pair[0] for pair in incoming))
            second = body.let(f"phi {t} " + ", ".join(pair[1] for pair in incoming))
            body.result("i32", first, "which case")
            body.result(t, second, "value of the case")
        near = {(v + d) & ones for v in cases for d in (-1, 0, 1)} | set(int_edges(width))
        program.test(f"switch, {name}", [t], [(v,) for v in sorted(near)], write)


def straight_to_join(program: Program) -> None:
    """Several cases that lead to the block of the phi at once."""
    def write(body):
        a, = body.operands
        here, join = body.label(), body.label()
        body.do(f"br label %{here}")
        body.block(here)
        body.do(f"switch i32 {a}, label %{join} [ i32 1, label %{join} i32 2, label %{join} i32 7, label %{join} ]")
        body.block(join)
        body.result("i32", body.let(f"phi i32 " + ", ".join([f"[ 5, %{here} ]"] * 4)), "phi")
    program.test("switch to one block", ["i32"], [(v,) for v in range(9)], write)


def phis(program: Program) -> None:
    """Moves on an edge that depend on each other: swaps, rotations, a value used again after its phi moved on."""
    def write(body):
        count, a, b, c = body.operands
        entry, loop, done = body.label(), body.label(), body.label()
        body.do(f"br label %{entry}")
        body.block(entry)
        body.do(f"br label %{loop}")
        body.block(loop)
        names = [body.name() for _ in range(9)]
        i, x, y, z, wide1, wide2, last, more, sum_ = names
        next_sum = body.name()
        wide = body.name()
        body.do(f"{i} = phi i64 [ 0, %{entry} ], [ {more}, %{loop} ]")
        body.do(f"{x} = phi i64 [ {a}, %{entry} ], [ {y}, %{loop} ]")
        body.do(f"{y} = phi i64 [ {b}, %{entry} ], [ {z}, %{loop} ]")
        body.do(f"{z} = phi i64 [ {c}, %{entry} ], [ {x}, %{loop} ]")
        body.do(f"{wide1} = phi i128 [ 5, %{entry} ], [ {wide2}, %{loop} ]")
        body.do(f"{wide2} = phi i128 [ -9, %{entry} ], [ {wide}, %{loop} ]")
        body.do(f"{last} = phi i64 [ -1, %{entry} ], [ {i}, %{loop} ]")
        body.do(f"{sum_} = phi i64 [ 0, %{entry} ], [ {next_sum}, %{loop} ]")
        scaled = body.let(f"mul i64 {x}, 3")
        body.do(f"{next_sum} = add i64 {sum_}, {scaled}")
        body.do(f"{wide} = mul i128 {wide1}, 1000003")
        body.do(f"{more} = add i64 {i}, 1")
        end = body.let(f"icmp uge i64 {more}, {count}")
        body.do(f"br i1 {end}, label %{done}, label %{loop}")
        body.block(done)
        for t, value, label in (("i64", x, "x"), ("i64", y, "y"), ("i64", z, "z"), ("i128", wide1, "wide 1"),
                                ("i128", wide2, "wide 2"), ("i64", last, "last"), ("i64", next_sum, "sum")):
            body.result(t, value, label)
    program.test("phis that move each other", ["i64"] * 4, [(n, n + 7, n * 5, 1 << 40) for n in range(1, 12)], write)


def constant_phis(program: Program) -> None:
    """More phis than registers, of narrow constants from one side, and what their extensions make of them."""
    widths = [1, 3, 8, 16, 31, 32]

    def write(body):
        flag, operand = body.operands
        here, other, join = body.label(), body.label(), body.label()
        narrow = {width: body.let(f"trunc i64 {operand} to i{width}") for width in widths}
        body.do(f"br label %{here}")
        body.block(here)
        body.do(f"br i1 {flag}, label %{join}, label %{other}")
        body.block(other)
        body.do(f"br label %{join}")
        body.block(join)
        phis = []
        for width in widths:
            for value in (1 << width) - 1, 1 << (width - 1), 0, (1 << (width - 1)) | 1, 1:
                constant = int_constant(width, value)
                phis.append((width, body.let(f"phi i{width} [ {constant}, %{here} ], [ {narrow[width]}, %{other} ]")))
        for width, phi in phis:
            for extension in ("zext", "sext"):
                body.result("i64", body.let(f"{extension} i{width} {phi} to i64"), f"{extension} i{width}")
    program.test("phis of narrow constants", ["i1", "i64"], [(f, v) for f in (0, 1) for v in int_edges(64)], write)


def selects(program: Program) -> None:
    for t, values in (("i1", (0, 1)), ("i8", (1, 255)), ("i33", (1, 1 << 32)), ("i64", (3, 1 << 63)), ("i129", (7, 1 << 128)),
                      ("double", (0x3ff0000000000000, 0x7ff8000000000000)), ("x86_fp80", (1, 2)), ("fp128", (1, 1 << 127))):
        def write(body):
            flag, a, b = body.operands
            body.result(t, body.let(f"select i1 {flag}, {t} {a}, {t} {b}"), "select", exact=True)
            negated = body.let(f"xor i1 {flag}, true")
            body.result(t, body.let(f"select i1 {negated}, {t} {a}, {t} {b}"), "select on the contrary", exact=True)
            if t.startswith("i"):
                body.result(t, body.let(f"select i1 {flag}, {t} {a}, {t} {int_constant(int(t[1:]), 1)}"), "select or constant")
                body.result(t, body.let(f"select i1 {flag}, {t} {int_constant(int(t[1:]), 0)}, {t} {b}"), "select constant or")
        program.test(f"{t} select", ["i1", t, t], [(f, *values) for f in (0, 1)], write)


def programs() -> list[Program]:
    program = Program("control")
    for family in (switches, straight_to_join, phis, constant_phis, selects):
        family(program)
    return [program]

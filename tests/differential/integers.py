"""Families of integer operations over all widths."""

from itertools import product

from program import Program
from values import INT_WIDTHS, int_constant, int_edges, signed

BINARY = ("add", "sub", "mul", "udiv", "sdiv", "urem", "srem", "shl", "lshr", "ashr", "and", "or", "xor")
SHIFTS = ("shl", "lshr", "ashr")
INTRINSICS = ("smax", "smin", "umax", "umin", "sadd.sat", "uadd.sat", "ssub.sat", "usub.sat", "sshl.sat", "ushl.sat")
OVERFLOW = ("sadd", "uadd", "ssub", "usub", "smul", "umul")
PREDICATES = ("eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge")
UNARY = ("ctpop", "ctlz", "cttz", "bitreverse", "bswap", "abs")


def shift_amounts(width: int) -> list[int]:
    return sorted({0, 1, width // 2, width - 1, min(63, width - 1), min(64, width - 1)} & set(range(width)))


def is_defined(op: str, width: int, a: int, b: int) -> bool:
    if op in SHIFTS or op in ("sshl.sat", "ushl.sat"):
        return b < width
    if op in ("udiv", "urem"):
        return b != 0
    if op in ("sdiv", "srem"):
        return b != 0 and not (signed(width, b) == -1 and a == 1 << (width - 1))
    return True


def right_edges(op: str, width: int) -> list[int]:
    return shift_amounts(width) if op in SHIFTS or "shl" in op else int_edges(width)


def some(values: list[int], count: int) -> list[int]:
    """Constants that are spread over the edges."""
    step = max(1, len(values) // count)
    return values[::step][:count]


def binary_test(program: Program, name: str, width: int, write_one) -> None:
    """The operation on two values, on a value and a constant, and the other way round."""
    lefts, rights = int_edges(width), right_edges(name, width)
    rows = [(a, b) for a, b in product(lefts, rights) if is_defined(name, width, a, b)]
    # LLVM 19 loses the middle word of the minimum of an i129 and the constant -1.
    wrong = {(1 << width) - 1} if width > 128 else set()
    # A constant has to do with every row.
    right_constants = some([b for b in rights if b not in wrong and all(is_defined(name, width, a, b) for a, _ in rows)], 4)
    left_constants = some([a for a in lefts if a not in wrong and all(is_defined(name, width, a, b) for _, b in rows)], 3)

    def write(body):
        a, b = body.operands
        write_one(body, a, b, "values")
        for constant in right_constants:
            text = int_constant(width, constant)
            write_one(body, a, text, f"value, constant {text}")
        for constant in left_constants:
            text = int_constant(width, constant)
            write_one(body, text, b, f"constant {text}, value")

    program.test(f"i{width} {name}", [f"i{width}"] * 2, rows, write)


def binary(program: Program, width: int) -> None:
    t = f"i{width}"
    for op in BINARY:
        def instruction(body, a, b, label, op=op):
            body.result(t, body.let(f"{op} {t} {a}, {b}"), f"{op} {label}")
        binary_test(program, op, width, instruction)
    for op in INTRINSICS:
        program.declare(f"{t} @llvm.{op}.{t}({t}, {t})")

        def intrinsic(body, a, b, label, op=op):
            body.result(t, body.let(f"call {t} @llvm.{op}.{t}({t} {a}, {t} {b})"), f"{op} {label}")
        binary_test(program, op, width, intrinsic)
    for op in OVERFLOW:
        if "mul" in op and width > 128:
            continue  # LLVM generates no code for it
        pair = f"{{ {t}, i1 }}"
        program.declare(f"{pair} @llvm.{op}.with.overflow.{t}({t}, {t})")

        def checked(body, a, b, label, op=op):
            both = body.let(f"call {pair} @llvm.{op}.with.overflow.{t}({t} {a}, {t} {b})")
            body.result(t, body.let(f"extractvalue {pair} {both}, 0"), f"{op}.with.overflow {label}, value")
            flag = body.let(f"extractvalue {pair} {both}, 1")
            body.result("i1", flag, f"{op}.with.overflow {label}, flag")
            body.result("i8", body.choose(flag), f"{op}.with.overflow {label}, branch on the flag")
            both = body.let(f"call {pair} @llvm.{op}.with.overflow.{t}({t} {a}, {t} {b})")
            value = body.let(f"extractvalue {pair} {both}, 0")
            way = body.choose(body.let(f"extractvalue {pair} {both}, 1"))
            body.result("i8", way, f"{op}.with.overflow {label}, only branched on")
            body.result(t, value, f"{op}.with.overflow {label}, value behind the branch")
        binary_test(program, op, width, checked)


def compare(program: Program, width: int) -> None:
    t = f"i{width}"
    for predicate in PREDICATES:
        def write(body, a, b, label, predicate=predicate):
            def compared():
                return body.let(f"icmp {predicate} {t} {a}, {b}")
            body.result("i8", body.let(f"zext i1 {compared()} to i8"), f"icmp {predicate} {label}")
            body.result("i64", body.let(f"sext i1 {compared()} to i64"), f"icmp {predicate} {label}, sext")
            body.result("i8", body.choose(compared()), f"icmp {predicate} {label}, branch")
            body.result(t, body.let(f"select i1 {compared()}, {t} {a}, {t} {b}"), f"icmp {predicate} {label}, select")
        binary_test(program, f"icmp {predicate}", width, write)
    if width <= 64:
        for op in ("scmp", "ucmp"):
            program.declare(f"i8 @llvm.{op}.i8.{t}({t}, {t})")

            def three_way(body, a, b, label, op=op):
                body.result("i8", body.let(f"call i8 @llvm.{op}.i8.{t}({t} {a}, {t} {b})"), f"{op} {label}")
            binary_test(program, op, width, three_way)


def unary(program: Program, width: int) -> None:
    t = f"i{width}"
    for op in UNARY:
        if op == "bswap" and width % 16:
            continue
        flagged = op in ("ctlz", "cttz", "abs")
        program.declare(f"{t} @llvm.{op}.{t}({t}{', i1' if flagged else ''})")

        def write(body):
            a, = body.operands
            body.result(t, body.let(f"call {t} @llvm.{op}.{t}({t} {a}{', i1 false' if flagged else ''})"), op)
            constant = int_constant(width, int_edges(width)[-1])
            body.result(t, body.let(f"call {t} @llvm.{op}.{t}({t} {constant}{', i1 false' if flagged else ''})"),
                        f"{op} of the constant {constant}")
        program.test(f"{t} {op}", [t], [(a,) for a in int_edges(width)], write)


def funnel(program: Program, width: int) -> None:
    if width > 128:
        return  # LLVM generates no code for it
    t = f"i{width}"
    for op in ("fshl", "fshr"):
        program.declare(f"{t} @llvm.{op}.{t}({t}, {t}, {t})")
        amounts = shift_amounts(width) + [value for value in (width, width + 1, (1 << width) - 1) if value < 1 << width]
        rows = [(a, b, c) for a, b in product(some(int_edges(width), 5), some(int_edges(width)[1:], 3)) for c in amounts]

        def write(body):
            a, b, c = body.operands
            body.result(t, body.let(f"call {t} @llvm.{op}.{t}({t} {a}, {t} {b}, {t} {c})"), f"{op} of values")
            body.result(t, body.let(f"call {t} @llvm.{op}.{t}({t} {a}, {t} {a}, {t} {c})"), f"{op}, rotation")
            for amount in some(amounts, 3):
                text = int_constant(width, amount)
                body.result(t, body.let(f"call {t} @llvm.{op}.{t}({t} {a}, {t} {b}, {t} {text})"), f"{op} by {text}")
                body.result(t, body.let(f"call {t} @llvm.{op}.{t}({t} {a}, {t} {a}, {t} {text})"), f"{op}, rotation by {text}")
        program.test(f"{t} {op}", [t] * 3, rows, write)


def casts(program: Program, width: int) -> None:
    t = f"i{width}"
    rows = [(a,) for a in int_edges(width)]
    for other in INT_WIDTHS:
        def write(body, other=other):
            a, = body.operands
            if other < width:
                narrow = body.let(f"trunc {t} {a} to i{other}")
                body.result(f"i{other}", narrow, f"trunc to i{other}")
                body.result(t, body.let(f"sext i{other} {narrow} to {t}"), f"trunc to i{other}, sext back")
                body.result(t, body.let(f"zext i{other} {narrow} to {t}"), f"trunc to i{other}, zext back")
            elif other > width:
                body.result(f"i{other}", body.let(f"sext {t} {a} to i{other}"), f"sext to i{other}")
                body.result(f"i{other}", body.let(f"zext {t} {a} to i{other}"), f"zext to i{other}")
            else:
                body.result(t, body.let(f"freeze {t} {a}"), "freeze")
        program.test(f"{t} and i{other}", [t], rows, write)


def programs() -> list[Program]:
    out = []
    for width in INT_WIDTHS:
        program = Program(f"integers_{width}")
        for family in (binary, compare, unary, funnel, casts):
            family(program, width)
        out.append(program)
    return out

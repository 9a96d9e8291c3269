"""Families of floating-point operations, and conversions between all formats and integers."""

from fractions import Fraction
from itertools import product

from program import Program
from values import FORMATS, INT_WIDTHS, encode, float_constant, float_edges, format_bits, special, value_of

PREDICATES = ("oeq", "one", "olt", "ole", "ogt", "oge", "ord", "ueq", "une", "ult", "ule", "ugt", "uge", "uno", "true", "false")
UNARY = ("sqrt", "floor", "ceil", "trunc", "rint", "nearbyint", "round", "roundeven")
NATIVE = ("float", "double", "x86_fp80")  # what x86-64 has instructions for
SUFFIX = {"half": "f16", "float": "f32", "double": "f64", "x86_fp80": "f80", "fp128": "f128"}


def arithmetic(program: Program, t: str) -> None:
    edges = float_edges(t, few=True)
    constants = [float_constant(t, encode(t, Fraction(5, 2))), float_constant(t, 0), float_constant(t, special(t)["inf"])]
    # frem of fp128 has no function to call everywhere.
    for op in ("fadd", "fsub", "fmul", "fdiv") + (("frem",) if t != "fp128" else ()):
        def write(body):
            a, b = body.operands
            body.result(t, body.let(f"{op} {t} {a}, {b}"), op)
            for constant in constants:
                body.result(t, body.let(f"{op} {t} {a}, {constant}"), f"{op} value, {constant}")
                body.result(t, body.let(f"{op} {t} {constant}, {a}"), f"{op} {constant}, value")
        program.test(f"{t} {op}", [t] * 2, list(product(edges, edges)), write)
    suffix = SUFFIX[t]
    program.declare(f"{t} @llvm.copysign.{suffix}({t}, {t})")
    program.declare(f"{t} @llvm.fabs.{suffix}({t})")

    def signs(body):
        a, b = body.operands
        body.result(t, body.let(f"fneg {t} {a}"), "fneg", exact=True)
        body.result(t, body.let(f"call {t} @llvm.fabs.{suffix}({t} {a})"), "fabs", exact=True)
        body.result(t, body.let(f"call {t} @llvm.copysign.{suffix}({t} {a}, {t} {b})"), "copysign", exact=True)
        number = f"i{format_bits(t)}"
        body.result(number, body.let(f"bitcast {t} {a} to {number}"), "bitcast", exact=True)
    program.test(f"{t} signs", [t] * 2, list(product(edges, edges)), signs)


def rounding(program: Program, t: str) -> None:
    if t in ("half", "fp128"):
        return
    suffix = SUFFIX[t]
    halves = [encode(t, Fraction(n, 2)) for n in range(-7, 8)] + [encode(t, 2 ** 22 + Fraction(1, 2))]

    def write(body):
        a, = body.operands
        for op in UNARY:
            # roundeven is in no libm that this may be linked with.
            if op == "roundeven" and t == "x86_fp80":
                continue
            program.declare(f"{t} @llvm.{op}.{suffix}({t})")
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a})"), op)
    program.test(f"{t} rounding", [t], [(a,) for a in float_edges(t) + halves], write)

    def extremes(body):
        a, b = body.operands
        for op in ("minnum", "maxnum"):
            program.declare(f"{t} @llvm.{op}.{suffix}({t}, {t})")
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a}, {t} {b})"), op)
    # Which zero comes out of zeros of both signs is open.
    zeros = (0, encode(t, 0) | 1 << (format_bits(t) - 1))
    rows = [(a, b) for a, b in product(float_edges(t, few=True), repeat=2) if not (a in zeros and b in zeros and a != b)]
    program.test(f"{t} minnum and maxnum", [t] * 2, rows, extremes)

    def fused(body):
        a, b, c = body.operands
        program.declare(f"{t} @llvm.fma.{suffix}({t}, {t}, {t})")
        body.result(t, body.let(f"call {t} @llvm.fma.{suffix}({t} {a}, {t} {b}, {t} {c})"), "fma")
    few = float_edges(t, few=True)[1:8]
    program.test(f"{t} fma", [t] * 3, list(product(few, few, few[:3])), fused)


def compare(program: Program, t: str) -> None:
    edges = float_edges(t, few=True)
    constant = float_constant(t, encode(t, Fraction(5, 2)))
    for predicate in PREDICATES:
        def write(body):
            a, b = body.operands
            for left, right, label in ((a, b, "values"), (a, constant, "value, constant"), (constant, b, "constant, value")):
                def compared():
                    return body.let(f"fcmp {predicate} {t} {left}, {right}")
                body.result("i8", body.let(f"zext i1 {compared()} to i8"), f"fcmp {predicate} {label}")
                body.result("i8", body.choose(compared()), f"fcmp {predicate} {label}, branch")
                body.result(t, body.let(f"select i1 {compared()}, {t} {left}, {t} {right}"),
                            f"fcmp {predicate} {label}, select", exact=True)
        program.test(f"{t} fcmp {predicate}", [t] * 2, list(product(edges, edges)), write)


def choose(program: Program, t: str) -> None:
    """Selects by comparisons, each with one use: of their operands, the other way round, of others, of integers."""
    edges = float_edges(t, few=True)
    rows = list(product(edges, edges))
    one, two = float_constant(t, encode(t, 1)), float_constant(t, encode(t, 2))

    def write(body):
        a, b = body.operands
        number = body.let(f"bitcast {t} {a} to i{format_bits(t)}")
        word = body.let(f"trunc i{format_bits(t)} {number} to i16")
        for predicate in PREDICATES:
            def by(text):
                return body.let(f"select i1 {body.let(f'fcmp {predicate} {t} {a}, {b}')}, {text}")
            body.result(t, by(f"{t} {b}, {t} {a}"), f"fcmp {predicate}, select of the other", exact=True)
            body.result(t, by(f"{t} {one}, {t} {two}"), f"fcmp {predicate}, select of constants", exact=True)
            body.result(t, by(f"{t} {a}, {t} {one}"), f"fcmp {predicate}, select of value and constant", exact=True)
            body.result("i16", by(f"i16 {word}, i16 77"), f"fcmp {predicate}, select of integer and constant")
            body.result("i16", by(f"i16 -77, i16 {word}"), f"fcmp {predicate}, select of constant and integer")
        less = body.let(f"icmp slt i16 {word}, 3")
        body.result(t, body.let(f"select i1 {less}, {t} {a}, {t} {b}"), "icmp, select", exact=True)
    program.test(f"{t} choices", [t] * 2, rows, write)


def from_memory(program: Program, t: str) -> None:
    """Operands that are loaded for one use: code may take them from memory."""
    edges = float_edges(t, few=True)
    suffix = SUFFIX[t]
    place = f"@cell.{suffix}"
    program.text.append(f"{place} = internal global [2 x {t}] zeroinitializer, align 16")
    second = f"getelementptr ([2 x {t}], ptr {place}, i64 0, i64 1)"
    program.declare(f"{t} @llvm.fmuladd.{suffix}({t}, {t}, {t})")

    def write(body):
        a, b = body.operands
        body.do(f"store {t} {a}, ptr {place}, align 16")
        body.do(f"store {t} {b}, ptr {second}, align 1")

        def loaded(at=place):
            return body.let(f"load {t}, ptr {at}, align 1")
        for op in ("fadd", "fsub", "fmul", "fdiv"):
            left = loaded()
            body.result(t, body.let(f"{op} {t} {left}, {b}"), f"{op} loaded, value")
            right = loaded(second)
            body.result(t, body.let(f"{op} {t} {a}, {right}"), f"{op} value, loaded")
            left, right = loaded(), loaded(second)
            body.result(t, body.let(f"{op} {t} {left}, {right}"), f"{op} loaded, loaded")
        for i in range(3):
            operands = [a, b, a]
            operands[i] = loaded(second)
            text = ", ".join(f"{t} {operand}" for operand in operands)
            body.result(t, body.let(f"call {t} @llvm.fmuladd.{suffix}({text})"), f"fmuladd, operand {i} loaded")
        for predicate in PREDICATES:
            left = loaded()
            compared = body.let(f"fcmp {predicate} {t} {left}, {b}")
            body.result("i8", body.choose(compared), f"fcmp {predicate} loaded, value, branch")
            right = loaded(second)
            compared = body.let(f"fcmp {predicate} {t} {a}, {right}")
            body.result("i8", body.choose(compared), f"fcmp {predicate} value, loaded, branch")
    program.test(f"{t} from memory", [t] * 2, list(product(edges, edges)), write)


FUNCTIONS = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "exp2", "exp10", "log", "log2", "log10")


def library(program: Program, t: str) -> None:
    """What is, or may be, a function of the C library: the same one in native code."""
    suffix = SUFFIX[t]
    numbers = [encode(t, n) for n in (0, 1, -1, Fraction(1, 2), Fraction(-3, 4), Fraction(5, 2), 10, -10, Fraction(1, 2 ** 20))]
    numbers += [special(t)["nan"], special(t)["inf"]]

    def one(body):
        a, = body.operands
        for function in FUNCTIONS:
            program.declare(f"{t} @llvm.{function}.{suffix}({t})")
            body.result(t, body.let(f"call {t} @llvm.{function}.{suffix}({t} {a})"), function)
        program.declare(f"{{ {t}, i32 }} @llvm.frexp.{suffix}.i32({t})")
        split = body.let(f"call {{ {t}, i32 }} @llvm.frexp.{suffix}.i32({t} {a})")
        body.result(t, body.let(f"extractvalue {{ {t}, i32 }} {split}, 0"), "frexp")
        # Of what is not finite the exponent is unspecified.
        exponent = body.let(f"extractvalue {{ {t}, i32 }} {split}, 1")
        finite = body.let(f"fcmp ord {t} {body.let(f'fsub {t} {a}, {a}')}, {a}")
        body.result("i32", body.let(f"select i1 {finite}, i32 {exponent}, i32 0"), "frexp, exponent")
    program.test(f"{t} functions", [t], [(a,) for a in numbers], one)

    def two(body):
        a, b, n = body.operands
        for name, signature, arguments in (("pow", f"{suffix}({t}, {t})", f"{t} {a}, {t} {b}"),
                                           ("powi", f"{suffix}.i32({t}, i32)", f"{t} {a}, i32 {n}"),
                                           ("ldexp", f"{suffix}.i32({t}, i32)", f"{t} {a}, i32 {n}")):
            program.declare(f"{t} @llvm.{name}.{signature}")
            body.result(t, body.let(f"call {t} @llvm.{name}.{signature.split('(')[0]}({arguments})"), name)
        # Values that live across the calls.
        body.result(t, body.let(f"fadd {t} {a}, {b}"), "fadd behind calls")
    program.test(f"{t} powers", [t, t, "i32"], list(product(numbers, numbers, (0, 1, 3, 0xfffffffe))), two)

    def integers(body):
        a, = body.operands
        for function in ("lround", "llround", "lrint", "llrint"):
            program.declare(f"i64 @llvm.{function}.i64.{suffix}({t})")
            body.result("i64", body.let(f"call i64 @llvm.{function}.i64.{suffix}({t} {a})"), function)
    program.test(f"{t} to the nearest integer", [t],
                 [(encode(t, Fraction(n, 2)),) for n in (*range(-9, 10), 2 ** 31 - 1, -2 ** 32 + 1, 2 ** 62)], integers)

    if t == "x86_fp80":  # no code for it in LLVM 19
        return

    def extremes(body):
        a, b = body.operands
        for function in ("minimum", "maximum"):
            program.declare(f"{t} @llvm.{function}.{suffix}({t}, {t})")
            body.result(t, body.let(f"call {t} @llvm.{function}.{suffix}({t} {a}, {t} {b})"), function)
    program.test(f"{t} minimum and maximum", [t] * 2, list(product(float_edges(t, few=True), repeat=2)), extremes)


def classify(program: Program, t: str) -> None:
    suffix = SUFFIX[t]
    program.declare(f"i1 @llvm.is.fpclass.{suffix}({t}, i32 immarg)")

    def write(body):
        a, = body.operands
        for mask in (*(1 << i for i in range(2, 10)), 0x3, 0x1f8, 0x204):
            body.result("i1", body.let(f"call i1 @llvm.is.fpclass.{suffix}({t} {a}, i32 {mask})"), f"is.fpclass {mask:#x}")
    program.test(f"{t} is.fpclass", [t], [(a,) for a in float_edges(t)], write)


def to_integers(program: Program, t: str) -> None:
    for width in (8, 16, 32, 33, 64, 128) if t != "half" else (8, 16, 32, 64):
        numbers = [Fraction(n, 4) for n in range(-9, 10)]
        numbers += [Fraction(2 ** k + d, 2) for k in range(4, width + 1, 7) for d in (-1, 0, 1)]
        for op, low, high in (("fptoui", -1, 2 ** width), ("fptosi", -2 ** (width - 1) - 1, 2 ** (width - 1))):
            # Out of range is poison; what rounding makes of a number decides.
            patterns = [encode(t, sign * n) for n in numbers for sign in (1, -1)]
            rows = [(a,) for a in dict.fromkeys(patterns) if value_of(t, a) is not None and low < value_of(t, a) < high]

            def write(body):
                a, = body.operands
                body.result(f"i{width}", body.let(f"{op} {t} {a} to i{width}"), op)
            program.test(f"{t} {op} to i{width}", [t], rows, write)
    if t == "fp128":
        return

    def saturate(body):
        a, = body.operands
        for width in (1, 8, 16, 32, 33, 64, 128):
            for op in ("fptosi", "fptoui"):
                program.declare(f"i{width} @llvm.{op}.sat.i{width}.{SUFFIX[t]}({t})")
                body.result(f"i{width}", body.let(f"call i{width} @llvm.{op}.sat.i{width}.{SUFFIX[t]}({t} {a})"), f"{op}.sat")
    big = [encode(t, sign * (2 ** k + d)) for k in (7, 8, 15, 31, 32, 63, 64, 127) for d in (-1, 0, 1) for sign in (1, -1)]
    edges = float_edges(t)
    if t == "half":
        # LLVM 19 at -O3 makes INT16_MIN of a NaN when it vectorises this for AVX-512.
        edges.remove(special(t)["nan"])
    program.test(f"{t} saturating conversions", [t], [(a,) for a in dict.fromkeys(edges + big)], saturate)


def from_integers(program: Program, t: str) -> None:
    for width in (width for width in INT_WIDTHS if width <= 128):
        ones = (1 << width) - 1
        fraction = FORMATS[t][1]
        # Around the numbers of bits at which rounding begins.
        ties = [v & ones for k in (fraction, fraction + 1, fraction + 2, 31, 63, 64) for d in (-1, 0, 1, 3)
                for v in ((1 << k) + d, -(1 << k) + d)]
        rows = [(a,) for a in dict.fromkeys([0, 1 & ones, ones, ones >> 1, 1 << (width - 1), *ties])]

        def write(body):
            a, = body.operands
            for op in ("sitofp", "uitofp"):
                body.result(t, body.let(f"{op} i{width} {a} to {t}"), op)
        program.test(f"i{width} to {t}", [f"i{width}"], rows, write)


def between(program: Program, t: str) -> None:
    def to(formats):
        def write(body):
            a, = body.operands
            for other in formats:
                if format_bits(other) < format_bits(t):
                    body.result(other, body.let(f"fptrunc {t} {a} to {other}"), f"fptrunc to {other}")
                elif format_bits(other) > format_bits(t):
                    body.result(other, body.let(f"fpext {t} {a} to {other}"), f"fpext to {other}")
        return write
    edges = float_edges(t)
    for other in FORMATS:
        if format_bits(other) < format_bits(t):
            # At the edges of the narrower format, and halfway between its numbers.
            of = special(other)
            for bits in (of["smallest"], of["largest subnormal"], of["least normal"], of["largest"], encode(other, 1) + 1):
                number = value_of(other, bits)
                edges += [encode(t, n) for n in (number, number / 2, number * (1 + Fraction(1, 2 ** (FORMATS[other][1] + 1))),
                                                 -number)]
    rows = [(a,) for a in dict.fromkeys(edges)]
    program.test(f"{t} to native formats", [t], rows, to([other for other in NATIVE if other != t]))
    program.test(f"{t} to other formats", [t], rows, to([other for other in FORMATS if other not in (*NATIVE, t)]))


def programs() -> list[Program]:
    out = []
    for t in FORMATS:
        program = Program(f"floats_{t}")
        for family in (arithmetic, rounding, compare, classify, to_integers, from_integers, between):
            family(program, t)
        if t in NATIVE:
            for family in (choose, from_memory, library):
                family(program, t)
        out.append(program)
    return out

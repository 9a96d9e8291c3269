"""Vectors: arithmetic by lane, comparisons, lanes by constant and variable index, shuffles, casts, reductions; structs."""

from program import Program, bits_of
from values import float_edges, int_edges

INT_VECTORS = ((16, 8), (8, 16), (4, 32), (3, 32), (2, 64), (4, 64), (2, 128), (5, 8))
FLOAT_VECTORS = ((4, "float"), (3, "float"), (2, "double"), (4, "double"))


def lanes(count: int, width: int, values: list[int], at: int) -> int:
    return sum(values[(at + i) % len(values)] << width * i for i in range(count))


def rows_of(count: int, width: int, lefts: list[int], rights: list[int]) -> list[tuple[int, int]]:
    return [(lanes(count, width, lefts, i), lanes(count, width, rights, i * (1 + j) + j))
            for i in range(len(lefts)) for j in range(3)]


def integers(program: Program, count: int, width: int) -> None:
    t = f"<{count} x i{width}>"
    suffix = f"v{count}i{width}"
    edges = int_edges(width)
    constant = "<" + ", ".join(f"i{width} {3 + 2 * i}" for i in range(count)) + ">"

    def arithmetic(body):
        a, b = body.operands
        for op in ("add", "sub", "mul", "and", "or", "xor"):
            body.result(t, body.let(f"{op} {t} {a}, {b}"), op)
            body.result(t, body.let(f"{op} {t} {a}, {constant}"), f"{op} constant")
            body.result(t, body.let(f"{op} {t} {constant}, {a}"), f"{op} of a constant")
        odd = body.let(f"or {t} {b}, {constant}")
        for op in ("udiv", "urem"):
            body.result(t, body.let(f"{op} {t} {a}, {odd}"), op)
        amount = body.let(f"and {t} {b}, <" + ", ".join([f"i{width} {width - 1}"] * count) + ">")
        for op in ("shl", "lshr", "ashr"):
            body.result(t, body.let(f"{op} {t} {a}, {amount}"), op)
            body.result(t, body.let(f"{op} {t} {a}, <" + ", ".join(f"i{width} {i % width}" for i in range(count)) + ">"),
                        f"{op} by constants")
        for op in ("smax", "umin", "sadd.sat", "usub.sat"):
            program.declare(f"{t} @llvm.{op}.{suffix}({t}, {t})")
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a}, {t} {b})"), op)
        for op in ("ctpop", "bitreverse"):
            program.declare(f"{t} @llvm.{op}.{suffix}({t})")
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a})"), op)
        program.declare(f"{t} @llvm.fshl.{suffix}({t}, {t}, {t})")
        body.result(t, body.let(f"call {t} @llvm.fshl.{suffix}({t} {a}, {t} {b}, {t} {amount})"), "fshl")
    program.test(f"{t} arithmetic", [t, t], rows_of(count, width, edges, edges[2:] + edges[:2]), arithmetic)

    def compare(body):
        a, b = body.operands
        for predicate in ("eq", "ne", "ult", "sge"):
            condition = body.let(f"icmp {predicate} {t} {a}, {b}")
            body.result(t, body.let(f"sext <{count} x i1> {condition} to {t}"), f"icmp {predicate}, sext")
            body.result(t, body.let(f"select <{count} x i1> {condition}, {t} {a}, {t} {b}"), f"icmp {predicate}, select")
            body.result(f"i{count}", body.let(f"bitcast <{count} x i1> {condition} to i{count}"), f"icmp {predicate}, as bits")
            body.result("i1", body.let(f"extractelement <{count} x i1> {condition}, i32 {count - 1}"), f"icmp {predicate}, lane")
    program.test(f"{t} comparisons", [t, t], rows_of(count, width, edges, edges[1:] + edges[:1]), compare)

    def shapes(body):
        a, b, index = body.operands
        lane = body.let(f"extractelement {t} {a}, i64 {index}")
        body.result(f"i{width}", lane, "extractelement, variable index")
        body.result(f"i{width}", body.let(f"extractelement {t} {b}, i32 {count - 1}"), "extractelement")
        body.result(t, body.let(f"insertelement {t} {b}, i{width} {lane}, i64 {index}"), "insertelement, variable index")
        body.result(t, body.let(f"insertelement {t} {b}, i{width} {lane}, i32 0"), "insertelement")
        body.result(t, body.let(f"insertelement {t} {constant}, i{width} {lane}, i64 {index}"), "insertelement into a constant")
        body.result(f"i{width}", body.let(f"extractelement {t} {constant}, i64 {index}"), "extractelement of a constant")
        for mask, label in ((range(count - 1, -1, -1), "reversed"), ([0] * count, "splat"),
                            ([i + (count if i % 2 else 0) for i in range(count)], "blend"), (range(1, 1 + count), "rotation")):
            text = ", ".join(f"i32 {i}" for i in mask)
            body.result(t, body.let(f"shufflevector {t} {a}, {t} {b}, <{count} x i32> <{text}>"), f"shufflevector, {label}")
        body.result(f"<2 x i{width}>", body.let(f"shufflevector {t} {a}, {t} {b}, <2 x i32> <i32 {count}, i32 1>"),
                    "shufflevector, narrower")
        total = bits_of(t)
        body.result(f"i{total}", body.let(f"bitcast {t} {a} to i{total}"), "bitcast to an integer")
        if total % 64 == 0 and total > 64:
            body.result(f"<{total // 64} x i64>", body.let(f"bitcast {t} {a} to <{total // 64} x i64>"), "bitcast to i64 lanes")
            body.result(f"<{total // 8} x i8>", body.let(f"bitcast {t} {a} to <{total // 8} x i8>"), "bitcast to i8 lanes")
    program.test(f"{t} lanes", [t, t, "i64"], [(a, b, i) for i in range(count) for a, b in rows_of(count, width, edges, edges)[::5]],
                 shapes)

    def reduce(body):
        a, b = body.operands
        for op in ("add", "mul", "and", "or", "xor", "smax", "smin", "umax", "umin"):
            program.declare(f"i{width} @llvm.vector.reduce.{op}.{suffix}({t})")
            body.result(f"i{width}", body.let(f"call i{width} @llvm.vector.reduce.{op}.{suffix}({t} {a})"), f"reduce.{op}")
        wide = f"<{count} x i{min(128, 2 * width)}>"
        if count * min(128, 2 * width) <= 256 and width < 128:
            body.result(wide, body.let(f"sext {t} {b} to {wide}"), "sext of lanes")
            body.result(wide, body.let(f"zext {t} {b} to {wide}"), "zext of lanes")
        if width > 8:
            narrow = f"<{count} x i{width // 2}>"
            body.result(narrow, body.let(f"trunc {t} {a} to {narrow}"), "trunc of lanes")
    program.test(f"{t} reductions and casts", [t, t], rows_of(count, width, edges, edges), reduce)


def floats(program: Program, count: int, lane: str) -> None:
    t, width = f"<{count} x {lane}>", bits_of(lane)
    edges = float_edges(lane, few=True)
    rows = rows_of(count, width, edges, edges[3:] + edges[:3])

    def each_lane(body, vector, label, exact=False):
        for i in range(count):
            body.result(lane, body.let(f"extractelement {t} {vector}, i32 {i}"), f"{label}, lane {i}", exact)

    def arithmetic(body):
        a, b = body.operands
        for op in ("fadd", "fsub", "fmul", "fdiv"):
            each_lane(body, body.let(f"{op} {t} {a}, {b}"), op)
        each_lane(body, body.let(f"fneg {t} {a}"), "fneg", exact=True)
        for op in ("fabs", "sqrt", "floor"):
            name = f"@llvm.{op}.v{count}f{width}"
            program.declare(f"{t} {name}({t})")
            each_lane(body, body.let(f"call {t} {name}({t} {a})"), op)
    program.test(f"{t} arithmetic", [t, t], rows, arithmetic)

    def compare(body):
        a, b = body.operands
        for predicate in ("oeq", "une", "olt", "uge", "ord"):
            condition = body.let(f"fcmp {predicate} {t} {a}, {b}")
            wide = f"<{count} x i{width}>"
            body.result(wide, body.let(f"sext <{count} x i1> {condition} to {wide}"), f"fcmp {predicate}")
            each_lane(body, body.let(f"select <{count} x i1> {condition}, {t} {a}, {t} {b}"), f"fcmp {predicate}, select", True)
    program.test(f"{t} comparisons", [t, t], rows, compare)

    def reduce(body):
        a, b = body.operands
        start = body.let(f"extractelement {t} {b}, i32 0")
        for op in ("fadd", "fmul"):
            name = f"@llvm.vector.reduce.{op}.v{count}f{width}"
            program.declare(f"{lane} {name}({lane}, {t})")
            body.result(lane, body.let(f"call {lane} {name}({lane} {start}, {t} {a})"), f"reduce.{op} in order")
    program.test(f"{t} reductions", [t, t], rows, reduce)


def structs(program: Program) -> None:
    t = "{ i8, { i64, float }, [2 x i33], i128 }"
    program.text.append(f"""
define internal {t} @make_struct({t} %x, i33 %lane) noinline {{
  %old = extractvalue {t} %x, 2, 1
  %swapped = insertvalue {t} %x, i33 %old, 2, 0
  %y = insertvalue {t} %swapped, i33 %lane, 2, 1
  ret {t} %y
}}""")

    def write(body):
        a, b, c, d = body.operands
        value = body.let(f"insertvalue {t} undef, i8 {a}, 0")
        for element, index in ((f"i64 {b}", "1, 0"), ("float 0x4004000000000000", "1, 1"), (f"i33 {c}", "2, 0"), ("i33 -7", "2, 1"),
                               (f"i128 {d}", "3")):
            value = body.let(f"insertvalue {t} {value}, {element}, {index}")
        inner = body.let(f"extractvalue {t} {value}, 1")
        array = body.let(f"extractvalue {t} {value}, 2")
        other = body.let(f"call {t} @make_struct({t} {value}, i33 {c})")
        memory = body.let(f"load {t}, ptr @struct_place")
        body.do(f"store {t} {other}, ptr @struct_place")
        again = body.let(f"load {t}, ptr @struct_place")
        yes = body.let(f"icmp ult i8 {a}, 100")
        chosen = body.let(f"select i1 {yes}, {t} {value}, {t} {again}")
        for source, label in ((value, "inserted"), (other, "returned"), (again, "loaded"), (chosen, "selected"), (memory, "before")):
            for kind, index in (("i8", "0"), ("i64", "1, 0"), ("float", "1, 1"), ("i33", "2, 0"), ("i33", "2, 1"), ("i128", "3")):
                body.result(kind, body.let(f"extractvalue {t} {source}, {index}"), f"{label}: element {index}")
        body.result("i64", body.let(f"extractvalue {{ i64, float }} {inner}, 0"), "inner struct")
        body.result("i33", body.let(f"extractvalue [2 x i33] {array}, 1"), "inner array")
    program.text.append(f"@struct_place = internal global {t} zeroinitializer")
    # Each form begins with what the one before left: both end with the same row and so do natively.
    program.test("structs", ["i8", "i64", "i33", "i128"], list(zip(int_edges(8), int_edges(64), int_edges(33), int_edges(128))), write)


def programs() -> list[Program]:
    out = []
    for count, width in INT_VECTORS:
        program = Program(f"vectors_{count}xi{width}")
        integers(program, count, width)
        out.append(program)
    program = Program("vectors_float")
    for count, lane in FLOAT_VECTORS:
        floats(program, count, lane)
    out.append(program)
    program = Program("structs")
    structs(program)
    return [*out, program]

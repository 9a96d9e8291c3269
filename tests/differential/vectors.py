"""Vectors: arithmetic by lane, comparisons, lanes by constant and variable index, shuffles, casts, reductions; structs."""

from fractions import Fraction

from program import Program, bits_of
from values import encode, float_edges, int_edges

INT_VECTORS = ((16, 8), (8, 16), (4, 32), (3, 32), (2, 64), (4, 64), (2, 128), (5, 8), (8, 8), (4, 16), (2, 32), (2, 8), (4, 8),
               (6, 16), (3, 16))
FLOAT_VECTORS = ((4, "float"), (3, "float"), (2, "float"), (2, "double"), (4, "double"))
MASK_COUNTS = (2, 3, 4, 8, 16)
PREDICATES = ("eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge")
FLOAT_PREDICATES = ("false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord", "uno", "ueq", "ugt", "uge", "ult", "ule", "une", "true")


def is_whole(count: int, width: int) -> bool:
    """Whether a register holds such a vector in a call."""
    return count & (count - 1) == 0 or width * (1 << count.bit_length()) == 128


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
        # Positive, so that nothing overflows.
        positive = body.let(f"lshr {t} {odd}, <" + ", ".join([f"i{width} 1"] * count) + ">")
        positive = body.let(f"or {t} {positive}, <" + ", ".join([f"i{width} 1"] * count) + ">")
        for op in ("sdiv", "srem"):
            body.result(t, body.let(f"{op} {t} {a}, {positive}"), op)
        amount = body.let(f"and {t} {b}, <" + ", ".join([f"i{width} {width - 1}"] * count) + ">")
        for op in ("shl", "lshr", "ashr"):
            body.result(t, body.let(f"{op} {t} {a}, {amount}"), op)
            body.result(t, body.let(f"{op} {t} {a}, <" + ", ".join(f"i{width} {i % width}" for i in range(count)) + ">"),
                        f"{op} by constants")
            for by in (1, width // 2, width - 1):
                body.result(t, body.let(f"{op} {t} {a}, <" + ", ".join([f"i{width} {by}"] * count) + ">"), f"{op} by {by}")
        for op in ("smax", "smin", "umax", "umin", "sadd.sat", "uadd.sat", "ssub.sat", "usub.sat"):
            program.declare(f"{t} @llvm.{op}.{suffix}({t}, {t})")
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a}, {t} {b})"), op)
        for op in ("sshl.sat", "ushl.sat"):
            program.declare(f"{t} @llvm.{op}.{suffix}({t}, {t})")
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a}, {t} {amount})"), op)
        for op in ("ctpop", "bitreverse", *(["bswap"] if width > 8 else [])):
            program.declare(f"{t} @llvm.{op}.{suffix}({t})")
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a})"), op)
        for op in ("ctlz", "cttz", "abs"):
            program.declare(f"{t} @llvm.{op}.{suffix}({t}, i1)")
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a}, i1 false)"), op)
        for op in ("fshl", "fshr"):
            program.declare(f"{t} @llvm.{op}.{suffix}({t}, {t}, {t})")
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a}, {t} {b}, {t} {amount})"), op)
            by = "<" + ", ".join([f"i{width} 3"] * count) + ">"
            body.result(t, body.let(f"call {t} @llvm.{op}.{suffix}({t} {a}, {t} {b}, {t} {by})"), f"{op} by 3")
    program.test(f"{t} arithmetic", [t, t], rows_of(count, width, edges, edges[2:] + edges[:2]), arithmetic)

    def compare(body):
        a, b = body.operands
        for predicate in PREDICATES:
            condition = body.let(f"icmp {predicate} {t} {a}, {b}")
            body.result(t, body.let(f"zext <{count} x i1> {condition} to {t}"), f"icmp {predicate}, zext")
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
    program.test(f"{t} reductions", [t, t], rows_of(count, width, edges, edges), reduce)

    for other in (8, 16, 32, 64, 128):
        if other == width or count * other > 256:
            continue

        def resize(body, other=other):
            a, b = body.operands
            target = f"<{count} x i{other}>"
            for op in ("trunc",) if other < width else ("sext", "zext"):
                body.result(target, body.let(f"{op} {t} {a} to {target}"), f"{op} of lanes")
        program.test(f"{t} and lanes of i{other}", [t, t], rows_of(count, width, edges, edges), resize)

    def checked(body):
        a, b = body.operands
        for op in ("sadd", "uadd", "ssub", "usub", "smul", "umul"):
            pair = f"{{ {t}, <{count} x i1> }}"
            program.declare(f"{pair} @llvm.{op}.with.overflow.{suffix}({t}, {t})")
            both = body.let(f"call {pair} @llvm.{op}.with.overflow.{suffix}({t} {a}, {t} {b})")
            body.result(t, body.let(f"extractvalue {pair} {both}, 0"), f"{op}.with.overflow, value")
            flags = body.let(f"extractvalue {pair} {both}, 1")
            body.result(f"i{count}", body.let(f"bitcast <{count} x i1> {flags} to i{count}"), f"{op}.with.overflow, flags")
    if width < 128:
        program.test(f"{t} with overflow", [t, t], rows_of(count, width, edges, edges), checked)

    def memory(body):
        a, b = body.operands
        program.declare(f"{t} @llvm.masked.load.{suffix}.p0(ptr, i32, <{count} x i1>, {t})")
        program.declare(f"void @llvm.masked.store.{suffix}.p0({t}, ptr, i32, <{count} x i1>)")
        mask = body.let(f"icmp ult {t} {a}, {b}")
        body.do(f"store {t} {a}, ptr @place, align 1")
        loaded = body.let(f"call {t} @llvm.masked.load.{suffix}.p0(ptr @place, i32 1, <{count} x i1> {mask}, {t} {constant})")
        body.result(t, loaded, "masked.load")
        body.do(f"call void @llvm.masked.store.{suffix}.p0({t} {b}, ptr @place, i32 1, <{count} x i1> {mask})")
        body.result(t, body.let(f"load {t}, ptr @place, align 1"), "masked.store")
        body.do(f"store <{count} x i1> {mask}, ptr @place, align 1")
        body.result(f"i{count}", body.let(f"load i{count}, ptr @place, align 1"), "store of a mask")
        body.result(t, body.let(f"sext <{count} x i1> {body.let(f'load <{count} x i1>, ptr @place, align 1')} to {t}"), "load of a mask")
    program.text.append("@place = internal global [32 x i8] zeroinitializer, align 16")
    program.test(f"{t} in memory", [t, t], rows_of(count, width, edges, edges[3:] + edges[:3]), memory)


def calls(program: Program, count: int, width: int) -> None:
    """Of vectors that are passed whole: others are passed lane by lane."""
    t = f"<{count} x i{width}>"
    suffix = f"v{count}i{width}"
    edges = int_edges(width)
    if not is_whole(count, width):
        return

    def write(body):
        a, b = body.operands
        both = body.let(f"call {{ {t}, {t} }} @exchange_{suffix}({t} {a}, i32 7, {t} {b})")
        body.result(t, body.let(f"extractvalue {{ {t}, {t} }} {both}, 0"), "first result")
        body.result(t, body.let(f"extractvalue {{ {t}, {t} }} {both}, 1"), "second result")
        body.result(t, body.let(f"call {t} @choose_{suffix}({t} {a}, {t} {b}, i1 true)"), "choice")
    program.text.append(f"""
define internal {{ {t}, {t} }} @exchange_{suffix}({t} %a, i32 %x, {t} %b) noinline {{
  %one = insertvalue {{ {t}, {t} }} poison, {t} %b, 0
  %both = insertvalue {{ {t}, {t} }} %one, {t} %a, 1
  ret {{ {t}, {t} }} %both
}}
define internal {t} @choose_{suffix}({t} %a, {t} %b, i1 %first) noinline {{
  br i1 %first, label %yes, label %no
yes:
  br label %no
no:
  %chosen = phi {t} [ %a, %yes ], [ %b, %0 ]
  %same = select i1 %first, {t} %chosen, {t} %a
  ret {t} %same
}}""")
    program.test(f"{t} calls", [t, t], rows_of(count, width, edges, edges), write)


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
        for op in ("fabs", "sqrt", "floor", "ceil", "trunc", "rint", "nearbyint", "round", "roundeven"):
            name = f"@llvm.{op}.v{count}f{width}"
            program.declare(f"{t} {name}({t})")
            each_lane(body, body.let(f"call {t} {name}({t} {a})"), op)
        program.declare(f"{t} @llvm.copysign.v{count}f{width}({t}, {t})")
        each_lane(body, body.let(f"call {t} @llvm.copysign.v{count}f{width}({t} {a}, {t} {b})"), "copysign", exact=True)
        for op in ("fma", "fmuladd"):
            program.declare(f"{t} @llvm.{op}.v{count}f{width}({t}, {t}, {t})")
            each_lane(body, body.let(f"call {t} @llvm.{op}.v{count}f{width}({t} {a}, {t} {b}, {t} {a})"), op)
    program.test(f"{t} arithmetic", [t, t], rows, arithmetic)

    def compare(body):
        a, b = body.operands
        for predicate in FLOAT_PREDICATES:
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

    def lanes_of(body):
        a, b, index = body.operands
        lane = body.let(f"extractelement {t} {a}, i64 {index}")
        body.result(lane_type, lane, "extractelement, variable index", exact=True)
        each_lane(body, body.let(f"insertelement {t} {b}, {lane_type} {lane}, i64 {index}"), "insertelement, variable index", True)
        for i in range(count):
            each_lane(body, body.let(f"insertelement {t} {b}, {lane_type} {lane}, i32 {i}"), f"insertelement at {i}", True)
        each_lane(body, body.let(f"shufflevector {t} {a}, {t} {b}, <{count} x i32> <" +
                                 ", ".join(f"i32 {(3 * i + 1) % (2 * count)}" for i in range(count)) + ">"), "shufflevector", True)
        total = bits_of(t)
        body.result(f"i{total}", body.let(f"bitcast {t} {a} to i{total}"), "bitcast")
    lane_type = lane
    program.test(f"{t} lanes", [t, t, "i64"], [(a, b, i) for i in range(count) for a, b in rows[::9]], lanes_of)

    other = "double" if lane == "float" else "float"

    def resize(body):
        a, b = body.operands
        cast = body.let(f"{'fpext' if lane == 'float' else 'fptrunc'} {t} {a} to <{count} x {other}>")
        for i in range(count):
            body.result(other, body.let(f"extractelement <{count} x {other}> {cast}, i32 {i}"), f"to {other}, lane {i}")
    program.test(f"{t} to {other}", [t, t], rows, resize)


def conversions(program: Program, count: int, lane: str, width: int) -> None:
    real, integer = f"<{count} x {lane}>", f"<{count} x i{width}>"
    edges = int_edges(width)

    def to_real(body):
        a, = body.operands
        for op in ("sitofp", "uitofp"):
            body.result(real, body.let(f"{op} {integer} {a} to {real}"), op, True)
    program.test(f"{integer} to {real}", [integer], [(lanes(count, width, edges, i),) for i in range(len(edges))], to_real)
    # What is cut off fits both ranges.
    values = [encode(lane, Fraction(value)) for value in (0, 1, Fraction(7, 2), Fraction(1, 3), (1 << (width - 1)) - (1 << max(0, width - 24)))]

    def to_integer(body):
        a, = body.operands
        for op in ("fptosi", "fptoui"):
            body.result(integer, body.let(f"{op} {real} {a} to {integer}"), op)
    program.test(f"{real} to {integer}", [real], [(lanes(count, bits_of(lane), values, i),) for i in range(len(values))], to_integer)

    def saturated(body):
        a, = body.operands
        for op in ("fptosi", "fptoui"):
            name = f"@llvm.{op}.sat.v{count}i{width}.v{count}f{bits_of(lane)}"
            program.declare(f"{integer} {name}({real})")
            body.result(integer, body.let(f"call {integer} {name}({real} {a})"), f"{op}.sat")
    every = float_edges(lane)
    program.test(f"{real} to {integer}, saturated", [real], [(lanes(count, bits_of(lane), every, i),) for i in range(len(every))],
                 saturated)


def masks(program: Program, count: int) -> None:
    t = f"<{count} x i1>"
    rows = [(a & (1 << count) - 1, b & (1 << count) - 1) for a, b in ((0, 0), (~0, 0), (0x5555, 0x3333), (0x9c61, 0x1e9b), (1, 2), (~1, ~0))]

    def write(body):
        x, y = body.operands
        a, b = body.let(f"bitcast i{count} {x} to {t}"), body.let(f"bitcast i{count} {y} to {t}")

        def result(vector, label):
            body.result(f"i{count}", body.let(f"bitcast {t} {vector} to i{count}"), label)
        for op in ("and", "or", "xor", "add", "sub", "mul"):
            result(body.let(f"{op} {t} {a}, {b}"), op)
        for predicate in PREDICATES:
            result(body.let(f"icmp {predicate} {t} {a}, {b}"), f"icmp {predicate}")
        result(body.let(f"select {t} {a}, {t} {b}, {t} {a}"), "select")
        for i in range(count):
            body.result("i1", body.let(f"extractelement {t} {a}, i32 {i}"), f"lane {i}")
        bit = body.let(f"extractelement {t} {b}, i32 0")
        result(body.let(f"insertelement {t} {a}, i1 {bit}, i32 {count - 1}"), "insertelement")
        result(body.let(f"shufflevector {t} {a}, {t} {b}, <{count} x i32> <" +
                        ", ".join(f"i32 {(3 * i + 1) % (2 * count)}" for i in range(count)) + ">"), "shufflevector")
        half = count // 2
        if half > 1:
            low = body.let(f"shufflevector {t} {a}, {t} {b}, <{half} x i32> <" + ", ".join(f"i32 {i}" for i in range(half)) + ">")
            body.result(f"i{half}", body.let(f"bitcast <{half} x i1> {low} to i{half}"), "shufflevector, narrower")
        for op in ("add", "and", "or", "xor", "smax", "smin", "umax", "umin"):
            program.declare(f"i1 @llvm.vector.reduce.{op}.v{count}i1({t})")
            body.result("i1", body.let(f"call i1 @llvm.vector.reduce.{op}.v{count}i1({t} {a})"), f"reduce.{op}")
        for width in (8, 16, 32, 64):
            if width * count <= 128:
                vector = f"<{count} x i{width}>"
                for op in ("sext", "zext"):
                    body.result(vector, body.let(f"{op} {t} {a} to {vector}"), f"{op} to lanes of i{width}")
                result(body.let(f"trunc {vector} {body.let(f'zext {t} {b} to {vector}')} to {t}"), f"trunc of lanes of i{width}")
        if count <= 4:
            for op in ("sitofp", "uitofp"):
                body.result(f"<{count} x float>", body.let(f"{op} {t} {a} to <{count} x float>"), f"{op} to float", True)
        join, yes = body.label(), body.label()
        body.do(f"br i1 {bit}, label %{yes}, label %{join}")
        before = body.entry
        body.block(yes)
        body.do(f"br label %{join}")
        body.block(join)
        result(body.let(f"phi {t} [ {a}, %{yes} ], [ {b}, %{before} ]"), "phi")
        if is_whole(count, 1):
            both = body.let(f"call {{ {t}, {t} }} @exchange{count}({t} {a}, i32 7, {t} {b})")
            for i in range(2):
                result(body.let(f"extractvalue {{ {t}, {t} }} {both}, {i}"), f"result {i} of a call")
    if is_whole(count, 1):
        program.text.append(f"""
define internal {{ {t}, {t} }} @exchange{count}({t} %a, i32 %x, {t} %b) noinline {{
  %not = xor {t} %a, splat (i1 true)
  %one = insertvalue {{ {t}, {t} }} poison, {t} %b, 0
  %both = insertvalue {{ {t}, {t} }} %one, {t} %not, 1
  ret {{ {t}, {t} }} %both
}}""")
    program.test(f"{t} masks", [f"i{count}"] * 2, rows, write)


def addresses(program: Program) -> None:
    program.text.append("@numbers = internal global [16 x i32] [" + ", ".join(f"i32 {i * 0x1234567 + 9}" for i in range(16)) + "]")

    def write(body):
        x, y = body.operands
        indices = body.let(f"and <2 x i64> {x}, <i64 7, i64 15>")
        places = body.let(f"getelementptr [16 x i32], ptr @numbers, i64 0, <2 x i64> {indices}")
        for i in range(2):
            one = body.let(f"extractelement <2 x ptr> {places}, i32 {i}")
            body.result("i32", body.let(f"load i32, ptr {one}"), f"address {i}")
        mask = body.let(f"icmp ult <2 x i64> {x}, {y}")
        program.declare("<2 x i32> @llvm.masked.gather.v2i32.v2p0(<2 x ptr>, i32, <2 x i1>, <2 x i32>)")
        program.declare("void @llvm.masked.scatter.v2i32.v2p0(<2 x i32>, <2 x ptr>, i32, <2 x i1>)")
        gathered = body.let(f"call <2 x i32> @llvm.masked.gather.v2i32.v2p0(<2 x ptr> {places}, i32 4, <2 x i1> {mask}, <2 x i32> <i32 5, i32 6>)")
        body.result("<2 x i32>", gathered, "gather")
        back = body.let(f"ptrtoint <2 x ptr> {places} to <2 x i64>")
        base = body.let("ptrtoint ptr @numbers to i64")
        splat = body.let(f"insertelement <2 x i64> poison, i64 {base}, i32 0")
        splat = body.let(f"shufflevector <2 x i64> {splat}, <2 x i64> poison, <2 x i32> zeroinitializer")
        body.result("<2 x i64>", body.let(f"sub <2 x i64> {back}, {splat}"), "distances")
        body.do(f"store <2 x ptr> <ptr @numbers, ptr getelementptr (i8, ptr @numbers, i64 12)>, ptr @pair")
        pair = body.let("load <2 x ptr>, ptr @pair")
        body.result("i1", body.let(f"extractelement <2 x i1> {body.let(f'icmp eq <2 x ptr> {pair}, {places}')}, i32 0"), "same address")
        swapped = body.let(f"xor <2 x i32> {gathered}, <i32 1, i32 2>")
        body.do(f"call void @llvm.masked.scatter.v2i32.v2p0(<2 x i32> {swapped}, <2 x ptr> {places}, i32 4, <2 x i1> {mask})")
        body.result("<16 x i8>", body.let("load <16 x i8>, ptr @numbers, align 4"), "after scatter")
        body.do(f"call void @llvm.masked.scatter.v2i32.v2p0(<2 x i32> {gathered}, <2 x ptr> {places}, i32 4, <2 x i1> {mask})")
    program.text.append("@pair = internal global <2 x ptr> zeroinitializer")
    rows = [(lanes(2, 64, [3, 9], 0), lanes(2, 64, [8, 2], 0)), (lanes(2, 64, [0, 1], 0), lanes(2, 64, [1, 2], 0)), (0, 0),
            (lanes(2, 64, [5, 14], 0), lanes(2, 64, [1, 100], 0))]
    program.test("vectors of addresses", ["<2 x i64>"] * 2, rows, write)


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
        if count * width <= 128:
            calls(program, count, width)
        out.append(program)
    # How these are passed depends on the processor: the low tiers refuse them.
    program = Program("vectors_wide_calls", ())
    for count, width in INT_VECTORS:
        if count * width > 128:
            calls(program, count, width)
    out.append(program)
    program = Program("vectors_float")
    for count, lane in FLOAT_VECTORS:
        floats(program, count, lane)
    out.append(program)
    program = Program("vectors_convert")
    for count, lane, width in ((4, "float", 32), (2, "float", 32), (3, "float", 32), (4, "float", 8), (4, "float", 16),
                               (2, "double", 32), (2, "double", 64), (2, "float", 64), (2, "double", 16)):
        conversions(program, count, lane, width)
    out.append(program)
    program = Program("vectors_mask")
    for count in MASK_COUNTS:
        masks(program, count)
    addresses(program)
    out.append(program)
    program = Program("structs")
    structs(program)
    return [*out, program]

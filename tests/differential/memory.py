"""Loads and stores of all types, addresses, memory intrinsics, atomics, allocas."""

from program import Program, bits_of
from values import FORMATS, INT_WIDTHS, float_edges, int_edges

PLACE = "@place"


def place(program: Program) -> None:
    program.text.append(f"{PLACE} = internal global [512 x i8] zeroinitializer, align 16")


def fill(body) -> None:
    body.do(f"call void @llvm.memset.p0.i64(ptr {PLACE}, i8 -91, i64 64, i1 false)")


def show_place(body, label: str, size: int = 48) -> None:
    for at in range(0, size, 16):
        body.result("i128", body.let(f"load i128, ptr getelementptr (i8, ptr {PLACE}, i64 {at}), align 1"), f"{label}, bytes from {at}")


def scalars(program: Program) -> None:
    """A store leaves the bytes around it alone; a load reads no more than its own."""
    types = [(f"i{w}", int_edges(w)) for w in INT_WIDTHS] + [(t, float_edges(t, few=True)) for t in FORMATS]
    for t, edges in types:
        def write(body):
            a, index = body.operands
            fill(body)
            at = body.let(f"getelementptr i8, ptr {PLACE}, i64 {index}")
            body.do(f"store {t} {a}, ptr {at}, align 1")
            body.result(t, body.let(f"load {t}, ptr {at}, align 1"), "load of the store", exact=True)
            body.result(t, body.let(f"load volatile {t}, ptr {at}, align 1"), "volatile load", exact=True)
            show_place(body, "store")
            near = body.let(f"getelementptr i8, ptr {at}, i64 5")
            body.do(f"store {t} {a}, ptr {near}, align 1")
            if t.startswith("i"):
                body.do(f"store {t} {-1 if t != 'i1' else 'true'}, ptr getelementptr (i8, ptr {PLACE}, i64 24), align 1")
            show_place(body, "stores with a constant offset and of a constant")
        program.test(f"{t} in memory", [t, "i64"], [(a, i) for a in edges for i in (0, 3)], write)


def addresses(program: Program) -> None:
    program.text.append("%record = type { i8, [3 x { i16, i32 }], i64 }\n@records = internal global [9 x %record] zeroinitializer")

    def write(body):
        a, b, c = body.operands
        def distance(address, label):
            number = body.let(f"ptrtoint ptr {address} to i64")
            body.result("i64", body.let(f"sub i64 {number}, ptrtoint (ptr @records to i64)"), label)
        distance(body.let(f"getelementptr %record, ptr @records, i64 {a}"), "one index")
        distance(body.let(f"getelementptr %record, ptr @records, i64 {a}, i32 1, i64 {b}, i32 1"), "two variable indices")
        distance(body.let(f"getelementptr %record, ptr @records, i32 {c}"), "i32 index")
        distance(body.let(f"getelementptr i64, ptr @records, i32 {c}"), "i32 index of words")
        narrow = body.let(f"trunc i32 {c} to i8")
        distance(body.let(f"getelementptr i16, ptr @records, i8 {narrow}"), "i8 index")
        base = body.let(f"getelementptr [3 x i8], ptr @records, i64 {b}")
        distance(body.let(f"getelementptr [7 x i8], ptr {base}, i64 {a}"), "index on index")
        unsigned = body.let(f"zext i32 {c} to i64")
        distance(body.let(f"getelementptr [3 x i32], ptr {base}, i64 {unsigned}"), "zero-extended index")
        body.result("i64", body.let(f"call i64 @masked(i64 {a})"), "ptrmask")
    program.text.append("""
declare ptr @llvm.ptrmask.p0.i64(ptr, i64)
define internal i64 @masked(i64 %x) noinline {
  %p = inttoptr i64 %x to ptr
  %m = call ptr @llvm.ptrmask.p0.i64(ptr %p, i64 -8)
  %y = ptrtoint ptr %m to i64
  ret i64 %y
}""")
    rows = [(a & (1 << 64) - 1, b & (1 << 64) - 1, c & (1 << 32) - 1) for a, b, c in
            ((0, 0, 0), (1, 2, 3), (-1, -2, -3), (1000, -1000, 127), (5, 1, -128), (1 << 40, 7, (1 << 31) - 1), (-(1 << 40), -7, 1 << 31))]
    program.test("addresses", ["i64", "i64", "i32"], rows, write)


def blocks(program: Program) -> None:
    for op in ("memcpy", "memmove"):
        program.declare(f"void @llvm.{op}.p0.p0.i64(ptr, ptr, i64, i1)")
    program.declare("void @llvm.memcpy.inline.p0.p0.i64(ptr, ptr, i64 immarg, i1)")
    source = bytes(range(1, 129))
    program.text.append('@source = internal constant [128 x i8] c"' + "".join(f"\\{b:02X}" for b in source) + '"')

    def write(body):
        size, = body.operands
        for op in ("memcpy", "memmove"):
            fill(body)
            body.do(f"call void @llvm.{op}.p0.p0.i64(ptr {PLACE}, ptr @source, i64 {size}, i1 false)")
            show_place(body, f"{op} of a variable size")
        end = body.let(f"getelementptr i8, ptr {PLACE}, i64 3")
        body.do(f"call void @llvm.memmove.p0.p0.i64(ptr {end}, ptr {PLACE}, i64 {size}, i1 false)")
        show_place(body, "memmove up over itself")
        body.do(f"call void @llvm.memmove.p0.p0.i64(ptr {PLACE}, ptr {end}, i64 {size}, i1 false)")
        show_place(body, "memmove down over itself")
        byte = body.let(f"trunc i64 {size} to i8")
        body.do(f"call void @llvm.memset.p0.i64(ptr {PLACE}, i8 {byte}, i64 {size}, i1 false)")
        show_place(body, "memset of a variable size and byte")
    program.test("blocks of variable sizes", ["i64"], [(n,) for n in (*range(0, 18), 31, 32, 33, 40)], write)

    def constant(body):
        for n in (0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40):
            fill(body)
            body.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {PLACE}, ptr @source, i64 {n}, i1 false)")
            show_place(body, f"memcpy of {n}")
            body.do(f"call void @llvm.memset.p0.i64(ptr {PLACE}, i8 {n}, i64 {n}, i1 true)")
            show_place(body, f"memset of {n}")
        body.do(f"call void @llvm.memcpy.inline.p0.p0.i64(ptr {PLACE}, ptr @source, i64 21, i1 false)")
        show_place(body, "memcpy.inline")
    program.test("blocks of constant sizes", ["i8"], [(0,)], constant)


def small_blocks(program: Program) -> None:
    """Constant sizes around those where the code changes; pointers and bytes that are values."""
    for op in ("memcpy", "memmove", "memcpy.inline"):
        for volatile in ("false", "true"):
            def copy(body):
                to, start = body.operands
                body.do(f"call void @llvm.memset.p0.i64(ptr {PLACE}, i8 -91, i64 192, i1 false)")
                at = body.let(f"getelementptr i8, ptr {PLACE}, i64 {to}")
                source = body.let(f"getelementptr i8, ptr @source, i64 {start}")
                for n in (*range(10), 15, 16, 17, 18, 21, 23, 24, 31, 32, 33, 47, 63, 64, 65, 127):
                    body.do(f"call void @llvm.{op}.p0.p0.i64(ptr {at}, ptr {source}, i64 {n}, i1 {volatile})")
                    show_place(body, f"{op} of {n}, volatile {volatile}", 64 if n < 60 else 144)
            program.test(f"small {op}, volatile {volatile}", ["i64", "i64"], [(0, 0), (3, 1)], copy)
    program.declare("void @llvm.memset.inline.p0.i64(ptr, i8, i64 immarg, i1)")
    for op in ("memset", "memset.inline"):

        def set_bytes(body):
            to, value = body.operands
            at = body.let(f"getelementptr i8, ptr {PLACE}, i64 {to}")
            for n in (*range(10), 15, 16, 17, 23, 31, 32, 33, 64, 100, 127):
                for byte in (value, "0", "-1", "90"):
                    body.do(f"call void @llvm.memset.p0.i64(ptr {PLACE}, i8 -91, i64 192, i1 false)")
                    body.do(f"call void @llvm.{op}.p0.i64(ptr {at}, i8 {byte}, i64 {n}, i1 false)")
                    show_place(body, f"{op} of {n} times {byte}", 48 if n < 40 else 144)
        program.test(f"small {op}", ["i64", "i8"], [(0, 0), (3, 0xc7), (1, 0x7f)], set_bytes)

    def moved(body):
        to, start = body.operands
        at, source = (body.let(f"getelementptr i8, ptr {PLACE}, i64 {index}") for index in (to, start))
        for n in (*range(10), 15, 16, 17, 18, 24, 31, 32, 33, 64, 100):
            body.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {PLACE}, ptr @source, i64 128, i1 false)")
            body.do(f"call void @llvm.memmove.p0.p0.i64(ptr {at}, ptr {source}, i64 {n}, i1 false)")
            show_place(body, f"memmove of {n}", 128)
    program.test("memmove over itself", ["i64", "i64"], [(0, 0), (0, 1), (1, 0), (0, 7), (7, 0), (3, 12), (17, 1)], moved)

    program.declare("void @llvm.memcpy.p0.p0.i32(ptr, ptr, i32, i1)")

    def sizes(body):
        wide, = body.operands
        fill(body)
        size = body.let(f"trunc i64 {wide} to i32")
        body.do(f"call void @llvm.memcpy.p0.p0.i32(ptr {PLACE}, ptr @source, i32 {size}, i1 false)")
        show_place(body, "memcpy of an i32 size")
        body.do(f"call void @llvm.memset.inline.p0.i64(ptr {PLACE}, i8 77, i64 300, i1 false)")
        body.do(f"call void @llvm.memcpy.inline.p0.p0.i64(ptr getelementptr (i8, ptr {PLACE}, i64 301), ptr {PLACE}, i64 200, i1 false)")
        body.result("i128", body.let(f"load i128, ptr getelementptr (i8, ptr {PLACE}, i64 288), align 1"), "inline ones of 300 and 200")
        body.result("i128", body.let(f"load i128, ptr getelementptr (i8, ptr {PLACE}, i64 496), align 1"), "inline, end")
    # LLVM itself does not extend a size of 32 bits.
    program.test("unusual sizes", ["i64"], [(n,) for n in (0, 1, 9, 33)], sizes)


def atomics(program: Program) -> None:
    ops = ("xchg", "add", "sub", "and", "nand", "or", "xor", "max", "min", "umax", "umin", "uinc_wrap", "udec_wrap")
    for width in (8, 16, 32, 64):
        t = f"i{width}"
        edges = int_edges(width)

        def write(body):
            a, b = body.operands
            for op in ops:
                body.do(f"store atomic {t} {a}, ptr {PLACE} seq_cst, align 8")
                body.result(t, body.let(f"atomicrmw {op} ptr {PLACE}, {t} {b} seq_cst"), f"atomicrmw {op}, old")
                body.result(t, body.let(f"load atomic {t}, ptr {PLACE} acquire, align 8"), f"atomicrmw {op}, new")
                body.do(f"atomicrmw {op} ptr {PLACE}, {t} 3 monotonic")
                body.result(t, body.let(f"load atomic {t}, ptr {PLACE} monotonic, align 8"), f"atomicrmw {op} constant, result unused")
            for expected, label in ((a, "equal"), (b, "maybe different")):
                body.do(f"store atomic {t} {a}, ptr {PLACE} release, align 8")
                both = body.let(f"cmpxchg ptr {PLACE}, {t} {expected}, {t} {b} acq_rel monotonic")
                body.result(t, body.let(f"extractvalue {{ {t}, i1 }} {both}, 0"), f"cmpxchg {label}, old")
                body.result("i1", body.let(f"extractvalue {{ {t}, i1 }} {both}, 1"), f"cmpxchg {label}, success")
                body.result(t, body.let(f"load {t}, ptr {PLACE}"), f"cmpxchg {label}, new")
                body.do(f"store atomic {t} {a}, ptr {PLACE} release, align 8")
                both = body.let(f"cmpxchg weak ptr {PLACE}, {t} {expected}, {t} 5 seq_cst acquire")
                old = body.let(f"extractvalue {{ {t}, i1 }} {both}, 0")
                body.result("i8", body.choose(body.let(f"extractvalue {{ {t}, i1 }} {both}, 1")), f"cmpxchg {label}, only branched on")
                body.result(t, old, f"cmpxchg {label}, old value behind the branch")
            body.do("fence seq_cst")
            body.do('fence syncscope("singlethread") seq_cst')
        program.test(f"{t} atomics", [t, t], [(a, b) for a in edges for b in edges[::2]], write)
    for t in ("float", "double"):
        def floating(body):
            a, b = body.operands
            for op in ("fadd", "fsub", "xchg", "fmax", "fmin"):
                body.do(f"store {t} {a}, ptr {PLACE}, align 8")
                body.result(t, body.let(f"atomicrmw {op} ptr {PLACE}, {t} {b} seq_cst"), f"atomicrmw {op}, old", exact=True)
                body.result(t, body.let(f"load {t}, ptr {PLACE}"), f"atomicrmw {op}, new")
            body.do(f"store atomic {t} {a}, ptr {PLACE} seq_cst, align 8")
            body.result(t, body.let(f"load atomic {t}, ptr {PLACE} seq_cst, align 8"), "load of the store", exact=True)
            body.do(f"store atomic {t} -2.5, ptr {PLACE} seq_cst, align 8")
            body.result(t, body.let(f"load atomic {t}, ptr {PLACE} monotonic, align 8"), "load of a constant", exact=True)
        edges = float_edges(t, few=True)
        program.test(f"{t} atomics", [t, t], [(a, b) for a in edges for b in edges], floating)


def wide_atomics(program: Program) -> None:
    """In functions of their own, since clang needs the processor's feature to make them."""
    ops = ("xchg", "add", "sub", "and", "nand", "or", "xor", "max", "min", "umax", "umin", "uinc_wrap", "udec_wrap")
    program.text.append('attributes #1 = { noinline "target-features"="+cx16" }')
    for op in ops:
        program.text.append(f"""define internal i128 @wide_{op}(ptr %p, i128 %x) #1 {{
  %old = atomicrmw {op} ptr %p, i128 %x seq_cst
  ret i128 %old
}}
define internal void @wide_unused_{op}(i64 %a, ptr %p, i64 %b, i128 %x) #1 {{
  %old = atomicrmw {op} ptr %p, i128 %x monotonic
  ret void
}}""")
    program.text.append("""define internal i128 @wide_load(ptr %p) #1 {
  %x = load atomic i128, ptr %p seq_cst, align 16
  ret i128 %x
}
define internal void @wide_store(ptr %p, i128 %x) #1 {
  store atomic i128 %x, ptr %p seq_cst, align 16
  ret void
}
define internal { i128, i1 } @wide_exchange(ptr %p, i128 %expected, i128 %x) #1 {
  %both = cmpxchg ptr %p, i128 %expected, i128 %x seq_cst seq_cst
  ret { i128, i1 } %both
}""")
    edges = int_edges(128)

    def write(body):
        a, b = body.operands
        for op in ops:
            body.do(f"call void @wide_store(ptr {PLACE}, i128 {a})")
            body.result("i128", body.let(f"call i128 @wide_{op}(ptr {PLACE}, i128 {b})"), f"atomicrmw {op}, old")
            body.result("i128", body.let(f"call i128 @wide_load(ptr {PLACE})"), f"atomicrmw {op}, new")
            body.do(f"call void @wide_unused_{op}(i64 0, ptr {PLACE}, i64 0, i128 {b})")
            body.result("i128", body.let(f"load i128, ptr {PLACE}"), f"atomicrmw {op}, result unused")
        for expected, label in ((a, "equal"), (b, "maybe different")):
            body.do(f"store i128 {a}, ptr {PLACE}")
            both = body.let(f"call {{ i128, i1 }} @wide_exchange(ptr {PLACE}, i128 {expected}, i128 {b})")
            body.result("i128", body.let(f"extractvalue {{ i128, i1 }} {both}, 0"), f"cmpxchg {label}, old")
            body.result("i1", body.let(f"extractvalue {{ i128, i1 }} {both}, 1"), f"cmpxchg {label}, success")
            body.result("i128", body.let(f"load i128, ptr {PLACE}"), f"cmpxchg {label}, new")
    program.test("i128 atomics", ["i128", "i128"], [(a, b) for a in edges[::2] for b in edges[::3]], write)


def allocas(program: Program) -> None:
    program.declare("ptr @llvm.stacksave.p0()")
    program.declare("void @llvm.stackrestore.p0(ptr)")

    def write(body):
        size, value = body.operands
        saved = body.let("call ptr @llvm.stacksave.p0()")
        fixed = body.let("alloca [24 x i8], align 32")
        array = body.let(f"alloca i64, i64 {size}, align 64")
        for at, label in ((fixed, "alloca aligned to 32"), (array, "alloca aligned to 64")):
            number = body.let(f"ptrtoint ptr {at} to i64")
            body.result("i64", body.let(f"and i64 {number}, {31 if at == fixed else 63}"), label)
        last = body.let(f"getelementptr i64, ptr {array}, i64 {size}")
        end = body.let(f"getelementptr i64, ptr {last}, i64 -1")
        body.do(f"store volatile i64 {value}, ptr {end}")
        body.do(f"store volatile i64 7, ptr {fixed}")
        body.result("i64", body.let(f"load volatile i64, ptr {end}"), "last element")
        body.do(f"call void @llvm.stackrestore.p0(ptr {saved})")
    program.test("allocas of variable size", ["i64", "i64"], [(n, 1000 + n) for n in (1, 2, 3, 8, 100, 5000)], write)


def programs() -> list[Program]:
    out = []
    for program, families in ((Program("memory"), (scalars, addresses, blocks, small_blocks, allocas)), (Program("atomics"), (atomics,)),
                              (Program("atomics_wide", ("baseline",)), (wide_atomics,))):
        place(program)
        for family in families:
            family(program)
        out.append(program)
    return out

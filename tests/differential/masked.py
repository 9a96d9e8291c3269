"""Loads and stores of the lanes that a mask has set, at the borders of memory: what is not set must not be touched."""

from program import Program, bits_of
from values import float_edges, int_edges

PAGE = 4096
# Lanes that memory has side by side, and those that it has so only if each has an address of its own.
PLAIN = ((16, "i8"), (8, "i16"), (4, "i32"), (2, "i64"), (3, "i32"), (5, "i8"), (2, "i16"), (4, "i64"), (2, "i128"), (8, "i32"),
         (4, "float"), (2, "double"), (3, "double"), (4, "half"), (2, "fp128"), (2, "ptr"), (3, "ptr"))
ODD = ((4, "i1"), (3, "i7"), (4, "i24"), (2, "i33"), (3, "i65"), (2, "x86_fp80"))
# One page between two that nobody may touch. Pages are readable, writable and private; the flags are Linux's.
FENCED = f"""
@low = internal global ptr null
@high = internal global ptr null
declare ptr @mmap(ptr, i64, i32, i32, i32, i64)
declare i32 @mprotect(ptr, i64, i32)
define internal void @fence() noinline {{
  %pages = call ptr @mmap(ptr null, i64 {3 * PAGE}, i32 3, i32 34, i32 -1, i64 0)
  %begin = getelementptr i8, ptr %pages, i64 {PAGE}
  %end = getelementptr i8, ptr %begin, i64 {PAGE}
  call i32 @mprotect(ptr %pages, i64 {PAGE}, i32 0)
  call i32 @mprotect(ptr %end, i64 {PAGE}, i32 0)
  store ptr %begin, ptr @low
  store ptr %end, ptr @high
  ret void
}}"""


def masks_of(count: int) -> list[int]:
    ones = (1 << count) - 1
    return sorted({0, ones, 1, 1 << count - 1, 0x5555 & ones, 0xaaaa & ones, ones >> 1, 0x36c9 & ones})


def vector_rows(count: int, lane: str) -> list[tuple[int, int, int]]:
    """Two vectors and a mask."""
    edges = float_edges(lane, few=True) if lane in ("half", "float", "double", "fp128") else int_edges(bits_of(lane))
    bits = bits_of(lane)
    return [tuple(sum(edges[(k * (2 * j + 3) + i) % len(edges)] << bits * i for i in range(count)) for j in range(2)) + (mask,)
            for k, mask in enumerate(masks_of(count) * 2)]


def constant_mask(count: int, mask: int) -> str:
    return "<" + ", ".join(f"i1 {mask >> i & 1}" for i in range(count)) + ">"


class Access:
    """Calls of the intrinsics for one type in a body."""

    def __init__(self, program: Program, body, count: int, lane: str):
        self.program, self.body, self.count, self.lane = program, body, count, lane
        self.type, self.mask, self.size = f"<{count} x {lane}>", f"<{count} x i1>", bits_of(lane) // 8
        self.suffix = f"v{count}" + ("p0" if lane == "ptr" else {"half": "f16", "float": "f32", "double": "f64", "fp128": "f128",
                                                                 "x86_fp80": "f80"}.get(lane, lane))

    def load(self, pointer: str, mask: str, otherwise: str) -> str:
        return self.read(f"masked.load.{self.suffix}.p0", "ptr", pointer, "i32 1, ", mask, otherwise)

    def gather(self, pointers: str, mask: str, otherwise: str) -> str:
        return self.read(f"masked.gather.{self.suffix}.v{self.count}p0", f"<{self.count} x ptr>", pointers, "i32 1, ", mask, otherwise)

    def expand(self, pointer: str, mask: str, otherwise: str) -> str:
        return self.read(f"masked.expandload.{self.suffix}", "ptr", pointer, "", mask, otherwise)

    def store(self, value: str, pointer: str, mask: str) -> None:
        self.write(f"masked.store.{self.suffix}.p0", value, "ptr", pointer, "i32 1, ", mask)

    def scatter(self, value: str, pointers: str, mask: str) -> None:
        self.write(f"masked.scatter.{self.suffix}.v{self.count}p0", value, f"<{self.count} x ptr>", pointers, "i32 1, ", mask)

    def compress(self, value: str, pointer: str, mask: str) -> None:
        self.write(f"masked.compressstore.{self.suffix}", value, "ptr", pointer, "", mask)

    def read(self, name: str, at: str, pointer: str, align: str, mask: str, otherwise: str) -> str:
        types = f"{at}, {'i32, ' if align else ''}{self.mask}, {self.type}"
        self.program.declare(f"{self.type} @llvm.{name}({types})")
        return self.body.let(f"call {self.type} @llvm.{name}({at} {pointer}, {align}{self.mask} {mask}, {self.type} {otherwise})")

    def write(self, name: str, value: str, at: str, pointer: str, align: str, mask: str) -> None:
        types = f"{self.type}, {at}, {'i32, ' if align else ''}{self.mask}"
        self.program.declare(f"void @llvm.{name}({types})")
        self.body.do(f"call void @llvm.{name}({self.type} {value}, {at} {pointer}, {align}{self.mask} {mask})")

    def fill(self, value: str) -> None:
        """The value at both ends of the page."""
        low, high = self.ends()
        self.body.do(f"store {self.type} {value}, ptr {low}, align 1")
        self.body.do(f"store {self.type} {value}, ptr {high}, align 1")

    def ends(self) -> tuple[str, str]:
        low, high = self.body.let("load ptr, ptr @low"), self.body.let("load ptr, ptr @high")
        return low, self.body.let(f"getelementptr i8, ptr {high}, i64 {-self.size * self.count}")

    def show(self, label: str) -> None:
        for at, end in zip(self.ends(), ("begin", "end")):
            self.body.result(self.type, self.body.let(f"load {self.type}, ptr {at}, align 1"), f"{label}, {end} of the page", exact=True)

    def beyond(self, bits: str) -> tuple[str, str]:
        """Where a vector begins so that all lanes below the lowest that is set, or above the highest, are out of the page."""
        n = self.count
        self.program.declare(f"i{n} @llvm.cttz.i{n}(i{n}, i1)")
        self.program.declare(f"i{n} @llvm.ctlz.i{n}(i{n}, i1)")
        low, high = self.body.let("load ptr, ptr @low"), self.body.let("load ptr, ptr @high")
        places = []
        for end, count in ((low, f"cttz.i{n}"), (high, f"ctlz.i{n}")):
            lanes = self.body.let(f"zext i{n} {self.body.let(f'call i{n} @llvm.{count}(i{n} {bits}, i1 false)')} to i64")
            lanes = self.body.let(f"sub i64 {0 if end == low else n}, {lanes}")
            bytes_ = self.body.let(f"mul i64 {lanes}, {self.size if end == low else -self.size}")
            places.append(self.body.let(f"getelementptr i8, ptr {end}, i64 {bytes_}"))
        return places[0], places[1]


def own(program: Program, count: int, lane: str) -> None:
    def write(body):
        a, b, bits = body.operands
        access = Access(program, body, count, lane)
        mask = body.let(f"bitcast i{count} {bits} to <{count} x i1>")
        access.fill(a)
        for place, label in zip(access.beyond(bits), ("from before the page", "to behind the page")):
            body.result(access.type, access.load(place, mask, b), f"load {label}", exact=True)
            body.result(access.type, access.load(place, mask, "zeroinitializer"), f"load {label} into zeros", exact=True)
            access.store(b, place, mask)
        access.show("stores")
    program.test(f"<{count} x {lane}> masked", [f"<{count} x {lane}>"] * 2 + [f"i{count}"], vector_rows(count, lane), write)

    def write_known(body):
        a, b, _ = body.operands
        access = Access(program, body, count, lane)
        access.fill(a)
        for mask in masks_of(count):
            low, high = body.let("load ptr, ptr @low"), body.let("load ptr, ptr @high")
            lowest, highest = (mask & -mask).bit_length() - 1 if mask else count, mask.bit_length()
            for end, offset in ((low, -lowest * access.size), (high, -highest * access.size)):
                place = body.let(f"getelementptr i8, ptr {end}, i64 {offset}")
                known = constant_mask(count, mask)
                body.result(access.type, access.load(place, known, b), f"load with the mask {mask:#x}", exact=True)
                access.store(b, place, known)
            access.show(f"stores with the mask {mask:#x}")
            access.fill(a)
    program.test(f"<{count} x {lane}> known masks", [f"<{count} x {lane}>"] * 2 + [f"i{count}"], vector_rows(count, lane)[:3], write_known)


def packed(program: Program, count: int, lane: str) -> None:
    def write(body):
        a, b, bits = body.operands
        access = Access(program, body, count, lane)
        mask = body.let(f"bitcast i{count} {bits} to <{count} x i1>")
        program.declare(f"i{count} @llvm.ctpop.i{count}(i{count})")
        lanes = body.let(f"zext i{count} {body.let(f'call i{count} @llvm.ctpop.i{count}(i{count} {bits})')} to i64")
        high = body.let("load ptr, ptr @high")
        place = body.let(f"getelementptr i8, ptr {high}, i64 {body.let(f'mul i64 {lanes}, {-access.size}')}")
        access.fill(a)
        body.result(access.type, access.expand(place, mask, b), "expandload", exact=True)
        body.result(access.type, access.expand(place, mask, "zeroinitializer"), "expandload into zeros", exact=True)
        access.compress(b, place, mask)
        access.show("compressstore")
    program.test(f"<{count} x {lane}> packed", [f"<{count} x {lane}>"] * 2 + [f"i{count}"], vector_rows(count, lane), write)

    def write_known(body):
        a, b, _ = body.operands
        access = Access(program, body, count, lane)
        access.fill(a)
        for mask in masks_of(count):
            high = body.let("load ptr, ptr @high")
            place = body.let(f"getelementptr i8, ptr {high}, i64 {-mask.bit_count() * access.size}")
            known = constant_mask(count, mask)
            body.result(access.type, access.expand(place, known, b), f"expandload with the mask {mask:#x}", exact=True)
            access.compress(b, place, known)
            access.show(f"compressstore with the mask {mask:#x}")
            access.fill(a)
    program.test(f"<{count} x {lane}> packed, known masks", [f"<{count} x {lane}>"] * 2 + [f"i{count}"], vector_rows(count, lane)[:3],
                 write_known)


def addresses(body, bits: str, count: int, stride: int) -> str:
    """Two lanes a place, in falling order; those that are not set lead out of the page, or to address zero."""
    low, high = body.let("load ptr, ptr @low"), body.let("load ptr, ptr @high")
    wild = body.let(f"getelementptr i8, ptr {low}, i64 -8"), high, "null"
    places = "poison"
    for i in range(count):
        here = body.let(f"getelementptr i8, ptr {high}, i64 {-stride * (i // 2 + 1)}")
        set_ = body.let(f"trunc i{count} {body.let(f'lshr i{count} {bits}, {i}')} to i1")
        one = body.let(f"select i1 {set_}, ptr {here}, ptr {wild[i % 3]}")
        places = body.let(f"insertelement <{count} x ptr> {places}, ptr {one}, i32 {i}")
    return places


def scattered(program: Program, count: int, lane: str) -> None:
    def write(body):
        a, b, bits = body.operands
        access = Access(program, body, count, lane)
        mask = body.let(f"bitcast i{count} {bits} to <{count} x i1>")
        places = addresses(body, bits, count, access.size)
        access.fill(a)
        body.result(access.type, access.gather(places, mask, b), "gather", exact=True)
        access.scatter(b, places, mask)
        access.show("scatter")
    program.test(f"<{count} x {lane}> scattered", [f"<{count} x {lane}>"] * 2 + [f"i{count}"], vector_rows(count, lane), write)

    def write_known(body):
        a, b, bits = body.operands
        access = Access(program, body, count, lane)
        places = addresses(body, bits, count, access.size)
        access.fill(a)
        for mask in masks_of(count):
            # All that are set in the mask must be in the page.
            covered = body.let(f"icmp eq i{count} {body.let(f'and i{count} {bits}, {mask}')}, {mask}")
            spare = addresses(body, f"{-1}", count, access.size)
            mine = body.let(f"select i1 {covered}, <{count} x ptr> {places}, <{count} x ptr> {spare}")
            known = constant_mask(count, mask)
            body.result(access.type, access.gather(mine, known, b), f"gather with the mask {mask:#x}", exact=True)
            access.scatter(b, mine, known)
            access.show(f"scatter with the mask {mask:#x}")
            access.fill(a)
    program.test(f"<{count} x {lane}> scattered, known masks", [f"<{count} x {lane}>"] * 2 + [f"i{count}"],
                 vector_rows(count, lane)[:8], write_known)


def odd(program: Program, count: int, lane: str) -> None:
    """Lanes that are no vectors in memory: taken from integers and shown one by one."""
    bits = bits_of(lane)

    def write(body):
        x, set_ = body.operands
        access = Access(program, body, count, lane)
        mask = body.let(f"bitcast i{count} {set_} to <{count} x i1>")
        places = addresses(body, set_, count, 16)
        high = body.let("load ptr, ptr @high")
        for i in range((count + 1) // 2):
            body.do(f"store i128 0, ptr {body.let(f'getelementptr i8, ptr {high}, i64 {-16 * (i + 1)}')}, align 1")
        value, otherwise = "poison", "poison"
        for i in range(count):
            shifted = body.let(f"lshr i128 {x}, {i * 5}")
            if lane == "x86_fp80":
                one = body.let(f"sitofp i64 {body.let(f'trunc i128 {shifted} to i64')} to x86_fp80")
                other = body.let(f"fneg x86_fp80 {one}")
            else:
                one = body.let(f"trunc i128 {shifted} to {lane}")
                other = body.let(f"xor {lane} {one}, -1")
            value = body.let(f"insertelement {access.type} {value}, {lane} {one}, i32 {i}")
            otherwise = body.let(f"insertelement {access.type} {otherwise}, {lane} {other}, i32 {i}")
        access.scatter(value, places, mask)
        gathered = access.gather(places, mask, otherwise)
        for i in range(count):
            body.result(lane, body.let(f"extractelement {access.type} {gathered}, i32 {i}"), f"gathered lane {i}", exact=True)
        for i in range((count + 1) // 2):
            at = body.let(f"getelementptr i8, ptr {high}, i64 {-16 * (i + 1)}")
            body.result("i128", body.let(f"load i128, ptr {at}, align 1"), f"place {i} after scatter")
    values = (0x0123456789abcdef0f1e2d3c4b5a6978, (1 << 128) - 1, 5 << 60 | 0x55)
    program.test(f"<{count} x {lane}> scattered ({bits} bits)", ["i128", f"i{count}"],
                 [(value, mask) for value in values for mask in masks_of(count)], write)


def fenced(name: str, taken_by: tuple[str, ...], kinds: tuple, types: tuple) -> Program:
    program = Program(name, taken_by)
    program.text.append(FENCED)
    program.calls.append("  call void @fence()")
    for count, lane in types:
        for kind in kinds:
            kind(program, count, lane)
    return program


def programs() -> list[Program]:
    return [fenced("masked", ("interpreter", "baseline"), (own, scattered), PLAIN),
            fenced("masked_packed", ("interpreter",), (packed,), PLAIN),
            fenced("masked_odd", ("interpreter",), (odd,), ODD)]

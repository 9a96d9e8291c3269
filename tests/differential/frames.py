"""What a function's frame has to do with: variable arguments, tail calls, thread-local variables, its own addresses."""

from program import Program
from values import int_edges

VARIADIC = """
declare void @llvm.va_start(ptr)
declare void @llvm.va_end(ptr)
declare void @llvm.va_copy(ptr, ptr)
%list = type { i32, i32, ptr, ptr }
define internal i64 @sum(i32 %named, double %also, ...) noinline {
entry:
  %ap = alloca %list, align 16
  %copy = alloca %list, align 16
  call void @llvm.va_start(ptr %ap)
  br label %next
next:
  %i = phi i32 [ 0, %entry ], [ %more, %next ]
  %s = phi i64 [ 0, %entry ], [ %s5, %next ]
  %a = va_arg ptr %ap, i32
  %b = va_arg ptr %ap, double
  %c = va_arg ptr %ap, i64
  %d = va_arg ptr %ap, ptr
  %a1 = zext i32 %a to i64
  %b1 = bitcast double %b to i64
  %d1 = ptrtoint ptr %d to i64
  %s0 = mul i64 %s, 1000003
  %s1 = add i64 %s0, %a1
  %s2 = xor i64 %s1, %b1
  %s3 = add i64 %s2, %c
  %s4 = mul i64 %s3, 31
  %s5 = xor i64 %s4, %d1
  %more = add i32 %i, 1
  %end = icmp eq i32 %more, %named
  br i1 %end, label %last, label %next
last:
  call void @llvm.va_copy(ptr %copy, ptr %ap)
  %e = va_arg ptr %ap, i64
  %f = va_arg ptr %copy, i64
  call void @llvm.va_end(ptr %copy)
  call void @llvm.va_end(ptr %ap)
  %x = sub i64 %e, %f
  %r = add i64 %s5, %x
  ret i64 %r
}
"""

TAIL = """
define internal i64 @even(i64 %n, i64 %s) noinline {
  %z = icmp eq i64 %n, 0
  br i1 %z, label %end, label %more
more:
  %m = sub i64 %n, 1
  %t = xor i64 %s, %n
  %r = musttail call i64 @odd(i64 %m, i64 %t)
  ret i64 %r
end:
  ret i64 %s
}
define internal i64 @odd(i64 %n, i64 %s) noinline {
  %m = sub i64 %n, 1
  %t = mul i64 %s, 3
  %r = musttail call i64 @even(i64 %m, i64 %t)
  ret i64 %r
}
define internal i64 @many(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %f, i64 %g, i64 %h, double %x, i8 %i) noinline {
  %z = icmp eq i64 %a, 0
  br i1 %z, label %end, label %more
more:
  %m = sub i64 %a, 1
  %y = fadd double %x, 1.5
  %r = musttail call i64 @many(i64 %m, i64 %c, i64 %d, i64 %e, i64 %f, i64 %g, i64 %h, i64 %b, double %y, i8 %i)
  ret i64 %r
end:
  %x1 = bitcast double %x to i64
  %i1 = zext i8 %i to i64
  %s1 = mul i64 %b, 31
  %s2 = xor i64 %s1, %c
  %s3 = mul i64 %s2, 31
  %s4 = xor i64 %s3, %g
  %s5 = mul i64 %s4, 31
  %s6 = xor i64 %s5, %h
  %s7 = add i64 %s6, %x1
  %s8 = xor i64 %s7, %i1
  ret i64 %s8
}
define internal i64 @through(ptr %f, i64 %n, i64 %s) noinline {
  %local = alloca i64
  store volatile i64 %n, ptr %local
  %k = load volatile i64, ptr %local
  %r = musttail call i64 @swapped(ptr %f, i64 %s, i64 %k)
  ret i64 %r
}
define internal i64 @swapped(ptr %f, i64 %s, i64 %n) noinline {
  %r = tail call i64 %f(i64 %n, i64 %s)
  ret i64 %r
}
define internal zeroext i8 @narrow(i64 %x) noinline {
  %t = trunc i64 %x to i8
  ret i8 %t
}
define internal zeroext i8 @pass(i64 %x) noinline {
  %y = add i64 %x, 5
  %r = tail call zeroext i8 @narrow(i64 %y)
  ret i8 %r
}
define internal signext i8 @extended(i64 %x) noinline {
  %r = tail call signext i8 @narrowed(i64 %x)
  ret i8 %r
}
define internal signext i8 @narrowed(i64 %x) noinline {
  %r = tail call zeroext i8 @pass(i64 %x)
  ret i8 %r
}
define internal double @real(double %a, i64 %n, double %b) noinline {
  %r = tail call double @realer(double %b, double %a, i64 %n)
  ret double %r
}
define internal double @realer(double %a, double %b, i64 %n) noinline {
  %c = sitofp i64 %n to double
  %d = fsub double %a, %b
  %e = fadd double %d, %c
  ret double %e
}
define internal void @into(ptr %to, i64 %x) noinline {
  %at = getelementptr i64, ptr %to, i64 1
  tail call void @store(i64 %x, ptr %at)
  ret void
}
define internal void @store(i64 %x, ptr %to) noinline {
  store i64 %x, ptr %to
  ret void
}
define internal { i64, i64, i64 } @large(i64 %n, i64 %x) noinline {
  %z = icmp eq i64 %n, 0
  br i1 %z, label %end, label %more
more:
  %m = sub i64 %n, 1
  %y = mul i64 %x, 3
  %r = musttail call { i64, i64, i64 } @large(i64 %m, i64 %y)
  ret { i64, i64, i64 } %r
end:
  %r1 = insertvalue { i64, i64, i64 } zeroinitializer, i64 %x, 0
  %r2 = insertvalue { i64, i64, i64 } %r1, i64 7, 2
  ret { i64, i64, i64 } %r2
}
"""

OWN = """
@counter = internal thread_local global i64 5
@table = internal thread_local global [8 x i32] [i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8]
@distances = internal constant [3 x i32] [i32 8, i32 -4, i32 100]
declare ptr @llvm.threadlocal.address.p0(ptr)
declare ptr @llvm.frameaddress.p0(i32)
declare ptr @llvm.returnaddress(i32)
declare ptr @llvm.addressofreturnaddress.p0()
declare ptr @llvm.load.relative.i64(ptr, i64)
declare i1 @llvm.is.constant.i64(i64)
declare i64 @llvm.objectsize.i64.p0(ptr, i1, i1, i1)
declare i64 @llvm.readcyclecounter()
declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
define internal i64 @frames(i64 %x) noinline {
  %frame = call ptr @llvm.frameaddress.p0(i32 0)
  %return = call ptr @llvm.returnaddress(i32 0)
  %place = call ptr @llvm.addressofreturnaddress.p0()
  %loaded = load ptr, ptr %place
  %same = icmp eq ptr %loaded, %return
  %next = getelementptr i8, ptr %frame, i64 8
  %above = icmp eq ptr %next, %place
  %a = zext i1 %same to i64
  %b = zext i1 %above to i64
  %c = shl i64 %a, 1
  %d = or i64 %b, %c
  %e = add i64 %d, %x
  ret i64 %e
}
"""


def variadic(program: Program) -> None:
    program.text.append(VARIADIC)

    def write(body):
        count, x, real = body.operands
        narrow = body.let(f"trunc i64 {x} to i32")
        pointer = body.let(f"inttoptr i64 {x} to ptr")
        other = body.let(f"fadd double {real}, 1.0")
        more = "".join(f", i32 {i}, double {other if i % 3 else real}, i64 {x}, ptr {pointer if i % 2 else 'null'}" for i in range(12))
        for named in (1, 3, 12):
            tail = ", i64 88, i64 99"
            body.result("i64", body.let(f"call i64 (i32, double, ...) @sum(i32 {named}, double {real}{more}{tail})"), f"{named} rounds")
        body.result("i64", body.let(f"call i64 (i32, double, ...) @sum(i32 {count}, double 0.0, i32 {narrow}, double {real}, i64 {x}, "
                                    f"ptr {pointer}, i64 1, i64 1)"), "one round")
    program.test("variable arguments", ["i32", "i64", "double"],
                 [(1, x, r) for x in int_edges(64)[::3] for r in (0, 0x3ff0000000000000, 0xc059000000000000)], write)


def tail(program: Program) -> None:
    program.text.append(TAIL)

    def write(body):
        n, x = body.operands
        # Deep enough to leave no stack if a frame stayed.
        body.result("i64", body.let(f"call i64 @even(i64 {n}, i64 {x})"), "each other")
        few = body.let(f"and i64 {n}, 15")
        arguments = ", ".join(f"i64 {i}" for i in (1, 2, 3, 4, 5)) + f", i64 {x}, i64 77, double 0.5, i8 -3"
        body.result("i64", body.let(f"call i64 @many(i64 {few}, {arguments})"), "arguments on the stack")
        body.result("i64", body.let(f"call i64 @through(ptr @even, i64 {few}, i64 {x})"), "through a pointer")
        body.result("i8", body.let(f"call zeroext i8 @pass(i64 {x})"), "zeroext")
        body.result("i32", body.let(f"sext i8 {body.let(f'call signext i8 @extended(i64 {x})')} to i32"), "signext over zeroext")
        real = body.let(f"sitofp i64 {x} to double")
        body.result("double", body.let(f"call double @real(double {real}, i64 {n}, double 3.5)"), "doubles change places")
        local = body.let("alloca [2 x i64]")
        body.do(f"call void @into(ptr {local}, i64 {x})")
        body.result("i64", body.let(f"load i64, ptr {body.let(f'getelementptr i64, ptr {local}, i64 1')}"), "no result")
        large = body.let(f"call {{ i64, i64, i64 }} @large(i64 {few}, i64 {x})")
        for i in range(3):
            body.result("i64", body.let(f"extractvalue {{ i64, i64, i64 }} {large}, {i}"), f"result in memory, {i}")
    program.test("tail calls", ["i64", "i64"], [(n, x) for n in (0, 2, 1000000) for x in int_edges(64)[::3]], write)


def own(program: Program) -> None:
    program.text.append(OWN)

    def write(body):
        index, x = body.operands
        counter = body.let("call ptr @llvm.threadlocal.address.p0(ptr @counter)")
        value = body.let(f"add i64 {body.let(f'load i64, ptr {counter}')}, {x}")
        body.do(f"store i64 {value}, ptr {counter}")
        body.result("i64", body.let(f"load i64, ptr {body.let('call ptr @llvm.threadlocal.address.p0(ptr @counter)')}"), "variable")
        body.do(f"store i64 5, ptr {counter}")
        table = body.let("call ptr @llvm.threadlocal.address.p0(ptr @table)")
        body.result("i32", body.let(f"load i32, ptr {body.let(f'getelementptr i32, ptr {table}, i64 {index}')}"), "element")
        body.result("i64", body.let(f"call i64 @frames(i64 {x})"), "frame and return address")
        at = body.let(f"mul i64 {index}, 4")
        wrapped = body.let(f"urem i64 {at}, 12")
        relative = body.let(f"call ptr @llvm.load.relative.i64(ptr @distances, i64 {wrapped})")
        number = body.let(f"ptrtoint ptr {relative} to i64")
        body.result("i64", body.let(f"sub i64 {number}, ptrtoint (ptr @distances to i64)"), "load.relative")
        body.result("i1", body.let(f"call i1 @llvm.is.constant.i64(i64 {x})"), "is.constant of a value")
        body.result("i1", body.let("call i1 @llvm.is.constant.i64(i64 7)"), "is.constant of a constant")
        pointer = body.let(f"inttoptr i64 {x} to ptr")
        for smallest in ("false", "true"):
            body.result("i64", body.let(f"call i64 @llvm.objectsize.i64.p0(ptr {pointer}, i1 {smallest}, i1 true, i1 false)"),
                        f"objectsize, smallest {smallest}")
        first = body.let("call i64 @llvm.readcyclecounter()")
        second = body.let("call i64 @llvm.readcyclecounter()")
        body.result("i1", body.let(f"icmp ule i64 {first}, {second}"), "cycles")
        for locality in range(4):
            body.do(f"call void @llvm.prefetch.p0(ptr {table}, i32 0, i32 {locality}, i32 1)")
    program.test("own addresses", ["i64", "i64"], [(i, x) for i in range(8) for x in (0, 3, 1 << 63)], write)


def programs() -> list[Program]:
    out = []
    for name, family in (("variadic", variadic), ("tail", tail), ("own", own)):
        program = Program(f"frames_{name}", ("baseline",))
        family(program)
        out.append(program)
    return out

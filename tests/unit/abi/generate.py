#!/usr/bin/env python3
"""Writes the signatures that the ABI tests go through: generate.py OUT.c OUT.ll

OUT.c   C functions of every mix of argument classes. Each case has a callee, which logs every value that it receives
        and draws a result, and a caller, which draws the arguments, calls through a pointer and logs the result;
        without a pointer it logs the arguments instead.
OUT.ll  declarations of signatures that C cannot express. `vaN_...` stands for a variadic type with N fixed parameters,
        called with the arguments of the declaration.

The seed is fixed: the same signatures every time.
"""
import random
import sys

SCALARS = {
    "sc": "signed char", "uc": "unsigned char", "ss": "short", "us": "unsigned short", "si": "int", "ui": "unsigned",
    "sl": "long", "ul": "unsigned long", "b": "_Bool", "f": "float", "d": "double", "ld": "long double",
    "i128": "__int128", "u128": "unsigned __int128", "p": "void*", "h": "_Float16", "bi7": "_BitInt(7)",
    "bi33": "unsigned _BitInt(33)", "bi65": "_BitInt(65)", "bi100": "unsigned _BitInt(100)",
    "cf": "_Complex float", "cd": "_Complex double", "cld": "_Complex long double",
    "v4f": "v4f", "v2d": "v2d", "v16c": "v16c", "v2f": "v2f", "v4s": "v4s", "v8c": "v8c",
}
VECTORS = {"v4f": ("float", 16), "v2d": ("double", 16), "v16c": ("char", 16), "v2f": ("float", 8), "v4s": ("short", 8),
           "v8c": ("char", 8)}

STRUCTS = {
    "Sc": "char a;", "Ssc": "short a; char b;", "Si": "int a;", "Sii": "int a, b;", "Sl": "long a;",
    "Sli": "long a; int b;",
    "Sll": "long a, b;", "Slll": "long a, b, c;", "Sf": "float a;", "Sff": "float a, b;", "Sfff": "float a, b, c;",
    "Sffff": "float a, b, c, d;", "Sd": "double a;", "Sdd": "double a, b;", "Sddd": "double a, b, c;",
    "Sdf": "double a; float b;", "Sif": "int a; float b;", "Sfi": "float a; int b;", "Sld_": "long a; double b;",
    "Sdl": "double a; long b;", "Sx": "long double a;", "Sxi": "long double a; int b;", "Sq": "__int128 a;",
    "Scc": "_Bool a; char b;", "Spf": "void* a; float b;", "Shh": "_Float16 a, b;", "Ssf": "short a; float b;",
    "Scd": "char a; double b;", "Sfl": "float a; long b;", "Sifff": "int a; float b, c, d;", "Sv": "v4f a;",
    "Sw": "v2f a;", "Sffi": "float a, b; int c;", "Scccc": "char a, b, c, d, e;",
    "Sbig": "long a, b; float c; char d; double e;", "Sempty": "", "Scld": "_Complex float a; double b;",
    "Sc17": "char a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;",
    "Snest": "struct { char a; } b; struct { float c; } d; short e;",
}
FIELD_TAGS = {"char": "uc", "short": "ss", "int": "si", "long": "sl", "float": "f", "double": "d", "long double": "ld",
              "__int128": "i128", "_Bool": "b", "void*": "p", "_Float16": "h", "v4f": "v4f", "v2f": "v2f",
              "_Complex float": "cf"}
ALIGNED = {"Sal32": "long a; float b;"}
PACKED = {"Spk": "char a; long b; float c;"}


def fields(text):
    """(path, tag) of the fields; `Snest` by hand."""
    if "struct" in text:
        return [("b.a", "uc"), ("d.c", "f"), ("e", "ss")]
    out = []
    for part in text.split(";"):
        part = part.strip()
        if not part:
            continue
        for ctype in sorted(FIELD_TAGS, key=len, reverse=True):
            if part.startswith(ctype + " "):
                out += [(name.strip(), FIELD_TAGS[ctype]) for name in part[len(ctype):].split(",")]
                break
    return out


def ctype(tag):
    return SCALARS.get(tag) or tag


def prelude():
    out = ["// Written by generate.py.", "#include <stdarg.h>", "#include <stddef.h>", "#include <string.h>",
           "void kiln_test_draw(void* to, size_t bytes);", "void kiln_test_log(const void* from, size_t bytes);"]
    for name, (lane, size) in VECTORS.items():
        out.append(f"typedef {lane} {name} __attribute__((vector_size({size})));")
    for name, text in STRUCTS.items():
        out.append(f"typedef struct {name} {{ {text} }} {name};")
    for name, text in ALIGNED.items():
        out.append(f"typedef struct {name} {{ {text} }} __attribute__((aligned(32))) {name};")
    for name, text in PACKED.items():
        out.append(f"typedef struct {name} {{ {text} }} __attribute__((packed)) {name};")
    for tag, c in SCALARS.items():
        if tag == "b":
            draw = "unsigned char x; kiln_test_draw(&x, 1); *to = x & 1;"
            log = "unsigned char x = *v; kiln_test_log(&x, 1);"
        elif tag.startswith("bi"):
            draw = f"unsigned __int128 x; kiln_test_draw(&x, 16); *to = ({c})x;"
            log = "unsigned __int128 x = (unsigned __int128)*v; kiln_test_log(&x, 16);"
        elif tag == "cld":
            draw = "memset(to, 0, 32); kiln_test_draw(to, 10); kiln_test_draw((char*)to + 16, 10);"
            log = "kiln_test_log(v, 10); kiln_test_log((const char*)v + 16, 10);"
        else:
            size = 10 if tag == "ld" else f"sizeof({c})"
            draw, log = f"memset(to, 0, sizeof *to); kiln_test_draw(to, {size});", f"kiln_test_log(v, {size});"
        out.append(f"static void draw_{tag}({c}* to) {{ {draw} }}")
        out.append(f"static void log_{tag}(const {c}* v) {{ {log} }}")
    for name, text in {**STRUCTS, **ALIGNED, **PACKED}.items():
        body = [f"{{ {ctype(t)} x; draw_{t}(&x); to->{f} = x; }}" for f, t in fields(text)]
        out.append(f"static void draw_{name}({name}* to) {{ memset(to, 0, sizeof *to); {' '.join(body)} }}")
        body = [f"{{ {ctype(t)} x = v->{f}; log_{t}(&x); }}" for f, t in fields(text)]
        out.append(f"static void log_{name}(const {name}* v) {{ {' '.join(body)} }}")
    return out


def cases(rng):
    tags = list(SCALARS) + list(STRUCTS) + list(ALIGNED) + list(PACKED)
    # _Float16 vectors and the like are in OUT.ll.
    classes = ["si", "uc", "sl", "b", "f", "d", "ld", "i128", "p", "v4f", "v2f", "Sll", "Sdd", "Sdl", "Sld_", "Sfff",
               "Sbig", "Sx", "Sq"]
    out = [(tag, [tag]) for tag in tags] + [("void", [tag] * 9) for tag in tags]
    out += [(b, [a, b, a]) for a in classes for b in classes]
    for _ in range(260):
        pool = rng.choice([tags, classes, ["sl", "i128", "bi65", "Sll", "Sq"],
                           ["f", "d", "Sdd", "v4f", "Sff", "ld", "cf"]])
        ret = rng.choice(["void"] + pool)
        out.append((ret, [rng.choice(pool) for _ in range(rng.randint(0, 14))]))
    return out


PROMOTED = {"sc": "si", "uc": "si", "ss": "si", "us": "si", "b": "si", "f": "d", "h": "d"}


def variadic_cases(rng):
    tags = [t for t in list(SCALARS) + list(STRUCTS) + list(ALIGNED) if t not in PROMOTED]
    out = []
    for i in range(140):
        pool = rng.choice([tags, ["si", "d", "p", "sl", "ld", "i128"], ["d", "Sdd", "v4f", "ld"],
                           ["sl", "i128", "Sll"]])
        ret = rng.choice(["void", "si", "d", "Sll", "Sbig", "ld"])
        fixed = [rng.choice(pool + ["f", "uc"]) for _ in range(rng.randint(1, 9))]
        out.append((ret, fixed, [rng.choice(pool) for _ in range(rng.randint(0, 9))]))
    return out


def write_c(path, rng):
    out = prelude()
    table = []
    listed = [(r, a, None) for r, a in cases(rng)] + variadic_cases(rng)
    for n, (ret, fixed, rest) in enumerate(listed):
        rtype = "void" if ret == "void" else ctype(ret)
        params = [f"{ctype(t)} a{i}" for i, t in enumerate(fixed)]
        logs = " ".join(f"log_{t}(&a{i});" for i, t in enumerate(fixed))
        result = "" if ret == "void" else f"{rtype} r; draw_{ret}(&r); return r;"
        if rest is None:
            out.append(f"{rtype} callee{n}({', '.join(params) or 'void'}) {{ {logs} {result} }}")
            proto = ", ".join(ctype(t) for t in fixed) or "void"
        else:
            reads = " ".join(f"{{ {ctype(t)} x = va_arg(ap, {ctype(t)}); log_{t}(&x); }}" for t in rest)
            out.append(f"{rtype} list{n}({', '.join(params + ['va_list ap'])}) {{ {logs} {reads} {result} }}")
            # Not through list<n>: what is tested against must not share its code.
            out.append(f"{rtype} callee{n}({', '.join(params)}, ...) {{ va_list ap; va_start(ap, a{len(fixed) - 1}); "
                       f"{logs} {reads} va_end(ap); {result} }}")
            proto = ", ".join([ctype(t) for t in fixed] + ["..."])
        every = fixed + (rest or [])
        draws = " ".join(f"{ctype(t)} a{i}; draw_{t}(&a{i});" for i, t in enumerate(every))
        call = f"((({rtype} (*)({proto}))target)({', '.join(f'a{i}' for i in range(len(every)))}))"
        body = f"{call};" if ret == "void" else f"{rtype} r = {call}; log_{ret}(&r);"
        logs = " ".join(f"log_{t}(&a{i});" for i, t in enumerate(every))
        out.append(f"void caller{n}(void* target) {{ {draws} if (!target) {{ {logs} return; }} {body} }}")
        listp = "0" if rest is None else f"(void*)list{n}"
        table.append(f"  {{ {n}, caller{n}, (void*)callee{n}, {listp} }},")
    out.append("const struct Case { int number; void (*caller)(void*); void* callee; void* list; }")
    out.append("    kiln_test_cases[] = {")
    out += table + ["};", f"const int kiln_test_case_count = {len(listed)};", ""]
    open(path, "w").write("\n".join(out))


INTEGERS = [1, 2, 7, 8, 9, 16, 24, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 129, 160, 192, 200, 256, 320]
VECTOR_TYPES = (
    [f"<{n} x i8>" for n in range(1, 17)] + [f"<{n} x i16>" for n in range(1, 9)] +
    [f"<{n} x i32>" for n in (1, 2, 3, 4)] +
    ["<1 x i64>", "<2 x i64>", "<1 x ptr>", "<2 x ptr>", "<1 x double>", "<2 x double>", "<1 x i128>", "<1 x fp128>",
     "<1 x x86_fp80>"] + [f"<{n} x float>" for n in (1, 2, 3, 4)] + [f"<{n} x half>" for n in range(1, 9)] +
    [f"<{n} x bfloat>" for n in range(1, 9)] + [f"<{n} x i1>" for n in (1, 2, 3, 4, 5, 8, 12, 16)])
FLOATS = ["half", "bfloat", "float", "double", "x86_fp80", "fp128"]
AGGREGATES = [
    "{ i64, i64, i64 }", "{ i64, i64, i64, i64 }", "{ x86_fp80, x86_fp80 }", "{ x86_fp80, x86_fp80, x86_fp80 }",
    "{ float, float, float }", "{ float, float, float, float }", "{ double, float, double, float, double }",
    "{ half, half, half }", "{ half, half, half, half }", "{ fp128, fp128 }", "{ fp128, fp128, fp128 }", "[3 x i8]",
    "[4 x i8]", "{ i128 }", "{ i128, i64 }", "{ i8, i128 }", "{ i65, i1 }", "{ i1, i7, i33 }",
    "[2 x { i32, float }]", "{}",
    "{ {}, i32, [0 x i64] }", "{ <4 x float>, <4 x float>, <4 x float>, <4 x float> }", "{ <4 x float>, double }",
    "{ <2 x float>, <2 x float>, <2 x float>, double }", "{ double, double, <2 x float> }", "{ <4 x i32>, fp128 }",
    "{ x86_fp80, double, double, double }", "{ <4 x float>, <4 x float>, fp128 }", "<{ i8, i64, i33 }>",
    "{ i65, i65, i65 }", "{ i24, x86_fp80, i48, half, <3 x i8> }", "{ ptr, double, ptr, double }", "{ i32, i8, i16 }",
    "{ <3 x float>, i64 }", "[5 x float]", "{ i200, i1 }", "{ bfloat, i8 }", "{ <8 x i1>, i32 }"]


def write_ll(path, rng):
    out = ['target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"',
           'target triple = "x86_64-pc-linux-gnu"']
    types = [f"i{n}" for n in INTEGERS] + FLOATS + ["ptr"] + VECTOR_TYPES + AGGREGATES
    number = 0

    def declare(ret, params, convention="", prefix="sig"):
        nonlocal number
        out.append(f"declare {convention} {ret} @{prefix}{number}({', '.join(params)})")
        number += 1

    def parameter(kind):
        if kind[0] == "i" and kind[1:].isdigit():
            return kind + rng.choice(["", " zeroext", " signext"])
        return kind

    for kind in types:
        declare(kind, [kind])
        declare(kind, ["i32"] + [kind] * 5, "fastcc")
        declare("void", [kind] * 10)
        for before in (4, 5, 6):
            declare("void", ["i64"] * before + [kind, "i64", "double", kind])
    for n in INTEGERS:
        for extension in ("zeroext", "signext"):
            declare(f"{extension} i{n}", [f"i{n} {extension}"] * 3)
    for kind in ("{ float, float, float }", "{ float, float, float, float }", "{ double, double, double }"):
        declare("inreg " + kind, [kind])
    for kind in ("i64", "i8 signext", "i1 zeroext", "double", "{ i64, double, i128 }", "<4 x float>", "half"):
        declare("void" if kind in ("double", "half") else "i32", [kind] * 9, "coldcc")
    special = ["ptr nest", "ptr byval([3 x i32])", "ptr byval([40 x i8]) align 1", "ptr byval(<4 x float>)",
               "ptr byval({ i8, x86_fp80 }) align 16", "ptr byval([9 x i8]) align 32", "ptr byval({}) align 4",
               "ptr byval([5 x i64]) alignstack(4) align 32", "i32 inreg", "i64 alignstack(32)"]
    for one in special:
        declare("i64", ["i32", one, "i32 signext"])
        declare("{ i64, i64, i64, i64 }", ["i64"] * 6 + ["i64", one, "x86_fp80", "i8"])
    declare("void", ["ptr sret({ i64, i64, i64 })", "i32"])
    declare("void", ["ptr nest", "ptr sret({ i64, i64, i64 })", "ptr byval([3 x i32])"])
    for _ in range(300):
        ret = rng.choice(types + ["void"])
        declare(ret, [parameter(rng.choice(types)) for _ in range(rng.randint(0, 12))], rng.choice(["", "", "fastcc"]))
    for _ in range(80):
        params = [parameter(rng.choice(types + special[1:4])) for _ in range(rng.randint(1, 12))]
        declare(rng.choice(types), params, "", f"va{rng.randint(0, len(params))}_")
    open(path, "w").write("\n".join(out) + "\n")


if __name__ == "__main__":
    write_c(sys.argv[1], random.Random(1))
    write_ll(sys.argv[2], random.Random(2))

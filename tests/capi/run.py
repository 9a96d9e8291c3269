#!/usr/bin/env python3
"""The C API as a foreign-function interface sees it: Python's ctypes, libkiln.so and what docs/capi.md says; and whether it is
complete over the C++ one.

usage: run.py --kiln PATH --library PATH
"""
import argparse
import ctypes
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HEADER = (ROOT / "include/kiln/kiln.h").read_text("utf-8")
MANUAL = (ROOT / "docs/capi.md").read_text("utf-8")
library = None

PROGRAM = rb"""
declare i64 @ask(i64)
@state = global i64 5
define i64 @twice(i64 %x) {
  %r = add i64 %x, %x
  ret i64 %r
}
define i64 @through(i64 %x) {
  %a = call i64 @ask(i64 %x)
  %r = call i64 @twice(i64 %a)
  ret i64 %r
}
define i32 @main(i32 %argc, ptr %argv) {
  ret i32 %argc
}
"""
NEW = b"define i64 @twice(i64 %x) {\n  %r = mul i64 %x, 100\n  ret i64 %r\n}\n"


class Slice(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def text(self):
        return ctypes.string_at(self.data, self.size).decode()


class Event(ctypes.Structure):
    _fields_ = [("kind", c_int32), ("from_", c_int32), ("to", c_int32), ("loop", c_int64), ("program", Slice), ("function", Slice),
                ("reason", Slice), ("calls", c_uint64), ("loops", c_uint64), ("nanoseconds", c_uint64), ("compile_nanoseconds", c_uint64)]


class MainCall(ctypes.Structure):
    _fields_ = [("function", c_void_p), ("returns_int", c_int), ("argc", c_int), ("argv", c_void_p)]


OBSERVER = ctypes.CFUNCTYPE(None, c_void_p, POINTER(Event))
PHASE = ctypes.CFUNCTYPE(None, c_void_p, c_char_p)
ASK = ctypes.CFUNCTYPE(c_int64, c_int64)
LONG = ctypes.CFUNCTYPE(c_int64, c_int64)


class Failed(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def declare():
    """Types of results; arguments are given with theirs."""
    for name in re.findall(r"KILN_C_API (?:struct )?kiln_error\* (\w+)\(", HEADER):
        getattr(library, name).restype = c_void_p
    for name in re.findall(r"KILN_C_API const char\* (\w+)\(", HEADER):
        getattr(library, name).restype = c_char_p
    library.kiln_record_count.restype = c_size_t
    library.kiln_program_retire.restype = c_size_t


def check(error):
    if error:
        error = c_void_p(error)
        code, message = library.kiln_error_code(error), library.kiln_error_message(error).decode()
        library.kiln_error_free(error)
        raise Failed(code, message)


def make(function, *arguments):
    out = c_void_p()
    check(function(*arguments, byref(out)))
    return out


def text(function, *arguments):
    out = make(function, *arguments)
    result = ctypes.string_at(out).decode()
    library.kiln_string_free(out)
    return result


class Record:
    def __init__(self, handle):
        self.handle = handle

    def __del__(self):
        library.kiln_record_free(self.handle)

    def number(self, path):
        out = c_uint64()
        check(library.kiln_record_number(self.handle, path.encode(), byref(out)))
        return out.value

    def text(self, path):
        found = library.kiln_record_text(self.handle, path.encode())
        return None if found is None else found.decode()

    def count(self, path):
        return library.kiln_record_count(self.handle, path.encode())

    def texts(self, path):
        return [self.text(f"{path}/{i}") for i in range(self.count(path))]


def strings(*values):
    return c_size_t(len(values)), (c_char_p * max(len(values), 1))(*[value.encode() for value in values])


class Host:
    """An engine with one program, freed in the right order."""

    def __init__(self, ir=PROGRAM, replaceable=True, **options):
        self.options = make(library.kiln_options_create)
        for name, value in {"ladder": "baseline,O2@50", "compile-threads": "0", **options}.items():
            check(library.kiln_options_set(self.options, name.replace("_", "-").encode(), value.encode()))
        self.events = []
        self.observer = OBSERVER(lambda context, event: self.events.append((event[0].kind, event[0].function.text(), event[0].to)))
        check(library.kiln_options_set_observer(self.options, self.observer, None))
        self.ask = ASK(lambda value: value + 1)
        self.input = self.make_input(ir)
        check(library.kiln_input_add_host(self.input, b"ask", self.ask))
        check(library.kiln_input_set_replaceable(self.input, c_int(replaceable)))
        self.engine = make(library.kiln_engine_create, self.options)
        self.program = make(library.kiln_engine_load, self.engine, self.input)

    def make_input(self, ir):
        made = make(library.kiln_input_create)
        check(library.kiln_input_add_memory(made, b"test.ll", ir, c_size_t(len(ir))))
        return made

    def function(self, name, kind=LONG):
        return kind(make(library.kiln_program_function, self.program, name.encode()).value)

    def close(self):
        library.kiln_program_free(self.program)
        library.kiln_engine_free(self.engine)
        library.kiln_input_free(self.input)
        library.kiln_options_free(self.options)


class Programs(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)

    def test_call_climb_and_observe(self):
        through = self.host.function("through")
        self.assertEqual([through(i) for i in range(200)], [2 * (i + 1) for i in range(200)])
        tier = c_int32()
        check(library.kiln_program_tier_of(self.host.program, b"twice", byref(tier)))
        self.assertEqual(library.kiln_tier_name(tier), b"O2")
        self.assertEqual([library.kiln_event_name(c_int32(kind)) for kind in (0, 6, 7, 8, -1)], [b"request", b"loop", b"replace", None, None])
        self.assertIn((1, "twice", 4), self.host.events)
        check(library.kiln_program_demote(self.host.program, b"twice", c_int32(1)))
        check(library.kiln_program_tier_of(self.host.program, b"twice", byref(tier)))
        self.assertEqual(tier.value, 1)
        check(library.kiln_program_promote(self.host.program, b"twice", c_int32(5), c_int(1)))
        self.assertEqual(through(4), 10)

    def test_variables_main_and_entry(self):
        state = ctypes.cast(make(library.kiln_program_variable, self.host.program, b"state"), POINTER(c_int64))
        self.assertEqual(state[0], 5)
        self.assertEqual(library.kiln_program_entry(self.host.program), b"main")
        status = c_int()
        check(library.kiln_program_run_main(self.host.program, *strings("a", "b", "c"), None, byref(status)))
        self.assertEqual(status.value, 3)
        call = MainCall()
        check(library.kiln_program_prepare_main(self.host.program, *strings("a"), b"main", byref(call)))
        self.assertEqual((call.argc, call.returns_int), (1, 1))

    def test_replace(self):
        twice, through = self.host.function("twice"), self.host.function("through")
        self.assertEqual(through(1), 4)
        new = self.host.make_input(NEW)
        self.addCleanup(library.kiln_input_free, new)
        done = Record(make(library.kiln_program_replace, self.host.program, None, new))
        self.assertEqual((done.texts("/replaced"), done.texts("/added"), done.texts("/unchanged")), (["twice"], [], []))
        self.assertEqual((twice(3), through(1)), (300, 200))
        self.assertIn((7, "twice", 1), self.host.events)  # replaced; it begins anew in baseline
        check(library.kiln_program_replace(self.host.program, b"twice", new, None))
        bad = self.host.make_input(b"define i32 @twice(i32 %x) {\n  ret i32 0\n}\n")
        self.addCleanup(library.kiln_input_free, bad)
        with self.assertRaises(Failed) as refused:
            make(library.kiln_program_replace, self.host.program, None, bad)
        self.assertEqual(refused.exception.code, 27)
        self.assertEqual(twice(3), 300)

    def test_statistics_and_dump(self):
        self.host.function("through")(1)
        library.kiln_program_wait_for_compiles(self.host.program)
        library.kiln_program_retire(self.host.program)
        statistics = Record(make(library.kiln_program_statistics, self.host.program))
        names = [statistics.text(f"/functions/{i}/name") for i in range(statistics.count("/functions"))]
        self.assertIn("twice", names)
        self.assertIsNone(statistics.text("/nothing"))
        self.assertEqual(library.kiln_record_has(statistics.handle, b"/nothing"), 0)
        self.assertIn(b'"ladder"', library.kiln_record_json(statistics.handle))
        with self.assertRaises(Failed):
            statistics.number("/ladder")
        self.assertIn("through", text(library.kiln_program_statistics_table, self.host.program, c_size_t(5)))
        self.assertEqual(Record(make(library.kiln_program_hot_functions, self.host.program, c_size_t(1))).count(""), 1)
        self.assertIn("define", text(library.kiln_program_dump, self.host.program, b"twice", c_int32(4), c_int(0)))

    def test_report(self):
        with self.assertRaises(Failed):
            text(library.kiln_program_report, self.host.program, c_int(0))
        watched = Host(report="on")
        try:
            watched.function("through")(1)
            report = json.loads(text(library.kiln_program_report, watched.program, c_int(0)))
            self.assertEqual(report["schema"], "kiln-report")
            self.assertIn("through", [function["name"] for function in report["functions"]])
            self.assertIn("through", text(library.kiln_program_report, watched.program, c_int(1)))
            self.assertIn("<html", text(library.kiln_program_report, watched.program, c_int(2)))
            with self.assertRaises(Failed):
                text(library.kiln_program_report, watched.program, c_int(3))
        finally:
            watched.close()

    def test_threads(self):
        through, wrong = self.host.function("through"), []
        threads = [threading.Thread(target=lambda: wrong.extend(i for i in range(300) if through(i) != 2 * i + 2)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_shutdown(self):
        library.kiln_engine_shutdown(self.host.engine)
        with self.assertRaises(Failed) as failed:
            make(library.kiln_engine_load, self.host.engine, self.host.input)
        self.assertEqual(failed.exception.code, 17)
        self.assertEqual(self.host.function("twice")(4), 8)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kiln-capi-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def path(self, name):
        return str(self.folder / name).encode()

    def test_profiles(self):
        host = Host(ladder="interpreter,O2@100000", profiling="on")
        for i in range(50):
            host.function("twice")(i)
        check(library.kiln_program_write_profile(host.program, self.path("a.json"), c_int(0)))
        host.close()
        self.assertEqual([library.kiln_profile_format_for(name) for name in (b"x.json", b"x")], [0, 1])
        check(library.kiln_profile_merge(*strings(str(self.folder / "a.json"), str(self.folder / "a.json")), self.path("b"), c_int(1)))
        self.assertIn("twice", text(library.kiln_profile_describe, self.path("b"), c_size_t(5)))
        (self.folder / "bad").write_text("no profile")
        with self.assertRaises(Failed) as failed:
            text(library.kiln_profile_describe, self.path("bad"), c_size_t(5))
        self.assertEqual(failed.exception.code, 18)

    def test_coverage(self):
        host = Host(replaceable=False, coverage="on")
        host.function("twice")(1)
        check(library.kiln_program_write_coverage(host.program, self.path("a.cov")))
        host.close()
        check(library.kiln_coverage_merge(*strings(str(self.folder / "a.cov")), self.path("b.cov")))
        self.assertIn("twice", text(library.kiln_coverage_report, *strings(str(self.folder / "b.cov")), c_int(1), c_int(0)))

    def test_cache(self):
        host = Host(cache_folder=str(self.folder / "cache"))
        for i in range(200):
            host.function("twice")(i)
        library.kiln_program_save_to_cache(host.program)
        host.close()
        self.assertTrue(text(library.kiln_cache_describe, self.path("cache"), c_uint64(1 << 20)))
        removed = c_uint64()
        check(library.kiln_cache_clear(self.path("cache"), byref(removed)))

    def test_containers(self):
        (self.folder / "p.ll").write_bytes(PROGRAM)
        check(library.kiln_container_pack(self.path("p.ll"), self.path("p.llbc"), b"name", None, c_int(2)))
        header = Record(make(library.kiln_container_read_header, self.path("p.llbc")))
        self.assertEqual((header.text("/module_name"), header.text("/entry"), header.number("/level")), ("name", "main", 2))
        check(library.kiln_container_unpack(self.path("p.llbc"), self.path("p.bc")))
        seen = Record(make(library.kiln_file_inspect, self.path("p.llbc")))
        self.assertEqual((seen.text("/container/module_name"), seen.number("/module/functions"), seen.count("/defects")), ("name", 3, 0))
        with self.assertRaises(Failed) as failed:
            make(library.kiln_container_read_header, self.path("p.bc"))
        self.assertIn(failed.exception.code, range(19, 26))

    def test_export(self):
        (self.folder / "p.ll").write_text("define i32 @main() {\n  ret i32 42\n}\n")
        options = make(library.kiln_export_create)
        for name, value in (("file", self.path("p.ll")), ("output", self.path("p")), ("kind", b"executable"), ("cold", b"keep")):
            check(library.kiln_export_set(options, name.encode(), value))
        with self.assertRaises(Failed):
            check(library.kiln_export_set(options, b"kind", b"nonsense"))
        phases = []
        phase = PHASE(lambda context, name: phases.append(name))
        check(library.kiln_export_set_phase(options, phase, None))
        made = Record(make(library.kiln_export_run, options))
        library.kiln_export_free(options)
        self.assertEqual(phases, [b"reading", b"trimming", b"compiling", b"linking"])
        self.assertEqual(made.number("/functions"), 1)
        self.assertEqual(subprocess.run([self.folder / "p"], check=False).returncode, 42)


class Manners(unittest.TestCase):
    def test_versions_names_and_ladders(self):
        self.assertEqual(library.kiln_abi_version(), int(re.search(r"KILN_ABI_VERSION (\d+)", HEADER)[1]))
        self.assertRegex(library.kiln_version().decode(), r"^\d+\.\d+\.\d+$")
        for name, value in re.findall(r"^  KILN_(\w+) = (\d+),?$", HEADER.partition("kiln_error_code(")[0], re.MULTILINE):
            if name != "OK":
                self.assertEqual(library.kiln_error_code_name(int(value)), name.lower().replace("_", "-").encode())
        tier = c_int32()
        check(library.kiln_tier_parse(b"O3", byref(tier)))
        self.assertEqual(tier.value, 5)
        ladder = Record(make(library.kiln_ladder_parse, b"baseline,O2@500:20000"))
        self.assertEqual((ladder.text("/rungs/1/tier"), ladder.number("/rungs/1/calls"), ladder.number("/rungs/1/loops")), ("O2", 500, 20000))
        self.assertGreater(Record(make(library.kiln_ladder_presets)).count(""), 2)
        with self.assertRaises(Failed) as failed:
            make(library.kiln_ladder_parse, b"O3,O2@5")
        self.assertEqual(failed.exception.code, 2)

    def test_options(self):
        known = Record(make(library.kiln_options_list))
        options = make(library.kiln_options_create)
        self.addCleanup(library.kiln_options_free, options)
        names = [known.text(f"/{i}/name") for i in range(known.count(""))]
        for i, name in enumerate(names):
            default = known.text(f"/{i}/value")
            check(library.kiln_options_set(options, name.encode(), default.encode()))
            self.assertEqual(text(library.kiln_options_get, options, name.encode()), default, name)
            self.assertIn(f"| `{name}` |", MANUAL, "docs/capi.md has no row for the option")
        check(library.kiln_options_set(options, b"queue-capacity", b"17"))
        self.assertEqual(text(library.kiln_options_get, options, b"queue-capacity"), "17")
        for name, value in (("pgo", "yes"), ("queue-capacity", "-1"), ("queue-capacity", ""), ("compile-threads", "4294967296"), ("nothing", "1")):
            with self.assertRaises(Failed) as failed:
                check(library.kiln_options_set(options, name.encode(), value.encode()))
            self.assertEqual(failed.exception.code, 1)

    def test_null_is_an_error_and_never_a_crash(self):
        """Each function with all of its arguments null: in a process of its own, which lives."""
        script = "import ctypes, re, sys\nlibrary = ctypes.CDLL(sys.argv[1])\n" \
                 "for kind, name, arguments in re.findall(r'^KILN_C_API (.*?)\\b(kiln_\\w+)\\(([^;]*)\\);', open(sys.argv[2]).read(), re.MULTILINE):\n" \
                 "    count = 0 if arguments == 'void' else arguments.count(',') + 1\n" \
                 "    print(name, flush=True)\n    function = getattr(library, name)\n    function.restype = ctypes.c_void_p\n" \
                 "    result = function(*[ctypes.c_void_p(None)] * count)\n" \
                 "    if 'kiln_error*' in kind:\n        print('  error' if result else '  success')\n"
        done = subprocess.run([sys.executable, "-c", script, library._name, ROOT / "include/kiln/kiln.h"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)
        self.assertGreater(len(done.stdout.splitlines()), 80)
        self.assertNotIn("  success", done.stdout)

    def test_header_is_plain_c_and_cpp(self):
        for compiler, standard in (("clang-19", "c99"), ("clang++-19", "c++11")):
            done = subprocess.run([compiler, f"-std={standard}", "-x", "c" if standard == "c99" else "c++", "-fsyntax-only", "-Wall", "-Wextra",
                                   "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}", "-"], input="#include <kiln/kiln.h>\n", text=True,
                                  capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)


# Shorthands of C++, and what only it needs.
NO_COUNTERPART = {"ProgramInput::host", "fail", "Function"}


class Complete(unittest.TestCase):
    """Every member of the C++ API is in docs/capi.md's table, with functions that kiln.h has; and the other way round."""

    @staticmethod
    def flat(code):
        """Without what is in inner braces."""
        while (inner := re.sub(r"\{[^{}]*\}", ";", code)) != code:
            code = inner
        return code

    def members(self):
        found = set()
        for path in sorted((ROOT / "include/kiln").glob("*.h")):
            if path.name in ("kiln.h", "Api.h"):
                continue
            code = re.sub(r"//.*", "", path.read_text("utf-8"))
            code = re.sub(r"^#.*(?:\\\n.*)*", "", code, flags=re.MULTILINE)
            inside = re.search(r"^namespace kiln \{\n(.*)^\}", code, re.DOTALL | re.MULTILINE)[1]
            for owner in ("Options", "CacheOptions", "ExportOptions", "PackOptions", "ProgramInput"):
                body = re.search(rf"^struct {owner} \{{\n(.*?)^\}};", inside, re.DOTALL | re.MULTILINE)
                for each in self.flat(body[1] if body else "").split(";"):
                    each = re.sub(r"<[^;]*>", "<>", each.strip())
                    if (field := re.search(r" ([A-Za-z]\w*)(?: =.*)?$", each, re.DOTALL)) and "(" not in each.partition("=")[0] and \
                            not each.startswith(("struct", "return", "template")):
                        found.add(f"{owner}::{field[1]}")
            for owner in ("Program", "Engine"):
                body = re.search(rf"^class KILN_API {owner} \{{\npublic:\n(.*?)^private:", inside, re.DOTALL | re.MULTILINE)
                for each in self.flat(body[1] if body else "").split(";"):
                    if (method := re.search(r"[ *&](\w+)\(", each)) and method[1] not in (owner, "operator"):
                        found.add(f"{owner}::{method[1]}")
            for each in self.flat(inside).split(";"):
                if (function := re.search(r"^[\w:<>, *&]*[ *&>](\w+)\(", each.strip())) and not re.match(r"(?:using|static_assert|inline|template|constexpr)", each.strip()):
                    found.add(function[1])
        return found - NO_COUNTERPART

    def test_every_member_has_a_counterpart(self):
        rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|$", MANUAL, re.MULTILINE)
        table = dict(rows)
        members = self.members()
        self.assertGreater(len(members), 80)
        self.assertEqual(sorted(member for member in members if member not in table), [], "without a row in docs/capi.md")
        functions = set(re.findall(r"\b(kiln_\w+)\(", HEADER))
        options = {row for row, _ in rows}
        for member, here in rows:
            if "::" not in member and "`" not in here:
                continue
            for name in re.findall(r"`(kiln_\w+)\(\)`", here):
                self.assertIn(name, functions, member)
        self.assertEqual(sorted(name for name in functions if f"`{name}()`" not in MANUAL), [], "not named in docs/capi.md")
        self.assertTrue(options)


def main():
    global library
    parser = argparse.ArgumentParser()
    parser.add_argument("--kiln")
    parser.add_argument("--library", required=True)
    parser.add_argument("tests", nargs="*")
    options = parser.parse_args()
    os.environ["KILN_CACHE"] = "off"
    library = ctypes.CDLL(str(Path(options.library).resolve()))
    declare()
    unittest.main(argv=[sys.argv[0], *options.tests])


if __name__ == "__main__":
    main()

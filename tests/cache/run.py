#!/usr/bin/env python3
"""The code cache, with real programs and real processes: `kiln run --cache FOLDER`.

Whatever the folder holds or becomes, a program does what its native build does; and when nothing is wrong, the second run
finds what the first compiled. `--races N` sets how long the race goes on of the races between processes that are killed."""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# All that a run of a second climbs to is reached in the first milliseconds.
QUICK = ["--ladder", "baseline,O2@20,O3@60", "--cache-least", "0"]
failures = 0


def check(condition, text):
    global failures
    if not condition:
        failures += 1
        print("FAIL:", text)


class Bench:
    """The tool, a scratch folder, and the program in bitcode and natively."""

    def __init__(self, kiln, scratch):
        self.kiln, self.scratch = str(kiln), Path(scratch)
        self.environment = {name: value for name, value in os.environ.items() if name not in ("KILN_CACHE", "XDG_CACHE_HOME")}
        self.environment["HOME"] = str(self.scratch / "home")
        self.programs = HERE.parent / "programs"
        self.program = self.bitcode("hot")
        self.native = self.scratch / "hot"
        self.call(["clang-19", "-w", self.program, "-o", self.native, "-lpthread"])
        self.expected = {}

    def call(self, command):
        subprocess.run([str(word) for word in command], check=True)

    def bitcode(self, name, *flags):
        made = self.scratch / f"{name}{''.join(flags)}.bc".replace("/", "")
        self.call(["clang-19", "-O1", "-w", "-c", "-emit-llvm", *flags, HERE / "hot.c", "-o", made])
        return made

    def natively(self, *arguments):
        if arguments not in self.expected:
            done = subprocess.run([str(self.native), *arguments], capture_output=True, text=True)
            self.expected[arguments] = (done.returncode, done.stdout)
        return self.expected[arguments]

    def run(self, folder, *arguments, options=(), program=None, environment=None, limits=None, quick=True):
        """Runs the program; the statistics if it ended in a way that writes them."""
        statistics = self.scratch / f"stats-{os.getpid()}-{random.getrandbits(40)}.json"
        cache = [] if folder is None else ["--cache", str(folder)]
        done = subprocess.run([self.kiln, "run", *(QUICK if quick else []), *cache, f"--stats={statistics}", *options,
                               str(program or self.program), *arguments], capture_output=True, text=True, timeout=300,
                              env={**self.environment, **(environment or {})},
                              preexec_fn=limits)
        found = json.loads(statistics.read_text()) if statistics.exists() else None
        statistics.unlink(missing_ok=True)
        return done, found

    def right(self, what, folder, *arguments, **more):
        done, found = self.run(folder, *arguments, **more)
        check((done.returncode, done.stdout) == self.natively(*arguments),
              f"{what}: {done.returncode} {done.stdout!r} {done.stderr!r} instead of {self.natively(*arguments)}")
        check(done.stderr == "", f"{what}: wrote {done.stderr!r}")
        return found

    def warmed(self, name):
        """A folder that has what the program needs."""
        folder = self.scratch / name
        for _ in range(3):
            self.right(name, folder)
        return folder


def entries(folder):
    return sorted(path for path in Path(folder).glob("programs/*/*") if "-f" in path.name)


def temporaries(folder):
    return list(Path(folder).glob("programs/*/tmp-*"))


def warm_runs(bench):
    folder = bench.scratch / "warm"
    first = bench.right("cold", folder)
    check(first["cache"]["hits"] == 0, "a first run found something")
    check(first["cache"]["written"] > 0, f"a first run wrote nothing: {first['cache']}")
    check(len(entries(folder)) > 0, "no entries")
    check(any(path.name == "profile" for path in folder.glob("programs/*/*")), "no profile")
    check((folder.stat().st_mode & 0o777) == 0o700, "the folder's rights")
    check(all((path.stat().st_mode & 0o777) == 0o600 for path in entries(folder)), "the files' rights")
    bench.right("second", folder)
    third = bench.right("warm", folder, "late")["cache"]
    check(third["installed"] > 0 and third["hits"] >= third["installed"], f"nothing was installed: {third}")
    check(third["damaged"] == 0, f"damage: {third}")
    check(third["profile_functions"] > 0, f"no profile: {third}")
    warm = bench.right("warm", folder)
    for function in warm["functions"]:
        for version in function["versions"]:
            if version["cached"]:
                check(version["passes_ns"] == 0 and version["codegen_ns"] == 0, f"{function['name']} was compiled all the same")
    check(any(version["cached"] for function in warm["functions"] for version in function["versions"]), "no version is cached")
    # At the first call, where the ladder has nothing else.
    bench.right("O3", folder, options=["--tier", "O3"], quick=False)
    again = bench.right("O3 again", folder, options=["--tier", "O3"], quick=False)
    check(again["cache"]["misses"] == 0 and again["cache"]["hits"] > 0, f"--tier O3: {again['cache']}")
    without = bench.right("no threads", folder, options=["--compile-threads", "0"])
    check(without["cache"]["installed"] == 0, "installed ahead without threads")


def kept_baseline(bench):
    """Baseline code and the start, of programs that use what code can name outside itself."""
    options = ["--tier", "baseline", "--cache-least", "0"]
    sources = {"hot": HERE / "hot.c", **{name: bench.programs / name for name in
               ("c/computed_goto.c", "c/tls_models.c", "c/vectors.c", "cpp/exceptions_types.cpp", "cpp/exceptions_invokes.cpp",
                "cpp/thread_locals.cpp", "cpp/containers.cpp")}}
    for name, source in sources.items():
        stem, compiler = source.stem, "clang++-19" if source.suffix == ".cpp" else "clang-19"
        program, native = bench.scratch / f"kept-{stem}.bc", bench.scratch / f"kept-{stem}"
        standard = ["-std=c++20"] if source.suffix == ".cpp" else []
        bench.call([compiler, *standard, "-O1", "-w", "-c", "-emit-llvm", source, "-o", program])
        bench.call([compiler, "-w", program, "-o", native, "-lpthread", "-lm"])
        expected = subprocess.run([native], capture_output=True, text=True)
        folder = bench.scratch / f"kept-{stem}.cache"
        found = []
        for turn in range(3):
            done, statistics = bench.run(folder, program=program, options=options, quick=False)
            check((done.returncode, done.stdout) == (expected.returncode, expected.stdout),
                  f"{name}, run {turn}: {done.returncode} {done.stdout[-200:]!r} {done.stderr!r}")
            found.append(statistics and statistics["cache"])
        if not all(found):
            continue  # it ended in a way that writes none
        cold, warm = found[0], found[2]
        check(cold["baseline_found"] == 0 and cold["baseline_made"] > 0 and not cold["start_found"], f"{name}, cold: {cold}")
        check(warm["baseline_found"] >= cold["baseline_made"] and warm["baseline_made"] == 0 and warm["start_found"],
              f"{name}, warm: {warm} after {cold}")
        check(warm["damaged"] == 0, f"{name}: damage {warm}")
    # Other code is another file, and the same again is found.
    folder = bench.scratch / "kept-hot.cache"
    for more in (["--baseline-plain-cpu"], ["--baseline-registers", "4"]):
        for turn in range(2):
            found = bench.right(f"{more} {turn}", folder, options=[*options, *more], quick=False)["cache"]
            check((found["baseline_found"] > 0) == (turn > 0), f"{more}, run {turn}: {found}")
            check(found["start_found"], f"{more}: the start is the same")
    # What takes less than it is to, and runs that are to be repeatable, leave nothing.
    for more in (["--cache-least", "100000000"], ["--cache-least", "0", "--compile-threads", "0"]):
        folder = bench.scratch / "kept-nothing"
        found = bench.right(f"{more}", folder, options=["--tier", "baseline", *more], quick=False)["cache"]
        check(not folder.exists(), f"{more} made {list(folder.rglob('*'))}")
    # What only parts of it need is compiled in the second run, beside what is there.
    folder = bench.scratch / "kept-grows"
    bench.right("a part", folder, "exit", options=options, quick=False)
    more = bench.right("the rest", folder, "thread", options=options, quick=False)
    if more:
        check(more["cache"]["baseline_found"] > 0 and more["cache"]["baseline_made"] > 0, f"the rest: {more['cache']}")


def where_it_is(bench):
    bench.right("off", None, options=["--cache", "off"])
    bench.right("off by the environment", None, environment={"KILN_CACHE": "off"})
    home = Path(bench.environment["HOME"])
    check(not home.exists(), "a cache that is off made a folder")
    hello = bench.scratch / "hello.ll"
    hello.write_text('target triple = "x86_64-pc-linux-gnu"\ndefine i32 @main() {\n  ret i32 0\n}\n')
    bench.run(None, program=hello, quick=False)
    check(not home.exists(), "a program that compiles nothing made a folder")
    bench.right("default", None)
    check(len(entries(home / ".cache/kiln")) > 0, "nothing in ~/.cache/kiln")
    bench.right("XDG", None, environment={"XDG_CACHE_HOME": str(bench.scratch / "xdg")})
    check(len(entries(bench.scratch / "xdg/kiln")) > 0, "nothing in $XDG_CACHE_HOME/kiln")
    bench.right("variable", None, environment={"KILN_CACHE": str(bench.scratch / "variable")})
    check(len(entries(bench.scratch / "variable")) > 0, "nothing where KILN_CACHE says")
    bench.right("no home", None, environment={"HOME": ""})


def other_keys(bench):
    """What differs in anything is not taken for the same."""
    folder = bench.warmed("keys")
    programs = lambda: len(list(folder.glob("programs/*")))
    contexts = lambda: {path.name[:16] for path in entries(folder)}
    check(programs() == 1 and len(contexts()) == 1, "one program in one context")
    changed = bench.bitcode("hot", "-DSTEP=4")
    done, found = bench.run(folder, program=changed)
    native = bench.scratch / "changed"
    bench.call(["clang-19", "-w", changed, "-o", native, "-lpthread"])
    check(done.stdout == subprocess.run([native], capture_output=True, text=True).stdout, "the changed program")
    check(found["cache"]["hits"] == 0 and programs() == 2, "a changed program is another one")
    # A library that defines the weak symbol: calls to it are in the code, or are not.
    library = bench.scratch / "libwhere.so"
    source = bench.scratch / "where.c"
    source.write_text("unsigned kiln_nowhere(unsigned x) { return x + 1; }\n")
    bench.call(["clang-19", "-shared", "-fPIC", source, "-o", library])
    native = bench.scratch / "with"
    bench.call(["clang-19", "-w", bench.program, library, "-o", native, "-lpthread"])
    expected = subprocess.run([native], capture_output=True, text=True).stdout
    for turn in range(2):
        done, found = bench.run(folder, options=["--load", str(library)])
        check(done.stdout == expected, f"with the library: {done.stdout!r} instead of {expected!r}")
        check((found["cache"]["hits"] > 0) == (turn > 0), f"with the library, run {turn}: {found['cache']}")
    bench.right("without the library again", folder)
    check(len(contexts()) == 2, "the library is another context")
    # A profile that is named decides what code is made: it is not mixed with others.
    profile = bench.scratch / "given.prof"
    bench.run(folder, options=["--profile-out", str(profile)])
    found = bench.right("a given profile", folder, options=["--profile-in", str(profile)])
    check(len(contexts()) == 3, "a given profile is another context")


def damage(bench):
    folder = bench.warmed("damage")
    keep = bench.scratch / "sound"
    shutil.copytree(folder, keep)

    def afresh():
        shutil.rmtree(folder)
        shutil.copytree(keep, folder)

    random.seed(1)
    noticed = 0
    for turn in range(12):
        afresh()
        for path in folder.glob("programs/*/*"):
            content = bytearray(path.read_bytes())
            for _ in range(1 + turn % 3):
                content[random.randrange(len(content))] ^= 1 << random.randrange(8)
            path.write_bytes(content)
        noticed += bench.right(f"flipped bits {turn}", folder)["cache"]["damaged"]
    check(noticed > 12, f"damage was noticed {noticed} times")
    changes = {
        "empty": lambda path: path.write_bytes(b""),
        "truncated": lambda path: os.truncate(path, path.stat().st_size // 2),
        "one byte short": lambda path: os.truncate(path, path.stat().st_size - 1),
        "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        "garbage": lambda path: path.write_bytes(random.randbytes(5000)),
        "unreadable": lambda path: path.chmod(0),
        "a folder": lambda path: (path.unlink(), path.mkdir()),
        "a link": lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
        "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    }
    for name, change in changes.items():
        afresh()
        for path in list(folder.glob("programs/*/*")):
            change(path)
        bench.right(name, folder)
        bench.right(f"{name}, again", folder)
    # Each file in place of the next: whole, but of another function.
    afresh()
    files = entries(folder)
    contents = [path.read_bytes() for path in files]
    for path, content in zip(files, contents[1:] + contents[:1]):
        path.write_bytes(content)
    check(bench.right("exchanged", folder)["cache"]["damaged"] > 0, "exchanged entries were not noticed")


def places(bench):
    """Folders that cannot be used, or not for long."""
    for place in ("/proc/kiln", "/dev/null", "/dev/full", str(bench.program)):
        found = bench.right(place, place)
        check(found["cache"]["written"] == 0, f"{place}: written")
    open_to_all = bench.scratch / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    found = bench.right("a folder open to all", open_to_all)["cache"]
    check(found["off_because"] == "others may write to the folder" and not list(open_to_all.iterdir()), f"open folder: {found}")
    full(bench)
    read_only(bench)
    small = bench.scratch / "small"
    for _ in range(4):
        bench.right("a small limit", small, options=["--cache-limit", "4000"])
    size = sum(path.stat().st_size for path in small.glob("programs/*/*"))
    check(size < 40000, f"{size} bytes where 4000 are allowed")
    bench.right("no room at all", bench.scratch / "zero", options=["--cache-limit", "0"])


def mounted(bench, name, kind):
    """A tmpfs of 16 KiB, or None where one may not mount."""
    folder = bench.scratch / name
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", kind, "tmpfs", folder], capture_output=True)
    return folder if done.returncode == 0 else None


def full(bench):
    folder = mounted(bench, "full", "size=16k,mode=700")
    if not folder:
        return print("SKIP a full disk: may not mount")
    try:
        (folder / "filler").write_bytes(bytes(10000))
        found = bench.right("a full disk", folder)["cache"]
        check(found["writes_off_because"] == "No space left on device", f"a full disk: {found}")
        check(not temporaries(folder), "half a file on the full disk")
        bench.right("a full disk again", folder)
    finally:
        subprocess.run(["umount", folder], check=True)


def read_only(bench):
    folder = mounted(bench, "readonly", "mode=700")
    if not folder:
        return print("SKIP a read-only disk: may not mount")
    try:
        shutil.copytree(bench.warmed("source") / "programs", folder / "programs")
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        found = bench.right("a read-only disk", folder)["cache"]
        check(found["hits"] > 0, f"what a read-only disk has is used: {found}")
    finally:
        subprocess.run(["umount", folder], check=True)


def ends(bench):
    """However a program ends, twice."""
    for end in ("return", "exit", "now", "abort", "kill", "fork", "exec", "thread"):
        folder = bench.scratch / f"end-{end}"
        for turn in range(3):
            bench.right(f"{end}, run {turn}", folder, end, options=["--no-crash-report"])
        bench.right("and then as usual", folder)
        check(not temporaries(folder), f"{end}: files were left over")


def races(bench, rounds):
    """Eight processes on one folder, each killed at random but for every fourth run."""
    folder = bench.scratch / "races"
    expected = bench.natively()
    random.seed()
    running, left, wrong = [], 8 * rounds, 0
    killed = 0
    while left or running:
        while left and len(running) < 8:
            process = subprocess.Popen([bench.kiln, "run", *QUICK, "--cache", folder, bench.program], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True, env=bench.environment)
            dies = time.monotonic() + random.random() * 0.3 if left % 4 else None
            running.append((process, dies))
            left -= 1
        for process, dies in list(running):
            if process.poll() is None and dies and time.monotonic() > dies:
                process.kill()
            if process.poll() is not None:
                running.remove((process, dies))
                out, err = process.communicate()
                if process.returncode == -signal.SIGKILL:
                    killed += 1
                    check(expected[1].startswith(out), f"a killed run wrote {out!r}")
                elif (process.returncode, out, err) != (*expected, ""):
                    wrong += 1
                    print(f"FAIL: a run in the race: {process.returncode} {out!r} {err!r}")
        time.sleep(0.002)
    check(wrong == 0, f"{wrong} runs were wrong")
    # One that is left alone meets nothing damaged, and tidies up when it writes.
    found = bench.right("after the races", folder)["cache"]
    check(found["damaged"] == 0, f"the races left damage: {found}")
    found = bench.right("a write after the races", folder, options=["--load", "libm.so.6"])["cache"]
    check(found["written"] > 0 and not temporaries(folder), f"files were left over: {temporaries(folder)}")
    print(f"races: {8 * rounds} runs, {killed} killed")


def commands(bench):
    folder = bench.warmed("commands")
    kiln = lambda *words: subprocess.run([bench.kiln, "cache", *words], capture_output=True, text=True, env=bench.environment)
    shown = kiln("show", "--cache", folder)
    check(shown.returncode == 0 and f"{bench.program}" in shown.stdout, f"show: {shown}")
    check("1 programs" in shown.stdout, f"show: {shown.stdout}")
    (folder / "mine.txt").write_text("not the cache's")
    cleared = kiln("clear", "--cache", folder)
    check(cleared.returncode == 0 and "files removed" in cleared.stdout, f"clear: {cleared}")
    check([path.name for path in folder.iterdir()] == ["mine.txt"], f"clear left {list(folder.iterdir())}")
    check(kiln("show", "--cache", folder).returncode == 0, "show of an empty cache")
    check(kiln("show", "--cache", bench.scratch / "nowhere").returncode == 0, "show of no cache")
    check(kiln("clear", "--cache", bench.scratch / "nowhere").returncode == 0, "clear of no cache")
    for words in (["show", "--cache", "redis://localhost"], ["show", "--cache", "off"], ["show", "--cache", "a", "--cache", "b"], []):
        done = kiln(*words)
        check(done.returncode == 2 and done.stderr.startswith("kiln: error: "), f"{words}: {done}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", required=True)
    parser.add_argument("--races", type=int, default=6, help="runs of each of the eight racing processes")
    parser.add_argument("--only", help="one part of the tests")
    options = parser.parse_args()
    parts = {"warm": warm_runs, "baseline": kept_baseline, "where": where_it_is, "keys": other_keys, "damage": damage, "places": places, "ends": ends,
             "commands": commands, "races": lambda bench: races(bench, options.races)}
    with tempfile.TemporaryDirectory(prefix="kiln-cache-") as scratch:
        bench = Bench(Path(options.kiln).resolve(), scratch)
        for name, part in parts.items():
            if options.only in (None, name):
                part(bench)
    print(f"{failures} failures" if failures else "passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Installs Kiln into a clean prefix and builds a project outside of this one against it: with CMake and with pkg-config,
the static library and the shared one. Looks at what is exported and needed, and at what is refused.

usage: install.py --kiln PATH   (a file of the build folder that is installed)
"""
import argparse
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

from process import run  # noqa: E402

HERE = Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include/kiln"
EXPECTED = """\
version {version}
build info: there
fib 6765, twice 42
then 6765 at O3, events: several
statistics: there
profile: fib
container: fib
inspected: bitcode
exported: 2 functions
no coverage: file-not-found, file-not-found
cache: 0 removed
bad file: bad-bitcode
4 presets, bottom interpreter
"""
# What a shared library may need on a system that has nothing of Kiln's build.
ALLOWED = {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6", "ld-linux-x86-64.so.2"}


def check(condition, what):
    if not condition:
        sys.exit(f"install: {what}")


def needed(file):
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", file).stdout))


def check_files(prefix, library):
    for name in ("bin/kiln", "include/kiln/Engine.h", "share/man/man1/kiln.1.gz", "share/man/man1/kiln-run.1.gz",
                 "share/bash-completion/completions/kiln", "share/zsh/vendor-completions/_kiln",
                 "share/fish/vendor_completions.d/kiln.fish", "share/doc/kiln/errors.md", "share/doc/kiln/copyright"):
        check((prefix / name).is_file(), f"{name} is not installed")
    installed = {path.name for path in (prefix / "include/kiln").iterdir()}
    check(installed == {path.name for path in INCLUDE.glob("*.h")}, f"the headers are {sorted(installed)}")
    for name in ("libkiln.a", "libkiln.so", "libkiln.so.0", "pkgconfig/kiln.pc", "cmake/kiln/kilnConfig.cmake"):
        check((library / name).exists(), f"{name} is not installed")


def check_exports(shared):
    symbols = run("nm", "-D", "--defined-only", shared).stdout
    names = [line.split()[-1] for line in symbols.splitlines()]
    plain = run("c++filt", input="\n".join(name.partition("@")[0] for name in names)).stdout.splitlines()
    check(len(names) > 50, f"only {len(names)} symbols are exported")
    for name, text in zip(names, plain):
        if text == "KILN_0.1":  # the version itself
            continue
        check(name.endswith("@@KILN_0.1"), f"{name} has no version")
        check(text.startswith(("kiln_", "kiln::")), f"{text} is exported")
    foreign = needed(shared) - ALLOWED
    check(not foreign, f"the shared library needs {foreign}")
    dynamic = run("readelf", "-d", shared).stdout
    check("[libkiln.so.0]" in dynamic and "NODELETE" in dynamic, "the shared library has no soname, or can be unloaded")


class Host:
    """The project outside, in a folder of its own."""

    def __init__(self, scratch, prefix, library, expected):
        self.scratch, self.prefix, self.library, self.expected = scratch, prefix, library, expected
        self.environment = {**os.environ, "LD_LIBRARY_PATH": str(library),
                            "PKG_CONFIG_PATH": str(library / "pkgconfig")}

    def with_cmake(self, kind):
        build = self.scratch / f"cmake-{kind}"
        run(*self.configure(kind, build))
        run("cmake", "--build", build)
        self.check_run(build / "host")

    def configure(self, kind, build):
        return ["cmake", "-G", "Ninja", "-S", HERE / "host", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DKIND={kind}",
                "-DCMAKE_C_COMPILER=clang-19", "-DCMAKE_CXX_COMPILER=clang++-19", "-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld"]

    def refused(self, kind, text, *more):
        """What find_package() must not accept."""
        done = run(*self.configure(kind, self.scratch / "refused"), *more, status=1)
        shutil.rmtree(self.scratch / "refused")
        check(text in " ".join(done.stderr.split()), f"component {kind} is refused with: {done.stderr}")

    def with_pkg_config(self, package, *compiler):
        flags = run("pkg-config", "--cflags", "--libs", package, env=self.environment).stdout.split()
        host = self.scratch / package
        run(*compiler, "-std=c++23", HERE / "host/host.cpp", "-o", host, *flags)
        self.check_run(host)

    def check_run(self, host):
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        out = run(host, folder, env=self.environment).stdout
        check(out == self.expected, f"{host} printed\n{out}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", required=True, type=Path)
    options = parser.parse_args()
    build = options.kiln.resolve().parent.parent
    with tempfile.TemporaryDirectory(prefix="kiln-install-") as folder:
        scratch = Path(folder)
        prefix = scratch / "prefix"
        run("cmake", "--install", build, "--prefix", prefix)
        library = next(prefix.rglob("libkiln.so")).parent
        check_files(prefix, library)
        check_exports(library / "libkiln.so.0")
        check(needed(prefix / "bin/kiln") <= ALLOWED - {"libstdc++.so.6", "libgcc_s.so.1"}, "the command needs more than the C library")
        version = re.match(r"kiln (\S+)", run(prefix / "bin/kiln", "--version").stdout)[1]
        host = Host(scratch, prefix, library, EXPECTED.format(version=version))
        host.with_cmake("shared")
        host.with_cmake("static")
        # By dlopen, as languages with a foreign-function interface do.
        run(sys.executable, "-c", f"import ctypes; ctypes.CDLL({str(library / 'libkiln.so.0')!r})")
        # Debian's own compiler, from whose library Kiln's headers must be usable too.
        host.with_pkg_config("kiln", "g++")
        host.with_pkg_config("kiln-static", "clang++-19", "-fuse-ld=lld")
        host.refused("dynamic", "component dynamic: there are only the components static and shared")
        (library / "libkiln.a").rename(library / "kept.a")
        (library / "cmake/kiln/kilnStatic.cmake").unlink()
        host.refused("static", "component static: libkiln.a is not installed; on Debian: apt-get install libkiln-dev llvm-19-dev")
        host.with_cmake("shared")
        print(f"install: {len(list(prefix.rglob('*')))} files; 5 hosts built and run")


if __name__ == "__main__":
    main()

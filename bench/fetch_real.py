#!/usr/bin/env python3
"""Builds the real programs of the benchmark from Debian's source packages.

Leaves in build/real/, for each program lua, lua_switch and sqlite:
  <program>                native executable, -O2
  <program>.<variant>.bc   one bitcode file; variants O0, O1, O2 and raw (the
                           IR of -O2 before any optimisation pass)
lua_switch is Lua with a switch in place of computed gotos, for runtimes that
cannot take the latter.

A second call finds everything in place and does nothing.  Source packages
come through apt; a deb-src entry is added when there is none, derived from
the mirror that is already configured.  Root rights (or sudo) are needed only
for that and for missing build tools.

Exit status: 0 on success, 1 when a step failed (the reason is on stderr).
"""

import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT / "build" / "real"
SOURCES = REAL / "src"
GENERATED = REAL / "generated"
EXTRA_LIST = Path("/etc/apt/sources.list.d/kiln-bench-src.sources")

CLANG = os.environ.get("CLANG", "clang-19")
LLVM_LINK = os.environ.get("LLVM_LINK", "llvm-link-19")

# Fused multiply-add would give each runtime its own last digits, and outputs
# are compared byte by byte.
COMMON = ["-ffp-contract=off", "-w"]
VARIANTS = {
    "O0": ["-O0"],
    "O1": ["-O1"],
    "O2": ["-O2"],
    "raw": ["-O2", "-Xclang", "-disable-llvm-passes"],
}
PACKAGES = {"lua": "lua5.4", "sqlite": "sqlite3"}
LUA_FLAGS = ["-DLUA_USE_POSIX", "-DLUA_USE_DLOPEN", "-DLUA_COMPAT_5_3"]
# Each program's source and macros.  They make it depend on libc, libm, libdl
# and libpthread only: no readline, no zlib.
PROGRAMS = {
    "lua": ("lua", LUA_FLAGS),
    "lua_switch": ("lua", [*LUA_FLAGS, "-DLUA_USE_JUMPTABLE=0"]),
    "sqlite": ("sqlite", ["-DSQLITE_THREADSAFE=1", "-DHAVE_USLEEP=1"]),
}
LIBRARIES = ["-lm", "-ldl", "-lpthread"]


class BuildError(Exception):
    """A step that cannot be done; the message says which and why."""


def run(command, cwd=None, privileged=False):
    """Runs a command quietly; raises BuildError with its output on failure."""
    if privileged and os.geteuid() != 0:
        if shutil.which("sudo") is None:
            raise BuildError(f"needs root or sudo for: {' '.join(command)}")
        command = ["sudo", *command]
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise BuildError(f"cannot run {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        output = "\n".join(done.stdout.splitlines()[-15:])
        raise BuildError(f"{' '.join(command)[:200]} failed:\n{output}")
    return done.stdout


# --- apt ------------------------------------------------------------------

def one_line_entry(line):
    """Reads `deb [options] uri suite components...`; None for other lines."""
    match = re.match(r"\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
    if not match:
        return None
    kind, options, uri, suite, components = match.groups()
    entry = {"Types": kind, "URIs": uri, "Suites": suite, "Components": components.strip()}
    for option in (options or "").split():
        name, _, value = option.partition("=")
        entry["-".join(part.capitalize() for part in name.split("-"))] = value.replace(",", " ")
    return entry


def deb822_entries(text):
    """Yields the stanzas of a .sources file as dictionaries; values keep
    their continuation lines (an embedded key spans many)."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        entry, name = {}, None
        for line in stanza.splitlines():
            if line[:1].isspace() and name:
                entry[name] += "\n" + line
            elif ":" in line:
                name, _, value = line.partition(":")
                name = {"uris": "URIs"}.get(name.lower(),
                                            "-".join(p.capitalize() for p in name.split("-")))
                entry[name] = value.strip()
        if entry and entry.get("Enabled", "yes").lower() not in ("no", "false", "0"):
            yield entry


def configured_entries(root="/etc/apt"):
    """Yields every enabled apt source, from both file formats."""
    for name in [f"{root}/sources.list", *sorted(glob.glob(f"{root}/sources.list.d/*"))]:
        try:
            text = Path(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if name.endswith(".list"):
            yield from filter(None, map(one_line_entry, text.splitlines()))
        elif name.endswith(".sources"):
            yield from deb822_entries(text)


def codename():
    """The Debian release's code name, such as bookworm."""
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.split("=", 1)[1].strip('"')
    raise BuildError("/etc/os-release names no VERSION_CODENAME")


def source_entry(entries, suite):
    """The text of a deb-src entry for `suite` main, derived from the first
    binary source of it; None when a deb-src entry exists already.

    Options are carried over: apt refuses two entries for one archive that
    differ in Signed-By."""
    fitting = [e for e in entries
               if suite in e.get("Suites", "").split()
               and "main" in e.get("Components", "").split()
               and not e.get("URIs", "").startswith("cdrom:")]
    if any("deb-src" in e["Types"].split() for e in fitting):
        return None
    if not fitting:
        raise BuildError(f"no apt source for {suite} main is configured")
    chosen = {"Types": "deb-src", "URIs": fitting[0]["URIs"].split()[0], "Suites": suite,
              "Components": "main"}
    for name, value in fitting[0].items():
        if name not in chosen and name not in ("Arch", "Architectures", "Enabled"):
            chosen[name] = value
    return "".join(f"{name}: {value}\n" for name, value in chosen.items())


def sources_known():
    """Whether apt's lists hold all the source packages."""
    return all(
        subprocess.run(["apt-cache", "showsrc", "--only-source", package], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
        for package in PACKAGES.values())


def enable_sources():
    """Makes `apt-get source` work for the packages."""
    if sources_known():
        return
    text = source_entry(list(configured_entries()), codename())
    if text is not None:
        temporary = REAL / EXTRA_LIST.name
        temporary.write_text(text, encoding="utf-8")
        run(["install", "-m", "644", str(temporary), str(EXTRA_LIST)], privileged=True)
        temporary.unlink()
        note(f"added {EXTRA_LIST}")
    run(["apt-get", "-qq", "update"], privileged=True)
    if not sources_known():
        raise BuildError("apt-get update succeeded but the source packages are not listed")


def require_tool(tool, package):
    """Installs `package` when `tool` is not on the path."""
    if shutil.which(tool) is None:
        note(f"installing {package} for {tool}")
        run(["apt-get", "-qq", "-y", "install", "--no-install-recommends", package],
            privileged=True)


def unpacked(source):
    """The unpacked folder of a source; None when there is none."""
    found = list((SOURCES / source).glob("*/debian"))
    return found[0].parent if found else None


def fetch(source):
    """Downloads and unpacks a source package once."""
    if unpacked(source) is not None:
        return
    enable_sources()
    require_tool("dpkg-source", "dpkg-dev")
    folder = SOURCES / source
    # A half unpacked tree must not be taken for a whole one: unpack aside.
    aside = SOURCES / f"{source}.partial"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    note(f"fetching source package {PACKAGES[source]}")
    # As root apt cannot drop its rights in a folder only root may write.
    run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "source", PACKAGES[source]],
        cwd=aside)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


# --- building -------------------------------------------------------------

def lua_units():
    """Lua's C files and include folders: everything but its compiler."""
    source = unpacked("lua") / "src"
    generated = GENERATED / "lua"
    generated.mkdir(parents=True, exist_ok=True)
    # Debian's patched luaconf.h includes this; its package build writes it.
    # The name only ends up in the search path for C modules.
    (generated / "lua5.4-deb-multiarch.h").write_text(
        f'#define DEB_HOST_MULTIARCH "{os.uname().machine}-linux-gnu"\n', encoding="ascii")
    skip = {"luac.c", "onelua.c", "ltests.c"}
    units = sorted(f for f in source.glob("*.c") if f.name not in skip)
    return units, [source, generated]


def sqlite_units():
    """SQLite's amalgamation and shell, generated by its own makefile."""
    generated = GENERATED / "sqlite"
    units = [generated / "sqlite3.c", generated / "shell.c"]
    if not all(unit.exists() for unit in units):
        require_tool("tclsh", "tcl")
        require_tool("make", "make")
        note("generating SQLite's amalgamation")
        shutil.rmtree(generated, ignore_errors=True)
        generated.mkdir(parents=True)
        configure = str(unpacked("sqlite") / "configure")
        run([configure, "--disable-tcl", "--disable-readline", f"CC={CLANG}"], cwd=generated)
        run(["make", "sqlite3.c", "shell.c"], cwd=generated)
    return units, [generated]


UNITS = {"lua": lua_units, "sqlite": sqlite_units}


def build(program):
    """Compiles a program natively and into its bitcode variants."""
    source, defines = PROGRAMS[program]
    units, includes = UNITS[source]()
    flags = [*COMMON, *defines, *(f"-I{folder}" for folder in includes)]
    note(f"building {program}: native")
    # -rdynamic as in Lua's own makefile: C modules look symbols up in it.
    run([CLANG, "-O2", *flags, *map(str, units), "-o", str(REAL / program), "-rdynamic",
         *LIBRARIES])
    objects = REAL / "objects"
    for variant, options in VARIANTS.items():
        note(f"building {program}: {variant} bitcode")
        shutil.rmtree(objects, ignore_errors=True)
        objects.mkdir()
        parts = []
        for unit in units:
            part = objects / f"{unit.stem}.bc"
            run([CLANG, *options, *flags, "-emit-llvm", "-c", str(unit), "-o", str(part)])
            parts.append(str(part))
        run([LLVM_LINK, *parts, "-o", str(REAL / f"{program}.{variant}.bc")])
    shutil.rmtree(objects, ignore_errors=True)


def outputs(program):
    """The files that building a program leaves."""
    return [REAL / program, *(REAL / f"{program}.{variant}.bc" for variant in VARIANTS)]


def fingerprint():
    """Changes whenever this script or the compiler does."""
    version = run([CLANG, "--version"])
    return hashlib.sha256(Path(__file__).read_bytes() + version.encode()).hexdigest()


def note(text):
    """Says what is being done; a build takes about two minutes."""
    print(f"fetch_real: {text}", file=sys.stderr)


def main():
    try:
        REAL.mkdir(parents=True, exist_ok=True)
        stamp, current = REAL / "stamp", fingerprint()
        fresh = stamp.exists() and stamp.read_text(encoding="ascii") == current
        if fresh and all(f.exists() for p in PROGRAMS for f in outputs(p)):
            return 0
        stamp.unlink(missing_ok=True)
        for source in PACKAGES:
            fetch(source)
        for program in PROGRAMS:
            build(program)
        stamp.write_text(current, encoding="ascii")
        return 0
    except BuildError as error:
        print(f"fetch_real: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

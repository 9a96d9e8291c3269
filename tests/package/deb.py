#!/usr/bin/env python3
"""Builds the Debian packages and installs them on a clean system.

The clean system is a folder with the files of exactly those packages that the new ones depend on, taken from this machine, and
with dpkg's list of them; dpkg itself then installs the new packages there and refuses what is not provided for. In it, as
its root, `kiln` runs programs. Without the rights for that (root, or user namespaces) only contents and dependencies are
looked at.

usage: deb.py --kiln PATH [--packages FOLDER]   (a file of the build folder; packages that are there already)
"""
import argparse
import gzip
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

from process import run  # noqa: E402

PROGRAM = """
#include <stdio.h>
int main(int argc, char **argv) { long sum = 0; for (long i = 0; i < 3000000; i++) sum += i % 7; printf("%d %ld\\n", argc, sum); return 7; }
"""
FIELDS = ("Package", "Version", "Section", "Priority", "Architecture", "Depends", "Maintainer", "Description")


# Root of a namespace of its own where it is not the system's.
AS_ROOT = ["unshare", *([] if os.geteuid() == 0 else ["-r"])]


def check(condition, what):
    if not condition:
        sys.exit(f"deb: {what}")


def field(package, name):
    return run("dpkg-deb", "-f", package, name).stdout.strip()


def names_in(dependencies):
    """The first of each group of alternatives, without versions."""
    return [re.split(r"[\s(|:]", group.strip())[0] for group in dependencies.split(",") if group.strip()]


def closure(names):
    """What must be installed for the packages `names`, of what is installed here."""
    found, todo = {}, list(names)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        done = run("dpkg-query", "-W", "-f", "${db:Status-Status}\t${Depends},${Pre-Depends}", name, status=None)
        check(done.returncode == 0 and done.stdout.startswith("installed"), f"{name}, which a package depends on, is not installed here")
        found[name] = names_in(done.stdout.split("\t")[1])
        todo += found[name]
    return sorted(found)


def contents(package):
    """Path to (mode, owner)."""
    listed = {}
    for line in run("dpkg-deb", "-c", package).stdout.splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        listed[path.partition(" -> ")[0].removeprefix(".")] = (mode, owner)
    return listed


def check_package(package, name):
    for item in FIELDS:
        check(field(package, item), f"{name} has no field {item}")
    check(field(package, "Package") == name, f"{package.name} is {field(package, 'Package')}")
    files = contents(package)
    for path, (mode, owner) in files.items():
        check(owner == "root/root", f"{name}: {path} belongs to {owner}")
        wanted = ("drwxr-xr-x", "lrwxrwxrwx", "-rwxr-xr-x", "-rw-r--r--")
        check(mode in wanted, f"{name}: {path} has the mode {mode}")
        check(path.startswith("/usr/") or mode[0] == "d", f"{name}: {path} is outside of /usr")
    for document in ("copyright", "changelog.gz"):
        check(f"/usr/share/doc/{name}/{document}" in files, f"{name} has no {document}")
    # Whoever answers for the package signs its change log.
    with tarfile.open(fileobj=io.BytesIO(subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout)) as tar:
        log = gzip.decompress(tar.extractfile(f"./usr/share/doc/{name}/changelog.gz").read()).decode()
    check(f"\n -- {field(package, 'Maintainer')}  " in log, f"{name}: '{field(package, 'Maintainer')}' did not sign {log!r}")
    return files


class CleanSystem:
    def __init__(self, root, packages):
        self.root = root
        admin = root / "var/lib/dpkg"
        for folder in ("info", "updates", "triggers"):
            (admin / folder).mkdir(parents=True)
        # The merged /usr of Debian 12 is made at installation and in no package.
        for name in ("bin", "sbin", "lib", "lib64"):
            (root / "usr" / name).mkdir(parents=True)
            (root / name).symlink_to(f"usr/{name}")
        # What scripts of packages may rely on is there too: a shell, and ldconfig.
        self.provided = closure(["dash", "libc-bin"] + [name for package in packages for name in names_in(field(package, "Depends"))
                                                        if not name.startswith("libkiln")])
        status = []
        for name in self.provided:
            status.append(run("dpkg-query", "-s", name).stdout)
            for path in run("dpkg-query", "-L", name).stdout.splitlines():
                self.copy(path)
        (admin / "status").write_text("\n".join(status))
        (admin / "available").touch()
        (root / "tmp").mkdir(exist_ok=True)

    def copy(self, path):
        source, target = Path(path), self.root / path.lstrip("/")
        if source.is_dir() and not source.is_symlink():
            target.mkdir(parents=True, exist_ok=True)
        elif (source.is_symlink() or source.is_file()) and "/share/doc/" not in path and "/share/locale/" not in path:
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.is_symlink() and not target.exists():
                shutil.copy2(source, target, follow_symlinks=False)

    def dpkg(self, *words, status=0):
        return run(*AS_ROOT, "dpkg", f"--root={self.root}", "--log=/dev/null", *words, status=status,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def enter(self, *command, status=0):
        return run(*AS_ROOT, "chroot", self.root, *command, status=status,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp", "KILN_CACHE": "off"})


def can_enter():
    if not shutil.which("unshare"):
        return False
    return run(*AS_ROOT, "chroot", "/", "true", status=None).returncode == 0


def check_system(system, files):
    kiln = files["kiln"]
    refused = system.dpkg("-i", files["libkiln-dev"], status=1).stderr
    check("depends on libkiln0" in refused, f"libkiln-dev without libkiln0: {refused}")
    system.dpkg("-i", kiln, files["libkiln0"], files["libkiln-dev"])
    state = run("dpkg-query", f"--admindir={system.root}/var/lib/dpkg", "-W", "-f", "${Package} ${db:Status-Status}\n", "kiln", "libkiln0", "libkiln-dev").stdout
    check(all(line.endswith(" installed") or line.endswith(" triggers-pending") for line in state.splitlines()), state)
    version = system.enter("/usr/bin/kiln", "--version").stdout
    check(version.startswith(f"kiln {field(kiln, 'Version')}\n"), version)
    source = system.root / "tmp/loop.c"
    source.write_text(PROGRAM)
    run("clang-19", "-O1", "-emit-llvm", "-c", source, "-o", system.root / "tmp/loop.bc")
    for options in ([], ["--ladder", "O2,O3@1"], ["--tier", "interpreter"]):
        out = system.enter("/usr/bin/kiln", "run", *options, "/tmp/loop.bc", "word", status=7).stdout
        check(out == f"2 {sum(i % 7 for i in range(3000000))}\n", f"kiln run {options} printed {out}")
    for shared in system.root.rglob("libkiln.so.0"):
        missing = system.enter("/lib64/ld-linux-x86-64.so.2", "--list", f"/{shared.relative_to(system.root)}").stdout
        check("not found" not in missing, missing)
    system.dpkg("-r", "libkiln-dev", "libkiln0", "kiln")
    left = [path for path in system.root.rglob("*kiln*") if path.parent.name != "info" and path.parent != system.root / "tmp"]
    check(not left, f"what removal leaves behind: {left}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiln", required=True, type=Path)
    parser.add_argument("--packages", type=Path)
    options = parser.parse_args()
    build = options.kiln.resolve().parent.parent
    with tempfile.TemporaryDirectory(prefix="kiln-deb-") as folder:
        packages = options.packages
        if not packages:
            packages = Path(folder) / "packages"
            # What the packages have in them is the same however it is compressed.
            run("cpack", "--config", build / "CPackConfig.cmake", "-G", "DEB", "-B", packages, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip")
        files = {name: next(packages.glob(f"{name}_*.deb"), None) for name in ("kiln", "libkiln0", "libkiln-dev")}
        check(all(files.values()), f"packages are missing: {files}")
        listed = {name: check_package(package, name) for name, package in files.items()}
        check("/usr/bin/kiln" in listed["kiln"] and "/usr/share/man/man1/kiln.1.gz" in listed["kiln"], "kiln lacks its parts")
        check(any(path.endswith("/libkiln.so.0") for path in listed["libkiln0"]), "libkiln0 lacks the library")
        check(any(path.endswith("/libkiln.a") for path in listed["libkiln-dev"]), "libkiln-dev lacks the archive")
        check("libkiln" not in field(files["kiln"], "Depends"), "the command depends on the library")
        entered = can_enter()
        if entered:
            root = Path(folder) / "root"
            root.mkdir()
            check_system(CleanSystem(root, files.values()), files)
        print("deb: " + ", ".join(f"{package.name} {package.stat().st_size >> 20} MiB" for package in files.values())
              + ("; installed, run and removed on a clean system" if entered else "; no rights to enter a clean system"))


if __name__ == "__main__":
    main()

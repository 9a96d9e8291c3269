#!/usr/bin/env python3
"""Manual pages and completions that kiln makes of its table of options: roff without warnings, each option in its page, and
completions that a real shell takes (bash always; zsh and fish where they are installed), by its functions and, with the key for it, on
a terminal.

usage: run.py --kiln PATH
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from shells import PROMPT, Shell

PAGES = ("kiln", "kiln-run", "kiln-profile", "kiln-export", "kiln-pack", "kiln-unpack", "kiln-inspect", "kiln-coverage", "kiln-cache")
# What bash offers for a line: a set of words, or words that must be in it.
BASH = [
    ("kiln ", {"run", "profile", "export", "pack", "unpack", "inspect", "coverage", "cache"}),
    ("kiln pro", {"profile"}),
    ("kiln --v", {"--version"}),
    ("kiln profile ", {"merge", "show"}),
    ("kiln profile merge --fo", {"--format"}),
    ("kiln profile merge --format ", {"json", "binary"}),
    ("kiln run --tier ", {"interpreter", "baseline", "O0", "O1", "O2", "O3"}),
    ("kiln run --tier O", {"O0", "O1", "O2", "O3"}),
    ("kiln run --tier=O", {"O0", "O1", "O2", "O3"}),
    ("kiln run --tier=", {"interpreter", "baseline", "O0", "O1", "O2", "O3"}),
    ("kiln run --preset ", {"default", "development", "production", "classic"}),
    ("kiln run --counters o", {"on", "off"}),
    ("kiln run --record branches,si", {"branches,sizes"}),
    ("kiln run --record=branches,si", {"branches,sizes"}),
    ("kiln run --dump a", {"asm:"}),
    ("kiln run --no-o", {"--no-osr"}),
    ("kiln run --stat", {"--stats", "--stats="}),
    ("kiln run --stats=note", {"notes.txt"}),
    ("kiln run --tier O2 ", {"one.bc", "two.ll", "three.llbc", "folder"}),
    ("kiln run one.bc ", {"one.bc", "two.ll", "three.llbc", "folder", "notes.txt", "lib.so.1"}),
    ("kiln run one.bc --ti", set()),  # the program's words
    ("kiln run --load ", {"lib.so.1", "folder"}),
    ("kiln run --load=l", {"lib.so.1"}),
    ("kiln run --cache o", {"off"}),
    ("kiln run --cache f", {"folder"}),
    ("kiln unpack ", {"three.llbc", "folder"}),
    ("kiln export one.bc --cold ", {"keep", "size", "trap"}),
    ("kiln export --target-cpu x86-64-v", {"x86-64-v2", "x86-64-v3", "x86-64-v4"}),
    ("kiln export -o a one.bc --obj", {"--object"}),
    ("kiln pack --opt ", {"0", "1", "2", "3"}),
    ("kiln coverage report --li", {"--lines"}),
]
TIERS = {"interpreter", "baseline", "O0", "O1", "O2", "O3"}
# What is on the screen when the key for completions was pressed; a list begins with what must be in it where it may be more.
TYPED = [
    ("kiln ", {"run", "profile", "export", "pack", "unpack", "inspect", "coverage", "cache"}),
    ("kiln profile ", {"merge", "show"}),
    ("kiln run --t", {"--tier", "--trace-tiers"}),
    ("kiln run --", ["--tier", "--ladder", "--preset", "--report", "--stats", "--cache", "--debug"]),
    ("kiln run --tier ", TIERS),
    ("kiln run --tier=", TIERS),
    ("kiln run --tier O", {"O0", "O1", "O2", "O3"}),
    ("kiln run --preset ", {"default", "development", "production", "classic"}),
    ("kiln run --tier O2 --preset d", {"default", "development"}),
    ("kiln run ", {"one.bc", "two.ll", "three.llbc", "folder/"}),
    ("kiln run t", {"two.ll", "three.llbc"}),
    ("kiln run one.bc ", {"one.bc", "two.ll", "three.llbc", "folder/", "notes.txt", "lib.so.1"}),
    ("kiln run --load ", {"lib.so.1", "folder/"}),
    ("kiln run --dump ", {"ir:", "asm:", "ops:"}),
    ("kiln run --cache ", {"off", "redis://", "folder/"}),
    ("kiln export one.bc --cold ", {"keep", "size", "trap"}),
    ("kiln cache ", {"show", "clear"}),
]
# As Readline calls it: the words that bash splits the line into, and the last one's number.
DRIVER = r"""
source "$1"; shift
while IFS= read -r line; do
  COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=() rest=$line
  while [[ $rest ]]; do
    if [[ $rest =~ ^[[:space:]]+ ]]; then :
    elif [[ $rest =~ ^[=:@]+ ]]; then COMP_WORDS+=("${BASH_REMATCH[0]}")
    else [[ $rest =~ ^[^[:space:]=:@]+ ]]; COMP_WORDS+=("${BASH_REMATCH[0]}"); fi
    rest=${rest:${#BASH_REMATCH[0]}}
  done
  [[ $line == *[[:space:]] ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _kiln
  printf '%s\t' "${COMPREPLY[@]}"; echo
done
"""


def check(condition, what):
    if not condition:
        sys.exit(f"manual: {what}")


def run(*command, status=0, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    check(done.returncode == status, f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def options_of(kiln, *command):
    return set(re.findall(r"^\s+(?:-\w,)?(--[\w-]+)", run(kiln, *command, "--help").stdout, re.MULTILINE))


def check_pages(kiln, folder):
    check({path.stem for path in folder.iterdir()} == set(PAGES), f"the pages are {sorted(path.name for path in folder.iterdir())}")
    for page in PAGES:
        done = run("groff", "-man", "-ww", "-rCHECKSTYLE=3", "-z", "-Tutf8", folder / f"{page}.1")
        check(not done.stderr, f"groff on {page}.1: {done.stderr}")
        text = run("groff", "-man", "-Tascii", "-P-cbou", folder / f"{page}.1").stdout
        words = page.split("-")[1:]
        commands = [words] if page not in ("kiln-profile", "kiln-coverage", "kiln-cache") else \
            [[*words, verb] for verb in {"profile": ("merge", "show"), "coverage": ("merge", "report"), "cache": ("show", "clear")}[words[0]]]
        for command in commands:
            for option in options_of(kiln, *command):
                check(re.search(rf"^\s+(?:-\w.*, )?{option}\b", text, re.MULTILINE), f"{page}.1 lacks {option}")
        check("SEE ALSO" in text and "EXIT STATUS" in text, f"{page}.1 lacks a section")


def check_bash(script, folder):
    done = run("bash", "--norc", "-c", DRIVER, "bash", script, cwd=folder, input="".join(line + "\n" for line, _ in BASH))
    check(not done.stderr.replace("bash: compopt: not currently executing completion function\n", ""), f"bash: {done.stderr}")
    for (line, wanted), answer in zip(BASH, done.stdout.splitlines(), strict=True):
        offered = {word for word in answer.split("\t") if word}
        # Readline puts an answer in place of what is behind the last of its ends of words.
        check(offered == wanted or offered == {re.split(r"[=:@]", word)[-1] or word for word in wanted},
              f"bash offers {sorted(offered)} for '{line}', not {sorted(wanted)}")


def check_fish(script, folder):
    for line, wanted in (("kiln run --tier ", {"interpreter", "baseline", "O0", "O1", "O2", "O3"}),
                         ("kiln profile ", {"merge", "show"}), ("kiln export --cold ", {"keep", "size", "trap"}),
                         ("kiln run --preset cl", {"classic"})):
        # What fish itself does for files is its own.
        out = run("fish", "--no-config", "-c", f"source {script}; complete -C {line!r}", cwd=folder).stdout
        offered = {row.split("\t")[0] for row in out.splitlines()}
        check(offered == wanted, f"fish offers {sorted(offered)} for '{line}', not {sorted(wanted)}")


def on_screen(shell, text):
    """The words of a list of completions; zsh puts what each means behind it."""
    return {word for line in text.split("\n") for word in re.split(r" +-- ", line.replace(PROMPT, ""))[0].split()}


def check_typed(name, command, key, setup, folder, skip=()):
    shell = Shell(command, folder, setup)
    try:
        for line, wanted in TYPED:
            if line in skip:
                continue
            offered = on_screen(shell, shell.complete(line, key))
            check(offered >= set(wanted) if isinstance(wanted, list) else offered == wanted,
                  f"{name} shows {sorted(offered)} for '{line}' and its key, not {sorted(wanted)}")
    except TimeoutError as problem:
        check(False, f"{name}: {problem}")
    finally:
        shell.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", required=True, type=Path)
    kiln = parser.parse_args().kiln.resolve()
    shells = ["bash"]
    with tempfile.TemporaryDirectory(prefix="kiln-manual-") as name:
        scratch = Path(name)
        for kind in ("man", "bash", "zsh", "fish", "markdown"):
            run(kiln, "--generate", kind, scratch / kind)
        check_pages(kiln, scratch / "man")
        files = scratch / "files"
        (files / "folder").mkdir(parents=True)
        for file in ("one.bc", "two.ll", "three.llbc", "notes.txt", "lib.so.1"):
            (files / file).touch()
        check_bash(scratch / "bash/kiln", files)
        registered = run("bash", "--norc", "-c", f"source {scratch / 'bash/kiln'}; complete -p kiln").stdout.strip()
        check(registered == "complete -F _kiln kiln", f"bash has '{registered}'")
        check_typed("bash", ["bash", "--norc", "--noprofile", "-i"], "\t",
                    ["".join(f"bind 'set {each}'; " for each in ("show-all-if-ambiguous on", "page-completions off",
                     "completion-query-items 0", "enable-bracketed-paste off", "bell-style none")) + f"source {scratch / 'bash/kiln'}"], files)
        if shutil.which("zsh"):
            run("zsh", "-f", "-n", scratch / "zsh/_kiln")
            # The functions are there and _arguments takes their specifications, outside of a completion as far as it goes.
            run("zsh", "-f", "-c", f"fpath=({scratch / 'zsh'} $fpath); autoload -Uz compinit; compinit -D -u; "
                f"[[ $_comps[kiln] == _kiln ]] && autoload +X _kiln")
            # ^D at the end of a line lists.
            check_typed("zsh", ["zsh", "-f", "-i"], "\x04",
                        [f"unsetopt prompt_cr prompt_sp beep; LISTMAX=0; PS1='{PROMPT}'; fpath=({scratch / 'zsh'} $fpath); "
                         "autoload -Uz compinit; compinit -D -u"], files)
            shells.append("zsh")
        if shutil.which("fish"):
            run("fish", "--no-config", "-n", scratch / "fish/kiln.fish")
            check_fish(scratch / "fish/kiln.fish", files)
            shells.append("fish")
        text = (scratch / "markdown/options.md").read_text()
        for option in options_of(kiln, "run"):
            check(f"`{option}" in text or f", {option}" in text, f"options.md lacks {option}")
    print(f"manual: {len(PAGES)} pages, {len(BASH)} lines completed in bash, {len(TYPED)} typed on a terminal; shells: {', '.join(shells)}")


if __name__ == "__main__":
    main()

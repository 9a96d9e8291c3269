"""The named ways of running a program that every conformance suite shares.

A mode is only data: the options that are put after `kiln run`. A new tier or a new stress gets its line here and is
then available to all suites as `--mode NAME`.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mode:
    """Options of one way to run; `optimises` is false where the code generator may not rely on undefined behaviour. With
    `kept` the program runs twice on a cache of its own, and the second time from what the first one compiled. With `deep` the
    stack may be 64 MiB: an exit keeps the frame that it left."""

    options: tuple[str, ...]
    optimises: bool = True
    exported: bool = False  # the options are those of `kiln export`, and what it makes is run
    recorded: bool = False  # exported by the profile of a run before
    kept: bool = False
    deep: bool = False


MODES = {
    # Refused functions start at O0.
    "interpreter": Mode(("--tier", "interpreter"), optimises=False),
    # As it comes: everything starts in the interpreter and climbs as the default ladder has it.
    "default": Mode(()),
    # Native code of one pass, and the same with so few registers that everything is spilled and moved about.
    "baseline": Mode(("--tier", "baseline"), optimises=False),
    "baseline4": Mode(("--tier", "baseline", "--baseline-registers", "4"), optimises=False),
    "baseline-plain": Mode(("--tier", "baseline", "--baseline-plain-cpu"), optimises=False),
    # Every loop moves at every, every second, every seventh round: from the interpreter into baseline code, and from there
    # into O3's. (A forced move is the only one, so the thresholds mean nothing.)
    "osr1": Mode(("--ladder", "interpreter,baseline@1,O3@2", "--osr-at", "1")),
    "osr2": Mode(("--ladder", "interpreter,baseline@1,O3@2", "--osr-at", "2")),
    "osr7": Mode(("--ladder", "interpreter,baseline@1,O3@2", "--osr-at", "7")),
    "O0": Mode(("--tier", "O0"), optimises=False),
    "O1": Mode(("--tier", "O1")),
    "O2": Mode(("--tier", "O2")),
    "O3": Mode(("--tier", "O3")),
    # Every function climbs after one, two and three calls, on three compile threads, and what it left is freed at once:
    # functions are replaced while they run, which is where a tiered runtime goes wrong. First with LLVM's tiers only.
    "tiny": Mode(("--ladder", "interpreter,O0@1,O2@2,O3@3", "--compile-threads", "3", "--retire-at", "1")),
    "climb1": Mode(("--ladder", "interpreter,baseline@1,O2@2,O3@3", "--compile-threads", "3", "--retire-at", "1")),
    # Every, every seventh guard of O3's code fails, with guards at all branches and calls; and every third, where loops move at
    # every seventh round, with several compile threads.
    "exit1": Mode(("--ladder", "interpreter,O3@1", "--compile-threads", "0", "--exit-at", "1"),
                  deep=True),
    "exit7": Mode(("--tier", "O3", "--exit-at", "7"), deep=True),
    "exit3+osr7": Mode(("--ladder", "interpreter,baseline@1,O3@2", "--osr-at", "7", "--exit-at", "3",
                        "--compile-threads", "3"), deep=True),
    # With so little room for code that promotions are refused and what is superseded is freed all the time.
    "exit5+room": Mode(("--ladder", "interpreter,baseline@1,O2@2,O3@3", "--exit-at", "5", "--compile-threads", "3",
                        "--retire-at", "1", "--code-limit", "49152"), deep=True),
    # From the cache: in the background from the start, with loops that move; and at each first call.
    "kept": Mode(("--ladder", "baseline,O2@2:2,O3@4:8", "--cache-least", "0"), kept=True),
    # With baseline code and the start from there; nothing is read of the modules but what has no code yet.
    "kept-baseline": Mode(("--tier", "baseline", "--cache-least", "0"), optimises=False, kept=True),
    "keptO3": Mode(("--tier", "O3"), kept=True),
    # The same as climb1 after two calls and more, with loops that move as soon as they have gone round twice.
    "climb2": Mode(("--ladder", "interpreter,baseline@2:2,O2@4:8,O3@8:16", "--compile-threads", "0")),
    # Calls are timed and threads sampled, from each change of a function's code on. (Who comes last has the file.)
    "report": Mode(("--ladder", "interpreter,baseline@1:2,O2@4:8,O3@9:20", "--compile-threads", "2", "--retire-at", "1",
                    "--report", str(Path(tempfile.gettempdir(), "kiln-report-of-suites.json")))),
    # As native executables: as it comes, linked statically, and with nothing but what a run before reached.
    "export": Mode((), exported=True),
    "export-static": Mode(("--static",), exported=True),
    "export-trap": Mode(("--cold=trap", "--target-cpu", "native"), exported=True, recorded=True),
    # Whatever an argument was in the first call is a guarded constant of the code for all others.
    "constants": Mode(("--ladder", "interpreter,baseline@2:2,O3@5:20", "--compile-threads", "0", "--constant-after", "1")),
    # The same with baseline code and its loops, and a limit that drops the guess again.
    "constants3": Mode(("--ladder", "interpreter,baseline@1:2,O3@6:30", "--compile-threads", "2", "--constant-after", "1",
                        "--exit-limit", "3")),
}

"""The named ways of running a program that every conformance suite shares.

A mode is only data: the options that are put after `kiln run`. A new tier or a new stress gets its line here and is
then available to all suites as `--mode NAME`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mode:
    """Options of one way to run; `optimises` is false where the code generator may not rely on undefined behaviour."""

    options: tuple[str, ...]
    optimises: bool = True


MODES = {
    # Refused functions start at O0.
    "interpreter": Mode(("--tier", "interpreter"), optimises=False),
    # As it comes: everything starts in the interpreter and climbs as the default ladder has it.
    "default": Mode(()),
    # Every loop moves into compiled code at every, every second, every seventh round.
    "osr1": Mode(("--tier", "interpreter", "--osr-at", "1")),
    "osr2": Mode(("--tier", "interpreter", "--osr-at", "2")),
    "osr7": Mode(("--tier", "interpreter", "--osr-at", "7")),
    "O0": Mode(("--tier", "O0"), optimises=False),
    "O1": Mode(("--tier", "O1")),
    "O2": Mode(("--tier", "O2")),
    "O3": Mode(("--tier", "O3")),
    # Every function climbs after one, two and three calls, on three compile threads, and what it left is freed at once:
    # functions are replaced while they run, which is where a tiered runtime goes wrong.
    "tiny": Mode(("--ladder", "interpreter,O0@1,O2@2,O3@3", "--compile-threads", "3", "--retire-at", "1")),
}

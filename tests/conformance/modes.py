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
    "O0": Mode(("--tier", "O0"), optimises=False),
    "O1": Mode(("--tier", "O1")),
    "O2": Mode(("--tier", "O2")),
    "O3": Mode(("--tier", "O3")),
    # Every function climbs after one and after two calls, on three compile threads: functions are replaced while they
    # run, which is where a tiered runtime goes wrong.
    "tiny": Mode(("--ladder", "O0,O2@1,O3@2", "--compile-threads", "3")),
}

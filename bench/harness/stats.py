"""Medians, ratios and geometric means."""

import math
import statistics
from dataclasses import dataclass


def short(value):
    """A number with about three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


@dataclass(frozen=True)
class Ratio:
    """A ratio of medians with the range of the ratios of `rounds` rounds."""

    value: float
    low: float
    high: float
    rounds: int

    def __str__(self):
        if self.rounds == 1:
            return short(self.value)
        return f"{short(self.value)} ({short(self.low)}–{short(self.high)})"


def median(values):
    """The median; None when there are no values."""
    return statistics.median(values) if values else None


def ratio(top, bottom):
    """Ratio of two contenders' values, listed by round; None without values.

    The contenders alternate, so values of the same round were taken under
    much the same load; the range over rounds therefore shows the noise.
    """
    pairs = [a / b for a, b in zip(top, bottom) if b]
    if not pairs:
        return None
    return Ratio(median(top) / median(bottom), min(pairs), max(pairs), len(pairs))


def geometric_mean(values):
    """The geometric mean of positive values; None when there are none."""
    values = [value for value in values if value and value > 0]
    if not values:
        return None
    return math.exp(sum(map(math.log, values)) / len(values))


def steady(repetitions):
    """Steady-state seconds of one run: the median of the last half of its
    repetitions, by when a tiered runtime has climbed.  None for fewer than
    eight repetitions, where half says nothing."""
    if len(repetitions) < 8:
        return None
    return median(repetitions[len(repetitions) // 2:])

"""An axis: from numbers to places, with round numbers beside it."""

import math
from collections.abc import Iterable

MOST_TICKS = 6
LARGEST = 1e100  # beyond it differences of two values overflow
DECADE = 1.0  # the least length of an axis by logarithm
ROOM = 0.06  # of the length, left free at both ends


class Axis:
    """Places values between 0 and 1, by logarithm where `log`; what has no place on it does not count."""

    def __init__(self, values: Iterable[float], *, log: bool = False, room: float = ROOM) -> None:
        self.log = log
        kept = [self._scaled(v) for v in values if self.holds(v)] or [0.0, 1.0]
        low, high = min(kept), max(kept)
        size = max(abs(low), abs(high))
        if log and high - low < DECADE:  # a change that is small looks small
            low, high = (low + high - DECADE) / 2, (low + high + DECADE) / 2
        if high - low > max(size * 1e-9, 1e-100):
            self.low, self.high = low - room * (high - low), high + room * (high - low)
        else:
            half = max(size * 0.1, 1e-6)
            self.low, self.high = low - half, high + half

    def holds(self, value: float) -> bool:
        """Whether the value has a place on such an axis."""
        return abs(value) <= LARGEST and (value >= 1 / LARGEST or not self.log)

    def place(self, value: float) -> float:
        """From 0 to 1; what lies beyond an end is at that end."""
        return min(1.0, max(0.0, (self._scaled(value) - self.low) / (self.high - self.low)))

    def ticks(self, most: int = MOST_TICKS) -> list[float]:
        """Round numbers inside the axis, at most so many."""
        if not self.log:
            return _round_numbers(self.low, self.high, most)
        first, last = math.ceil(self.low), math.floor(self.high)
        if last - first >= 1:
            stride = math.ceil((last - first + 1) / most)
            return [10.0**k for k in range(first, last + 1, stride)]
        between = [d * 10.0**k for k in range(first - 1, last + 2) for d in (1, 2, 5)]
        inside = [v for v in between if self.low <= math.log10(v) <= self.high]
        return inside if len(inside) > 1 else _round_numbers(10**self.low, 10**self.high, 4)

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.log else value


def _round_numbers(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    digits = max(0, 1 - math.floor(math.log10(step)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, min(digits, 120)) for k in range(first, last + 1)]

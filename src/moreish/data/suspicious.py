"""Suspicious characters: those that cannot be seen, or that look like another, and are symbols all the same.

They are kept and reported with the lines where they stand; nothing is repaired in silence.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
from jaxtyping import Integer, UInt8

TAB, LF, DELETE = 0x09, 0x0A, 0x7F
KINDS: dict[str, list[tuple[int, int]]] = {
    "control character": [(0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x84), (0x86, 0x9F)],
    "tab": [(TAB, TAB)],
    "line separator that ends no line": [(0x85, 0x85), (0x2028, 0x2029)],
    "unusual space": [(0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x202F, 0x202F), (0x205F, 0x205F)],
    "bidirectional control": [(0x061C, 0x061C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069)],
    "zero-width character": [(0xAD, 0xAD), (0x180E, 0x180E), (0x200B, 0x200B), (0x2060, 0x2064), (0xFEFF, 0xFEFF)],
    "joiner after a letter that joins nothing": [(0x200C, 0x200D)],
    "replacement character": [(0xFFFD, 0xFFFD)],
    "private-use character": [(0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)],
    "noncharacter": [(0xFDD0, 0xFDEF), *((p + 0xFFFE, p + 0xFFFF) for p in range(0, 0x110000, 0x10000))],
}
JOINER = list(KINDS).index("joiner after a letter that joins nothing") + 1
LATIN_TO_CYRILLIC = 0x0590  # scripts below it have no use for joiners: Latin, Greek, Cyrillic, Armenian
CONTROL = np.array([(b < 32 and b not in (TAB, LF, 0x0D)) or b == DELETE for b in range(256)])


def control_bytes(codes: UInt8[np.ndarray, " n"]) -> int:
    """How many bytes are control characters other than tab and line ends: text hardly ever has any."""
    return int(np.bincount(codes, minlength=256)[CONTROL].sum())


def suspicious(codes: Integer[np.ndarray, " n"]) -> Iterator[tuple[str, int]]:
    """The kind and place of every suspicious code point."""
    kinds = _kinds().take(codes)
    for place in np.flatnonzero(kinds):
        kind = int(kinds[place])
        before = int(codes[place - 1]) if place else LF
        if kind != JOINER or before < LATIN_TO_CYRILLIC:
            yield list(KINDS)[kind - 1], int(place)


@cache
def _kinds() -> UInt8[np.ndarray, " n"]:
    """For each code point the number of its kind, 0 where there is nothing to say."""
    kinds = np.zeros(0x110000, np.uint8)
    for number, ranges in enumerate(KINDS.values(), start=1):
        for first, last in ranges:
            kinds[first : last + 1] = number
    return kinds

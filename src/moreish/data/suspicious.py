"""Suspicious characters: those that cannot be seen, or that look like another, and are symbols all the same.

They are kept and reported with the lines where they stand; nothing is repaired in silence.
"""

from functools import cache

import numpy as np
from jaxtyping import Int64, UInt, UInt8

TAB = "tab"
JOINER = "joiner where nothing is joined"
KINDS: dict[str, list[tuple[int, int]]] = {
    "control character": [(0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x84), (0x86, 0x9F)],
    TAB: [(0x09, 0x09)],
    "line separator that ends no line": [(0x85, 0x85), (0x2028, 0x2029)],
    "unusual space": [(0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x202F, 0x202F), (0x205F, 0x205F)],
    "bidirectional control": [(0x061C, 0x061C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x2069)],
    "zero-width character": [(0xAD, 0xAD), (0x180E, 0x180E), (0x200B, 0x200B), (0x2060, 0x2064), (0xFEFF, 0xFEFF)],
    JOINER: [(0x200C, 0x200D)],
    "replacement character": [(0xFFFD, 0xFFFD)],
    "private-use character": [(0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD)],
    "noncharacter": [(0xFDD0, 0xFDEF), *((p + 0xFFFE, p + 0xFFFF) for p in range(0, 0x110000, 0x10000))],
}
FIRST_THAT_JOINS = 0x0590  # Latin, Greek, Cyrillic and Armenian, all below, have no use for joiners
CONTROL_BYTES = [*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]  # all but tab, LF and CR


def control_bytes(piece: bytes) -> int:
    """How many bytes are control characters: text hardly ever has any."""
    return int(np.bincount(np.frombuffer(piece, np.uint8), minlength=256)[CONTROL_BYTES].sum())


def suspicious(codes: UInt[np.ndarray, " n"]) -> dict[str, Int64[np.ndarray, " found"]]:
    """For each kind that occurs, where."""
    kinds = _kinds().take(codes)
    places = np.flatnonzero(kinds)
    found = {}
    for number, kind in enumerate(KINDS, start=1):
        here = places[kinds[places] == number]
        if kind == JOINER:
            here = here[(here == 0) | (codes[here - 1] < FIRST_THAT_JOINS)]
        if len(here):
            found[kind] = here
    return found


@cache
def _kinds() -> UInt8[np.ndarray, " n"]:
    """For each code point the number of its kind, 0 where there is nothing to say."""
    kinds = np.zeros(0x110000, np.uint8)
    for number, ranges in enumerate(KINDS.values(), start=1):
        for first, last in ranges:
            kinds[first : last + 1] = number
    return kinds

"""ItemHash: a keyed 64-bit hash of many items at once.

    h(c_0 ... c_L-1) = mix(key + sum_j  m(c_j) P^j  mod 2^64),      m(c) = mix(key + c G)

with `mix` the finaliser of SplitMix64 (Steele, Lea, Flood 2014) and P odd. A sum over powers of one base can be taken
over the whole array at once: the running sum at the end of an item less that at its start, times P^-start.

The hash is no cryptography. Whoever needs to know that two items are equal compares them.
"""

from typing import TypeVar

import numpy as np
from jaxtyping import Integer, UInt64

MASK = 2**64 - 1
P = 0xD1342543DE82EF95
P_INVERSE = pow(P, -1, 2**64)
GOLDEN = 0x9E3779B97F4A7C15

Bits = TypeVar("Bits", int, np.ndarray)


def mix(x: Bits) -> Bits:
    """The finaliser of SplitMix64, a bijection of 64 bits: of a whole number, or of every number in an array."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


class ItemHash:
    """Hashes of items that lie one after the other in a flat array of codes, each followed by the code `end`."""

    def __init__(self, seed: int, end: int) -> None:
        self.key = mix(seed & MASK)
        self.end = end
        self.of_code = np.zeros(0, np.uint64)  # m(c), and 0 for the end, so that it does not count
        self.powers = np.ones(1, np.uint64)  # P^j
        self.inverses = np.ones(1, np.uint64)  # P^-j

    def __call__(
        self, codes: Integer[np.ndarray, " n"], ends: Integer[np.ndarray, " items"]
    ) -> UInt64[np.ndarray, " items"]:
        """`ends[i]` is where item i's end stands in `codes`; item i + 1 begins right after it."""
        if not len(ends):
            return np.zeros(0, np.uint64)
        self._extend_tables(len(codes), int(codes.max()))
        sums = self.of_code.take(codes)
        sums *= self.powers[: len(codes)]
        np.cumsum(sums, out=sums)
        hashes = sums.take(ends)
        hashes[1:] -= hashes[:-1].copy()
        hashes[1:] *= self.inverses.take(ends[:-1] + 1)
        hashes += np.uint64(self.key)
        return mix(hashes)

    def one(self, codes: Integer[np.ndarray, " n"]) -> int:
        """The hash of one item, without its end; faster than an array of one."""
        self._extend_tables(1, int(codes.max()))
        total = 0
        for of_code in reversed(self.of_code.take(codes).tolist()):
            total = total * P + of_code & MASK
        return mix(self.key + total & MASK)

    def _extend_tables(self, length: int, code: int) -> None:
        if length > len(self.powers):
            size = max(length, 2 * len(self.powers))
            self.powers, self.inverses = _powers(P, size), _powers(P_INVERSE, size)
        if code >= len(self.of_code):
            size = next(n for n in (128, 2**16, max(0x110000, code + 1)) if n > code)
            self.of_code = mix(np.arange(size, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(self.key))
            self.of_code[self.end] = 0


def _powers(base: int, n: int) -> UInt64[np.ndarray, " n"]:
    powers = np.full(n, base, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)

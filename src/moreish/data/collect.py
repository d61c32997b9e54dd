"""Collector: blocks of items, or pieces of running text, put end to end as numbers until the vocabulary is known.

Symbols are numbered as they come, ASCII first with its own codes: so a plain block is taken as it is, and any list of
fewer than 256 symbols needs one byte for each, whatever its script.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Integer, UInt

from moreish.data import symbols
from moreish.data.hashing import ItemHash
from moreish.data.options import DataOptions
from moreish.data.ragged import GrowingArray
from moreish.data.reader import LF, Block
from moreish.data.split import labels_of

NUL = 0  # the boundary of running text, which has LF among its symbols


class Collector:
    """`numbers` and `offsets` have the layout of a `Split`; the boundary is `end`, LF or for running text NUL."""

    def __init__(self, options: DataOptions) -> None:
        self.options = options
        self.end = NUL if options.text else LF
        self.numbers = GrowingArray(np.uint8, first=(self.end,))
        self.offsets = GrowingArray(np.uint32, first=(0,))
        self.hashes = GrowingArray(np.uint64)
        self.labels = GrowingArray(np.uint8)
        self.hash = ItemHash(options.split_seed, end=LF)
        self.number_of = {chr(code): code for code in range(128)}
        self.number_of_code = np.arange(128)

    @property
    def texts(self) -> list[str]:
        """The symbols in the order of their numbers."""
        return list(self.number_of)

    def add_items(self, block: Block) -> None:
        """The items of a block, with their hashes and the parts that these give."""
        hashes = self.hash(block.codes, block.ends)
        self.hashes.extend(hashes)
        self.labels.extend(labels_of(hashes, self.options))
        numbers, ends = block.codes, block.ends
        if self.options.unit == "char":
            numbers = self._of_codes(numbers)
        elif block.text:
            numbers = self._of_texts(symbols.split_lines(block.text, self.options.unit))
            ends = np.flatnonzero(numbers == LF)
        self.offsets.extend(ends + len(self.numbers))
        self.numbers.extend(numbers)

    def add_text(self, text: str, codes: UInt[np.ndarray, " n"]) -> None:
        """A piece of running text, and its code points; it ends where a line ends."""
        if self.options.unit == "char":
            self.numbers.extend(self._of_codes(codes))
        else:
            self.numbers.extend(self._of_texts(symbols.split(text, self.options.unit, running=True)))

    def _of_codes(self, codes: UInt[np.ndarray, " n"]) -> Integer[np.ndarray, " n"]:
        if not len(codes) or codes.max() < 128:
            return codes
        if len(self.number_of_code) == 128:
            self.number_of_code = np.concatenate([self.number_of_code, np.zeros(0x110000 - 128, np.int64)])
        numbers = self.number_of_code.take(codes)
        new = np.unique(codes[numbers == 0])
        if new.any():
            for code in new[new > 0].tolist():
                self.number_of_code[code] = self.number_of[chr(code)] = len(self.number_of)
            numbers = self.number_of_code.take(codes)
        return numbers

    def _of_texts(self, found: Sequence[str]) -> Integer[np.ndarray, " n"]:
        number_of = self.number_of
        for symbol in set(found) - number_of.keys():
            number_of[symbol] = len(number_of)
        return np.array([number_of[symbol] for symbol in found], np.int64)

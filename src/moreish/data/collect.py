"""Collector: blocks of items, or pieces of running text, put end to end as codes until the whole vocabulary is known.

The code of a symbol is its code point; a grapheme of several code points, and every word, gets a number above them.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import UInt

from moreish.data import symbols
from moreish.data.hashing import ItemHash
from moreish.data.options import DataOptions
from moreish.data.ragged import Growing
from moreish.data.reader import LF, Block, compact
from moreish.data.split import labels_of

CODE_POINTS = 0x110000
NUL = 0  # the boundary of running text, which has LF among its symbols


class Collector:
    """`codes` and `offsets` have the layout of a `Part`, with LF (NUL for running text) as the boundary."""

    def __init__(self, options: DataOptions) -> None:
        self.options = options
        self.codes = Growing(np.uint8, first=(NUL if options.text else LF,))
        self.offsets = Growing(np.uint32, first=(0,))
        self.hashes = Growing(np.uint64)
        self.labels = Growing(np.uint8)
        self.hash = ItemHash(options.split_seed, end=LF)
        self.numbers: dict[str, int] = {}  # of symbols that are more than one code point

    def add_items(self, block: Block) -> None:
        """The items of a block, with their hashes and the parts that these give."""
        hashes = self.hash(block.codes, block.ends)
        self.hashes.extend(hashes)
        self.labels.extend(labels_of(hashes, self.options))
        codes, ends = block.codes, block.ends
        if block.items is not None and self.options.unit != "char":
            split = [symbols.split(item, self.options.unit, running=False) for item in block.items]
            codes = self._numbered(symbol for item in split for symbol in (*item, "\n"))
            ends = np.cumsum([len(item) + 1 for item in split]) - 1
        self.offsets.extend(ends + len(self.codes))
        self.codes.extend(codes)

    def add_text(self, text: str) -> None:
        """A piece of running text that ends where a line ends."""
        if self.options.unit == "char":
            self.codes.extend(compact(text))
        else:
            self.codes.extend(self._numbered(symbols.split(text, self.options.unit, running=True)))

    def symbol(self, code: int) -> str:
        """The text of a code."""
        return chr(code) if code < CODE_POINTS else self._several[code - CODE_POINTS]

    @property
    def _several(self) -> Sequence[str]:
        return list(self.numbers)

    def _numbered(self, found: Iterable[str]) -> UInt[np.ndarray, " n"]:
        numbers = self.numbers
        codes = [
            ord(symbol) if len(symbol) == 1 else numbers.setdefault(symbol, CODE_POINTS + len(numbers))
            for symbol in found
        ]
        return np.array(codes, np.uint32)

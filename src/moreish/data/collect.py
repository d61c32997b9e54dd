"""Collector: blocks of items, or pieces of running text, put end to end as numbers until the vocabulary is known.

Symbols are numbered as they come, ASCII first with its own codes: so a plain block is taken as it is, and any list of
fewer than 256 symbols needs one byte for each, whatever its script.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Integer, UInt

from moreish.data import symbols
from moreish.data.graphemes import are_letters, joins, lines_as_text
from moreish.data.hashing import ItemHash
from moreish.data.options import DataOptions, Unit
from moreish.data.ragged import GrowingArray
from moreish.data.reader import LF, Block
from moreish.data.split import labels_of

NUL = 0  # the boundary of running text, which has LF among its symbols


class Collector:
    """`numbers` and `offsets` have the layout of a `Split`; the boundary is `end`, LF or for running text NUL.

    unit : what a symbol is; while nobody knows, a code point, and `regroup` is called when all is there
    kinds : the kind of each item; empty where there are none
    """

    def __init__(self, options: DataOptions) -> None:
        self.options = options
        self.unit: Unit = options.reading_unit
        self.kinds = GrowingArray(np.uint8)
        self.weights: list[Float64[np.ndarray, " items"]] = []
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

    def add_items(
        self,
        block: Block,
        kinds: Integer[np.ndarray, " items"] | None = None,
        weights: Float64[np.ndarray, " items"] | None = None,
    ) -> None:
        """The items of a block, with their hashes and the parts that these give, their kinds and weights."""
        if kinds is not None:
            self.kinds.extend(kinds)
        if weights is not None:
            self.weights.append(weights)
        hashes = self.hash(block.codes, block.ends)
        self.hashes.extend(hashes)
        self.labels.extend(labels_of(hashes, self.options))
        numbers, ends = block.codes, block.ends
        if self.unit == "char":
            numbers = self._of_codes(numbers)
        elif block.text:
            numbers = self._of_texts(symbols.split_lines(block.text, self.unit))
            ends = np.flatnonzero(numbers == LF)
        self.offsets.extend(ends + len(self.numbers))
        self.numbers.extend(numbers)

    def add_text(self, text: str, codes: UInt[np.ndarray, " n"]) -> None:
        """A piece of running text, and its code points; it ends where a line ends."""
        if self.unit == "char":
            self.numbers.extend(self._of_codes(codes))
        else:
            self.numbers.extend(self._of_texts(symbols.split(text, self.unit, running=True)))

    def regroup(self) -> bool:
        """Make graphemes the symbols, where that is what letters are (see `graphemes`); whether it was done."""
        texts = self.texts
        joining = np.fromiter(map(joins, texts), np.bool_, len(texts))
        if self.unit != "char" or not joining.any():
            return False
        numbers = self.numbers.finish()
        ends = np.flatnonzero(numbers[1:] == LF) + 1
        codes = np.array([*map(ord, texts)], np.uint32)
        if not are_letters(numbers, ends, joining, codes):
            return False
        self.unit = "grapheme"
        regrouped, offsets = GrowingArray(np.uint8, first=(self.end,)), GrowingArray(np.uint32, first=(0,))
        for text in lines_as_text(numbers, ends, codes):
            again = self._of_texts(symbols.split(text, "grapheme", running=self.options.text))
            offsets.extend(np.flatnonzero(again == LF) + len(regrouped))
            regrouped.extend(again)
        self.numbers, self.offsets = regrouped, offsets
        return True

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

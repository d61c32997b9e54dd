"""Corpus: a list that was read, as ids, with its parts train, val and test."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, overload

import numpy as np
from jaxtyping import Int64, Integer, UInt

from moreish.config import did_you_mean
from moreish.data.options import DataOptions
from moreish.data.report import Report
from moreish.data.split import PARTS
from moreish.data.vocab import Vocab

PartName = Literal["train", "val", "test", "all"]


@dataclass(frozen=True)
class Part:
    """Items as one flat array: one boundary (id 0) before, between and after the items, nothing else.

    `offsets[i]` is where the boundary before item i stands, so that item's symbols are
    `ids[offsets[i] + 1 : offsets[i + 1]]`; the last offset is where the last boundary stands. Every id but the first
    is predicted from those before it.
    Both arrays may be views of the corpus: they are not to be written to.
    """

    ids: UInt[np.ndarray, " N"]
    offsets: Int64[np.ndarray, " items_and_one"]

    def __len__(self) -> int:
        """How many items."""
        return len(self.offsets) - 1

    @property
    def n_predicted(self) -> int:
        """How many predicted tokens: every symbol, and the end of every item."""
        return len(self.ids) - 1

    @property
    def lengths(self) -> Int64[np.ndarray, " items"]:
        """Each item's length in symbols."""
        return np.diff(self.offsets) - 1

    def symbols(self, i: int) -> UInt[np.ndarray, " T"]:
        """The ids of item i, without boundaries."""
        i = range(len(self))[i]
        return self.ids[self.offsets[i] + 1 : self.offsets[i + 1]]

    def item(self, i: int, vocab: Vocab) -> str:
        """Item i as text."""
        return vocab.decode(self.symbols(i))


class Items(Sequence[str]):
    """The items in the order of the list, each made into text only when it is asked for."""

    def __init__(self, part: Part, vocab: Vocab, places: Integer[np.ndarray, " items"] | None) -> None:
        self._part, self._vocab, self._places = part, vocab, places

    def __len__(self) -> int:
        return len(self._part)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        if isinstance(i, slice):
            return [self[j] for j in range(len(self))[i]]
        i = range(len(self))[i]
        return self._part.item(i if self._places is None else int(self._places[i]), self._vocab)

    def __iter__(self) -> Iterator[str]:
        return (self[i] for i in range(len(self)))


class Corpus:
    """What `read` gives: the vocabulary of the whole list, its parts, and the report of how it was read."""

    def __init__(
        self,
        vocab: Vocab,
        whole: Part,
        counts: Sequence[int],
        places: Integer[np.ndarray, " items"] | None,
        options: DataOptions,
        report: Report,
    ) -> None:
        """`whole` holds the items of train, val and test one after the other, `counts` says how many each has.

        `places[i]` is where in `whole` the i-th item of the list stands; None where they are in that order.
        """
        self.vocab, self.options, self.report = vocab, options, report
        self._whole, self._places = whole, places
        self._first = np.concatenate([[0], np.cumsum(counts)]).tolist()

    def __len__(self) -> int:
        """How many items, without the duplicates that were dropped."""
        return len(self._whole)

    def part(self, name: PartName) -> Part:
        """The items of train, val, test or all. Raises ValueError for any other name."""
        if name == "all":
            return self._whole
        if name not in PARTS:
            raise ValueError(f'there is no part "{name}"{did_you_mean(name, [*PARTS, "all"])}')
        first, last = self._first[PARTS.index(name) : PARTS.index(name) + 2]
        offsets = self._whole.offsets[first : last + 1]
        start = int(offsets[0])
        return Part(self._whole.ids[start : int(offsets[-1]) + 1], offsets - start if start else offsets)

    @cached_property
    def items(self) -> Items:
        """The items in the order of the list."""
        return Items(self._whole, self.vocab, self._places)

    def where(self, text: str) -> Literal["new", "train", "val", "test"]:
        """Which part holds this item, or "new" if none does."""
        text = self.vocab.normal(text).strip()
        if self._known is None:
            self._known = {self._whole.item(i, self.vocab): i for i in range(len(self._whole))}
        i = self._known.get(text)
        if i is None:
            return "new"
        return PARTS[int(np.searchsorted(self._first[1:], i, side="right"))]

    _known: dict[str, int] | None = None

"""Corpus: a list that was read, as ids, with its parts train, val and test."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, overload

import numpy as np
from jaxtyping import Float64, Int64, Integer, UInt, UInt64

from moreish import markup
from moreish.data import symbols
from moreish.data.hashing import ItemHash
from moreish.data.known import Known, hashes_of
from moreish.data.options import DataOptions
from moreish.data.ragged import bounded, gather, slices
from moreish.data.reader import LF
from moreish.data.report import Report
from moreish.data.split import SPLITS
from moreish.data.vocab import Vocab
from moreish.options import did_you_mean
from moreish.wording import called

Where = Literal["new", "train", "val", "test"]
WHERE: tuple[Where, ...] = ("new", "train", "val", "test")

MOST_TIMES = 2.0**52  # that all items of a list count together: whole numbers of which a float knows each


@dataclass(frozen=True)
class Split:
    """Items as one flat array: one boundary (id 0) before, between and after the items, nothing else.

    `offsets[i]` is where the boundary before item i stands, so that item's symbols are
    `ids[offsets[i] + 1 : offsets[i + 1]]`; the last offset is where the last boundary stands. Every id but the first
    is predicted from those before it.

    kinds   : of what kind each item is, a place in `Corpus.kinds`; None where the list has no kinds
    weights : how often each item counts, more than 0: it is as if it stood so often in the list; None where all are 1

    All arrays may be views of the corpus: they are not to be written to.
    """

    ids: UInt[np.ndarray, " N"]
    offsets: Int64[np.ndarray, " items_and_one"]
    kinds: UInt[np.ndarray, " items"] | None = None
    weights: Float64[np.ndarray, " items"] | None = None

    def __len__(self) -> int:
        """How many items."""
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        return f"<Split: {len(self):,} items, {self.n_predicted:,} symbols to predict>"

    @property
    def n_predicted(self) -> int:
        """How many predicted tokens: every symbol, and the end of every item."""
        return len(self.ids) - 1

    @property
    def lengths(self) -> Int64[np.ndarray, " items"]:
        """Each item's length in symbols."""
        return np.diff(self.offsets) - 1

    def chosen(self, which: Integer[np.ndarray, " chosen"]) -> "Split":
        """These items only, in this order, copied."""
        ids = np.concatenate([self.ids[:1], gather(self.ids, self.offsets, which)])
        offsets = np.append(0, np.cumsum(self.lengths[which] + 1))
        kinds = None if self.kinds is None else self.kinds[which]
        return Split(ids, offsets, kinds, None if self.weights is None else self.weights[which])

    def parts(self) -> Iterator["Split"]:
        """All items, in pieces of which each fits into memory."""
        yield self

    def to_judge_by(self) -> "Split":
        """The items that training is judged by."""
        return self

    def some(self, most: int) -> "Split":
        """Itself; of a list that is not in memory at most so many items, evenly spread."""
        return self

    def between(self, first: int, last: int) -> "Split":
        """The items first, ..., last - 1, without a copy of them."""
        offsets = self.offsets[first : last + 1]
        start = int(offsets[0])
        return Split(
            self.ids[start : int(offsets[-1]) + 1],
            offsets - start if start else offsets,
            None if self.kinds is None else self.kinds[first:last],
            None if self.weights is None else self.weights[first:last],
        )

    @property
    def times(self) -> Int64[np.ndarray, " items"] | None:
        """The weights as whole numbers, for counting: as they are, else in units of the smallest; None as there.

        Where these are more than can be counted, all are fewer in proportion, and none is less than 1.
        """
        if self.weights is None:
            return None
        weights, most = self.weights, MOST_TIMES / len(self)
        if not (weights == np.rint(weights)).all():
            weights = weights / max(weights.min(), weights.max() / MOST_TIMES)
        if weights.max() > most:
            weights = np.maximum(weights / weights.max() * most, 1)
        return np.rint(weights).astype(np.int64)

    def shares_of_kinds(self, kinds: int) -> Float64[np.ndarray, " K"]:
        """How often each kind occurs among the items, of which the list says the kinds."""
        assert self.kinds is not None
        counts = np.bincount(self.kinds, self.weights, kinds)
        return counts / counts.sum()

    def and_(self, other: "Split") -> "Split":
        """These items and then those of another split of the same vocabulary."""
        both = [(self.kinds, other.kinds), (self.weights, other.weights)]
        kinds, weights = (None if a is None or b is None else np.concatenate([a, b]) for a, b in both)
        ids = np.concatenate([self.ids, other.ids[1:]])
        return Split(ids, np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]]), kinds, weights)

    def symbols(self, i: int) -> UInt[np.ndarray, " T"]:
        """The ids of item i, without boundaries."""
        i = range(len(self))[i]
        return self.ids[self.offsets[i] + 1 : self.offsets[i + 1]]

    def item(self, i: int, vocab: Vocab) -> str:
        """Item i as text."""
        return vocab.decode(self.symbols(i))


class Items(Sequence[str]):
    """The items in the order of the list, each made into text only when it is asked for."""

    def __init__(self, split: Split, vocab: Vocab, places: Integer[np.ndarray, " items"] | None) -> None:
        self._split, self._vocab, self._places = split, vocab, places

    def __len__(self) -> int:
        return len(self._split)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        if isinstance(i, slice):
            return [self[j] for j in range(len(self))[i]]
        i = range(len(self))[i]
        return self._split.item(i if self._places is None else int(self._places[i]), self._vocab)

    def __iter__(self) -> Iterator[str]:
        for piece in slices(len(self), 1024):
            which = np.arange(piece.start, piece.stop) if self._places is None else self._places[piece]
            yield from self._vocab.decode_items(gather(self._split.ids, self._split.offsets, which))

    def __repr__(self) -> str:
        return f"<{len(self):,} items: {', '.join(map(repr, self[:3]))}{', ...' * (len(self) > 3)}>"


class Corpus:
    """What `read` gives: the vocabulary of the whole list, its parts, and the report of how it was read.

    To look at, it is its items in the order of the list: `corpus[0]`, `corpus[-3:]`, `len(corpus)`, `for item in
    corpus`, and `"emma" in corpus`, which asks as `where` does.
    """

    def __init__(
        self,
        vocab: Vocab,
        whole: Split,
        counts: Sequence[int],
        places: Callable[[], Integer[np.ndarray, " items"]] | Integer[np.ndarray, " items"] | None,
        options: DataOptions,
        report: Report,
        hashes: UInt64[np.ndarray, " items"] | None = None,
        kinds: Sequence[str] = (),
    ) -> None:
        """`whole` holds the items of train, val and test one after the other, `counts` says how many each has.

        `places[i]`, made only when it is asked for, is where in `whole` the i-th item of the list stands; None where
        they stand in order. `hashes` are those of the items' code points, needed where `<unk>` makes them look alike.
        `kinds` are the names of the kinds, in the order of their numbers.
        """
        self.vocab, self.options, self.report = vocab, options, report
        self._whole, self._places, self.hashes = whole, places, hashes
        self.kinds = tuple(kinds)
        self._first = [0, counts[0], counts[0] + counts[1], sum(counts)]

    def __len__(self) -> int:
        """How many items, without the duplicates that were dropped; the parts of a running text count as one each."""
        return len(self._whole)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        return self.items[i]

    def __iter__(self) -> Iterator[str]:
        return iter(self.items)

    def __contains__(self, item: object) -> bool:
        return isinstance(item, str) and self.where(item) != "new"

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {len(self.split(name)):,}" for name in SPLITS)
        return f"<Corpus {self.report.source}: {len(self):,} items of {len(self.vocab) - 1:,} symbols; {parts}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the numbers of the list, and its first items."""
        shown = ", ".join(item[:40] for item in self[:12]) if not self.options.text else ""
        return self.report._repr_html_() + markup.table([("first items", shown)] if shown else [])

    def split(self, name: str) -> Split:
        """The items of train, val, test or all. Raises ValueError for any other name."""
        if name == "all":
            return self._whole
        if name not in SPLITS:
            raise ValueError(f'there is no split "{name}"{did_you_mean(name, [*SPLITS, "all"])}')
        first, last = self._first[SPLITS.index(name) : SPLITS.index(name) + 2]
        return self._whole.between(first, last)

    def only(self, kind: int) -> "Corpus":
        """The items of one kind, as a list without kinds, in the symbols of this one; all in train."""
        whole = self._whole
        assert whole.kinds is not None
        chosen = whole.chosen(np.flatnonzero(whole.kinds == kind))
        part = Split(chosen.ids, chosen.offsets, None, chosen.weights)
        return Corpus(self.vocab, part, [len(part), 0, 0], None, self.options, self.report)

    @cached_property
    def items(self) -> Items:
        """The items in the order of the list."""
        return Items(self._whole, self.vocab, self.places)

    @cached_property
    def places(self) -> Integer[np.ndarray, " items"] | None:
        """Where each item of the list stands when train, val and test stand one after the other; None: in order."""
        return self._places() if callable(self._places) else self._places

    def where(self, text: str, kind: str | None = None) -> Where:
        """Which split holds this item, the first of train, val and test that does, or "new".

        With `kind`, which holds it as one of this kind. In a running text, which split holds these symbols somewhere.
        Raises ValueError for a kind that the list does not have.
        """
        wanted = None if kind is None else self.kind_number(kind)
        text = self.vocab.normal(text)
        item = text if self.options.text else symbols.trim(text, self.vocab.unit)
        ids = self.vocab.lookup(item)
        if ids is None or not len(ids):
            return "new"
        if self.options.text:
            holding: list[Where] = [name for name in SPLITS if _holds(self.split(name).ids, ids)]
            return holding[0] if holding else "new"
        kinds = self._whole.kinds
        for i in self._known.all(ids, self._hash_of(item, ids)):
            if wanted is None or kinds is None or kinds[i] == wanted:
                return SPLITS[bisect_right(self._first, i) - 1]
        return "new"

    def kind_number(self, kind: str) -> int:
        """The place of this name in `kinds`. Raises ValueError where the list has no such kind."""
        if kind not in self.kinds:
            hint = (
                did_you_mean(kind, self.kinds)
                if self.kinds
                else f", and no kinds at all: {called('by')} names the column that has them"
            )
            raise ValueError(f'there is no kind "{kind}" in {self.report.source}{hint}')
        return self.kinds.index(kind)

    def where_ids(
        self, ids: UInt[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Int64[np.ndarray, " items"]:
        """What `where` says of the texts of many items, which lie end to end as in a `Split`: places in WHERE."""
        found = np.zeros(len(offsets) - 1, np.int64)
        for part in bounded(offsets):
            first, last = int(offsets[part.start]), int(offsets[part.stop])
            found[part] = self._where_ids(ids[first : last + 1], offsets[part.start : part.stop + 1] - first)
        return found

    def _where_ids(self, ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        filled = np.diff(offsets) > 1
        same = filled & (not self.options.text and self.vocab.comes_back(ids, offsets))
        found = np.zeros(len(same), np.int64)
        if same.any():
            at = self._known.find_all(ids, offsets, self._hashes_of(ids, offsets))
            found[same] = np.searchsorted(self._first, at[same], side="right")
        for i in np.flatnonzero(filled & ~same).tolist():
            text = self.vocab.decode(ids[offsets[i] + 1 : offsets[i + 1]])
            found[i] = WHERE.index(self.where(text))
        return found

    def _hashes_of(self, ids: np.ndarray, offsets: np.ndarray) -> UInt64[np.ndarray, " items"]:
        if self.hashes is None:
            return hashes_of(ids, offsets, self._hash)
        return self._hash(*codes_of(self.vocab.decode_items(ids[1:])))

    @cached_property
    def _hash(self) -> ItemHash:
        return ItemHash(self.options.split_seed, end=0 if self.hashes is None else LF)

    @cached_property
    def _known(self) -> Known:
        ids, offsets = self._whole.ids, self._whole.offsets
        return Known(ids, offsets, hashes_of(ids, offsets, self._hash) if self.hashes is None else self.hashes.copy())

    def _hash_of(self, item: str, ids: UInt[np.ndarray, " T"]) -> int:
        return self._hash.one(ids if self.hashes is None else np.array([*map(ord, item)]))


def codes_of(texts: Sequence[str]) -> tuple[Integer[np.ndarray, " n"], Integer[np.ndarray, " items"]]:
    """The code points of texts, an LF after each, and where these stand: what `ItemHash` takes."""
    codes = np.frombuffer("\n".join((*texts, "")).encode("utf-32-le"), "<u4")
    return codes, np.flatnonzero(codes == LF)


def _holds(ids: UInt[np.ndarray, " N"], sought: UInt[np.ndarray, " T"]) -> bool:
    """Whether these ids stand somewhere in a row."""
    flat, needle, size = ids.tobytes(), sought.tobytes(), ids.itemsize
    at = flat.find(needle)
    while at >= 0 and at % size:  # between two ids
        at = flat.find(needle, at + 1)
    return at >= 0

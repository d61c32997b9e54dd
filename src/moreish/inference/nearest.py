"""The known item that each made item is nearest to: the edit distance of Levenshtein 1966, counted in symbols.

Exact, by two ways. What lies within one edit is looked up: two items do just where they have a spelling in common,
the item itself counted as one and the item without any one of its symbols as others (deletion neighbourhoods: Bocek,
Hunt and Stiller 2007, Fast Similarity Search in Large Dictionaries). What lies farther off is compared with all known
items, those of like length first, for two items are at least as far apart as their lengths.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Integer, UInt, UInt64
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist, cpdist

from moreish.data import Split, Vocab
from moreish.data.hashing import GOLDEN, P_INVERSE, P, mix
from moreish.data.ragged import bounded, gather, slices
from moreish.inference.drawn import Drawn

CELLS = 2**24  # distances held at a time
LOOKED_UP_FROM = 2**22  # pairs from which the spellings are worth their index
PIECE = 2**14  # made items handled at a time


class Neighbour(NamedTuple):
    """The nearest known item, and how many symbols to put in, leave out or replace to come to it."""

    item: str
    distance: int


class Found(NamedTuple):
    """For each made item, which of the known ones is nearest, by its number, and how far it is."""

    which: Integer[np.ndarray, " made"]
    distance: Integer[np.ndarray, " made"]


class Nearest:
    """Known items in the layout of a `Split`, made ready to be asked which of them is nearest.

    Of several at the same distance the one whose length is nearest is named, the longer before the shorter, and of
    those the first. Ids may be any numbers below 0x110000, also such as no known item has.
    """

    def __init__(
        self,
        ids: Integer[np.ndarray, " N"],
        offsets: Integer[np.ndarray, " items_and_one"],
        vocab: Vocab | None = None,
    ) -> None:
        """`vocab` is needed to ask by text. Raises ValueError where there is no item."""
        if len(offsets) < 2:
            raise ValueError("there are no known items to be near to")
        self.ids, self.offsets, self.vocab = ids, offsets, vocab
        self._lengths = np.diff(offsets) - 1
        self._by_length = np.argsort(self._lengths, kind="stable")
        lengths, first = np.unique(self._lengths[self._by_length], return_index=True)
        bounds = [*first.tolist(), len(self)]
        self._buckets = dict(zip(lengths.tolist(), pairwise(bounds), strict=True))
        self._texts: dict[int, list[str]] = {}

    def __len__(self) -> int:
        """How many known items."""
        return len(self.offsets) - 1

    @classmethod
    def of(cls, split: Split, vocab: Vocab) -> "Nearest":
        """To the items of a split."""
        return cls(split.ids, split.offsets, vocab)

    def __call__(self, texts: Sequence[str]) -> list[Neighbour]:
        """The nearest known item of each text; a symbol that the list never has is unlike every other."""
        assert self.vocab is not None, "asked by text without a vocabulary"
        vocab = self.vocab
        found = self.find(*flat_ids(texts, vocab))
        items = vocab.decode_items(gather(_unsigned(self.ids), self.offsets, found.which)) if texts else []
        return [Neighbour(item, d) for item, d in zip(items, found.distance.tolist(), strict=True)]

    def find(self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " made_and_one"]) -> Found:
        """The nearest of each made item, those given in the layout of a `Split` too."""
        made = len(offsets) - 1
        which, distance = np.zeros(made, np.int64), np.zeros(made, np.int64)
        for piece in slices(made, PIECE):
            part = offsets[piece.start : piece.stop + 1]
            which[piece], distance[piece] = self._find(ids[part[0] : part[-1] + 1], part - part[0])
        return Found(which, distance)

    def text(self, number: int) -> str:
        """A known item."""
        assert self.vocab is not None, "asked for text without a vocabulary"
        return self.vocab.decode(self.ids[self.offsets[number] + 1 : self.offsets[number + 1]])

    def within(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " made_and_one"], most: int
    ) -> Bool[np.ndarray, " made"]:
        """Whether each made item is at most `most` edits from a known one."""
        made = len(offsets) - 1
        answer = np.zeros(made, bool)
        for piece in slices(made, PIECE):
            part = offsets[piece.start : piece.stop + 1]
            answer[piece] = self._within(ids[part[0] : part[-1] + 1], part - part[0], most)
        return answer

    def close(
        self,
        ids: Integer[np.ndarray, " N"],
        offsets: Integer[np.ndarray, " made_and_one"],
        besides: Integer[np.ndarray, " made"] | None = None,
    ) -> Found:
        """As `find`, faster: what is farther off than one edit has distance 2, and `which` says nothing.

        besides : for each made item, the number of a known one that is overlooked
        """
        made = len(offsets) - 1
        which, distance = np.zeros(made, np.int64), np.full(made, 2)
        for piece in slices(made, PIECE):
            part = offsets[piece.start : piece.stop + 1]
            row = ids[part[0] : part[-1] + 1], part - part[0], which[piece], distance[piece]
            self._look_up(*row, None if besides is None else besides[piece])
        return Found(which, distance)

    def new_by(self, drawn: Drawn, least: int) -> Bool[np.ndarray, " made"]:
        """Whether each item that was drawn is at least so many edits away from every known one."""
        return ~self.within(drawn.ids, drawn.offsets, least - 1)

    def _within(self, ids: np.ndarray, offsets: np.ndarray, most: int) -> np.ndarray:
        best = np.zeros(len(offsets) - 1, np.int64), np.full(len(offsets) - 1, most + 1)
        if most >= 0:
            self._look_up(ids, offsets, *best)
        if most > 1:
            self._compare(ids, offsets, *best)
        return best[1] <= most

    def _find(self, ids: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lengths = np.diff(offsets) - 1
        farthest = max(int(lengths.max(initial=0)), int(self._lengths.max()))
        best = np.zeros(len(lengths), np.int64), np.full(len(lengths), farthest + 1)
        if len(lengths) * len(self) >= LOOKED_UP_FROM or "_index" in self.__dict__:
            self._look_up(ids, offsets, *best)
        self._compare(ids, offsets, *best)
        return best

    @cached_property
    def _index(self) -> UInt64[np.ndarray, " spellings"]:
        """Every spelling of every known item: the high bits of its hash, and in the low bits the item's number."""
        keys = []
        for part in bounded(self.offsets):
            first, last = self.offsets[part.start], self.offsets[part.stop]
            hashes, of = spellings(self.ids[first : last + 1], self.offsets[part.start : part.stop + 1] - first)
            keys.append(hashes & ~self._mask | (of + part.start).astype(np.uint64))
        index = np.concatenate(keys)
        index.sort()
        return index

    @property
    def _mask(self) -> np.uint64:
        return np.uint64((1 << len(self).bit_length()) - 1)

    def _look_up(
        self,
        ids: np.ndarray,
        offsets: np.ndarray,
        which: np.ndarray,
        distance: np.ndarray,
        besides: np.ndarray | None = None,
    ) -> None:
        """Put into `which` and `distance` what lies within one edit and nearer than what stands there."""
        hashes, of = spellings(ids, offsets)
        order = np.argsort(hashes)  # so that the index is read from one end to the other
        hashes, of = hashes[order], of[order]
        low = np.searchsorted(self._index, hashes & ~self._mask)
        count = np.searchsorted(self._index, hashes | self._mask, side="right") - low
        at = np.arange(count.sum()) + np.repeat(low - (count.cumsum() - count), count)
        pairs = np.unique(np.repeat(of, count) * len(self) + (self._index[at] & self._mask).astype(np.int64))
        made, known = np.divmod(pairs, len(self))
        if besides is not None:
            made, known = made[known != besides[made]], known[known != besides[made]]
        named, place = np.unique(known, return_inverse=True)
        texts, others = _as_text(ids, offsets, made), _as_text(self.ids, self.offsets, named)
        apart = cpdist(texts, [others[i] for i in place], scorer=Levenshtein.distance, score_cutoff=1, dtype=np.uint8)
        longer = self._lengths[known] - (np.diff(offsets) - 1)[made]
        rank = np.lexsort((known, np.array([0, 1, 2])[longer], apart, made))  # -1, one shorter, comes last
        rank = rank[np.unique(made[rank], return_index=True)[1]]
        rank = rank[apart[rank] < np.minimum(distance[made[rank]], 2)]
        which[made[rank]], distance[made[rank]] = known[rank], apart[rank]

    def _compare(self, ids: np.ndarray, offsets: np.ndarray, which: np.ndarray, distance: np.ndarray) -> None:
        """Put into `which` and `distance` what is nearer than what stands there, from the like in length outwards."""
        lengths = np.diff(offsets) - 1
        for length in np.unique(lengths[distance > 0]).tolist():
            rows = np.flatnonzero((lengths == length) & (distance > 0))
            for other in sorted(self._buckets, key=lambda other: (abs(other - length), -other)):
                rows = rows[distance[rows] > abs(other - length)]
                if not len(rows):
                    break
                self._compare_with(other, _as_text(ids, offsets, rows), rows, which, distance)

    def _compare_with(
        self, length: int, texts: list[str], rows: np.ndarray, which: np.ndarray, distance: np.ndarray
    ) -> None:
        """These made items, whose texts are given, with the known ones of one length."""
        first, last = self._buckets[length]
        if length not in self._texts:
            self._texts[length] = _as_text(self.ids, self.offsets, self._by_length[first:last])
        farthest = int(distance[rows].max())
        dtype = np.uint8 if farthest < 255 else np.uint16
        for known in slices(last - first, CELLS // 256):
            others = self._texts[length][known]
            for made in slices(len(rows), max(1, CELLS // len(others))):
                apart = cdist(
                    texts[made], others, scorer=Levenshtein.distance, score_cutoff=farthest - 1, dtype=dtype
                )
                best, of = apart.argmin(1), rows[made]
                apart = apart[np.arange(len(best)), best]
                nearer = apart < distance[of]
                which[of[nearer]] = self._by_length[first + known.start + best[nearer]]
                distance[of[nearer]] = apart[nearer]


def spellings(
    ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
) -> tuple[UInt64[np.ndarray, " spellings"], Integer[np.ndarray, " spellings"]]:
    """Hashes of each item and of each item without one of its symbols, and the number of the item that each is of.

    h = mix(sum_j m(c_j) P^j), so without the symbol at i the rest moves up by one power: h_i = mix(before_i +
    (all - before_i - m(c_i) P^i) / P).
    """
    lengths = np.diff(offsets) - 1
    items = np.arange(len(lengths))
    symbols = gather(_unsigned(ids), offsets, items)
    of = np.repeat(items, lengths + 1)
    starts = np.cumsum(lengths + 1) - lengths - 1
    powers = np.full(int(lengths.max(initial=0)) + 1, P, np.uint64)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    part = mix(symbols.astype(np.uint64) * np.uint64(GOLDEN) + np.uint64(GOLDEN))
    part[symbols == 0] = 0
    part *= powers[np.arange(len(symbols)) - starts[of]]
    before = np.cumsum(part) - part
    total = before[starts + lengths] - before[starts]  # the boundary that ends an item adds nothing
    before -= before[starts][of]
    kept = symbols != 0
    kept[1:] &= symbols[1:] != symbols[:-1]  # without either of two alike that are neighbours it is the same
    rest = total[of[kept]] - before[kept] - part[kept]
    hashes = np.concatenate([total, before[kept] + rest * np.uint64(P_INVERSE)])
    return mix(hashes), np.concatenate([items, of[kept]])


def flat_ids(
    texts: Sequence[str], vocab: Vocab
) -> tuple[Integer[np.ndarray, " N"], Integer[np.ndarray, " items_and_one"]]:
    """Texts in the layout of a `Split`; a symbol that the vocabulary lacks has the id `len(vocab)`."""
    unknown = len(vocab.symbols) if vocab.unknown else len(vocab)
    items = [[vocab.ids.get(symbol, unknown) for symbol in vocab.split(text)] for text in texts]
    ids = np.array([0, *(i for item in items for i in (*item, 0))], np.int64)
    return ids, np.cumsum([0, *(len(item) + 1 for item in items)])


def _as_text(ids: np.ndarray, offsets: np.ndarray, which: np.ndarray) -> list[str]:
    """These items, each symbol as the code point of its id: what rapidfuzz compares fastest."""
    codes = gather(_unsigned(ids), offsets, which).astype("<u4")
    return codes.tobytes().decode("utf-32-le", "surrogatepass").split("\0")[:-1]


def _unsigned(ids: Integer[np.ndarray, " N"]) -> UInt[np.ndarray, " N"]:
    return ids if ids.dtype.kind == "u" else ids.astype(np.uint32)

"""A sharded list as a `Corpus`: ids are read from mapped files where they are asked for.

What is written for lists in memory works all the same, by reading the whole split; what is done with large lists
(batches, counts, evaluation, "is it known?") goes by `ShardedSplit` a piece at a time.
"""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Int64, Integer, UInt

from moreish.data import symbols
from moreish.data.corpus import WHERE, Corpus, Items, Split, Where
from moreish.data.hashing import ItemHash
from moreish.data.known import number_mask
from moreish.data.options import DataOptions
from moreish.data.reader import LF
from moreish.data.report import Report
from moreish.data.split import SPLITS
from moreish.data.vocab import Vocab
from moreish.errors import Damaged, RunError
from moreish.options import build
from moreish.shards import store
from moreish.shards.layout import Groups

PIECE = 2**22  # symbols that are read into memory at once
MOST_EVALUATED = 2**20  # symbols of val on which training is judged
ITEMS_AT_A_TIME = 2**15


class Flat:
    """The ids of a split as one row, boundary first, as they lie in mapped files."""

    def __init__(self, paths: Sequence[Path], dtype: np.dtype, shard: int) -> None:
        self.files = [np.memmap(path, dtype.newbyteorder("<"), "r") for path in paths]
        self.dtype, self.shard = dtype, shard // dtype.itemsize

    def __len__(self) -> int:
        return sum(map(len, self.files)) + 1

    def take(self, places: Integer[np.ndarray, "*shape"]) -> UInt[np.ndarray, "*shape"]:
        """The ids at these places; place 0 is the first boundary."""
        flat = places.ravel() - 1
        found = np.zeros(len(flat), self.dtype)
        number = flat // self.shard
        for k in np.unique(number[flat >= 0]).tolist():
            rows = np.flatnonzero(number == k)
            found[rows] = self.files[k][flat[rows] - k * self.shard]
        return found.reshape(places.shape)

    def between(self, start: int, stop: int) -> UInt[np.ndarray, " n"]:
        """The ids at the places start .. stop - 1, in memory."""
        pieces = [np.zeros(1, self.dtype)] if start == 0 < stop else []
        at, end = max(start - 1, 0), stop - 1
        while at < end:
            k = at // self.shard
            upto = min(end, (k + 1) * self.shard)
            pieces.append(self.files[k][at - k * self.shard : upto - k * self.shard].astype(self.dtype))
            at = upto
        return np.concatenate([*pieces, np.zeros(0, self.dtype)])


class ShardedSplit(Split):
    """The items of a split in the order of their lengths; see `layout`."""

    kinds = None
    weights = None

    def __init__(self, folder: Path, name: str, sha256: str, groups: Groups, flat: Flat) -> None:
        parts = {"folder": folder, "name": name, "sha256": sha256, "groups": groups, "flat": flat}
        for key, value in parts.items():  # the class above is frozen
            object.__setattr__(self, key, value)

    folder: Path
    name: str
    sha256: str
    groups: Groups
    flat: Flat

    def __reduce__(self) -> tuple[object, ...]:
        return _split_of, (str(self.folder), self.name, self.sha256)

    def __len__(self) -> int:
        return int(self.groups.items[-1])

    def __repr__(self) -> str:
        return (
            f"<ShardedSplit {self.folder}/{self.name}: {len(self):,} items, {self.n_predicted:,} symbols to predict>"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShardedSplit) and (self.sha256, self.name) == (other.sha256, other.name)

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    @property
    def ids(self) -> UInt[np.ndarray, " N"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """All of them, read into memory."""
        return self.flat.between(0, len(self.flat))

    @property
    def offsets(self) -> Int64[np.ndarray, " items_and_one"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Made anew each time."""
        return self.groups.offsets(0, len(self))

    @property
    def n_predicted(self) -> int:
        """How many predicted tokens."""
        return len(self.flat) - 1

    def between(self, first: int, last: int) -> Split:
        """These items, in memory."""
        offsets = self.groups.offsets(first, last)
        ids = self.flat.between(int(offsets[0]), int(offsets[-1]) + 1)
        return Split(ids, offsets - offsets[0])

    def chosen(self, which: Integer[np.ndarray, " chosen"]) -> Split:
        """These items, in memory."""
        starts = self.groups.starts(which)
        group = self.groups.items.searchsorted(which, side="right") - 1
        spans = self.groups.spans[group]
        ends = np.cumsum(spans)
        places = np.repeat(starts - ends + spans, spans) + np.arange(1, int(ends[-1] if len(ends) else 0) + 1)
        return Split(np.append(np.zeros(1, self.flat.dtype), self.flat.take(places)), np.append(0, ends))

    def symbols(self, i: int) -> UInt[np.ndarray, " T"]:
        """The ids of item i, without boundaries."""
        return self.between(range(len(self))[i], range(len(self))[i] + 1).ids[1:-1]

    def parts(self) -> Iterator[Split]:
        """All items, a piece in memory at a time."""
        return (self.between(first, last) for first, last in self.groups.bounded(PIECE))

    def some(self, most: int) -> Split:
        """At most so many items and MOST_EVALUATED symbols, evenly spread; of a running text its beginning."""
        if len(self) == 1 and self.n_predicted > MOST_EVALUATED:
            return self._beginning()
        most = min(most, max(1, len(self) * MOST_EVALUATED // self.n_predicted))
        return self.chosen(np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).astype(np.int64)))

    def _beginning(self) -> Split:
        piece = self.flat.between(0, MOST_EVALUATED)
        return Split(np.append(piece, np.zeros(1, piece.dtype)), np.array([0, len(piece)]))

    def to_judge_by(self) -> Split:
        """Items evenly spread, where evaluating all of them again and again would take longer than training."""
        if self.n_predicted <= MOST_EVALUATED:
            return self.between(0, len(self))
        return self.some(len(self))


class ShardedCorpus(Corpus):
    """What `open_shards` gives. Its items stand in the order of their lengths, train before val before test."""

    def __init__(self, folder: Path, index: store.Index, sha256: str) -> None:
        vocab = Vocab.from_json(index.vocab)
        options = build(DataOptions, index.data, "data.")
        self.folder, self.sha256 = folder, sha256
        self._splits = {
            name: ShardedSplit(folder, name, sha256, *_contents(folder, name, index, vocab)) for name in SPLITS
        }
        counts = [len(split) for split in self._splits.values()]
        if index.itemsize != vocab.dtype.itemsize:
            raise Damaged(f"{folder / store.INDEX} is damaged: its ids do not fit its symbols")
        report = _report(folder, index, self._splits)
        nothing = Split(np.zeros(1, vocab.dtype), np.zeros(1, np.int64))
        super().__init__(vocab, nothing, counts, None, options, report)

    def __len__(self) -> int:
        return self._first[-1]

    def split(self, name: str) -> Split:
        """A split; all of them together only by reading them into memory. Raises ValueError for any other name."""
        if name in self._splits:
            return self._splits[name]
        if name != "all":
            return super().split(name)
        train, val, test = self._splits.values()
        return train.and_(val).and_(test)

    @cached_property
    def items(self) -> Items:
        """The items, each made into text when it is asked for."""
        return _ShardedItems(self)

    def where(self, text: str, kind: str | None = None) -> Where:
        """Which split holds this item, or "new"; a running text is looked through to its end."""
        if kind is not None:
            self.kind_number(kind)
        text = self.vocab.normal(text)
        item = text if self.options.text else symbols.trim(text, self.vocab.unit)
        ids = self.vocab.lookup(item)
        if ids is None or not len(ids):
            return "new"
        if self.options.text:
            holding: list[Where] = [name for name in SPLITS if self._stands_in(name, ids)]
            return holding[0] if holding else "new"
        group = ItemHash(self.options.split_seed, end=LF).one(np.array([*map(ord, item)])) & ~self._mask
        first = int(self._keys.searchsorted(np.uint64(group)))
        for key in self._keys[first : first + ITEMS_AT_A_TIME].tolist():
            number = key & self._mask
            if key ^ number != group:
                break
            if number < len(self) and np.array_equal(self._symbols_of(number), ids):
                return SPLITS[int(np.searchsorted(self._first, number, side="right")) - 1]
        return "new"

    def where_ids(
        self, ids: UInt[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Int64[np.ndarray, " items"]:
        """What `where` says of many items, one after the other."""
        texts = [self.vocab.decode(ids[a + 1 : b]) for a, b in pairwise(offsets.tolist())]
        return np.array([WHERE.index(self.where(text)) if text else 0 for text in texts], np.int64)

    def _symbols_of(self, number: int) -> UInt[np.ndarray, " T"]:
        part = int(np.searchsorted(self._first, number, side="right")) - 1
        return self._splits[SPLITS[part]].symbols(number - self._first[part])

    @cached_property
    def _mask(self) -> int:
        return number_mask(len(self))

    @cached_property
    def _keys(self) -> np.ndarray:
        return np.memmap(self.folder / store.KNOWN, "<u8", "r")

    def _stands_in(self, name: str, ids: UInt[np.ndarray, " T"]) -> bool:
        split, sought = self._splits[name], ids.tobytes()
        for start in range(0, len(split.flat), PIECE):
            piece = split.flat.between(start, min(start + PIECE + len(ids), len(split.flat))).tobytes()
            at = piece.find(sought)
            while at >= 0 and at % ids.itemsize:
                at = piece.find(sought, at + 1)
            if at >= 0:
                return True
        return False


class _ShardedItems(Items):
    """Items that are read when they are asked for."""

    def __init__(self, corpus: ShardedCorpus) -> None:
        self._corpus = corpus

    def __len__(self) -> int:
        return len(self._corpus)

    def __getitem__(self, i: int | slice) -> str | list[str]:  # pyright: ignore[reportIncompatibleMethodOverride]
        if isinstance(i, slice):
            return [str(self[j]) for j in range(len(self))[i]]
        return self._corpus.vocab.decode(self._corpus._symbols_of(range(len(self))[i]))

    def __iter__(self) -> Iterator[str]:
        for split in self._corpus._splits.values():
            for part in split.parts():
                yield from self._corpus.vocab.decode_items(part.ids[1:])


def open_shards(folder: Path, sha256: str | None = None) -> ShardedCorpus:
    """The list in this folder; `sha256` is what its manifest must have. Raises RunError where it is no such list."""
    if str(folder).startswith(("\\\\", "//")):
        raise RunError(f"{folder} is on another computer: copy the sharded list to this one")
    if not store.is_sharded(folder):
        raise RunError(f"{folder} holds no sharded list: `moreish shard FILE --out {folder}` makes one")
    index, _, found = store.read_index(folder)
    if sha256 not in (None, found):
        raise RunError(f"{folder} holds another list than the run was made from: bring that list back")
    try:
        return ShardedCorpus(folder, index, found)
    except ValueError as error:
        raise Damaged(f"{folder / store.INDEX} is damaged: {error}") from None


def reference_to(corpus: ShardedCorpus) -> dict[str, str]:
    """What a run folder keeps instead of the list."""
    return {"folder": os.path.abspath(corpus.folder), "sha256": corpus.sha256}


def _split_of(folder: str, name: str, sha256: str) -> Split:
    return open_shards(Path(folder), sha256).split(name)


def _contents(folder: Path, name: str, index: store.Index, vocab: Vocab) -> tuple[Groups, Flat]:
    pairs = index.splits[name].groups
    groups = Groups(np.array([s for s, _ in pairs], np.int64), np.array([n for _, n in pairs], np.int64))
    paths = [folder / file for file in store.files_of(index) if file.startswith(f"{name}-")]
    return groups, Flat(paths, vocab.dtype, index.shard)


def _report(folder: Path, index: store.Index, splits: dict[str, ShardedSplit]) -> Report:
    report = Report(str(folder), text=bool(index.data.get("text")), items=index.items, unique=index.unique)
    report.lines, report.vocab_size = index.lines, len(index.vocab.get("symbols", ())) + 1
    report.unit = str(index.vocab.get("unit"))
    report.dropped.update(index.dropped)
    for split in splits.values():
        for span, count in zip(split.groups.spans.tolist(), split.groups.counts.tolist(), strict=True):
            report.lengths[span - 1] = report.lengths.get(span - 1, 0) + count
    report.splits = {name: {"items": len(s), "predicted": s.n_predicted} for name, s in splits.items()}
    report.files = index.source.split(", ")
    report.told, report.notes = list(index.told), list(index.told)
    report.counts = dict.fromkeys(index.vocab.get("symbols", ()), 0)
    return report

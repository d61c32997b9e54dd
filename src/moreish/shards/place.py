"""What is done with each chunk once it is read: its items counted by length, then written to where they belong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64, Integer, UInt

from moreish.data.collect import NUL
from moreish.data.numbering import count_numbers
from moreish.data.options import DataOptions
from moreish.data.ragged import gather
from moreish.data.reader import LF
from moreish.data.split import DROPPED, SPLITS, TRAIN, labels_of
from moreish.data.vocab import Vocab
from moreish.shards.chunks import Chunk
from moreish.shards.layout import Groups
from moreish.shards.store import shard_name


class Tally(NamedTuple):
    """Of a chunk: symbol -> how often it stands in what is kept, and in train; items of each split by their span.

    kept : items that are kept; of a running text, symbols
    """

    symbols: dict[str, tuple[int, int]]
    spans: Int64[np.ndarray, "splits spans"]
    kept: int


@dataclass(frozen=True)
class Placing:
    """The task of placing a chunk. Only the first two fields are needed to tally it.

    folder, shard : where the files of ids are, and of how many bytes each
    groups : of each split of the whole list
    before : (splits, spans) items that earlier chunks have in each group
    at, train : of a running text, symbols before this chunk, and in train
    """

    chunk: str
    options: DataOptions
    folder: str = ""
    shard: int = 0
    groups: list[Groups] = field(default_factory=list)
    before: Int64[np.ndarray, "splits spans"] | None = None
    at: int = 0
    train: int = 0
    vocab: Vocab | None = None


def tally_chunk(task: Placing) -> Tally:
    """Count."""
    chunk, options = Chunk(Path(task.chunk)), task.options
    texts = chunk.symbols
    if options.text:
        numbers = chunk.array("numbers")[1:]
        counts = count_numbers(numbers, len(texts)).tolist()
        in_train = count_numbers(numbers[: max(0, task.train - task.at)], len(texts)).tolist()
        return Tally(_named(texts, counts, in_train), np.zeros((len(SPLITS), 1), np.int64), len(numbers))
    numbers, offsets = chunk.numbers(LF)
    labels = _labels(chunk, options)
    spans = np.diff(offsets)
    found = np.zeros((len(SPLITS), int(spans.max(initial=0)) + 1), np.int64)
    for part in range(len(SPLITS)):
        here = np.bincount(spans[labels == part])
        found[part, : len(here)] = here
    of_symbol = np.repeat(labels, spans)
    kept = count_numbers(numbers[1:][of_symbol != DROPPED], len(texts))
    train = count_numbers(numbers[1:][of_symbol == TRAIN], len(texts))
    kept[LF] = train[LF] = 0
    return Tally(_named(texts, kept.tolist(), train.tolist()), found, int(np.count_nonzero(labels != DROPPED)))


def _named(texts: Sequence[str], counts: Sequence[int], train: Sequence[int]) -> dict[str, tuple[int, int]]:
    return {text: (n, t) for text, n, t in zip(texts, counts, train, strict=True) if n}


def _labels(chunk: Chunk, options: DataOptions) -> UInt[np.ndarray, " items"]:
    labels = labels_of(chunk.hashes, options)
    labels[~np.load(chunk.folder / "kept.npy", mmap_mode="r")] = DROPPED
    return labels


def spans_of(tallies: Sequence[Tally]) -> Int64[np.ndarray, "splits spans"]:
    """Of all chunks together."""
    total = np.zeros((len(SPLITS), max((tally.spans.shape[1] for tally in tallies), default=1)), np.int64)
    for tally in tallies:
        total[:, : tally.spans.shape[1]] += tally.spans
    return total


def place_chunk(task: Placing) -> None:
    """Write the ids of a chunk's items to their places, and keep the number of each (-1: dropped)."""
    chunk = Chunk(Path(task.chunk))
    assert task.vocab is not None
    vocab, texts = task.vocab, chunk.symbols
    unknown = len(vocab.symbols) if vocab.unknown else 0
    id_of = np.array([vocab.ids.get(text, unknown) for text in texts], vocab.dtype)
    files = ShardWriter(Path(task.folder), task.shard, vocab.dtype.itemsize)
    if task.options.text:
        id_of[NUL] = 0
        _place_text(task, id_of.take(chunk.array("numbers")[1:]), files)
        return
    id_of[LF] = 0
    assert task.before is not None
    numbers, offsets = chunk.numbers(LF)
    ids, labels = id_of.take(numbers), _labels(chunk, task.options)
    spans = np.diff(offsets)
    first_of_split = np.cumsum([0, *(int(groups.counts.sum()) for groups in task.groups)])
    small = int(first_of_split[-1]) < 2**31
    placed = np.full(len(labels), -1, np.int32 if small else np.int64)
    order = np.lexsort((spans, labels))
    edges = np.flatnonzero(np.diff(labels[order].astype(np.int64) * (int(spans.max(initial=0)) + 1) + spans[order]))
    for which in np.split(order, edges + 1):
        if not len(which) or labels[which[0]] == DROPPED:
            continue
        part, span = int(labels[which[0]]), int(spans[which[0]])
        groups = task.groups[part]
        group, done = int(groups.spans.searchsorted(span)), int(task.before[part, span])
        files.write(SPLITS[part], int(groups.places[group]) + done * span, gather(ids, offsets, which))
        placed[which] = first_of_split[part] + int(groups.items[group]) + done + np.arange(len(which))
    np.save(chunk.folder / "placed.npy", placed)


def _place_text(task: Placing, ids: UInt[np.ndarray, " n"], files: "ShardWriter") -> None:
    """A running text is cut into train, val and test by position."""
    begin = 0
    for name, groups in zip(SPLITS, task.groups, strict=True):
        end = begin + (int(groups.spans[0]) - 1 if len(groups.spans) else 0)
        low, high = max(begin, task.at), min(end, task.at + len(ids))
        if low < high:
            files.write(name, low - begin, ids[low - task.at : high - task.at])
        begin = end


class ShardWriter:
    """Writes ids at their places in the row of a split, which lies in files of `shard` bytes."""

    def __init__(self, folder: Path, shard: int, itemsize: int) -> None:
        self.folder, self.shard, self.itemsize = folder, shard, itemsize

    def write(self, split: str, at: int, ids: Integer[np.ndarray, " n"]) -> None:
        """From the place `at` on."""
        data, byte = memoryview(ids.astype(f"<u{self.itemsize}", copy=False).tobytes()), at * self.itemsize
        while data:
            number, inside = divmod(byte, self.shard)
            piece = data[: self.shard - inside]
            with open(self.folder / shard_name(split, number), "r+b") as file:
                file.seek(inside)
                file.write(piece)
            byte, data = byte + len(piece), data[len(piece) :]

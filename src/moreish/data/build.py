"""From bytes to a Corpus: read, find duplicates, split, number the symbols, and say what cannot be measured."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Integer, UInt, UInt64

from moreish.data.collect import Collector
from moreish.data.corpus import Corpus, Split
from moreish.data.duplicates import first_occurrences
from moreish.data.encodings import Bytes
from moreish.data.hashing import GOLDEN, mix
from moreish.data.item_lines import ItemLines, Kinds
from moreish.data.item_reader import ItemReader
from moreish.data.measure import measure, measure_splits
from moreish.data.numbering import number_by_vocab
from moreish.data.options import FILE, DataOptions
from moreish.data.reader import Block, Reader
from moreish.data.report import Report
from moreish.data.sources import Files, lines_of, opened, suffix_of
from moreish.data.split import (
    DROPPED,
    TRAIN,
    arrange_by_label,
    arrange_by_order,
    cuts,
    lecture_order,
    permuted,
    places_of_labels,
)


@dataclass
class Arranged:
    """Numbers in the order train, val, test; `counts` of items in each, and where each item of the list went.

    `hashes` are those of the items in this order, kept only where rare words make different items look alike.
    """

    numbers: UInt[np.ndarray, " N"]
    offsets: Integer[np.ndarray, " items_and_one"]
    counts: list[int]
    places: Callable[[], Integer[np.ndarray, " items"]] | None
    hashes: UInt64[np.ndarray, " items"] | None = None
    kinds: UInt[np.ndarray, " items"] | None = None
    weights: Float64[np.ndarray, " items"] | None = None


def read(source: str | Path | Files, options: DataOptions | None = None) -> Corpus:
    """Read a path, `-` (standard input), a fetched file or a bundled list; or several as one.

    Lists, tables, JSON, items on one line and exports of other programs are told apart by their look (see `formats`).
    Raises ValueError with one sentence for whatever cannot be read (see `reader`).
    """
    options = options or DataOptions()
    files = source if isinstance(source, Files) else Files((source,))
    building = Building(str(files), options, len(files.sources))
    for each, kind in zip(files.sources, files.kinds, strict=True):
        with opened(each) as (name, stream):
            building.add(name, stream, suffix_of(each), kind)
    return building.corpus()


def from_items(items: Iterable[str], options: DataOptions | None = None) -> Corpus:
    """The corpus of items that are at hand already; the same rules, so each is stripped and normalised.

    With `text` they are the lines of one running text. Raises ValueError where an item has a line end in it.
    """
    options = replace(options or DataOptions(), encoding="utf-8")
    if not isinstance(items, Iterable) or isinstance(items, bytes):
        raise ValueError(f"a list of texts, a file or the name of a bundled list is read, not {type(items).__name__}")
    if named := next((name for name in ("column", "by", "weight") if getattr(options, name) is not None), None):
        raise ValueError(f"items that are at hand have no columns, so leave {named} out")
    building = Building("the list", options, 1)
    building.add("the list", lines_of(_texts(items), options.text), None)
    return building.corpus()


def undivided(corpus: Corpus) -> Corpus:
    """The same list with every item in train: for few items, of which none can be spared."""
    options = replace(corpus.options, val_share=0.0, test_share=0.0)
    n, whole, old = len(corpus), corpus.split("all"), corpus.report
    report = replace(old, only_outside_train=[], notes=[], splits={}, divided=False)
    one = Corpus(corpus.vocab, whole, [n, 0, 0], corpus.places, options, report, corpus.hashes, corpus.kinds)
    measure_splits(one, report)
    return one


def _texts(items: Iterable[object]) -> Iterator[str]:
    for number, item in enumerate(items, 1):
        if not isinstance(item, str):
            raise ValueError(f"item {number} is {item!r}, and only texts can be items: say str(...)")
        yield item


class Building:
    """A corpus that is being made, one source after the other. `report` says what was seen."""

    def __init__(self, name: str, options: DataOptions, n_sources: int) -> None:
        self.options, self.n_sources = options, n_sources
        self.report, self.collector = Report(name, text=options.text), Collector(options)
        self.kinds = Kinds(options.max_kinds)

    def add(self, name: str, stream: Bytes, suffix: str | None, kind: str = "") -> None:
        """All of a stream; `kind` is that of its items where each file is one.

        suffix : of the file's name, which helps to recognise what it is; None where its lines are known to be items
        """
        options, report = self.options, self.report
        among = name if self.n_sources > 1 else ""
        report.files.append(name)
        if options.text:
            reader = Reader(name, options, report, among=among)
            for piece in reader.text(stream):
                self.collector.add_text(*piece)
            report.lines += reader.line
            return
        reading = ItemReader(name, stream, options, self.kinds, report, suffix, among)
        for block in reading.blocks():
            self.collector.add_items(block, *self._beside(block, reading.rows, kind))

    def _beside(
        self, block: Block, rows: ItemLines | None, kind: str
    ) -> tuple[Integer[np.ndarray, " items"] | None, Float64[np.ndarray, " items"] | None]:
        """The kinds and weights of a block's items."""
        kinds = weights = None
        if rows and (rows.rows.has_kinds or rows.rows.has_weights):
            lines = np.asarray(block.lines, np.int64)
            kinds = rows.kinds_of(lines) if rows.rows.has_kinds else None
            weights = rows.weights_of(lines) if rows.rows.has_weights else None
        if kinds is None and self.options.by == FILE:
            kinds = np.full(len(block.ends), self.kinds.number(kind, self.report.source), np.uint32)
        return kinds, weights

    def corpus(self) -> Corpus:
        """The corpus of all that was added."""
        report, collector, options = self.report, self.collector, self.options
        if options.unit == "auto":
            report.grouped = collector.regroup()
            options = replace(options, unit=collector.unit)
        arranged = _by_position(collector, report) if options.text else _by_item(collector, report)
        offsets, counts = arranged.offsets, arranged.counts
        n_train = int(offsets[counts[TRAIN]]) + 1
        vocab, ids = number_by_vocab(arranged.numbers, collector.texts, collector.end, n_train, options, report)
        kinds, names = self.kinds.sorted(arranged.kinds, report.source)
        whole = Split(ids, offsets, kinds, arranged.weights)
        corpus = Corpus(vocab, whole, counts, arranged.places, options, report, arranged.hashes, names)
        measure(corpus, report)
        return corpus


def _by_item(collector: Collector, report: Report) -> Arranged:
    """Items, duplicates dropped or kept, in the order of their parts."""
    options = collector.options
    numbers, offsets = collector.numbers.finish(), collector.offsets.finish()
    hashes, labels = collector.hashes.finish(), collector.labels.finish()
    del collector.hashes, collector.labels  # their memory is needed
    full = hashes.copy() if options.min_count > 1 else None
    kinds = collector.kinds.finish() if len(collector.kinds) else None
    weights = np.concatenate(collector.weights) if collector.weights else None
    if kinds is not None:
        hashes ^= mix(kinds.astype(np.uint64) * np.uint64(GOLDEN))
    earlier = None if weights is None else np.arange(len(weights))
    first = first_occurrences(hashes, numbers, offsets, kinds, earlier)
    del hashes
    report.items, report.unique = len(first), int(np.count_nonzero(first))
    if not options.drop_duplicates:
        first[:] = True
    elif report.duplicates:
        report.dropped["duplicate"] = report.duplicates
        if weights is not None and earlier is not None:
            weights = np.bincount(earlier, weights, minlength=len(weights))
    if weights is not None and (weights[first] == 1).all():
        weights = None
    n = int(np.count_nonzero(first))
    if options.split == "lecture":
        train, val = cuts(n, options)
        counts = [train, val - train, n - val]
        order = lecture_order(n, options)
        kept = order if n == len(first) else np.flatnonzero(first)[order]
        numbers, offsets = arrange_by_order(numbers, offsets, kept)
        beside = [None if each is None else each[kept] for each in (full, kinds, weights)]
        return Arranged(numbers, offsets, counts, lambda: np.argsort(order), *beside)
    labels[~first] = DROPPED
    if not (labels == TRAIN).any():
        labels[first] = TRAIN
    counts = [int(np.count_nonzero(labels == part)) for part in range(DROPPED)]
    numbers, offsets = arrange_by_label(numbers, offsets, labels, counts)
    beside = [None if each is None else permuted(each, labels) for each in (full, kinds, weights)]
    return Arranged(numbers, offsets, counts, partial(places_of_labels, labels), *beside)


def _by_position(collector: Collector, report: Report) -> Arranged:
    """One running text, cut twice; each split is one long item."""
    numbers = collector.numbers.finish()[1:]
    if not len(numbers):
        raise ValueError(f"{report.source} has no words: it is blank")
    report.items = report.unique = 1
    train, val = cuts(len(numbers), collector.options)
    parts = [numbers[:train], numbers[train:val], numbers[val:]]
    boundary = np.array([collector.end], numbers.dtype)
    pieces = [boundary] + [piece for part in parts if len(part) for piece in (part, boundary)]
    offsets = np.cumsum([0] + [len(part) + 1 for part in parts if len(part)])
    counts = [int(len(part) > 0) for part in parts]
    return Arranged(np.concatenate(pieces), offsets, counts, None)

"""From bytes to a Corpus: read, find duplicates, split, number the symbols, and say what cannot be measured."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Integer, UInt, UInt64

from moreish.data.collect import Collector
from moreish.data.corpus import Corpus, Split
from moreish.data.duplicates import first_occurrences
from moreish.data.encodings import Bytes, Prepended
from moreish.data.formats import refuse_other_formats
from moreish.data.notes import notes_on
from moreish.data.numbering import number_by_vocab
from moreish.data.options import DataOptions
from moreish.data.ragged import slices
from moreish.data.reader import PIECE, Reader
from moreish.data.report import Report
from moreish.data.sources import lines_of, opened
from moreish.data.split import (
    DROPPED,
    SPLITS,
    TRAIN,
    arrange_by_label,
    arrange_by_order,
    cuts,
    lecture_order,
    places_of_labels,
)

MOST_SHOWN = 1000  # symbols of the longest item


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


def read(source: str | Path, options: DataOptions | None = None) -> Corpus:
    """Read a path, `-` (standard input), a fetched file or a bundled list.

    Raises ValueError with one sentence for whatever cannot be read (see `reader`) or is no list (see `formats`).
    """
    options = options or DataOptions()
    with opened(source) as (name, stream):
        if options.recognise and not options.text:
            head = stream.read(PIECE)
            refuse_other_formats(source, head, len(head) < PIECE, options.encoding)
            stream = Prepended(head, stream)
        return _build(name, stream, options)


def from_items(items: Iterable[str], options: DataOptions | None = None) -> Corpus:
    """The corpus of items that are at hand already; the same rules, so each is stripped and normalised.

    With `text` they are the lines of one running text. Raises ValueError where an item has a line end in it.
    """
    options = replace(options or DataOptions(), encoding="utf-8")
    if not isinstance(items, Iterable) or isinstance(items, bytes):
        raise ValueError(f"a list of texts, a file or the name of a bundled list is read, not {type(items).__name__}")
    return _build("the list", lines_of(_texts(items), options.text), options)


def undivided(corpus: Corpus) -> Corpus:
    """The same list with every item in train: for few items, of which none can be spared."""
    options = replace(corpus.options, val_share=0.0, test_share=0.0)
    n, whole, old = len(corpus), corpus.split("all"), corpus.report
    report = replace(old, only_outside_train=[], notes=[], splits={}, divided=False)
    one = Corpus(corpus.vocab, whole, [n, 0, 0], corpus.places, options, report, corpus.hashes)
    for name in SPLITS:
        split = one.split(name)
        report.splits[name] = {"items": len(split), "predicted": split.n_predicted}
    report.notes = notes_on(report, options)
    return one


def _texts(items: Iterable[object]) -> Iterator[str]:
    for number, item in enumerate(items, 1):
        if not isinstance(item, str):
            raise ValueError(f"item {number} is {item!r}, and only texts can be items: say str(...)")
        yield item


def _build(name: str, stream: Bytes, options: DataOptions) -> Corpus:
    report = Report(name, text=options.text)
    reader, collector = Reader(name, options, report), Collector(options)
    if options.text:
        for piece in reader.text(stream):
            collector.add_text(*piece)
        arranged = _by_position(collector, report)
    else:
        for block in reader.blocks(stream):
            collector.add_items(block)
        arranged = _by_item(collector, report)
    report.lines = reader.line
    offsets, counts = arranged.offsets, arranged.counts
    n_train = int(offsets[counts[TRAIN]]) + 1
    vocab, ids = number_by_vocab(arranged.numbers, collector.texts, collector.end, n_train, options, report)
    corpus = Corpus(vocab, Split(ids, offsets), counts, arranged.places, options, report, arranged.hashes)
    _measure(corpus, report)
    return corpus


def _by_item(collector: Collector, report: Report) -> Arranged:
    """Items, duplicates dropped or kept, in the order of their parts."""
    options = collector.options
    numbers, offsets = collector.numbers.finish(), collector.offsets.finish()
    hashes, labels = collector.hashes.finish(), collector.labels.finish()
    del collector.hashes, collector.labels  # their memory is needed
    full = hashes.copy() if options.min_count > 1 else None
    first = first_occurrences(hashes, numbers, offsets)
    del hashes
    report.items, report.unique = len(first), int(np.count_nonzero(first))
    if not options.drop_duplicates:
        first[:] = True
    elif report.duplicates:
        report.dropped["duplicate"] = report.duplicates
    n = int(np.count_nonzero(first))
    if options.split == "lecture":
        train, val = cuts(n, options)
        counts = [train, val - train, n - val]
        order = lecture_order(n, options)
        kept = order if n == len(first) else np.flatnonzero(first)[order]
        numbers, offsets = arrange_by_order(numbers, offsets, kept)
        return Arranged(numbers, offsets, counts, lambda: np.argsort(order), None if full is None else full[kept])
    labels[~first] = DROPPED
    if not (labels == TRAIN).any():
        labels[first] = TRAIN
    counts = [int(np.count_nonzero(labels == part)) for part in range(DROPPED)]
    numbers, offsets = arrange_by_label(numbers, offsets, labels, counts)
    if full is not None:
        full = np.concatenate([full[labels == part] for part in range(DROPPED)])
    return Arranged(numbers, offsets, counts, partial(places_of_labels, labels), full)


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


def _measure(corpus: Corpus, report: Report) -> None:
    """What the report says of the items that were kept."""
    whole = corpus.split("all")
    lengths = np.zeros(1, np.int64)
    for part in slices(len(whole)):
        more = np.bincount(np.diff(whole.offsets[part.start : part.stop + 1]) - 1)
        if len(more) > len(lengths):
            lengths.resize(len(more), refcheck=False)
            longest = part.start + int(np.diff(whole.offsets[part.start : part.stop + 1]).argmax())
            report.longest_item = corpus.vocab.decode(whole.symbols(longest)[:MOST_SHOWN])
        lengths[: len(more)] += more
    report.lengths = {int(n): int(lengths[n]) for n in np.flatnonzero(lengths)}
    for name in SPLITS:
        split = corpus.split(name)
        report.splits[name] = {"items": len(split), "predicted": split.n_predicted}
    report.notes += notes_on(report, corpus.options)

"""From a stream of bytes to a Corpus: read, drop duplicates, split, find the vocabulary, number the symbols."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import UInt

from moreish.data.collect import LF, NUL, Collector
from moreish.data.corpus import Corpus, Part
from moreish.data.duplicates import first_occurrences
from moreish.data.encodings import Bytes
from moreish.data.options import DataOptions
from moreish.data.ragged import CODES, slices
from moreish.data.reader import Reader
from moreish.data.report import Report
from moreish.data.sources import lines_of, opened
from moreish.data.split import (
    DROPPED,
    TRAIN,
    arrange_by_label,
    arrange_by_order,
    lecture_cuts,
    lecture_order,
)
from moreish.data.vocab import Vocab


def read(source: str | Path, options: DataOptions | None = None) -> Corpus:
    """Read a path, `-` (standard input), a fetched file or a bundled list.

    Raises ValueError with one sentence for whatever cannot be read; see `reader` for the rules.
    """
    with opened(source) as (name, stream):
        return build_corpus(name, stream, options or DataOptions())


def from_items(items: Iterable[str], options: DataOptions | None = None) -> Corpus:
    """The corpus of items that are at hand already; the same rules, so each is stripped and normalised.

    Raises ValueError where an item has a line end in it.
    """
    return build_corpus("the list", lines_of(items), options or DataOptions())


def build_corpus(name: str, stream: Bytes, options: DataOptions) -> Corpus:
    """The corpus in this stream; `name` is what messages call it."""
    report = Report(name, text=options.text)
    reader = Reader(name, options, report)
    collector = Collector(options)
    if options.text:
        for text in reader.text(stream):
            collector.add_text(text)
        codes, offsets, counts, places = _running(collector, options)
        report.items = report.unique = 1
    else:
        for block in reader.blocks(stream):
            collector.add_items(block)
        codes, offsets, counts, places = _listed(collector, options, report)
    report.lines = reader.line
    n_train = int(offsets[counts[0]]) + 1
    vocab, ids = _number(collector, codes, n_train, options, report)
    return Corpus(vocab, Part(ids, offsets), counts, places, options, report)


def _listed(collector: Collector, options: DataOptions, report: Report):
    codes, offsets = collector.codes.finish(), collector.offsets.finish()
    first = first_occurrences(collector.hashes.finish(), codes, offsets)
    report.items, report.unique = len(first), int(np.count_nonzero(first))
    if not options.drop_duplicates:
        first[:] = True
    elif report.duplicates:
        report.dropped["duplicate"] = report.duplicates
    if options.split == "lecture":
        n = int(np.count_nonzero(first))
        order = lecture_order(n, options)
        a, b = lecture_cuts(n, options)
        places = np.empty(n, np.int64)
        places[order] = np.arange(n)
        codes, offsets = arrange_by_order(codes, offsets, np.flatnonzero(first)[order])
        return codes, offsets, (a, b - a, n - b), places
    labels = collector.labels.finish()
    labels[~first] = DROPPED
    counts = np.bincount(labels, minlength=4)
    if not counts[TRAIN]:
        labels[first] = TRAIN
        counts = np.bincount(labels, minlength=4)
    codes, offsets = arrange_by_label(codes, offsets, labels)
    labels = labels[first]
    places = np.empty(len(labels), np.int64)
    places[np.argsort(labels, kind="stable")] = np.arange(len(labels))
    return codes, offsets, counts[:DROPPED].tolist(), places


def _running(collector: Collector, options: DataOptions):
    codes = collector.codes.finish()[1:]
    a, b = lecture_cuts(len(codes), options)
    boundary = np.zeros(1, codes.dtype)
    parts = [codes[:a], codes[a:b], codes[b:]]
    counts = [int(len(part) > 0) for part in parts]
    pieces = [boundary]
    for part in parts:
        if len(part):
            pieces += [part, boundary]
    offsets = np.concatenate([[0], np.cumsum([len(p) + 1 for p in parts if len(p)])]).astype(np.int64)
    return np.concatenate(pieces), offsets, counts, None


def _number(
    collector: Collector, codes: UInt[np.ndarray, " N"], n_train: int, options: DataOptions, report: Report
) -> tuple[Vocab, UInt[np.ndarray, " N"]]:
    boundary = NUL if options.text else LF
    counts = np.zeros(int(codes.max()) + 1, np.int64)
    for part in slices(len(codes), CODES):
        counts += np.bincount(codes[part], minlength=len(counts))
    counts[boundary] = 0
    present = np.flatnonzero(counts)
    texts = sorted((collector.symbol(int(c)), int(c)) for c in present)
    if len(texts) > options.max_symbols:
        raise ValueError(
            f"{report.source} has {len(texts):,} different symbols, more than {options.max_symbols:,}; "
            f"raise the limit with --set data.max_symbols={len(texts)}"
        )
    vocab = Vocab(tuple(t for t, _ in texts), options.unit, options.normalise, options.lower, options.text)
    lut = np.zeros(len(counts), vocab.dtype)
    lut[[c for _, c in texts]] = np.arange(1, len(texts) + 1)
    report.vocab_size = len(vocab)
    report.counts = {t: int(counts[c]) for t, c in texts}
    if codes.dtype == vocab.dtype:
        ids = codes
    else:
        ids = np.empty(len(codes), vocab.dtype)
    for part in slices(len(codes), CODES):
        ids[part] = lut.take(codes[part])
    return vocab, ids

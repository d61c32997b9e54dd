"""From a Collector's numbers to the ids of the whole list's Vocab."""

import numpy as np
from jaxtyping import Integer, UInt

from moreish.data.options import DataOptions
from moreish.data.ragged import CODES, slices
from moreish.data.report import Report
from moreish.data.vocab import UNKNOWN, Vocab
from moreish.wording import called


def number_by_vocab(
    numbers: UInt[np.ndarray, " N"], texts: list[str], end: int, n_train: int, options: DataOptions, report: Report
) -> tuple[Vocab, UInt[np.ndarray, " N"]]:
    """The vocabulary, and ids in place of numbers; `texts` are the symbols, `end` is the boundary's number.

    The first `n_train` numbers are train, which decides what words are rare. Raises ValueError for too many symbols.
    """
    in_train = count_numbers(numbers[:n_train], len(texts))
    counts = in_train + count_numbers(numbers[n_train:], len(texts))
    counts[end] = in_train[end] = 0
    listed = np.flatnonzero(counts).tolist()
    unknown = options.min_count > 1
    if unknown:
        listed = [n for n in listed if in_train[n] >= options.min_count and texts[n] != UNKNOWN]
    if len(listed) > options.max_symbols:
        raise ValueError(
            f"{report.source} has {len(listed):,} different symbols, more than {options.max_symbols:,}; "
            f"raise the limit with {called('data.max_symbols', len(listed))}"
        )
    listed.sort(key=texts.__getitem__)
    known = tuple(texts[n] for n in listed) + (UNKNOWN,) * unknown
    vocab = Vocab(known, options.reading_unit, options.normalise, options.lower, options.text, unknown)
    id_of = np.full(len(texts), len(known), vocab.dtype)  # of what is not listed: <unk>
    id_of[listed] = np.arange(1, len(listed) + 1)
    id_of[end] = 0
    ids = numbers if numbers.dtype == vocab.dtype else np.empty(len(numbers), vocab.dtype)
    for part in slices(len(ids), CODES):
        ids[part] = id_of.take(numbers[part])
    report.vocab_size = len(vocab)
    report.counts = dict(zip(known, counts[listed].tolist(), strict=False))
    if unknown:
        report.counts[UNKNOWN] = int(counts.sum() - counts[listed].sum())
    report.only_outside_train = [texts[n] for n in listed if not in_train[n]]
    return vocab, ids


def count_numbers(numbers: UInt[np.ndarray, " n"], n: int) -> Integer[np.ndarray, " n_numbers"]:
    """How often each number occurs."""
    counts = np.zeros(n, np.int64)
    for part in slices(len(numbers), CODES):
        counts += np.bincount(numbers[part], minlength=n)
    return counts

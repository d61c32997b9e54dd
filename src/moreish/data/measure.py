"""What the report says of the items that were kept: lengths, splits, kinds, weights."""

import numpy as np

from moreish.data.corpus import Corpus
from moreish.data.notes import notes_on
from moreish.data.ragged import slices
from moreish.data.report import KindCount, Report, Weights
from moreish.data.split import SPLITS

MOST_SHOWN = 1000  # symbols of the longest item
EXAMPLES = 3  # of each kind


def measure(corpus: Corpus, report: Report) -> None:
    """Fill the report with what the corpus holds."""
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
    report.unit = corpus.vocab.unit
    measure_splits(corpus, report)


def measure_splits(corpus: Corpus, report: Report) -> None:
    """What depends on how the list is divided, and the notes."""
    for name in SPLITS:
        split = corpus.split(name)
        report.splits[name] = {"items": len(split), "predicted": split.n_predicted}
    report.kinds = _kinds(corpus)
    report.weights = _weights(corpus)
    report.notes = report.told + notes_on(report, corpus.options)


def _kinds(corpus: Corpus) -> dict[str, KindCount]:
    whole, train = corpus.split("all"), corpus.split("train")
    if whole.kinds is None or train.kinds is None:
        return {}
    counts = np.bincount(whole.kinds, minlength=len(corpus.kinds))
    order = np.argsort(train.kinds, kind="stable")
    starts = np.searchsorted(train.kinds[order], np.arange(len(corpus.kinds) + 1))
    found = {}
    for number, name in enumerate(corpus.kinds):
        first, last = int(starts[number]), int(starts[number + 1])
        examples = [train.item(int(i), corpus.vocab) for i in order[first : min(last, first + EXAMPLES)]]
        found[name] = KindCount(int(counts[number]), last - first, examples)
    return found


def _weights(corpus: Corpus) -> Weights | None:
    whole, train = corpus.split("all"), corpus.split("train")
    if whole.weights is None or train.weights is None:
        return None
    heaviest = train.item(int(train.weights.argmax()), corpus.vocab)
    extremes = float(whole.weights.min()), float(whole.weights.max())
    return Weights(float(whole.weights.sum()), *extremes, heaviest)

"""The kinds of a list of few items: each read by the background net as it stands in a blend of the whole list."""

from collections.abc import Sequence

import numpy as np

from moreish.background.blend import Blend, Ensemble
from moreish.background.parts import Items, absent_from, reader_of, shape_of
from moreish.background.reader import ListReader
from moreish.background.shape import flat
from moreish.data import Corpus, Split
from moreish.models.contract import LanguageModel
from moreish.ngram import KindNGram, KneserNey

TIMES, MOST_REPEATED = 3, 300  # as many items as a list with weights makes at most, or as many in all


class KindsOfBlend(Sequence[LanguageModel]):
    """A blend of each kind of a list, made from the blend of all its items when it is first asked for.

    The n-gram of a kind backs off to that of all kinds; every net, that trained on by the whole list too, reads the
    items of the kind alone; gate and temperature are those of the whole.
    """

    def __init__(self, whole: Blend, corpus: Corpus) -> None:
        self._whole, self._corpus = whole, corpus
        self._made: dict[int, Blend] = {}

    def __len__(self) -> int:
        return len(self._corpus.kinds)

    def __getitem__(self, kind: int) -> Blend:  # pyright: ignore[reportIncompatibleMethodOverride]
        kind = range(len(self))[kind]
        if kind not in self._made:
            self._made[kind] = self._of(kind)
        return self._made[kind]

    def _of(self, kind: int) -> Blend:
        whole, vocab = self._whole, self._corpus.vocab
        items = repeated_items_of(self._corpus.only(kind).split("train"))
        counts = whole.ensemble.counts
        own = KneserNey.fit(*flat(items), counts.vocab_size, counts.order)
        nets = [net for net in whole.ensemble.models if isinstance(net, ListReader)]
        absent = absent_from(items, counts.vocab_size)
        readers = [reader_of(net.cell.without(absent), items, net.orders, seed=0) for net in nets]
        ensemble = Ensemble([KindNGram(counts, own), *readers], shape_of(vocab.symbols, items))
        kept = (
            whole.temperature,
            whole.outline,
            whole.strictness,
            whole.timing,
            whole.template,
            whole.firm,
            whole.marks,
        )
        return Blend(ensemble, whole.gate, *kept)


def items_of(split: Split) -> Items:
    """The items of a part of a list, as ids without boundaries."""
    return [split.symbols(i).astype(np.int64) for i in range(len(split))]


def repeated_items_of(split: Split) -> Items:
    """The same, each as often as its weight says that it stands in the list: a net reads what is likely more often.

    Where that is more than can be read, all are fewer in proportion, and none is left out.
    """
    items, weights = items_of(split), split.times
    if weights is None:
        return items
    most = max(TIMES * len(items), MOST_REPEATED)
    times = np.maximum(1, np.rint(weights * min(1.0, most / weights.sum()))).astype(int)
    return [item for item, count in zip(items, times.tolist(), strict=True) for _ in range(count)]

"""Count models fitted to a corpus: the n-gram of a configuration, and the simple models that everything is beside."""

from dataclasses import replace

import numpy as np

from moreish import ngram
from moreish.data import Corpus, Split
from moreish.inference.evaluate import mean_loss
from moreish.models.contract import LanguageModel
from moreish.models.kinds import Kinded
from moreish.ngram.choice import MOST_TRAIN
from moreish.recipes import NGramOptions
from moreish.shards.corpus import ShardedSplit
from moreish.shards.counting import count_sharded

ORDER_WITHOUT_VAL = 4
HIGHEST_ORDER = 12
HIGHEST_SHARDED = 5  # of a list larger than memory: from there on most paths occur once, and all are held


def counts_of(split: Split, vocab_size: int, order: int, weighted: bool = True) -> ngram.Counts:
    """How often every n-gram occurs; of a sharded list in bounded memory."""
    if isinstance(split, ShardedSplit):
        return count_sharded(split, vocab_size, order)
    return ngram.count_ngrams(split.ids, split.offsets, vocab_size, order, split.times if weighted else None)


def fit_ngram(options: NGramOptions, train: Split, val: Split | None, vocab_size: int) -> ngram.Backoff:
    """The count model; without an order the one that is best on val, where each item counts once."""
    order = options.order
    if options.method == "add-k":
        return ngram.AddK(counts_of(train, vocab_size, order or 2), options.k)
    if order is None and val is not None:
        some = train.some(MOST_TRAIN)
        highest = HIGHEST_ORDER if some is train else HIGHEST_SHARDED
        chosen = ngram.choose_order(some.ids, some.offsets, val.ids, val.offsets, vocab_size, highest).model
        if some is train and train.weights is None:
            return chosen
        order = chosen.order
    return ngram.KneserNey(counts_of(train, vocab_size, order or ORDER_WITHOUT_VAL))


def fit_counts(
    options: NGramOptions,
    train: Split,
    val: Split | None,
    vocab_size: int,
    kinds: int = 0,
    earlier: Split | None = None,
) -> LanguageModel:
    """The count model; where the list has kinds, one for each that backs off to that of all.

    earlier : items of another list that this one goes on from; what this one has no counts for is taken from both
    """
    pooled = fit_ngram(options, train if earlier is None else train.and_(earlier), val, vocab_size)
    if not kinds:
        if earlier is None:
            return pooled
        own_alone = fit_ngram(replace(options, order=pooled.order), train, None, vocab_size)
        trust = ngram.TRUSTED if val is None else ngram.choose_trust(pooled, [own_alone], [(val.ids, val.offsets)])
        return ngram.KindNGram(pooled, own_alone, trust)
    train = train if earlier is None else train.and_(earlier)
    assert train.kinds is not None
    own: list[ngram.Backoff] = []
    for kind in range(kinds):
        part = train.chosen(np.flatnonzero(train.kinds == kind))
        if not len(part):  # all its items are in val and test
            own.append(pooled)
            continue
        own.append(fit_ngram(replace(options, order=pooled.order), part, None, vocab_size))
    trust = ngram.TRUSTED
    if val is not None and val.kinds is not None:
        parts = [val.chosen(np.flatnonzero(val.kinds == kind)) for kind in range(kinds)]
        trust = ngram.choose_trust(pooled, own, [(part.ids, part.offsets) for part in parts])
    return Kinded([ngram.KindNGram(pooled, each, trust) for each in own], train.shares_of_kinds(kinds))


def baselines(corpus: Corpus, on: Split, counted: LanguageModel | None = None) -> dict[str, float]:
    """What simple models, fitted on train, lose on this part, in nats per symbol.

    uniform: every symbol alike; unigram, bigram: counts with 1 added; ngram: `counted`, else Kneser-Ney of the order
    that is best on val.
    """
    train, val, size = corpus.split("train"), corpus.split("val"), len(corpus.vocab)
    models: dict[str, LanguageModel] = dict(ngram.baselines(counts_of(train, size, 2, weighted=False)))
    models["ngram"] = counted or fit_ngram(NGramOptions(), train, val if len(val) else None, size)
    return {name: mean_loss(model, on) for name, model in models.items()}

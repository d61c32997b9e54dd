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

ORDER_WITHOUT_VAL = 4


def fit_ngram(options: NGramOptions, train: Split, val: Split | None, vocab_size: int) -> ngram.Backoff:
    """The count model; without an order the one that is best on val, where each item counts once."""
    order, times = options.order, train.times
    if options.method == "add-k":
        return ngram.AddK.fit(train.ids, train.offsets, vocab_size, order or 2, options.k, times)
    if order is None and val is not None:
        chosen = ngram.choose_order(train.ids, train.offsets, val.ids, val.offsets, vocab_size).model
        if times is None:
            return chosen
        order = chosen.order
    return ngram.KneserNey.fit(train.ids, train.offsets, vocab_size, order or ORDER_WITHOUT_VAL, times)


def fit_counts(
    options: NGramOptions, train: Split, val: Split | None, vocab_size: int, kinds: int = 0
) -> LanguageModel:
    """The count model; where the list has kinds, one for each that backs off to that of all."""
    pooled = fit_ngram(options, train, val, vocab_size)
    if not kinds:
        return pooled
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


def order_note(options: NGramOptions, train: Split, val: Split | None, model: ngram.Backoff) -> str | None:
    """A sentence where `fit_ngram` chose the order of this model by a sample."""
    searched = options.method != "add-k" and options.order is None and val is not None
    if not searched or len(train) <= MOST_TRAIN:
        return None
    return (
        f"the order {model.order} was chosen with {MOST_TRAIN:,} of the {len(train):,} items to learn from, "
        "and then all were counted; to choose another: --set model.order=N"
    )


def baselines(corpus: Corpus, on: Split, counted: LanguageModel | None = None) -> dict[str, float]:
    """What simple models, fitted on train, lose on this part, in nats per symbol.

    uniform: every symbol alike; unigram, bigram: counts with 1 added; ngram: `counted`, else Kneser-Ney of the order
    that is best on val.
    """
    train, val, size = corpus.split("train"), corpus.split("val"), len(corpus.vocab)
    models: dict[str, LanguageModel] = dict(ngram.baselines(train.ids, train.offsets, size))
    models["ngram"] = counted or fit_ngram(NGramOptions(), train, val if len(val) else None, size)
    return {name: mean_loss(model, on) for name, model in models.items()}

"""How much of what a model makes did it merely remember?

Likely items are likely to stand in a list already, so a model that knows nothing but the language makes some of its
items too. It makes as many of val, which it never saw, for its size:

    known    = sum over x in train of p(x)                    what it makes that it was trained on
    expected = sum over x in val of p(x) * n_train / n_val    what chance gives

Whole items have exact probabilities, so nothing need be sampled. Where there is no val, each item of train is asked
of a model that was fitted without it. What is made otherwise than by the model alone (at another temperature, under
a rule) is counted instead: how many of it stand in train, and how many in val.

What is half remembered lies one edit from a known item. Some lists are like that themselves, so beside it stands the
same share for the items of train, each beside the others.

The finding F49 of the doctor says the same in the same words from samples alone: it speaks where half of what is made
is known, and that is twice what chance gives.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer

from moreish.data import Corpus, Split
from moreish.data.ragged import gather
from moreish.inference.drawn import Drawn
from moreish.inference.nearest import Nearest, spellings
from moreish.models.contract import LanguageModel
from moreish.ngram import AddK, KneserNey
from moreish.rng import rng_for

REMEMBERS, REPEATS = 0.5, 0.8  # shares from which F49 is watch and sick
TWICE = 2.0  # times what chance gives
SURE = 2.33  # standard deviations that chance alone reaches once in a hundred times
MOST = 200_000  # items of train that are asked for their probability
MOST_LOOKED_UP = 5_000  # items of train that are looked up among the others
FOLDS = 5

Refit = Callable[[Split], LanguageModel]
Verdict = Literal["unmeasured", "chance", "some", "remembers", "repeats"]


class Share(NamedTuple):
    """A share between 0 and 1, and its standard error: 0 where it is exact."""

    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Remembered:
    """How much of what is made stands in train, and what chance gives; None: not measured.

    evidence      : by how many standard deviations of chance more is known than expected
    near          : of what is made and is not in train, what is one edit from an item of train
    near_expected : of the items of train, what is one edit from another of them
    items, made   : how many train has, and how many were drawn; 0 where the model itself was asked
    """

    known: Share
    expected: Share | None
    evidence: float
    items: int
    made: int = 0
    near: Share | None = None
    near_expected: Share | None = None

    @property
    def verdict(self) -> Verdict:
        """chance: what chance gives; some: more than that; remembers, repeats: F49's watch and sick."""
        if self.expected is None:
            return "unmeasured"
        known = self.known.value
        if self.evidence < SURE or known <= self.expected.value:
            return "chance"
        if known < REMEMBERS or known < TWICE * self.expected.value:
            return "some"
        return "repeats" if known >= REPEATS else "remembers"

    @property
    def remembered(self) -> float | None:
        """The share that is known beyond what chance gives; None where that is not measured."""
        return None if self.expected is None else max(0.0, self.known.value - self.expected.value)

    def __str__(self) -> str:
        """All of it in plain words."""
        known = f"{percent(self.known.value)} of what it makes stands in the list that it learned from"
        if self.expected is None:
            return f"{known}; what chance would give is not measured for this model{self._near()}"
        expected = min(self.expected.value, 1.0)
        difference = round(self.known.value, 2) - round(expected, 2)  # as whoever subtracts what is shown finds it
        chance, more = percent(expected), percent(difference if difference > 0 else self.remembered or 0.0)
        return f"{known}; chance would give {chance}: {CONCLUSIONS[self.verdict].format(more=more)}{self._near()}"

    def _near(self) -> str:
        if self.near is None or self.near_expected is None:
            return ""
        near, own = percent(self.near.value), percent(self.near_expected.value)
        return f"; of the rest, {near} is one edit from an item of the list, where {own} of the list's own items are"

    def to_json(self) -> dict[str, float | int | str | None]:
        """Plain values."""
        shares = {
            "known": self.known,
            "expected": self.expected,
            "near": self.near,
            "near_expected": self.near_expected,
        }
        values: dict[str, float | int | str | None] = {"verdict": self.verdict, "sentence": str(self)}
        for name, share in shares.items():
            values[name] = None if share is None else share.value
            values[f"{name}_error"] = None if share is None else share.error
        return {**values, "evidence": self.evidence, "items": self.items, "made": self.made}


CONCLUSIONS: dict[Verdict, str] = {
    "chance": "it remembers no more than it should",
    "some": "{more} is merely remembered",
    "remembers": "it remembers more than it invents",
    "repeats": "it repeats the list instead of inventing",
}


def percent(share: float) -> str:
    """A share as people say it: never 0% for what there is, nor 100% for what is not all."""
    if 0 < share < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 <= share < 1 - 1e-9 else f"{share:.0%}"


def meter(
    model: LanguageModel,
    corpus: Corpus,
    drawn: Drawn | None = None,
    unseen: Float[np.ndarray, " some"] | None = None,
) -> Remembered:
    """What the model would make, by the probabilities of the list's items; no draws are needed for that.

    drawn  : items drawn from the model as it is, for the share that is one edit away
    unseen : (some,) log probabilities of items of train under models fitted without them (see `unseen_logprob`),
        needed where there is no val

    Raises ValueError for a running text, which has no items.
    """
    parts = _parts(corpus)
    which = _some(len(parts.train), MOST)
    known = np.exp(_logprobs(model, _pick(parts.train, which)))
    near = (None, None) if drawn is None else _near(drawn, Nearest(parts.train.ids, parts.train.offsets))[1:]
    if not len(parts.val):
        return _beside_unseen(known, np.zeros(0) if unseen is None else np.exp(unseen), len(parts.train), near)
    held_out = np.exp(_logprobs(model, parts.val))
    return _beside_val(known, held_out, parts.repeated[which], len(parts.train), near)


def meter_drawn(drawn: Drawn, corpus: Corpus) -> Remembered:
    """What was made, counted: for what does not come from the model as it is (see `suggested`), or under a rule.

    Raises ValueError for a running text, which has no items, and where nothing was drawn.
    """
    if not len(drawn):
        raise ValueError("nothing was drawn, so nothing can be said about it")
    parts = _parts(corpus)
    known, *near = _near(drawn, Nearest(parts.train.ids, parts.train.offsets))
    made = {"near": (near[0], near[1]), "made": len(drawn)}
    if not len(parts.val):
        return _beside_unseen(known, np.zeros(0), len(parts.train), **made)
    held_out = _near(drawn, Nearest(parts.val.ids, parts.val.offsets))[0]
    return _beside_val(known, held_out, parts.repeated, len(parts.train), **made)


def refitting(model: LanguageModel) -> Refit | None:
    """A function that fits a model of the same kind to other items, where that is cheap: an n-gram's."""
    if isinstance(model, KneserNey):
        return lambda split: KneserNey.fit(split.ids, split.offsets, model.vocab_size, model.order)
    if isinstance(model, AddK):
        return lambda split: AddK.fit(split.ids, split.offsets, model.vocab_size, model.order, model.k)
    return None


def unseen_logprob(refit: Refit, train: Split, folds: int = FOLDS) -> Float[np.ndarray, " items"]:
    """The log probability of each item of train, end included, under a model fitted to the other folds."""
    fold = rng_for(0, "memory").permutation(len(train)) % min(folds, len(train))
    logprob = np.zeros(len(train))
    for out in range(min(folds, len(train)) if len(train) > 1 else 0):
        model = refit(_pick(train, np.flatnonzero(fold != out)))
        logprob[fold == out] = _logprobs(model, _pick(train, np.flatnonzero(fold == out)))
    return logprob


class _Parts(NamedTuple):
    """The different items of train, which of them the list has more than once, and those that it has in val only."""

    train: Split
    repeated: Bool[np.ndarray, " items"]
    val: Split


def _parts(corpus: Corpus) -> _Parts:
    """Of the items that the list has once it was chance that chose train or val, so these are compared."""
    if corpus.options.text:
        raise ValueError("a running text has no items, so it cannot be said how many of them are remembered")
    train, val = corpus.split("train"), corpus.split("val")
    if corpus.options.drop_duplicates:
        return _Parts(train, np.zeros(len(train), bool), val)
    hashes = [spellings(split.ids, split.offsets)[0][: len(split)] for split in (train, val)]
    _, first, count = np.unique(np.concatenate(hashes), return_index=True, return_counts=True)
    order = np.argsort(first)
    first, repeated = first[order], count[order] > 1
    own = first < len(train)
    val_only = first[~own & ~repeated] - len(train)
    return _Parts(_pick(train, first[own]), repeated[own], _pick(val, val_only))


def _pick(split: Split, which: Integer[np.ndarray, " some"]) -> Split:
    """These items, as a split of their own."""
    if len(which) == len(split) and (which == np.arange(len(split))).all():
        return split
    ids = np.concatenate([split.ids[:1], gather(split.ids, split.offsets, which)])
    return Split(ids, np.append(0, np.cumsum(np.diff(split.offsets)[which])))


def _some(items: int, most: int) -> Integer[np.ndarray, " some"]:
    """All of so many items, or as many as are enough, chosen by chance, in order."""
    return np.arange(items) if items <= most else np.sort(rng_for(0, "memory").permutation(items)[:most])


def _logprobs(model: LanguageModel, split: Split) -> Float[np.ndarray, " items"]:
    """The log probability of each item as a whole, its end included."""
    scores = model.score(split.ids, split.offsets)[1:].astype(np.float64)
    return np.add.reduceat(scores, split.offsets[:-1]) if len(split) else np.zeros(0)


Near = tuple[Share | None, Share | None]


def _near(drawn: Drawn, known: Nearest) -> tuple[Float[np.ndarray, " known"], Share | None, Share | None]:
    """How often each known item was drawn, as a share of all; and the shares of what is one edit from one."""
    found = known.close(drawn.ids, drawn.offsets)
    times = np.bincount(found.which[found.distance == 0], minlength=len(known)) / len(drawn)
    new = (found.distance > 0) & (np.diff(drawn.offsets) > 1)
    own = _some(len(known), MOST_LOOKED_UP)
    some = _pick(Split(known.ids, known.offsets), own)
    beside = known.close(some.ids, some.offsets, besides=own)
    return times, _share(found.distance[new] == 1), _share(beside.distance == 1)


def _share(holds: Bool[np.ndarray, " n"]) -> Share | None:
    """The share for which it holds, with the standard error of a binomial; None where there is nothing."""
    if not len(holds):
        return None
    return Share(float(holds.mean()), math.sqrt(holds.mean() * (1 - holds.mean()) / len(holds)))


def _beside_val(
    known: Float[np.ndarray, " some"],
    held_out: Float[np.ndarray, " val"],
    repeated: Bool[np.ndarray, " some"],
    items: int,
    near: Near,
    made: int = 0,
) -> Remembered:
    """Train beside val. Did chance choose which item stands where, the sum over train would be as that of a sample.

    What the list has more than once cannot be compared, and counts as what chance gives.
    """
    once, scale = known[~repeated], items / len(known)
    if not len(once):
        return _judged(known, None, 0.0, items, near, made)
    of_once = scale * len(once) / len(held_out)
    error = of_once * math.sqrt(len(held_out)) * float(held_out.std())
    expected = Share(scale * float(known[repeated].sum()) + of_once * float(held_out.sum()), error)
    pool = np.concatenate([once, held_out])
    spread = math.sqrt(len(once) * len(held_out) / len(pool) * float(pool.var(ddof=1)))
    excess = float(once.sum()) - len(once) * float(pool.mean())
    return _judged(known, expected, excess / spread if spread else 0.0, items, near, made)


def _beside_unseen(
    known: Float[np.ndarray, " some"], unseen: Float[np.ndarray, " others"], items: int, near: Near, made: int = 0
) -> Remembered:
    """Train beside itself, under models that have not seen it."""
    if not len(unseen):
        return _judged(known, None, 0.0, items, near, made)
    scale = items / len(unseen)
    expected = Share(scale * float(unseen.sum()), scale * math.sqrt(len(unseen)) * float(unseen.std()))
    spread = math.hypot(
        items / len(known) * math.sqrt(float((known**2).sum())), scale * math.sqrt(float((unseen**2).sum()))
    )
    excess = items / len(known) * float(known.sum()) - expected.value
    return _judged(known, expected, excess / spread if spread else 0.0, items, near, made)


def _judged(
    known: Float[np.ndarray, " some"], expected: Share | None, evidence: float, items: int, near: Near, made: int
) -> Remembered:
    """The share of train, from all of its items or from some of them."""
    share = float(known.sum()) * items / len(known)
    rest = 1 - len(known) / items  # of the items that were not asked
    error = items * float(known.std()) * math.sqrt(rest / len(known))
    if made:
        error = math.sqrt(share * (1 - share) / made)
    return Remembered(Share(share, error), expected, evidence, items, made, *near)

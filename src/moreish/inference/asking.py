"""Asking: items of a model as somebody wants them. The rule, who draws under it, and what is said of it.

Without a rule items are drawn freely (`sample`). Under a rule an n-gram is drawn from exactly (`conditional`), any
other model, or other sampling, by many weighted beginnings (`guided`), with an n-gram of the list that looks ahead.
The best instead of random ones: `ranking`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Integer

from moreish.automata import Automaton, TooManyStates, length
from moreish.data import Corpus, Vocab, symbols
from moreish.data.corpus import WHERE
from moreish.inference.conditional import draw
from moreish.inference.contradictions import combined
from moreish.inference.drawn import Drawn
from moreish.inference.excluding import Excluding
from moreish.inference.guided import Guided, guided
from moreish.inference.guides import NgramGuide
from moreish.inference.hints import hints
from moreish.inference.lookahead import Lookahead
from moreish.inference.more import FRUITLESS, Batches, Item, Wanted, more
from moreish.inference.nearest import Nearest
from moreish.inference.particles import steps_to_acceptance
from moreish.inference.parts import is_slow, ngram_in
from moreish.inference.ranking import Effort, Ranking, Unlisted, ranked
from moreish.inference.rules import Rules
from moreish.inference.sample import Sampling, sample
from moreish.inference.score import score_items
from moreish.inference.suggested import BOLDER_MIN_P, in_outline, suggested
from moreish.models.contract import LanguageModel
from moreish.ngram import Backoff, KneserNey
from moreish.options import build, did_you_mean, option
from moreish.wording import called, said

GUIDED_BATCH, GUIDED_BATCH_OF_SLOW = 512, 64  # items that one set of weighted beginnings gives
EFFORT_OF_SLOW = 8192  # symbols of beginnings that are followed for so many, which takes some two seconds
MOST_EXCLUDED = 1_000_000  # known items that are kept from an exact draw; of longer lists they are passed over
GUIDE_ORDER = 4
LEAST_REACH_OF_SLOW = 8  # symbols, see `_reach`
REACH, LEAST_REACH = 4, 100  # times the longest item, and symbols: how much longer than needed items under a rule get
UNCUT = Sampling().max_length
Answer = str | float | int | bool | tuple[str, ...] | None


@dataclass(frozen=True)
class Request:
    """What items are wanted of a model.

    Raises ValueError where two wishes exclude each other.
    """

    rules: Rules = field(default_factory=Rules)
    sampling: Sampling = field(default_factory=Sampling)
    unique: bool = option(True, "each item once")
    new_only: bool = option(False, "leave out what the list has")
    new_by: int = option(0, "at least so many edits away from every item of the list", low=0, high=20)
    best: bool = option(False, "the most probable items in order, instead of a sample")
    apart: int = option(0, "no two items within so many edits of each other", low=0, high=20)
    nearest: bool = option(False, "say of each item which of the list's is nearest")

    def __post_init__(self) -> None:
        if self.best and (changed := self.sampling.changed):
            raise ValueError(f"the best items are not drawn, so {changed} changes nothing: leave it, or best, out")
        if self.best and not self.unique:
            raise ValueError("of the best items each comes once: leave repeats, or best, out")

    @property
    def away(self) -> int:
        """How many edits of distance to every known item are wanted: 1 is to be new."""
        return max(self.new_by, int(self.new_only))

    @classmethod
    def of(cls, **wishes: Answer) -> "Request":
        """From the names of `Rules`, of `Sampling` and of this class in one row. Raises ValueError for others."""
        parts: dict[type, dict[str, Any]] = {Rules: {}, Sampling: {}, cls: {}}
        names = {name: part for part in parts for name in part.__dataclass_fields__}
        for name, value in wishes.items():
            if name not in names or name in ("rules", "sampling"):
                known = set(names) - {"rules", "sampling"}
                raise ValueError(f'items cannot be asked for by "{name}"{did_you_mean(name, known)}')
            if value is not None:
                parts[names[name]][name] = value
        if isinstance(parts[Rules].get("contains"), str):
            parts[Rules]["contains"] = (parts[Rules]["contains"],)
        own = build(cls, parts[cls])
        return replace(own, rules=build(Rules, parts[Rules]), sampling=build(Sampling, parts[Sampling]))


class Shared:
    """What all requests to one list share, each made when it is first asked for."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    @cached_property
    def nearest(self) -> Nearest:
        """What finds the nearest item of the list."""
        return Nearest.of(self.corpus.split("all"), self.corpus.vocab)

    @cached_property
    def counted(self) -> Backoff:
        """An n-gram of the list, that looks ahead for models that have none."""
        train = self.corpus.split("train")
        return KneserNey.fit(train.ids, train.offsets, len(self.corpus.vocab), GUIDE_ORDER)


class Asked:
    """A request to one model, made ready. Raises ValueError at once where it makes no sense or nothing can meet it.

    automaton : what every item obeys; None: anything
    sampling : how items are drawn, where the request leaves it to the model
    shared : what requests to one list share; made anew where it is not given
    effort : for the best items, when to stop though not all places are certain
    """

    def __init__(
        self,
        model: LanguageModel,
        corpus: Corpus,
        request: Request,
        shared: "Shared | None" = None,
        effort: Effort | None = None,
    ) -> None:
        self.model, self.corpus, self.request = model, corpus, request
        self.shared, self.effort = shared or Shared(corpus), effort
        self.sampling = suggested(model, request.sampling)
        self.parts = request.rules.parts(corpus.vocab)
        self.automaton = self._automaton()
        self._emboldened = False
        self._all_found: dict[Sampling, Guided] = {}  # where nothing was left to chance, all that can be drawn
        self._effective: list[float] = []
        self._logprob: list[float] = []
        if self.automaton is not None and self._is_exact:
            self._conditional.start()  # that nothing can be made is said before the first item
        self.ranking: Ranking | None = None

    def items(self, count: int, rng: np.random.Generator) -> Iterator[Item]:
        """Up to `count` items, one at a time."""
        if self.request.best:
            return self._best(count)
        request = self.request
        wanted = Wanted(request.unique, request.away, request.apart, self.automaton is not None)
        if self.automaton is None:
            free = partial(_free, self.model, rng, self._prefix)
            bold = self._bolder(free)
            fits = bold and in_outline(self.model)
            batches = Batches(partial(free, self.sampling), bolder=bold, fits=fits, firm=self._prefix is None)
        elif self._is_exact:
            batches = Batches(lambda size: draw(self._conditional, size, rng, UNCUT))
        else:
            under = partial(self._guided, rng)
            size = GUIDED_BATCH_OF_SLOW if is_slow(self.model) else GUIDED_BATCH
            batches = Batches(partial(under, self.sampling), size, size, self._bolder(under))
        return more(batches, self.corpus, count, wanted, self._nearest)

    def _bolder(self, draw: Callable[[Sampling, int], Drawn]) -> Callable[[int], Drawn] | None:
        """Draws that leave less out, for when those that leave out what is best left out have no more to give."""
        if self.sampling == self.request.sampling:
            return None

        def bold(size: int) -> Drawn:
            self._emboldened = True
            return draw(replace(self.sampling, min_p=BOLDER_MIN_P), size)

        return bold

    @cached_property
    def hints(self) -> list[str]:
        """What of the rule the list never shows, a sentence each."""
        return hints(self.parts, self.corpus)

    @property
    def probability(self) -> float | None:
        """That an item of the model does what is asked, known or not: an estimate where draws are weighted.

        None: not known.
        """
        if self.request.best:
            return None
        if self.automaton is None:
            return self._prefix_probability
        if self._is_exact:
            return self._lookahead.probability
        return float(np.exp(np.mean(self._logprob))) if self._logprob else None

    @property
    def effective(self) -> float | None:
        """How many independent draws those by weights are worth, over all of them; None where none were made."""
        return sum(self._effective) if self._effective else None

    @property
    def rare(self) -> str | None:
        """How rarely the model by itself would do it, in words, where it is rare."""
        if not (p := self.probability) or p > 0.5:
            return None
        about = "" if self._is_exact or self.automaton is None else "about "
        known = ", known ones included," if self.request.away else ""
        return f"{about}1 in {1 / p:,.0f} items of this model{known} does this by itself"

    @property
    def worth(self) -> str | None:
        """What the weighted draws are worth, in words; None where every draw is exact."""
        if self.effective is None or np.isinf(self.effective):
            return None
        return f"drawn by weighted beginnings, worth {self.effective:,.0f} independent draws"

    @property
    def left_out(self) -> str | None:
        """What was never drawn although nobody asked for that, in words; None where nothing was left out."""
        if self.sampling == self.request.sampling or self.request.best:
            return None
        until = f", or {BOLDER_MIN_P:.0%} once that gave no more" * self._emboldened
        warmth = self.sampling.temperature / (self.request.sampling.temperature or 1.0)
        outlines = ", and items unlike the list's," if self.automaton is None and in_outline(self.model) else ""
        cooler = f", and the model was taken at {warmth:.2g} of its temperature" * (warmth != 1)
        return (
            f"symbols less likely than {self.sampling.min_p:.0%} of the likeliest one{until}{outlines} were left out"
            f"{cooler}, as is best for making; {called('min_p', 0)} draws from the model as it is"
        )

    @property
    def verdict(self) -> str | None:
        """How certain the order of the best is, once they were given."""
        return self.ranking.verdict() if self.ranking is not None else None

    def why_so_few(self, given: int) -> str:
        """A sentence for when the items came to an end."""
        request, things = self.request, "item" + "s" * (given != 1)
        if self.ranking is not None:
            return f"only {given:,} {things} came: {self.ranking.verdict()}"
        ruled = self.automaton is not None
        words = {"different": request.unique, "new": bool(request.away), "fitting": ruled}
        kind = "".join(f"{word} " for word, said in words.items() if said)
        cure = "; ask for less at once" * ruled
        draws = "many more weighted draws" if ruled and not self._is_exact else f"{FRUITLESS:,} more draws"
        warm = not (request.sampling.min_p and request.sampling.temperature)
        bolder = "a higher temperature" if warm else f"a smaller {called('min_p')}"
        bolder = f"a larger {called('top_k')}" if request.sampling.top_k == 1 else bolder
        return (
            f"only {given:,} {kind}{things} came: {draws} gave no other; {bolder} dares more, and "
            f"{said('--repeats', 'unique=False')} allows the same again{cure}"
        )

    def _automaton(self) -> Automaton | None:
        """The rule; a text to begin with alone is read first, and then anything may follow."""
        longest, size = self.request.sampling.max_length, len(self.corpus.vocab)
        limited = longest < UNCUT and not self.corpus.options.text
        if all(part.kind == "starts_with" for part in self.parts) and not limited and not self.request.best:
            return None
        if not self.parts and not limited:
            return None
        rule = combined(self.parts, self.corpus.vocab)
        if not limited:
            return rule
        whole = rule & length(1, longest, size)
        if whole.is_empty:
            raise ValueError(f"no item of at most {longest} symbols does what is asked: allow longer ones")
        return whole

    @property
    def _prefix(self) -> Integer[np.ndarray, " T"] | None:
        text = self.request.rules.starts_with
        return self.corpus.vocab.encode(text, "the prefix") if text else None

    @property
    def _prefix_probability(self) -> float | None:
        """That an item begins with the prefix; None where there is none, or the draws are not the model's own."""
        prefix, plain = self._prefix, replace(self.request.sampling, max_length=UNCUT) == Sampling()
        if prefix is None or not plain or self.corpus.options.text:
            return None
        return float(np.exp(score_items(self.model, [prefix])[0].logprobs[:-1].sum(dtype=np.float64)))

    @property
    def _is_exact(self) -> bool:
        plain = replace(self.request.sampling, max_length=UNCUT)
        return isinstance(self.model, Backoff) and plain == Sampling()

    @cached_property
    def _lookahead(self) -> Lookahead:
        assert isinstance(self.model, Backoff)
        assert self.automaton is not None
        return Lookahead(self.model, self.automaton)

    @cached_property
    def _conditional(self) -> Lookahead | Excluding:
        """Raises ValueError where the model can make nothing of what is asked."""
        whole = self.corpus.split("all")
        found: Lookahead | Excluding = self._lookahead
        if self.request.away and len(whole) <= MOST_EXCLUDED and not self.corpus.options.text:
            found = Excluding(self._lookahead, whole.ids, whole.offsets)
        if found.log_probability == -np.inf:
            new = " that is new" if self._lookahead.probability else ""
            raise ValueError(f"this model can make no item{new} that does what is asked: ask for less at once")
        return found

    @property
    def _nearest(self) -> Nearest | None:
        looked_for = self.request.nearest or self.request.away > 1
        return self.shared.nearest if looked_for and not self.corpus.options.text else None

    def _guided(self, rng: np.random.Generator, sampling: Sampling, size: int) -> Drawn:
        if (known := self._all_found.get(sampling)) is not None and known.again is not None:
            return known.again(size, rng)
        followed = replace(sampling, max_length=min(sampling.max_length, self._reach))
        effort = EFFORT_OF_SLOW if is_slow(self.model) else None
        found = guided(self.model, self._followed, size, rng, followed, self._guide, effort=effort)
        self._effective.append(found.effective)
        self._logprob.append(found.logprob)
        if found.again is not None:
            self._all_found[sampling] = found
        return replace(found.drawn, effort=found.effort)

    @cached_property
    def _reach(self) -> int:
        """How long items under the rule can be where nobody says it: well beyond those of the list.

        A model that is drawn from so surely that it goes round in a circle would be followed to the end otherwise. A
        blend keeps to the lengths of the list, so less is enough.
        """
        if self.corpus.options.text or self.request.sampling.max_length != UNCUT:
            return self.request.sampling.max_length
        assert self.automaton is not None
        shortest = int(steps_to_acceptance(self.automaton)[self.automaton.start])
        longest = int(self.corpus.split("all").lengths.max(initial=1))
        beyond = shortest + max(LEAST_REACH, REACH * longest)
        if is_slow(self.model):
            beyond = max(2 * longest, shortest + max(longest, LEAST_REACH_OF_SLOW))
        return min(UNCUT, beyond)

    @cached_property
    def _followed(self) -> Automaton:
        """The rule, for a blend with how far it reaches, so that the guide does not put off what is asked for."""
        assert self.automaton is not None
        reach = length(1, self._reach, len(self.corpus.vocab)) if is_slow(self.model) else None
        try:
            return self.automaton if reach is None else self.automaton & reach
        except TooManyStates:
            return self.automaton

    @cached_property
    def _guide(self) -> NgramGuide | None:
        """An n-gram of the list that looks ahead; None where the rule is too large for it."""
        counted = ngram_in(self.model) or self.shared.counted
        try:
            return NgramGuide(counted, Lookahead(counted, self._followed))
        except ValueError:
            return None

    def _best(self, count: int) -> Iterator[Item]:
        request, whole = self.request, self.corpus.split("all")
        wanted = None
        if request.away > 1:
            wanted = partial(_far_enough, self._nearest, request.away)
        elif request.away:
            wanted = Unlisted([whole], len(self.corpus.vocab))
        guide = ngram_in(self.model) or self.shared.counted
        longest = request.sampling.max_length
        how = {"apart": request.apart, "max_length": longest, "guide": guide}
        self.ranking = ranked(self.model, self.automaton, count, wanted=wanted, effort=self.effort, **how)
        for found in self.ranking:
            ids, offsets = np.array([0, *found.ids.tolist(), 0]), np.array([0, len(found.ids) + 1])
            known = WHERE[int(self.corpus.where_ids(ids.astype(whole.ids.dtype), offsets)[0])]
            near = (None, None)
            if self._nearest is not None:
                of = self._nearest.find(ids, offsets)
                near = (self._nearest.text(int(of.which[0])), int(of.distance[0]))
            yield Item(self.corpus.vocab.decode(found.ids), found.logprob, known, *near)


def items_of(lists: list[Corpus], vocab: Vocab) -> tuple[str, ...]:
    """The items of other lists, in the form of this one."""
    return tuple(symbols.trim(vocab.normal(item), vocab.unit) for corpus in lists for item in corpus)


def _free(
    model: LanguageModel,
    rng: np.random.Generator,
    prefix: Integer[np.ndarray, " T"] | None,
    sampling: Sampling,
    size: int,
) -> Drawn:
    return sample(model, size, rng, sampling, prefix)


def _far_enough(
    nearest: Nearest | None, least: int, items: Integer[np.ndarray, "rows T"]
) -> Bool[np.ndarray, " rows"]:
    assert nearest is not None
    rows, width = items.shape
    ids = np.zeros((rows, width + 1), np.int64)
    ids[:, :-1] = items
    flat, offsets = np.append(0, ids.ravel()), np.arange(rows + 1) * (width + 1)
    return ~nearest.within(flat, offsets, least - 1)

"""Fitted: a model and the list that it was fitted to, and all that can be asked of the two."""

import math
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from moreish import markup
from moreish.background.blend import Blend
from moreish.background.choosing import Measured
from moreish.data import Corpus, Vocab
from moreish.data.split import SPLITS
from moreish.fitting.evaluation import Evaluation, cross_validated, evaluate, other_items
from moreish.fitting.kinds_of_few import KindsOfBlend
from moreish.inference import ItemScore, score_items
from moreish.inference.asking import Answer, Asked, Request, Shared
from moreish.inference.memory import Remembered, meter, meter_drawn
from moreish.inference.more import Item
from moreish.inference.plausibility import Plausibility
from moreish.inference.ranking import Effort
from moreish.inference.runners_up import runners_up
from moreish.inference.sample import Sampling, sample
from moreish.inference.suggested import suggested
from moreish.models.contract import LanguageModel
from moreish.models.kinds import Kinded, one_kind_of
from moreish.options import Setting
from moreish.rng import rng_for
from moreish.wording import called

COUNTED = 2000  # items, of which a share is known to a hundredth
SplitName = Literal["train", "val", "test"]


class Scored(NamedTuple):
    """An item with the log probability of each of its symbols and of its end.

    unknown : its symbols that the list never has. With one of them the item cannot come from the model: every log
        probability is minus infinity
    """

    item: str
    score: ItemScore
    symbols: tuple[str, ...]
    unknown: tuple[str, ...] = ()

    @property
    def per_symbol(self) -> list[tuple[str, float]]:
        """(symbol, log probability in nats), the end as an empty symbol last."""
        return list(zip((*self.symbols, ""), self.score.logprobs.tolist(), strict=True))

    def _repr_html_(self) -> str:
        """What a notebook shows: how likely each symbol was."""
        said = repr(self)[1:-1].partition(": ")[2]
        chances = [(symbol or "end", math.exp(logprob)) for symbol, logprob in self.per_symbol]
        return markup.heading(self.item, said) + markup.shares(chances)

    def __repr__(self) -> str:
        if self.unknown:
            return f"<{self.item!r}: impossible, {', '.join(self.unknown)} is never in the list>"
        return f"<{self.item!r}: loss {self.score.loss:.3f}, log probability {self.score.logprob:.2f}>"


class NextSymbols(dict[str, float]):
    """Symbol -> probability, likeliest first; as text a small table with bars."""

    def __repr__(self) -> str:
        widest = max(self.values(), default=1.0)
        return "\n".join(
            f"{symbol or '(end)':<6} {p:7.2%} {'#' * round(30 * p / widest)}" for symbol, p in self.items()
        )


class Fitted(ABC):
    """More items, scores, and an honest evaluation, from a model and the corpus that it was fitted to.

    passed_over : what people should know of how the model was found, a sentence each
    """

    name: str
    passed_over: tuple[str, ...] = ()

    @property
    @abstractmethod
    def corpus(self) -> Corpus:
        """The list, as it was split."""

    @property
    @abstractmethod
    def model(self) -> LanguageModel:
        """The model."""

    @property
    def vocab(self) -> Vocab:
        """The symbols of the list."""
        return self.corpus.vocab

    def more(
        self,
        count: int = 20,
        *,
        seed: int | None = None,
        of: str | Mapping[str, float] | None = None,
        **wishes: Answer,
    ) -> list[Item]:
        """Up to `count` items as they are wished for; fewer where the model has no more to give.

        of : a kind of the list, or several with their shares: {"elves": 0.7, "dwarves": 0.3}
        wishes : starts_with, ends_with, contains, length ("4-8"), pattern ("Ka__a*"), regex, only, without, not_in;
            new_only, new_by (edits away from every known item), unique; best (the most probable in order), apart
            (edits between any two); nearest (name the nearest known item); temperature, top_k, top_p, min_p,
            max_length
        Raises ValueError where a wish makes no sense, or none can be met together (`Impossible` says why).
        """
        return list(self.each(count, seed=seed, of=of, **wishes))

    def each(
        self,
        count: int = 20,
        *,
        seed: int | None = None,
        of: str | Mapping[str, float] | None = None,
        **wishes: Answer,
    ) -> Iterator[Item]:
        """The same one at a time, as they are made. Raises ValueError at once where a wish makes no sense."""
        return self.ask(Request.of(**wishes), of).items(check_count(count), self.rng(seed))

    def ask(
        self,
        request: Request | None = None,
        of: str | Mapping[str, float] | None = None,
        effort: Effort | None = None,
        **wishes: Answer,
    ) -> Asked:
        """A request, or wishes as in `more`, made ready: it also says how rare it is and what the list never shows.

        `effort` is spent on the best items at most. Raises ValueError where it makes no sense or cannot be met.
        """
        return Asked(self.of(of), self.corpus, request or Request.of(**wishes), self._shared, effort)

    @cached_property
    def _shared(self) -> Shared:
        return Shared(self.corpus)

    def of(self, kinds: str | Mapping[str, float] | None) -> LanguageModel:
        """The model of a kind, or of several in these shares; None: the model.

        Raises ValueError for a kind that the list does not have, and for shares that are no positive numbers.
        """
        if kinds is None:
            return self.model
        shares = shares_in(kinds, self.corpus.kinds) if isinstance(kinds, str) else kinds
        numbers = {self.corpus.kind_number(kind): share for kind, share in shares.items()}
        if not numbers or not all(0 < share < math.inf for share in numbers.values()):
            said = ", ".join(f"{kind}:{share:g}" for kind, share in shares.items())
            raise ValueError(f'the shares of kinds are positive numbers, as in elves:0.7,dwarves:0.3; not "{said}"')
        model = self._of_kinds
        if not isinstance(model, Kinded):
            raise ValueError(f"{self.name} has kinds, but this model did not learn them")
        return model.asked(numbers)

    @cached_property
    def _of_kinds(self) -> LanguageModel:
        """The model, as models of kinds where it can answer for each: a blend reads the items of the kind again."""
        model, corpus = self.model, self.corpus
        if not isinstance(model, Blend) or not corpus.kinds:
            return model
        return Kinded(KindsOfBlend(model, corpus), corpus.split("all").shares_of_kinds(len(corpus.kinds)))

    @cached_property
    def plausible(self) -> Plausibility | None:
        """How plausible items are beside those that the model was not fitted to; None where there are none."""
        val = self.corpus.split("val")
        return Plausibility.of(self.model, val, self.vocab) if len(val) and not self.corpus.options.text else None

    def remembered(self) -> Remembered:
        """How much of what `more` makes is merely remembered. Raises ValueError for a running text.

        By the model's own probabilities where it is drawn from as it is; else COUNTED items are made and counted.
        """
        sampling = suggested(self.model, Sampling())
        if sampling == Sampling() or self.corpus.options.text:
            return meter(self.model, self.corpus)
        return meter_drawn(sample(self.model, COUNTED, rng_for(0, "remembered"), sampling), self.corpus)

    def rng(self, seed: int | None) -> np.random.Generator:
        """A generator for sampling; without a seed another one each time."""
        return np.random.default_rng() if seed is None else rng_for(seed, "sampling", self._index)

    @property
    def _index(self) -> int:
        """Of the generator: with the same chances, models of different lists by one net would begin items alike."""
        return sampling_index(self.corpus) if isinstance(self.model, Blend) else 0

    def score(self, *items: str | Iterable[str]) -> list[Scored]:
        """How likely each item is, symbol by symbol: `score("emma", "olivia")`, or a list of them.

        An item with a symbol that the list never has is marked, and the others are scored all the same. Raises
        TypeError for what is no text.
        """
        texts = _texts_of(items)
        found = [self.vocab.lookup(self.vocab.normal(text)) for text in texts]
        scores = iter(score_items(self.model, [ids for ids in found if ids is not None]))
        return [
            self._impossible(text)
            if ids is None
            else Scored(text, next(scores), tuple(self.vocab.decode([i]) for i in ids.tolist()))
            for text, ids in zip(texts, found, strict=True)
        ]

    def next(self, start: str = "", count: int | None = None) -> "NextSymbols":
        """How likely each symbol is after this beginning, likeliest first; the end of the item is an empty symbol.

        count : how many; None: all. Raises ValueError for a symbol that the list never has.
        """
        ids = self.vocab.encode(self.vocab.normal(start), "the beginning")
        state, logprobs = self.model.start(1)
        for i in ids:
            state, logprobs = self.model.advance(state, np.array([i]))
        order = np.argsort(-logprobs[0], kind="stable")[:count]
        return NextSymbols(
            (self.vocab.symbols[i - 1] if i else "", math.exp(logprobs[0][i])) for i in map(int, order)
        )

    def stats(self) -> dict[str, object]:
        """What there is to know at a glance: the list, its symbols and splits, the model and its numbers."""
        model, corpus = self.model, self.corpus
        modules = [m for m in (getattr(c, "module", None) for c in getattr(model, "components", [model])) if m]
        return {
            "name": self.name,
            "items": len(corpus),
            "symbols": len(self.vocab) - 1,
            **{split: len(corpus.split(split)) for split in SPLITS},
            "dropped": dict(corpus.report.dropped),
            "model": type(one_kind_of(model)).__name__.lower(),
            "networks": [type(m).__name__ for m in modules],
            "parameters": sum(p.numel() for m in modules for p in m.parameters()),
        }

    def runners_up(self, scores: Sequence[Scored], count: int) -> Iterator[list[list[tuple[str, float]]]]:
        """For each item that was scored, at each of its places: the likeliest other symbols, likeliest first.

        (symbol, log probability in nats), the end as an empty symbol. Of an item that is impossible, nothing.
        """
        vocab = self.vocab
        known = [vocab.encode(vocab.normal(scored.item)) for scored in scores if not scored.unknown]
        found = runners_up(self.model, known, count)
        for scored in scores:
            places = [] if scored.unknown else zip(*(array.tolist() for array in next(found)), strict=True)
            yield [[(vocab.decode([i]), p) for i, p in zip(*place, strict=True)] for place in places]

    def _impossible(self, text: str) -> Scored:
        symbols = tuple(self.vocab.split(text))
        unknown = tuple(dict.fromkeys(s for s in symbols if s not in self.vocab.ids))
        return Scored(text, ItemScore(np.full(len(symbols) + 1, -math.inf)), symbols, unknown)

    def evaluate(self, on: SplitName | str | Path | Iterable[str] = "val", **reading: Setting) -> Evaluation:
        """Loss and perplexity beside the baselines fitted on train: on val, train, test, or another list.

        Test is only used if it is named here. `reading` are options of `moreish.read` for another list: the column of
        its items, its encoding. Raises ValueError for a part that the list is too short to have, and for another list
        with symbols that this one never has.
        """
        if reading and (not isinstance(on, str | Path) or on in SPLITS):
            given = ", ".join(called(name, value) for name, value in reading.items())
            raise ValueError(f"{given} is about another list: name its file as well")
        if isinstance(on, str) and on in SPLITS:
            return evaluate(self.model, self.corpus, self.corpus.split(on), on)
        title = str(on) if isinstance(on, str | Path) else "the items"
        split, told = other_items(self.corpus, on, self.name, reading)
        found = evaluate(self.model, self.corpus, split, title)
        return {**found, "told": told} if told else found


def shares_in(text: str, kinds: Sequence[str]) -> dict[str, float]:
    """`elves`, or `elves:0.7,dwarves:0.3`, as shares of kinds. Raises ValueError for what is neither."""
    if text in kinds:
        return {text: 1.0}
    found: dict[str, float] = {}
    for part in text.split(","):
        name, colon, share = part.rpartition(":")
        if (name if colon else part).strip() in found:
            raise ValueError(f'"{(name if colon else part).strip()}" is named twice: write each kind once')
        try:
            found[name.strip() if colon else part.strip()] = float(share) if colon else 1.0
        except ValueError:
            raise ValueError(f'"{part}" is no kind with its share: write elves:0.7,dwarves:0.3') from None
    return found


def check_count(count: int) -> int:
    """The number of items. Raises ValueError where it is none."""
    if not isinstance(count, int) or count < 0:
        raise ValueError(f"the number of items to make is a whole number from 0 on, not {count}")
    return count


def sampling_index(corpus: Corpus) -> int:
    """A number of the list, for a generator that differs from list to list."""
    return zlib.crc32(corpus.split("all").ids.tobytes())


class Counted(Fitted):
    """An n-gram fitted to a list; nothing of it is kept."""

    def __init__(self, corpus: Corpus, model: LanguageModel) -> None:
        self._corpus, self._model, self.name = corpus, model, corpus.report.source

    @property
    def corpus(self) -> Corpus:
        """The list, as it was split."""
        return self._corpus

    @property
    def model(self) -> LanguageModel:
        """The n-gram."""
        return self._model

    def __repr__(self) -> str:
        return f"<n-gram of {self.corpus!r}>"


class Listened(Counted):
    """A blend of what was counted in a list and of the background net that read it; nothing of it is kept.

    measured : how well it foretells the list's own items, by cross-validation; None where there are too few
    """

    def __init__(self, corpus: Corpus, model: LanguageModel, measured: Measured | None) -> None:
        super().__init__(corpus, model)
        self.measured = measured

    def evaluate(self, on: SplitName | str | Path | Iterable[str] = "val", **reading: Setting) -> Evaluation:
        """As `Fitted.evaluate`; where there is no val, what cross-validation measured."""
        found = self.measured
        if on != "val" or reading or found is None or len(self.corpus.split("val")):
            return super().evaluate(on, **reading)
        return cross_validated(found.loss, found.error, found.items, found.symbols, {})

    def __repr__(self) -> str:
        loss = "not measured" if self.measured is None else f"loss {self.measured.loss:.3f} by cross-validation"
        return f"<background net that read {self.corpus!r}: {loss}>"


def _texts_of(items: Iterable[object]) -> list[str]:
    """Texts, and those in lists among them. Raises TypeError for anything else."""
    lists = ([item] if isinstance(item, str) or not isinstance(item, Iterable) else item for item in items)
    texts: list[str] = []
    for text in chain.from_iterable(lists):
        if not isinstance(text, str):
            raise TypeError(f"items are texts, or lists of texts, and not {text!r}")
        texts.append(text)
    return texts

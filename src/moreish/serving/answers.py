"""The answers, as pydantic models, and how a model and its list come to them."""

import math
import re
import secrets
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import BaseModel, Field

from moreish import __version__
from moreish.api import TrainedRun
from moreish.background.choosing import Measured
from moreish.data.corpus import Where
from moreish.data.split import SPLITS
from moreish.fitting.fitted import Fitted, Listened, Scored
from moreish.inference.asking import Request
from moreish.inference.evaluate import mean_loss
from moreish.inference.ranking import Effort
from moreish.serving.bodies import MOST_MADE, Scoring
from moreish.serving.work import Clock, TimeIsUp

AT_ONCE = 512  # items scored between two looks at the clock


class ErrorAnswer(BaseModel):
    """What is wrong, in one sentence."""

    error: str


class MadeItem(BaseModel):
    """An item that was made."""

    text: str
    logprob: float = Field(description="log probability of the whole item, its end included, in nats")
    known: Where = Field(description="where the list has it already")
    nearest: str | None = Field(description="the nearest item of the list, if it was asked for")
    distance: int | None = Field(description="how many edits of a symbol it is away")


class MoreAnswer(BaseModel):
    """Items, and what is to be said of them."""

    items: list[MadeItem]
    seed: int = Field(description="where chance started from: with it the same comes again")
    hints: list[str] = Field(description="what of the request the list never shows")
    probability: float | None = Field(description="that an item of the model does what is asked by itself")
    rare: str | None = Field(description="the same in words, where it is rare")
    effective: float | None = Field(description="how many independent draws the items are worth, where not all are")
    worth: str | None = Field(description="the same in words")
    verdict: str | None = Field(description="how certain the order of the best items is")
    short: str | None = Field(description="why fewer items came than were asked for")


class OtherSymbol(BaseModel):
    """A symbol that could have stood there."""

    symbol: str = Field(description="empty: the end of the item")
    logprob: float | None


class ScoredSymbol(BaseModel):
    """A symbol of an item, or its end."""

    symbol: str = Field(description="empty: the end of the item")
    logprob: float | None = Field(description="given those before it, in nats; null: impossible")
    runners_up: list[OtherSymbol] = Field(description="the likeliest other symbols, if they were asked for")


class ScoredText(BaseModel):
    """How likely an item is."""

    text: str
    logprob: float | None = Field(description="of the whole item, its end included, in nats; null: impossible")
    loss: float | None = Field(description="mean nats per symbol, the end included; null: infinite")
    known: Where
    unknown: list[str] = Field(description="its symbols that the list never has")
    symbols: list[ScoredSymbol] | None


class ScoreAnswer(BaseModel):
    """Every item that was sent, in order."""

    items: list[ScoredText]


class About(BaseModel):
    """A model and its list."""

    name: str
    model: str
    items: int
    splits: dict[str, int] = Field(description="how many items each part of the list has")
    kinds: list[str]
    symbols: list[str]
    unit: str = Field(description="what a symbol is: char, grapheme or word")
    longest: int = Field(description="symbols of the longest item")
    loss: float | None = Field(
        description="mean nats per symbol on the items that were set aside; null: not measured"
    )
    notes: list[str] = Field(description="what people should know of how the list was read and the model found")
    version: str = Field(description="of moreish")


def about(source: Fitted) -> About:
    """The model, and the list that it was fitted to."""
    corpus, vocab = source.corpus, source.vocab
    return About(
        name=name_of(source),
        model=model_of(source),
        items=len(corpus),
        splits={name: len(corpus.split(name)) for name in SPLITS},
        kinds=list(corpus.kinds),
        symbols=list(vocab.symbols),
        unit=vocab.unit,
        longest=int(corpus.split("all").lengths.max(initial=0)),
        loss=_finite(loss_of(source)),
        notes=[*source.passed_over, *(corpus.report.called(sentence) for sentence in corpus.report.told)],
        version=__version__,
    )


def name_of(source: Fitted) -> str:
    """The run's or the list's name, without the folders that it stands in."""
    return re.sub(r"[^\s,]*[/\\]", "", source.name)


def model_of(source: Fitted) -> str:
    """What the model is, in a word or two."""
    match source:
        case TrainedRun():
            return " + ".join(choice.name for choice in source.config.model.singles)
        case Listened():
            return "background"
    return "ngram"


def loss_of(source: Fitted) -> float | None:
    """Mean nats per predicted symbol on what was set aside, as it was measured; None where nothing was."""
    match source:
        case TrainedRun():
            return source.run.summary()["val_loss"]
        case Listened(measured=Measured(loss=loss)):
            return loss
    val = source.corpus.split("val")
    return mean_loss(source.model, val) if len(val) else None


def more(source: Fitted, body: dict[str, Any], clock: Clock) -> MoreAnswer:
    """Items as the body wishes for them; those that were made in time. Raises ValueError as `Fitted.ask` does."""
    wishes = dict(body)
    count, seed, of = wishes.pop("count", None), wishes.pop("seed", None), wishes.pop("of", None)
    count = 20 if count is None else count
    seed = secrets.randbelow(2**32) if seed is None else seed
    request = Request.of(**wishes)
    if count * request.sampling.max_length > MOST_MADE:
        raise ValueError(
            f"{count:,} items of up to {request.sampling.max_length:,} symbols are more than {MOST_MADE:,} symbols "
            "in all: lower count or max_length"
        )
    asked = source.ask(request, of, Effort(seconds=clock.seconds))
    clock.check()
    hints = asked.hints
    items: list[MadeItem] = []
    short = None
    try:
        for item in asked.items(count, source.rng(seed)):
            items.append(MadeItem(**item._asdict()))
            clock.check()
    except TimeIsUp as ended:
        short = f"only {len(items):,} items came: {ended}"
    if len(items) < count and short is None:
        short = asked.why_so_few(len(items))
    return MoreAnswer(
        items=items,
        seed=seed,
        hints=hints,
        probability=asked.probability,
        rare=asked.rare,
        effective=_finite(asked.effective),
        worth=asked.worth,
        verdict=asked.verdict,
        short=short,
    )


def score(source: Fitted, asked: Scoring, clock: Clock) -> ScoreAnswer:
    """Every item with its log probability."""
    items = iter(asked.items)
    found: list[ScoredText] = []
    while texts := list(islice(items, AT_ONCE)):
        clock.check()
        scored = source.score(texts)
        others = source.runners_up(scored, asked.runners_up) if asked.runners_up else ([] for _ in scored)
        for each, beside in zip(scored, others, strict=True):
            symbols = list(_symbols(each, beside)) if asked.symbols else None
            found.append(
                ScoredText(
                    text=each.item,
                    logprob=_finite(each.score.logprob),
                    loss=_finite(each.score.loss),
                    known=source.corpus.where(each.item),
                    unknown=list(each.unknown),
                    symbols=symbols,
                )
            )
    return ScoreAnswer(items=found)


def _symbols(scored: Scored, beside: list[list[tuple[str, float]]]) -> Iterator[ScoredSymbol]:
    for i, (symbol, logprob) in enumerate(scored.per_symbol):
        others = [OtherSymbol(symbol=s, logprob=_finite(p)) for s, p in (beside[i] if beside else ())]
        yield ScoredSymbol(symbol=symbol, logprob=_finite(logprob), runners_up=others)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

"""Evaluation: the loss of a model on items, beside what simple models lose on the same."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np

from moreish.data import Corpus, DataOptions, Split, from_items, read
from moreish.data.corpus import WHERE
from moreish.fitting.counting import baselines
from moreish.inference.evaluate import mean_loss
from moreish.models.contract import LanguageModel
from moreish.options import Setting, build
from moreish.runs.events import CrossValidated
from moreish.wording import called

PASSAGE, MOST_PASSAGES = 40, 50  # symbols in a row, and how many such are looked up
OF_THE_FILE = ("encoding", "column", "by", "weight")
"""Options that say how the bytes of one file are to be read, and nothing of another one."""
IDLE = ("text", "unit", "min_count", "split", "split_seed", "val_share", "test_share", "by", "weight", "max_kinds")
"""Options that change nothing where another list is judged: all of it is, in the symbols of the model."""


class Evaluation(TypedDict):
    """Mean loss in nats per predicted symbol, over `symbols` of them in `items` items, and what baselines lose.

    error : standard error of the loss, where cross-validation measured it
    told : of another list, how it was read where its lines have marks (see `moreish.data.marks`), and how many of its
        items were learned from
    """

    on: str
    loss: float
    perplexity: float
    symbols: int
    items: int
    baselines: dict[str, float]
    error: NotRequired[float]
    told: NotRequired[list[str]]


def evaluate(model: LanguageModel, corpus: Corpus, split: Split, name: str) -> Evaluation:
    """On all of `split`, with what simple models fitted on the corpus's train lose. Raises ValueError if empty."""
    if not len(split):
        raise ValueError(f"this list is too short to have a {name} split, so nothing can be measured on it")
    loss = mean_loss(model, split)
    return {
        "on": name,
        "loss": loss,
        "perplexity": _exp(loss),
        "symbols": split.n_predicted,
        "items": len(split),
        "baselines": baselines(corpus, split),
    }


def _exp(loss: float) -> float:
    return math.exp(loss) if loss < 700 else math.inf


def evaluation_of(found: CrossValidated) -> Evaluation:
    """What cross-validation measured, beside the other blends that were tried on the same items."""
    losses = {name: value for name, value in found.losses.items() if value is not None}
    loss, error = (math.nan if value is None else value for value in (found.loss, found.error))
    measured = cross_validated(loss, error, found.items, found.symbols, losses)
    if not found.seen:
        return measured
    told = f"The background net had been trained on {found.seen:.0%} of these items, so this loss is too good."
    return {**measured, "told": [told]}


def cross_validated(loss: float, error: float, items: int, symbols: int, baselines: dict[str, float]) -> Evaluation:
    """A loss with its standard error, measured on items of the list itself."""
    return {
        "on": "cross-validation",
        "loss": loss,
        "perplexity": _exp(loss),
        "symbols": symbols,
        "items": items,
        "baselines": baselines,
        "error": error,
    }


def other_items(
    corpus: Corpus, source: str | Path | Iterable[str], name: str, reading: Mapping[str, Setting] | None = None
) -> tuple[Split, list[str]]:
    """Another list in the symbols of this one, all of it, read with these options; and what is told of its reading.

    Raises ValueError for a symbol that this one never has, and for options that change nothing.
    """
    if idle := next((option for option in reading or {} if option in IDLE), None):
        raise ValueError(
            f"{called(f'data.{idle}')} changes nothing where another list is judged: all of it is, in the symbols "
            f"of {name}. Leave it out"
        )
    itself = {field.name: field.default for field in fields(DataOptions) if field.name in OF_THE_FILE}
    own = replace(corpus.options, duplicates="keep", **itself)
    options = build(type(own), reading or {}, base=own)
    other = read(source, options) if isinstance(source, str | Path) else from_items(source, options)
    vocab = corpus.vocab
    missing = [s for s in other.vocab.symbols if s not in vocab.ids]
    if missing and not vocab.unknown:
        raise ValueError(
            f"{other.report.source} has {', '.join(map(repr, missing[:5]))}, which the list of {name} never has, so "
            "their likelihood is 0 and the loss infinite: leave such items out"
        )
    unknown = len(vocab.symbols)  # <unk> is the last symbol, where there is one
    lookup = np.array([0, *(vocab.ids.get(s, unknown) for s in other.vocab.symbols)], vocab.dtype)
    whole = other.split("all")
    split = Split(lookup[whole.ids], whole.offsets)
    return split, [*other.report.told, *_seen_before(corpus, split, name)]


def _seen_before(corpus: Corpus, split: Split, name: str) -> list[str]:
    """That a list holds items which this one was fitted to, if so it is."""
    if corpus.options.text:
        share = _share_of_text(corpus.split("train"), split)
        said = f"{share:.0%} of it, as far as was looked, stands word for word in the text that {name} learned from"
        return [f"{said}: of that the loss says how well it is remembered."] if share else []
    seen = int(np.count_nonzero(corpus.where_ids(split.ids, split.offsets) == WHERE.index("train")))
    if not seen:
        return []
    stand = "stand" if seen > 1 else "stands"
    return [
        f"{seen:,} of its {len(split):,} items {stand} in the list that {name} learned from: of those the loss"
        " says how well they are remembered, not how well new ones are foretold."
    ]


def _share_of_text(train: Split, other: Split) -> float:
    """How many of the passages looked at, spread over a running text, stand in another one."""
    ids, known = other.ids[1:-1], train.ids.tobytes()
    if len(ids) < PASSAGE:
        return 0.0
    begins = np.unique(np.linspace(0, len(ids) - PASSAGE, MOST_PASSAGES).astype(np.int64))
    return float(np.mean([ids[at : at + PASSAGE].tobytes() in known for at in begins]))

"""Forms for the page, from the options declared elsewhere: type, range, choices, default and help of each."""

import dataclasses
import types
import typing
from collections.abc import Collection
from typing import Any, Literal

from moreish.data.bundled import BUNDLED, LISTS
from moreish.data.options import DataOptions
from moreish.options import option
from moreish.recipes import RECIPES, UNTRAINED, Config, Overrides, checked_data_options, resolve
from moreish.recipes.config import BackgroundChoice, NGramOptions
from moreish.training.options import TrainOptions

LADDER = {
    "ngram": "counting only: how often each symbol follows the few before it",
    "bigram": "one table of logits: each symbol from the one before it",
    "mlp": "Bengio's net: the last few symbols as vectors, side by side, through hidden layers",
    "rnn": "a recurrent net: one memory that is rewritten by each symbol",
    "gru": "a recurrent net with gates that decide what is kept",
    "lstm": "a recurrent net with a memory of its own beside what it says",
    "wavenet": "pairs of pairs of pairs: a tree over the last symbols",
    "transformer": "attention: each place looks at all before it",
    "bow": "the mean of what was seen so far",
    "gru-cho": "the GRU as it was first written down",
    "wavenet-gated": "the WaveNet with gates",
    "wavenet-sliding": "the WaveNet that shares what neighbouring places have in common",
    "background": "the background net, which has read many other lists, tuned on yours and blended with counting",
}
"""The rungs that can be chosen, the ladder's own first."""

HIDDEN = ("device", "processes", "threads", "doctor", "histograms", "precision", "log_every", "block_size")
DECODED = ("encoding",)  # lists come in UTF-8 from a page
PLACES = ("weights", "hash")  # files of the computer that the studio runs on
TRAINS = {"ngram": (), "background": ("time_budget",)}  # the options of training that a model has, where not all


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a form asks beside the options of sections."""

    seed: int = option(0, "where chance starts from", low=0, high=2**31)


def everything() -> dict[str, object]:
    """All that the page needs before it knows which model is wanted. Loads no network."""
    return {
        "ladder": [{"name": name, "help": help, "trains": TRAINS.get(name)} for name, help in LADDER.items()],
        "recipes": [{"name": name, "help": recipe.purpose} for name, recipe in RECIPES.items()],
        "lists": [{"id": name, "title": each.title, "items": _lines(name)} for name, each in LISTS.items()],
        "data": fields_of(DataOptions, DECODED),
        "train": fields_of(TrainOptions, HIDDEN),
        "run": fields_of(Wanted),
    }


def of_model(name: str) -> list[dict[str, object]]:
    """The options of a model. Raises ValueError where there is none of that name."""
    if name == "ngram":
        return fields_of(NGramOptions)
    if name == "background":
        return fields_of(BackgroundChoice, PLACES)
    from moreish.models import model_class

    return fields_of(model_class(name).Options)


def config_of(model: str | None, recipe: str | None, options: dict[str, object]) -> Config:
    """The configuration that a form asks for. Raises ValueError as the command line does, which trains with it."""
    overrides = Overrides(flags={} if model is None else {"model": {"name": model}}, settings=options)
    base = recipe if model is None else None
    checked_data_options(base, overrides)
    return resolve(base, overrides)


def is_watched(model: str | None) -> bool:
    """Whether this is a network that is trained from nothing, so that its layers can be watched meanwhile."""
    return model is not None and model not in UNTRAINED


def fields_of(cls: type, hidden: Collection[str] = ()) -> list[dict[str, object]]:
    """Each option of a dataclass, as a form shows it."""
    kinds = typing.get_type_hints(cls)
    return [
        _field(field, kinds[field.name])
        for field in dataclasses.fields(cls)
        if "help" in field.metadata and field.name not in hidden
    ]


def _field(field: "dataclasses.Field[Any]", kind: Any) -> dict[str, object]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    optional = origin in (typing.Union, types.UnionType) and type(None) in arguments
    if optional:
        kind = next(each for each in arguments if each is not type(None))
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    names = {bool: "switch", int: "whole", float: "number", str: "text"}
    shown = "choice" if origin is Literal else "list" if origin is tuple else names.get(kind, "text")
    limits = {name: field.metadata.get(name) for name in ("low", "high", "above", "below")}
    return {
        "name": field.name,
        "type": shown,
        "optional": optional,
        "default": field.default,
        "help": field.metadata["help"],
        **{name: limit for name, limit in limits.items() if limit is not None},
        **({"choices": list(arguments)} if origin is Literal else {}),
    }


def _lines(name: str) -> int:
    return (BUNDLED / f"{name}.txt").read_bytes().count(b"\n")

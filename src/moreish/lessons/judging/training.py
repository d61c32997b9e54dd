"""Judges of the exercises in which a net has to be good enough: settings are taken, a net is trained, val decides."""

import math
import os
import time
from typing import Any

import moreish
from moreish.data.sources import find
from moreish.lessons.judging.answer import Answer, Wrong
from moreish.models import build_model
from moreish.recipes import Overrides, resolve
from moreish.runs import events
from moreish.training.loop import start, train

LIMIT = 1200.0  # seconds of training
BARS = {"6.2": (2.2, 2.43), "11.4": (1.993, 2.39)}
"""On names.txt, and on the bundled names: there the lectures' own nets reach 2.434 and 2.395 (docs/results.md)."""

SHORT_BAR, SHORT_ITEMS, SHORT_STEPS, SHORT_BATCH, SHORT_HIDDEN = 2.8, 1500, 300, 32, 64
"""With MOREISH_SHORT: of so many names, after so many steps at most, of nets so wide at most."""


def beat(answer: Answer) -> None:
    """6.2"""
    _beat(answer, "6.2", {"name": "mlp"})


def beat_wavenet(answer: Answer) -> None:
    """11.4"""
    _beat(answer, "11.4", {})


def _beat(answer: Answer, id: str, model: dict[str, str]) -> None:
    settings = answer["SETTINGS"]
    if not isinstance(settings, dict) or not set(settings) <= {"model", "train"}:
        raise Wrong('SETTINGS has two parts, "model" and "train", each a dict of options')
    short = bool(os.environ.get("MOREISH_SHORT"))
    corpus, bar = _list(id, short)
    chosen = {**settings.get("model", {}), **model}
    options = {"model": chosen, "train": {**settings.get("train", {})}}
    try:
        config = resolve(None, Overrides(settings=options))
        if short:
            if isinstance(wide := chosen.get("n_hidden"), int):
                chosen["n_hidden"] = min(wide, SHORT_HIDDEN)
            least = {"steps": SHORT_STEPS, "batch_size": SHORT_BATCH}
            options["train"] |= {name: min(most, getattr(config.train, name) or most) for name, most in least.items()}
            config = resolve(None, Overrides(settings=options))
        net = build_model(config.model.name, config.model.options, len(corpus.vocab), config.seed)
    except ValueError as error:
        raise Wrong(str(error)) from None
    curve, lowest = _train(net, config, corpus)
    if lowest < bar:
        return
    raise Wrong(
        f"the loss on val is {lowest:.3f}, and {bar:.3f} has to be beaten: {_why(curve, lowest, config, net)}"
    )


def _list(id: str, short: bool) -> tuple[Any, float]:
    options: dict[str, Any] = {"split": "lecture", "unit": "char"}
    if short:
        items = list(moreish.read("names"))[: SHORT_ITEMS * 8 : 8]
        return moreish.read(items, **options), SHORT_BAR
    try:
        find("names.txt")
    except ValueError:
        return moreish.read("names", **options), BARS[id][1]
    return moreish.read("names.txt", **options), BARS[id][0]


def _train(net: Any, config: Any, corpus: Any) -> tuple[list[tuple[float, float]], float]:
    """(train loss, val loss) at each evaluation, and the lowest val loss."""
    curve: list[tuple[float, float]] = []
    latest, began = math.nan, time.monotonic()
    state = start(net, config.train, config.seed)
    try:
        for event in train(state, corpus.split("train"), corpus.split("val")):
            if isinstance(event, events.Step) and event.loss is not None:
                latest = event.loss
            elif isinstance(event, events.Eval) and event.val_loss is not None:
                curve.append((latest, event.val_loss))
            if time.monotonic() - began > LIMIT:
                break
    except FloatingPointError as error:
        raise Wrong(f"{error}") from None
    return curve, min((val for _, val in curve), default=math.inf)


def _why(curve: list[tuple[float, float]], lowest: float, config: Any, net: Any) -> str:
    """What most likely stands in the way."""
    uniform = math.log(net.vocab_size)
    last_train, last_val = curve[-1] if curve else (math.nan, math.inf)
    parameters = sum(p.numel() for p in net.parameters())
    if last_val > uniform - 0.2:
        if config.train.lr > 1 or last_val > uniform + 0.5:
            return f"a learning rate of {config.train.lr:g} is too high: the loss is no better than guessing blindly"
        return f"a learning rate of {config.train.lr:g} is too low, or there are too few steps: it has hardly begun"
    if parameters < 1500:
        return f"the net is too small: {parameters:,} numbers"
    if last_train < last_val - 0.25:
        return "train is far below val: it learns by heart; a smaller net, dropout, or fewer steps"
    early = curve[len(curve) // 2][1] if len(curve) > 3 else math.inf
    if early - lowest > 0.01:
        return "it is still falling at the end: more steps"
    return "it has stopped falling: let the rate come down at the end, look back on more letters, or make it wider"


JUDGES = {"6.2": beat, "11.4": beat_wavenet}

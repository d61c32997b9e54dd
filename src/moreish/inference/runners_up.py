"""Runners-up: at each place of an item, the symbols that were likeliest there beside the one that stands there."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from moreish.models.contract import LanguageModel

ENTRIES = 2**22  # log probabilities held at a time: rows of V


class RunnersUp(NamedTuple):
    """For every symbol of an item and for its end, in order: the likeliest other ids, likeliest first.

    Equal ones stand in the order of their ids; id 0 is the end. `logprobs` are natural logarithms.
    """

    ids: Integer[np.ndarray, "places count"]
    logprobs: Float[np.ndarray, "places count"]


def runners_up(
    model: LanguageModel, items: Sequence[Integer[np.ndarray, " _"]], count: int = 3
) -> Iterator[RunnersUp]:
    """The runners-up of items given as ids without boundaries; `count` at each place, or all V - 1 others.

    Raises ValueError at once for a negative count.
    """
    if count < 0:
        raise ValueError(f"the number of runners-up is a whole number from 0 on, not {count}")
    rows = max(1, ENTRIES // model.vocab_size)
    batches = (items[low : low + rows] for low in range(0, len(items), rows))
    return (found for batch in batches for found in _of_batch(model, batch, min(count, model.vocab_size - 1)))


def _of_batch(model: LanguageModel, items: Sequence[np.ndarray], count: int) -> list[RunnersUp]:
    """All items side by side, one symbol of each at a time; those that have ended are taken out."""
    ids: list[list[np.ndarray]] = [[] for _ in items]
    logprobs: list[list[np.ndarray]] = [[] for _ in items]
    reading: list[int] = list(range(len(items)))
    state, rows = model.start(len(items))
    place = 0
    while True:
        read = [items[i] for i in reading]
        taken = np.array([item[place] if place < len(item) else 0 for item in read], np.int64)
        best, value = _likeliest_others(rows, taken, count)
        for row, i in enumerate(reading):
            ids[i].append(best[row])
            logprobs[i].append(value[row])
        going_on = np.flatnonzero([place < len(item) for item in read])
        if not len(going_on):
            return [RunnersUp(np.array(a), np.array(b)) for a, b in zip(ids, logprobs, strict=True)]
        if len(going_on) < len(reading):
            state = model.take(state, going_on)
        reading = [reading[k] for k in going_on.tolist()]
        state, rows = model.advance(state, taken[going_on])
        place += 1


def _likeliest_others(
    rows: Float[np.ndarray, "rows V"], taken: Integer[np.ndarray, " rows"], count: int
) -> tuple[Integer[np.ndarray, "rows count"], Float[np.ndarray, "rows count"]]:
    others = rows.astype(np.float64)
    others[np.arange(len(rows)), taken] = -np.inf
    best = np.argsort(-others, axis=1, kind="stable")
    best = best[best != taken[:, None]].reshape(len(rows), -1)[:, :count]  # -inf may stand beside others of it
    return best, np.take_along_axis(others, best, 1)

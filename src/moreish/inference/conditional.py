"""Exact draws from an n-gram under a rule: every draw is an item that the rule allows, and none is thrown away.

Each id comes with the weight P(w | c) h(c after w, q after w), where h is the probability that what follows will end
as the rule allows (`Lookahead`, or `Excluding`, which also stays away from known items). The product of these over an
item is its probability divided by that of the rule: the distribution of the model, given the rule.
"""

import numpy as np
from jaxtyping import Float, Integer

from moreish.cancellation import check_cancelled
from moreish.inference.drawn import Drawn
from moreish.inference.places import Conditional, Places

CELLS = 2**22  # of places by V at a time


def draw(conditional: Conditional, count: int, rng: np.random.Generator, max_length: int = 1000) -> Drawn:
    """`count` items from the true conditional distribution, by `Lookahead` or `Excluding`.

    An item of more than `max_length` symbols is cut there and has not `ended`: where that must not be, a length is
    part of the rule. Raises ValueError where there is nothing to draw.
    """
    if conditional.log_probability == -np.inf:
        raise ValueError("of the items that are asked for, this model can make none")
    symbols = np.zeros((count, 16), np.int64)
    length, logprob, ended = np.zeros(count, np.int64), np.zeros(count), np.zeros(count, bool)
    rows = np.arange(count)  # items still growing
    places, at = conditional.start(), np.zeros(count, np.int64)  # the different places, and where each of them is
    for t in range(max_length + 1):
        check_cancelled()
        ids, read = _draw_ids(conditional, places, at, rng)
        growing = ids != 0
        logprob[rows[~growing]] += read[~growing]
        ended[rows[~growing]] = True
        if t == max_length or not growing.any():
            break
        rows, at, ids = rows[growing], at[growing], ids[growing]
        logprob[rows] += read[growing]
        if t == symbols.shape[1]:
            symbols = np.concatenate([symbols, np.zeros_like(symbols)], 1)
        symbols[rows, t] = ids
        length[rows] += 1
        places, at = _advance(conditional, places, at, ids)
    return _flat(symbols, length, logprob, ended)


def _draw_ids(
    conditional: Conditional, places: Places, at: Integer[np.ndarray, " rows"], rng: np.random.Generator
) -> tuple[Integer[np.ndarray, " rows"], Float[np.ndarray, " rows"]]:
    """One id a row, and its log probability under the untouched model."""
    u = rng.random(len(at))
    ids, logprob = np.zeros(len(at), np.int64), np.zeros(len(at))
    order, low, step = np.argsort(at, kind="stable"), 0, 1
    while low < len(places.context):
        weights = conditional.weights(places.take(np.arange(low, min(low + step, len(places.context)))))
        first, last = np.searchsorted(at[order], [low, low + step])
        here = order[first:last]
        ids[here] = pick(weights.weight, at[here] - low, u[here])
        logprob[here] = weights.logprob[at[here] - low, ids[here]]
        low += step
        step = max(1, CELLS // weights.weight.shape[1])
    return ids, logprob


def pick(
    weight: Float[np.ndarray, "places V"], at: Integer[np.ndarray, " rows"], u: Float[np.ndarray, " rows"]
) -> Integer[np.ndarray, " rows"]:
    """One id a row, where u in [0, 1) cuts the cumulated weights of its place; never one of weight 0."""
    V = weight.shape[1]
    cumulated = np.cumsum(weight, 1)
    cumulated /= cumulated[:, -1:]
    # Place k's sums live in (k, k + 1], so one sorted array serves all rows.
    ids = np.searchsorted((cumulated + np.arange(len(weight))[:, None]).ravel(), u + at, side="right") - at * V
    beyond = np.flatnonzero(ids >= V)  # u + at was rounded up
    ids[beyond] = V - 1 - (weight[at[beyond], ::-1] > 0).argmax(1)
    return ids


def _advance(
    conditional: Conditional, places: Places, at: Integer[np.ndarray, " rows"], ids: Integer[np.ndarray, " rows"]
) -> tuple[Places, Integer[np.ndarray, " rows"]]:
    """The different places after one more symbol, and which of them each row is at."""
    most = int(ids.max()) + 1
    read, which = np.unique(at * most + ids, return_inverse=True)
    places, merged = conditional.advance(places.take(read // most), read % most).distinct()
    return places, merged[which.ravel()]


def _flat(symbols: np.ndarray, length: np.ndarray, logprob: np.ndarray, ended: np.ndarray) -> Drawn:
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(length + 1)])
    ids = np.zeros(int(offsets[-1]) + 1, np.int64)
    inside = np.arange(symbols.shape[1]) < length[:, None]
    item = np.ones(len(ids), bool)
    item[offsets] = False
    ids[item] = symbols[inside]
    return Drawn(ids, offsets, logprob, ended)

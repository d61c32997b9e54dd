"""Sampling: whole items from any `LanguageModel`, many at a time.

Rows that have read the same symbols are one row to the model: all items begin with the same boundary, so the first
distribution is computed once, and the work grows with the number of different beginnings, not of items. When an
item ends, it leaves the batch.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from moreish.models.contract import LanguageModel, State
from moreish.options import option


@dataclass(frozen=True)
class Sampling:
    """How the next symbol is drawn. The defaults draw from the model as it is."""

    temperature: float = option(1.0, "below 1 plays safe, above 1 dares; 0 always takes the likeliest", low=0)
    top_k: int | None = option(None, "draw from the k likeliest symbols only", low=1)
    top_p: float | None = option(None, "draw from the likeliest symbols that hold this share", above=0, high=1)
    max_length: int = option(1000, "symbols after which an item is cut off", low=1)


class Draw(NamedTuple):
    """One sampled item: its symbols without boundaries, its log probability under the model, and whether it ended.

    The log probability is that of the untouched model (temperature 1), prefix and end included; a cut item has none
    for its end.
    """

    ids: np.ndarray
    logprob: float
    ended: bool


def draw_probabilities(logprobs: Float[np.ndarray, "rows V"], sampling: Sampling) -> Float[np.ndarray, "rows V"]:
    """Probabilities to draw from: temperature first, then top-k, then top-p (Holtzman et al. 2019), renormalised.

    Equal probabilities at the edge of top-k or top-p are broken by the lower id.
    """
    scaled = logprobs.astype(np.float64)
    if sampling.temperature == 0:
        p = np.zeros_like(scaled)
        p[np.arange(len(p)), scaled.argmax(1)] = 1
        return p
    with np.errstate(over="ignore"):  # a tiny temperature pushes log probabilities to -inf: probability 0 is meant
        scaled = (scaled - scaled.max(1, keepdims=True)) / sampling.temperature
    p = np.exp(scaled)
    if sampling.top_k is not None or sampling.top_p is not None:
        order = np.argsort(-p, axis=1, kind="stable")
        ranked = np.take_along_axis(p, order, 1)
        if sampling.top_k is not None:
            ranked[:, sampling.top_k :] = 0
        if sampling.top_p is not None:
            ranked /= ranked.sum(1, keepdims=True)
            before = np.cumsum(ranked, 1) - ranked  # share held by likelier symbols
            ranked[before >= sampling.top_p] = 0
        np.put_along_axis(p, order, ranked, 1)
    return p / p.sum(1, keepdims=True)


def read_prefix(model: LanguageModel, prefix: Integer[np.ndarray, " T"]) -> tuple[State, np.ndarray, float]:
    """State, next log probabilities (1, V) and log probability of the prefix itself, after reading it."""
    state, logprobs = model.start(1)
    total = 0.0
    for i in prefix:
        total += float(logprobs[0, i])
        state, logprobs = model.advance(state, np.array([i]))
    return state, logprobs, total


def sample(
    model: LanguageModel,
    count: int,
    rng: np.random.Generator,
    sampling: Sampling | None = None,
    prefix: Integer[np.ndarray, " T"] | None = None,
) -> list[Draw]:
    """`count` items that begin with `prefix` (ids, no boundary), drawn symbol by symbol."""
    sampling = sampling or Sampling()
    prefix = np.zeros(0, np.int64) if prefix is None else prefix
    state, logprobs, prefix_logprob = read_prefix(model, prefix)
    symbols = np.zeros((count, 16), np.int64)
    logprob = np.full(count, prefix_logprob)
    length = np.zeros(count, np.int64)
    ended = np.zeros(count, bool)
    rows = np.arange(count)  # items still growing
    node = np.zeros(count, np.int64)  # which row of the model's batch each of them shares
    for t in range(max(0, sampling.max_length - len(prefix)) + 1):
        ids = _pick(draw_probabilities(logprobs, sampling), node, rng)
        growing = ids != 0
        logprob[rows[~growing]] += logprobs[node[~growing], 0]
        ended[rows[~growing]] = True
        if len(prefix) + t == sampling.max_length or not growing.any():
            break
        rows, node, ids = rows[growing], node[growing], ids[growing]
        logprob[rows] += logprobs[node, ids]
        if t == symbols.shape[1]:
            symbols = np.concatenate([symbols, np.zeros_like(symbols)], 1)
        symbols[rows, t] = ids
        length[rows] += 1
        merged, node = np.unique(node * model.vocab_size + ids, return_inverse=True)
        parents, read = np.divmod(merged, model.vocab_size)
        state, logprobs = model.advance(model.take(state, parents), read)
    return [
        Draw(np.concatenate([prefix, symbols[i, : length[i]]]), float(logprob[i]), bool(ended[i]))
        for i in range(count)
    ]


def _pick(
    p: Float[np.ndarray, "nodes V"], node: Integer[np.ndarray, " rows"], rng: np.random.Generator
) -> Integer[np.ndarray, " rows"]:
    """One id a row from the distribution of its node, by inverting the cumulative sum."""
    cumulative = np.cumsum(p, 1)
    cumulative /= cumulative[:, -1:]
    u = rng.random(len(node)) * (1 - 2**-32)  # so that u + node stays below node + 1 when rounded
    if len(p) == 1:
        return np.searchsorted(cumulative[0], u, side="right")
    # Node k's sums live in (k, k + 1], so one sorted array serves all rows.
    flat = (cumulative + np.arange(len(p))[:, None]).ravel()
    return np.searchsorted(flat, u + node, side="right") - node * p.shape[1]

"""Sampling: whole items from any `LanguageModel`, many at a time.

Rows that have read the same symbols are one row to the model: all items begin with the same boundary, so the first
distribution is computed once, and the work grows with the number of different beginnings, not of items. When an
item ends, it leaves the batch.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from moreish.cancellation import check_cancelled
from moreish.inference.drawn import Drawn
from moreish.models.contract import LanguageModel, State
from moreish.options import option


@dataclass(frozen=True)
class Sampling:
    """How the next symbol is drawn. The defaults draw from the model as it is."""

    temperature: float = option(
        1.0, "below 1 plays safe, above 1 dares; 0 always takes the likeliest", low=0, high=1000
    )
    top_k: int | None = option(None, "draw from the k likeliest symbols only", low=1)
    top_p: float | None = option(None, "draw from the likeliest symbols that hold this share", above=0, high=1)
    max_length: int = option(1000, "symbols after which an item is cut off", low=1)
    min_p: float | None = option(
        None, "leave out symbols less likely than this share of the likeliest one; 0: none", low=0, high=1
    )

    @property
    def changed(self) -> str:
        """The names of what is not as the model is, but for `max_length`."""
        plain = Sampling()
        names = ("temperature", "top_k", "top_p", "min_p")
        return " and ".join(name for name in names if getattr(self, name) != getattr(plain, name))

    @property
    def cuts(self) -> bool:
        """Whether some symbols are never drawn."""
        return self.top_k is not None or self.top_p is not None or bool(self.min_p)


def draw_probabilities(logprobs: Float[np.ndarray, "rows V"], sampling: Sampling) -> Float[np.ndarray, "rows V"]:
    """Probabilities to draw from: temperature first, then top-k, then top-p, then min-p; renormalised.

    Top-p: Holtzman et al. 2019, https://arxiv.org/abs/1904.09751; min-p: https://arxiv.org/abs/2407.01082.
    Equal probabilities at the edge of top-k or top-p are broken by the lower id.
    """
    weights = _draw_weights(logprobs, sampling)
    return weights / weights.sum(1, keepdims=True)


def _draw_weights(logprobs: Float[np.ndarray, "rows V"], sampling: Sampling) -> Float[np.ndarray, "rows V"]:
    """The same up to a factor for each row."""
    if sampling.temperature == 1 and not sampling.cuts:
        return np.exp(logprobs, dtype=np.float64)
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
    if sampling.min_p:
        p[p < sampling.min_p * p.max(1, keepdims=True)] = 0
    return p


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
) -> Drawn:
    """`count` items that begin with `prefix` (ids, no boundary), drawn symbol by symbol."""
    sampling = sampling or Sampling()
    prefix = np.zeros(0, np.int64) if prefix is None else prefix
    state, logprobs, prefix_logprob = read_prefix(model, prefix)
    symbols = np.zeros((count, 16), np.min_scalar_type(model.vocab_size - 1))
    logprob = np.full(count, prefix_logprob)
    length = np.zeros(count, np.int64)
    ended = np.zeros(count, bool)
    rows = np.arange(count)  # items still growing, those with the same beginning side by side
    node = np.zeros(count, np.int64)  # which row of the model's batch each of them shares, ascending
    for t in range(max(0, sampling.max_length - len(prefix)) + 1):
        check_cancelled()
        u = np.empty(count)
        u[~ended] = rng.random(len(rows))  # the same numbers for an item, wherever it stands
        ids = _pick(_draw_weights(logprobs, sampling), node, u[rows])
        growing, full = ids != 0, len(prefix) + t >= sampling.max_length
        logprob[rows] += np.where(growing & full, 0, logprobs[node, ids])
        ended[rows[~growing]] = True
        if full or not growing.any():
            break
        rows, node, ids = rows[growing], node[growing], ids[growing]
        if t == symbols.shape[1]:
            symbols = np.concatenate([symbols, np.zeros_like(symbols)], 1)
        symbols[rows, t] = ids
        length[rows] += 1
        pair = node * model.vocab_size + ids
        order = np.argsort(pair, kind="stable")
        rows, pair = rows[order], pair[order]
        first = np.append(True, pair[1:] != pair[:-1])
        node = np.cumsum(first) - 1
        parents, read = np.divmod(pair[first], model.vocab_size)
        state, logprobs = model.advance(model.take(state, parents), read)
    return _end_to_end(prefix, symbols, length, logprob, ended)


def _end_to_end(
    prefix: np.ndarray, symbols: np.ndarray, length: np.ndarray, logprob: np.ndarray, ended: np.ndarray
) -> Drawn:
    """The items of the rows of `symbols`, each behind the prefix."""
    longest = int(length.max(initial=0))
    block = np.zeros((len(symbols), len(prefix) + longest + 1), symbols.dtype)
    block[:, : len(prefix)] = prefix
    block[:, len(prefix) : -1] = symbols[:, :longest]
    length = length + len(prefix)
    ids = block[np.arange(block.shape[1]) <= length[:, None]]
    offsets = np.concatenate([[0], np.cumsum(length + 1)])
    return Drawn(np.append(np.zeros(1, ids.dtype), ids), offsets, logprob, ended)


def _pick(
    weights: Float[np.ndarray, "nodes V"], node: Integer[np.ndarray, " rows"], u: Float[np.ndarray, " rows"]
) -> Integer[np.ndarray, " rows"]:
    """One id a row in proportion to the weights of its node, by inverting the cumulative sum at u.

    Overwrites the weights. Faster where `node` ascends.
    """
    cumulative = np.cumsum(weights, 1, out=weights)
    cumulative /= cumulative[:, -1:].copy()
    u = u * (1 - 2**-32)  # so that u + node stays below node + 1 when rounded
    if len(cumulative) == 1:
        return np.searchsorted(cumulative[0], u, side="right")
    # Node k's sums live in (k, k + 1], so one sorted array serves all rows.
    cumulative += np.arange(len(cumulative))[:, None]
    return np.searchsorted(cumulative.ravel(), u + node, side="right") - node * cumulative.shape[1]

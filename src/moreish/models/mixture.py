"""A mixture of any models: p = sum over k of w_k p_k, with weights fitted on val. numpy only.

Bengio et al. 2003 found that a net and a count model together always beat either, because they err on different
symbols. The weights may depend on a group that one part assigns to what was read so far (their section 3.2: bins of
how often the context was seen), so that a context seen a thousand times trusts its counts and an unseen one the net.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Integer

from moreish.models.contract import LanguageModel, State


def fit_weights(
    logprobs: Float[np.ndarray, "K N"], tolerance: float = 1e-9, most: int = 1000
) -> Float[np.ndarray, " K"]:
    """The weights that make the mixture most likely, by expectation maximisation (Dempster, Laird & Rubin 1977).

    `logprobs[k, n]` is model k's log probability of token n. The likelihood is concave in the weights, so the only
    maximum is found; the loop ends when the mean log likelihood grows by less than `tolerance` nats.
    """
    highest = logprobs.max(0)
    seen = np.isfinite(highest)  # a token that no part holds possible says nothing about the weights
    p = np.exp(logprobs[:, seen].astype(np.float64) - highest[seen])
    weights = np.full(len(p), 1 / len(p))
    before = -np.inf
    for _ in range(most):
        joint = weights[:, None] * p
        total = joint.sum(0)
        if total.size == 0 or (after := float(np.log(total).mean())) - before < tolerance:
            break
        weights, before = (joint / total).mean(1), after
    return weights


class Mixture:
    """Several models answering as one; the state is the tuple of theirs."""

    def __init__(self, parts: Sequence[LanguageModel], weights: Float[np.ndarray, " K"]) -> None:
        sizes = {part.vocab_size for part in parts}
        if len(sizes) != 1:
            raise ValueError(f"models with different vocabularies cannot be mixed: they have {sorted(sizes)} ids")
        assert len(weights) == len(parts)
        assert abs(weights.sum() - 1) < 1e-6
        self.parts, self.weights = list(parts), weights

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        return self.parts[0].vocab_size

    def start(self, rows: int) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """The states of all parts, and the mixed log probabilities."""
        return self._mixed([part.start(rows) for part in self.parts])

    def advance(self, state: State, ids: Integer[np.ndarray, " rows"]) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Every part reads the id."""
        return self._mixed([part.advance(s, ids) for part, s in zip(self.parts, state, strict=True)])

    def take(self, state: State, rows: Integer[np.ndarray, " kept"]) -> State:
        """The states of these rows only."""
        return tuple(part.take(s, rows) for part, s in zip(self.parts, state, strict=True))

    def score(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, " N"]:
        """Log probability of every id under the mixture."""
        return self._log_mean([part.score(ids, offsets) for part in self.parts])

    def _mixed(self, answers: list[tuple[State, np.ndarray]]) -> tuple[State, np.ndarray]:
        return tuple(state for state, _ in answers), self._log_mean([logprobs for _, logprobs in answers])

    def _log_mean(self, logprobs: list[np.ndarray]) -> np.ndarray:
        """log of the weighted mean of probabilities, without leaving log space where they are tiny."""
        with np.errstate(divide="ignore"):  # a weight of 0 is a log weight of -inf
            weighted = [np.log(w) + part for w, part in zip(self.weights, logprobs, strict=True)]
        return np.logaddexp.reduce(weighted).astype(np.float32)

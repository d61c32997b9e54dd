"""A mixture of any models: p = sum over k of w_k p_k, with weights fitted on val. numpy only.

Bengio et al. 2003 found that a net and a count model together always beat either, because they err on different
symbols. The weights may depend on a group that one component assigns to what was read so far (their section 3.2:
bins of how often the context was seen), so that a context seen a thousand times trusts its counts and an unseen one
the net.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

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
    everything = np.zeros(logprobs.shape[1], np.int64)
    return fit_group_weights(logprobs, everything, 1, 0.0, tolerance, most)[0]


def fit_group_weights(
    logprobs: Float[np.ndarray, "K N"],
    groups: Integer[np.ndarray, " N"],
    count: int,
    strength: float,
    tolerance: float = 1e-9,
    most: int = 1000,
) -> Float[np.ndarray, "G K"]:
    """Weights of their own for each of `count` groups of tokens, drawn towards those that are best for all tokens.

    Expectation maximisation with a Dirichlet prior: a group's weights are what they would be if it had `strength`
    more tokens that share the responsibility as the weights of all tokens do, so a group without tokens has those.
    """
    count_of = len(logprobs)
    shared = np.full(count_of, 1 / count_of) if count == 1 else fit_weights(logprobs, tolerance, most)
    highest = logprobs.max(0)
    seen = np.isfinite(highest)  # a token that no component holds possible says nothing about the weights
    p = np.exp(logprobs[:, seen].astype(np.float64) - highest[seen])
    groups = groups[seen]
    weights, before = np.tile(shared, (count, 1)), -np.inf
    sizes = np.bincount(groups, minlength=count)[:, None] + strength
    for _ in range(most):
        joint = weights[groups].T * p
        total = joint.sum(0)
        prior = strength * (shared * np.log(np.where(shared > 0, weights, 1))).sum()
        if total.size == 0 or (after := float(np.log(total).sum() + prior) / total.size) - before < tolerance:
            break
        before = after
        claimed = np.stack([np.bincount(groups, share, count) for share in joint / total], 1)
        np.divide(claimed + strength * shared, sizes, out=weights, where=sizes > 0)
    return weights


@runtime_checkable
class Evidence(Protocol):
    """A model that says what each prediction rests on: length and count of its longest known context."""

    def evidence(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> tuple[Integer[np.ndarray, " N"], Integer[np.ndarray, " N"]]:
        """(length, count) of every position of flat ids."""
        ...

    def evidence_of(self, state: State) -> tuple[Integer[np.ndarray, " rows"], Integer[np.ndarray, " rows"]]:
        """(length, count) of the next prediction of every row of a state."""
        ...


@dataclass(frozen=True)
class Gate:
    """Groups by what the prediction of one count model rests on: length and count of its longest known context.

    component : which one of the mixture is asked for its evidence
    longest : longer contexts are grouped with those of this length
    bounds : counts below the first, from each to the next, and from the last on are groups of their own
    """

    component: int
    longest: int
    bounds: tuple[int, ...]

    @property
    def groups(self) -> int:
        """G, how many there are."""
        return (self.longest + 1) * (len(self.bounds) + 1)

    def group(self, length: Integer[np.ndarray, " N"], count: Integer[np.ndarray, " N"]) -> Integer[np.ndarray, " N"]:
        """The group of each pair."""
        return np.minimum(length, self.longest) * (len(self.bounds) + 1) + np.searchsorted(
            self.bounds, count, "right"
        )


class Mixture:
    """Several models answering as one; the state is the tuple of theirs.

    weights : (K,) one for each component; with a gate (G, K), a row for each of its groups
    """

    def __init__(
        self,
        components: Sequence[LanguageModel],
        weights: Float[np.ndarray, " K"] | Float[np.ndarray, "G K"],
        gate: Gate | None = None,
    ) -> None:
        sizes = {component.vocab_size for component in components}
        if len(sizes) != 1:
            raise ValueError(f"models with different vocabularies cannot be mixed: they have {sorted(sizes)} ids")
        assert weights.shape == ((gate.groups, len(components)) if gate else (len(components),))
        assert np.abs(weights.sum(-1) - 1).max() < 1e-6
        self.components, self.weights, self.gate = list(components), weights, gate
        self._log_weights = _log(weights)

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        return self.components[0].vocab_size

    def start(self, rows: int) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """The states of all components, and the mixed log probabilities."""
        return self._mixed([component.start(rows) for component in self.components])

    def advance(self, state: State, ids: Integer[np.ndarray, " rows"]) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Every component reads the id."""
        return self._mixed([component.advance(s, ids) for component, s in zip(self.components, state, strict=True)])

    def take(self, state: State, rows: Integer[np.ndarray, " kept"]) -> State:
        """The states of these rows only."""
        return tuple(component.take(s, rows) for component, s in zip(self.components, state, strict=True))

    def score(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, " N"]:
        """Log probability of every id under the mixture."""
        logprobs = np.stack([component.score(ids, offsets) for component in self.components])
        groups = None if self.gate is None else evidence_groups(self.components, self.gate, ids, offsets)
        return mixed_scores(logprobs, self.weights, groups)

    def _mixed(self, answers: list[tuple[State, np.ndarray]]) -> tuple[State, np.ndarray]:
        states = tuple(state for state, _ in answers)
        logprobs = np.stack([logprobs for _, logprobs in answers])
        if self.gate is None:
            return states, _log_mean(logprobs, self._log_weights)
        component = _asked(self.components, self.gate)
        groups = self.gate.group(*component.evidence_of(states[self.gate.component]))
        return states, _log_mean(logprobs, self._log_weights[groups][:, None])


def mixed_scores(
    scores: Float[np.ndarray, "K N"],
    weights: Float[np.ndarray, " K"] | Float[np.ndarray, "G K"],
    groups: Integer[np.ndarray, " N"] | None,
) -> Float[np.ndarray, " N"]:
    """What the mixture makes of what `score` of each component answers; groups choose the row of the weights."""
    log_weights = _log(weights)
    mixed = _log_mean(scores, log_weights if groups is None else log_weights[groups])
    mixed[:1] = 0  # predicted by none
    return mixed


def _log(weights: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):  # a weight of 0 is a log weight of -inf
        return np.log(weights)


def _log_mean(logprobs: np.ndarray, log_weights: np.ndarray) -> np.ndarray:
    """log of the weighted mean of probabilities (K, ...), without leaving log space where they are tiny."""
    weighted = [own + log_weights[..., k] for k, own in enumerate(logprobs)]
    return np.logaddexp.reduce(weighted).astype(np.float32)


def evidence_groups(
    components: Sequence[LanguageModel],
    gate: Gate,
    ids: Integer[np.ndarray, " N"],
    offsets: Integer[np.ndarray, " items_and_one"],
) -> Integer[np.ndarray, " N"]:
    """The group of every position of flat ids."""
    return gate.group(*_asked(components, gate).evidence(ids, offsets))


def _asked(components: Sequence[LanguageModel], gate: Gate) -> Evidence:
    component = components[gate.component]
    assert isinstance(component, Evidence), type(component)
    return component

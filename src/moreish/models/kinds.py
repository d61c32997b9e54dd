"""Kinds: one model for each kind of item that a list has, and what they say together.

Whoever asks for a kind gets that kind's model. Unasked, an item is of each kind as often as the list has it: then
what was read so far says which kinds are likely, and the next symbol is foretold by all of them, each as much as it
is likely (Bayes). numpy only.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Integer

from moreish.models.contract import LanguageModel, State
from moreish.models.mixture import Gate, Mixture


class Kinded:
    """Models of kinds behind the contract of one; the state is theirs, and how likely each kind is by now.

    of_kind : (K,) one for each kind, of one vocabulary
    shares : (K,) how often each kind occurs
    """

    def __init__(self, of_kind: Sequence[LanguageModel], shares: Float[np.ndarray, " K"]) -> None:
        assert len(of_kind) == len(shares) > 0
        assert abs(shares.sum() - 1) < 1e-6
        self.of_kind, self.shares = of_kind, shares

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        return self.of_kind[0].vocab_size

    def asked(self, shares: Mapping[int, float]) -> LanguageModel:
        """The model of one kind; of several, their predictions mixed in these shares at every symbol.

        A blend of kinds is meant to look like both, so it is not an item of one kind or of the other.
        """
        if len(shares) == 1:
            return self.of_kind[next(iter(shares))]
        weights = np.array(list(shares.values()), np.float64)
        return Mixture([self.of_kind[k] for k in shares], weights / weights.sum())

    def start(self, rows: int) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Before the first symbol every kind is as likely as its share."""
        with np.errstate(divide="ignore"):
            prior = np.tile(np.log(self.shares), (rows, 1))
        return self._foretold([model.start(rows) for model in self.of_kind], prior)

    def advance(self, state: State, ids: Integer[np.ndarray, " rows"]) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Kinds that expected the id become likelier."""
        states, posterior, logprobs = state
        posterior = posterior + logprobs[:, np.arange(len(ids)), ids].T
        posterior = posterior - np.logaddexp.reduce(posterior, axis=1, keepdims=True)
        answers = [model.advance(own, ids) for model, own in zip(self.of_kind, states, strict=True)]
        return self._foretold(answers, posterior)

    def take(self, state: State, rows: Integer[np.ndarray, " kept"]) -> State:
        """The state of these rows only."""
        states, posterior, logprobs = state
        taken = [model.take(own, rows) for model, own in zip(self.of_kind, states, strict=True)]
        return taken, posterior[rows], logprobs[:, rows]

    def score(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, " N"]:
        """Log probability of every id where nobody says of which kind its item is."""
        by_kind = self.score_each(ids, offsets)
        before = np.cumsum(by_kind, 1) - by_kind  # of the whole array; within an item what matters is the difference
        item = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        before[:, 1:] -= before[:, offsets[:-1] + 1][:, item]
        with np.errstate(divide="ignore"):
            prior = np.log(self.shares)[:, None] + before
        scores = np.logaddexp.reduce(prior + by_kind) - np.logaddexp.reduce(prior)
        scores[:1] = 0
        return scores

    def score_each(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, "K N"]:
        """Log probability of every id under the model of each kind."""
        return np.stack([model.score(ids, offsets).astype(np.float64) for model in self.of_kind])

    def posterior(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, "items K"]:
        """How likely each item is of each kind, by the models' own likelihoods and the shares."""
        by_kind = self.score_each(ids, offsets)
        per_item = np.add.reduceat(by_kind[:, 1:], offsets[:-1], axis=1).T
        with np.errstate(divide="ignore"):
            joint = per_item + np.log(self.shares)
        return np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))

    def _foretold(
        self, answers: Sequence[tuple[State, np.ndarray]], posterior: Float[np.ndarray, "rows K"]
    ) -> tuple[State, Float[np.ndarray, "rows V"]]:
        logprobs = np.stack([logprobs for _, logprobs in answers]).astype(np.float64)
        mixed = np.logaddexp.reduce(posterior.T[:, :, None] + logprobs)
        return ([state for state, _ in answers], posterior, logprobs), mixed


def mixed(
    components: Sequence[LanguageModel],
    weights: Float[np.ndarray, " M"] | Float[np.ndarray, "G M"],
    gate: Gate | None = None,
) -> LanguageModel:
    """Components as one model; where they know kinds, a mixture for each kind, all with the same weights."""
    kinded = [component for component in components if isinstance(component, Kinded)]
    if not kinded:
        return Mixture(components, weights, gate)
    assert len(kinded) == len(components), "all components of a mixture know kinds, or none does"
    of_kind = [
        Mixture([component.of_kind[k] for component in kinded], weights, gate) for k in range(len(kinded[0].of_kind))
    ]
    return Kinded(of_kind, kinded[0].shares)


def components_of(model: LanguageModel) -> list[LanguageModel]:
    """What `mixed` put together; a model that is no mixture by itself."""
    if isinstance(model, Mixture):
        return model.components
    if isinstance(model, Kinded) and isinstance(first := model.of_kind[0], Mixture):
        mixtures = [each for each in model.of_kind if isinstance(each, Mixture)]
        return [Kinded([m.components[i] for m in mixtures], model.shares) for i in range(len(first.components))]
    return [model]


def mixture_in(model: LanguageModel) -> Mixture | None:
    """The mixture that a model is, of any of its kinds: its weights and its gate are those of all of them."""
    one = one_kind_of(model)
    return one if isinstance(one, Mixture) else None


def one_kind_of(model: LanguageModel) -> LanguageModel:
    """The model of the first kind, where a model knows kinds; else itself."""
    return model.of_kind[0] if isinstance(model, Kinded) else model

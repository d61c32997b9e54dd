"""The mixture of what is fitted: its weights, fitted on val, and what decides among them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from moreish import ngram
from moreish.data import Split
from moreish.inference.evaluate import scores_of
from moreish.models.contract import LanguageModel
from moreish.models.kinds import mixed, one_kind_of
from moreish.models.mixture import Gate, evidence_groups, fit_group_weights, fit_weights, mixed_scores

GATE_BOUNDS = (2, 5, 20, 100)
GATE_STRENGTH = 50.0  # val tokens that the weights of all groups together are worth in each


@dataclass
class Mixing:
    """The weights of the models fitted so far; every one that is added is scored on val once.

    weights : (components,), or (groups, components) with a gate; None before they were first fitted
    """

    weights: np.ndarray | None = None
    gate: Gate | None = None
    _scores: list[np.ndarray] = field(default_factory=list)  # of the first models: log probabilities of val

    def fit(self, models: Sequence[LanguageModel], val: Split | None) -> tuple[np.ndarray, float | None]:
        """(mean weight of each model, loss of the mixture on val): equal weights and no loss without a val."""
        if val is None:
            self.weights, self.gate = np.full(len(models), 1 / len(models)), None
            return self.weights, None
        self._scores += [scores_of(model, val) for model in models[len(self._scores) :]]
        scores, gate, groups = np.stack(self._scores), gate_for(models), None
        if gate is None:
            shares = self.weights = fit_weights(scores[:, 1:])
        else:
            groups = evidence_groups([one_kind_of(model) for model in models], gate, val.ids, val.offsets)
            self.weights = fit_group_weights(scores[:, 1:], groups[1:], gate.groups, GATE_STRENGTH)
            shares = self.weights[groups[1:]].mean(0)
        self.gate = gate
        return shares, -float(mixed_scores(scores, self.weights, groups)[1:].mean(dtype=np.float64))

    def mixture(self, models: Sequence[LanguageModel]) -> LanguageModel:
        """These models as one; equal weights until those of exactly these models are fitted."""
        if len(models) == 1:
            return models[0]
        if self.weights is None or self.weights.shape[-1] != len(models):
            return mixed(models, np.full(len(models), 1 / len(models)))
        return mixed(models, self.weights, self.gate)


def gate_for(components: Sequence[LanguageModel]) -> Gate | None:
    """The count model with the longest contexts decides how much each component is trusted; None without one."""
    plain = [one_kind_of(component) for component in components]  # n-grams of kinds have the same contexts
    orders = [(component.order, -i) for i, component in enumerate(plain) if isinstance(component, ngram.Backoff)]
    if not orders:
        return None
    order, index = max(orders)
    return Gate(-index, max(order - 1, 0), GATE_BOUNDS)

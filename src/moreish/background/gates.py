"""Fitting the gates of blends, on lists of kinds that the background net never saw.

For every list and number of items: the models as they are made for a list of so many items, and what they say of
other items of it. The gate is fitted to lose least on those, every list alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from moreish.background.cases import Case, case_of
from moreish.background.gate import EVIDENCE, SHAPE_SCORES, Gate, Parts, blended_from
from moreish.background.listening import Listening
from moreish.background.tune import TuneOptions, tuned_cell
from moreish.background.weights import Background
from moreish.rng import rng_for, torch_alone

HIDDEN = 8
EPOCHS = 40


class _Gate(nn.Module):
    def __init__(self, features: int, models: int) -> None:
        super().__init__()
        self.inner = nn.Linear(features, HIDDEN)
        self.outer = nn.Linear(HIDDEN, models + SHAPE_SCORES)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)
        with torch.no_grad():
            self.outer.bias[:models] = 1 / models

    def forward(self, case: "_Tensors") -> torch.Tensor:
        powers = self.outer(torch.tanh(self.inner(case.features)))
        logprobs = torch.einsum("ne,nev->nv", powers, case.scores).log_softmax(1)
        return nn.functional.nll_loss(logprobs, case.targets)


@dataclass(frozen=True)
class _Tensors:
    scores: torch.Tensor
    features: torch.Tensor
    targets: torch.Tensor


def fit_gate(cases: Sequence[Case], seed: int = 0, lr: float = 0.01) -> tuple[Gate, float]:
    """The gate that loses least on these cases, each of the same weight, and that loss."""
    with torch_alone(seed):
        return _fitted(cases, lr)


def _fitted(cases: Sequence[Case], lr: float) -> tuple[Gate, float]:
    models = cases[0].scores.shape[1] - SHAPE_SCORES
    gate = _Gate(cases[0].features.shape[1], models)
    optimizer = torch.optim.AdamW(gate.parameters(), lr=lr, weight_decay=1e-3)
    tensors = [
        _Tensors(
            torch.from_numpy(c.scores), torch.from_numpy(c.features), torch.from_numpy(c.targets.astype(np.int64))
        )
        for c in cases
    ]
    mean = 0.0
    for epoch in range(EPOCHS):
        mean = 0.0
        for i in torch.randperm(len(tensors)).tolist():
            loss = gate(tensors[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            mean += loss.item() / len(tensors)
        optimizer.param_groups[0]["lr"] = lr * (1 - (epoch + 1) / EPOCHS) + 1e-4
    inner, outer = gate.inner, gate.outer
    arrays = [p.detach().numpy().copy() for p in (inner.weight, inner.bias, outer.weight, outer.bias)]
    return Gate(*arrays), mean


Items = Sequence[tuple[str, ...]]
"""Items of a list, each a row of symbols."""

SIZES = (20, 50, 100, 200, 500)  # items that are given, of each list
OTHERS = 60  # items that are foretold, of each list
FEWEST_OTHERS = 15


def gate_cases(
    background: Background, lists: Sequence[Items], seed: int, sizes: Sequence[int] = SIZES
) -> Iterator[Case]:
    """What blends with this net see of lists that it was not trained on.

    For every list and size: so many items are given, and other items foretold by all that is made of those. There is
    nothing where no list has enough items for any of the sizes.
    """
    every = (gate_case(background, items, size, seed) for items in lists for size in sizes)
    return (case for case in every if case is not None)


def gates_of(cases: Sequence[Case], nets: int, seed: int) -> Iterator[tuple[Parts, Gate, float]]:
    """The gates that lose least on cases of an n-gram, so many nets, and as many trained on."""
    for parts in blended_from(nets) if cases else ():
        yield parts, *fit_gate([_only(case, parts, nets) for case in cases], seed)


def _only(case: Case, parts: Parts, nets: int) -> Case:
    """The case of a blend of these alone."""
    kept = [0, *range(1, 1 + parts.read), *range(1 + nets, 1 + nets + parts.tuned)]
    shape = [*range(case.models, case.models + SHAPE_SCORES)]
    features = [*range(EVIDENCE), *(EVIDENCE + k for k in kept)]
    return replace(case, scores=case.scores[:, [*kept, *shape]], features=case.features[:, features])


def gate_case(background: Background, items: Items, size: int, seed: int) -> Case | None:
    """What a blend of all models, made of `size` of these items, sees of others; None where there are too few."""
    order = rng_for(seed, "gate").permutation(len(items))
    given, rest = ([items[i] for i in part] for part in (order[:size], order[size:]))
    symbols = sorted({symbol for item in given for symbol in item})
    number = {symbol: i + 1 for i, symbol in enumerate(symbols)}
    others = [item for item in rest if set(item) <= set(symbols)][:OTHERS]
    if len(given) < size or len(others) < FEWEST_OTHERS:
        return None
    given_ids, other_ids = ([np.array([number[s] for s in item]) for item in part] for part in (given, others))
    listening = Listening(background, symbols, given_ids, seed=seed)
    if not listening.helps:
        return None
    options = TuneOptions.for_list(given_ids, seed)
    pairs = zip(background.nets, listening.rows, strict=True)
    tuned = [tuned_cell(net, rows, given_ids, options) for net, rows in pairs]
    return case_of(listening.ensemble("tuned", tuned), other_ids)

"""Guided sampling against brute force: every item of a small alphabet, scored by the model and asked of the rule."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import moreish
from moreish.automata import Automaton, everything, nothing
from moreish.inference import Sampling
from moreish.inference.guided import guided
from moreish.inference.guides import FrequencyGuide, NgramGuide, NoGuide
from moreish.inference.network import Network
from moreish.inference.particles import Particles, steps_to_acceptance, thin, unit_of
from moreish.models import model_class
from moreish.models.mixture import Mixture
from moreish.ngram import KneserNey
from tests.automata.test_automaton import automata
from tests.inference.test_sample import Table
from tests.support.rules import DenseLookahead, contains, ends_with, length, only, starts_with

V = 5
LONGEST = 7
SAMPLING = Sampling(max_length=LONGEST)
ITEMS = [item for n in range(LONGEST + 1) for item in itertools.product(range(1, V), repeat=n)]
IDS = np.concatenate([*([0, *item] for item in ITEMS), [0]])
OFFSETS = np.cumsum([0, *(len(item) + 1 for item in ITEMS)])
RULES = {
    "contains": contains([3, 1, 2], V),
    "ends with": ends_with([4, 4], V),
    "starts and ends": starts_with([2], V) & ends_with([3], V),
    "length": length(5, 6, V),
    "neither": ~contains([1], V) & ~ends_with([2], V),
}


def random_table(seed: int = 0, vocab_size: int = V) -> Table:
    p = np.random.default_rng(seed).dirichlet(np.full(vocab_size, 0.7), vocab_size)
    p[:, 0] = p[:, 0] / 2 + 0.05
    p[0, 0] = 0
    return Table(p / p.sum(1, keepdims=True))


def small_net(name: str) -> Network:
    torch.manual_seed(4)
    cls = model_class(name)
    module = cls(cls.Options(), V)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= 2  # further from uniform
    return Network(module)


def small_ngram(order: int = 3) -> KneserNey:
    rng = np.random.default_rng(2)
    table = random_table(7)
    items = [
        rng.choice(V - 1, size=rng.integers(2, 8), p=np.exp(table.logp[1, 1:]) / np.exp(table.logp[1, 1:]).sum())
    ]
    for _ in range(60):
        start = rng.integers(0, V - 1)
        items.append((start + np.arange(rng.integers(2, 8)) * rng.integers(0, 3)) % (V - 1))
    ids = np.concatenate([*([0, *(item + 1)] for item in items), [0]]).astype(np.uint8)
    return KneserNey.fit(ids, np.cumsum([0, *(len(item) + 1 for item in items)]), V, order)


def small_blend():
    rng = np.random.default_rng(1)
    items = {"".join(rng.choice(list("abcd"), rng.integers(2, 7), p=[0.5, 0.25, 0.15, 0.1])) for _ in range(60)}
    model = moreish.listen(sorted(items)).model
    assert model.vocab_size == V
    return model


MODELS = {
    "table": random_table,
    "gru": lambda: small_net("gru"),
    "mlp": lambda: small_net("mlp"),
    "mixture": lambda: Mixture([small_ngram(), small_net("gru")], np.array([0.4, 0.6])),
    "blend": small_blend,
}


def code(ids: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """A number for each item."""
    place = np.arange(len(ids)) - np.repeat(offsets, np.diff([*offsets, len(ids)]))
    return np.add.reduceat(ids * V ** np.maximum(place - 1, 0).astype(np.int64), offsets[:-1])


def truth(model, automaton: Automaton) -> tuple[np.ndarray, float]:
    """The probability of every item among those that are allowed, and that of the rule."""
    p = np.exp(np.add.reduceat(model.score(IDS.astype(np.uint8), OFFSETS)[1:].astype(np.float64), OFFSETS[:-1]))
    p *= automaton.accepted(IDS, OFFSETS)
    return p / p.sum(), float(p.sum())


CODES = code(IDS, OFFSETS)
ORDER = np.argsort(CODES)


def mean_weights(model, automaton, guide, size: int, rounds: int, sampling: Sampling = SAMPLING) -> np.ndarray:
    """For each of ITEMS, its share of the weights of a round, on average over many rounds."""
    total = np.zeros(len(ITEMS))
    for seed in range(rounds):
        found = Particles(model, automaton, steps_to_acceptance(automaton), guide, sampling)
        found.run(size, np.random.default_rng([seed, 8]))
        weights = np.exp(found.found.weight)
        ids, offsets = found.read(np.arange(len(weights)))
        which = ORDER[np.searchsorted(CODES[ORDER], code(ids, offsets))]
        total += np.bincount(which, weights / weights.sum(), len(ITEMS))
    return total / rounds


def variation(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.abs(p - q).sum() / 2)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("model", MODELS)
def test_items_are_as_probable_as_the_model_says_among_those_that_are_allowed(model, rule):
    model, automaton = MODELS[model](), RULES[rule]
    expected, probability = truth(model, automaton)
    default = FrequencyGuide.of(model, automaton, SAMPLING, np.random.default_rng(0))
    assert variation(mean_weights(model, automaton, default, 1024, 20), expected) < 0.02
    result = guided(model, automaton, 500, np.random.default_rng(1), SAMPLING)
    assert automaton.accepted(result.drawn.ids, result.drawn.offsets).all()
    assert result.probability == pytest.approx(probability, rel=5 / math.sqrt(result.effective) + 1e-5)


def test_an_ngram_looks_ahead_for_a_net():
    model, automaton, ngram = small_net("gru"), contains([3, 1, 2, 3], V), small_ngram()
    expected, _ = truth(model, automaton)
    guide = NgramGuide(ngram, DenseLookahead(ngram, automaton))
    assert variation(mean_weights(model, automaton, guide, 256, 60), expected) < 0.02

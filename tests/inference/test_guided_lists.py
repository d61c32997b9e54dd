"""Random rules on nets that learned real lists for some seconds; Python's own strings say whether items obey."""

from functools import reduce
from operator import and_

import numpy as np
import pytest

import moreish
from moreish.automata import TooManyStates
from moreish.inference import Sampling
from moreish.inference.guided import guided
from tests.support.rules import contains, random_rule

LISTS = ("names", "towns", "hindi")
RULES_A_LIST = 24


@pytest.fixture(scope="module", params=LISTS)
def run(request, tmp_path_factory):
    options = {"train": {"steps": 100}, "model": {"n_hidden": 32, "n_embd": 16}, "data": {"unit": "char"}}
    return moreish.train(request.param, model="gru", options=options, out=tmp_path_factory.mktemp("run") / "r")


@pytest.mark.slow
def test_every_item_obeys_whatever_is_asked(run):
    rng = np.random.default_rng(0)
    asked = 0
    while asked < RULES_A_LIST:
        rules = [random_rule(run.corpus, rng) for _ in range(rng.integers(1, 4))]
        try:
            automaton = reduce(and_, [rule.automaton for rule in rules])
        except TooManyStates:
            continue
        asked += 1
        sampling = Sampling(
            float(rng.choice([0.0, 0.7, 1.0, 1.3])), top_k=int(rng.choice([1, 5, 1000])), max_length=40
        )
        if automaton.is_empty:
            with pytest.raises(ValueError, match="allows no item"):
                guided(run.model, automaton, 5, rng, sampling)
            continue
        drawn = guided(run.model, automaton, 5, rng, sampling, particles=64).drawn
        items = [run.vocab.decode(drawn.item(i)) for i in range(5)]
        assert all(rule.holds(item) for rule in rules for item in items), items


@pytest.mark.slow
def test_what_one_item_in_a_million_does_can_be_asked_for(run):
    logprobs = run.model.start(1)[1][0]
    rare = int(logprobs[1:].argmin()) + 1
    result = guided(run.model, contains([rare, rare], len(run.vocab)), 100, np.random.default_rng(0))
    assert result.probability < 1e-3
    assert result.effective > 50
    assert all(run.vocab.decode([rare, rare]) in run.vocab.decode(result.drawn.item(i)) for i in range(100))

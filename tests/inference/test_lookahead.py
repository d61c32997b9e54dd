"""The lookahead against dense linear algebra and closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inference.rule_oracles import automata, dense, flat, ngrams
from moreish.automata import Automaton, everything, nothing
from moreish.inference.lookahead import Lookahead
from moreish.ngram import AddK, KneserNey

V = 5


@given(ngrams(V), automata(V))
def test_every_pair_that_an_item_comes_to_has_the_probability_of_dense_algebra(ngram, automaton):
    model = ngram.fit(V)
    lookahead = Lookahead(model, automaton)
    h, reached = dense(model, automaton)
    contexts, states = np.nonzero(reached)
    kept = states > 0
    contexts, states = contexts[kept], states[kept]
    found = lookahead.of(contexts, states)
    np.testing.assert_allclose(found, h[contexts, states], rtol=1e-9, atol=0)
    assert math.isclose(lookahead.probability, h[lookahead.begin, automaton.start], rel_tol=1e-9)

"""Guides: what a beginning is worth to a rule, before the item is finished.

The best guide would be the chance that the model itself goes on from here to an item that the rule allows; a net
cannot say it, an n-gram can. `guided` corrects for what a guide gets wrong.
"""

from typing import Protocol

import numpy as np
from jaxtyping import Float, Integer

from moreish.models.contract import State
from moreish.ngram import Backoff


class Guide(Protocol):
    """How likely a beginning is to end as the rule allows, as far as this guide knows. Any positive value is safe."""

    def start(self, rows: int) -> State:
        """The state of `rows` items of which only the opening boundary was read."""
        ...

    def after(self, state: State, rule: Integer[np.ndarray, " rows"]) -> Float[np.ndarray, "rows V"]:
        """The value of every continuation of beginnings in these states of the rule; column 0 is not looked at."""
        ...

    def advance(self, state: State, ids: Integer[np.ndarray, " rows"]) -> State:
        """Read one id a row."""
        ...

    def take(self, state: State, rows: Integer[np.ndarray, " kept"]) -> State:
        """The state of these rows only, in this order; a row may be named twice."""
        ...


class NoGuide:
    """Every continuation that the rule allows is worth the same."""

    def __init__(self, vocab_size: int) -> None:
        self.vocab_size = vocab_size

    def start(self, rows: int) -> None:
        """Nothing to remember."""

    def after(self, state: None, rule: Integer[np.ndarray, " rows"]) -> Float[np.ndarray, "rows V"]:
        """1 for all."""
        return np.ones((len(rule), self.vocab_size))

    def advance(self, state: None, ids: Integer[np.ndarray, " rows"]) -> None:
        """Nothing to remember."""

    def take(self, state: None, rows: Integer[np.ndarray, " kept"]) -> None:
        """Nothing to remember."""


class LooksAhead(Protocol):
    """The chance that an n-gram goes on to an item that a rule allows."""

    def after(
        self, contexts: Integer[np.ndarray, " rows"], states: Integer[np.ndarray, " rows"]
    ) -> Float[np.ndarray, "rows V"]:
        """Once each id was read in this context of the n-gram and this state of the rule."""
        ...


class NgramGuide:
    """An n-gram looks ahead for another model over the same vocabulary; a state is a context of the n-gram."""

    def __init__(self, ngram: Backoff, lookahead: LooksAhead) -> None:
        self.ngram, self.lookahead = ngram, lookahead

    def start(self, rows: int) -> Integer[np.ndarray, " rows"]:
        """The context after the opening boundary."""
        return self.ngram.start(rows)[0]

    def after(
        self, state: Integer[np.ndarray, " rows"], rule: Integer[np.ndarray, " rows"]
    ) -> Float[np.ndarray, "rows V"]:
        """What the lookahead says."""
        return self.lookahead.after(state, rule)

    def advance(
        self, state: Integer[np.ndarray, " rows"], ids: Integer[np.ndarray, " rows"]
    ) -> Integer[np.ndarray, " rows"]:
        """The longest known context after one more id."""
        return self.ngram.advance(state, ids)[0]

    def take(
        self, state: Integer[np.ndarray, " rows"], rows: Integer[np.ndarray, " kept"]
    ) -> Integer[np.ndarray, " kept"]:
        """The contexts of these rows."""
        return state[rows]

"""Guides: what a beginning is worth to a rule, before the item is finished.

The best guide would be the chance that the model itself goes on from here to an item that the rule allows; a net
cannot say it, an n-gram can. `guided` corrects for what a guide gets wrong.
"""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Integer

from moreish.automata import Automaton
from moreish.inference.sample import Sampling, draw_probabilities
from moreish.models.contract import LanguageModel, State
from moreish.ngram import Backoff

FREE_ITEMS = 64
MOST_SWEEPS, MOST_WORK = 1000, 2**28  # of the frequencies' equation; the second in cells of the rule's table
CLOSE = 1e-3
LONGEST = 100  # symbols that are read of an item for the frequencies


@runtime_checkable
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


class FrequencyGuide:
    """As if every symbol came as often as it does on the whole, whatever was read before it.

    Then only the state of the rule matters: its value is the chance that what follows is allowed.
    """

    def __init__(self, frequency: Float[np.ndarray, " V"], automaton: Automaton) -> None:
        """`frequency` adds up to 1; that of id 0 is how often an item ends."""
        self.automaton = automaton
        each = np.bincount(automaton.classes[1:], frequency[1:], automaton.table.shape[1])
        ending = frequency[0] * automaton.accepts
        self.value = ending
        for _ in range(min(MOST_SWEEPS, MOST_WORK // max(automaton.table.size, 1))):
            before, self.value = self.value, ending + self.value[automaton.table] @ each
            if (self.value <= before * (1 + CLOSE)).all():
                break

    @classmethod
    def of(
        cls,
        model: LanguageModel,
        automaton: Automaton,
        sampling: Sampling,
        rng: np.random.Generator,
        rows: int = FREE_ITEMS,
    ) -> "FrequencyGuide":
        """With the frequencies in free items of the model, at the temperature of this sampling."""
        sampling = Sampling(sampling.temperature or 1.0)
        state, logprobs = model.start(rows)
        total = np.full(model.vocab_size, 1.0 / model.vocab_size)  # so that none is 0
        for _ in range(LONGEST):
            cumulative = draw_probabilities(logprobs, sampling).cumsum(1)
            total += np.diff(cumulative.sum(0), prepend=0)
            ids = (cumulative > rng.random((len(cumulative), 1)) * cumulative[:, -1:]).argmax(1)
            growing = np.flatnonzero(ids)
            if not len(growing):
                break
            state, logprobs = model.advance(model.take(state, growing), ids[growing])
        return cls(total / total.sum(), automaton)

    def start(self, rows: int) -> None:
        """Nothing to remember."""

    def after(self, state: None, rule: Integer[np.ndarray, " rows"]) -> Float[np.ndarray, "rows V"]:
        """The value of the rule's next state."""
        return self.value[self.automaton.table[rule]][:, self.automaton.classes]

    def advance(self, state: None, ids: Integer[np.ndarray, " rows"]) -> None:
        """Nothing to remember."""

    def take(self, state: None, rows: Integer[np.ndarray, " kept"]) -> None:
        """Nothing to remember."""


@runtime_checkable
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

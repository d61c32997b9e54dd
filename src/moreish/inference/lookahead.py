"""Lookahead: how probable it is that an item of an n-gram will end as a rule allows, from any place in it.

    h(c, q) = P(end | c) [q accepts] + sum over w of P(w | c) h(c after w, q after w)

for a context c of the n-gram and a state q of the rule: the backward probabilities of the product of two automata, as
Zhang et al. 2023 (Tractable Control for Autoregressive Language Generation) have them for a hidden Markov model.
Drawing w with weight P(w | c) h(c after w, q after w) gives items as if all that break the rule had been thrown away.
States of the rule that reach each other are solved together, the last ones first.
"""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Integer

from moreish.automata import DEAD, Automaton
from moreish.cancellation import check_cancelled
from moreish.inference.backward import System, Terms, Transitions
from moreish.inference.components import components
from moreish.inference.places import Places, Weights
from moreish.inference.reached import Pairs
from moreish.ngram import Backoff


class Lookahead:
    """h of every pair of a context of `model` and a state of `automaton` that an item can come to."""

    def __init__(self, model: Backoff, automaton: Automaton) -> None:
        """Raises ValueError where it would take more than `reached.MOST_PAIRS` numbers."""
        self.model, self.automaton = model, automaton
        self.begin = int(model.start(1)[0][0])  # the context with which every item begins
        self._pairs = Pairs(model.counts, automaton)
        self._values = np.zeros(max(1, self._pairs.size))  # h / exp(log_scale of the state): long items underflow
        self._log_scale = np.zeros(len(automaton))
        transitions = Transitions(model)
        row_at = np.zeros(self._pairs.size, np.int32)
        used = np.unique(automaton.classes[1:])  # id 0 may have a class of its own
        for states in components(automaton.table[:, used]):
            if states != [DEAD]:
                _Component(self, transitions, states, row_at).solve()

    def __repr__(self) -> str:
        return f"<Lookahead: {self.probability:.3g} of all items>"

    @property
    def log_probability(self) -> float:
        """Natural logarithm of `probability`, also where that is too small for a float; -inf where it is 0."""
        state = self.automaton.start
        if state == DEAD:
            return -np.inf
        value = float(self._values[self._pairs.places(np.array([self.begin]), state)[0]])
        return min(0.0, float(np.log(value) + self._log_scale[state])) if value > 0 else -np.inf

    @property
    def probability(self) -> float:
        """That the model by itself makes an item that the rule allows. 0: it can make none."""
        return float(np.exp(self.log_probability))

    def of(
        self, contexts: Integer[np.ndarray, " rows"], states: Integer[np.ndarray, " rows"]
    ) -> Float[np.ndarray, " rows"]:
        """h of these pairs. 0 for pairs that no item comes to."""
        h, log_scale = self.scaled(contexts, states)
        return h * np.exp(log_scale)

    def after(
        self, contexts: Integer[np.ndarray, " rows"], states: Integer[np.ndarray, " rows"]
    ) -> Float[np.ndarray, "rows V"]:
        """h behind each next id, for pairs that items come to; column 0: whether an item may end here."""
        h, log_scale = self.scaled_after(contexts, states)
        return h * np.exp(log_scale)

    def start(self) -> Places:
        """One row, before the first symbol."""
        return Places(np.array([self.begin]), np.array([self.automaton.start]), np.zeros(1, np.int64))

    def weights(self, places: Places) -> Weights:
        """P(w | c) h(c after w, q after w) for each next id w."""
        h, log_scale = self.scaled_after(places.context, places.state)
        return Weights.of(self.model.next_logprobs(places.context), h, log_scale)

    def advance(self, places: Places, ids: Integer[np.ndarray, " rows"]) -> Places:
        """After one more symbol a row."""
        context = self.model.next_context(places.context, ids)
        return Places(context, self.automaton.advance(places.state, ids), places.node)

    def scaled_after(
        self, contexts: Integer[np.ndarray, " rows"], states: Integer[np.ndarray, " rows"]
    ) -> tuple[Float[np.ndarray, "rows V"], Float[np.ndarray, "rows V"]]:
        """The same as a number and the logarithm of what it is to be multiplied by, for long items."""
        automaton = self.automaton
        after = automaton.table[states][:, automaton.classes]
        after[:, 0] = DEAD
        row, ids = np.nonzero(after)
        h, log_scale = np.zeros(after.shape), np.zeros(after.shape)
        next_contexts = self.model.next_contexts(contexts)[row, ids]
        h[row, ids], log_scale[row, ids] = self.scaled(next_contexts, after[row, ids])
        h[:, 0] = automaton.accepts[states]
        return h, log_scale

    def scaled(
        self, contexts: Integer[np.ndarray, " rows"], states: Integer[np.ndarray, " rows"]
    ) -> tuple[Float[np.ndarray, " rows"], Float[np.ndarray, " rows"]]:
        """h of these pairs as a number and the logarithm of what it is to be multiplied by, one for each state."""
        place = self._pairs.find(contexts, states)
        return np.where(place >= 0, self._values[place], 0), self._log_scale[states]


class _Component:
    """The pairs of states that reach each other, as rows: by length of the context, then by state and context."""

    def __init__(self, to: Lookahead, transitions: Transitions, states: list[int], row_at: np.ndarray) -> None:
        """row_at : for every place in the array of all pairs, the row that it had in its component"""
        self.automaton, self.pairs, self.values, self.log_scale = to.automaton, to._pairs, to._values, to._log_scale
        self.transitions, self.states, self.row_at = transitions, states, row_at
        self.contexts = [self.pairs.contexts(q) for q in states]
        levels = self.pairs.counts.levels[: max(self.pairs.counts.order, 1) + 1]
        inner = [np.searchsorted(contexts, levels) for contexts in self.contexts]
        self.bounds = np.sum(inner, axis=0)
        self.rows = [np.arange(len(contexts)) for contexts in self.contexts]
        for level, low in enumerate(self.bounds[:-1].tolist()):
            for rows, own in zip(self.rows, inner, strict=True):
                rows[own[level] : own[level + 1]] += low - own[level]
                low += own[level + 1] - own[level]
        for q, contexts, rows in self._by_state():
            row_at[self.pairs.places(contexts, q)] = rows

    def solve(self) -> None:
        """Write the values and the scale of these states."""
        if self._is_free:
            x, scale = np.ones(int(self.bounds[-1])), 0.0
        else:
            scale = self._scale()
            system = self._system(scale)
            x = system.estimate()
            while len(rows := system.cancelled(x)):
                self._over_all_symbols(system, rows, scale)
                x = system.estimate()
            x = system.solution(x)
        largest = float(x.max(initial=0)) or 1.0
        self.log_scale[self.states] = scale + np.log(largest)
        for q, contexts, rows in self._by_state():
            self.values[self.pairs.places(contexts, q)] = x[rows] / largest

    def _by_state(self) -> Iterable[tuple[int, np.ndarray, np.ndarray]]:
        """Each state, its contexts, and their rows."""
        for each in zip(self.states, self.contexts, self.rows, strict=True):
            check_cancelled()
            yield each

    @property
    def _is_free(self) -> bool:
        """Whether everything is allowed from here on: then the model, which ends at last, decides nothing."""
        state = self.states[0]
        alone = self.automaton.accepts[state] and (self._after(state)[1:] == state).all()
        return self.transitions.surely_ends and bool(alone)

    def _scale(self) -> float:
        """The logarithm by which all in this component is divided: that of the largest number it depends on."""
        after = np.unique([self._after(q) for q in self.states])
        later = after[(after != DEAD) & ~np.isin(after, self.states)]
        ending = 0.0 if self.automaton.accepts[self.states].any() else -np.inf
        scale = max(float(self.log_scale[later].max(initial=-np.inf)), ending)
        return scale if scale > -np.inf else 0.0

    def _system(self, scale: float) -> System:
        """The equations, from the differences between a context and the next shorter one."""
        end, backoff = np.zeros((2, int(self.bounds[-1])))
        shorter = np.zeros(len(end), np.int64)
        for q, contexts, rows in self._by_state():
            if self.automaton.accepts[q]:
                end[rows] = self.transitions.end[contexts] * np.exp(-scale)
            backoff[rows] = self.transitions.backoff[contexts]
            shorter[rows] = self.row_at[self.pairs.places(self.pairs.counts.suffix[contexts], q)]
        system = System(end, backoff, shorter, self.bounds)
        for q, contexts, rows in self._by_state():
            self._add(system, self.transitions.differences(contexts, self._after(q)), rows, scale)
        return system

    def _over_all_symbols(self, system: System, emptied: Integer[np.ndarray, " some"], scale: float) -> None:
        """Add to these rows all their terms anew, without a difference."""
        system.empty(emptied)
        for q, contexts, rows in self._by_state():
            here = np.isin(rows, emptied)
            self._add(system, self.transitions.symbols(contexts[here], self._after(q)), rows[here], scale)

    def _after(self, q: int) -> Integer[np.ndarray, " V"]:
        after = self.automaton.table[q][self.automaton.classes]
        after[0] = DEAD
        return after

    def _add(self, system: System, terms: Iterable[Terms], rows: Integer[np.ndarray, " rows"], scale: float) -> None:
        """Add terms to these rows: of states solved before with their values, of this component's as unknown."""
        own = []
        for row, context, weight, state in terms:
            place = self.pairs.places(context, state)
            if state in self.states:
                own.append((rows[row], self.row_at[place], weight))
            else:
                factor = np.exp(self.log_scale[state] - scale)
                system.add_known(rows[row], weight * self.values[place] * factor)
        system.add(own)

"""Excluding: a lookahead that stays away from given items, a whole training list for instance, without rejection.

A trie of the items holds, for each beginning that they share, how much of h (see `lookahead`) is left without them:

    left(t) = h(c, q) - sum over items behind t of P(what is missing of the item | c)

and an id that leads from t to another node of the trie is drawn by what is left there, any other by its h. So the
draws are from the model given the rule and given that the item is none of these. Where nearly nothing is left, it is
added up from what can still be drawn there, because a difference would be all rounding.
"""

import numpy as np
from jaxtyping import Float, Integer

from moreish.inference.item_trie import ROOT, ItemTrie
from moreish.inference.lookahead import Lookahead
from moreish.inference.places import Places, Weights

NEARLY_NOTHING = 1e-3  # of h
CELLS = 2**22  # of nodes by V at a time


class Excluding:
    """What `lookahead` says, for items that are none of those in flat `ids` and `offsets`."""

    def __init__(
        self,
        lookahead: Lookahead,
        ids: Integer[np.ndarray, " N"],
        offsets: Integer[np.ndarray, " items_and_one"],
    ) -> None:
        """The layout is that of `data.corpus.Split`, the ids those of the model. Items may break the rule."""
        model, automaton = lookahead.model, lookahead.automaton
        self.lookahead = lookahead
        self._trie = trie = ItemTrie(ids, offsets, automaton.accepted(ids, offsets), model.vocab_size)
        nodes = len(trie.keys)
        self._context, self._state = np.zeros((2, nodes), np.int64)
        self._context[ROOT], self._state[ROOT] = lookahead.begin, automaton.start
        for low, high in zip(trie.levels[1:], trie.levels[2:], strict=False):
            parent, symbol = trie.parent[low:high], trie.symbol[low:high]
            self._context[low:high] = model.next_context(self._context[parent], symbol)
            self._state[low:high] = automaton.advance(self._state[parent], symbol)
        self._left, self._log_scale = self._what_is_left()

    def __repr__(self) -> str:
        return f"<Excluding: {self.probability:.3g} of all items>"

    @property
    def log_probability(self) -> float:
        """Natural logarithm of `probability`, also where that is too small for a float; -inf where it is 0."""
        left = float(self._left[ROOT])
        return min(0.0, float(np.log(left) + self._log_scale[ROOT])) if left > 0 else -np.inf

    @property
    def probability(self) -> float:
        """That an item of the model is one that the rule allows, and none of these."""
        return float(np.exp(self.log_probability))

    def start(self) -> Places:
        """One row, before the first symbol."""
        return self.lookahead.start()._replace(node=np.array([ROOT]))

    def weights(self, places: Places) -> Weights:
        """As those of the lookahead, without these items."""
        logprob = self.lookahead.model.next_logprobs(places.context)
        return Weights.of(logprob, *self._scaled_after(places))

    def advance(self, places: Places, ids: Integer[np.ndarray, " rows"]) -> Places:
        """After one more symbol a row."""
        return self.lookahead.advance(places, ids)._replace(node=self._trie.child(places.node, ids))

    def _scaled_after(self, places: Places) -> tuple[Float[np.ndarray, "rows V"], Float[np.ndarray, "rows V"]]:
        h, log_scale = self.lookahead.scaled_after(places.context, places.state)
        row, child = self._trie.children(places.node)
        h[row, self._trie.symbol[child]] = self._left[child]
        h[self._trie.is_item[places.node], 0] = 0
        return h, log_scale

    def _what_is_left(self) -> tuple[Float[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]:
        """From the longest beginnings to the empty one; on the scale of each node's state, and that."""
        trie, model = self._trie, self.lookahead.model
        h, log_scale = self.lookahead.scaled(self._context, self._state)
        end = np.zeros_like(h)
        ends = np.flatnonzero(trie.is_item)
        end[ends] = np.exp(model.next_logprob(self._context[ends], np.zeros_like(ends)) - log_scale[ends])
        excluded = end
        self._left, self._log_scale = np.zeros_like(h), log_scale
        for low, high in reversed(list(zip(trie.levels, trie.levels[1:], strict=False))):
            node = np.arange(low, high)
            left = h[node] - excluded[node]
            self._left[node] = left
            few = node[left < NEARLY_NOTHING * h[node]]
            self._left[few] = self._added_up(few)
            if low > ROOT:
                parent = trie.parent[node]
                logprob = model.next_logprob(self._context[parent], trie.symbol[node])
                share = np.exp(logprob + log_scale[node] - log_scale[parent]) * excluded[node]
                above = parent[0]  # the first of the level above that has children
                excluded[above:low] += np.bincount(parent - above, share, low - above)
        return self._left, log_scale

    def _added_up(self, nodes: Integer[np.ndarray, " some"]) -> Float[np.ndarray, " some"]:
        """What is left at these nodes, symbol by symbol, once all behind them is known."""
        left, step = np.zeros(len(nodes)), max(1, CELLS // self.lookahead.model.vocab_size)
        for low in range(0, len(nodes), step):
            some = nodes[low : low + step]
            places = Places(self._context[some], self._state[some], some)
            h, log_scale = self._scaled_after(places)
            logprob = self.lookahead.model.next_logprobs(places.context)
            exponent = np.where(h > 0, logprob + log_scale - self._log_scale[some, None], -np.inf)
            left[low : low + step] = (h * np.exp(exponent)).sum(1)
        return left

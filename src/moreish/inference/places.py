"""Places: where in the making of an item many rows are, and what can be drawn there."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Integer


class Places(NamedTuple):
    """The context of the n-gram, the state of the rule, and the node in a trie of excluded items.

    Each is (rows,). Node 0 is outside the trie.
    """

    context: Integer[np.ndarray, " rows"]
    state: Integer[np.ndarray, " rows"]
    node: Integer[np.ndarray, " rows"]

    def take(self, rows: Integer[np.ndarray, " kept"]) -> "Places":
        """These rows, in this order."""
        return Places(self.context[rows], self.state[rows], self.node[rows])

    def distinct(self) -> tuple["Places", Integer[np.ndarray, " rows"]]:
        """The different places, and which of them each row is at."""
        key = self.node
        for each in (self.state, self.context):  # neighbours in the trie of contexts stay neighbours within a state
            key = key * (int(each.max(initial=0)) + 1) + each
        _, first, at = np.unique(key, return_index=True, return_inverse=True)
        return self.take(first), at.ravel()


class Weights(NamedTuple):
    """Of every next id at some places; id 0 ends the item.

    logprob : (rows, V) under the untouched model
    weight  : (rows, V) what to draw by; each row on a scale of its own
    """

    logprob: Float[np.ndarray, "rows V"]
    weight: Float[np.ndarray, "rows V"]

    @classmethod
    def of(
        cls,
        logprob: Float[np.ndarray, "rows V"],
        h: Float[np.ndarray, "rows V"],
        log_scale: Float[np.ndarray, "rows V"],
    ) -> "Weights":
        """exp(logprob + log_scale) h, the largest exponent of each row taken away; h is near 1 where it counts."""
        exponent = np.where(h > 0, logprob + log_scale, -np.inf)
        return cls(logprob, h * np.exp(exponent - exponent.max(1, keepdims=True)))


@runtime_checkable
class Conditional(Protocol):
    """A model given what its items have to be."""

    @property
    def log_probability(self) -> float:
        """That an item of the model is so; -inf where it makes none."""
        ...

    def start(self) -> Places:
        """One row, before the first symbol."""
        ...

    def weights(self, places: Places) -> Weights:
        """For places that an item comes to."""
        ...

    def advance(self, places: Places, ids: Integer[np.ndarray, " rows"]) -> Places:
        """After one more symbol a row."""
        ...

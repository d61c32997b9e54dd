"""The one question that every model answers: given what was read so far, how likely is each next id?

A count table, a network and a mixture of both are a `LanguageModel`. Sampling, scoring, evaluation and mixtures are
written once, on this, with numpy arrays at the border, so that a model without torch stays without torch.

Ids are those of the vocabulary; id 0 is the boundary before and after every item and never a symbol. Log
probabilities are natural logarithms over all V ids; that of id 0 is the chance that the item ends here.
"""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Integer

State = Any  # whatever a model remembers of the rows it reads; only that model looks inside


@runtime_checkable
class LanguageModel(Protocol):
    """What sampling, scoring and evaluation need of a model; nothing here knows about text."""

    @property
    def vocab_size(self) -> int:
        """V, the boundary included."""
        ...

    def start(self, rows: int) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """The state of `rows` items of which only the opening boundary was read, and their next log probabilities."""
        ...

    def advance(self, state: State, ids: Integer[np.ndarray, " rows"]) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Read one id a row. The state handed in is not used again by the caller and may be overwritten."""
        ...

    def take(self, state: State, rows: Integer[np.ndarray, " kept"]) -> State:
        """The state of these rows only, in this order; a row may be named twice. The old state stays valid."""
        ...

    def score(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Float[np.ndarray, " N"]:
        """Log probability of every id given those before it in its item; 0 at the opening boundaries.

        `ids` is flat: item i is `ids[offsets[i] : offsets[i + 1] + 1]`, opening boundary and closing boundary
        included; the closing boundary of one item is the opening one of the next. The first entry of the result
        belongs to no prediction and is 0.
        """
        ...

"""A back-off model as a deterministic automaton in two dense tables, to score many symbols in a few operations.

Flat ids are cut into strips of the same length that are read side by side, one id of each at a time, so the work is
one look-up a symbol. A strip first reads the order - 1 ids before it, without which its context is not known: the
state after them is the longest known context whatever stood before.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

STRIP = 128  # ids read one after the other; no shorter than the longest context, order - 1


class Dense(NamedTuple):
    """For each context and id, at place context * V + id of both tables.

    logprob : (contexts * V,) of the id after the context
    after   : (contexts * V,) the place of the next context's first entry
    """

    logprob: Float[np.ndarray, " entries"]
    after: Integer[np.ndarray, " entries"]

    def score(self, ids: Integer[np.ndarray, " N"], order: int) -> Float[np.ndarray, " N"]:
        """Log probability of each id given those before it; the first is read without context.

        Every id must be one of the vocabulary; the tables are not asked whether it is.
        """
        context = max(order - 1, 0)
        strips = -(-len(ids) // STRIP)
        columns = np.zeros((strips, STRIP), np.intp)
        columns.ravel()[: len(ids)] = ids
        columns = np.ascontiguousarray(columns.T)
        state, at = np.zeros((2, strips), np.intp)
        for column in columns[STRIP - context :]:
            np.add(state[1:], column[:-1], out=at[1:])
            self.after.take(at[1:], out=state[1:], mode="clip")
        scores = np.empty((STRIP, strips))
        for column, row in zip(columns, scores, strict=True):
            np.add(state, column, out=at)
            self.logprob.take(at, out=row, mode="clip")
            self.after.take(at, out=state, mode="clip")
        return scores.T.ravel()[: len(ids)]

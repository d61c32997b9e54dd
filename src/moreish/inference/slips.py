"""How likely an item is as the slip of a pen: as another item with one symbol put in, left out, replaced, or swapped.

    P(x | one slip) = sum over y of P(y) P(x | y)

over every y that one slip turns into x; P(y) is an n-gram model's. The four kinds of slip are alike in P(x | y), and
so are all places: the channel of Kernighan, Church and Gale 1990, with nothing learnt. Which symbol is put in or
replaces which is `Hand`'s. The sum is exact but for the symbols that may be missing or wrong, which are `letters`.

What stands before the slip is read once for all y, and the model has forgotten it order - 1 symbols later, so each y
costs `order` look-ups and not its length.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from moreish.inference.hand import Hand
from moreish.ngram import Backoff

KINDS = 4


class Read(NamedTuple):
    """A batch of items as a model reads them; log probabilities are natural.

    logprobs : (items, longest + 1) of each symbol and of the end; 0 after it
    slip     : (items,) of the item as a slip; minus infinity where no slip makes it
    """

    logprobs: Float[np.ndarray, "items places"]
    slip: Float[np.ndarray, " items"]


def read_with_slips(
    model: Backoff,
    items: Integer[np.ndarray, "items places"],
    lengths: Integer[np.ndarray, " items"],
    letters: Integer[np.ndarray, " letters"],
    hand: Hand | None = None,
) -> Read:
    """Read items, a row each, with 0 in all places after their last symbol, of which there is at least one.

    Without a hand every symbol is as likely to be put in, and to replace any other.
    """
    batch = _Batch(model, items, lengths, hand)
    slip = np.full(len(items), -np.inf)
    for rows, logprob in batch.slips(letters):
        slip[rows] = np.logaddexp(slip[rows], logprob)
    return Read(batch.logprobs, slip)


class _Batch:
    def __init__(self, model: Backoff, items: np.ndarray, lengths: np.ndarray, hand: Hand | None) -> None:
        self.items, self.lengths, self.order, self.hand = items, lengths, model.order, hand
        self.dense, self.others = model.dense, model.vocab_size - 1
        n, places = items.shape
        self.state = np.zeros((n, places + 1), np.intp)  # before each symbol
        self.state[:, 0] = model.start(1)[0][0] * model.vocab_size
        self.logprobs = np.zeros(items.shape)
        for t in range(places):
            at = self.state[:, t] + items[:, t]
            self.logprobs[:, t] = np.where(t <= lengths, self.dense.logprob[at], 0)
            self.state[:, t + 1] = self.dense.after[at]
        self.before = np.concatenate([np.zeros((n, 1)), self.logprobs.cumsum(1)], 1)  # log P of what stands before

    def slips(self, letters: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(rows, log of P(y) P(x | y) for one y, or summed over the letters), for each kind at each place."""
        for t in range(self.items.shape[1]):
            rows = np.flatnonzero(t <= self.lengths)
            length = self.lengths[rows]
            read, state = self._read(rows, t, letters[None])
            yield rows, _log_sum(read + self._rest(rows, state, t)) - np.log(KINDS * (length + 1))  # one was left out
            here = t < length
            rows, length, read, state = rows[here], length[here], read[here], state[here]
            replaced = read + self._rest(rows, state, t + 1)
            replaced += self._replaced(letters, self.items[rows, t])
            yield rows, _log_sum(replaced) - np.log(KINDS * length)
            longer = rows[length > 1]  # nothing is no item
            put_in = self.before[longer, t, None] + self._rest(longer, self.state[longer, t, None], t + 1)
            yield longer, put_in[:, 0] + self._put_in(longer, t) - np.log(KINDS * self.lengths[longer])
            yield self._swapped(rows[t + 1 < length], t)

    def _replaced(self, letters: np.ndarray, written: np.ndarray) -> np.ndarray:
        """(rows, letters) log probability of what is written, in the place of each letter."""
        if self.hand:
            return self.hand.replaced(letters[None], written[:, None])
        return np.where(letters[None] == written[:, None], -np.inf, -np.log(self.others))

    def _put_in(self, rows: np.ndarray, t: int) -> np.ndarray | float:
        """(rows,) log probability of what is written at t, where nothing was meant."""
        if not self.hand:
            return -np.log(self.others)
        before = self.items[rows, t - 1] if t else np.zeros(len(rows), np.intp)
        return self.hand.put_in(before, self.items[rows, t])

    def _swapped(self, rows: np.ndarray, t: int) -> tuple[np.ndarray, np.ndarray]:
        """This symbol and the next, where they differ."""
        if t + 1 < self.items.shape[1]:
            rows = rows[self.items[rows, t] != self.items[rows, t + 1]]
        if not len(rows):
            return rows, np.zeros(0)
        read, state = self._read(rows, t, self.items[rows, t + 1, None])
        at = state + self.items[rows, t, None]
        read = read + self.dense.logprob[at] + self._rest(rows, self.dense.after[at], t + 2)
        return rows, read[:, 0] - np.log(KINDS * (self.lengths[rows] - 1))

    def _read(self, rows: np.ndarray, t: int, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first t symbols and then each of these ids: log probabilities, and the states after them."""
        at = self.state[rows, t, None] + ids
        return self.before[rows, t, None] + self.dense.logprob[at], self.dense.after[at]

    def _rest(self, rows: np.ndarray, state: np.ndarray, t: int) -> np.ndarray:
        """Log probability of the symbols from place t on, and of the end, read from these states (rows, any)."""
        places = self.items.shape[1]
        logprob = np.zeros(state.shape)
        for place in range(t, min(t + self.order, places)):
            at = state + self.items[rows, place, None]
            logprob += np.where(place <= self.lengths[rows, None], self.dense.logprob[at], 0)
            state = self.dense.after[at]
        same = self.before[rows, -1] - self.before[rows, min(t + self.order, places)]
        return logprob + same[:, None]


def _log_sum(values: np.ndarray) -> np.ndarray:
    """Of each row."""
    most = values.max(1, initial=-np.inf)
    most[most == -np.inf] = 0
    with np.errstate(divide="ignore"):
        return most + np.log(np.exp(values - most[:, None]).sum(1))

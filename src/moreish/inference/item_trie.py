"""A trie of items, numbered level by level: which beginnings they share, without a loop over the items."""

import numpy as np
from jaxtyping import Bool, Integer

from moreish.ngram.backoff import ranges

OUTSIDE, ROOT = 0, 1


class ItemTrie:
    """Node 0 is what is outside of the trie, node 1 the empty beginning; the children of a node are neighbours.

    levels  : the beginnings of k symbols are the nodes levels[k] .. levels[k + 1] - 1
    keys    : (nodes,) parent * V + last symbol, strictly increasing
    is_item : (nodes,) whether an item ends here
    """

    def __init__(
        self,
        ids: Integer[np.ndarray, " N"],
        offsets: Integer[np.ndarray, " items_and_one"],
        which: Bool[np.ndarray, " items"],
        vocab_size: int,
    ) -> None:
        """Of these items among flat ids (see `data.corpus.Split`); it does not matter how often one comes."""
        self.vocab_size, self.levels = vocab_size, [ROOT, ROOT + 1]
        start, length = offsets[:-1][which].astype(np.int64) + 1, np.diff(offsets)[which].astype(np.int64) - 1
        at, ends, keys = np.full(len(start), ROOT), [], [np.array([-2, -1])]
        while len(at):
            depth = len(keys) - 1
            longer = length > depth
            ends.append(at[~longer])
            start, length = start[longer], length[longer]
            if not len(start):
                break
            found, at = np.unique(at[longer] * vocab_size + ids[start + depth].astype(np.int64), return_inverse=True)
            at = at.ravel() + self.levels[-1]
            keys.append(found)
            self.levels.append(self.levels[-1] + len(found))
        self.keys = np.concatenate(keys)
        self.parent, self.symbol = np.divmod(self.keys, vocab_size)
        self.is_item = np.zeros(len(self.keys), bool)
        self.is_item[np.concatenate([np.zeros(0, np.int64), *ends])] = True

    def child(
        self, node: Integer[np.ndarray, " rows"], symbol: Integer[np.ndarray, " rows"]
    ) -> Integer[np.ndarray, " rows"]:
        """The beginnings with one more symbol; 0 where no item goes on so."""
        key = node * self.vocab_size + symbol
        found = np.searchsorted(self.keys, key)
        found[found == len(self.keys)] = OUTSIDE
        found[self.keys[found] != key] = OUTSIDE
        return found

    def children(
        self, node: Integer[np.ndarray, " rows"]
    ) -> tuple[Integer[np.ndarray, " children"], Integer[np.ndarray, " children"]]:
        """All children of these nodes: (row of the parent, child)."""
        low, high = (np.searchsorted(self.keys, (node + more) * self.vocab_size) for more in (0, 1))
        inside = node != OUTSIDE
        return ranges(np.where(inside, low, 0), np.where(inside, high, 0))

"""The counts of every n-gram of every order, as a trie numbered level by level.

A node is an n-gram; level k holds the k-grams that occur, in order of (parent, symbol), where the parent of an n-gram
is the (n-1)-gram that it begins with. Node 0 is the empty one. So the children of a node (the symbols that followed
this context) are neighbours, one sorted array of keys is the whole structure, and any vocabulary fits in 64 bits.

Every item is read with one opening boundary, and no n-gram reaches across a boundary: near its beginning a context is
short. An n-gram that ends with a boundary has therefore no children.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from jaxtyping import Integer

HIGHEST_ORDER = 100
LARGEST_TABLE = 2**27  # entries of a direct table of counts: 1 GiB


class Counts:
    """How often every k-gram, 0 <= k <= order, occurs.

    vocab_size : V, the boundary (id 0) included
    levels     : (order + 2,) the k-grams are the nodes levels[k] .. levels[k + 1] - 1
    keys       : (nodes,) parent * V + last symbol, strictly increasing; -1 at the root
    count      : (nodes,) occurrences; that of the root is the number of predicted tokens
    """

    def __init__(
        self,
        vocab_size: int,
        levels: Integer[np.ndarray, " levels"],
        keys: Integer[np.ndarray, " nodes"],
        count: Integer[np.ndarray, " nodes"],
    ) -> None:
        self.vocab_size, self.levels, self.keys, self.count = vocab_size, levels, keys, count

    @property
    def order(self) -> int:
        """The length of the longest n-grams; contexts are one shorter."""
        return len(self.levels) - 2

    @property
    def contexts(self) -> int:
        """Nodes 0 .. contexts - 1 are short enough to be the context of a prediction."""
        return max(int(self.levels[-2]), 1)

    @cached_property
    def parent(self) -> Integer[np.ndarray, " nodes"]:
        """The n-gram without its last symbol; -1 for the root."""
        return self.keys // self.vocab_size

    @cached_property
    def symbol(self) -> Integer[np.ndarray, " nodes"]:
        """The last symbol of each n-gram; of no meaning for the root."""
        return self.keys % self.vocab_size

    @cached_property
    def first(self) -> Integer[np.ndarray, " contexts_and_one"]:
        """The children of context c are the nodes first[c] .. first[c + 1] - 1."""
        return np.searchsorted(self.keys, np.arange(self.contexts + 1) * self.vocab_size)

    @cached_property
    def suffix(self) -> Integer[np.ndarray, " nodes"]:
        """The n-gram without its first symbol: the context to fall back to. The root is its own."""
        suffix = np.zeros(len(self.keys), np.int64)
        for low, high in zip(self.levels[2:-1], self.levels[3:], strict=True):
            suffix[low:high] = self.child(suffix[self.parent[low:high]], self.symbol[low:high])
        return suffix

    @cached_property
    def opening(self) -> list[int]:
        """By level: how many n-grams begin with the opening boundary. They are the first of their level."""
        found = [0, 1]
        for level in range(2, self.order + 1):
            after = self.levels[level - 1] + found[-1]
            found.append(int(self.first[after] - self.levels[level]))
        return found[: self.order + 1]

    def child(
        self, context: Integer[np.ndarray, " rows"], symbol: Integer[np.ndarray, " rows"]
    ) -> Integer[np.ndarray, " rows"]:
        """The node of each context followed by this symbol; 0 where that never occurred."""
        key = context * self.vocab_size + symbol
        node = np.searchsorted(self.keys, key)
        node[node == len(self.keys)] = 0
        node[self.keys[node] != key] = 0
        return node

    def length(self, node: Integer[np.ndarray, " rows"]) -> Integer[np.ndarray, " rows"]:
        """How many symbols each n-gram has."""
        return np.searchsorted(self.levels, node, side="right") - 1

    def upto(self, order: int) -> "Counts":
        """The same counts for a lower order: the first levels of the trie."""
        if not 0 <= order <= self.order:
            raise ValueError(f"these counts reach from order 0 to {self.order}, order {order} is not among them")
        levels = self.levels[: order + 2]
        return Counts(self.vocab_size, levels, self.keys[: levels[-1]], self.count[: levels[-1]])

    def walk(
        self, ids: Integer[np.ndarray, " N"]
    ) -> Iterator[tuple[Integer[np.ndarray, " at"], Integer[np.ndarray, " at"], Integer[np.ndarray, " at"]]]:
        """Every known context of every position, by length: (positions, contexts, contexts with the symbol there).

        For each length from 0 to order - 1: the positions whose preceding `length` ids are a known context within
        the item, that context, and its child for the id at the position (0 where that is new).
        """
        check_ids(ids, self.vocab_size)
        at, context = np.arange(len(ids)), np.zeros(len(ids), np.int64)
        for length in range(self.order):
            node = self.child(context, ids[at])
            yield at, context, node
            known = (node > 0) & (at + 1 < len(ids))
            if length:  # a boundary opens contexts, and belongs to none further in
                known &= ids[at] > 0
            at, context = at[known] + 1, node[known]


def count_ngrams(
    ids: Integer[np.ndarray, " N"],
    offsets: Integer[np.ndarray, " items_and_one"],
    vocab_size: int,
    order: int,
    weights: Integer[np.ndarray, " items"] | None = None,
) -> Counts:
    """Count all n-grams up to `order` in flat ids (layout: 0 item 0 item ... 0; offsets are the places of the zeros).

    `weights` says how often each item stands in the list; without it, once. Level by level: the k-gram that ends at t
    is the (k-1)-gram that ends at t - 1 and the id at t, so one integer per position, its number within the level, is
    all that is carried on.
    """
    _check(ids, offsets, vocab_size, order)
    weight_at = None if weights is None else np.append(0, np.repeat(weights, np.diff(offsets)))
    total = len(ids) - 1 if weight_at is None else int(weight_at.sum())
    keys, counts = [np.array([-1])], [np.array([total])]
    levels = [0, 1]
    gram = np.zeros(len(ids), np.int32)  # number within its level of the k-gram ending here
    for level in range(1, order + 1):
        parents = levels[-1] - levels[-2]
        found, count = _distinct(gram, ids, vocab_size, parents, weight_at)
        keys.append(found + levels[-2] * vocab_size)
        counts.append(count)
        levels.append(levels[-1] + len(found))
        if level < order:
            _extend(gram, ids, vocab_size, parents, found, level)
    return Counts(vocab_size, np.array(levels), np.concatenate(keys), np.concatenate(counts))


def _check(ids: np.ndarray, offsets: np.ndarray, vocab_size: int, order: int) -> None:
    if not 0 <= order <= HIGHEST_ORDER:
        raise ValueError(f"the order of an n-gram model is between 0 (uniform) and {HIGHEST_ORDER}, not {order}")
    if len(offsets) < 2 or len(ids) < 2:
        raise ValueError("there are no items to count")
    if ids[0] != 0 or ids[-1] != 0 or offsets[0] != 0 or offsets[-1] != len(ids) - 1:
        raise ValueError("flat ids begin and end with the boundary 0, at the places that offsets names")
    check_ids(ids, vocab_size)


def check_ids(ids: Integer[np.ndarray, " N"], vocab_size: int) -> None:
    """Raises ValueError for an id that is not in the vocabulary: its key would be that of another n-gram."""
    if len(ids) and (ids.min() < 0 or ids.max() >= vocab_size):
        raise ValueError(f"ids reach from {ids.min()} to {ids.max()}, but the vocabulary has {vocab_size}")


def _keys(gram: np.ndarray, ids: np.ndarray, vocab_size: int, parents: int, low: int, high: int) -> np.ndarray:
    """(parent, symbol) of the positions low .. high - 1 as one integer; a parent of `parents` is none."""
    dtype = np.int32 if (parents + 1) * vocab_size < 2**31 else np.int64
    return gram[low - 1 : high - 1].astype(dtype) * dtype(vocab_size) + ids[low:high].astype(dtype)


def _distinct(
    gram: np.ndarray, ids: np.ndarray, vocab_size: int, parents: int, weight_at: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The (parent, symbol) pairs that occur, ascending, and how often: by a table where it fits, else by sorting."""
    space = parents * vocab_size
    if not _fits(space, len(ids)):
        keys = _keys(gram, ids, vocab_size, parents, 1, len(ids))
        inside = keys < space
        if weight_at is None:
            found, count = np.unique(keys[inside], return_counts=True)
        else:
            found, which = np.unique(keys[inside], return_inverse=True)
            count = np.bincount(which, weight_at[1:][inside]).astype(np.int64)
        return found.astype(np.int64), count
    table = np.zeros(space, np.int64)
    for low, high in _pieces(len(ids), space):
        own = None if weight_at is None else weight_at[low:high]
        table += np.bincount(_keys(gram, ids, vocab_size, parents, low, high), own, space)[:space].astype(np.int64)
    found = np.flatnonzero(table)
    return found, table[found]


def _extend(gram: np.ndarray, ids: np.ndarray, vocab_size: int, parents: int, found: np.ndarray, level: int) -> None:
    """Number the k-grams in place of the (k-1)-grams; one that can have no children gets one more than the last."""
    space, none = parents * vocab_size, len(found)
    number = np.arange(none + 1, dtype=np.int32)
    if level > 1:
        number[:-1][found % vocab_size == 0] = none
    table = None
    if _fits(space, len(ids)):
        table = np.full(space + vocab_size, none, np.int32)
        table[found] = number[:-1]
    for low, high in reversed(list(_pieces(len(ids), space))):  # from the end: each piece reads the id before it
        keys = _keys(gram, ids, vocab_size, parents, low, high)
        gram[low:high] = number[np.searchsorted(found, keys)] if table is None else table[keys]
    gram[0] = number[0] if level == 1 else none


def _fits(space: int, positions: int) -> bool:
    return space <= min(max(16 * positions, 2**16), LARGEST_TABLE)


def _pieces(positions: int, space: int) -> Iterator[tuple[int, int]]:
    """The positions 1 .. in pieces that are large beside the table and small beside memory."""
    size = min(max(2**20, space), 2**24)
    for low in range(1, positions, size):
        yield low, min(low + size, positions)

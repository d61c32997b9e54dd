"""Rules of one line, as automata: how items begin and end, what is in them, how long they are, which they are."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Integer

from moreish.automata.automaton import DEAD, MOST_CELLS, Automaton, TooManyStates


def starts_with(ids: Sequence[int], vocab_size: int) -> Automaton:
    """Items that begin with these ids."""
    classes, needle = _classes(ids, vocab_size)
    n = len(needle)
    table = np.zeros((n + 2, int(classes.max()) + 1), np.int64)
    table[np.arange(n) + 1, needle] = np.arange(n) + 2
    table[n + 1] = n + 1
    return _from(classes, table, [n + 1])


def ends_with(ids: Sequence[int], vocab_size: int) -> Automaton:
    """Items that end with these ids."""
    classes, needle = _classes(ids, vocab_size)
    return _from(classes, _matching(needle, int(classes.max()) + 1), [len(needle) + 1])


def contains(ids: Sequence[int], vocab_size: int) -> Automaton:
    """Items that have these ids somewhere in a row."""
    classes, needle = _classes(ids, vocab_size)
    table = _matching(needle, int(classes.max()) + 1)
    table[-1] = len(table) - 1
    return _from(classes, table, [len(needle) + 1])


def length(shortest: int, longest: int | None, vocab_size: int) -> Automaton:
    """Items of `shortest` to `longest` symbols; None: as long as they like."""
    n = shortest if longest is None else longest
    states = np.arange(n + 2)  # state s: s - 1 symbols were read
    table = np.where(states == DEAD, DEAD, states + 1)[:, None]
    table[-1] = DEAD if longest is not None else n + 1
    return Automaton(np.zeros(vocab_size, np.int64), table, states > shortest).trimmed()


def only(ids: Iterable[int], vocab_size: int) -> Automaton:
    """Items of no other ids than these; the empty one too."""
    classes = np.zeros(vocab_size, np.int64)
    classes[[*ids]] = 1
    return _from(classes, np.array([[DEAD, DEAD], [DEAD, 1]]), [1])


def without(ids: Iterable[int], vocab_size: int) -> Automaton:
    """Items that have none of these ids; the empty one too."""
    classes = np.zeros(vocab_size, np.int64)
    classes[[*ids]] = 1
    return _from(classes, np.array([[DEAD, DEAD], [1, DEAD]]), [1])


def one_of(words: Iterable[Sequence[int] | Integer[np.ndarray, " _"]], vocab_size: int) -> Automaton:
    """Exactly these items: a trie whose equal endings are one. Raises TooManyStates."""
    each = [np.asarray(word, np.int64) for word in words]
    lengths = np.array([len(word) for word in each], np.int64)
    each = [each[i] for i in np.argsort(-lengths, kind="stable").tolist()]  # the longest first
    lengths = -np.sort(-lengths)
    flat = np.concatenate([*each, np.zeros(0, np.int64)])
    begins = lengths.cumsum() - lengths
    used, kinds = np.unique(flat, return_inverse=True)
    node, count = np.ones(len(each), np.int64), 2
    froms, labels = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]  # of the arc to each state after the start
    for t in range(int(lengths.max(initial=0))):
        going = int(np.searchsorted(-lengths, -t))  # how many words are longer than t
        arcs, node_of = np.unique(node[:going] * (len(used) + 1) + kinds[begins[:going] + t], return_inverse=True)
        froms.append(arcs // (len(used) + 1))
        labels.append(arcs % (len(used) + 1))
        node[:going] = node_of + count
        count += len(arcs)
        if count * (len(used) + 1) > MOST_CELLS:
            raise TooManyStates(f"{len(each):,} items are too many for one rule: give fewer")
    table = np.zeros((count, len(used) + 1), np.int64)  # the last column: ids that no word has
    table[np.concatenate(froms), np.concatenate(labels)] = np.arange(2, count)
    classes = np.full(vocab_size, len(used))
    classes[used] = np.arange(len(used))
    return _from(classes, table, node)


def none_of(words: Iterable[Sequence[int] | Integer[np.ndarray, " _"]], vocab_size: int) -> Automaton:
    """Every item but these. Raises TooManyStates."""
    return ~one_of(words, vocab_size)


def _classes(ids: Sequence[int], vocab_size: int) -> tuple[Integer[np.ndarray, " V"], Integer[np.ndarray, " T"]]:
    """(a class for each different one of these ids and 0 for all others, the classes of the ids)."""
    used, needle = np.unique(np.asarray(ids, np.int64), return_inverse=True)
    classes = np.zeros(vocab_size, np.int64)
    classes[used] = np.arange(len(used)) + 1
    return classes, needle + 1


def _matching(needle: Integer[np.ndarray, " T"], kinds: int) -> Integer[np.ndarray, "S K"]:
    """State s + 1: the last s symbols are the needle's first, and no more are (Knuth, Morris & Pratt 1977)."""
    table = np.ones((len(needle) + 2, kinds), np.int64)
    table[DEAD] = DEAD
    behind = 1  # the state for the same symbols without the first
    for s, k in enumerate([*needle.tolist(), 0], start=1):
        if s > 1:
            table[s] = table[behind]
        if k:
            after = int(table[behind, k]) if s > 1 else 1
            table[s, k] = s + 1
            behind = after
    return table


def _from(
    classes: Integer[np.ndarray, " V"],
    table: Integer[np.ndarray, "S K"],
    ends: Sequence[int] | Integer[np.ndarray, " _"],
) -> Automaton:
    accepts = np.zeros(len(table), bool)
    accepts[ends] = True
    return Automaton(classes, table, accepts).trimmed()

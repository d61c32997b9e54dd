"""Edit distance as automata: items that few insertions, deletions and substitutions make of a word.

A state is the last row of Levenshtein's table, cut off above the distance asked for (Schulz & Mihov 2002 count such
rows); for several words, the rows of all of them.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64, Integer

from moreish.automata.automaton import DEAD, MOST_STATES, Automaton, TooManyStates, nothing


def within(
    words: Sequence[Sequence[int] | Integer[np.ndarray, " _"]],
    distance: int,
    vocab_size: int,
    most_states: int = MOST_STATES,
) -> Automaton:
    """Items at most `distance` edits away from one of these words of ids. Raises TooManyStates."""
    if not len(words):
        return nothing(vocab_size)
    each = [np.asarray(word, np.int64) for word in words]
    used = np.unique(np.concatenate(each))
    classes = np.zeros(vocab_size, np.int64)  # 0: in none of the words
    classes[used] = np.arange(len(used)) + 1
    needles = [classes[word] for word in each]
    too_far = distance + 1
    dead = np.full(sum(len(needle) + 1 for needle in needles), too_far)
    first = np.concatenate([np.arange(len(needle) + 1).clip(max=too_far) for needle in needles])
    number = {dead.tobytes(): DEAD, first.tobytes(): 1}
    rows, table, fresh = [dead, first], [np.zeros((1, len(used) + 1), np.int64)], first[None]
    while len(fresh):
        after = np.stack([_rows_after(fresh, k, needles, too_far) for k in range(len(used) + 1)], axis=1)
        codes, begin = [row.tobytes() for row in after.reshape(-1, len(dead))], len(rows)
        for code, row in zip(codes, after.reshape(-1, len(dead)), strict=True):
            if number.setdefault(code, len(rows)) == len(rows):
                rows.append(row)
        if len(rows) > most_states:
            raise TooManyStates(
                f"{distance} edits from {'these words' if len(each) > 1 else 'this word'} need more than "
                f"{most_states:,} states: ask for fewer edits or shorter words"
            )
        table.append(np.array([number[code] for code in codes]).reshape(len(fresh), -1))
        fresh = np.array(rows[begin:])
    ends = np.cumsum([len(needle) + 1 for needle in needles]).astype(int) - 1
    accepts = np.stack(rows)[:, ends].min(1) <= distance
    return Automaton(classes, np.concatenate(table), accepts).trimmed()


def beyond(
    words: Sequence[Sequence[int] | Integer[np.ndarray, " _"]],
    distance: int,
    vocab_size: int,
    most_states: int = MOST_STATES,
) -> Automaton:
    """Items more than `distance` edits away from all of these words. Raises TooManyStates."""
    return ~within(words, distance, vocab_size, most_states)


def _rows_after(
    rows: Int64[np.ndarray, "n width"], k: int, needles: Sequence[Integer[np.ndarray, " _"]], too_far: int
) -> Int64[np.ndarray, "n width"]:
    """The rows after one more symbol of class k. Within a row: one symbol of the word more, at one edit each."""
    after, at = np.empty_like(rows), 0
    for needle in needles:
        old = rows[:, at : at + len(needle) + 1]
        new = old + 1  # the symbol is one too many
        new[:, 1:] = np.minimum(new[:, 1:], old[:, :-1] + (needle != k))
        places = np.arange(len(needle) + 1)
        new = np.minimum.accumulate(new - places, axis=1) + places
        after[:, at : at + len(needle) + 1] = new.clip(max=too_far)
        at += len(needle) + 1
    return after

"""What all items of a list do alike: their length, what they begin and end with, which classes stand at each place.

Product numbers, number plates, times and colours are made by a rule, and whoever gives thirty of them that all have
seven symbols means that; so does who gives thirty addresses of one domain, or files of one type. A model of chances
lets a part of what it makes be shorter, longer or otherwise all the same.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer

ENOUGH = 30  # items that do alike, so that it is a rule and no chance
SURE = 12.0  # nats by which what no item does is made less likely
MOST_PLACES = 256  # symbols of items that are all of one length
LEAST_ENDING, MOST_ENDING = 2, 64  # symbols that all items end in


class Remaining(NamedTuple):
    """What is to come of the ending that all items have, at each of so many places.

    instead : the id that comes where an item would end, 0 where it may
    missing : how many symbols are to come
    """

    instead: Integer[np.ndarray, " rows"]
    missing: Integer[np.ndarray, " rows"]


class Template:
    """What all items do alike, place by place from the beginning, and symbol by symbol at the end.

    allowed : (T, V) whether some item may have this id at this place, the end included; all is allowed behind
    ending : the ids that all items end in
    sure : how many of these stand in a row in no item but at its end: after so many the others follow, and the end.
        Before that an item that would end goes on with the next of them (`deferred`) and so comes to them; one that
        only must not end before may never come to them, and so never end.
    """

    def __init__(self, allowed: Bool[np.ndarray, "T V"], ending: Sequence[int] = (), sure: int = 0) -> None:
        self.allowed, self.ending, self.sure = allowed, [*ending], sure
        size = allowed.shape[1]
        self._strays = np.concatenate([~allowed, np.zeros((1, size), bool)]).astype(np.float32)
        self._after = _matched_after(self.ending, size)
        self._beside = np.zeros((len(self.ending) + 1, size), np.float32)
        self._instead = np.array([*self.ending, 0], np.int64)
        for matched in range(sure, len(self.ending) + 1):
            self._beside[matched] = np.arange(size) != self._instead[matched]

    @classmethod
    def of(cls, class_of: Integer[np.ndarray, " V"], items: Sequence[Integer[np.ndarray, " _"]]) -> "Template | None":
        """Of these items, with the class of each id; None where they are too few, or do nothing alike."""
        if len(items) < ENOUGH:
            return None
        shortest, longest = min(map(len, items)), max(map(len, items))
        heads = np.array([item[: min(shortest, MOST_PLACES)] for item in items], np.int64)
        opening, every = _alike(heads), np.arange(len(class_of))
        even = shortest == longest <= MOST_PLACES
        allowed = np.ones((shortest + 1 if even else opening, len(class_of)), bool)
        if even:
            allowed[:shortest, 0], allowed[shortest, 1:] = False, False
            for place, ids in enumerate(heads.T):
                allowed[place] &= np.isin(class_of, class_of[ids]) if (ids != ids[0]).any() else every == ids[0]
        allowed[np.arange(opening)] &= every == heads[0, :opening, None]
        ending = [] if even else _ending_of(items, shortest - opening)
        return cls(allowed, ending, _sure_from(ending, items, len(class_of))) if len(allowed) or ending else None

    def advance(
        self, matched: Integer[np.ndarray, " rows"], ids: Integer[np.ndarray, " rows"]
    ) -> Integer[np.ndarray, " rows"]:
        """How many once these were read."""
        return self._after[matched, ids]

    def matched_in(self, items: Sequence[Integer[np.ndarray, " _"]]) -> Integer[np.ndarray, " N"]:
        """How many ids of the ending stand last, before each id of these items and before their ends."""
        return np.concatenate([_matched(item, self._after) for item in items])

    def remaining(self, matched: Integer[np.ndarray, " rows"]) -> "Remaining":
        """What is to come after so many ids of the ending."""
        return Remaining(self._instead[matched], len(self.ending) - matched)

    def strays(self, place: Integer[np.ndarray, " rows"], matched: Integer[np.ndarray, " rows"]) -> np.ndarray:
        """(rows, V) 1 for what no item has after so many symbols, of which so many are of the ending."""
        return np.maximum(self._strays[np.minimum(place, len(self.allowed))], self._beside[matched])


def deferred(
    logprobs: Float[np.ndarray, "rows V"], instead: Integer[np.ndarray, " rows"]
) -> Float[np.ndarray, "rows V"]:
    """The distributions with the end's probability given to these ids, all but a share of e^-SURE; 0 leaves it."""
    rows = np.flatnonzero(instead)
    if not len(rows):
        return logprobs
    moved, ids = logprobs.copy(), instead[rows]
    end = logprobs[rows, 0]
    moved[rows, ids] = np.logaddexp(moved[rows, ids], end + np.float32(np.log1p(-np.exp(-SURE))))
    moved[rows, 0] = end - np.float32(SURE)
    return moved


def _alike(rows: Integer[np.ndarray, "items places"]) -> int:
    """At how many places from the first on all have the same."""
    same = (rows == rows[0]).all(0)
    return int(same.argmin()) if not same.all() else len(same)


def _ending_of(items: Sequence[Integer[np.ndarray, " _"]], most: int) -> list[int]:
    """What all items end in, of so many ids at most; one alone is no ending that is not known otherwise."""
    most = min(most, MOST_ENDING)
    tails = np.array([item[len(item) - most :][::-1] for item in items], np.int64).reshape(len(items), most)
    count = _alike(tails)
    return tails[0, :count][::-1].tolist() if count >= LEAST_ENDING else []


def _sure_from(ending: Sequence[int], items: Sequence[Integer[np.ndarray, " _"]], size: int) -> int:
    """From how many ids of the ending on an item has come to it."""
    after, most = _matched_after(ending, size), 0
    for item in items if ending else ():
        matched = _matched(item, after)
        so_far = np.arange(len(item) + 1) - (len(item) - len(ending))  # of the ending itself
        most = max(most, int(matched[matched > so_far.clip(0)].max(initial=0)))
    return most + 1


def _matched(item: Integer[np.ndarray, " _"], after: Integer[np.ndarray, "matched V"]) -> Integer[np.ndarray, " T"]:
    matched = [0]
    for each in item.tolist():
        matched.append(int(after[matched[-1], each]))
    return np.array(matched, np.int64)


def _matched_after(ending: Sequence[int], size: int) -> Integer[np.ndarray, "matched V"]:
    """How many of its ids stand last once an id was read after so many (Knuth, Morris & Pratt 1977)."""
    after = np.zeros((len(ending) + 1, size), np.int64)
    for matched in range(len(ending) + 1):
        for each in {*ending}:
            read = [*ending[:matched], each]
            longest = min(len(read), len(ending))
            fits = (n for n in range(longest, 0, -1) if [*ending[:n]] == read[len(read) - n :])
            after[matched, each] = next(fits, 0)
    return after

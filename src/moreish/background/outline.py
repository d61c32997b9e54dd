"""The outline of an item: the classes of its symbols, each run of a class as one, and how long the runs are.

"TSH-BLK-001" is capitals, hyphen, capitals, hyphen, digits. Product numbers, quoted names, dates and "The Green Man"
have few outlines, and an item that strays from all of them, or has a run of another length than theirs, is broken.
Both are made as rare as can be without foretelling items held out worse, each for itself: names that all are of two
words may be of any length.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Integer

SLACK = 0.25  # of its length by which a run may be longer or shorter and is the same
FARTHEST = 64  # places of a run that are told apart
SURE, OFTEN = 12, 4  # runs, one in so many of the longest length, where none is longer; so for the shortest
STRICTNESSES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)  # nats
Prefix = tuple[int, ...]  # the classes of the runs so far


class Strictness(NamedTuple):
    """By how many nats straying is made less likely, in what follows what (`order`) and in how long (`runs`)."""

    order: float = 0.0
    runs: float = 0.0

    @property
    def shares(self) -> "Strictness":
        """Of the greater of the two."""
        most = max(self) or 1.0
        return Strictness(self.order / most, self.runs / most)


class Outline:
    """The outlines of a list as a tree, in which every place of a run is a node.

    class_of : (V,) the class of each id, that of the boundary 0
    following : (nodes, classes) the node after a symbol of this class, 0 after the end; node 0 is the beginning.
                Where no item goes on so it is where most runs of the class begin; too long a run stays at its end.
    straying : (nodes, classes) above 0 where no item goes on so, or every run of the list here is too short for this
               symbol or still too long: as much as `shares` says of each; 0 elsewhere, so no item of the list strays
    leaving : (nodes, classes) whether no item goes on so
    """

    def __init__(
        self,
        class_of: Integer[np.ndarray, " V"],
        following: Integer[np.ndarray, "nodes classes"],
        straying: Float[np.ndarray, "nodes classes"],
        leaving: Bool[np.ndarray, "nodes classes"],
    ) -> None:
        self.class_of, self.following, self.straying, self.leaving = class_of, following, straying, leaving

    @classmethod
    def of(
        cls,
        class_of: Integer[np.ndarray, " V"],
        items: Iterable[Integer[np.ndarray, " _"]],
        shares: Strictness = Strictness(1.0, 1.0),  # noqa: B008 (a tuple)
    ) -> "Outline":
        """Of these items."""
        lengths: dict[Prefix, list[int]] = defaultdict(list)
        ends: set[Prefix] = set()
        for item in items:
            prefix: Prefix = ()
            for c, run in groupby(class_of[item].tolist()):
                prefix = (*prefix, c)
                lengths[prefix].append(min(sum(1 for _ in run), FARTHEST))
            ends.add(prefix)
        places = {prefix: max(found) + _slack(found, max) for prefix, found in lengths.items()}
        first: dict[Prefix, int] = {(): 0}
        nodes = 1
        for prefix in lengths:
            first[prefix], nodes = nodes, nodes + places[prefix]
        usual = {prefix[-1]: first[prefix] for prefix in sorted(lengths, key=lambda prefix: len(lengths[prefix]))}
        following = np.tile(np.array([usual.get(c, 0) for c in range(int(class_of.max()) + 1)], np.int32), (nodes, 1))
        straying = np.full(following.shape, shares.order, np.float32)
        leaving = np.ones(following.shape, bool)
        for prefix in first:
            size = places.get(prefix, 1)
            rows = first[prefix] + np.arange(size)
            on, off = _lengths_kept(lengths.get(prefix, []), size)
            if prefix:
                following[rows, prefix[-1]], straying[rows, prefix[-1]] = [*rows[1:], rows[-1]], shares.runs * on
                leaving[rows, prefix[-1]] = False
            if prefix in ends:
                following[rows, 0], straying[rows, 0], leaving[rows, 0] = 0, shares.runs * off, False
        for prefix in lengths:
            rows = first[prefix[:-1]] + np.arange(places.get(prefix[:-1], 1))
            off = _lengths_kept(lengths.get(prefix[:-1], []), len(rows))[1]
            following[rows, prefix[-1]], straying[rows, prefix[-1]] = first[prefix], shares.runs * off
            leaving[rows, prefix[-1]] = False
        return cls(class_of, following, straying, leaving)

    def start(self, rows: int) -> Integer[np.ndarray, " rows"]:
        """The nodes before the first symbol."""
        return np.zeros(rows, np.int64)

    def advance(
        self, nodes: Integer[np.ndarray, " rows"], ids: Integer[np.ndarray, " rows"]
    ) -> Integer[np.ndarray, " rows"]:
        """Those after these symbols."""
        return self.following[nodes, self.class_of[ids]]

    def strays(self, nodes: Integer[np.ndarray, " rows"]) -> Float[np.ndarray, "rows V"]:
        """How far each symbol strays from the outlines here."""
        return self.straying[nodes][:, self.class_of]

    def are_left_by(
        self, ids: Integer[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Bool[np.ndarray, " items"]:
        """Whether each of these items goes on, or ends, as none of the list does."""
        begin, lengths = offsets[:-1] + 1, np.diff(offsets)
        nodes, left = self.start(len(lengths)), np.zeros(len(lengths), bool)
        for t in range(int(lengths.max(initial=0))):
            rows = np.flatnonzero(lengths > t)
            classes = self.class_of[ids[begin[rows] + t]]
            left[rows] |= self.leaving[nodes[rows], classes]
            nodes[rows] = self.following[nodes[rows], classes]
        return left

    def strays_in(self, items: Sequence[Integer[np.ndarray, " _"]]) -> Float[np.ndarray, "N V"]:
        """The same at every place of these items, their ends included."""
        found = []
        for item in items:
            node = 0
            for c in [*self.class_of[item].tolist(), 0]:
                found.append(node)
                node = int(self.following[node, c])
        return self.strays(np.array(found, np.int64))


def _slack(lengths: Sequence[int], bound: Callable[[Sequence[int]], int]) -> int:
    """By how much a run may be longer than all of these (`bound` max), or shorter (min)."""
    found = bound(lengths)
    sure = len(lengths) >= SURE and OFTEN * lengths.count(found) >= len(lengths)
    return 0 if sure else int(SLACK * found)


def _lengths_kept(lengths: Sequence[int], places: int) -> tuple[np.ndarray, np.ndarray]:
    """For each place of a run: 1 where all of these lengths are too short to go on, and where too long to leave."""
    if not lengths:
        return np.zeros(places), np.zeros(places)
    place = np.arange(1, places + 1)
    longest, shortest = max(lengths) + _slack(lengths, max), min(lengths) - _slack(lengths, min)
    return np.asarray(longest <= place, np.float64), np.asarray(shortest > place, np.float64)


def kept_inside(
    logprobs: Float[np.ndarray, "rows V"], strays: Float[np.ndarray, "rows V"], strictness: float
) -> Float[np.ndarray, "rows V"]:
    """The distributions with what strays made less likely by up to so many nats."""
    logits = logprobs - np.float32(strictness) * strays
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))

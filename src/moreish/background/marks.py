"""What all items of a list have of marks and blanks: as many as the others, brackets that close, quotes in pairs.

`rgba(155, 0, 20, 0.4)` has three commas and `Em - C - E7 - A` three hyphens, whatever stands between. A model that
goes symbol by symbol loses count, so this is looked at when an item is made.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Integer

from moreish.background.shape import flat

FEWEST = 10  # different items, so that what all do is no chance
BRACKETS = ["()", "[]", "{}", "<>", "“”", "«»", "»«", "„“", "‹›", "‘’", "「」", "『』", "（）", "【】", "《》"]
QUOTES = '"'

Ids = Integer[np.ndarray, " N"]
Offsets = Integer[np.ndarray, " items_and_one"]


class Marks(NamedTuple):
    """Of a list's items, by ids.

    counts : (id, how often every item has it)
    pairs : (opening, closing) brackets of which every one is closed
    even : quotes of which every item has an even number
    """

    counts: tuple[tuple[int, int], ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    even: tuple[int, ...] = ()

    @classmethod
    def of(cls, symbols: Sequence[str], items: Sequence[Integer[np.ndarray, " _"]]) -> "Marks | None":
        """Of these items, where `symbols[0]` has id 1; None where they are too few, or have no marks alike."""
        if len({item.tobytes() for item in items}) < FEWEST:
            return None
        ids, offsets = flat(items)
        number = {symbol: i for i, symbol in enumerate(symbols, 1)}
        marks = [i for symbol, i in number.items() if not any(map(str.isalnum, symbol))]
        found = _counted(ids, offsets, len(symbols) + 1)
        same = [i for i in marks if (found[:, i] == found[0, i]).all()]
        known = [(number[a], number[b]) for a, b in BRACKETS if a in number and b in number]
        pairs = [
            pair for pair in known if not {*pair} <= {*same} and not cls(pairs=(pair,)).broken_by(ids, offsets).any()
        ]
        even = [number[q] for q in QUOTES if q in number and number[q] not in same]
        even = [i for i in even if (found[:, i] % 2 == 0).all()]
        made = cls(tuple((i, int(found[0, i])) for i in same), tuple(pairs), tuple(even))
        return made if any(made) else None

    def broken_by(self, ids: Ids, offsets: Offsets) -> Bool[np.ndarray, " items"]:
        """Which of these items have another number of them."""
        highest = max([*(i for i, _ in self.counts), *(i for pair in self.pairs for i in pair), *self.even])
        found = _counted(ids, offsets, max(highest, int(ids.max(initial=0))) + 1)
        broken = np.zeros(len(found), bool)
        for i, count in self.counts:
            broken |= found[:, i] != count
        for opening, closing in self.pairs:
            broken |= found[:, opening] != found[:, closing]
            depth = np.cumsum((ids == opening).astype(np.int64) - (ids == closing))
            broken |= np.minimum.reduceat(depth, offsets[:-1] + 1) < depth[offsets[:-1]]
        for i in self.even:
            broken |= found[:, i] % 2 != 0
        return broken


def _counted(ids: Ids, offsets: Offsets, size: int) -> Integer[np.ndarray, "items V"]:
    """How often each item has each id."""
    found = np.zeros((len(offsets) - 1, size), np.int64)
    np.add.at(found, (np.repeat(np.arange(len(found)), np.diff(offsets)), ids[1:].astype(np.int64)), 1)
    return found

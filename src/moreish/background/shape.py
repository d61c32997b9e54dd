"""The shape of a list's items: which kinds of symbols follow one another, and how long items are.

Few items say little about letters and much about shape: capitals, blanks, marks, lengths. Both models here see that
alone, and so know sooner what the list never does.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from moreish.background.endings import Endings
from moreish.background.lengths import PLACES, Lengths
from moreish.models.contract import State
from moreish.ngram import Backoff, KneserNey

ORDER = 4
LONGEST = PLACES  # positions that have a chance of their own to be the end
KINDS = {"Lu": "upper", "Lt": "upper", "Ll": "lower", "Lo": "letter", "Lm": "letter"}
LEAST, MOST = 1e-3, 0.95  # chance that an item ends at a place
WEIGHT = 1.0  # items that the guess before anything was seen is worth
EARLY, LATE = 0.02, 0.5  # that guess, below and above the mean length


def symbol_class(symbol: str) -> str:
    """Upper, lower, another letter, digit, mark; every other symbol is a class of its own."""
    category = unicodedata.category(symbol[0])
    return KINDS.get(category, {"N": "digit", "M": "mark"}.get(category[0], symbol))


class ShapeModel:
    """Kneser-Ney over the classes of symbols; all symbols of a class have its log probability.

    Not a distribution over symbols: a score that a blend of models weighs beside theirs.

    class_of : (V,) the class of each id, that of the boundary 0
    model : of the classes
    """

    def __init__(self, class_of: Integer[np.ndarray, " V"], model: Backoff) -> None:
        self.class_of, self.model = class_of, model

    @classmethod
    def fit(cls, symbols: Sequence[str], items: Sequence[Integer[np.ndarray, " _"]]) -> "ShapeModel":
        """Of these items, in which id 1 is the first of the symbols."""
        names = list(dict.fromkeys(map(symbol_class, symbols)))
        class_of = np.array([0, *(names.index(symbol_class(s)) + 1 for s in symbols)])
        return cls(class_of, KneserNey.fit(*flat([class_of[item] for item in items]), len(names) + 1, ORDER))

    def start(self, rows: int) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Before the first symbol."""
        state, logprobs = self.model.start(rows)
        return state, logprobs[:, self.class_of]

    def advance(self, state: State, ids: Integer[np.ndarray, " rows"]) -> tuple[State, Float[np.ndarray, "rows V"]]:
        """Read one id a row."""
        state, logprobs = self.model.advance(state, self.class_of[ids])
        return state, logprobs[:, self.class_of]

    def take(self, state: State, rows: Integer[np.ndarray, " kept"]) -> State:
        """The state of these rows only."""
        return self.model.take(state, rows)


@dataclass(frozen=True)
class ListShape:
    """What a list says of its items without a net: the classes of its symbols, how frequent each is, how items end.

    symbols : number of predicted symbols
    lengths, endings : of the items; None in runs of before they were kept
    """

    classes: ShapeModel
    frequency: Float[np.ndarray, " V"]
    end_odds: Float[np.ndarray, " LONGEST"]
    symbols: int
    lengths: Lengths | None = None
    endings: Endings | None = None


def end_odds(lengths: Integer[np.ndarray, " items"]) -> Float[np.ndarray, " LONGEST"]:
    """Log odds that an item ends after 0, 1, 2, ... symbols, given that it came so far.

    The share of items of about this length among those at least so long, both smoothed by a normal kernel.
    """
    lengths = lengths.astype(np.float64)
    width = max(0.7, 0.15 * lengths.std() + 0.4)
    place = np.arange(LONGEST)[:, None]
    ending = np.exp(-0.5 * ((lengths - place) / width) ** 2).sum(1) / (width * np.sqrt(2 * np.pi))
    there = (1 / (1 + np.exp(np.clip(-(lengths - place + 0.5) / (0.6 * width), -50, 50)))).sum(1)
    guess = np.where(place[:, 0] > lengths.mean(), LATE, EARLY)
    chance = np.clip((ending + WEIGHT * guess) / (there + WEIGHT), LEAST, MOST)
    return np.log(chance / (1 - chance))


def flat(
    items: Sequence[Integer[np.ndarray, " _"]],
) -> tuple[Integer[np.ndarray, " N"], Integer[np.ndarray, " items_and_one"]]:
    """Items as flat ids with the boundary before, between and after them, and the places of the boundaries."""
    ids = np.concatenate([np.zeros(1, np.int64), *(np.append(item, 0) for item in items)])
    return ids, np.append(0, np.cumsum([len(item) + 1 for item in items]))


def frequencies(items: Sequence[Integer[np.ndarray, " _"]], vocab_size: int) -> Float[np.ndarray, " V"]:
    """Log share of each symbol and of the end, half an occurrence added to each."""
    counts = np.bincount(flat(items)[0][1:], minlength=vocab_size) + 0.5
    return np.log(counts / counts.sum())

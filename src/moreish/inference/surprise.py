"""Odd ones: the items of a list that do not look like the others, judged by models made without them.

The list is dealt into folds, and the items of each are read by n-grams of all the others, forwards and backwards: a
wrong symbol surprises from both sides. Four things are asked of an item:

    unlike : the nats that a symbol costs in the mean, more telling the longer it is
    slip   : log P(x | one slip) - log P(x), how much rather it is another item with one symbol put in, left out,
             replaced or swapped than an item of its own (see `slips`)
    shape  : the nats that the classes of its symbols cost (capital, small letter, digit, mark) beyond what is usual
             for its length
    length : how long or short it is

What is odd in one respect need not be in another, and the four are not on one scale. So each is first made how rare
it is: minus the log of the share of the list's items that are at least so odd in it, from the oddest 1.5 % on
continued as an exponential tail. The greatest counts, each less what is asked of it beforehand: few items are odd in
their length alone.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Integer, UInt

from moreish.background.shape import symbol_class
from moreish.data import Corpus
from moreish.data.ragged import gather
from moreish.inference.hand import Hand
from moreish.inference.score import score_items
from moreish.inference.slips import read_with_slips
from moreish.ngram import Counts, KneserNey, count_ngrams

Why = Literal["symbol", "slip", "shape", "length", "unlike"]
ASKED: tuple[Why, ...] = ("unlike", "slip", "shape", "length")
BEFOREHAND = np.array(
    [[0.0], [0.3], [0.5], [2.0]]
)  # nats off the score of each; the best on lists that were built on
SLIP = 1

FOLDS = 10
FEW = 100  # items up to which each is left out alone
LEAST_ORDER, ORDER, SHAPE_ORDER = 3, 5, 4
LETTERS = 64  # the most frequent symbols, of which one may be missing or wrong in a slip
LARGEST = 2**23  # contexts * V of a model whose slips are looked for
ENTRIES = 2**20  # of a batch: items * letters
EVIDENCE = 0.2  # power of the length by which a mean cost weighs
FROM, TAIL = 0.9, 0.985  # quantiles between which the exponential tail is measured; it begins at the second
HIGHEST = 12.0
SURELY = 6.0  # nats from which on what may be a slip is called one, whatever else is odd about it
TINY = 0.02  # nats
FEWEST = 10
RARELY = 0.1  # share of items up to which a symbol that no other item has is what is odd about them


class Odd(NamedTuple):
    """An item that does not look like the others.

    place    : where it stands in the list, from 0
    score    : how odd, in nats: about one item in e^score of a list like this is so odd; see above
    why      : "symbol": it has symbols that no other item has; "slip": one slip away from what would fit; "shape":
               kinds of symbols where the others have other ones; "length": longer or shorter than the others;
               "unlike": its symbols do not follow one another as the others' do
    logprobs : (T + 1,) of each symbol and of the end, from both sides: the mean of the natural logarithms
    strange  : ids that no other item has
    likelier : for a slip, the likeliest item that it may be a slip of
    in_list  : whether that stands in the list
    met      : for a shape, the place of a symbol or the end whose kind hardly another item has behind the one before
    """

    place: int
    score: float
    why: Why
    logprobs: Float[np.ndarray, " places"]
    strange: tuple[int, ...]
    likelier: tuple[int, ...] | None
    in_list: bool = False
    met: int | None = None


class Listed(NamedTuple):
    """Items as flat ids; see `data.corpus.Split`.

    symbols : that of id 1 first; None: they are not known, and their capitals, digits and keys are not looked at
    """

    ids: UInt[np.ndarray, " N"]
    offsets: Integer[np.ndarray, " items_and_one"]
    vocab_size: int
    symbols: tuple[str, ...] | None = None

    @classmethod
    def of(cls, items: Sequence[Integer[np.ndarray, " _"]], vocab_size: int) -> "Listed":
        """Items given one by one."""
        offsets = np.concatenate([[0], np.cumsum([len(item) + 1 for item in items])])
        ids = np.zeros(offsets[-1] + 1, np.min_scalar_type(vocab_size))
        for item, begin in zip(items, offsets.tolist(), strict=False):
            ids[begin + 1 : begin + 1 + len(item)] = item
        return cls(ids, offsets, vocab_size)

    @classmethod
    def of_corpus(cls, corpus: Corpus) -> "Listed":
        """All items of a list, in its order."""
        whole, places = corpus.split("all"), corpus.places
        symbols = None if corpus.vocab.unit == "word" else tuple(corpus.vocab.symbols)
        listed = cls(whole.ids, whole.offsets, len(corpus.vocab), symbols)
        return listed if places is None else listed.only(places)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Integer[np.ndarray, " items"]:
        """Each item's length in symbols."""
        return np.diff(self.offsets) - 1

    def backwards(self) -> "Listed":
        """Every item from its end to its beginning, the last item first."""
        return Listed(self.ids[::-1], (len(self.ids) - 1 - self.offsets)[::-1], self.vocab_size, self.symbols)

    def only(self, which: Integer[np.ndarray, " some"]) -> "Listed":
        """These items."""
        ids = np.concatenate([self.ids[:1], gather(self.ids, self.offsets, which)])
        return Listed(ids, np.concatenate([[0], np.cumsum(self.lengths[which] + 1)]), self.vocab_size, self.symbols)

    def padded(self, which: Integer[np.ndarray, " some"]) -> Integer[np.ndarray, "some places"]:
        """These items, a row each, 0 after their last symbol."""
        at = self.offsets[which, None] + 1 + np.arange(self.lengths[which].max() + 1)
        return np.where(at < self.offsets[which + 1, None], self.ids.take(at, mode="clip"), 0).astype(np.intp)


def odd_ones(
    listed: Listed, count: int = 20, seed: int = 0, advance: Callable[[int], None] = lambda read: None
) -> list[Odd]:
    """The `count` oddest items of a list, oddest first.

    `seed` deals the folds; `advance` is told how many more of 2 * len(listed) readings are done. Raises ValueError
    where there are too few items to say what is usual, or one of them has no symbols.
    """
    if len(listed) < FEWEST:
        raise ValueError(f"to say what is odd takes at least {FEWEST} items, and here are {len(listed)}")
    if not listed.lengths.all():
        raise ValueError("an item without symbols cannot be judged")
    judged = _judge(listed, seed, advance)
    strange = _strange(listed)
    found = np.argsort(-judged.score, kind="stable")[:count].tolist()
    likelier, ours = _likelier(listed, [i for i in found if judged.why[i] == SLIP and not strange.get(i)], seed)
    met = _met(listed, [i for i in found if ASKED[judged.why[i]] == "shape"])
    return [
        Odd(
            place=i,
            score=float(judged.score[i]),
            why="symbol" if strange.get(i) else ASKED[judged.why[i]],
            logprobs=judged.logprobs[listed.offsets[i] + 1 : listed.offsets[i + 1] + 1],
            strange=strange.get(i, ()),
            likelier=likelier.get(i),
            in_list=i in ours,
            met=met.get(i),
        )
        for i in found
    ]


class _Judged(NamedTuple):
    score: Float[np.ndarray, " items"]
    why: list[int]
    logprobs: Float[np.ndarray, " N"]


def _judge(listed: Listed, seed: int, advance: Callable[[int], None]) -> _Judged:
    forward, backward = np.zeros((2, len(listed.ids)))
    slip, shape = np.zeros((2, len(listed)))
    turned, hand = listed.backwards(), Hand(listed.vocab_size, listed.symbols)
    classes = _in_classes(listed)
    for fold in _folds(len(listed), seed):
        for way, logprobs, which in ((listed, forward, fold), (turned, backward, len(listed) - 1 - fold)):
            counts = _counts_without(way, which)
            tested = way.only(which)
            places = gather(np.arange(len(way.ids), dtype=np.uint64), way.offsets, which)
            logprobs[places] = KneserNey(counts).score(tested.ids, tested.offsets)[1:]
            slip[fold] += _slip_ratio(counts, tested, hand) / 2
            advance(len(which))
        if classes:
            shape[fold] = _cost_of(classes, fold)
    tokens = listed.lengths + 1
    sums = (
        np.add.reduceat(forward[1:], listed.offsets[:-1]) + np.add.reduceat(backward[1:], turned.offsets[:-1])[::-1]
    )
    cost = -sums / 2 / tokens
    cost = (cost - np.median(cost)) * tokens**EVIDENCE
    shape -= np.median(shape / tokens) * tokens
    length = np.abs(np.log(tokens) - np.median(np.log(tokens)))
    asked = np.stack([_rareness(each) for each in (cost, slip, shape, length)]) - BEFOREHAND
    symbols = listed.ids != 0
    forward[symbols] = (forward[symbols] + backward[::-1][symbols]) / 2
    why = np.where(asked[SLIP] >= SURELY, SLIP, asked.argmax(0))
    return _Judged(asked.max(0), why.tolist(), forward)


def _in_classes(listed: Listed) -> Listed | None:
    """The items with the classes of their symbols for symbols; None where that says nothing."""
    if listed.symbols is None:
        return None
    number: dict[str, int] = {}
    class_of = [number.setdefault(symbol_class(symbol), len(number) + 1) for symbol in listed.symbols]
    if not 1 < len(number) < len(listed.symbols):
        return None
    ids = np.array([0, *class_of], np.min_scalar_type(len(number) + 1))[listed.ids]
    return Listed(ids, listed.offsets, len(number) + 1)


def _cost_of(listed: Listed, fold: Integer[np.ndarray, " some"]) -> Float[np.ndarray, " some"]:
    """The nats that these items cost by an n-gram of the others."""
    tested = listed.only(fold)
    model = KneserNey(_counts_without(listed, fold).upto(SHAPE_ORDER))
    return -np.add.reduceat(model.score(tested.ids, tested.offsets)[1:], tested.offsets[:-1])


def _folds(items: int, seed: int) -> list[Integer[np.ndarray, " some"]]:
    dealt = np.random.default_rng(seed).permutation(items)
    return np.array_split(dealt, items if items <= FEW else FOLDS)


def _counts_without(listed: Listed, fold: Integer[np.ndarray, " some"]) -> Counts:
    others = listed.only(np.delete(np.arange(len(listed)), fold))
    return count_ngrams(others.ids, others.offsets, listed.vocab_size, ORDER)


def _slip_ratio(counts: Counts, tested: Listed, hand: Hand) -> Float[np.ndarray, " items"]:
    """log P(x | one slip) - log P(x) of each item; 0 where the list is too large to ask."""
    order = ORDER
    while order > LEAST_ORDER and int(counts.levels[order]) * tested.vocab_size > LARGEST:
        order -= 1
    ratio = np.zeros(len(tested))
    if int(counts.levels[order]) * tested.vocab_size > LARGEST:
        return ratio
    model = KneserNey(counts.upto(order))
    unigrams = slice(counts.levels[1], counts.levels[2])
    frequent = np.argsort(-counts.count[unigrams], kind="stable")
    letters = counts.symbol[unigrams][frequent]
    letters = letters[letters > 0][:LETTERS]
    alike = np.argsort(tested.lengths, kind="stable")
    for rows in np.array_split(alike, -(-len(alike) * max(len(letters), 1) // ENTRIES)):
        read = read_with_slips(model, tested.padded(rows), tested.lengths[rows], letters, hand)
        ratio[rows] = read.slip - read.logprobs.sum(1)
    return ratio


def _shared_by(listed: Listed) -> Integer[np.ndarray, " V"]:
    """How many items have each symbol."""
    item = np.repeat(np.arange(len(listed)), listed.lengths + 1)
    pairs = np.unique(item * listed.vocab_size + listed.ids[1:])
    return np.bincount(pairs % listed.vocab_size, minlength=listed.vocab_size)


def _strange(listed: Listed) -> dict[int, tuple[int, ...]]:
    """The symbols that no other item has, of the items that have some; none where that is usual."""
    alone = np.flatnonzero(_shared_by(listed)[listed.ids] == 1)
    places = np.searchsorted(listed.offsets, alone) - 1
    found: dict[int, tuple[int, ...]] = {}
    for place, i in zip(places.tolist(), listed.ids[alone].tolist(), strict=True):
        if i not in found.get(place, ()):
            found[place] = (*found.get(place, ()), i)
    return found if len(found) <= max(1, RARELY * len(listed)) else {}


def _met(listed: Listed, places: Sequence[int]) -> dict[int, int]:
    """Where in each of these items two kinds of symbols meet that meet in the fewest, if those are few."""
    classes = _in_classes(listed)
    if classes is None or not places:
        return {}
    kinds = classes.vocab_size
    pairs = classes.ids[:-1].astype(np.int64) * kinds + classes.ids[1:]
    item = np.repeat(np.arange(len(classes)), classes.lengths + 1)
    shared = np.bincount(np.unique(item * kinds**2 + pairs) % kinds**2, minlength=kinds**2)
    found = {}
    for i in places:
        own = shared[pairs[classes.offsets[i] : classes.offsets[i + 1]]]
        if own.min() - 1 <= RARELY * len(classes):
            found[i] = int(own.argmin())
    return found


def _likelier(listed: Listed, places: Sequence[int], seed: int) -> tuple[dict[int, tuple[int, ...]], frozenset[int]]:
    """For each of these items the likeliest that it may be a slip of, by the forward model made without it; and those
    items for which this stands in the list. Where some of the list's are one slip away, it is one of them.
    """
    found: dict[int, tuple[int, ...]] = {}
    ours: set[int] = set()
    for fold in _folds(len(listed), seed) if places else []:
        if not (asked := [i for i in places if i in fold]):
            continue
        model = KneserNey(_counts_without(listed, fold))
        for i in asked:
            ways = _ways(listed.ids[listed.offsets[i] + 1 : listed.offsets[i + 1]].tolist(), listed.vocab_size)
            if known := _in_list(listed, ways):
                ours.add(i)
            scores = [score.logprob for score in score_items(model, [np.array(way) for way in known or ways])]
            found[i] = (known or ways)[int(np.argmax(scores))]
    return found, frozenset(ours)


def _in_list(listed: Listed, ways: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Those that are items of the list."""
    wanted = {length: {way for way in ways if len(way) == length} for length in {len(way) for way in ways}}
    known: set[tuple[int, ...]] = set()
    for length, these in wanted.items():
        begins = listed.offsets[:-1][listed.lengths == length].astype(np.int64) + 1
        rows = listed.ids[begins[:, None] + np.arange(length)]
        known |= these.intersection(map(tuple, np.unique(rows, axis=0).tolist())) if len(rows) else set()
    return [way for way in ways if way in known]


def _ways(item: list[int], vocab_size: int) -> list[tuple[int, ...]]:
    """Every item that this one is one slip away from."""
    letters = range(1, vocab_size)
    ways: dict[tuple[int, ...], None] = {}
    for t in range(len(item) + 1):
        before, here, after = item[:t], item[t : t + 1], item[t + 1 :]
        ways |= dict.fromkeys((*before, i, *here, *after) for i in letters)
        if here:
            ways |= dict.fromkeys((*before, i, *after) for i in letters)
            ways |= {(*before, *after): None} if len(item) > 1 else {}
            ways |= {(*before, *after[:1], *here, *after[1:]): None}
    ways.pop(tuple(item), None)
    return list(ways)


def _rareness(values: Float[np.ndarray, " items"]) -> Float[np.ndarray, " items"]:
    """Minus the log of the share of items with at least this value, its tail made exponential; HIGHEST at most."""
    share = 1 - np.searchsorted(np.sort(values), values) / len(values)
    begin, tail = np.quantile(values, [FROM, TAIL])
    rise = np.log((1 - FROM) / (1 - TAIL)) / max(tail - begin, TINY)
    common = np.minimum(-np.log(share), -np.log(1 - TAIL))
    beyond = np.minimum(-np.log(1 - TAIL) + (values - tail) * rise, HIGHEST)
    return np.where(values > tail, beyond, common)

"""Hints: what of a rule the list never shows, and how what was meant may have to be written."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Integer

from moreish.automata import Automaton, TooManyStates
from moreish.data import Corpus, Vocab
from moreish.data.vocab import shown
from moreish.inference.rules import LITERALS, Part, folded, written

MOST_ITEMS, MOST_SYMBOLS = 100_000, 3_000_000  # of the list that are looked at
MOST_SPELLINGS, MOST_NAMED = 3, 3  # in one sentence


class _Looked(NamedTuple):
    """The items that are looked at, in the layout of `data.corpus.Split`; `says` is what to call them."""

    ids: Integer[np.ndarray, " N"]
    offsets: Integer[np.ndarray, " items_and_one"]
    says: str


def hints(parts: Sequence[Part], corpus: Corpus) -> list[str]:
    """A sentence for each symbol that the list never has and for each part that no item of the list obeys.

    At most the first 100,000 items are looked at, and the sentence says so. Of a running text, whose items are its
    parts, only the symbols are looked at.
    """
    looked, said = _look(corpus), []
    for part in parts:
        if part.unlisted:
            said.append(f"{part.written} has {_named(part.unlisted)}, which this list never has")
        if part.kind != "not_in" and not corpus.options.text and not _obeying(part.automaton, looked).any():
            said.append(f"{looked.says} {part.says}{_instead(part, looked, corpus.vocab)}")
    return said


def _look(corpus: Corpus) -> _Looked:
    whole = corpus.split("all")
    count = min(len(whole), MOST_ITEMS, max(1, int(np.searchsorted(whole.offsets, MOST_SYMBOLS, "right")) - 1))
    says = "no item of this list" if count == len(whole) else f"none of the {count:,} items that were looked at"
    return _Looked(whole.ids[: int(whole.offsets[count]) + 1], whole.offsets[: count + 1], says)


def _obeying(automaton: Automaton, looked: _Looked) -> Bool[np.ndarray, " items"]:
    return automaton.accepted(looked.ids, looked.offsets)


def _instead(part: Part, looked: _Looked, vocab: Vocab) -> str:
    """What the list has instead, to be put after the sentence."""
    if part.kind == "length":
        lengths = np.diff(looked.offsets) - 1
        return f": they are {lengths.min():,} to {lengths.max():,} long"
    try:
        relaxed = _obeying(part.relaxed(), looked) if part.relaxed else np.zeros(0, bool)
    except TooManyStates:
        return ""
    if not relaxed.any():
        return ""
    which = np.flatnonzero(relaxed).tolist()
    if part.kind in LITERALS:
        return f"; {_spellings(part, looked, which, vocab)}"
    item = vocab.decode(looked.ids[looked.offsets[which[0]] + 1 : looked.offsets[which[0] + 1]])
    if part.kind == "regex":
        write = written("regex", f"(?i){part.text}")
        return f'; {len(which):,} would if case did not count, such as "{item}": write {write}'
    return f'; {len(which):,} would if case and accents did not count, such as "{item}"'


def _spellings(part: Part, looked: _Looked, which: Sequence[int], vocab: Vocab) -> str:
    """`12 with "Bri": write --starts-with Bri`."""
    fold = folded(vocab)
    sought = fold[vocab.encode(part.text)]
    counts: Counter[str] = Counter()
    for i in which:
        item = looked.ids[looked.offsets[i] + 1 : looked.offsets[i + 1]]
        counts[vocab.decode(_piece(part, item, fold, sought))] += 1
    found = [f'{n:,} with "{piece}"' for piece, n in islice(counts.most_common(), MOST_SPELLINGS)]
    return f"{', '.join(found)}: write {written(part.kind, counts.most_common(1)[0][0])}"


def _piece(
    part: Part, item: Integer[np.ndarray, " T"], fold: Integer[np.ndarray, " V"], sought: Integer[np.ndarray, " n"]
) -> Integer[np.ndarray, " n"]:
    """Where the item has what is sought but for case and accents: that piece of it."""
    n = len(sought)
    match part.kind:
        case "starts_with":
            return item[:n]
        case "ends_with":
            return item[len(item) - n :]
    windows = np.lib.stride_tricks.sliding_window_view(fold[item], n)
    return item[int(np.argmax((windows == sought).all(1))) :][:n]


def _named(symbols: Sequence[str]) -> str:
    names = [shown(symbol) for symbol in symbols[:MOST_NAMED]]
    left = len(symbols) - len(names)
    names += [f"{left:,} more"] * (left > 0)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]

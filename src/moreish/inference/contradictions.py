"""All parts of a rule together; where they contradict one another, which do, why, and what would do instead."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from jaxtyping import Bool

from moreish.automata import DEAD, Automaton, TooManyStates, conjunction, length, meet, without
from moreish.automata.automaton import Before
from moreish.data.vocab import Vocab, shown
from moreish.inference.rules import Kind, Part

MOST_STATES = 200_000
REASONED: tuple[Kind, ...] = ("not_in", "length")  # what contradicts the others for a reason of its own
MOST_NAMED = 3  # symbols or parts in one sentence
DISPENSABLE: tuple[Kind, ...] = ("length", "only", "without", "not_in", "regex", "pattern")  # left out first of all


class Impossible(ValueError):
    """No item does all that was asked for.

    parts : a smallest set of parts that no item does together: each but one of them, some item does
    cure  : the part to leave out so that all others can be had, and a shortest item then; None where none helps alone
    """

    def __init__(self, sentence: str, parts: Sequence[Part], cure: tuple[Part, str] | None) -> None:
        super().__init__(sentence)
        self.parts, self.cure = tuple(parts), cure


def combined(parts: Sequence[Part], vocab: Vocab) -> Automaton:
    """The items that all parts allow, never the empty one.

    Raises Impossible where there is none, and TooManyStates.
    """
    try:
        automaton = _together(parts, vocab)
    except TooManyStates as error:
        largest = sorted(parts, key=lambda part: -len(part.automaton))[:2]
        raise TooManyStates(f"{error} (the largest: {_listed([part.written for part in largest])})") from None
    if automaton.is_empty:
        core = _contradiction(parts, vocab)
        cure = _cure(core, parts, vocab)
        sentence = _why(core, vocab)
        if cure:
            sentence += f'; without {cure[0].written}, "{cure[1]}" would do'
        raise Impossible(sentence, core, cure)
    return automaton


def shortest(automaton: Automaton, vocab: Vocab) -> list[int]:
    """The ids of a shortest item that a trimmed automaton allows, of letters where there is a choice."""
    before = Before(automaton.table)
    left = np.where(automaton.accepts, 0, -1)  # how many symbols are still needed
    fresh = np.flatnonzero(automaton.accepts)
    while len(fresh):
        earlier = before(fresh)
        fresh = earlier[(left[earlier] < 0) & (earlier != DEAD)]
        left[fresh] = left.max() + 1
    best = np.zeros(automaton.table.shape[1], np.int64)  # of each class the symbol to take
    liked = sorted(range(1, len(vocab)), key=lambda i: (vocab.symbols[i - 1].isalpha(), -i))
    best[automaton.classes[liked]] = liked
    rank = np.empty(len(vocab), np.int64)
    rank[[0, *liked]] = np.arange(len(vocab))
    item, state = [], automaton.start
    while left[state]:
        after = automaton.table[state]
        fits = np.flatnonzero((after != DEAD) & (left[after] == left[state] - 1) & (best > 0))
        k = int(fits[np.argmax(rank[best[fits]])])
        item.append(int(best[k]))
        state = int(after[k])
    return item


def longest(automaton: Automaton) -> int | None:
    """How many symbols the longest item of a trimmed automaton has; None where there is no longest."""
    states, n = np.array([automaton.start]), -1
    while len(states):
        if (n := n + 1) > len(automaton):
            return None
        states = np.unique(automaton.table[states])
        states = states[states != DEAD]
    return n


def _together(parts: Sequence[Part], vocab: Vocab) -> Automaton:
    each = [length(1, None, len(vocab)), *(part.automaton for part in parts)]
    return conjunction(each, len(vocab), MOST_STATES)


def _possible(parts: Sequence[Part], vocab: Vocab) -> bool:
    """Whether some item does all of these, or it would take too long to say."""
    *most, largest = sorted(parts, key=lambda part: len(part.automaton))
    try:
        return meet(_together(most, vocab), largest.automaton)
    except TooManyStates:
        return True


def _contradiction(parts: Sequence[Part], vocab: Vocab) -> list[Part]:
    """Some that cannot be had together, though all but any one of them can: one or two, else by leaving out."""
    for few in (1, 2):
        for some in combinations(sorted(parts, key=lambda part: len(part.automaton)), few):
            if not _possible(some, vocab):
                return [part for part in parts if part in some]
    core = [*parts]
    for part in sorted(parts, key=lambda part: -len(part.automaton)):
        rest = [other for other in core if other is not part]
        if not _possible(rest, vocab):
            core = rest
    return core


def _cure(core: Sequence[Part], parts: Sequence[Part], vocab: Vocab) -> tuple[Part, str] | None:
    cures = []
    for part in core if len(parts) > 1 else ():
        rest = [other for other in parts if other is not part]
        if _possible(rest, vocab) and (item := _example(rest, vocab)):
            rank = DISPENSABLE.index(part.kind) if part.kind in DISPENSABLE else len(DISPENSABLE)
            cures.append((rank, len(item), part, vocab.decode(item)))
    return min(cures, key=lambda cure: cure[:2])[2:] if cures else None


def _example(parts: Sequence[Part], vocab: Vocab) -> list[int]:
    """A shortest item that does all of these; none where that would take too long to find."""
    try:
        return shortest(_together(parts, vocab), vocab)
    except TooManyStates:
        return []


def _why(core: Sequence[Part], vocab: Vocab) -> str:
    """Which parts contradict one another, and why where that can be said."""
    if len(core) == 1:
        return _alone(core[0], vocab)
    for sentence in _reasons(core, vocab):
        return sentence
    does = [part.says for part in core]
    names = _listed([part.written for part in core])
    return f"{names} contradict one another: no item that {_listed(does[:-1])} also {does[-1]}"


def _alone(part: Part, vocab: Vocab) -> str:
    if part.kind == "length":
        return f"{part.written} allows the empty item alone, and every item has at least one symbol"
    if part.unlisted:
        names = _listed([shown(symbol) for symbol in part.unlisted[:MOST_NAMED]])
        near = list(dict.fromkeys(n for symbol in part.unlisted[:MOST_NAMED] for n in vocab.nearest(symbol)))
        hint = f" Nearest: {', '.join(shown(symbol) for symbol in near[:MOST_NAMED])}." if near else ""
        return f"{part.written} allows no item: this list never has {names}.{hint} Its symbols: {vocab.describe()}"
    return f"{part.written} allows no item that can be written with the symbols of this list: {vocab.describe()}"


def _reasons(core: Sequence[Part], vocab: Vocab) -> Iterator[str]:
    """The first is the best."""
    for part in sorted(core, key=lambda part: REASONED.index(part.kind) if part.kind in REASONED else len(REASONED)):
        others = [other for other in core if other is not part]
        what = _listed([other.says for other in others])
        if part.kind == "not_in":
            yield f"{part.written} has every item that {what}"
        rest = _together(others, vocab)
        if part.kind == "length":
            yield from _of_length(part, rest, f"what {what}", vocab)
        if needed := [i for i in _needed(rest, vocab) if not _used(part.automaton)[i]]:
            names = _listed([shown(vocab.symbols[i - 1]) for i in needed[:MOST_NAMED]])
            yield f"{part.written} leaves out {names}, and what {what} needs {'them' if len(needed) > 1 else 'it'}"
    if len(core) == 2:
        yield from _parting(core[0], core[1], vocab)


def _of_length(part: Part, rest: Automaton, what: str, vocab: Vocab) -> Iterator[str]:
    least, most = len(shortest(rest, vocab)), longest(rest)
    allowed, at_most = len(shortest(part.automaton, vocab)), longest(part.automaton)
    if at_most is not None and least > at_most:
        yield f"{part.written} leaves no room for {what}: the shortest has {_many(least, vocab)}"
    elif most is not None and most < allowed:
        yield f"{part.written} is more than {what} can have: the longest has {_many(most, vocab)}"
    else:
        yield f"{part.written} fits no length of {what}"


def _needed(automaton: Automaton, vocab: Vocab) -> list[int]:
    """The ids that every item has: those of one item, without which there is none."""
    candidates = dict.fromkeys(shortest(automaton, vocab))
    return [i for i in candidates if (automaton & without([i], len(vocab))).is_empty]


def _used(automaton: Automaton) -> Bool[np.ndarray, " V"]:
    """Which ids some item of a trimmed automaton has."""
    return (automaton.table != DEAD).any(0)[automaton.classes]


def _parting(one: Part, other: Part, vocab: Vocab) -> Iterator[str]:
    """Where two part: at the end, or after a beginning that both demand."""
    symbol = "word" if vocab.unit == "word" else "symbol"
    ends = [_last(part.automaton) for part in (one, other)]
    if not (ends[0] & ends[1]).any():
        yield from _said(one, other, ends[0], ends[1], f"as the last {symbol}", vocab)
    states, begun = [one.automaton.start, other.automaton.start], []
    for _ in range(len(one.automaton) + len(other.automaton)):
        left, right = (part.automaton.allowed(np.array([s]))[0] for part, s in zip((one, other), states, strict=True))
        both = np.flatnonzero(left & right)
        if not len(both):
            where = f'after "{vocab.decode(begun)}"' if begun else f"as the first {symbol}"
            yield from _said(one, other, left, right, where, vocab)
        if len(both) != 1:
            return
        begun.append(int(both[0]))
        states = [
            int(part.automaton.table[s, part.automaton.classes[begun[-1]]])
            for part, s in zip((one, other), states, strict=True)
        ]


def _last(automaton: Automaton) -> Bool[np.ndarray, " V"]:
    found = automaton.accepts[automaton.table].max(0)[automaton.classes]
    found[0] = False
    return found


def _said(
    one: Part,
    other: Part,
    left: Bool[np.ndarray, " V"],
    right: Bool[np.ndarray, " V"],
    where: str,
    vocab: Vocab,
) -> Iterator[str]:
    """A sentence where one of the two names few symbols there; id 0 is the end."""
    if right.sum() < left.sum():
        one, other, left, right = other, one, right, left
    if left.sum() <= MOST_NAMED:
        names = [shown(vocab.symbols[i - 1]) for i in np.flatnonzero(left).tolist() if i]
        does = [*([f"needs {_listed(names, 'or')}"] if names else []), *(["ends"] if left[0] else [])]
        yield f"{one.written} {_listed(does, 'or')} {where}, and {other.written} does not allow that"


def _many(n: int, vocab: Vocab) -> str:
    return f"{n:,} {'word' if vocab.unit == 'word' else 'symbol'}{'s' * (n != 1)}"


def _listed(names: Sequence[str], word: str = "and") -> str:
    return f" {word} ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]

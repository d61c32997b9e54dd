"""Items under a rule: drawn from the conditional distribution, beside drawing freely and keeping what obeys.

    python -m benchmarks.conditional

Rules on names.txt (through MOREISH_DATA; the bundled names without it), order 5. Building the lookahead is part of
every time. Rejection is measured on free draws of the same model by the same code and extrapolated: what 1,000 items
would take where one in so many obeys.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.measure import Row, names_file, race, seconds
from moreish.automata import Automaton, conjunction, everything
from moreish.data import Corpus, read
from moreish.inference.conditional import draw
from moreish.inference.excluding import Excluding
from moreish.inference.lookahead import Lookahead
from moreish.inference.sample import sample
from moreish.ngram import KneserNey

ITEMS = 1_000
FREE = 100_000
ANY = -1  # a hole for any one symbol


class Rule(NamedTuple):
    """A rule as a person would say it, and as an automaton."""

    name: str
    automaton: Automaton


def matching(parts: Sequence[Sequence[int]], V: int, free_start: bool = True, free_end: bool = True) -> Automaton:
    """Items that hold these runs of symbols and holes one after the other, with anything between and around them."""
    pattern: list[int | None] = [None] if free_start else []  # None: any number of symbols
    for part in parts:
        pattern += [*part, None]
    pattern = pattern if free_end else pattern[:-1]
    start = _closed({0}, pattern)
    number, order, rows = {start: 1}, [start], [[0] * V]
    for places in order:
        row = [0] * V
        for i in range(1, V):
            read = {p if pattern[p] is None else p + 1 for p in places if _reads(pattern, p, i)}
            after = _closed(read, pattern)
            if after and after not in number:
                number[after] = len(order) + 1
                order.append(after)
            row[i] = number.get(after, 0)
        rows.append(row)
    accepts = np.array([False, *(len(pattern) in places for places in order)])
    return Automaton(np.arange(V), np.array(rows), accepts).trimmed()


def _reads(pattern: Sequence[int | None], place: int, symbol: int) -> bool:
    return place < len(pattern) and pattern[place] in (None, ANY, symbol)


def _closed(places: set[int], pattern: Sequence[int | None]) -> frozenset[int]:
    """These places and those that can be gone on to without a symbol."""
    found, queue = set(places), list(places)
    for place in queue:
        if place < len(pattern) and pattern[place] is None and place + 1 not in found:
            found.add(place + 1)
            queue.append(place + 1)
    return frozenset(found)


def of_length(low: int, high: int, V: int) -> Automaton:
    """Items of low to high symbols."""
    length = np.arange(-1, high + 1)
    table = np.where((length >= 0) & (length < high), length + 2, 0)[:, None]
    return Automaton(np.zeros(V, np.int64), table, length >= low)


def rules(corpus: Corpus) -> list[Rule]:
    """What people ask for, from what every second item obeys to what one in many millions does."""
    V = len(corpus.vocab)

    def ids(text: str) -> list[int]:
        found = corpus.vocab.lookup(text)
        assert found is not None
        return found.tolist()

    def pattern(text: str) -> Automaton:
        return matching([[ANY if c == "_" else ids(c)[0] for c in part] for part in text.split("*")], V, False, False)

    starts, ends = matching([ids("br")], V, free_start=False), matching([ids("ia")], V, free_end=False)
    return [
        Rule("5 to 7 letters", of_length(5, 7, V)),
        Rule('no "e" and no "a"', conjunction([~matching([ids("e")], V), ~matching([ids("a")], V)], V)),
        Rule('starts with "br"', starts),
        Rule('"ka__a*"', pattern("ka__a*")),
        Rule('starts "br", ends "ia", 6 to 9', conjunction([starts, ends, of_length(6, 9, V)], V)),
        Rule('contains "xyz"', matching([ids("xyz")], V)),
        Rule('contains "q", "x" and "z"', conjunction([matching([ids(c)], V) for c in "qxz"], V)),
        Rule('contains "xyz", ends "ia"', matching([ids("xyz")], V) & ends),
        Rule('"q_x*z_k"', pattern("q_x*z_k")),
    ]


def random_rules(corpus: Corpus, count: int = 200) -> tuple[int, int]:
    """Of 20 items for each of so many rules made of pieces of the list, judged as text: how many obey, how many."""
    split, vocab, rng = corpus.split("all"), corpus.vocab, np.random.default_rng(0)
    V, obeying = len(vocab), 0
    model = KneserNey.fit(split.ids, split.offsets, V, 5)
    for _ in range(count):
        one, two = (split.symbols(int(i)).tolist() for i in rng.integers(0, len(split), 2))
        start, inside, end = (
            one[: rng.integers(0, 3)],
            two[1 : 1 + rng.integers(0, 3)],
            one[-int(rng.integers(1, 3)) :],
        )
        low = len(start + inside + end) + int(rng.integers(0, 4))
        parts = [matching([start], V, free_start=False), matching([inside], V), matching([end], V, free_end=False)]
        drawn = draw(Lookahead(model, conjunction([*parts, of_length(low, low + 3, V)], V)), 20, rng)
        for i in range(len(drawn)):
            text, pieces = vocab.decode(drawn.item(i)), [vocab.decode(np.array(p)) for p in (start, inside, end)]
            fits = text.startswith(pieces[0]) and pieces[1] in text and text.endswith(pieces[2])
            obeying += bool(fits and low <= len(drawn.item(i)) <= low + 3 and drawn.ended[i])
    return obeying, 20 * count


def rows(only: str = "") -> Iterable[Row]:
    """All rows; `only`: those whose name holds this word."""
    corpus = read(str(names_file() or "names"))
    split = corpus.split("all")
    V = len(corpus.vocab)
    model = KneserNey.fit(split.ids, split.offsets, V, 5)
    free = Lookahead(model, everything(V))

    def ours(automaton: Automaton) -> None:
        drawn = draw(Lookahead(model, automaton), ITEMS, np.random.default_rng(0))
        assert automaton.accepted(drawn.ids, drawn.offsets).all()

    def rejection(automaton: Automaton) -> None:
        drawn = draw(free, FREE, np.random.default_rng(0))
        automaton.accepted(drawn.ids, drawn.offsets)

    for rule in rules(corpus):
        p = Lookahead(model, rule.automaton).probability
        name = f"1,000 items: {rule.name}, 1 in {1 / p:,.3g}"
        if only in name:
            took, theirs = race(lambda a=rule.automaton: ours(a), lambda a=rule.automaton: rejection(a), 3)
            theirs *= ITEMS / p / FREE
            yield Row(name, f"{took:.3f} s", f"rejection {theirs:,.3g} s", theirs / took, "< 2 s")
    name = "200 random rules on each of names, towns and Hindi words"
    if only in name:
        obeying = [sum(each) for each in zip(*map(random_rules, (corpus, read("towns"), read("hindi"))), strict=True)]
        yield Row(name, "{:,} of {:,} obey".format(*obeying), target="all")
    name = "100,000 items, none of the list"
    if only in name:
        took, theirs = race(
            lambda: draw(Excluding(free, split.ids, split.offsets), FREE, np.random.default_rng(0)),
            lambda: sample(model, FREE, np.random.default_rng(0)),
            3,
        )
        left = Excluding(free, split.ids, split.offsets).probability
        yield Row(name, f"{FREE / took:,.0f}/s", f"free, kept {left * FREE / theirs:,.0f}/s", theirs / left / took)
    name = "1,000,000 excluded items"
    if only in name:
        known = draw(free, 1_000_000, np.random.default_rng(1))
        took = seconds(lambda: Excluding(free, known.ids, known.offsets))
        yield Row(name, f"{took:.2f} s")


if __name__ == "__main__":
    for line in rows():
        print(line.line(), flush=True)

"""Rules: what a person may ask of every item, and each part of it as an automaton over the vocabulary.

Several together: `contradictions.combined`. What the list never shows of them: `hints.hints`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Integer

from moreish.automata import Automaton, Hole, holes, length, none_of, only, pattern, without
from moreish.automata import contains as contains_ids
from moreish.automata import ends_with as ends_with_ids
from moreish.automata import starts_with as starts_with_ids
from moreish.automata.pattern import unlisted
from moreish.data import symbols as symbols_of
from moreish.data.vocab import Vocab
from moreish.options import option
from moreish.wording import called

Kind = Literal["starts_with", "ends_with", "contains", "length", "pattern", "regex", "only", "without", "not_in"]
Literals = Callable[[Sequence[int], int], Automaton]

LITERALS: dict[Kind, tuple[Literals, str, str]] = {  # rule: (its automaton, what the text is, what it says)
    "starts_with": (starts_with_ids, "the prefix", "begins with {}"),
    "ends_with": (ends_with_ids, "the ending", "ends with {}"),
    "contains": (contains_ids, "the text", "has {} in it"),
}
LONGEST = 10_000  # symbols of an item that a rule may ask for
ACCENTS = re.compile("[\u0300-\u036f]")


class Span(NamedTuple):
    """A range of lengths in symbols; `longest` None: no limit."""

    shortest: int
    longest: int | None

    def describe(self, unit: str) -> str:
        """`is 4 to 8 symbols long`; `unit` is one of what is counted."""
        many = f"{unit}s"
        match self:
            case (low, None):
                return f"is at least {low:,} {unit if low == 1 else many} long"
            case (low, high) if low == high:
                return f"is {low:,} {unit if low == 1 else many} long"
            case (0 | 1, high):
                return f"is at most {high:,} {unit if high == 1 else many} long"
            case (low, high):
                return f"is {low:,} to {high:,} {many} long"


def parse_length(text: str) -> Span:
    """`4-8`, `6`, `4-` or `-8`. Raises ValueError for anything else."""
    found = re.fullmatch(r"\s*(\d{1,9})?\s*([-–])?\s*(\d{1,9})?\s*", text)
    low, dash, high = found.groups() if found else (None, None, None)
    if (low is None and high is None) or (dash is None and high is not None):
        raise ValueError(f'the length "{text}" is none of 4-8, 6, 4- and -8')
    span = Span(int(low or 0), int(high) if high is not None else None if dash else int(low or 0))
    if span.longest is not None and span.longest < span.shortest:
        raise ValueError(f'the length "{text}" ends before it begins')
    if max(span.shortest, span.longest or 0) > LONGEST:
        raise ValueError(f'the length "{text}" is too much: at most {LONGEST:,} symbols can be asked for')
    return span


@dataclass(frozen=True)
class Part:
    """One thing that was asked for. The empty item, which nobody wants, is never allowed.

    written  : as on the command line, `--starts-with bri`
    says     : in plain words, `begins with "bri"`: what follows "an item that"
    text     : what was asked for, in the list's normal form
    unlisted : what it names that the list never has
    relaxed  : makes the same rule for which case and accents do not count; None where they say nothing
    """

    kind: Kind
    written: str
    says: str
    text: str
    automaton: Automaton
    unlisted: tuple[str, ...] = ()
    relaxed: Callable[[], Automaton] | None = None


@dataclass(frozen=True)
class Rules:
    """What every item must do; all of it together. Raises ValueError for a length that is none."""

    starts_with: str = option("", "how every item begins")
    ends_with: str = option("", "how every item ends")
    contains: tuple[str, ...] = option((), "what every item has in it")
    length: str = option("", "how many symbols every item has: 4-8, 6, 4- or -8")
    pattern: str = option("", "what every item looks like: _ or ? is one symbol, * any number; a backslash escapes")
    regex: str = option("", "a regular expression that matches every item as a whole")
    only: str = option("", "the symbols that may occur, such as a-z'")
    without: str = option("", "symbols that must not occur")
    not_in: tuple[str, ...] = option((), "items that must not come")

    def __post_init__(self) -> None:
        _ = self.span

    @cached_property
    def span(self) -> Span | None:
        """What `length` says."""
        return parse_length(self.length) if self.length else None

    def parts(self, vocab: Vocab) -> list[Part]:
        """Each thing that is asked for, over the symbols of a list and in its normal form.

        Raises ValueError where a text has a symbol that the list never has, where a pattern cannot be read, and
        TooManyStates.
        """
        return [_never_empty(part, len(vocab)) for part in self._parts(vocab)]

    def _parts(self, vocab: Vocab) -> Iterator[Part]:
        listed = replace(vocab, unknown=False)  # what is asked for is never <unk>
        texts: list[tuple[Kind, str]] = [("starts_with", self.starts_with), ("ends_with", self.ends_with)]
        for kind, text in [*texts, *(("contains", each) for each in self.contains)]:
            if text:
                yield _literal(kind, text, listed)
        if self.span is not None:
            says = self.span.describe("word" if vocab.unit == "word" else "symbol")
            automaton = length(*self.span, len(vocab))
            yield Part("length", written("length", self.length), says, self.length, automaton)
        if self.pattern:
            yield _holes(self.pattern, listed)
        if self.regex:
            yield _regex(self.regex, vocab)
        if self.only:
            yield _letters("only", self.only, vocab)
        if self.without:
            yield _letters("without", self.without, vocab)
        if self.not_in:
            yield _not_in(self.not_in, listed)


def written(kind: Kind, text: str) -> str:
    """As it is written where it is read: `--starts-with bri` in a terminal."""
    return called(kind, text)


def folded(vocab: Vocab) -> Integer[np.ndarray, " V"]:
    """For each id the first one whose symbol differs from its own by case and accents alone."""
    first: dict[str, int] = {}
    plain = (ACCENTS.sub("", symbols_of.normalize("NFKD", symbol)).casefold() for symbol in vocab.symbols)
    return np.array([0, *(first.setdefault(each, i) for i, each in enumerate(plain, start=1))])


def _never_empty(part: Part, vocab_size: int) -> Part:
    if not part.automaton.accepts[part.automaton.start]:
        return part
    return replace(part, automaton=part.automaton & length(1, None, vocab_size))


def _as_folded(automaton: Automaton, fold: Integer[np.ndarray, " V"]) -> Automaton:
    """The same where each id counts as that which it is folded to."""
    return Automaton(automaton.classes[fold], automaton.table, automaton.accepts, automaton.start)


def _literal(kind: Kind, text: str, vocab: Vocab) -> Part:
    make, what, says = LITERALS[kind]
    ids = vocab.encode(text, what).tolist()
    text = vocab.decode(ids)

    def relaxed() -> Automaton:
        fold = folded(vocab)
        return _as_folded(make(fold[ids].tolist(), len(vocab)), fold)

    return Part(kind, written(kind, text), says.format(f'"{text}"'), text, make(ids, len(vocab)), relaxed=relaxed)


def _holes(text: str, vocab: Vocab) -> Part:
    pieces = [*_pieces(vocab.normal(text), vocab)]

    def relaxed() -> Automaton:
        fold = folded(vocab)
        looser = [piece if isinstance(piece, Hole) else int(fold[piece]) for piece in pieces]
        return _as_folded(holes(looser, len(vocab)), fold)

    says = f'looks like "{text}"'
    return Part("pattern", written("pattern", text), says, text, holes(pieces, len(vocab)), relaxed=relaxed)


def _pieces(text: str, vocab: Vocab) -> Iterator[int | Hole]:
    """The ids and holes of a pattern. Raises ValueError for a symbol that the list never has."""
    for token in text.split() if vocab.unit == "word" else [text]:
        parts = re.findall(r"(?:\\.|[^_?*\\]|\\\Z)+|[_?*]", token, re.DOTALL)
        if vocab.unit == "word" and len(parts) > 1:
            raise ValueError(
                f'the pattern "{text}" has a hole within "{token}": here a hole is a word, between blanks'
            )
        for part in parts:
            if part in ("_", "?"):
                yield Hole.ONE
            elif part == "*":
                yield Hole.ANY
            else:
                yield from vocab.encode(
                    re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL), "the pattern's piece"
                ).tolist()


def _regex(text: str, vocab: Vocab) -> Part:
    normal = text if vocab.normalise == "none" else symbols_of.normalize(vocab.normalise, text)
    how = (vocab.symbols, " " if vocab.unit == "word" else "")
    automaton = pattern(normal, *how, ignore_case=vocab.lower)

    def relaxed() -> Automaton:
        return pattern(normal, *how, ignore_case=True)

    never = unlisted(normal, vocab.symbols, vocab.lower)
    if vocab.unit == "word":
        never = [c for c in never if c != " "]
    says = f'matches the regular expression "{normal}"'
    return Part("regex", written("regex", text), says, normal, automaton, tuple(never), relaxed)


def _letters(kind: Literal["only", "without"], text: str, vocab: Vocab) -> Part:
    listed, never = _set_of(text, vocab)
    make = only if kind == "only" else without

    def relaxed() -> Automaton:
        fold = folded(vocab)
        return make(np.flatnonzero(np.isin(fold, fold[np.array(listed, int)])).tolist(), len(vocab))

    text = vocab.normal(text)
    says = f'is made of "{text}" alone' if kind == "only" else f'is free of "{text}"'
    automaton = make(listed, len(vocab))
    return Part(kind, written(kind, text), says, text, automaton, tuple(never), relaxed if kind == "only" else None)


def _set_of(text: str, vocab: Vocab) -> tuple[list[int], list[str]]:
    """(the ids of the symbols that a text lists, those that the list never has); `a-f` between two is a range."""
    wanted, never = list(vocab.split(text)), []
    ids: list[int] = []
    while wanted:
        symbol = wanted.pop(0)
        if vocab.unit != "word" and len(wanted) > 1 and wanted[0] == "-":
            _, last = wanted.pop(0), wanted.pop(0)
            if not len(symbol) == len(last) == 1 or last < symbol:
                raise ValueError(f'"{symbol}-{last}" is no range of symbols; a - itself stands first or last')
            found = [i for s, i in vocab.ids.items() if len(s) == 1 and symbol <= s <= last]
            symbol = f"{symbol}-{last}"
        else:
            found = [vocab.ids[symbol]] if symbol in vocab.ids else []
        ids += found
        never += [symbol] * (not found)
    return ids, never


def _not_in(items: Sequence[str], vocab: Vocab) -> Part:
    """Items with a symbol that the list never has cannot come anyway."""
    found = (vocab.lookup(symbols_of.trim(item, vocab.unit)) for item in items)
    automaton = none_of([(), *(ids for ids in found if ids is not None)], len(vocab))
    says = f"is none of the {len(items):,} items to avoid" if len(items) > 1 else f'is not "{items[0]}"'
    return Part("not_in", called("not_in"), says, "", automaton)

r"""Regular expressions and patterns with holes, as automata.

A regular expression is read by Python's own parser, and `re` itself decides which characters are in each of its sets
(`\w`, `[a-f]`, `(?i)k`, `.`), so that everything means what it means to `re.fullmatch`. Both are private to Python:
tests/automata/test_pattern.py holds what is relied on.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from enum import Enum
from re import _compiler, _constants, _parser  # pyright: ignore[reportAttributeAccessIssue]

import numpy as np
from jaxtyping import Bool, Integer

from moreish.automata.automaton import DEAD, MOST_CELLS, Automaton, TooManyStates
from moreish.automata.nfa import START, Nfa

KINDS_OF_LETTERS = int(re.ASCII | re.LOCALE | re.UNICODE)
LONGEST_SHOWN = 80  # characters of an expression in a sentence

REFUSED = {
    "ASSERT": "a lookahead or lookbehind, (?=...) or (?<=...)",
    "ASSERT_NOT": "a negative lookahead or lookbehind, (?!...) or (?<!...)",
    "FAILURE": "a negative lookahead, (?!)",
    "GROUPREF": r"a backreference such as \1",
    "GROUPREF_EXISTS": "a condition on a group, (?(1)...)",
    "ATOMIC_GROUP": "an atomic group, (?>...)",
    "POSSESSIVE_REPEAT": "a possessive repeat such as a++",
    "AT_BOUNDARY": r"a word boundary, \b",
    "AT_NON_BOUNDARY": r"a word boundary, \B",
    "AT_BEGINNING": "^ within it (it may only begin with one)",
    "AT_BEGINNING_STRING": r"\A within it (it may only begin with one)",
    "AT_END": "$ within it (it may only end with one)",
    "AT_END_STRING": r"\Z within it (it may only end with one)",
}
BEGINS, ENDS = ("AT_BEGINNING", "AT_BEGINNING_STRING"), ("AT_END", "AT_END_STRING")

Node = tuple[object, object]  # of Python's parser: what it is, and its arguments


class Hole(Enum):
    """What may stand at a place of a pattern that names no symbol."""

    ONE = "one symbol"
    ANY = "any number of symbols"


def holes(pieces: Sequence[int | Hole], vocab_size: int) -> Automaton:
    """Items that are these pieces one after the other; a piece is an id or a hole; -1 is an id that nothing has.

    Raises TooManyStates.
    """
    nfa, state = Nfa(vocab_size, "the pattern"), START
    symbols = np.arange(vocab_size)
    for piece in pieces:
        if piece is Hole.ANY:
            nfa.free(nfa.arc(state, symbols > 0), state)
        else:
            state = nfa.arc(state, symbols > 0 if piece is Hole.ONE else symbols == piece)
    return nfa.deterministic(state)


def pattern(text: str, symbols: Sequence[str], between: str = "", ignore_case: bool = False) -> Automaton:
    """Items whose text the regular expression matches as a whole. `symbols[i]` has id i + 1.

    A symbol of several characters walks the expression character by character; `between` stands between two symbols,
    but not beside an LF (see `data.symbols.join`).

    Raises ValueError for what is no regular expression or cannot be an automaton (lookarounds, backreferences,
    anchors within it), TooManyStates for what is too large.
    """
    alphabet = "".join(sorted({c for symbol in (*symbols, between) for c in symbol}))
    reader = _Reader(text, alphabet, ignore_case)
    characters = reader.automaton()
    codes = {c: int(k) for c, k in zip(alphabet, characters.classes[1:], strict=True)}
    if not between and all(len(symbol) == 1 for symbol in symbols):
        classes = np.array([0, *(codes[symbol] for symbol in symbols)])
        return Automaton(classes, characters.table, characters.accepts, characters.start)
    walked = _walked(characters, [[codes[c] for c in symbol] for symbol in symbols], reader.what)
    return _spaced(walked, symbols, characters, [codes[c] for c in between]) if between else walked.trimmed()


def unlisted(text: str, symbols: Sequence[str], ignore_case: bool = False) -> list[str]:
    """The characters that a regular expression names one by one and that no symbol has. Raises ValueError."""
    reader = _Reader(text, "".join(sorted({c for symbol in symbols for c in symbol})), ignore_case)
    return list(dict.fromkeys(reader.unlisted([*reader.tree], reader.flags)))


class _Reader:
    """One regular expression over the characters of `alphabet`; number 0 is none of them."""

    def __init__(self, text: str, alphabet: str, ignore_case: bool) -> None:
        self.what = f'the regular expression "{text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."}"'
        self._alphabet = alphabet
        self._found: dict[tuple[str, int], Bool[np.ndarray, " characters"]] = {}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what may mean something else in a later Python
                self.tree = _parser.parse(text, re.IGNORECASE if ignore_case else 0)
        except (re.error, OverflowError) as error:
            raise ValueError(f"{self.what} cannot be read: {error}") from None
        except RecursionError:
            raise ValueError(f"{self.what} cannot be read: too many brackets within one another") from None
        self.flags = int(self.tree.state.flags)

    def automaton(self) -> Automaton:
        """Over the characters' numbers."""
        self._nfa = Nfa(len(self._alphabet) + 1, self.what)
        try:
            return self._nfa.deterministic(self._sequence([*self.tree], self.flags, START, True, True))
        except RecursionError:
            raise ValueError(f"{self.what} cannot be read: too many brackets within one another") from None

    def _sequence(self, nodes: Sequence[Node], flags: int, state: int, first: bool, last: bool) -> int:
        """The state after these nodes one after the other; `first`, `last`: nothing stands before, after them."""
        names = [str(args) if str(op) == "AT" else "" for op, args in nodes]
        begins = next((i for i, name in enumerate(names) if name not in BEGINS), len(names))
        ends = next((i for i, name in enumerate(reversed(names)) if name not in ENDS), len(names))
        for i, node in enumerate(nodes):
            state = self._node(node, flags, state, first and i <= begins, last and i >= len(names) - 1 - ends)
        return state

    def _node(self, node: Node, flags: int, state: int, first: bool, last: bool) -> int:
        match str(node[0]), node[1]:
            case (("LITERAL" | "NOT_LITERAL" | "ANY" | "IN"), _):
                return self._nfa.arc(state, self._characters(node, flags))
            case "SUBPATTERN", (_, int(added), int(taken), inner):
                return self._sequence([*inner], _within_group(flags, added, taken), state, first, last)
            case "BRANCH", (_, branches):
                ends = [self._sequence([*branch], flags, self._after(state), first, last) for branch in branches]
                return self._after(*ends)
            case (("MAX_REPEAT" | "MIN_REPEAT"), (low, high, inner)):
                edge = (first, last) if high == 1 else (False, False)
                return self._repeated([*inner], flags, state, int(low), high, edge)
            case "AT", where if str(where) in BEGINS and first:
                return state
            case "AT", where if str(where) in ENDS and last:
                return state
            case name, where:
                why = REFUSED.get(str(where) if name == "AT" else name, name)
                raise ValueError(f"{self.what} has {why}: no rule can be made of that")

    def _repeated(
        self, inner: Sequence[Node], flags: int, state: int, low: int, high: object, edge: tuple[bool, bool]
    ) -> int:
        for _ in range(low):
            state = self._after(self._sequence(inner, flags, state, *edge))
        if high is _constants.MAXREPEAT:
            again = self._after(state)
            self._nfa.free(self._sequence(inner, flags, again, *edge), again)
            return self._after(again)
        skipped = [state]
        for _ in range(low, int(str(high))):
            skipped.append(self._after(self._sequence(inner, flags, skipped[-1], *edge)))
        return self._after(*skipped)

    def _after(self, *states: int) -> int:
        """A new state to which all of these go freely."""
        new = self._nfa.state()
        for state in states:
            self._nfa.free(state, new)
        return new

    def _characters(self, node: Node, flags: int) -> Bool[np.ndarray, " characters"]:
        """Which characters this node matches, asked of `re`."""
        key = repr(node), flags
        if key not in self._found:
            state = _parser.State()
            state.flags = flags
            matched = np.zeros(len(self._alphabet) + 1, bool)
            one = _compiler.compile(_parser.SubPattern(state, [node]))
            matched[[1 + found.start() for found in one.finditer(self._alphabet)]] = True
            self._found[key] = matched
        return self._found[key]

    def unlisted(self, nodes: Sequence[Node], flags: int) -> Iterator[str]:
        """The characters named one by one that match none of the alphabet."""
        for node in nodes:
            match str(node[0]), node[1]:
                case "LITERAL", int(code):
                    if not self._characters(node, flags).any():
                        yield chr(code)
                case "IN", [(op, _), *_] as members if str(op) != "NEGATE":
                    yield from self.unlisted(members, flags)
                case "SUBPATTERN", (_, int(added), int(taken), inner):
                    yield from self.unlisted([*inner], _within_group(flags, added, taken))
                case "BRANCH", (_, branches):
                    for branch in branches:
                        yield from self.unlisted([*branch], flags)
                case (("MAX_REPEAT" | "MIN_REPEAT"), (_, _, inner)):
                    yield from self.unlisted([*inner], flags)


def _within_group(flags: int, added: int, taken: int) -> int:
    """The flags within `(?a-i:...)`; ASCII and UNICODE exclude each other."""
    return ((flags & ~KINDS_OF_LETTERS if added & KINDS_OF_LETTERS else flags) | added) & ~taken


def _walked(characters: Automaton, words: Sequence[Sequence[int]], what: str) -> Automaton:
    """The automaton over characters as one over symbols, each of which is a row of classes of characters."""
    number: dict[tuple[int, ...], int] = {}
    classes = np.array([0, *(number.setdefault(tuple(word), len(number)) for word in words)])
    if len(characters) * len(number) > MOST_CELLS:
        raise TooManyStates(f"{what} tells too many of the list's symbols apart: make it simpler")
    table = np.zeros((len(characters), max(len(number), 1)), np.int64)
    for word, k in number.items():
        table[:, k] = _after_all(characters, word)
    return Automaton(classes, table, characters.accepts, characters.start)


def _after_all(characters: Automaton, word: Sequence[int]) -> Integer[np.ndarray, " S"]:
    """The state after this row of classes, for every state before it."""
    states = np.arange(len(characters))
    for k in word:
        states = characters.table[states, k]
    return states


def _spaced(walked: Automaton, symbols: Sequence[str], characters: Automaton, between: Sequence[int]) -> Automaton:
    """The same where `between` is walked too, before each symbol but the first of a line and the end of a line.

    State s of `walked` is s at the beginning of a line and s + n within one.
    """
    n, k = walked.table.shape
    lf = np.array([False, *(symbol == "\n" for symbol in symbols)])
    after = _after_all(characters, between)
    beginning = np.concatenate([_within(walked.table, n), walked.table], axis=1)  # columns: a word, an LF of class k
    within = np.concatenate([_within(walked.table[after], n), walked.table], axis=1)
    within[0] = DEAD
    classes = walked.classes + k * lf
    return Automaton(classes, np.concatenate([beginning, within]), np.tile(walked.accepts, 2), walked.start).trimmed()


def _within(table: Integer[np.ndarray, "S K"], n: int) -> Integer[np.ndarray, "S K"]:
    return np.where(table == DEAD, DEAD, table + n)

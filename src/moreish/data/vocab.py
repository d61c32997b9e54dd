"""Vocab: the symbols of a list and their ids. Id 0 is the boundary before and after an item, never a symbol."""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec
import numpy as np
from jaxtyping import Bool, Integer, UInt

from moreish.data import symbols as symbols_of
from moreish.data.options import Form, Unit

UNKNOWN = "<unk>"
MOST_RANGES = 40  # in a sentence that lists the symbols


@dataclass(frozen=True)
class Vocab:
    """`symbols[i]` has id i + 1, and they stand in the order of their code points.

    unknown:   whether the last symbol is `<unk>`, which stands for every word that is not listed
    running:   whether the words are those of running text, where marks and line ends are symbols of their own
    normalise, lower: what was done to the list is done to every text that is to be encoded
    """

    symbols: tuple[str, ...]
    unit: Unit = "char"
    normalise: Form = "NFC"
    lower: bool = False
    running: bool = False
    unknown: bool = False

    def __len__(self) -> int:
        """V, the boundary included."""
        return len(self.symbols) + 1

    def __repr__(self) -> str:
        return f"<Vocab of {len(self.symbols):,} symbols: {self.describe()}>"

    @property
    def dtype(self) -> np.dtype:
        """The smallest unsigned type that holds every id."""
        return np.min_scalar_type(len(self) - 1)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each symbol."""
        return {symbol: i for i, symbol in enumerate(self.symbols, start=1)}

    def normal(self, text: str) -> str:
        """The text in the Unicode form and case of the list."""
        return symbols_of.normal(text, self.normalise, self.lower)

    def split(self, text: str) -> Sequence[str]:
        """The symbols of a text, whether listed or not."""
        return symbols_of.split(self.normal(text), self.unit, self.running)

    def encode(self, text: str, what: str = "the text") -> UInt[np.ndarray, " T"]:
        """The ids of a text's symbols, without boundaries.

        Raises ValueError for a symbol that the list never has; `what` names the text in that sentence.
        """
        found = self.lookup(text)
        if found is None:
            raise ValueError(self._unlisted(text, what))
        return found

    def lookup(self, text: str) -> UInt[np.ndarray, " T"] | None:
        """The same ids, or None where `encode` would raise."""
        unknown = len(self.symbols) if self.unknown else -1
        found = [self.ids.get(symbol, unknown) for symbol in self.split(text)]
        return None if -1 in found else np.array(found, self.dtype)

    def decode(self, ids: Integer[np.ndarray, " T"] | Iterable[int]) -> str:
        """The text of these ids; boundaries say nothing."""
        return symbols_of.join((self.symbols[i - 1] for i in map(int, ids) if i), self.unit)

    def decode_items(self, ids: UInt[np.ndarray, " N"]) -> list[str]:
        """The texts of items that lie end to end, a boundary after each."""
        if self.unit == "char" and not self.running:
            codes = np.array([10, *map(ord, self.symbols)], "<u4").take(ids)
            return codes.tobytes().decode("utf-32-le").split("\n")[:-1]
        if self.running:
            return [self.decode(item) for item in np.split(ids, np.flatnonzero(ids == 0))[:-1]]
        between = " " if self.unit == "word" else ""
        text = between.join(map(("\n", *self.symbols).__getitem__, ids.tolist())) + between
        items = text.split("\n" + between)[:-1]
        return [item.removesuffix(between) for item in items] if between else items

    def comes_back(
        self, ids: UInt[np.ndarray, " N"], offsets: Integer[np.ndarray, " items_and_one"]
    ) -> Bool[np.ndarray, " items"]:
        """Whether the text of each item, read as an item of a list, has these ids again.

        It has not where blanks stand at an end, and where symbols join that never stood side by side in the list.
        """
        first, last = ids[offsets[:-1] + 1], ids[offsets[1:] - 1]
        same = (self._outer[first] & self._outer[last]) | (np.diff(offsets) == 1)
        if self._inert or not len(same):
            return same
        texts = self.decode_items(ids[1:])
        whole = "\n".join((*texts, ""))
        if self.normal(whole) == whole and (self.unit != "grapheme" or self._cut_as(whole, ids[1:])):
            return same
        for i, text in enumerate(texts):
            own = ids[offsets[i] + 1 : offsets[i + 1]]
            same[i] &= self.normal(text) == text and self._cut_as(text, own)
        return same

    def _cut_as(self, text: str, ids: UInt[np.ndarray, " T"]) -> bool:
        listed = ("\n", *self.symbols)
        return list(symbols_of.split(text, self.unit, self.running)) == [listed[i] for i in ids.tolist()]

    @cached_property
    def _outer(self) -> Bool[np.ndarray, " V"]:
        """Which symbols can stand at the end of an item that was read."""
        return np.array([True, *(symbol.strip() == symbol for symbol in self.symbols)])

    @cached_property
    def _inert(self) -> bool:
        """Whether no symbol becomes another beside others: below U+0300 no characters combine."""
        text = "\n".join(self.symbols)
        if self.unit == "grapheme":
            return text.isascii() and "\r" not in text and max(map(len, self.symbols), default=1) == 1
        return (self.normalise == "none" and not self.lower) or (
            max(text, default="") < "\u0300" and self.normal(text) == text
        )

    def to_json(self) -> dict[str, object]:
        """Plain values from which `from_json` makes the same vocabulary."""
        return {
            "unit": self.unit,
            "normalise": self.normalise,
            "lower": self.lower,
            "running": self.running,
            "unknown": self.unknown,
            "symbols": list(self.symbols),
        }

    @classmethod
    def from_json(cls, values: object) -> "Vocab":
        """The vocabulary that `to_json` described. Raises ValueError where the values describe none."""
        try:
            vocab = cls(**msgspec.structs.asdict(msgspec.convert(values, _Stored)))
        except msgspec.ValidationError as error:
            raise ValueError(f"this is no vocabulary: {error}") from None
        if len(vocab.ids) != len(vocab.symbols) or "" in vocab.ids:
            raise ValueError("this is no vocabulary: a symbol is empty or listed twice")
        if any("\ud800" <= c <= "\udfff" for symbol in vocab.symbols for c in symbol):
            raise ValueError("this is no vocabulary: a symbol is half of a pair of code units, which is no text")
        if vocab.unit == "char" and any(len(symbol) != 1 for symbol in vocab.symbols):
            raise ValueError("this is no vocabulary: its symbols are characters, and one is longer than that")
        return vocab

    def describe(self) -> str:
        """The symbols in few words: `a-z, ' and -`."""
        if self.unit == "word":
            return f"{len(self.symbols):,} words"
        ranges = _ranges(self.symbols)
        if len(ranges) > MOST_RANGES:
            left = sum(n for _, n in ranges[MOST_RANGES:])
            ranges = [*ranges[:MOST_RANGES], (f"{left:,} more", left)]
        names = [name for name, _ in ranges]
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

    def nearest(self, symbol: str, most: int = 3) -> list[str]:
        """Known symbols that a person may have meant: another case, the letter without its marks, a like word."""
        base = symbols_of.normalize("NFKD", symbol)
        forms = dict.fromkeys(f for s in (symbol, base, base[:1]) for f in (s.lower(), s.upper(), s.casefold()))
        near = [f for f in forms if f in self.ids and f != symbol]
        if self.unit == "word":
            near += [w for w in difflib.get_close_matches(symbol, self.symbols, n=most) if w not in near]
        elif len(symbol) == 1:
            near += [s for s in self.symbols if s not in near and _base(s) == base[:1].casefold()]
        return near[:most]

    def _unlisted(self, text: str, what: str) -> str:
        unlisted = list(dict.fromkeys(s for s in self.split(text) if s not in self.ids))
        listed = " and ".join(shown(s) for s in unlisted[:3])
        near = list(dict.fromkeys(n for s in unlisted[:3] for n in self.nearest(s)))
        hint = f" Nearest: {', '.join(shown(n) for n in near[:3])}." if near else ""
        verb = "occurs" if len(unlisted) == 1 else "occur"
        return f'{what} "{text}" has {listed}, which never {verb} in this list.{hint} Its symbols: {self.describe()}.'


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of a vocabulary, as JSON holds them."""

    symbols: tuple[str, ...]
    unit: Literal["char", "grapheme", "word"] = "char"
    normalise: Form = "NFC"
    lower: bool = False
    running: bool = False
    unknown: bool = False


def shown(symbol: str) -> str:
    """A symbol in quotes, or its code points where there is nothing to see."""
    if symbol.isprintable() and not symbol.isspace() and not unicodedata.combining(symbol[0]):
        return f'"{symbol}"'
    if symbol == " ":
        return "the space"
    return " ".join(f"U+{ord(c):04X}" for c in symbol)


def _base(symbol: str) -> str:
    """The letter without case and marks."""
    return symbols_of.normalize("NFKD", symbol)[:1].casefold()


def _ranges(symbols: Sequence[str]) -> list[tuple[str, int]]:
    """Runs of neighbouring code points, with how many symbols each stands for; letters first, as one reads them."""
    runs: list[list[str]] = []
    for symbol in symbols:
        last = runs[-1][-1] if runs else ""
        if len(symbol) == len(last) == 1 and ord(symbol) == ord(last) + 1 and symbol.isalnum() == last.isalnum():
            runs[-1].append(symbol)
        else:
            runs.append([symbol])
    runs.sort(key=lambda run: not run[0].isalnum())
    named = []
    for run in runs:
        ends = [s if s.isprintable() and not s.isspace() else shown(s) for s in (run[0], run[-1])]
        whole = len(run) > 2 and run[0].isalnum()
        named += [(f"{ends[0]}-{ends[1]}", len(run))] if whole else [(n, 1) for n in _each(run)]
    return named


def _each(run: Sequence[str]) -> list[str]:
    return [s if s.isprintable() and not s.isspace() else shown(s) for s in run]

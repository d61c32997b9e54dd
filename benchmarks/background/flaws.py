"""The flaws of a made item, as seen from the given ones."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

START, END = "start", "end"
BRACKETS = {")": "(", "]": "[", "}": "{", "»": "«", "”": "“", "」": "「", "）": "（"}
APOSTROPHES = "'’ʼ‘"
HYPHENS = "-‐‑"


def symbol_class(symbol: str) -> str:
    """upper, lower, digit, space, hyphen, apostrophe, the script of another letter or mark, or the symbol itself."""
    if symbol in APOSTROPHES:
        return "apostrophe"
    if symbol in HYPHENS:
        return "hyphen"
    category = unicodedata.category(symbol)
    named = {"Lu": "upper", "Ll": "lower", "Nd": "digit", "Zs": "space"}
    if category in named:
        return named[category]
    if category[0] in "LM":
        return unicodedata.name(symbol, symbol).partition(" ")[0]
    return symbol


def class_pairs(item: str) -> set[tuple[str, str]]:
    """The neighbouring classes of an item, its start and end included."""
    classes = [START, *map(symbol_class, item), END]
    return set(pairwise(classes))


def unbalanced(item: str) -> bool:
    """Whether a bracket or a quote is not closed, or closed without being opened."""
    opened = []
    for symbol in item:
        if symbol in BRACKETS.values():
            opened.append(symbol)
        elif symbol in BRACKETS and (not opened or opened.pop() != BRACKETS[symbol]):
            return True
    return bool(opened) or item.count('"') % 2 == 1


def one_edit_apart(a: str, b: str) -> bool:
    """Whether one symbol put in, left out or replaced turns one into the other; equal texts are not."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    short, long = sorted((a, b), key=len)
    same = next((i for i, (x, y) in enumerate(zip(short, long, strict=False)) if x != y), len(short))
    return short[same + (len(short) == len(long)) :] == long[same + 1 :]


def tests(given: Sequence[str]) -> dict[str, Callable[[str], bool]]:
    """Each flaw and how to tell it, for items made from these."""
    longest, known = max(map(len, given)), set(given)
    pairs = set().union(*map(class_pairs, given))
    return {
        "too long": lambda item: len(item) > longest,
        "new pair": lambda item: not class_pairs(item) <= pairs,
        "unbalanced": unbalanced,
        "copy": lambda item: item in known,
        "one edit": lambda item: item not in known and any(one_edit_apart(item, other) for other in given),
    }


FLAWS = tuple(tests(["a"]))


def shares(given: Sequence[str], made: Iterable[str]) -> dict[str, float]:
    """The share of the made items that has each flaw; 0 where none was made."""
    given, made = ([unicodedata.normalize("NFC", item) for item in items] for items in (given, made))
    found = tests(given)
    return {flaw: sum(map(test, made)) / max(len(made), 1) for flaw, test in found.items()}

"""What may stand in the corpus: whole items of reasonable length, no slurs, and nothing of names.txt."""

import random
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from tools.background.lists import Collected

FEWEST, MOST = 12, 1000  # items of a list
LONGEST = 60  # characters of an item
PATTERNS = ("{", "#{", "%", "$(", "\\", "://", "<", "^")  # templates for other programs, not things


def normalised(items: Iterable[str]) -> list[str]:
    """Stripped, NFC, blanks made one, each once, in their order."""
    cleaned = (unicodedata.normalize("NFC", " ".join(item.split())) for item in items)
    return list(dict.fromkeys(item for item in cleaned if is_thing(item)))


def is_thing(item: str) -> bool:
    """Whether this can be an item: short, printable, no template, not only digits and marks."""
    if not 0 < len(item) <= LONGEST or any(pattern in item for pattern in PATTERNS):
        return False
    return item.isprintable() and any(character.isalpha() for character in item)


def slurs(lists: Iterable[Collected]) -> frozenset[str]:
    """Words that no item may have, from the lists that collect them."""
    words = (item.lower() for each in lists if "profan" in each.name or "swear" in each.name for item in each.items)
    return frozenset(word for word in words if len(word) > 3)


def filtered(each: Collected, names: frozenset[str], bad: frozenset[str], seed: int = 0) -> Collected | None:
    """The list as it may be used, or None; `names` are the lower-case names of names.txt."""
    items = normalised(each.items)
    known = sum(item.lower() in names for item in items)
    if 2 * known > len(items):
        return None
    items = [item for item in items if item.lower() not in names and not bad & set(item.lower().split())]
    if len(items) < FEWEST:
        return None
    if len(items) > MOST:
        kept = sorted(random.Random(seed).sample(range(len(items)), MOST))
        items = [items[i] for i in kept]
    return replace(each, items=tuple(items))

"""What may stand in the corpus: whole items of reasonable length, no abuse, and nothing of names.txt."""

import random
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tools.background.lists import Collected

FEWEST, MOST = 10, 1000  # items of a list
LONGEST = 60  # characters of an item
TEMPLATES = ("{", "}", "##", "#{", "%", "$(", "\\", "://", "<", "^", "??", "__", "\ufffd")  # for programs, not things
ALIKE = 0.6  # of a list's items may stand in one list that came before
SEED = 20


def normalised(items: Iterable[str]) -> list[str]:
    """Stripped, composed (NFC), one blank where there were several, each once, in their order."""
    cleaned = (unicodedata.normalize("NFC", " ".join(item.split())) for item in items)
    return list(dict.fromkeys(item for item in cleaned if is_thing(item)))


def is_thing(item: str) -> bool:
    """Whether this can be an item: short, printable, no template of a program, with a letter in it."""
    if not 0 < len(item) <= LONGEST or any(mark in item for mark in TEMPLATES):
        return False
    return all(map(_shows, item)) and any(character.isalpha() for character in item)


def _shows(character: str) -> bool:
    """Whether a character stands for something: joiners and blanks do, controls and unassigned places do not."""
    return character.isprintable() or character in "\u200c\u200d"


def filtered(each: Collected, names: frozenset[str], abuse: frozenset[str]) -> Collected | None:
    """The list as it may be used, or None.

    names : the lower-case names of names.txt, which a benchmark measures on
    abuse : lower-case words that no item may have
    """
    items = normalised(each.items)
    if 2 * sum(item.lower() in names for item in items) > len(items):
        return None
    items = [item for item in items if item.lower() not in names and not is_abuse(item, abuse)]
    return replace(each, items=tuple(cut(items, each.name))) if len(items) >= FEWEST else None


def is_abuse(item: str, abuse: frozenset[str]) -> bool:
    """Whether the item or one of its words is among those."""
    lower = item.lower()
    spaced = "".join(character if character.isalnum() else " " for character in lower)
    return lower in abuse or not abuse.isdisjoint(spaced.split())


def cut(items: list[str], name: str, most: int = MOST) -> list[str]:
    """At most so many of the items, drawn with a fixed seed that differs from list to list, in their order."""
    if len(items) <= most:
        return items
    drawn = random.Random(SEED + zlib.crc32(name.encode())).sample(range(len(items)), most)
    return [items[i] for i in sorted(drawn)]


def without_repeats(lists: Iterable[Collected], alike: float = ALIKE) -> Iterator[Collected]:
    """Without the lists that mostly repeat one list that came before."""
    seen: dict[str, list[int]] = {}
    for number, each in enumerate(lists):
        if most_shared(each.items, seen)[0] <= alike * len(each.items):
            yield each
            for item in each.items:
                seen.setdefault(item.lower(), []).append(number)


def most_shared(items: Iterable[str], seen: dict[str, list[int]]) -> tuple[int, int]:
    """How many of the items stand in the list, of those seen, that has most of them; and that list's number."""
    shared = Counter(number for item in items for number in seen.get(item.lower(), ()))
    if not shared:
        return 0, -1
    number, most = shared.most_common(1)[0]
    return most, number

"""Lists with oddities in them as they get there: slips of the hand and of programs, and lines of other lists.

Half of the lists are there to build on; what is reported is measured on the others (KEPT_AWAY).
"""

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from moreish.data import sources

SHARE, SIZE = 0.01, 5_000  # of a list's items are planted; items of a list at most

BUILT_ON = (
    "names.txt",
    "towns",
    "minerals",
    "hindi",
    "words/personal_nouns.personalNouns",
    "governments/us_mil_operations.operations",
    "animals/dog_names.dog_names",
    "film-tv/tv_shows.tv_shows",
    "humans/occupations.occupations",
    "science/minor_planets.minor_planets",
    "humans/norwayLastNames.lastnames_norwegian",
)
KEPT_AWAY = (
    "names",
    "words",
    "dinosaurs",
    "colors/dulux.name",
    "foods/curds.curds",
    "humans/celebrities.celebrities",
    "medicine/drugs.drugs",
    "medicine/hospitals.hospitals",
    "foods/menuItems.menuItems",
    "geography/english_towns_cities.towns",
    "sports/sports.sports",
)
LANGUAGES = tuple(f"words/stopwords/{language}.stopWords" for language in ("fi", "de", "fr", "pl", "tr", "cs", "es"))
SCRIPTS = ("hindi", *(f"words/stopwords/{language}.stopWords" for language in ("ru", "ar", "gr", "jp")))

KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
DIGITS = {"o": "0", "l": "1", "i": "1", "e": "3", "s": "5", "a": "4", "b": "8", "z": "2", "t": "7", "g": "9"}
ACCENTS = {"a": "á", "e": "é", "i": "í", "o": "ö", "u": "ü", "n": "ñ", "c": "ç", "'": "’", "-": "–", "s": "š"}


def read_lists() -> dict[str, list[str]]:
    """Every list that can be found, without duplicates: the bundled ones, and under MOREISH_DATA the others."""
    lists = {
        name: _lines(sources.find(name)) for name in ("names", "words", "towns", "minerals", "dinosaurs", "hindi")
    }
    if folder := os.environ.get("MOREISH_DATA"):
        lists["names.txt"] = _lines(Path(folder) / "names.txt")
        with (Path(folder) / "corpora.jsonl").open(encoding="utf-8") as lines:
            for each in map(json.loads, lines):
                lists[each["list"]] = [*dict.fromkeys(item for i in each["items"] if (item := " ".join(i.split())))]
    return lists


def _lines(path: Path) -> list[str]:
    return [*dict.fromkeys(filter(None, map(str.strip, path.read_text(encoding="utf-8").split("\n"))))]


class Planted(NamedTuple):
    """A list with oddities, and the sort of each by its place in the list."""

    items: list[str]
    sorts: dict[int, str]


# ---- slips ----

Slip = Callable[[str, random.Random], str | None]


def _letters(item: str) -> list[int]:
    return [i for i, c in enumerate(item) if c.isalpha()]


def swapped(item: str, rng: random.Random) -> str | None:
    """Two neighbours change places."""
    places = [i for i in _letters(item)[:-1] if item[i + 1 : i + 2].isalpha() and item[i] != item[i + 1]]
    if not places:
        return None
    i = rng.choice(places)
    first, second = item[i + 1], item[i]
    if item[i].isupper() and not item[i + 1].isupper():  # the shift key is held as before
        first, second = first.upper(), second.lower()
    return item[:i] + first + second + item[i + 2 :]


def doubled(item: str, rng: random.Random) -> str | None:
    """A key that was struck twice."""
    i = rng.choice(_letters(item))
    return item[: i + 1] + item[i].lower() + item[i + 1 :]


def dropped(item: str, rng: random.Random) -> str | None:
    """A key that was missed."""
    places = _letters(item)[1:]
    if len(places) < 2:
        return None
    i = rng.choice(places)
    return item[:i] + item[i + 1 :]


def neighbour(item: str, rng: random.Random) -> str | None:
    """The key beside it."""
    beside = {c: n for c, n in _beside().items() if c in item.lower()}
    places = [i for i in _letters(item) if item[i].lower() in beside]
    if not places:
        return None
    i = rng.choice(places)
    new = rng.choice(beside[item[i].lower()])
    return item[:i] + (new.upper() if item[i].isupper() else new) + item[i + 1 :]


def _beside() -> dict[str, str]:
    found = {}
    for r, row in enumerate(KEYS):
        for c, key in enumerate(row):
            near = [row[c - 1 : c], row[c + 1 : c + 2]]
            near += [KEYS[s][c + d : c + d + 1] for s, d in ((r - 1, 0), (r - 1, 1), (r + 1, -1), (r + 1, 0))
                     if 0 <= s < len(KEYS) and c + d >= 0]  # fmt: skip
            found[key] = "".join(near)
    return found


def capital(item: str, rng: random.Random) -> str | None:
    """The shift key held too long, or at the wrong time."""
    places = [i for i in _letters(item)[1:] if item[i].islower() and item[i].upper() != item[i]]
    if not places:
        return None
    i = places[0] if rng.random() < 0.5 else rng.choice(places)
    return item[:i] + item[i].upper() + item[i + 1 :]


def digit(item: str, rng: random.Random) -> str | None:
    """A digit that looks like the letter, as a scanner reads."""
    places = [i for i, c in enumerate(item) if c.lower() in DIGITS]
    if not places:
        return None
    i = rng.choice(places)
    return item[:i] + DIGITS[item[i].lower()] + item[i + 1 :]


def mojibake(item: str, rng: random.Random) -> str | None:
    """A letter with an accent, as UTF-8 read as Windows-1252."""
    places = [i for i, c in enumerate(item) if c in ACCENTS or not c.isascii()]
    if not places:
        return None
    i = rng.choice(places)
    wrong = ACCENTS.get(item[i], item[i]).encode().decode("cp1252", errors="replace")
    return item[:i] + wrong + item[i + 1 :]


SLIPS: Mapping[str, Slip] = {
    "swapped": swapped,
    "doubled": doubled,
    "dropped": dropped,
    "neighbour": neighbour,
    "capital": capital,
    "digit": digit,
    "mojibake": mojibake,
}
STRANGERS = ("language", "kind", "script")


# ---- planting ----


def plant(lists: Mapping[str, Sequence[str]], name: str, seed: int, folded: bool = False) -> Planted:
    """At most SIZE items of a list in any order, of which SHARE are planted: half slips, half strangers.

    Strangers stand as in their own list; `folded`: with capitals where this one has them.
    """
    rng = random.Random(f"{name} {seed}")
    own = rng.sample(lists[name], min(SIZE, len(lists[name])))
    known, count = set(lists[name]), max(2, round(SHARE * len(own)))
    planted: list[tuple[str, str]] = []
    replaced = iter(own)
    for sort in _turns([*SLIPS], count // 2, rng):
        for item in replaced:
            new = SLIPS[sort](item, rng) if _letters(item) else None
            if new and new not in known:
                planted.append((new, sort))
                break
    pools = {
        "language": [item for each in LANGUAGES for item in lists.get(each, ()) if len(item) > 3],
        "kind": [
            item for each in (*BUILT_ON, *KEPT_AWAY) if _apart(each, name) for item in rng.sample(lists[each], 20)
        ],
        "script": [item for each in SCRIPTS if each != name for item in lists.get(each, ()) if len(item) > 2],
    }
    for sort in _turns([*STRANGERS], count - count // 2, rng):
        while (item := _in_letters(rng.choice(pools[sort]), own) if folded else rng.choice(pools[sort])) in known:
            pass
        planted.append((item, sort))
    rest = [item for item in own if item in known][len(planted) :]
    items = [*((item, sort) for item, sort in planted), *((item, "") for item in rest)]
    rng.shuffle(items)
    return Planted([item for item, _ in items], {i: sort for i, (_, sort) in enumerate(items) if sort})


def _apart(one: str, other: str) -> bool:
    """Whether items of one list do not belong in the other as well."""
    kinds = ({"names", "names.txt", "animals/dog_names.dog_names"}, {"towns", "geography/english_towns_cities.towns"},
             {"words", "words/personal_nouns.personalNouns", "humans/occupations.occupations"})  # fmt: skip
    return one != other and not any(one in kind and other in kind for kind in kinds)


def _in_letters(item: str, own: Sequence[str]) -> str:
    """In the capitals that are usual in the list."""
    lower = sum(each == each.lower() for each in own) > len(own) / 2
    return item.lower() if lower else item[:1].upper() + item[1:]


def _turns(sorts: Sequence[str], count: int, rng: random.Random) -> Iterator[str]:
    """Every sort as often as every other, but for the remainder, which goes by lot."""
    order = rng.sample(sorts, len(sorts))
    for i in range(count):
        yield order[i % len(order)]

"""Kinds of lists that are not trained on: some to tune on (dev), some to be judged on, which nobody looks at before.

A kind is a pattern over the words of a list's name (see `lists.words_of`), held against every source. On top of that,
a list most of whose items stand in a list that is kept out goes where that list went, whatever it is called.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from tools.background.filters import most_shared
from tools.background.lists import Collected

Group = Literal["judged", "dev", "corpus"]

ALIKE = 0.4  # of a list's items may stand in one list that is kept out

JUDGED = {
    "collectable monsters": r"pok[eé]mon|digimon|collectable monsters",
    "champions of games": r"champions?\b|\bdota|overwatch|league of legends|game heroes",
    "fictional materials": r"(fictional|invented|fantasy|magic|scifi|alien)\w* (\w+ )*(metal|material|mineral|element|ore|alloy)s?\b(?! band)",
    "dinosaurs": r"dinosaur|prehistor|fossil|extinct animal|mammoth",
    "mixed drinks": r"cocktail|\bdrinks\b(?! (teas|coffees|soft))|mixed drink|mocktail|shots? names",
    "moons, stars": r"\bmoons?\b|minor planets|asteroid|constellation|\bstars\b|star names|star systems|astronomy|celestial",
    "Tolkien": r"tolkien|hobbits|middle ?earth|lord of the rings|silmarillion",
    "programming languages": r"programming lang|\blisps?\b|computer sciences|esolang|code languages",
    "medicines": r"\bdrugs?\b|drug name|medicin(e|es)$|medication|pharmaceut|pills",
    "whiskies": r"scotch|whisk|distiller|bourbon",
    "furniture-shop products": r"\bikea|furniture (shop|product|names)",
    "cheeses": r"cheese|\bcurds\b",
    "pasta shapes": r"\bpastas?\b",
    "underground stations": r"underground|subway|metro stations?|tube stations?",
    "mountains": r"\bmountains?\b|\bpeaks\b|summits|volcano(es)?\b",
    "dishes of four languages": r"\b(ar|hi|ja|vi)\b.* (food|dish|meal|cuisine)|(arabic|hindi|japanese|vietnamese)\b.*\b(food|dish)(s|es)?\b",
    "Finnish towns": r"\bfi\b.*\b(city|cities|town|towns|village|municipalit\w*|province\w*|subdivisions)\b"
    r"|\b(cities|subdivisions) fi\b|finnish (town|village|municipal|place)\w*",
}  # fmt: skip

DEV = {
    "minerals and rocks": r"\bminerals?\b|\brocks\b|\bgem(s|stones?)?\b|crystals\b|decorative stones|sculpture materials",
    "fabrics": r"fabrics?\b|\bfib(er|re)s?\b|textiles?|cloths\b",
    "breeds": r"breeds?\b|\banimals? (cats?|dogs?|horses?|rabbits?|pony|ponies|donkeys?|cows?|cattle)\b|\b(cats|dogs|horses)$",
    "gods": r"\bgods?\b|\bgodd?ess\w*|deit(y|ies)|titans|greek myth|norse|olympians",
    "car makers": r"\bcars? (make|maker|manufacturer|brand)s?\b|vehicle (manufacturer|model)|automobile|corporations cars|transport (car|manufacturer)s?\b|auto (makers|manufacturers)|car names",
    "beers": r"\bbeers?\b|\bales\b|lagers?",
    "wrestling moves": r"wrestl",
    "knots": r"\bknots?\b",
    "typefaces": r"typefaces?|\bfonts?\b",
    "rivers": r"\brivers?\b|waterways?",
    "Lovecraft": r"lovecraft|cthulhu",
    "hams and sausages": r"\bhams?\b|sausage|charcuterie|cold cuts",
    "musical genres": r"\bgenres?\b|music styles",
    "tarot": r"tarot|arcana\b",
    "Norwegian surnames": r"norway last|\b(no|nb|nn)\b.*(last|sur) ?names?|norwegian (sur|last|family)",
    "Zelda": r"zelda|hyrule",
    "sports": r"\bsports?\b(?! (milb|mlb|nba|nfl|nhl))$|sports sports",
    "Swedish towns": r"\bsv\b.*\b(city(?! (prefix|suffix))|cities|town|municipalit\w*|province\w*)\b|\b(cities|subdivisions) se\b|swedish (town|village|place)\w*",
    "Turkish given names": r"\btr\b.*(first ?name|names male|names female|given)|turkish .*(given|names)|given turkish",
    "Russian surnames": r"\bru\b.*(last ?name|surname)|surnames russian|russian surnames",
    "Spanish plants": r"(spanish|\bes\b).*(plant|flower|tree)s?\b",
    "fictional planets": r"planets?\b",
    "potions": r"potions?\b|elixirs?\b|philtres?",
    "ship names": r"\bships?\b(?! prefix)|\bboats?\b|\bvessels?\b|\byachts?\b",
}  # fmt: skip

# Whole kinds moved to dev besides, so that there are enough lists to tune on, and some in other scripts and languages.
MOVED: dict[str, str] = {}

# Lists of these kinds by their full name, found by looking at what there is.
JUDGED_LISTS: frozenset[str] = frozenset()
DEV_LISTS: frozenset[str] = frozenset()
CORPUS_LISTS: frozenset[str] = frozenset()  # a pattern catches them, and they are not of its kind

# Lists of made-up things: out of them go single names of monsters, heroes and characters that are judged on.
FICTION = re.compile(r"fantasy|fiction|game|hero|villain|monster|star ?wars|toy|media|film|comic|character|scifi")
NAMES_JUDGED = ("collectable monsters", "champions of games", "Tolkien")
SHORT = 5  # characters that an item needs for going; shorter ones are words of many kinds

_JUDGED = re.compile("|".join(JUDGED.values()))
_DEV = re.compile("|".join([*DEV.values(), *MOVED.values()]))


def group_by_name(each: Collected) -> Group:
    """Where a list belongs by what it is called."""
    if each.name in CORPUS_LISTS:
        return "corpus"
    if each.name in JUDGED_LISTS or _JUDGED.search(each.words):
        return "judged"
    if each.name in DEV_LISTS or _DEV.search(each.words):
        return "dev"
    return "corpus"


def grouped(lists: Iterable[Collected]) -> Iterator[tuple[Group, Collected]]:
    """Every list with where it belongs, by its name and by what it shares with the lists that are kept out."""
    named = [(group_by_name(each), each) for each in lists]
    groups: list[Group] = []
    seen: dict[str, list[int]] = {}
    judged = names_judged(each for group, each in named if group == "judged")
    for group, each in sorted(named, key=lambda pair: ("judged", "dev", "corpus").index(pair[0])):
        shared, number = most_shared(each.items, seen)
        if group == "corpus" and shared > ALIKE * len(each.items):
            yield groups[number], each
        elif group == "corpus":
            yield group, without(each, judged) if FICTION.search(each.words) else each
        else:
            yield group, each
            for item in each.items:
                seen.setdefault(item.lower(), []).append(len(groups))
            groups.append(group)


def names_judged(lists: Iterable[Collected]) -> frozenset[str]:
    """Single names of made-up beings in lists to be judged on, in lower case."""
    kinds = re.compile("|".join(JUDGED[kind] for kind in NAMES_JUDGED))
    items = (item.lower() for each in lists if kinds.search(each.words) for item in each.items)
    return frozenset(item for item in items if len(item) >= SHORT)


def without(each: Collected, judged: frozenset[str]) -> Collected:
    """The list without those names."""
    return replace(each, items=tuple(item for item in each.items if item.lower() not in judged))

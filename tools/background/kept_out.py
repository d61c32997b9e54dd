"""Kinds of lists that are not trained on: some to tune on (dev), some to be judged on, which nobody looks at before.

A kind is a pattern over the words of a list's name (see `lists.words_of`), held against every source. On top of that,
a list most of whose items stand in a list that is kept out goes where that list went, whatever it is called.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from tools.background.filters import FEWEST, most_shared, normalised
from tools.background.lists import Collected

Group = Literal["judged", "dev", "corpus"]

ALIKE = 0.4  # of a list's items may stand in one list that is kept out
JUDGED_ALIKE = 1 / 3  # the same, for the very lists that the net is judged on

JUDGED = {
    "collectable monsters": r"pok[eé]mon|digimon|collectable monsters",
    "champions of games": r"champions?\b|\bdota|overwatch|league of legends|game heroes",
    "fictional materials": (
        r"(fictional|invented|fantasy|magic|scifi|alien)\w* (\w+ )*"
        r"(metal|material|mineral|element|ore|alloy)s?\b(?! band)"
    ),
    "dinosaurs": r"dinosaur|prehistor|fossil|extinct animal|mammoth",
    "mixed drinks": r"cocktail|\bdrinks\b(?! (teas|coffees|soft))|mixed drink|mocktail|shots? names",
    "moons, stars": (
        r"\bmoons?\b|minor planets|asteroid|constellation|\bstars\b|star names|star systems|astronomy"
        r"|celestial"
    ),
    "Tolkien": r"tolkien|hobbits|middle ?earth|lord of the rings|silmarillion",
    "programming languages": r"programming lang|\blisps?\b|computer sciences|esolang|code languages",
    "medicines": r"\bdrugs?\b|drug name|medicin(e|es)$|medication|pharmaceut|pills",
    "whiskies": r"scotch|whisk|distiller|bourbon",
    "furniture-shop products": r"\bikea|furniture (shop|product|names)",
    "cheeses": r"cheese|\bcurds\b",
    "pasta shapes": r"\bpastas?\b",
    "underground stations": r"underground|subway|metro stations?|tube stations?",
    "mountains": r"\bmountains?\b|\bpeaks\b|summits|volcano(es)?\b",
    "dishes of four languages": (
        r"\b(ar|hi|ja|vi)\b.* (food|dish|meal|cuisine|fruits)"
        r"|(arabic|hindi|japanese|vietnamese)\b.*\b(food|dish)(s|es)?\b"
    ),
    "Finnish towns": (
        r"\bfi\b.*\b(city|cities|town|towns|village|municipalit\w*|province\w*|subdivisions)\b"
        r"|\b(cities|subdivisions|airports) fi\b|finnish (town|village|municipal|place)\w*"
    ),
}

DEV = {
    "minerals and rocks": (
        r"\bminerals?\b|\brocks\b|\bgem(s|stones?)?\b|crystals\b|decorative stones|sculpture materials"
    ),
    "fabrics": r"fabrics?\b|\bfib(er|re)s?\b|textiles?|cloths\b",
    "breeds": (
        r"breeds?\b|\banimals? (cats?|dogs?|horses?|rabbits?|pony|ponies|donkeys?|cows?|cattle)\b"
        r"|\b(cats|dogs|horses)$"
    ),
    "gods": r"\bgods?\b|\bgodd?ess\w*|deit(y|ies)|titans|greek myth|norse|olympians",
    "car makers": (
        r"\bcars? (make|maker|manufacturer|brand)s?\b|vehicle (manufacturer|model)|automobile"
        r"|corporations cars|transport (car|manufacturer)s?\b|auto (makers|manufacturers)|car names"
    ),
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
    "Swedish towns": (
        r"\bsv\b.*\b(city(?! (prefix|suffix))|cities|town|municipalit\w*|province\w*)\b"
        r"|\b(cities|subdivisions|airports) se\b|swedish (town|village|place)\w*"
    ),
    "Turkish given names": (
        r"\btr\b.*(first ?name|names male|names female|given)|turkish .*(given|names)|given turkish"
    ),
    "Russian surnames": r"\bru\b.*(last ?name|surname)|surnames russian|russian surnames",
    "Spanish plants": r"(spanish|\bes\b).*(plant|flower|tree)s?\b",
    "fictional planets": r"planets?\b",
    "potions": r"potions?\b|elixirs?\b|philtres?",
    "ship names": r"\bships?\b(?! prefix)|\bboats?\b|\bvessels?\b|\byachts?\b",
}

# Whole kinds moved to dev besides, so that more of what is tuned on is in other scripts and languages.
MOVED = {
    "birds": r"\bbirds?\b|\bducks\b|\bpoultry\b",
    "trades": r"\btrades\b|obsolete occupations|craftspeople",
    "imitated sounds": r"onomatopoeia",
    "winds": r"\bwinds\b",
}

# Lists of these kinds by their full name, found by looking at what there is; and those that a pattern catches
# although they are not of its kind.
JUDGED_LISTS = frozenset({"faker/misc/en_PH/space_object_names"})
DEV_LISTS = frozenset(
    {
        "corpora/animals/cats.cats",
        "corpora/animals/donkeys.donkeys",
        "corpora/animals/ponies.ponies",
        "corpora/animals/rabbits.rabbits",
        "faker/misc/en_PH/random_object_names",
        "faker/person/et_EE/last_names_rus",
    }
)
CORPUS_LISTS = frozenset({"written/bands/invented-metal-bands", "written/music/bands-metal"})

# Single names that are judged on go out of lists of other kinds too: dinosaurs out of all of them, names of monsters,
# heroes and characters, which may be common words, out of lists of made-up things.
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
    named: list[tuple[Group, Collected]] = [(group_by_name(each), each) for each in lists]
    named.sort(key=lambda pair: ("judged", "dev", "corpus").index(pair[0]))
    groups: list[Group] = []
    seen: dict[str, list[int]] = {}
    judged = names_judged((each for group, each in named if group == "judged"), NAMES_JUDGED)
    dinosaurs = names_judged((each for group, each in named if group == "judged"), ("dinosaurs",))
    for group, each in named:
        shared, number = most_shared(each.items, seen)
        if group == "corpus" and shared > ALIKE * len(each.items):
            yield groups[number], each
        elif group == "corpus":
            left = without(each, dinosaurs | judged if FICTION.search(each.words) else dinosaurs)
            if len(left.items) >= FEWEST:
                yield group, left
        else:
            yield group, each
            for item in each.items:
                seen.setdefault(item.lower(), []).append(len(groups))
            groups.append(group)


def names_judged(lists: Iterable[Collected], kinds_of: Iterable[str]) -> frozenset[str]:
    """Single names, in lower case, in those of the lists to be judged on that are of some kinds."""
    kinds = re.compile("|".join(JUDGED[kind] for kind in kinds_of))
    items = (item.lower() for each in lists if kinds.search(each.words) for item in each.items)
    return frozenset(item for item in items if len(item) >= SHORT)


def without(each: Collected, judged: frozenset[str]) -> Collected:
    """The list without those names."""
    return replace(each, items=tuple(item for item in each.items if item.lower() not in judged))


def without_lists_of(
    lists: Iterable[tuple[Group, Collected]], benchmark: Mapping[str, Iterable[str]]
) -> tuple[list[tuple[Group, Collected]], Counter[str]]:
    """What is left to train and to tune on, and how many lists went for each list of the benchmark.

    benchmark : items by name of list; a list goes where more than JUDGED_ALIKE of its items stand in one of them, in
        upper case or lower. What is to be judged on stays
    """
    names = list(benchmark)
    seen: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        for item in dict.fromkeys(item.lower() for item in normalised(benchmark[name])):
            seen.setdefault(item, []).append(number)
    left: list[tuple[Group, Collected]] = []
    dropped: Counter[str] = Counter()
    for group, each in lists:
        shared, number = most_shared(each.items, seen)
        if group != "judged" and shared > JUDGED_ALIKE * len(each.items):
            dropped[names[number]] += 1
        else:
            left.append((group, each))
    return left, dropped

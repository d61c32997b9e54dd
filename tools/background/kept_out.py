"""Whole kinds of lists that are kept out of training: some to tune on (dev), some to be judged on and looked at once.

A kind is a pattern over the words of a list's name; every source is held against it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Literal

from tools.background.lists import Collected

Group = Literal["judged", "dev", "corpus"]

JUDGED = re.compile(
    r"pokemon|pokémon|champion|\bdota\b|overwatch|league of legends|fictional (metal|material|mineral|element)|unobtain"
    r"|dinosaur|prehistor|cocktail|\bdrinks?\b|\bmoons?\b|minor planets|asteroid|constellation|\bstars\b|tolkien"
    r"|lord of the rings|hobbit|middle earth|programming lang|\blisp|\bdrugs?\b|drug name|medicin|scotch|whisk|\bikea"
    r"|cheese|pasta\b|underground|subway|metro station|mountain|character(s)? tolkien|(ar|hi|ja|vi|vn)( [a-z]+)? .*(food|dish)"
    r"|\bfi( fi)? .*(city|cities|town)|cities fi$|finnish (town|village|municip)"
)
DEV = re.compile(
    r"mineral|\brocks?\b|fabric|fibers|breed|\b(dog|cat|horse|rabbit|pony|ponies|donkey|duck|goat|pig)s?$|greek|roman (god|deit)"
    r"|norse|titans|\bgods?\b|deit|manufacturer|automobile|car (make|maker|brand)|\bbeers?\b|brew|wrestling|knots|font|typeface|\brivers?\b"
    r"|lovecraft|\bham(s)?\b|sausage|genre|tarot|norwegian|zelda|sports?$|\bsv( se)? .*(city|cities)|cities se$"
    r"|turkish given|\btr( tr)? .*first|\bru( ru)? .*last|planets?$|potion|elixir|ship(s)? name|ships$"
)


def group(each: Collected) -> Group:
    """Where a list belongs."""
    name = " ".join(each.words)
    if JUDGED.search(name):
        return "judged"
    if DEV.search(name):
        return "dev"
    if each.source in ("written", "faker", "mimesis") and _hash(name) % 25 == 0:
        return "dev"  # whole lists by chance, so that other languages and kinds are among those tuned on
    return "corpus"


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")

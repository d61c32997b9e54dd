"""Holidays of every country, in its own language and in English: the package holidays (MIT)."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import version

from tools.background.lists import Collected, Source
from tools.background.packages import needed

YEARS = range(2010, 2027)
IN_BRACKETS = re.compile(r"\s*[\(（][^)）]*[\)）]")


def lists() -> Iterator[Collected]:
    """A list for every country and language; those of one language say much the same, and go later."""
    holidays = needed("holidays")
    source = Source("holidays", version("holidays"), "MIT")
    localized = holidays.list_localized_countries(include_aliases=False)
    for country in sorted(holidays.list_supported_countries(include_aliases=False)):
        for language in localized.get(country, [None]):
            if language in ("th", "uk") and country not in ("TH", "UA"):
                continue  # a translation for visitors
            subdivisions = holidays.list_supported_countries(include_aliases=False)[country]
            days = {}
            for part in [None, *subdivisions[:20]]:
                days |= holidays.country_holidays(country, subdiv=part, years=YEARS, language=language)
            yield source.collected(f"{country}/{language or 'own'}", "holidays", names(days.values()))


def names(texts: Iterable[str]) -> list[str]:
    """Single names out of texts with several, without remarks in brackets."""
    return sorted({IN_BRACKETS.sub("", part).strip() for text in texts for part in text.split(";")})

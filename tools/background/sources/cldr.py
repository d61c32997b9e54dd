"""Unicode's names of territories, languages, currencies and so on in every language: CLDR, by way of Babel."""

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from tools.background.lists import Collected, Source
from tools.background.packages import needed

PARTS = (
    "territories",
    "languages",
    "scripts",
    "currency_names",
    "months",
    "days",
    "time_zones",
    "unit_display_names",
)
WITH_REGION = (
    "zh_",
    "sr_",
    "uz_",
    "az_",
    "bs_",
    "ff_",
    "ha_",
    "kk_",
    "ks_",
    "mn_",
    "pa_",
    "pt_",
    "sd_",
    "sat_",
    "vai_",
)


def lists() -> Iterator[Collected]:
    """A list for every language and kind; a language counts once, not once a country, unless its script differs."""
    source = Source("babel", version("babel"), "Unicode-3.0")
    for identifier in sorted(needed("babel.localedata").locale_identifiers()):
        if "_" in identifier and not (identifier.startswith(WITH_REGION) and identifier.count("_") == 1):
            continue
        data: Any = needed("babel").Locale.parse(identifier)._data
        for part in PARTS:
            yield source.collected(f"{identifier}/{part}", part, texts(long_ones(data.get(part, {}))))


def long_ones(table: Any) -> object:
    """Of names in several lengths, the long ones; any other table as it is."""
    rows = {key: table[key] for key in table}
    if rows and all(hasattr(row, "keys") and "long" in row for row in rows.values()):
        return {key: row["long"] for key, row in rows.items()}
    return table


def texts(values: object) -> Iterable[str]:
    """Every text in nested tables that is more than a code or a pattern."""
    if isinstance(values, str):
        if len(values) > 1 and "{" not in values:
            yield values
    elif hasattr(values, "keys"):
        table: Any = values
        for key in table:
            yield from texts(table[key])

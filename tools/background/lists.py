"""A list that was collected, and where it comes from."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Collected:
    """One list of things of one kind.

    name : a path that no other list has, the source first: "faker/person/fi_FI/last_names"
    kind : what the things are, as far as the source says: "last_names"
    source, version, licence : where it comes from and under what terms, for the table of provenance
    items : the things, in the source's order
    """

    name: str
    kind: str
    source: str
    version: str
    licence: str
    items: tuple[str, ...]

    @property
    def words(self) -> str:
        """The name as lower-case words with blanks between, for patterns over kinds."""
        return words_of(self.name)

    def as_row(self) -> dict[str, object]:
        """What a line of the corpus holds."""
        return {
            "list": self.name,
            "kind": self.kind,
            "source": self.source,
            "licence": self.licence,
            "items": list(self.items),
        }


@dataclass(frozen=True)
class Source:
    """Where lists come from: makes lists that carry its name, version and licence."""

    name: str
    version: str
    licence: str

    def collected(self, path: str, kind: str, items: Iterable[object]) -> Collected:
        """The texts among the items, as a list of this source."""
        texts = tuple(item for item in items if isinstance(item, str))
        return Collected(f"{self.name}/{path}", kind, self.name, self.version, self.licence, texts)


def words_of(name: str) -> str:
    """A name in lower-case words: "Faker-js/fi/cityName" is "faker js fi city name"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", unicodedata.normalize("NFC", name))
    return " ".join(re.findall(r"[^\W_]+", spaced.lower()))


def lists_in(values: object, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], list[str]]]:
    """Every list of texts in nested values, with the path of keys to it.

    A list of records gives a list for every field of them that holds texts; a table of texts to numbers (names with
    their weights or marks) gives its keys.
    """
    if isinstance(values, dict):
        keys = [key for key in values if isinstance(key, str)]
        if keys and all(isinstance(value, int | float) for value in values.values()):
            return [(path, keys)]
        found = []
        for key, value in values.items():
            found += lists_in(value, (*path, str(key)))
        return found
    if not isinstance(values, list | tuple | set | frozenset):
        return []
    entries = sorted(values, key=str) if isinstance(values, set | frozenset) else list(values)
    texts = [entry for entry in entries if isinstance(entry, str)]
    found = [(path, texts)] if texts else []
    records = [entry for entry in entries if isinstance(entry, dict)]
    fields = list(dict.fromkeys(key for record in records for key in record if isinstance(key, str)))
    for field in fields:
        column = [record[field] for record in records if isinstance(record.get(field), str)]
        nested = [each for record in records for _, each in lists_in(record.get(field, None))]
        if column or nested:
            found.append(((*path, field), column + [text for each in nested for text in each]))
    return found

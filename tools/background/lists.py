"""A list that was collected, and where it comes from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Collected:
    """One list of things of one kind.

    name : path-like and unique, the source first: "faker/person/fi_FI/last_names"
    items : normalised, each once
    """

    name: str
    source: str
    licence: str
    items: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """The name in lower-case words, for patterns over kinds."""
        spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", self.name)
        return re.split(r"[^a-z]+", spaced.lower())


def collected(name: str, source: str, licence: str, items: Iterable[object]) -> Collected:
    """The texts among the items."""
    return Collected(name, source, licence, tuple(item for item in items if isinstance(item, str)))

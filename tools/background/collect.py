"""python -m tools.background.collect: the corpus for training, and the lists kept out, as JSON lines with provenance."""

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tools.background import sources
from tools.background.filters import filtered, slurs
from tools.background.kept_out import group
from tools.background.lists import Collected

HERE = Path(__file__).parent
MOST_ALIKE = 0.6  # of a list's items may stand in earlier lists


def main() -> None:
    """Collect, filter, sort into corpus, dev and judged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/background"))
    parser.add_argument("--provenance", type=Path)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MOREISH_DATA", "../shared/data")))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    named = (asked.data / "names.txt").read_text("utf-8").split()
    names = frozenset(name.lower() for name in named)
    lists = list(without_repeats(usable(gathered(asked.data), names)))
    counts: Counter[tuple[str, str]] = Counter()
    items: Counter[tuple[str, str]] = Counter()
    files = {
        name: (asked.out / f"{name}.jsonl.part").open("w", encoding="utf-8") for name in ("corpus", "dev", "judged")
    }
    for each in lists:
        place = group(each)
        files[place].write(json.dumps(asdict(each), ensure_ascii=False) + "\n")
        counts[each.source, place] += 1
        items[each.source, place] += len(each.items)
    for name, file in files.items():
        file.close()
        Path(file.name).replace(asked.out / f"{name}.jsonl")
    licences = {each.source: each.licence for each in lists}
    table = provenance(licences, counts, items)
    print(table)
    if asked.provenance:
        asked.provenance.write_text(table + "\n", encoding="utf-8")


def gathered(data: Path) -> Iterator[Collected]:
    """All lists of all sources."""
    makers = [
        partial(sources.corpora, data), partial(sources.written, HERE / "written"), sources.bundled, sources.faker,
        sources.mimesis, sources.randomname, sources.npm_lists, sources.faker_js, sources.geonames,
        sources.subdivisions, sources.words, sources.babel,
    ]  # fmt: skip
    for maker in makers:
        yield from maker()


def usable(lists: Iterable[Collected], names: frozenset[str]) -> Iterator[Collected]:
    """Those that pass the filters."""
    everything = list(lists)
    bad = slurs(everything)
    for each in everything:
        if "profan" not in each.name and "swear" not in each.name and (kept := filtered(each, names, bad)):
            yield kept


def without_repeats(lists: Iterable[Collected]) -> Iterator[Collected]:
    """Without those that mostly repeat one list that came before."""
    seen: dict[str, set[int]] = {}
    for number, each in enumerate(lists):
        shared = Counter(other for item in each.items for other in seen.get(item, ()))
        if not shared or max(shared.values()) <= MOST_ALIKE * len(each.items):
            yield each
            for item in each.items:
                seen.setdefault(item, set()).add(number)


def provenance(licences: dict[str, str], counts: Counter[tuple[str, str]], items: Counter[tuple[str, str]]) -> str:
    """A table: each source with its licence and what came of it."""
    rows = ["| source | licence | lists trained on | items | lists kept out |", "|---|---|---|---|---|"]
    for source, licence in licences.items():
        out = counts[source, "dev"] + counts[source, "judged"]
        rows.append(f"| {source} | {licence} | {counts[source, 'corpus']:,} | {items[source, 'corpus']:,} | {out} |")
    trained = sum(n for (_, place), n in counts.items() if place == "corpus")
    total = sum(n for (_, place), n in items.items() if place == "corpus")
    return "\n".join([*rows, f"| all | | {trained:,} | {total:,} | |"])


if __name__ == "__main__":
    main()

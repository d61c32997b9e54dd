"""python -m tools.background.collect: the corpus to train on and the lists kept out, as JSON lines, with provenance.

Needs the packages named in `tools/background/requirements.txt`, and npm and node; training needs none of them, only
what this writes.
"""

import argparse
import json
import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmarks.background.lists import kept_out, makers
from tools.background import provenance, sources
from tools.background.filters import cut, filtered, without_repeats
from tools.background.kept_out import Group, grouped, without_lists_of
from tools.background.lists import Collected

HERE = Path(__file__).parent
LIMITS = {"babel": 200, "npm:cldr-annotations-full": 120}


def main(arguments: list[str] | None = None) -> None:
    """Collect, filter, sort into corpus, dev and judged; write those three, and the table of provenance."""
    asked = parser().parse_args(arguments)
    names = frozenset((asked.data / "names.txt").read_text(encoding="utf-8").lower().split())
    found_at = sources.makers(asked.data, asked.written, asked.out.parent / "packages")
    found_at = {name: maker for name, maker in found_at.items() if not asked.only or name in asked.only}
    found: list[Collected] = []
    abuse = sources.abuse(asked.data, asked.out.parent / "packages")
    for name, maker in found_at.items():
        start = time.perf_counter()
        raw = list(maker())
        usable = [kept for each in raw if (kept := filtered(each, names, abuse))]
        print(
            f"{name}: {len(usable)} of {len(raw)} lists are usable, {time.perf_counter() - start:.1f} s", flush=True
        )
        found += usable
    apart, dropped = without_lists_of(grouped(without_repeats(found)), benchmark())
    for name, count in dropped.most_common():
        print(f"dropped, because they are mostly the benchmark's list {name}: {count} lists")
    sorted_out: list[tuple[Group, Collected]] = [(group, limited(each)) for group, each in apart]
    for group, path in places(asked.out).items():
        write(path, (each for where, each in sorted_out if where == group))
    page = provenance.table(sorted_out)
    print(page)
    if asked.provenance:
        asked.provenance.write_text(page, encoding="utf-8")


def benchmark() -> dict[str, list[str]]:
    """The lists that a background net is judged on, by name."""
    return {**kept_out(), **{f"makers/{name}": items for name, items in makers().items()}}


def limited(each: Collected) -> Collected:
    """At most so many items of a list whose source has the same kinds in very many languages."""
    most = LIMITS.get(each.source)
    return replace(each, items=tuple(cut(list(each.items), each.name, most))) if most else each


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", type=Path, default=Path("build/background/corpus.jsonl"))
    made.add_argument("--data", type=Path, default=Path(os.environ.get("MOREISH_DATA", "../shared/data")))
    made.add_argument("--written", type=Path, default=HERE / "written")
    made.add_argument("--provenance", type=Path, help="also write the table of sources to this file")
    made.add_argument("--only", nargs="*", help="these sources alone")
    return made


def places(out: Path) -> dict[Group, Path]:
    """The corpus at `out`, and beside it what is kept out."""
    return {"corpus": out, "dev": out.with_name("dev.jsonl"), "judged": out.with_name("judged.jsonl")}


def write(path: Path, lists: Iterable[Collected]) -> None:
    """A line a list; the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        for each in lists:
            file.write(json.dumps(each.as_row(), ensure_ascii=False) + "\n")
    part.replace(path)


if __name__ == "__main__":
    main()

"""How much what is made is like the rest of the list: judged by the items that were kept away.

    python -m benchmarks.background.made_like [--sizes 20,50,100] [--budget 15] [--lists FOLDER] [--json FILE]

k items of a list are given, 400 are made, known ones not taken out, and held against all other items of the list:

surprise   nats a symbol that a Kneser-Ney of the others takes for what was made and is new, beyond what one of four
           fifths of the others takes for the last fifth: how odd it looks to somebody who knows such things
taught     nats a symbol that a Kneser-Ney of what was made takes for the others, beyond one of the given items alone:
           below 0 what was made teaches something; odd items raise it, and so do items that are all alike
real       share of what was made that is one of the others; known: of the given; different: of all
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.background import chains, kneser_ney, ours, protocol
from benchmarks.background.lists import kept_out, read_list

MADE = 400
LEAST = 40  # others
FOLDS = 5
MIN_PS = {"the model as it is": 0.0, "moreish": None}
COLUMNS = ("surprise", "taught", "real", "known", "different")


def rows(lists: Mapping[str, Sequence[str]], sizes: Sequence[int], budget: float, seed: int) -> Iterator[dict]:
    """One for each list, size and way of making."""
    for name, items in lists.items():
        for k in sizes:
            if len(items) < k + LEAST:
                continue
            given, _ = protocol.judged(items, k, seed)
            symbols = protocol.alphabet(given)
            others = [item for item in set(items) - set(given) if set(symbols).issuperset(item)]
            if len(others) < LEAST:
                continue
            of = judge(given, sorted(others), symbols)
            run = ours.quick(given, seed, budget)
            made = {how: texts(run, seed, min_p) for how, min_p in MIN_PS.items()}
            made["chain of order 3"] = list(chains.chain(given, symbols, MADE, seed))
            for how, texts_made in made.items():
                yield {"list": name, "k": k, "how": how, **of(texts_made)}


def texts(run: ours.Fitted, seed: int, min_p: float | None) -> list[str]:
    """What is made, known and repeated items among it."""
    return [item.text for item in run.more(MADE, seed=seed, unique=False, min_p=min_p)]


def judge(
    given: Sequence[str], others: Sequence[str], symbols: tuple[str, ...]
) -> Callable[[Sequence[str]], dict[str, float]]:
    """The measures of what is made of the given items."""
    knowing = kneser_ney.fit(list(others), symbols)
    usual = []
    for fold in range(FOLDS):
        left = kneser_ney.fit([item for i, item in enumerate(others) if i % FOLDS != fold], symbols)
        usual += left(list(others[fold::FOLDS]))
    alone = protocol.mean_loss(kneser_ney.fit(list(given), symbols)(list(others)))

    def measured(made: Sequence[str]) -> dict[str, float]:
        new = [item for item in made if item and item not in set(given)]
        return {
            "surprise": protocol.mean_loss(knowing(new)) - protocol.mean_loss(usual) if new else 0.0,
            "taught": protocol.mean_loss(kneser_ney.fit(list(made), symbols)(list(others))) - alone,
            "real": sum(item in set(others) for item in made) / len(made),
            "known": sum(item in set(given) for item in made) / len(made),
            "different": len(set(made)) / len(made),
        }

    return measured


def table(found: Sequence[dict]) -> Iterator[str]:
    """The means over lists, a line for each size and way of making."""
    for k in sorted({row["k"] for row in found}):
        for how in dict.fromkeys(row["how"] for row in found):
            here = [row for row in found if (row["k"], row["how"]) == (k, how)]
            means = {column: sum(row[column] for row in here) / len(here) for column in COLUMNS}
            said = f"{means['surprise']:+.3f}  {means['taught']:+.3f}" + "".join(
                f"{means[c]:8.1%}" for c in COLUMNS[2:]
            )
            yield f"{k:>4}  {len(here):>3} lists  {how:<20} {said}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.background.made_like")
    parser.add_argument("--sizes", default="20,50,100", type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--budget", default=ours.BUDGET, type=float)
    parser.add_argument("--seed", default=1, type=int)
    parser.add_argument("--lists", type=Path, help="a folder of other lists, FILE.txt each")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    lists = {f.stem: read_list(f) for f in sorted(given.lists.glob("*.txt"))} if given.lists else kept_out()
    found = []
    for row in rows(lists, given.sizes, given.budget, given.seed):
        found.append(row)
        print(
            f"{row['list']:<24}{row['k']:>5}  {row['how']:<20}" + "".join(f"{row[c]:9.3f}" for c in COLUMNS),
            flush=True,
        )
    print(*table(found), sep="\n")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The table of losses on the lists that are kept out, for every model that is registered.

    python -m benchmarks.background.run [--model NAME ...] [--seed 1] [--sizes 20,50] [--lists] [--json FILE]

Printed is, for each size, the mean loss over the lists and its ratio to that of Kneser-Ney on the same items.
--lists also prints every list: not for whoever still changes what is measured.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.background import kneser_ney, ours, protocol
from benchmarks.background.lists import kept_out

BASELINE = "Kneser-Ney"
MODELS: dict[str, protocol.Fit] = {
    BASELINE: kneser_ney.fit,
    "moreish, read only": ours.fit_with(0.0),
    "moreish": ours.fit_with(ours.BUDGET),
}
"""By name; add one with `MODELS[name] = fit`."""


def measured(
    models: Mapping[str, protocol.Fit], lists: Mapping[str, list[str]], sizes: set[int], seed: int
) -> Iterator[dict]:
    """A row for each list and size that leaves enough to judge: the loss of every model, and its seconds."""
    for name, items in lists.items():
        for k in protocol.sizes(items):
            if k not in sizes:
                continue
            given, others = protocol.judged(items, k, seed)
            if len(others) < protocol.LEAST_JUDGED:
                continue
            losses, seconds = {}, {}
            for model, fit in models.items():
                begun = time.perf_counter()
                scores = fit(list(given), protocol.alphabet(given), seed)(list(others))
                seconds[model] = time.perf_counter() - begun
                losses[model] = checked_loss(model, others, scores)
            yield {"list": name, "k": k, "judged": len(others), "loss": losses, "seconds": seconds}


def checked_loss(model: str, others: list[str], scores: list[tuple[float, int]]) -> float:
    """The mean loss, where the model scored every item and over the symbols that it has."""
    expected = [protocol.symbols(item) for item in others]
    if [count for _, count in scores] != expected:
        raise ValueError(f"{model} is to score {len(others)} items, each over its characters and its end")
    return protocol.mean_loss(scores)


def means(rows: list[dict]) -> dict[int, dict]:
    """For each size: the number of lists, and of every model its mean loss and the ratio to that of the baseline."""
    found = {}
    for k in sorted({row["k"] for row in rows}):
        here = [row["loss"] for row in rows if row["k"] == k]
        loss = {model: sum(row[model] for row in here) / len(here) for model in here[0]}
        ratio = {model: value / loss[BASELINE] for model, value in loss.items() if BASELINE in loss}
        found[k] = {"lists": len(here), "loss": loss, "ratio": ratio}
    return found


def table(rows: list[dict], with_lists: bool) -> Iterator[str]:
    """The lines to print: lists or sizes down, models across."""
    names = list(rows[0]["loss"]) if rows else []
    head = "".join(f"{name:>24}" for name in names)
    if with_lists:
        yield f"{'list':<24}{'k':>6}{'judged':>8}{head}"
        for row in rows:
            losses = "".join(f"{row['loss'][name]:>24.4f}" for name in names)
            yield f"{row['list']:<24}{row['k']:>6}{row['judged']:>8}{losses}"
        yield ""
    yield f"{'k':>6}{'lists':>8}{head}"
    for k, mean in means(rows).items():
        cells = [f"{mean['loss'][name]:.4f} ({mean['ratio'].get(name, float('nan')):.3f})" for name in names]
        yield f"{k:>6}{mean['lists']:>8}" + "".join(f"{cell:>24}" for cell in cells)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.background.run")
    parser.add_argument("--model", action="append", choices=list(MODELS), help="only these; the baseline always is")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sizes", default=",".join(map(str, protocol.SIZES)))
    parser.add_argument("--lists", action="store_true", help="also print every list")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    wanted = {BASELINE, *(chosen.model or MODELS)}
    models = {name: fit for name, fit in MODELS.items() if name in wanted}
    sizes = {int(k) for k in chosen.sizes.split(",")}
    rows = list(measured(models, kept_out(), sizes, chosen.seed))
    print("\n".join(table(rows, chosen.lists)))
    if chosen.json:
        text = json.dumps({"means": means(rows), "rows": rows}, indent=1, ensure_ascii=False)
        chosen.json.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

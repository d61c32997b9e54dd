"""moreish's own Kneser-Ney on the given items alone: the model that every other one is compared with.

    python -m benchmarks.background.kneser_ney OUT.json [--seed 1]

The order, 1 to 6, is the one that loses least in five-fold cross-validation on the given items; the discounts are
estimated from the counts, so there is nothing else to set. Symbols: those of the given items, and the end.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.background import protocol
from benchmarks.background.lists import kept_out
from moreish.ngram import KneserNey, count_ngrams

ORDERS = range(1, 7)
FOLDS = 5


def flat(items: Sequence[str], symbols: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Flat ids, with a 0 before, between and after the items, and the places of the zeros."""
    ids_of = {symbol: i for i, symbol in enumerate(symbols, start=1)}
    ids = [0]
    offsets = [0]
    for item in items:
        ids += [*(ids_of[symbol] for symbol in item), 0]
        offsets.append(len(ids) - 1)
    return np.array(ids), np.array(offsets)


def chosen_order(given: Sequence[str], symbols: Sequence[str]) -> int:
    """The order that costs the fewest nats on items left out, each item once."""
    nats = dict.fromkeys(ORDERS, 0.0)
    for fold in range(FOLDS):
        left_out = flat(given[fold::FOLDS], symbols)
        kept = [item for i, item in enumerate(given) if i % FOLDS != fold]
        counts = count_ngrams(*flat(kept, symbols), len(symbols) + 1, max(ORDERS))
        for order in ORDERS:
            nats[order] -= float(KneserNey(counts.upto(order)).score(*left_out).sum())
    return min(nats, key=nats.__getitem__)


def fit(given: list[str], symbols: tuple[str, ...], seed: int = 0) -> protocol.Score:
    """The model of these items; nothing of it is random."""
    model = KneserNey.fit(*flat(given, symbols), len(symbols) + 1, chosen_order(given, symbols))

    def score(items: list[str]) -> list[tuple[float, int]]:
        if not items:
            return []
        ids, offsets = flat(items, symbols)
        nats = np.add.reduceat(-model.score(ids, offsets)[1:], offsets[:-1])
        return [(float(n), protocol.symbols(item)) for n, item in zip(nats, items, strict=True)]

    return score


def rows(seed: int) -> list[dict]:
    """One row for each list and size that leaves enough to judge."""
    found = []
    for name, items in kept_out().items():
        for k in protocol.sizes(items):
            given, others = protocol.judged(items, k, seed)
            if len(others) < protocol.LEAST_JUDGED:
                continue
            symbols = protocol.alphabet(given)
            loss = protocol.mean_loss(fit(given, symbols, seed)(others))
            row = {"list": name, "k": k, "judged": len(others), "loss": loss}
            found.append(row | {"order": chosen_order(given, symbols)})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.background.kneser_ney")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    result = protocol.summary(rows(chosen.seed))
    chosen.out.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    print(json.dumps(result["means"], indent=1))


if __name__ == "__main__":
    main()

"""What is given of a list, what is judged of it, and how losses are reported: the same for every model.

A model is fitted on k items, given in a shuffled order, and says for every judged item how many nats it costs,
its end included. The measure is nats a symbol, with the end of an item counted as one symbol. Only items whose
symbols all occur in the given ones are judged, since no count of a list says anything about a symbol that it lacks.
"""

import random
import unicodedata
from collections.abc import Callable, Iterable, Sequence

SIZES = (20, 50, 100, 200, 500)
SIZES_OF_SHORT = {40: 110}  # also given, of a list of at most that many items
MOST_JUDGED = 200
LEAST_JUDGED = 20

Score = Callable[[list[str]], list[tuple[float, int]]]
"""Nats of each item, its end included, and over how many symbols they are."""

Fit = Callable[[list[str], tuple[str, ...], int], Score]
"""A model from the given items, the symbols of these, and a seed."""


def judged(items: Sequence[str], k: int, seed: int) -> tuple[list[str], list[str]]:
    """k items to give, and up to 200 others to judge by.

    The items are put in a fixed order before they are shuffled, so only what a list holds matters. With one seed, the
    items given for a small k are the first of those for a larger one. A list of k items or fewer is an error.
    """
    if k < 1:
        raise ValueError(f"at least one item is given, not {k}")
    distinct = sorted({unicodedata.normalize("NFC", item) for item in items} - {""})
    if k >= len(distinct):
        raise ValueError(f"{k} of {len(distinct)} different items are to be given: none is left to judge by")
    random.Random(f"judged {seed}").shuffle(distinct)
    given, rest = distinct[:k], distinct[k:]
    known = set(alphabet(given))
    others = [item for item in rest if known.issuperset(item)]
    return given, others[:MOST_JUDGED]


def alphabet(given: Iterable[str]) -> tuple[str, ...]:
    """The characters of the items, in order."""
    return tuple(sorted(set("".join(given))))


def sizes(items: Sequence[str]) -> list[int]:
    """The sizes that leave something of a list to judge by."""
    short = [k for k, most in SIZES_OF_SHORT.items() if len(items) <= most]
    return sorted(k for k in [*SIZES, *short] if len(items) >= k + LEAST_JUDGED)


def symbols(item: str) -> int:
    """The symbols of an item, its end included."""
    return len(item) + 1


def mean_loss(scores: Iterable[tuple[float, int]]) -> float:
    """Nats a symbol over all items together."""
    pairs = list(scores)
    return sum(nats for nats, _ in pairs) / sum(count for _, count in pairs)


def summary(rows: Sequence[dict]) -> dict:
    """The rows (list, k, judged, loss ...) with, for each k, the number of lists and the mean of their losses."""
    means = {}
    for k in sorted({row["k"] for row in rows}):
        losses = [row["loss"] for row in rows if row["k"] == k]
        means[str(k)] = {"lists": len(losses), "loss": sum(losses) / len(losses)}
    return {"means": means, "rows": list(rows)}

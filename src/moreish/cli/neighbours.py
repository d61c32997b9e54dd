"""moreish neighbours."""

from pathlib import Path

import numpy as np

from moreish import api
from moreish.cli.show import bar, emit, printable, show, table, text
from moreish.models.mixture import Mixture
from moreish.plots.model import nearest_words

SHOWN_UNASKED = 5


def run_neighbours(run: str, symbols: tuple[str, ...], count: int, *, root: Path, json: bool) -> None:
    """Each symbol with those whose vectors point most in the direction of its own."""
    if count < 1:
        raise ValueError(f"--count is how many neighbours to name, at least 1, not {count}")
    made = api.open_run(run, root)
    parts = made.model.parts if isinstance(made.model, Mixture) else [made.model]
    model = next((part for part in parts if hasattr(part, "module")), made.model)
    for symbol in symbols or frequent(made):
        found = nearest_words(model, made.vocab, symbol, count)
        if json:
            emit({"symbol": symbol, "neighbours": [{"symbol": s, "cosine": cosine} for s, cosine in found]})
            continue
        show(text((printable(symbol), "bold")))
        rows = [(printable(s), f"{cosine:.2f}", bar(max(cosine, 0.0))) for s, cosine in found]
        show(table([("", "left"), ("cosine", "right"), ("", "left")], rows))


def frequent(made: api.TrainedRun) -> list[str]:
    """The symbols that train has most often."""
    ids = made.corpus.part("train").ids
    counts = np.bincount(ids, minlength=len(made.vocab))[1:]
    return [made.vocab.symbols[i] for i in np.argsort(-counts, kind="stable")[:SHOWN_UNASKED]]

"""moreish score and moreish evaluate."""

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from moreish import api
from moreish.cli.show import BASELINE_WORDS, bar, emit, in_words, printable, show, table, text
from moreish.data import Part, read


def run_score(run: str, items: tuple[str, ...], *, root: Path, json: bool) -> None:
    """Each item with its loss and the probability of each of its symbols."""
    made = api.open_run(run, root)
    if not items:
        items = tuple(line for line in (line.strip() for line in sys.stdin.read().split("\n")) if line)
    for scored in made.score(*items):
        if json:
            emit(
                {
                    "item": scored.item,
                    "loss": scored.score.loss,
                    "logprob": scored.score.logprob,
                    "known": made.corpus.where(scored.item),
                    "symbols": [{"symbol": s, "logprob": _finite(p)} for s, p in scored.per_symbol],
                }
            )
        else:
            _show_score(scored, made.corpus.where(scored.item))


def _show_score(scored: api.Scored, known: str) -> None:
    where = "new" if known == "new" else f"in {known}"
    show(
        text(
            (printable(scored.item), "bold"),
            f"  {where}, loss {scored.score.loss:.3f}, ",
            in_words(scored.score.loss),
        )
    )
    worst = min(range(len(scored.per_symbol)), key=lambda i: scored.per_symbol[i][1])
    for i, (symbol, logprob) in enumerate(scored.per_symbol):
        p = math.exp(logprob)
        mark = "  < the surprise" if i == worst and len(scored.per_symbol) > 1 else ""
        style = "yellow" if p < 0.02 else ""
        show(text(f"  {printable(symbol) or 'end':>6} {p:7.2%} ", (bar(p), "cyan"), (mark, style)))


def run_evaluate(run: str, on: str, *, root: Path, json: bool) -> None:
    """The loss on a part of the run's own list, or on another list."""
    made = api.open_run(run, root)
    if on in ("train", "val", "test"):
        result = made.evaluate(cast(api.PartName, on))
    else:
        result = api.evaluate_part(made.model, made.corpus, other_list(made, on), on)
    if json:
        emit({k: v if not isinstance(v, float) else _finite(v) for k, v in result.items()})
        return
    losses: dict[str, float] = {**result["baselines"], "this run": result["loss"]}
    highest = max(losses.values())
    rows = [
        (name, f"{loss:.4f}", f"{math.exp(loss):.2f}", bar(loss / highest), BASELINE_WORDS.get(name, ""))
        for name, loss in sorted(losses.items(), key=lambda pair: -pair[1])
    ]
    show(
        table(
            [("", "left"), ("nats a symbol", "right"), ("perplexity", "right"), ("", "left"), ("", "left")],
            rows,
            f"{printable(result['on'])}: {result['items']:,} items, {result['symbols']:,} symbols",
        )
    )


def other_list(made: api.TrainedRun, file: str) -> Part:
    """Another list in the run's own symbols, all of it. Raises ValueError for a symbol that the run never saw."""
    corpus = read(file, replace(made.config.data, duplicates="keep"))
    ids = {symbol: i for i, symbol in enumerate(made.vocab.symbols, 1)}
    missing = [s for s in corpus.vocab.symbols if s not in ids]
    if missing and not made.vocab.unknown:
        raise ValueError(
            f"{file} has {', '.join(repr(s) for s in missing[:5])}, which the list of {made.run.name} never has, "
            "so its likelihood is 0 and the loss infinite: leave such items out"
        )
    unknown = len(made.vocab.symbols)  # <unk> is the last symbol, where there is one
    lookup = np.array([0, *(ids.get(s, unknown) for s in corpus.vocab.symbols)], made.vocab.dtype)
    whole = corpus.part("all")
    return Part(lookup[whole.ids], whole.offsets)


def _finite(value: Any) -> Any:
    return value if math.isfinite(value) else None

"""moreish more: items from a run, or straight from a list by counting."""

from pathlib import Path
from typing import Any

import numpy as np

from moreish.cli.show import show_items, warn
from moreish.data import Corpus, read
from moreish.errors import Unmet
from moreish.inference import Sampling
from moreish.inference.more import FRUITLESS, more
from moreish.models.contract import LanguageModel
from moreish.options import build
from moreish.rng import stream
from moreish.runs.checkpoint import refuse_pickle
from moreish.runs.folder import find_run


def run_more(
    run_or_file: str,
    sampling: dict[str, Any],
    *,
    count: int,
    starts_with: str,
    new_only: bool,
    unique: bool,
    format: str,
    root: Path,
    seed: int | None,
    layers: list[dict[str, Any]],
) -> None:
    """Print items as they come. Raises Unmet where the model has no more to give."""
    model, corpus = _model_and_corpus(run_or_file, root, layers)
    chance = np.random.default_rng() if seed is None else stream(seed, "sampling")
    wanted = build(Sampling, sampling)
    items = more(model, corpus, count, chance, wanted, starts_with, unique, new_only)
    given = show_items(items, format)
    if given < count:
        kind = " ".join(word for word, said in (("different", unique), ("new", new_only)) if said)
        raise Unmet(
            f"only {given} {kind} items came: {FRUITLESS:,} more draws gave no other; "
            "a higher --temperature dares more, and --repeats allows the same again"
        )


def _model_and_corpus(run_or_file: str, root: Path, layers: list[dict[str, Any]]) -> tuple[LanguageModel, Corpus]:
    refuse_pickle(Path(run_or_file))
    if find_run(run_or_file, root) is None and not Path(run_or_file).is_dir():
        from moreish.fitting.counting import fit_ngram
        from moreish.recipes import resolve

        config = resolve("ngram", *layers)
        corpus = read(run_or_file, config.data)
        val = corpus.part("val")
        parts = corpus.part("train"), val if len(val) else None
        ngram = fit_ngram(config.model.options, *parts, len(corpus.vocab))
        return ngram, corpus
    from moreish.api import open_run

    made = open_run(run_or_file, root)
    model = made.model
    for sentence in made.passed_over:
        warn(sentence)
    return model, made.corpus

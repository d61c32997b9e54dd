"""moreish find-lr: the learning-rate range test of a recipe's network on a list."""

from pathlib import Path
from typing import Any

from moreish.cli.show import emit, note
from moreish.data import read
from moreish.models import build_model
from moreish.recipes import resolve
from moreish.training.find_lr import find_lr


def run_find_lr(
    file: str,
    recipe: str,
    layers: list[dict[str, Any]],
    *,
    seeds: int,
    steps: int,
    to: Path | None,
    seed: int,
    json: bool,
) -> None:
    """Print the suggestion with its reason, and draw it where `to` says."""
    config = resolve(recipe, {"seed": seed}, *layers)
    networks = [leaf for leaf in config.model.leaves if leaf.name != "ngram"]
    if not networks:
        raise ValueError(f'the recipe "{recipe}" only counts: it has no learning rate')
    leaf, corpus = networks[0], read(file, config.data)
    found = find_lr(
        lambda s: build_model(leaf.name, leaf.options, len(corpus.vocab), s),
        corpus.part("train"),
        config.train,
        seed=seed,
        seeds=seeds,
        steps=steps,
    )
    if to is not None:
        from moreish.plots.lr import range_test

        range_test(found, to)
    if json:
        emit({"lr": found.lr, "reason": found.reason, "seeds": seeds, "steps": steps})
        return
    print(f"{found.lr:.3g}")
    note(found.reason)

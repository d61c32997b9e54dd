"""moreish check-backward: the hand-derived gradients of a recipe's network beside autograd's."""

from typing import Any

from moreish.cli.show import emit, note, show, table
from moreish.data import read
from moreish.errors import Unmet
from moreish.recipes import resolve

SHOWN_CALLS = 8


def run_check_backward(
    recipe: str, file: str, layers: list[dict[str, Any]], *, intermediates: bool, seed: int, json: bool
) -> None:
    """Compare on the first batch of training. Raises Unmet where a gradient is wrong."""
    import torch

    from moreish.backprop import by_hand, compare_gradients
    from moreish.models import build_model
    from moreish.training.loop import batches_for
    from moreish.training.steps import token_loss

    config = resolve(recipe, {"seed": seed}, *layers)
    corpus = read(file, config.data)
    networks = [leaf for leaf in config.model.leaves if leaf.name != "ngram"]
    if not networks:
        raise ValueError(f'the recipe "{recipe}" only counts: there is no gradient to check')
    wrong = 0
    for leaf in networks:
        module = build_model(leaf.name, leaf.options, len(corpus.vocab), config.seed)
        batch = next(batches_for(module, corpus.part("train"), config.train, config.seed).epoch(0))
        idx, targets = (torch.from_numpy(part.astype("int64")) for part in (batch.x, batch.y))
        rows = compare_gradients(
            module, lambda m=module, x=idx, y=targets: token_loss(m(x), y), intermediates=intermediates
        )
        wrong += sum(not row.approximate for row in rows)
        if json:
            for row in rows:
                emit({"name": row.name, "exact": row.exact, "approximate": row.approximate, "maxdiff": row.maxdiff})
            continue
        cells = [(r.name, _yes(r.exact), _yes(r.approximate), f"{r.maxdiff:.2e}", r.cause or "") for r in rows]
        headings = [
            ("parameter", "left"),
            ("exact", "left"),
            ("approximate", "left"),
            ("maxdiff", "right"),
            ("", "left"),
        ]
        show(table(headings, cells, f"{leaf.name}, {len(idx)} rows, float32"))
        with by_hand() as mode:
            token_loss(module(idx), targets)
        note(str(mode.report()))
    if wrong:
        raise Unmet(f"{wrong} gradients are not those of autograd")


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"

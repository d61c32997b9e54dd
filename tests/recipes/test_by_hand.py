"""Every network of every recipe learns the same by hand as by autograd."""

from dataclasses import replace
from itertools import islice

import pytest
import torch

from moreish.models import build_model
from moreish.recipes import RECIPES, ModelChoice, resolve
from moreish.training.loop import start, train
from moreish.training.options import TrainOptions

STEPS = 20


def networks() -> dict[str, tuple[ModelChoice, TrainOptions]]:
    """One of each kind, under the name of the first recipe that has it."""
    found = {}
    for name in RECIPES:
        config = resolve(name)
        for leaf in config.model.singles:
            kind = leaf.name, leaf.options
            if leaf.name != "ngram" and kind not in found:
                found[kind] = f"{name}: {leaf.name}", leaf, config.train
    return {title: (leaf, options) for title, leaf, options in found.values()}


NETWORKS = networks()


@pytest.mark.slow
@pytest.mark.parametrize("title", NETWORKS)
def test_the_first_losses_by_hand_are_those_of_autograd(corpus, title):
    """In double precision: in single, some of these nets make more of a rounding error than 1e-5."""
    leaf, options = NETWORKS[title]
    options = replace(options, time_budget=None, log_every=1, batch_size=16, precision="float64")
    losses = []
    for backward in ("autograd", "by-hand"):
        state = start(
            build_model(leaf.name, leaf.options, len(corpus.vocab), 1), replace(options, backward=backward), 1
        )
        steps = islice(train(state, corpus.split("train"), None), STEPS)
        losses.append(torch.tensor([event.loss for event in steps], dtype=torch.float64))
    torch.testing.assert_close(losses[1], losses[0], rtol=0, atol=1e-10)
    assert losses[0][-1] != losses[0][0]

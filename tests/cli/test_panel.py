"""The live view: what it says of a training whose records are real."""

from io import StringIO
from itertools import pairwise

from rich.console import Console

from moreish.cli.panel import Panel
from moreish.data import from_items
from moreish.fitting.fit import Fitting
from moreish.recipes import Overrides, resolve
from tests.support.lists import made_items

PARTS = [{"name": "ngram"}, *({"name": "gru", "n_hidden": 6, "n_embd": 4, "seed": i} for i in range(3))]
TRAIN = {"steps": 12, "batch_size": 64, "log_every": 3, "eval_every": 6, "processes": 1}


def fitting() -> Fitting:
    config = resolve(None, Overrides({"model": {"name": "mixture", "parts": PARTS}, "train": TRAIN}))
    return Fitting(from_items(made_items(200)), config)


def text(panel: Panel) -> str:
    page = StringIO()
    Console(width=100, file=page).print(panel)
    return page.getvalue()


def test_progress_is_that_of_all_networks_and_never_falls():
    panel, seen = Panel(), []
    for record in fitting().records():
        panel.feed(record)
        seen.append(panel.progress)
    assert all(a <= b for a, b in pairwise(seen))
    assert any(0.3 < p < 0.7 for p in seen)
    assert seen[-1] == 1.0


def test_a_resumed_training_begins_where_it_was():
    whole = list(fitting().records())
    second = next(i for i, r in enumerate(whole) if r["event"] == "network" and r["number"] == 2)
    panel = Panel()
    panel.feed(whole[second])
    assert panel.progress == 1 / 3


def test_it_says_which_network_trains_and_what_the_mixture_came_to():
    panel, shown = Panel(), []
    for record in fitting().records():
        panel.feed(record)
        shown.append(text(panel))
    assert any("network 2 of 3: gru" in page for page in shown)
    assert panel.mixed is not None
    assert "4 models mixed" in shown[-1]
    assert f"{panel.mixed[1]:.3f}" in shown[-1]

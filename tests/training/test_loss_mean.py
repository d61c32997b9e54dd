"""A record's loss is the mean over all steps since the record before, also where a stop lay between the two."""

import numpy as np
import pytest
import torch

from moreish import api
from moreish.recipes import Overrides
from moreish.runs import events
from moreish.training.loss_mean import LossMean
from tests.support.lists import made_items


def test_what_was_kept_and_brought_back_gives_the_same_mean_to_the_last_bit():
    rng = np.random.default_rng(0)
    whole, first = LossMean(), LossMean()
    for n in range(7):
        loss, size = torch.tensor(rng.normal(), dtype=torch.float32), np.array([rng.integers(1, 90)])
        whole.add(loss, size)
        (first if n < 4 else again).add(loss, size)
        if n == 3:
            again = LossMean()
            again.restore(first.plain())
    assert whole.take() == again.take()
    assert whole.plain() == LossMean().plain() == []


def test_a_loss_that_is_no_number_is_none_afterwards_either():
    mean = LossMean()
    mean.add(np.array([1.0, np.inf]), np.array([2, 3]))
    assert mean.plain() == [[1.0, 2], [None, 3]]
    mean.restore(mean.plain())
    assert not np.isfinite(mean.take()[0])


def test_a_run_that_was_stopped_between_two_records_tells_what_the_undisturbed_one_tells(tmp_path):
    train = {"steps": 24, "batch_size": 16, "log_every": 12, "eval_every": 12, "doctor": True}
    options = Overrides(settings={"model": {"name": "gru", "n_hidden": 8, "n_embd": 4}, "train": train})
    found = []

    def watch(event: events.Event) -> None:
        found.extend([event.step] if isinstance(event, events.Quantities) and event.step % 12 else [])

    def told(folder, stop=None):
        request = api.TrainRequest(made_items(80), None, options, folder)
        if stop is None:
            return api.fit(api.prepare(request)).run
        with pytest.raises(api.Interrupted):
            api.fit(api.prepare(request), watch, stop=stop)
        return api.resume(folder).run

    whole = told(tmp_path / "whole")
    cut = told(tmp_path / "cut", lambda: bool(found))
    losses = [[(e.step, e.loss, e.tokens) for e in events.of_kind(run.events(), events.Step)] for run in (whole, cut)]
    assert losses[0] == losses[1]

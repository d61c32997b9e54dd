"""Checkpoints come in time too, where no evaluation brings one: with no val, or with evaluations far apart."""

import pytest

import moreish
from moreish import api
from moreish.api import keeping
from moreish.data import from_items
from moreish.runs import events
from tests.support.lists import made_items

TRAIN = {"steps": 60, "batch_size": 8, "log_every": 5, "device": "cpu"}
FEW = ["aldermoor"]


class Lost(Exception):
    """The process is gone."""


def trained(folder, items, watch=lambda event: None, **train):
    options = {"train": TRAIN | train, "model": {"n_hidden": 8, "n_embd": 4}}
    return moreish.train(from_items(items), model="mlp", options=options, out=folder, watch=watch)


@pytest.fixture
def hurried(monkeypatch):
    """Every step that is told is late enough for a checkpoint."""
    monkeypatch.setattr(keeping, "FIRST_SAVE", 0.0)
    monkeypatch.setattr(keeping, "BETWEEN_SAVES", 0.0)
    monkeypatch.setattr(keeping, "SAVING_SHARE", float("inf"))


@pytest.mark.parametrize("items", [FEW, made_items(100)])
def test_a_checkpoint_of_a_moment_without_evaluation_goes_on_to_the_same_end(tmp_path, hurried, items):
    options = {"eval_every": 60}
    kept = []

    def person(event):
        if isinstance(event, events.Step) and event.step == 35:
            run = api.open_run(tmp_path / "run")
            kept.append((run.run.checkpoint("last").step, run.more(2)))
            raise Lost

    with pytest.raises(Lost):
        trained(tmp_path / "run", items, person, **options)
    whole = trained(tmp_path / "whole", items, **options)
    assert kept[0][0] == 30
    assert len(kept[0][1]) == 2
    assert api.resume(tmp_path / "run").digest == whole.digest


def test_saving_takes_a_small_share_of_the_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(keeping.time, "monotonic", lambda: now[0])
    clock = keeping._SaveClock(keeping.FIRST_SAVE)
    assert not clock.is_due()
    now[0] = keeping.FIRST_SAVE
    assert clock.is_due()
    with clock.saving():
        now[0] += 10.0
    now[0] += 10.0 / keeping.SAVING_SHARE - 1
    assert not clock.is_due()
    now[0] += 1
    assert clock.is_due()


@pytest.mark.parametrize("items", [FEW, made_items(100)])
def test_the_first_checkpoint_comes_in_seconds_though_evaluations_are_far_apart(tmp_path, monkeypatch, items):
    now = [0.0]
    monkeypatch.setattr(keeping.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(keeping, "_samples", lambda fitting: events.Samples(0, []))
    kept = []

    def person(event):
        if isinstance(event, events.Step):
            now[0] += 1.0
            kept.append(moreish.open_run(tmp_path / "run").run.steps())

    trained(tmp_path / "run", items, person, eval_every=60)
    first = next(k for k, steps in enumerate(kept) if steps)
    assert first <= 10
    assert not kept[1]

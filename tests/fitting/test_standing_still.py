"""Time in which somebody lets a run stand still is no time of its training, whatever trains."""

import time
from itertools import pairwise
from threading import Timer

import pytest

import moreish
from moreish.data import from_items
from moreish.runs import commands, events
from tests.support.lists import made_items

PAUSE = 4.0  # shorter than what a process notices by itself, longer than all that is done between two events
SOON = 2.0  # until it does what it is told
SMALL = {"n_hidden": 8, "n_embd": 4}
PARTS = [{"name": "ngram"}, {"name": "gru", "seed": 1, **SMALL}, {"name": "gru", "seed": 2, **SMALL}]
TRAIN = {"batch_size": 16, "log_every": 4, "eval_every": 400, "device": "cpu", "time_budget": 2.0}


def trained(folder, items, options):
    """What is told of a run that stands still for PAUSE seconds from its first steps on, each with its moment."""
    told = []

    def person(event):
        told.append((time.monotonic(), event))
        if isinstance(event, events.Step) and len(of_kind(told, events.Step)) == 1:
            commands.steer(folder, commands.Pause())
            Timer(PAUSE, commands.steer, (folder, commands.Go())).start()

    moreish.train(from_items(made_items(items)), options=options, out=folder, watch=person)
    assert [event.paused for _, event in of_kind(told, events.Paused)] == [True, False]
    return told


def of_kind(told, kind):
    return [(moment, event) for moment, event in told if isinstance(event, kind)]


@pytest.mark.slow
def test_a_background_net_trains_for_as_long_as_it_was_told_to(tmp_path):
    told = trained(tmp_path / "run", 60, {"train": {"time_budget": 10.0}})
    (begun, first), *_, (ended, last) = of_kind(told, events.Step)
    assert 0 < last.seconds - first.seconds < ended - begun - PAUSE + SOON


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_networks_of_a_mixture_train_for_as_long_as_they_were_told_to(tmp_path, processes):
    options = {"model": {"name": "mixture", "components": PARTS}, "train": TRAIN | {"processes": processes}}
    began = time.monotonic()
    told = trained(tmp_path / "run", 120, options)
    for component in (1, 2):
        seconds = [event.seconds for _, event in of_kind(told, events.Step) if event.component == component]
        assert max(b - a for a, b in pairwise(seconds)) < PAUSE / 2
    *_, (ended, mixed) = of_kind(told, events.Mixed)
    assert 0 < mixed.seconds < ended - began - PAUSE + SOON

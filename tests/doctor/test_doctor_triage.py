"""Where the doctor looks: often at first, hardly at a run that does well, closely at one that does not."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from doctor_worlds import fit, language, mlp
from torch import nn

from moreish.doctor import Doctor
from moreish.doctor.clock import CLOSER, FRAMES, UNTIMED, Clock
from moreish.doctor.frame import Call, Frame
from moreish.doctor.history import History
from moreish.doctor.triage import worrying


@pytest.fixture
def run(monkeypatch):
    """A run of 0.5 ms a step, on a time of our own: the steps that were looked at, the clock, and times read."""
    now, reads = [0.0], [0]

    def read():
        reads[0] += 1
        return now[0]

    monkeypatch.setattr("moreish.doctor.clock.time.thread_time", read)

    def go(steps, frame, worried=lambda step: False):
        clock, looked = Clock(0.03), []
        for step in range(steps):
            now[0] += 0.0005
            if clock.due(step):
                now[0] += frame
                clock.spent += frame
                clock.looked(step, worried(step))
                looked.append(step)
        return looked, clock, now[0], reads[0]

    return go


@pytest.mark.parametrize("frame", [0.002, 0.02])
def test_the_clock_keeps_to_its_budget_while_it_hardly_ever_reads_the_time(run, frame):
    looked, clock, elapsed, reads = run(100_000, frame)
    assert looked[:4] == [0, 1, 2, 9]
    assert (1 + UNTIMED) * clock.spent <= 0.03 * elapsed + 2 * frame
    assert clock.share() >= 0.025
    assert max(b - a for a, b in itertools.pairwise(looked[-20:])) < 6 * frame / 0.03 / 0.0005
    assert reads < 15_000


def test_a_worrying_run_is_looked_at_more_closely_until_it_recovers(run):
    well, *_ = run(1000, 0.002)
    ill, *_ = run(1000, 0.002, lambda step: step >= 80)
    better, *_ = run(1000, 0.002, lambda step: 80 <= step < 200)
    assert len(well) <= FRAMES < len(better) < len(ill) <= CLOSER
    assert max(b / a for a, b in itertools.pairwise(s for s in ill if s >= 90)) < 1.1
    assert not [s for s in better if 230 < s < 500]
    assert [s for s in better if s > 500]  # close looks do not use up the calm ones


def test_the_share_that_looking_took_is_that_of_the_run_whenever_it_is_asked_for():
    x, y = language()
    model = mlp()
    with Doctor(model, optimizer := torch.optim.SGD(model.parameters(), 0.1), budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 5)
    told = doctor.cost
    torch.rand(2_000_000).sort()
    assert doctor.cost == told > 0


def test_a_run_that_goes_on_is_looked_at_as_one_that_begins():
    clocks = []
    for began in (0, 10_000):
        clock, looked = Clock(0.03), []
        for step in range(began, began + 400):
            if clock.due(step):
                clock.looked(step)
                looked.append(step - began)
        clocks.append(looked)
    assert clocks[0] == clocks[1]


def history(losses, steps, nll=False, **values):
    told = History()
    for step, loss in zip(steps, losses, strict=True):
        frame = Frame(step, {"loss": loss, **({"loss.1/nll": loss} if nll else {}), **values})
        frame.calls = [Call("norm", "batch_norm", "norm", "norm", (32, 8))]
        told.add(frame)
    return told


def test_a_loss_that_has_hardly_fallen_after_fifty_steps_is_worrying():
    assert worrying(history([3.3, 3.2, 3.2], [0, 60, 150]))
    assert worrying(history([3.3, 3.0, math.nan], [0, 60, 150]))
    assert not worrying(history([3.3, 3.2, 3.2], [0, 20, 45]))
    assert not worrying(history([3.3, 2.9, 2.6], [0, 60, 150]))
    assert not worrying(history([-3.3, -4.9, -5.6], [0, 60, 150]))
    resumed = history([2.4, 2.4, 2.4], [5000, 5060, 5150])
    resumed.from_scratch = False
    assert not worrying(resumed)


def test_a_loss_at_the_entropy_of_the_targets_is_worrying_once_more_should_be_known():
    steps = [0, 100, 300]
    for losses, alarmed in (([1.6, 1.2, 1.08], True), ([1.6, 1.2, 0.8], False)):
        run = history(losses, steps, nll=True)
        run.ledger.count(torch.arange(3).repeat(200), 3)  # ln 3 = 1.0986
        assert worrying(run) is alarmed
    early = history([1.6, 1.2, 1.08], [0, 100, 200], nll=True)
    early.ledger.count(torch.arange(3).repeat(200), 3)
    assert not worrying(early)


def test_a_loss_that_jumped_in_the_first_frames_is_worrying_even_if_it_came_down_again():
    assert worrying(history([3.3, 4.1, 2.4, 2.4], [0, 1, 60, 150]))
    assert not worrying(history([3.3, 3.5, 2.4, 2.4], [0, 1, 60, 150]))
    late = [3.3, *[2.4] * 9, 5.0, 2.4]
    assert not worrying(history(late, range(0, 1200, 100)))


def test_statistics_that_lag_behind_are_worrying():
    assert worrying(history([3.3, 2.9, 2.6], [0, 60, 150], **{"norm/drift": 0.8}))
    assert worrying(history([3.3, 2.9, 2.6], [0, 60, 150], **{"norm/stretch": -0.8}))
    assert not worrying(history([3.3, 2.9, 2.6], [0, 60, 150], **{"norm/drift": 0.1}))


def test_a_net_that_learns_is_left_alone_and_one_that_does_not_is_not():
    x, y = language()
    frames = {}
    for lr in (0.3, 1e-5):
        torch.manual_seed(0)
        model = mlp()
        optimizer = torch.optim.SGD(model.parameters(), lr)
        with Doctor(model, optimizer) as doctor:
            fit(model, optimizer, x, y, 600)
        frames[lr] = doctor.history.seen
    assert frames[0.3] < 0.7 * frames[1e-5]


@pytest.mark.parametrize("every", [50, 100])
def test_evaluations_after_round_numbers_of_steps_are_seen_however_short_a_step_is(every):
    x, y = language()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(12, 8), nn.Flatten(), nn.Linear(24, 12))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer) as doctor:
        hooked = []
        for step in range(500):
            fit(model, optimizer, x, y, 1, seed=step)
            hooked.append(bool(model._forward_pre_hooks))
            if step >= 300 and (step + 1) % every == 0:
                with torch.no_grad():
                    F.cross_entropy(model(x), y)
    assert all(hooked[:100])
    assert sum(hooked[200:]) < 150
    assert len(doctor.history.evaluations) >= {50: 3, 100: 2}[every]

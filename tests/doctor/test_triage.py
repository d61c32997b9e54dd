"""Where the doctor looks: often at first, hardly at a run that does well, closely at one that does not."""

import itertools
import math
from types import SimpleNamespace

import hypothesis.strategies as st
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from torch import nn
from torch.nn.modules import module as global_hooks

from moreish.doctor import Doctor
from moreish.doctor.frames.frame import Call, Frame
from moreish.doctor.frames.history import History
from moreish.doctor.judge.triage import worrying
from moreish.doctor.watch.clock import CALM_LOOKS, UNTIMED, WORRIED_ADVANCE, WORRIED_LOOKS, Clock
from moreish.doctor.watch.eval_mode import eval_mode
from moreish.doctor.watch.forecast import PAUSE, REMEMBERED, ROUND, EvaluationForecast
from moreish.doctor.watch.schedule import FIRST_EVALUATIONS, MOST_FORETOLD, SETTLING, SURE_EVALUATIONS, Schedule
from tests.doctor.worlds import fit, language, mlp


@pytest.fixture
def run(monkeypatch):
    """A run of 0.5 ms a step, on a time of our own: the steps that were looked at, the clock, and times read."""
    now, reads = [0.0], [0]

    def read():
        reads[0] += 1
        return now[0]

    monkeypatch.setattr("moreish.doctor.watch.clock.time.thread_time", read)

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
    assert looked[:5] == [0, 1, 10, 53, 260]
    assert (1 + UNTIMED) * clock.spent <= 0.03 * elapsed + 2 * frame
    assert clock.share() >= 0.025
    assert max(b - a for a, b in itertools.pairwise(looked[-20:])) < 6 * frame / 0.03 / 0.0005
    assert reads < 15_000


def test_a_worrying_run_is_looked_at_more_closely_until_it_recovers(run):
    well, *_ = run(800, 0.002)
    ill, *_ = run(800, 0.002, lambda step: step >= 50)
    better, *_ = run(800, 0.002, lambda step: 50 <= step < 100)
    assert len(well) <= CALM_LOOKS < len(better) < len(ill) <= WORRIED_LOOKS
    assert max(b / a for a, b in itertools.pairwise(s for s in ill if s >= 53)) < 1.12
    assert not [s for s in better if 110 < s < 400]
    assert [s for s in better if s > 400]  # close looks do not use up the calm ones


def test_dear_looks_at_a_worrying_run_are_spread_over_hundreds_of_steps(run):
    ill, clock, *_ = run(1200, 0.03, lambda step: True)
    assert len(ill) >= 10
    assert len([s for s in ill if 100 < s < 400]) >= 3
    assert (1 + UNTIMED) * clock.spent <= 0.03 * WORRIED_ADVANCE + 2 * 0.03


def test_the_share_that_looking_took_is_that_of_the_run_whenever_it_is_asked_for():
    x, y = language()
    model = mlp()
    with Doctor(model, optimizer := torch.optim.SGD(model.parameters(), 0.1), budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 5)
    cost = doctor.cost
    torch.rand(2_000_000).sort()
    assert doctor.cost == cost > 0


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


def test_the_first_evaluations_are_looked_at_whatever_the_clock_says_and_later_ones_when_a_step_would_be():
    schedule = Schedule(1e-9)
    for step in (0, 1):  # the two that any budget has
        assert schedule.due(step)
        schedule.clock.spent += 1.0
        schedule.looked(step, False)
    assert not schedule.due(2)
    for _ in range(FIRST_EVALUATIONS):
        assert schedule.evaluation_due(2)
        assert not schedule.due(2)
    assert not schedule.evaluation_due(2)


def test_a_worried_run_is_asked_about_as_long_as_closer_looks_are_left():
    schedule = Schedule(0.015)
    assert schedule.wants_triage(CALM_LOOKS + WORRIED_LOOKS)
    assert not schedule.wants_triage(CALM_LOOKS + WORRIED_LOOKS + 1)


def history(losses, steps, nll=False, **values):
    run = History()
    for step, loss in zip(steps, losses, strict=True):
        frame = Frame(step, {"loss": loss, **({"loss.1/nll": loss} if nll else {}), **values})
        frame.calls = [Call("norm", "batch_norm", "norm", "norm", (32, 8))]
        run.add(frame)
    return run


def test_a_loss_that_has_hardly_fallen_after_fifty_steps_is_worrying():
    assert worrying(history([3.3, 3.2, 3.2], [0, 60, 150]))
    assert worrying(history([3.3, 3.0, math.nan], [0, 60, 150]))
    assert not worrying(history([3.3, 3.2, 3.2], [0, 20, 45]))
    assert not worrying(history([3.3, 2.9, 2.6], [0, 60, 150]))
    assert not worrying(history([3.3, 3.2, 3.05], [0, 30, 60]))  # on its way
    assert worrying(history([3.3, 3.2, 3.05], [0, 60, 120]))
    assert not worrying(history([-3.3, -4.9, -5.6], [0, 60, 150]))
    resumed = history([2.4, 2.4, 2.4], [5000, 5060, 5150])
    resumed.from_scratch = False
    assert not worrying(resumed)


def test_a_loss_at_the_entropy_of_the_targets_is_worrying_once_more_should_be_known():
    steps = [0, 100, 300]
    for losses, alarmed in (([1.6, 1.2, 1.08], True), ([1.6, 1.2, 0.8], False)):
        run = history(losses, steps, nll=True)
        run.counts.count(torch.arange(3).repeat(200), 3)  # ln 3 = 1.0986
        assert worrying(run) is alarmed
    early = history([1.6, 1.2, 1.08], [0, 100, 200], nll=True)
    early.counts.count(torch.arange(3).repeat(200), 3)
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


@pytest.mark.slow
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


def short_run(evaluates, monkeypatch, steps=700, pause=0.0005, switches=False):
    """The doctor that watched steps of 1 ms, with evaluations that take `pause`, and when the model was hooked up."""
    now = [0.0]
    monkeypatch.setattr("moreish.doctor.watch.probe.time", SimpleNamespace(perf_counter=lambda: now[0]))
    x, y = language()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(12, 8), nn.Flatten(), nn.Linear(24, 12))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    hooked = []
    with Doctor(model, optimizer, budget=1e-9) as doctor:  # no look but the first two
        for step in range(1, steps + 1):
            now[0] += 0.001
            fit(model, optimizer, x, y, 1, seed=step)
            hooked.append(bool(global_hooks._global_forward_pre_hooks))
            if evaluates(step):
                now[0] += pause
                if switches:
                    model.eval()
                with torch.no_grad():
                    F.cross_entropy(model(x[:8]), y[:8])
                model.train()
    return doctor, hooked


def test_evaluations_after_round_numbers_of_steps_are_seen_however_short_they_and_the_steps_are(monkeypatch):
    doctor, hooked = short_run(lambda step: step >= 300 and step % 100 == 0, monkeypatch)
    assert all(hooked[:SETTLING])
    assert sum(hooked[SETTLING:]) < 100
    assert [v[0] for v in doctor.history.evaluations][:2] == [300, 400]


def test_evaluations_at_equal_distances_are_seen_once_their_pauses_have_told_when_to_expect_them(monkeypatch):
    doctor, hooked = short_run(lambda step: step >= SETTLING and step % 71 == 0, monkeypatch, pause=0.02)
    assert next(v[0] for v in doctor.history.evaluations) == 639  # 426, 497, 568 have told
    assert sum(hooked[SETTLING:]) < 100


def test_an_evaluation_in_eval_mode_is_seen_wherever_it_comes(monkeypatch):
    doctor, hooked = short_run(lambda step: step in {469, 583}, monkeypatch, switches=True)
    assert [v[0] for v in doctor.history.evaluations] == [469, 583]
    assert sum(hooked[SETTLING:]) < 100
    unannounced, _ = short_run(lambda step: step in {469, 583}, monkeypatch)
    assert unannounced.history.evaluations == []


def test_switching_to_eval_mode_without_an_evaluation_is_waited_for_a_limited_number_of_times():
    schedule = Schedule(1e-9)
    assert sum(schedule.foretold(step) for step in range(1000)) == MOST_FORETOLD
    seen = Schedule(1e-9)
    seen.clock.frames, seen.clock.spent = 2, 1.0
    for step in range(0, 100_000, 100):
        if seen.foretold(step):
            assert seen.wake_at == 0
            seen.evaluation_due(step)
    assert seen.evaluations == SURE_EVALUATIONS


def test_torch_is_as_before_after_the_last_doctor_and_what_others_put_in_its_place_stays():
    torchs = nn.Module.eval
    told = []
    one, two = (eval_mode.listen(lambda model, k=k: told.append((k, model))) for k in (1, 2))
    model = mlp()
    assert model.eval() is model
    assert told == [(1, model), (2, model)]
    one.remove()
    model.eval()
    assert told[2:] == [(2, model)]
    ours = nn.Module.eval
    try:
        nn.Module.eval = lambda m: ours(m)
        two.remove()
        assert nn.Module.eval is not torchs
        model.eval()
        assert len(told) == 3
    finally:
        nn.Module.eval = torchs
    with Doctor(model, torch.optim.SGD(model.parameters(), 0.1)):
        assert nn.Module.eval is not torchs
    assert nn.Module.eval is torchs


@given(
    period=st.integers(2, 5000),
    first=st.integers(0, 10_000),
    accidents=st.sets(st.integers(1, 9999), max_size=REMEMBERED - 2),
)
def test_what_comes_at_equal_distances_is_expected_although_the_run_paused_by_accident_as_well(
    period, first, accidents
):
    forecast = EvaluationForecast()
    regular = {first, first + period, first + 2 * period}
    for step in sorted(regular | {first + a for a in accidents if a < 2 * period}):
        forecast.paused(step)
    coming = first + 3 * period
    assert forecast.likely(coming)
    assert forecast.likely(coming + 1)  # a loop that counts from 0 evaluates one step later
    assert forecast.next(first + 2 * period + 1) <= coming


def test_pauses_without_a_rhythm_lead_to_no_expectation():
    forecast = EvaluationForecast()
    for step in (1010, 1011, 1013, 1017, 1026, 1043):  # all distances differ
        forecast.paused(step)
    assert [s for s in range(1044, 1099) if forecast.likely(s)] == []


@given(step=st.integers(0, 10**6), pauses=st.sets(st.integers(0, 10**6), max_size=12))
def test_the_step_to_wake_at_is_never_in_the_past_and_nothing_likely_is_slept_through(step, pauses):
    forecast = EvaluationForecast()
    for pause in sorted(pauses):
        forecast.paused(pause)
    after = forecast.next(step)
    assert step <= after < step + ROUND
    assert not any(forecast.likely(s) for s in range(step + 1, after))
    assert forecast.likely(after)
    assert len(forecast._expected) <= REMEMBERED * len(pauses)
    assert all(expected > max(pauses) for expected in forecast._expected)


def test_a_pause_is_longer_than_ordinary_steps_are():
    forecast = EvaluationForecast()
    assert forecast.limit == math.inf
    forecast.reached(10, 5.0)
    assert forecast.limit == math.inf
    forecast.reached(110, 6.0)
    assert forecast.limit == pytest.approx(PAUSE * 0.01)


def test_an_evaluation_that_was_seen_foretells_the_next_unless_a_net_is_called_all_the_time():
    forecast = EvaluationForecast()
    forecast.evaluated(98)
    forecast.evaluated(98)
    assert forecast.next(150) == 196
    forecast.evaluated(196)
    assert forecast.next(250) == 294
    for step in range(197, 230):
        forecast.evaluated(step)
    assert forecast.next(250) == 294

"""A training that is stopped for a while (Ctrl-Z) keeps the time that it had left."""

from dataclasses import dataclass

import pytest

from moreish.data import Corpus, from_items
from moreish.models import build_model
from moreish.models.gru import GRUOptions
from moreish.runs import events
from moreish.training import loop
from moreish.training.options import TrainOptions
from moreish.training.state import TrainState

BUDGET, STEP = 4.0, 0.01


@dataclass
class Clock:
    """Every step takes STEP; once, at step 40, `pause` seconds pass, in `work` of which the processor works."""

    pause: float = 0.0
    work: float = 0.0
    now: float = 0.0
    worked: float = 0.0

    def pass_time(self, state: TrainState) -> None:
        self.now, self.worked = self.now + STEP, self.worked + STEP
        if state.step == 40:
            self.now, self.worked = self.now + self.pause, self.worked + self.work


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return from_items([a + b for a in "abcdefgh" for b in "ijklmnop"] * 5)


def trained(corpus: Corpus, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> TrainState:
    step = loop._step

    def timed(state: TrainState, *args):
        loss = step(state, *args)
        clock.pass_time(state)
        return loss

    monkeypatch.setattr("moreish.training.loop._step", timed)
    monkeypatch.setattr("moreish.training.loop.time.monotonic", lambda: clock.now)
    monkeypatch.setattr("moreish.training.loop.time.process_time", lambda: clock.worked)
    model = build_model("gru", GRUOptions(n_embd=4, n_hidden=8), len(corpus.vocab), 0)
    state = loop.start(model, TrainOptions(time_budget=BUDGET, log_every=20), 0)
    found = list(loop.train(state, corpus.split("train"), None))
    assert all(isinstance(event, events.Step) for event in found)
    return state


@pytest.mark.slow
def test_the_time_in_which_a_process_is_stopped_does_not_count_in_its_budget(corpus: Corpus, monkeypatch):
    state = trained(corpus, monkeypatch, Clock(pause=1000.0))
    assert state.seconds == pytest.approx(BUDGET, abs=5 * STEP)
    assert state.step == pytest.approx(BUDGET / STEP, abs=5)


@pytest.mark.parametrize(("pause", "work"), [(3.0, 3.0), (3.0, 0.0), (30.0, 30.0), (30.0, 3.0)])
def test_a_slow_step_and_a_busy_machine_do_count(corpus: Corpus, monkeypatch, pause: float, work: float):
    state = trained(corpus, monkeypatch, Clock(pause, work))
    assert state.seconds >= pause
    assert state.step < BUDGET / STEP / 2

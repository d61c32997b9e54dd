"""A remedy put to the test: two trainings from one state, one of them with the remedy."""

import numpy as np
import pytest

from moreish import api
from moreish.runs import commands, events
from moreish.studio.inside import state_of
from moreish.training.trial import try_remedy
from tests.training.test_controls import said, trained

TRAIN = {"steps": 120, "batch_size": 32, "log_every": 1, "eval_every": 40, "device": "cpu"}
CLIP = commands.Heal("clip", {"norm": 1e-6})


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Commands are looked for after every step."""
    monkeypatch.setattr(commands, "LOOK", 0.0)


def stopped(folder, tell):
    with pytest.raises(KeyboardInterrupt):
        trained(folder, tell=tell | {60: [commands.Stop()]}, train=TRAIN)
    return api.open_run(folder)


def tried(run, heal, **more):
    state = state_of(run)[0]
    earlier = said(run, events.Intervention)
    return state, try_remedy(state, run.corpus.split("train"), run.corpus.split("val"), heal, earlier=earlier, **more)


@pytest.mark.parametrize("fault", ["F16", "F41", "F24"])
def test_the_arm_without_the_remedy_is_how_the_run_itself_goes_on(tmp_path, fault):
    run = stopped(tmp_path / "run", {20: [commands.Break(fault)]})
    _, trial = tried(run, CLIP, steps=30)
    api.resume(tmp_path / "run")
    went_on = [s.loss for s in said(api.open_run(tmp_path / "run"), events.Step) if 60 < s.step <= 90]
    assert np.allclose(trial.without.losses, went_on, rtol=1e-6)


def test_the_arm_with_the_remedy_is_how_a_healed_run_goes_on(tmp_path):
    heal = commands.Heal("reinitialise", {"weights": ["hidden.0.weight"]})
    run = stopped(tmp_path / "run", {20: [commands.Break("F04", 25)]})
    _, trial = tried(run, heal, steps=30)
    healed = trained(tmp_path / "healed", tell={20: [commands.Break("F04", 25)], 60: [heal]}, train=TRAIN)
    went_on = [s.loss for s in said(healed, events.Step) if 60 < s.step <= 90]
    assert np.allclose(trial.remedied.losses, went_on, rtol=1e-6)
    assert trial.said.startswith("healed: reinitialise")


def test_the_state_that_is_tried_on_stays_as_it_is(tmp_path):
    run = stopped(tmp_path / "run", {})
    before = state_of(run)[0]
    state, trial = tried(run, CLIP, steps=20)
    assert state.numbers() == before.numbers()
    assert all((a == b).all() for a, b in zip(state.model.parameters(), before.model.parameters(), strict=True))
    assert len(trial.without.losses) == len(trial.remedied.losses) == 20


def test_an_arm_ends_where_its_loss_is_no_number_and_the_other_goes_on(tmp_path):
    run = stopped(tmp_path / "run", {})
    _, trial = tried(run, commands.Heal("set_lr", {"value": 1e38}), steps=20)
    assert trial.remedied.losses[-1] is None
    assert len(trial.remedied.losses) < 20
    assert trial.remedied.val_loss is None
    assert len(trial.without.losses) == 20


def test_it_is_as_long_as_there_is_time_and_refuses_what_does_not_fit(tmp_path):
    run = stopped(tmp_path / "run", {})
    left = iter([True, True, False])
    assert len(tried(run, CLIP, steps=20, go_on=lambda: next(left))[1].without.losses) == 3
    with pytest.raises(ValueError, match="no remedy"):
        tried(run, commands.Heal("prayer"), steps=5)

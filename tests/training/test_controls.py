"""What a person changes while a network trains: done between two steps, written down, and done again by a replay."""

from threading import Timer

import numpy as np
import pytest

import moreish
from moreish import api
from moreish.data import from_items
from moreish.errors import RunError
from moreish.models import build_model, model_class
from moreish.runs import commands, events
from moreish.training.controls import Hands
from moreish.training.loop import start
from moreish.training.options import TrainOptions
from tests.support.lists import made_items

WRONG = [b"nonsense", b"[]", b'{"command":"lr"}', b'{"command":"lr","factor":-1}', b"\xff", b'{"command":"x"}']
TRAIN = {"steps": 80, "batch_size": 32, "log_every": 5, "eval_every": 20, "device": "cpu"}


def trained(folder, model="mlp", tell=None, train=TRAIN, paused=(), **size):
    """A small run; `tell` maps steps to the commands that a person gives when it is reported.

    paused : commands that are given once it stands still, with the seconds after which they are
    """
    tell = dict(tell or {})

    def person(event):
        if isinstance(event, events.Step):
            for command in tell.pop(event.step, ()):
                commands.steer(folder, command)
        elif isinstance(event, events.Paused) and event.paused:
            for delay, command in paused:
                Timer(delay, commands.steer, (folder, command)).start()

    options = {"train": train, "model": {"n_hidden": 8, "n_embd": 4, **size}}
    return moreish.train(from_items(made_items(120)), model=model, options=options, out=folder, watch=person)


def said(run, kind):
    return list(events.of_kind(run.run.events(), kind))


def same(one, other):
    a, b = (run.run.checkpoint("last").model() for run in (one, other))
    return all(np.array_equal(a[name], b[name]) for name in a)


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Commands are looked for after every step, so that tests need not wait."""
    monkeypatch.setattr(commands, "LOOK", 0.0)


def test_pausing_and_single_steps_change_nothing_that_is_learned(tmp_path):
    plain = trained(tmp_path / "plain")
    pauses = {20: [commands.Pause(), commands.Step(), commands.Step(), commands.Go()]}
    paused = trained(tmp_path / "paused", tell=pauses)
    assert same(plain, paused)
    found = said(paused, events.Paused)
    assert [event.paused for event in found] == [True, False]
    assert found[1].step == found[0].step + 2


@pytest.mark.slow
def test_time_in_which_it_stands_still_between_single_steps_is_no_training(tmp_path):
    later = [(0.7, commands.Step()), (1.4, commands.Step()), (2.1, commands.Go())]
    run = trained(tmp_path / "run", tell={20: [commands.Pause()]}, paused=later)
    assert len(said(run, events.Paused)) == 2
    assert said(run, events.Step)[-1].seconds < 1.4


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mlp", "gru"])
def test_a_replay_does_again_what_was_done_bit_for_bit(tmp_path, model):
    train = TRAIN | ({"backward": "fused"} if model == "gru" else {})
    tell = {
        15: [commands.Break("F13", 30)],
        30: [commands.Undo(), commands.Lr(0.5)],
        45: [commands.Heal("clip", {"norm": 0.1}), commands.Break("F01", 10)],
        60: [commands.Break("F24")],
    }
    run = trained(tmp_path / "run", model, tell, train)
    assert [each.kind for each in said(run, events.Intervention)] == ["break", "undo", "lr", "heal", "break", "break"]
    assert all(each.done for each in said(run, events.Intervention))
    again = api.replay(tmp_path / "run", out=tmp_path / "again")
    assert same(run, again)
    assert not same(run, trained(tmp_path / "plain", model, train=train))


def test_a_learning_rate_that_no_number_can_hold_is_refused_and_the_training_goes_on(tmp_path):
    run = trained(tmp_path / "run", tell={15: [commands.Lr(1e6)] * 8, 20: [commands.Lr(1e-6), commands.Undo()]})
    done = [each.done for each in said(run, events.Intervention)]
    assert done.count(False) >= 6
    assert done[-1]
    assert "of no use" in next(each.sentence for each in said(run, events.Intervention) if not each.done)


def test_a_broken_net_is_found_by_the_doctor_and_healed_by_its_remedy(tmp_path):
    healed, said_of = [], {}

    def person(event):
        if isinstance(event, events.Step) and event.step == 20:
            commands.steer(tmp_path / "run", commands.Break("F04", 5))
        if isinstance(event, events.Finding):
            said_of[event.finding.id] = event.finding.sentence
        if isinstance(event, events.Finding) and event.finding.id == "F04" and not healed:
            healed.append(event.step)
            operation = dict(event.finding.operation)
            commands.steer(tmp_path / "run", commands.Heal(operation.pop("name"), operation))

    options = {"train": TRAIN | {"doctor": True}, "model": {"n_hidden": 32}}
    moreish.train(from_items(made_items(120)), model="mlp", options=options, out=tmp_path / "run", watch=person)
    kinds = [each.kind for each in said(api.open_run(tmp_path / "run"), events.Intervention)]
    assert kinds == ["break", "heal"]
    assert "right after the net was changed" in said_of["F04"]


def test_the_report_at_the_end_of_a_run_that_a_break_ended_has_the_steps_of_the_run(tmp_path):
    heard = []

    def person(event):
        heard.append(event)
        match event:
            case events.Step(step=10):
                commands.steer(tmp_path / "run", commands.Break("F13", 3))
            case events.Intervention(kind="break", name="F13"):
                commands.steer(tmp_path / "run", commands.Undo())
            case events.Intervention(kind="undo"):
                commands.steer(tmp_path / "run", commands.Break("F15", 1))

    options = {"train": TRAIN | {"doctor": True}, "model": {"n_hidden": 32}}
    with pytest.raises(FloatingPointError):
        moreish.train(from_items(made_items(120)), model="mlp", options=options, out=tmp_path / "run", watch=person)
    broken = next(event.step for event in heard if isinstance(event, events.Intervention) and event.name == "F15")
    told = [event.finding for event in heard if isinstance(event, events.Finding) and event.finding.id == "F15"]
    report = next(event for event in heard if isinstance(event, events.Doctor))
    last = [f for root in report.findings for f in (root, *root.symptoms)]
    assert [f.step for f in told] == [f.step for f in last if f.id == "F15"] == [broken]
    assert broken > 10
    assert min(f.step for f in last) == broken < report.steps


def test_what_was_done_is_blamed_where_the_loss_is_lost_and_not_once_it_is_taken_back(tmp_path):
    broken = commands.Break("F15", 1.0)
    with pytest.raises(FloatingPointError, match=r"train it anew without what was done before, at step 5: broken"):
        trained(tmp_path / "broken", tell={5: [broken]})
    model = build_model("mlp", model_class("mlp").Options(), 20, 0)
    hands = Hands(start(model, TrainOptions(), 0))
    for command, blame in (
        (commands.Lr(4.0), "at step 0: the learning rate times 4"),
        (commands.Break("F04", 5.0), "at step 0: broken: weights before a tanh too large"),
        (commands.Heal("nonsense", {}), "at step 0: broken: weights before a tanh too large"),
        (commands.Undo(), ""),
    ):
        hands.do(command, 0.1)
        assert hands.blame.startswith(blame)
        assert bool(hands.blame) is bool(blame)


def test_everything_is_taken_back_the_last_thing_first_and_what_stays_is_said(tmp_path):
    tell = {
        20: [commands.Break("F18"), commands.Heal("add_parameters"), commands.Break("F83", 0.01)],
        30: [commands.Break("F01", 10), commands.Heal("clip", {"norm": 0.1}), commands.Break("F83", 0.05)],
        40: [commands.Undo()],
        60: [commands.Undo()],
    }
    run = trained(tmp_path / "run", tell=tell)
    first, second = (event.sentence for event in said(run, events.Intervention) if event.kind == "undo")
    assert first.startswith("5 things taken back")
    assert first.endswith("not taken back, for training has gone on from there: the weights of head.0")
    assert second == "there was nothing to take back"


@pytest.mark.parametrize("fault", ["F18", "F83", "F41", "F16"])
def test_a_run_that_was_broken_and_mended_at_once_is_as_if_nothing_had_been(tmp_path, fault):
    plain = trained(tmp_path / "plain")
    mended = trained(tmp_path / "mended", tell={20: [commands.Break(fault), commands.Undo()]})
    assert all(each.done for each in said(mended, events.Intervention))
    assert same(plain, mended)


@pytest.mark.slow
def test_what_cannot_be_done_is_said_and_changes_nothing(tmp_path):
    wrong = [
        commands.Break("F37"),
        commands.Break("F99"),
        commands.Heal("set_lr", {"nonsense": 1}),
        commands.Heal("x"),
    ]
    tell = {20: wrong}
    run = trained(tmp_path / "run", tell=tell)
    found = said(run, events.Intervention)
    assert [each.done for each in found] == [False] * 4
    assert same(run, trained(tmp_path / "plain"))
    assert same(run, api.replay(run.run, out=tmp_path / "again"))


def test_a_run_that_is_stopped_is_saved_and_goes_on(tmp_path):
    whole = trained(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "run", tell={20: [commands.Stop()]})
    assert not api.open_run(tmp_path / "run").run.finished
    assert same(api.resume(tmp_path / "run"), whole)


@pytest.mark.slow
def test_histograms_change_nothing_that_is_learned_and_grow_rarer(tmp_path):
    plain = trained(tmp_path / "plain", model="gru", train=TRAIN | {"backward": "fused"})
    seen = trained(tmp_path / "seen", model="gru", train=TRAIN | {"backward": "fused", "histograms": True})
    assert same(plain, seen)
    at = [event.at for event in said(seen, events.Histograms)]
    assert at[0] == 0
    assert len(at) < 35
    layers = {layer.name: layer for layer in said(seen, events.Histograms)[-1].layers}
    assert layers["wte"].update is not None
    assert all(sum(layer.activation.counts) > 0 for layer in layers.values())


@pytest.mark.slow
def test_a_training_for_a_time_is_repeated_in_as_many_steps(tmp_path):
    timed = {"time_budget": 0.5, "batch_size": 32, "log_every": 1}
    run = trained(tmp_path / "run", tell={3: [commands.Lr(0.5)]}, train=timed)
    again = api.replay(run.run, out=tmp_path / "again")
    assert said(again, events.Step)[-1].step == said(run, events.Step)[-1].step
    assert [each.at for each in said(again, events.Intervention)] == [3]


@pytest.mark.parametrize("line", WRONG)
def test_a_line_that_is_no_command_is_passed_over(tmp_path, line):
    inbox = commands.Inbox(tmp_path)
    (tmp_path / commands.COMMANDS).write_bytes(line + b'\n{"command":"pause"}\n{"command":"go')
    assert inbox.read() == [commands.Pause()]
    assert inbox.read() == []


FAULTS = [("F16", 1), ("F25", 1), ("F41", 0.8), ("F40", 1), ("F83", 0.01), ("F13", 3)]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "severity"), FAULTS)
def test_a_broken_run_that_is_stopped_goes_on_broken_bit_for_bit(tmp_path, fault, severity):
    broken = {20: [commands.Break(fault, severity), commands.Heal("clip", {"norm": 0.1})]}
    whole = trained(tmp_path / "whole", tell=broken)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "run", tell=broken | {45: [commands.Stop()]})
    resumed = api.resume(tmp_path / "run")
    assert same(resumed, whole)
    assert not same(resumed, trained(tmp_path / "plain"))


def test_what_was_taken_back_before_a_run_was_stopped_stays_away(tmp_path):
    tell = {20: [commands.Break("F16")], 30: [commands.Undo()]}
    whole = trained(tmp_path / "whole", tell=tell)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "run", tell=tell | {45: [commands.Stop()]})
    assert same(api.resume(tmp_path / "run"), whole)


def test_records_of_another_network_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "run", tell={20: [commands.Stop()]})
    wrong = events.Intervention(20, 20, "heal", "", "skip_module", {"layer": "nothing"})
    opened = api.open_run(tmp_path / "run")
    from moreish.studio.inside import state_of
    from moreish.training.controls import Hands

    with pytest.raises(RunError, match="what was done at step 20 cannot be put in place"):
        Hands(state_of(opened)[0]).again([wrong])


def test_a_checkpoint_that_is_asked_for_is_written_and_nothing_else_changes(tmp_path):
    saved = trained(tmp_path / "run", tell={25: [commands.Save()]})
    assert [event.step for event in said(saved, events.Saved)] == [25]
    assert same(saved, trained(tmp_path / "plain"))


def test_half_a_line_of_a_command_swallows_no_other(tmp_path):
    inbox = commands.Inbox(tmp_path)
    (tmp_path / commands.COMMANDS).write_bytes(b'{"command":"pau')
    commands.steer(tmp_path, commands.Stop())
    assert inbox.read() == [commands.Stop()]


@pytest.mark.parametrize("size", [commands.MOST - 1, commands.MOST, commands.MOST + 1, 3 * commands.MOST])
def test_a_line_that_never_ends_is_passed_over(tmp_path, size):
    inbox = commands.Inbox(tmp_path)
    (tmp_path / commands.COMMANDS).write_bytes(b"x" * size + b"\n")
    commands.steer(tmp_path, commands.Stop())
    assert [each for _ in range(6) for each in inbox.read()] == [commands.Stop()]

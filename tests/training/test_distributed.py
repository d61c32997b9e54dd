"""Two processes train as one: the same losses, whatever the model; one writes, the others follow."""

import json
import os
import signal
import socket
import time

import pytest

from moreish import api
from moreish.api.steering import let_steer
from moreish.errors import INTERRUPTED, ProcessLost, RunError
from moreish.fitting.workers import InProcess
from moreish.runs import commands, events, manifest
from moreish.runs.folder import Run
from moreish.training.launch import Launched, launched
from tests.support import ranks
from tests.support.lists import made_items
from tests.support.systems import needs_signals

GRU = [
    "--model",
    "gru",
    "--set",
    "model.n_hidden=8",
    "--set",
    "model.dropout=0",
    "--set",
    "train.log_every=1",
    "--set",
    "train.eval_every=20",
]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def outcome(processes):
    """What each said, once all have ended."""
    return [(*process.communicate(timeout=120), process.returncode) for process in processes]


def until(processes, folder, kind, count=1):
    """So many events of a kind, as soon as the run has them."""
    while len(told(folder, kind)) < count:
        assert processes[0].poll() is None, outcome(processes)
        time.sleep(0.05)
    return told(folder, kind)


def told(folder, kind):
    return list(events.of_kind(Run(folder).events(), kind)) if (folder / manifest.MANIFEST).exists() else []


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_with_every_model():
    with ranks.together(["-m", "tests.support.ranks"], free_port()) as processes:
        (said, complaint, code), (silence, other, other_code) = outcome(processes)
    assert (code, other_code, complaint, other, silence) == (0, 0, "", "", "")
    alone, together = json.loads(said)
    assert alone.keys() == together.keys() == ranks.CASES.keys()
    for name, found in together.items():
        assert found.pop("losses") == pytest.approx(alone[name].pop("losses"), rel=1e-12), name
        assert found == pytest.approx(alone[name], rel=1e-9), name


@pytest.mark.slow
@needs_signals
def test_the_first_process_writes_all_pause_together_and_when_any_is_asked_to_stop_all_is_saved(tmp_path):
    (tmp_path / "list.txt").write_text("\n".join(made_items(300)), encoding="utf-8")
    arguments = ["-m", "moreish", "train", "list.txt", *GRU, "--steps", "100000", "--out", "run", "-q"]
    with ranks.together(arguments, free_port(), cwd=tmp_path) as processes:
        folder = tmp_path / "run"
        until(processes, folder, events.Samples)
        commands.steer(folder, commands.Pause())
        assert [e.paused for e in until(processes, folder, events.Paused)] == [True]
        there = len(told(folder, events.Step))
        time.sleep(0.5)
        assert len(told(folder, events.Step)) == there
        commands.steer(folder, commands.Go())
        assert [e.paused for e in until(processes, folder, events.Paused, 2)] == [True, False]
        until(processes, folder, events.Step, there + 3)
        processes[1].send_signal(signal.SIGTERM)
        (said, complaint, code), follower = outcome(processes)
    assert (said, code, follower) == ("", INTERRUPTED, ("", "", 0))
    assert "interrupted; go on with" in complaint
    run = api.open_run(tmp_path / "run").run
    steps = [e.step for e in events.of_kind(run.events(), events.Step)]
    assert steps == list(range(1, len(steps) + 1))
    assert run.checkpoint("last").state["machine"]["processes"] == 2
    with pytest.raises(ValueError, match="number of processes 2 and here it is 1"):
        api.resume(run)
    assert api.begun_by("id_7", tmp_path, None) == api.begun_by("id_7", tmp_path, run.folder) == run.folder
    assert api.begun_by("id_8", tmp_path, run.folder) is None


def test_what_a_person_changed_is_not_put_in_place_by_several_processes(monkeypatch):
    monkeypatch.setattr("moreish.training.launch.launched", lambda: Launched(0, 2, 0))
    broken = events.Intervention(7, 7, "break", "broken: weights too large", "F04", {}, True, lr=0.1)
    with pytest.raises(RunError, match=r"step 7: broken: weights too large.*without torchrun"):
        let_steer(None, None, [broken])
    undone = events.Intervention(8, 8, "undo", "1 thing taken back", "", {}, True, lr=0.1)
    assert let_steer(None, None, [broken, undone]) is False


def test_what_the_environment_says_is_checked(monkeypatch):
    monkeypatch.setattr(os, "environ", {})
    assert launched() is None
    said = {
        "RANK": "1",
        "WORLD_SIZE": "4",
        "LOCAL_RANK": "1",
        "TORCHELASTIC_ERROR_FILE": "/tmp/a/id_7/attempt_0/1/e.json",
    }
    monkeypatch.setattr(os, "environ", said)
    assert launched() == Launched(1, 4, 1, "id_7")
    for name, value in (("RANK", "4"), ("RANK", "x"), ("WORLD_SIZE", "0"), ("WORLD_SIZE", "")):
        monkeypatch.setattr(os, "environ", said | {name: value})
        with pytest.raises(ValueError, match=r"RANK is 4|whole number"):
            launched()


def test_where_a_process_is_lost_between_two_checkpoints_no_step_is_missing_or_doubled(tmp_path, monkeypatch):
    train = {"steps": 24, "batch_size": 16, "log_every": 1, "eval_every": 8}
    options = {"model": {"n_hidden": 8, "n_embd": 4, "dropout": 0.0}, "train": train}
    whole = api.train(made_items(80), model="gru", options=options, out=tmp_path / "whole")
    receive = InProcess.receive

    def lost(self):
        if self.state.step == 13:
            raise ProcessLost("another process has ended")
        receive(self)

    monkeypatch.setattr(InProcess, "receive", lost)
    with pytest.raises(ProcessLost):
        api.train(made_items(80), model="gru", options=options, out=tmp_path / "run")
    monkeypatch.undo()
    run = api.resume(tmp_path / "run")
    losses = [[(e.step, e.loss) for e in events.of_kind(each.run.events(), events.Step)] for each in (whole, run)]
    assert losses[0] == losses[1]
    assert run.digest == whole.digest

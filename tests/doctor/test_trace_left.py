"""The probe leaves no trace: parameters, state, hook tables, modes and random states are as they were."""

import copy
import json
import math
import pickle
import random
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules import module as global_hooks
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack

from moreish.doctor import Doctor, Finding
from moreish.doctor.watch import replay
from moreish.doctor.watch.schedule import SETTLING
from tests.doctor.worlds import V, fit, language


def net():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, 32), nn.BatchNorm1d(32), nn.ReLU(inplace=True),
        nn.Dropout(0.2), nn.Linear(32, V),
    )  # fmt: skip


def traces(model, optimizer):
    """Everything of ours that could be left behind."""
    hooks = [
        len(table)
        for m in model.modules()
        for table in (m._forward_hooks, m._forward_pre_hooks, m._backward_hooks, m._backward_pre_hooks)
    ]
    hooks += [len(m._forward_pre_hooks_with_kwargs) + len(m._forward_hooks_with_kwargs) for m in model.modules()]
    hooks += [len(optimizer._optimizer_step_pre_hooks), len(optimizer._optimizer_step_post_hooks)]
    hooks += [len(global_hooks._global_forward_hooks), len(global_hooks._global_forward_pre_hooks)]
    hooks += [len(global_hooks._global_forward_hooks_always_called)]
    on_parameters = [p._backward_hooks for p in model.parameters()]
    attributes = [sorted(vars(m)) for m in model.modules()] + [sorted(vars(p)) for p in model.parameters()]
    return hooks, on_parameters, attributes, _get_current_function_mode_stack(), torch.is_grad_enabled()


def test_training_is_bitwise_the_same_with_and_without():
    x, y = language()
    results = []
    for watched in (False, True):
        model = net()
        optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
        torch.manual_seed(5)
        if watched:
            with Doctor(model, optimizer, budget=math.inf):
                fit(model, optimizer, x, y, 6)
        else:
            fit(model, optimizer, x, y, 6)
        results.append((model.state_dict(), optimizer.state_dict(), torch.get_rng_state()))
    (state, moments, rng), (state2, moments2, rng2) = results
    assert all(torch.equal(state[k], state2[k]) for k in state)
    assert all(torch.equal(moments["state"][k]["exp_avg"], moments2["state"][k]["exp_avg"]) for k in moments["state"])
    assert torch.equal(rng, rng2)


def test_a_replay_restores_the_random_states_of_torch_and_python():
    torch.manual_seed(5)
    random.seed(5)
    with replay.unchanged_randomness():
        torch.rand(3), random.random()
    got = torch.rand(1).item(), random.random()
    torch.manual_seed(5)
    random.seed(5)
    assert got == (torch.rand(1).item(), random.random())


@pytest.mark.parametrize("ending", ["normal", "exception in forward", "exception after the loop", "no step at all"])
def test_nothing_is_left_behind(ending):
    model, (x, y) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = traces(model, optimizer)
    try:
        with Doctor(model, optimizer, budget=math.inf) as doctor:
            if ending != "no step at all":
                fit(model, optimizer, x, y, 3)
            if ending == "exception in forward":
                model(x.float())
            if ending == "exception after the loop":
                torch.zeros(2) @ torch.zeros(3)
    except RuntimeError:
        assert ending.startswith("exception")
    assert traces(model, optimizer) == before
    assert doctor._probe.failure is None


def test_weights_and_modes_do_not_change_when_nothing_is_trained():
    model, (x, y) = net().eval(), language()
    state = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf), torch.no_grad():
        F.cross_entropy(model(x[:64]), y[:64])
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items())
    assert not any(m.training for m in model.modules())
    assert not optimizer.state


def test_a_copy_or_a_pickle_of_a_watched_model_carries_nothing_of_the_doctor():
    model, (x, _) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = pickle.dumps(model)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        twin = copy.deepcopy(model)
        again = pickle.loads(pickle.dumps(model))
        seen = doctor.history.seen
        for other in (twin, again):
            with torch.no_grad():
                other(x[:8])
        assert doctor.history.seen == seen
        assert pickle.dumps(model) == before


ELSEWHERE = """
import sys
sys.modules["moreish"] = None  # a machine that has never heard of it
import torch
model = torch.load(sys.argv[1], weights_only=False).eval()
assert [len(m._forward_pre_hooks) + len(m._forward_hooks) for m in model.modules()] == [0] * 8
with torch.no_grad():
    torch.save(model(torch.zeros(2, 3, dtype=torch.int64)), sys.argv[2])
"""


@pytest.mark.slow
def test_a_watched_model_that_is_saved_whole_can_be_loaded_where_there_is_no_moreish(tmp_path):
    model, (x, y) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf):
        fit(model, optimizer, x, y, 2)
        torch.save(model, tmp_path / "model.pt")
    code = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "model.pt"), str(tmp_path / "y.pt")]
    done = subprocess.run(code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        expected = model.eval()(torch.zeros(2, 3, dtype=torch.int64))
    assert torch.equal(torch.load(tmp_path / "y.pt"), expected)


class Counting(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.calls += 1
        return func(*args, **(kwargs or {}))


def test_modes_of_the_user_nest_with_ours_whatever_the_order():
    model, (x, y) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    outer, inner = Counting(), Counting()
    with outer:
        with Doctor(model, optimizer, budget=math.inf), inner:
            fit(model, optimizer, x, y, 2)
            assert _get_current_function_mode_stack()[-1] is inner
        assert _get_current_function_mode_stack() == [outer]
        calls = outer.calls
        torch.ones(1) + 1
        assert outer.calls > calls
    assert inner.calls > 10
    assert _get_current_function_mode_stack() == []


def test_a_failure_of_the_doctor_does_not_reach_the_loop_and_is_told(monkeypatch):
    model, (x, y) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = traces(model, optimizer)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        monkeypatch.setattr(doctor._probe.updates, "before", None)
        fit(model, optimizer, x, y, 4)
    assert traces(model, optimizer) == before
    assert any("failed" in note for note in doctor.notes)


@pytest.mark.slow
def test_a_step_that_is_not_looked_at_meets_one_hook_of_the_doctor_and_one_that_is_meets_all():
    model, (x, y) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    met = {True: set(), False: set()}

    def note(*args):
        hooks = len(optimizer._optimizer_step_pre_hooks) - 1, len(optimizer._optimizer_step_post_hooks)
        met[doctor.looking].add(
            (*hooks, *map(len, (global_hooks._global_forward_hooks, global_hooks._global_forward_pre_hooks)))
        )

    optimizer.register_step_pre_hook(note)
    with Doctor(model, optimizer) as doctor:
        fit(model, optimizer, x, y, 2 * SETTLING)
    assert (0, 1, 0, 0) in met[False]
    assert met[False] <= {(0, 1, 0, 0), (0, 1, 0, 1)}
    assert met[True] == {(1, 1, 1, 2)}
    assert not model._forward_pre_hooks


def test_memory_is_bounded_however_long_the_run(monkeypatch):
    monkeypatch.setattr("moreish.doctor.frames.history.MOST_FRAMES", 16)
    model, (x, y) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 40)
        history = doctor.history
        assert history.seen == 40
        assert len(history.frames) <= 17
        assert history.frames[0].step == 0
        assert [f.step for f in history.frames] == sorted(f.step for f in history.frames)
        assert history.frames[-1].step == 39
        assert sum(bool(f.calls) for f in history.frames) <= 2
        assert len(history.pictures) <= 12


def test_a_budget_is_kept_and_the_first_step_is_always_seen():
    model, (x, y) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=1e-9) as doctor:
        fit(model, optimizer, x, y, 30)
    assert [f.step for f in doctor.history.frames] == [0, 1]  # the second shows what a frame costs


def test_a_budget_must_be_positive():
    with pytest.raises(ValueError, match="above 0"):
        Doctor(nn.Linear(1, 1), budget=0.0)


def test_nothing_is_seen_while_the_doctor_rests_and_the_frame_goes_on_afterwards():
    model, (x, y) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = traces(model, optimizer)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 2)
        assert doctor.looking
        with doctor.resting():
            assert not optimizer._optimizer_step_pre_hooks
            assert _get_current_function_mode_stack() == []
            F.cross_entropy(model(x[:8]), y[:8])
            with torch.no_grad():
                F.cross_entropy(model(x[:8]), y[:8])
        assert len(_get_current_function_mode_stack()) == 1
        fit(model, optimizer, x, y, 1)
    assert [f.step for f in doctor.history.frames if f.is_step] == [0, 1, 2]
    assert doctor.history.evaluations == []
    assert traces(model, optimizer) == before
    assert len(doctor.history.training()[-1].values) == len(doctor.history.training()[-2].values)


def test_a_step_that_is_made_while_the_doctor_rests_brings_no_hook_back():
    model, (x, y) = net(), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as doctor, doctor.resting():
        fit(model, optimizer, x, y, 2)
        assert not optimizer._optimizer_step_pre_hooks
        assert not global_hooks._global_forward_hooks
        assert _get_current_function_mode_stack() == []
    assert doctor.history.training() == []


def test_an_optimizer_that_comes_while_a_frame_is_open_is_seen_in_that_frame():
    model, (x, y) = net(), language()
    with Doctor(model, budget=math.inf) as doctor:
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        doctor.watch(optimizer)
        fit(model, optimizer, x, y, 1)
    assert [f.step for f in doctor.history.training()] == [0]
    assert "2.weight/update_ratio" in doctor.history.training()[0].values


def test_a_run_that_goes_on_is_no_start_and_keeps_what_was_found_before():
    model, (x, y) = nn.Sequential(net(), nn.Softmax(-1)), language()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as before:
        fit(model, optimizer, x, y, 4)
        assert [f.id for f in before.news()] == [f.id for f in before.findings]
        assert before.news() == []
    assert before.findings[0].id == "F38"
    plain = json.loads(json.dumps([f.to_dict() for f in before.findings], allow_nan=False))
    with Doctor(model, optimizer, budget=math.inf, step=4, found=map(Finding.from_dict, plain)) as after:
        fit(model, optimizer, x, y, 3)
        assert [f.id for f in after.news() if f.id in {f["id"] for f in plain}] == []
    assert after.history.from_scratch is False
    assert [f.step for f in after.history.training()] == [4, 5, 6]
    assert after.findings[0].id == "F38"
    assert after.findings[0].step == 0


def test_a_rehearsal_is_charged_to_the_doctor_and_leaves_chance_as_it_was():
    model = net()
    with Doctor(model, torch.optim.SGD(model.parameters(), 0.1)) as doctor:
        spent, rng = doctor._probe.schedule.clock.spent, torch.get_rng_state()
        with doctor.rehearsing():
            torch.rand(200_000).sort()
        assert doctor._probe.schedule.clock.spent > spent
        assert torch.equal(torch.get_rng_state(), rng)

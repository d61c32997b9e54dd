"""A net that was changed while it trained: steps are those of the run, firsts are since the change; and NaN."""

import ast
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor, seed_fault
from moreish.doctor.judge import rules
from moreish.doctor.judge.diagnosis import judge
from tests.doctor.worlds import V, fit, language, mlp

BEFORE = 10_000


def changed(fault, severity, activation=nn.Tanh, steps=60):
    """A doctor who came when a net that had made 10,000 updates was broken."""
    torch.manual_seed(0)
    model = mlp(activation)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    fit(model, optimizer, *language(), 300)
    broken = seed_fault(fault, model, optimizer, severity)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        doctor.history.before, doctor.history.from_scratch = BEFORE, True
        x, y = language()
        fit(model, optimizer, x, y, steps, loss=lambda z, t: F.cross_entropy(*(broken.batch((z, t)))))
    return doctor


def every(doctor):
    return {g.id: g for f in doctor.findings for g in (f, *f.symptoms)}


def test_findings_and_report_have_the_steps_of_the_run():
    doctor = changed("F15", 1, steps=3)
    found = every(doctor)
    assert {f.step for f in found.values()} == {BEFORE}
    assert f"at step {BEFORE}; its input" in found["F15"].sentence
    assert not {"F02", "F104"} & set(found)
    assert doctor.to_dict()["steps"] == doctor.steps == BEFORE + 3


@pytest.mark.slow
def test_a_rate_that_falls_to_nothing_does_so_at_steps_of_the_run():
    found = every(changed("F80", 0.8, steps=400))["F80"]
    since, until = (int(word.strip(",")) for word in found.sentence.split() if word.strip(",").isdigit())
    assert BEFORE < since == found.step < until <= BEFORE + 400


@pytest.mark.parametrize(("fault", "severity", "activation"), [("F01", 30, nn.Tanh), ("F07", 10, nn.ReLU)])
def test_firsts_are_said_to_be_since_the_change(fault, severity, activation):
    found = every(changed(fault, severity, activation))[fault]
    assert "since the net was changed" in found.sentence
    assert "efore training" not in found.sentence + found.remedy + found.why


def test_the_best_loss_is_not_above_the_first():
    torch.manual_seed(0)
    model = mlp()
    optimizer = torch.optim.SGD(model.parameters(), 300.0)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, *language(), 30)
    numbers = every(doctor)["F13"].numbers
    assert numbers["loss_best"] <= numbers["loss_first"] < numbers["loss_now"]


def test_what_training_has_saturated_is_no_alarm_of_another_break():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 2))
    x = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0] > 0).long()
    with torch.no_grad():
        model[0].weight.mul_(4)  # as much as long training makes of it
    found = {}
    for before in (None, BEFORE):
        optimizer = torch.optim.Adam(model.parameters(), 1e-4)
        with Doctor(model, optimizer, budget=math.inf) as doctor:
            doctor.history.before = before
            fit(model, optimizer, x, y, 5)
        found[before] = every(doctor)
    assert found[None]["F04"].severity != "info"
    assert "F04" not in found[BEFORE]


def test_every_step_that_a_rule_names_is_that_of_the_run():
    """`step {x}` in a sentence is `step {history.at(x)}`, or was so before it was handed on."""
    counted = {"not_finite.py"}  # its sentences get the step from `history.at`
    wrong = []
    for file in sorted(Path(rules.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.JoinedStr) or file.name in counted:
                continue
            for before, value in zip(node.values, node.values[1:], strict=False):
                if not isinstance(before, ast.Constant) or not str(before.value).endswith("step "):
                    continue
                if isinstance(value, ast.FormattedValue) and "history.at(" not in ast.unparse(value.value):
                    wrong.append(f"{file.name}:{node.lineno}: step {ast.unparse(value.value)}")
    assert not wrong


# NaN is neither above nor below anything


def watched(model, x, y, loss=F.cross_entropy):
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        fit(model, optimizer, x, y, 120, loss)
    return doctor.history


def histories():
    torch.manual_seed(0)
    x = torch.randn(500, 8)
    y = x.sum(1, keepdim=True)
    body = [nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1)]
    yield watched(mlp(nn.Sigmoid), *language())
    yield watched(nn.Sequential(nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, V)), *language())
    yield watched(nn.Sequential(*body), x, y, F.mse_loss)
    yield watched(nn.Sequential(*body), x, (y > 0).float(), F.binary_cross_entropy_with_logits)


@pytest.mark.slow
def test_no_rule_takes_nan_for_a_number():
    for history in histories():
        known = {f.id for f in judge(history)} | {"F13"}  # which says so where the loss is NaN
        kinds = {key.rpartition("/")[2] for f in history.frames for key in f.values}
        frames = history.frames
        for some in (frames[:1], frames, frames[len(frames) // 2 :]):
            for kind in (None, *kinds):
                kept = [dict(f.values) for f in frames]
                for frame in some:
                    for key in frame.values:
                        if kind in (None, key.rpartition("/")[2]):
                            frame.values[key] = math.nan
                found = [f for f in judge(history) if f.id not in known]
                for frame, values in zip(frames, kept, strict=True):
                    frame.values.update(values)
                assert not found, (kind, [f.sentence for f in found])

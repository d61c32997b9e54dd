"""`assert_healthy` for other people's tests, and records for TensorBoard and Weights & Biases."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from moreish.doctor.records import to_tensorboard, to_wandb
from moreish.doctor.testing import assert_healthy
from tests.doctor.worlds import fit, language, mlp


def train(sick=False, steps=12):
    torch.manual_seed(0)
    model = nn.Sequential(*mlp(), *([nn.Softmax(1)] if sick else []))
    fit(model, torch.optim.AdamW(model.parameters(), 3e-3), *language(), steps)


@pytest.mark.slow
def test_a_healthy_training_passes():
    assert assert_healthy(train) is None
    with assert_healthy():
        train()


@pytest.mark.slow
def test_a_sick_training_fails_with_the_report():
    with pytest.raises(AssertionError, match=r"(?s)^this training is not healthy\n1 finding.*F38 double-softmax"):
        assert_healthy(lambda: train(sick=True))
    with pytest.raises(AssertionError, match="F38 double-softmax"), assert_healthy():
        train(sick=True)


@pytest.mark.slow
def test_what_is_meant_is_ignored_and_what_is_mild_may_pass():
    assert_healthy(lambda: train(sick=True), ignore=["double-softmax"])
    assert_healthy(lambda: train(sick=True), severity="batch-mixing")
    for name in ("severity", "ignore"):
        with pytest.raises(ValueError, match="there is no finding dreadful"):
            assert_healthy(train, **{name: "dreadful" if name == "severity" else ["dreadful"]})


@pytest.mark.slow
def test_a_training_without_a_step_does_not_pass():
    with pytest.raises(AssertionError, match="no optimizer step was seen"):
        assert_healthy(lambda: None)
    model = mlp()
    optimizer, (x, y) = torch.optim.SGD(model.parameters(), 0.1), language()
    with pytest.raises(AssertionError, match="no optimizer step was seen"):
        assert_healthy(lambda: F.cross_entropy(model(x[:8]), y[:8]).backward())
    assert not optimizer._optimizer_step_post_hooks


def test_what_a_fixture_made_before_is_watched_too():
    torch.manual_seed(0)
    model = nn.Sequential(*mlp(), nn.Softmax(1))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(AssertionError, match="F38 double-softmax"):
        assert_healthy(lambda: fit(model, optimizer, *language(), 12))


def test_an_exception_of_the_training_is_its_own():
    with pytest.raises(ZeroDivisionError), assert_healthy():
        1 / 0  # noqa: B018


# ---- records ----


class Writer:
    def __init__(self):
        self.scalars, self.texts = [], []

    def add_scalar(self, tag, scalar_value, global_step):
        self.scalars.append((tag, scalar_value, global_step))

    def add_text(self, tag, text_string, global_step):
        self.texts.append((tag, text_string, global_step))


class Run:
    def __init__(self):
        self.logged, self.defined = [], []

    def log(self, data):
        self.logged.append(data)


class DefiningRun(Run):
    def define_metric(self, name, step_metric=None):
        self.defined.append((name, step_metric))


@pytest.fixture(scope="module")
def doctor():
    torch.manual_seed(0)
    model = nn.Sequential(*mlp(), nn.Softmax(1))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with Doctor(model, optimizer, budget=math.inf) as watching:
        fit(model, optimizer, *language(), 6)
    return watching


def test_tensorboard_gets_quantities_by_step_and_findings_as_text(doctor):
    writer = Writer()
    to_tensorboard(doctor, writer)
    steps = [step for tag, _, step in writer.scalars if tag == "doctor/loss"]
    assert steps == sorted(set(steps)) == list(range(6))
    assert ("doctor/2.weight/update_ratio") in {tag for tag, *_ in writer.scalars}
    (tag, text, step), *_ = writer.texts
    assert (tag, step) == ("doctor/F38 double-softmax", 0)
    assert text.startswith("**sick** F38 double-softmax: softmax before cross-entropy at `5`, step 0\n\n")
    assert "**Do:** Take the softmax out" in text


def test_wandb_gets_the_same_over_an_axis_of_its_own(doctor):
    run, plain = DefiningRun(), Run()
    to_wandb(doctor, run)
    to_wandb(doctor, plain)
    assert run.defined == [("doctor/step", None), ("doctor/*", "doctor/step")]
    assert run.logged == plain.logged
    assert [row["doctor/step"] for row in run.logged if "doctor/loss" in row] == list(range(6))
    assert all("doctor/step" in row for row in run.logged)
    assert any(row.get("doctor/F38 double-softmax", "").startswith("sick: F38 double-softmax") for row in run.logged)


def test_the_real_writer_of_tensorboard_takes_it(doctor, tmp_path):
    tensorboard = pytest.importorskip("tensorboardX", reason="not installed here: pip install tensorboardX")
    with tensorboard.SummaryWriter(str(tmp_path)) as writer:
        to_tensorboard(doctor, writer)
    assert list(tmp_path.glob("events*"))

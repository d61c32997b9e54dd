"""The loss between the looks: its windows, and what is said where it stands or rises."""

import math
import random
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.doctor import watch_script
from moreish.doctor.frames.loss_curve import FIRST_WIDTH, MOST_WINDOWS, LossCurve

numbers = st.floats(-1e3, 1e3, allow_nan=False)


def curve_of(losses: list[float]) -> LossCurve:
    curve = LossCurve()
    for step, loss in enumerate(losses):
        curve.add(step, loss)
    return curve


@given(st.lists(numbers, max_size=900))
def test_windows_are_few_and_hold_the_mean_and_the_bounds_of_what_they_cover(losses: list[float]) -> None:
    curve = curve_of(losses)
    assert len(curve.windows) < MOST_WINDOWS
    covered = 0
    for window in curve.windows:
        part = losses[covered : window.step + 1]
        covered = window.step + 1
        assert window.mean == pytest.approx(statistics.fmean(part), abs=1e-6)
        assert (window.low, window.high) == (min(part), max(part))
    assert len(losses) - covered < max(FIRST_WIDTH, 2 * len(losses) / MOST_WINDOWS * 2)


@given(st.integers(4 * 16, 5000), st.floats(1e-3, 1e3))
def test_a_loss_that_is_one_number_stands_and_has_not_risen(steps: int, value: float) -> None:
    curve = curve_of([value] * steps)
    assert curve.stands_since() is not None
    assert not curve.has_risen()


@given(st.integers(100, 3000), st.integers(0, 5))
def test_a_loss_that_varies_by_a_thousandth_does_not_stand(steps: int, seed: int) -> None:
    assert curve_of([1 + 1e-3 * ((7 * k + seed) % 5) for k in range(steps)]).stands_since() is None


def test_a_loss_of_zero_does_not_stand_and_one_that_is_not_finite_neither() -> None:
    assert curve_of([1.0] * 10 + [0.0] * 200).stands_since() is None
    assert curve_of([1.0] * 10 + [math.nan] * 200).stands_since() is None


def test_a_fall_has_not_risen_a_valley_has() -> None:
    down = [math.exp(-k / 100) + 0.05 * (k % 3) for k in range(400)]
    assert not curve_of(down).has_risen()
    assert curve_of(down + [x + 0.5 for x in down[::-1][:200]]).has_risen()


@pytest.mark.slow
def test_noise_about_one_value_has_hardly_ever_risen() -> None:
    """Of 400 runs that stay where they are, each asked at every window: fewer than one in a hundred."""
    risen = 0
    for seed in range(400):
        draw = random.Random(seed)
        curve = LossCurve()
        rose = [curve.add(k, 0.5 + 0.15 * draw.gauss(0, 1)) and curve.has_risen() for k in range(600)]
        risen += any(rose)
    assert risen <= 4


HEAD = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(3)
x = torch.randn(800, 6)
y = (x @ torch.randn(6, 4) + 0.3 * torch.randn(800, 4)).argmax(1)
net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 4))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
"""
BODY = """
    opt.zero_grad(); loss.backward(); opt.step()
"""
BATCH = """
    rows = torch.randint(0, 800, (40,))
"""


def told(tmp_path: Path, loop: str, head: str = HEAD) -> dict[str, str]:
    script = tmp_path / "train.py"
    script.write_text(head + loop.replace("BATCH", BATCH).replace("BODY", BODY))
    watched = watch_script(str(script), [], budget=0.5)  # looks do not depend on how busy the machine is
    assert watched.error is None, watched.error
    return {f.id: f.sentence for f in watched.findings if f.severity != "info"}


# What rises: data that are scaled up in place, a penalty whose weight grows, a step that lengthens by itself.
SPOILED = """
for step in range(600):
    BATCH
    if step > 100:
        for r in rows: x[r].add_(0.8 * torch.randn(6))
    loss = F.cross_entropy(net(x[rows]), y[rows])
    BODY
"""
RELABELLED = """
for step in range(600):
    BATCH
    if step > 150: y[torch.randint(0, 800, (4,))] = torch.randint(0, 4, (4,))
    loss = F.cross_entropy(net(x[rows]), y[rows])
    BODY
"""


@pytest.mark.slow
@pytest.mark.parametrize("loop", [SPOILED, RELABELLED], ids=["inputs", "labels"])
def test_data_that_are_spoiled_in_place_make_the_training_loss_rise(tmp_path: Path, loop: str) -> None:
    assert "F120" in told(tmp_path, loop)


STEADY = """
for step in range(600):
    BATCH
    loss = F.cross_entropy(net(x[rows]), y[rows])
    BODY
"""
RESTARTED = """
plan = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, 250)
for step in range(620):
    BATCH
    loss = F.cross_entropy(net(x[rows]), y[rows])
    BODY
    plan.step()
"""
NOISE_FLOOR = """
y = torch.randint(0, 4, (800,))
for step in range(600):
    rows = torch.randint(0, 800, (40,))
    loss = F.cross_entropy(net(torch.randn(40, 6)), y[rows])
    BODY
"""
ADVERSARY = """
for step in range(600):
    BATCH
    near = x[rows].clone().requires_grad_()
    slope, = torch.autograd.grad(F.cross_entropy(net(near), y[rows]), near)
    loss = F.cross_entropy(net((near + min(step / 300, 1) * slope.sign()).detach()), y[rows])
    BODY
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "loop", [STEADY, RESTARTED, NOISE_FLOOR, ADVERSARY], ids=["steady", "restarted", "noise", "adversary"]
)
def test_what_learns_what_rests_and_what_begins_anew_is_let_be(tmp_path: Path, loop: str) -> None:
    assert not {"F119", "F120"} & told(tmp_path, loop).keys()


STANDS = """
net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for step in range(500):
    BATCH
    loss = F.relu(1 - 0.5 * torch.tanh(net(x[rows]) * 3)).mean()
    BODY
"""
ONE_BATCH = """
for step in range(2500):
    loss = ((x[:, :1] @ net[0].weight[:1, :1]) - y.float()[:, None]).square().mean() + 0 * net(x).sum()
    BODY
"""


@pytest.mark.slow
def test_a_loss_that_is_one_number_on_every_batch_is_found(tmp_path: Path) -> None:
    said = told(tmp_path, STANDS)
    assert "0.5 at every step" in said["F119"]


@pytest.mark.slow
def test_a_whole_list_as_one_batch_may_come_to_rest(tmp_path: Path) -> None:
    assert "F119" not in told(tmp_path, ONE_BATCH)


HINGE_REACHED = """
net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
for step in range(500):
    BATCH
    loss = F.relu(1 - net(x[rows])).mean()
    BODY
"""


@pytest.mark.slow
def test_a_hinge_that_every_margin_keeps_is_no_fault(tmp_path: Path) -> None:
    assert "F119" not in told(tmp_path, HINGE_REACHED)

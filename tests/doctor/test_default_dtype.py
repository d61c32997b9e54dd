"""Scripts in which numbers are of double precision unless said otherwise."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from moreish.doctor import watch_script

HEAD = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
"""
LOOP = """
opt = torch.optim.{optimizer}(net.parameters(), lr=0.05)
for k in range(40):
    x, y = batch()
    def closure():
        opt.zero_grad()
        loss = F.{loss}(net(x), y)
        loss.backward()
        return loss
    opt.step(closure)
with torch.no_grad():
    F.{loss}(net(x), y)
"""
NUMBERS = """
net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
def batch():
    x = torch.randn(32, 3)
    return x, x.sum(1, keepdim=True)
"""
SYMBOLS = """
net = nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(20, 9))
def batch():
    x = torch.randint(0, 9, (64, 5))
    return x, x[:, 2]
"""
FLAT = NUMBERS.replace("Linear(8, 1)", "Linear(8, 4)").replace("x.sum(1, keepdim=True)", "(x[:, 0] > 0).long()")
PICTURES = """
net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3, padding=1))
def batch():
    x = torch.randn(8, 1, 8, 8)
    return x, (x[:, 0] > 0).long()
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The scripts run in this process, and what they make the default outlives them."""
    usual = torch.get_default_dtype()
    yield
    torch.set_default_dtype(usual)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "optimizer", "loss"),
    [
        (NUMBERS, "LBFGS", "mse_loss"),
        (NUMBERS, "Adam", "smooth_l1_loss"),
        (SYMBOLS, "SGD", "cross_entropy"),
        (FLAT, "SGD", "cross_entropy"),
        (PICTURES, "SGD", "cross_entropy"),
    ],
)
def test_the_doctor_looks_at_a_training_in_double_precision(
    tmp_path: Path, made: str, optimizer: str, loss: str
) -> None:
    script = tmp_path / "train.py"
    script.write_text(HEAD + made + LOOP.format(optimizer=optimizer, loss=loss), encoding="utf-8")
    watched = watch_script(str(script), [], budget=0.5)
    assert watched.error is None
    assert watched.doctor is not None
    assert not [note for note in watched.doctor.notes if "failed" in note]
    assert watched.doctor.history.seen > 1

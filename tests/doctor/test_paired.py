"""Pictures and the targets of other pictures."""

import itertools
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.doctor import watch_script
from moreish.doctor.frames.paired import Paired, Tie

SCRIPT = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
def blobs(n):
    x, y = torch.randint(2, 14, (2, n)).split(1)
    across = torch.arange(16)
    near = ((across[None, :, None] - x[0][:, None, None]).abs() < 3) & ((across - y[0][:, None, None]).abs() < 3)
    return near.float()
masks = blobs(300)
pictures = {pictures}
pictures = pictures[:, None]
{apart}
net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, {outputs}, 3, padding=1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(12):
    for rows in torch.randperm(300).split(20):
        opt.zero_grad(); {loss}.backward(); opt.step()
"""
BRIGHT = "masks + 0.7 * torch.randn(300, 16, 16)"
ROUGH = "(0.5 + 2 * masks) * torch.randn(300, 16, 16)"
APART = "masks = masks[torch.randperm(300)]"
CLASSES = "F.cross_entropy(net(pictures[rows]), masks[rows].long())"
NUMBERS = "F.l1_loss(net(pictures[rows]), masks[rows][:, None])"
BY_HAND = "((net(pictures[rows])[:, 0] - masks[rows]) ** 2).mean()"


@pytest.mark.slow
@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(
    ("pictures", "loss"),
    [(BRIGHT, CLASSES), (ROUGH, CLASSES), (BRIGHT, NUMBERS), (BRIGHT, BY_HAND)],
    ids=["brightness", "texture", "numbers", "written by hand"],
)
def test_pictures_with_the_targets_of_others_are_found(tmp_path: Path, pictures: str, loss: str, apart: bool) -> None:
    script, outputs = tmp_path / "train.py", 2 if loss == CLASSES else 1
    script.write_text(
        SCRIPT.format(pictures=pictures, apart=APART if apart else "", outputs=outputs, loss=loss), encoding="utf-8"
    )
    watched = watch_script(str(script), [], budget=0.5)
    assert watched.error is None
    assert ("F128" in {f.id for f in watched.findings}) is apart


@given(st.integers(0, 10_000), st.integers(4, 6))
def test_chance_is_what_all_pairings_come_to(seed: int, rows: int) -> None:
    similarities = torch.randn(rows, rows, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    sums = torch.tensor(
        [float(similarities[range(rows), p].sum()) for p in itertools.permutations(range(rows))], dtype=torch.float64
    )
    tie = Tie()
    tie.add(similarities)
    assert tie.rows == rows
    assert tie.total == pytest.approx(float(similarities.diagonal().sum() - sums.mean()), abs=1e-9)
    assert tie.variance == pytest.approx(float(sums.var(correction=0)), rel=1e-6)


def test_targets_that_never_differ_say_nothing() -> None:
    paired = Paired()
    paired.add(torch.randn(8, 1, 8, 8), torch.ones(8, 8, 8), torch.randn(8, 1, 8, 8))
    assert paired.outputs.rows == 0


TABLE = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
y = torch.randint(0, 3, (1500,))
x = torch.randn(3, 8)[y] + 0.7 * torch.randn(1500, 8)
{apart}
net = nn.Sequential(nn.Linear(8, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 3))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(12):
    for rows in torch.randperm(1200).split(50):
        opt.zero_grad(); F.cross_entropy(net(x[rows]), y[rows]).backward(); opt.step()
    with torch.no_grad():
        F.cross_entropy(net(x[1200:]), y[1200:])
"""


@pytest.mark.parametrize("apart", [True, False])
def test_labels_shuffled_apart_are_told_before_they_are_known_by_heart(tmp_path: Path, apart: bool) -> None:
    script = tmp_path / "train.py"
    script.write_text(TABLE.format(apart="y = y[torch.randperm(1500)]" if apart else ""), encoding="utf-8")
    watched = watch_script(str(script), [], budget=0.5)
    assert watched.error is None
    assert ("F90" in {f.id for f in watched.findings}) is apart

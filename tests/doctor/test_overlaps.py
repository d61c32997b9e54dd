"""Windows of one recording on both sides of a split."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.doctor import watch_script
from moreish.doctor.frames.overlaps import Overlaps

SCRIPT = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
records = torch.randn(30, 400{channels}).cumsum(1)
starts = range(0, 360, {stride})
x = torch.stack([r[s : s + 40] for r in records for s in starts])
y = torch.arange(30).repeat_interleave(len(starts)) % 3
order = {order}
train, val = order[: len(order) * 3 // 4], order[len(order) * 3 // 4 :]
net = nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), 32), nn.ReLU(), nn.Linear(32, 3))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(6):
    for rows in train[torch.randperm(len(train))].split(64):
        opt.zero_grad(); F.cross_entropy(net(x[rows]), y[rows]).backward(); opt.step()
    with torch.no_grad():
        F.cross_entropy(net(x[{evaluated}]), y[{evaluated}])
"""
AT_RANDOM, BY_RECORD = "torch.randperm(len(x))", "torch.arange(len(x))"


@pytest.mark.parametrize(
    ("stride", "order", "evaluated", "channels", "sick"),
    [
        (5, AT_RANDOM, "val", "", True),
        (10, AT_RANDOM, "val", ", 3", True),
        (40, AT_RANDOM, "val", "", False),
        (5, BY_RECORD, "val", "", False),
        (40, AT_RANDOM, "train", "", False),
    ],
    ids=["overlapping", "channels", "apart", "by record", "the loss on train"],
)
def test_windows_that_overlap_and_were_split_at_random_are_found(
    tmp_path: Path, stride: int, order: str, evaluated: str, channels: str, sick: bool
) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT.format(stride=stride, order=order, evaluated=evaluated, channels=channels))
    watched = watch_script(str(script), [], budget=0.5)  # looks do not depend on how busy the machine is
    assert watched.error is None
    assert ("F127" in {f.id for f in watched.findings}) is sick


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_only_a_row_that_was_moved_is_shared(seed: int, moved: int) -> None:
    record = torch.randn(4, 80, generator=torch.Generator().manual_seed(seed))
    seen = Overlaps()
    seen.trained(record[:, 20:60])
    seen.evaluated(record[:, 20 + moved : 60 + moved])
    assert (seen.rows, seen.shared) == (4, 4)
    seen.evaluated(record[:, 20:60])  # as they were trained on
    assert (seen.rows, seen.shared) == (4, 4)
    seen.evaluated(torch.randn(5, 40, generator=torch.Generator().manual_seed(seed + 1)))
    assert (seen.rows, seen.shared) == (9, 4)


def test_silence_and_numbers_of_few_levels_are_nobody_s() -> None:
    seen = Overlaps()
    rows = torch.randint(0, 8, (64, 40)).float() / 8
    seen.trained(rows)
    seen.evaluated(torch.randint(0, 8, (64, 40)).float() / 8)
    seen.evaluated(torch.zeros(8, 40))
    assert seen.shared == 0

"""Copies of a model in whole programs: what is left of them when it ends, and what was gone before."""

import math
from pathlib import Path

import pytest

from moreish.doctor import watch_script

BEGIN = """
import copy
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
"""
AVERAGE = """
x = torch.randn(400, 6) * 2 + 1
y = (x[:, 0] > x[:, 1]).long()
net = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
average = copy.deepcopy(net).eval()
opt = torch.optim.Adam(net.parameters(), 1e-2)
for step in range(320):
    i = torch.randint(0, 300, (32,))
    loss = F.cross_entropy(net(x[i]), y[i])
    opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        for p, q in zip(WHAT):
            p.copy_(torch.lerp(p.float(), q.float(), 0.05))
with torch.no_grad():
    print(F.cross_entropy(average(x[300:]), y[300:]))
"""
PARAMETERS = "average.parameters(), net.parameters()"
ALL = "average.state_dict().values(), net.state_dict().values()"


def in_a_function(script: str) -> str:
    return "def main():\n" + "".join(f"    {line}\n" for line in script.splitlines()) + "main()\n"


@pytest.mark.parametrize("what", [PARAMETERS, ALL])
@pytest.mark.parametrize("place", [str, in_a_function])
def test_an_average_without_its_statistics_is_found_wherever_it_lives(tmp_path: Path, what: str, place) -> None:
    script = place(AVERAGE.replace("WHAT", what))
    (tmp_path / "train.py").write_text(BEGIN + script, encoding="utf-8")
    seen = watch_script(str(tmp_path / "train.py"), [], budget=math.inf)
    assert seen.error is None
    assert ("F71" in {f.id for d in seen.doctors for f in d.findings}) is (what == PARAMETERS)

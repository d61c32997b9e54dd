"""Healthy trainings that look ill in one respect, as people write them; each was alarmed once."""

from pathlib import Path

import pytest

from moreish.doctor import watch_script

BEGIN = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
"""
TWO_NOISY = """
def blurred(n=32, side=32):
    return F.interpolate(torch.randn(n, 1, 4, 4), (side, side), mode="bilinear") * 0.3
net = nn.Sequential(nn.Conv2d(1, 8, 9, padding=4), nn.Tanh(), nn.Conv2d(8, 1, 9, padding=4))
opt = torch.optim.Adam(net.parameters(), 2e-3)
for step in range(250):
    clean = blurred()
    one, two = (clean + 2 * torch.randn_like(clean) for _ in range(2))
    loss = F.mse_loss(net(one), two)
    opt.zero_grad(); loss.backward(); opt.step()
"""
TWO_EYES = """
def pair(n=16, side=24):
    dots = torch.randn(n, side, side + 8)
    far = (F.interpolate(torch.randn(n, 1, 4, 4), (side, side)) > 0).long()[:, 0]
    right = torch.gather(dots, 2, torch.arange(side) + 4 - 2 * far)
    return torch.stack([dots[..., 4:-4], right], 1), far.float()[:, None]
net = nn.Sequential(
    nn.Conv2d(2, 32, 5, padding=2), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
    nn.Conv2d(32, 1, 3, padding=1),
)
opt = torch.optim.Adam(net.parameters(), 2e-4)
for step in range(150):
    x, y = pair()
    loss = F.mse_loss(net(x), y)
    opt.zero_grad(); loss.backward(); opt.step()
"""
RISK = """
net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 1, 1))
nn.init.constant_(net[2].bias, -3.9)
opt = torch.optim.Adam(net.parameters(), 2e-3)
for step in range(600):
    shade = torch.tanh(F.interpolate(torch.randn(16, 1, 4, 4), (32, 32), mode="bilinear") * 1.5)
    y = (torch.rand_like(shade) < 0.02 * (1 + 0.6 * shade)).float()
    loss = F.binary_cross_entropy_with_logits(net(shade + 0.1 * torch.randn_like(shade)), y)
    opt.zero_grad(); loss.backward(); opt.step()
"""
MASKED = """
body, heads = nn.Sequential(nn.Linear(8, 32), nn.ReLU()), nn.ModuleList([nn.Linear(32, 1), nn.Linear(32, 1)])
opt = torch.optim.Adam([*body.parameters(), *heads.parameters()], 3e-3)
w = torch.randn(8)
for step in range(200):
    x = torch.randn(64, 8)
    y, has = torch.tanh(x @ w), torch.zeros(2, 64)
    has[0] = 1  # no row of the second task is in this data yet
    errors = [((head(body(x))[:, 0] - y) ** 2 * has[i]).sum() for i, head in enumerate(heads)]
    loss = sum(errors) / 64 + 1e-3 * sum(head(body(x)).square().mean() for head in heads)
    opt.zero_grad(); loss.backward(); opt.step()
"""
SOLVED = """
w = torch.randn(20, 3)
net = nn.Linear(20, 3)
opt = torch.optim.SGD(net.parameters(), 0.4)
for step in range(200):
    x = torch.randn(64, 20) * 2
    loss = F.mse_loss(net(x), x @ w)
    opt.zero_grad(); loss.backward(); opt.step()
"""

VALUES = """
def values():
    return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 2))
net, slow = values(), values()
slow.load_state_dict(net.state_dict())
opt = torch.optim.Adam(net.parameters(), 2e-3)
for step in range(400):
    s, a = torch.rand(64, 1) * 2 - 1, torch.randint(0, 2, (64, 1))
    s2 = s + 0.4 * a - 0.2 + 0.05 * torch.randn(64, 1)
    going = s2[:, 0].abs() < 1
    with torch.no_grad():
        {target}
    loss = F.smooth_l1_loss(net(s).gather(1, a)[:, 0], y)
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 20 == 0:
        slow.load_state_dict(net.state_dict())
"""
WRITTEN = VALUES.replace("{target}", "y = torch.ones(64); y[going] += 0.95 * slow(s2[going]).max(1).values")


def said(tmp_path: Path, script: str) -> dict[str, str]:
    path = tmp_path / "train.py"
    path.write_text(BEGIN + script, encoding="utf-8")
    seen = watch_script(str(path), [], budget=0.5)
    assert seen.error is None
    assert not [doctor.failed_rules for doctor in seen.doctors if doctor.failed_rules]
    return {f.id: f.severity for root in seen.findings for f in (root, *root.symptoms)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "alarm"),
    [
        (TWO_NOISY, "F128"),
        (TWO_EYES, "F128"),
        (RISK, "F130"),
        (MASKED, "F131"),
        (SOLVED, "F13"),
        (WRITTEN, "F120"),
    ],
    ids=[
        "two noisy pictures",
        "two eyes",
        "small risks",
        "no row of a task",
        "solved to rounding",
        "values that grow",
    ],
)
def test_no_alarm(tmp_path: Path, script: str, alarm: str) -> None:
    assert said(tmp_path, script).get(alarm) != "sick"


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss",
    [
        "F.cross_entropy(net(x), y)",
        "F.mse_loss(net(x), F.one_hot(y, 3).float())",
        "F.binary_cross_entropy_with_logits(net(x), F.one_hot(y, 3).float())",
    ],
    ids=["classes", "numbers", "yes or no"],
)
@pytest.mark.parametrize("lr", [1e12, 1e20])
def test_losses_without_bound_can_be_judged(tmp_path: Path, loss: str, lr: float) -> None:
    script = f"""
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 3))
opt = torch.optim.SGD(net.parameters(), {lr})
for step in range(200):
    x = torch.randn(64, 20) * 2
    y = x[:, :3].argmax(1)
    loss = {loss}
    opt.zero_grad(); loss.backward(); opt.step()
"""
    assert {"F13", "F15"} & said(tmp_path, script).keys()


def test_a_loss_that_runs_to_infinity_slowly_can_be_judged(tmp_path: Path) -> None:
    script = """
w = torch.randn(20, 1)
net = nn.Sequential(nn.Linear(20, 64), nn.Tanh(), nn.Linear(64, 1))
opt = torch.optim.SGD(net.parameters(), 1.2)
for step in range(500):
    x = torch.randn(64, 20) * 2
    out = net(x)
    loss = F.mse_loss(out, x @ w) + 1e-3 * step / 500 * out.square().mean()
    opt.zero_grad(); loss.backward(); opt.step()
"""
    assert {"F13", "F15"} & said(tmp_path, script).keys()

"""Well trainings as people write them, each of which breaks an assumption that a rule once made."""

from pathlib import Path

import pytest

from moreish.doctor import watch_script

BEGIN = """
import copy
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
def mlp(a, b, h=32):
    return nn.Sequential(nn.Linear(a, h), nn.Tanh(), nn.Linear(h, b))
"""
A_TEACHER_WITH_DROPOUT = """
net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 3))
teacher = copy.deepcopy(net)
opt = torch.optim.SGD(net.parameters(), 0.05)
x = torch.randn(500, 8); y = x[:, :3].argmax(1)
for step in range(120):
    i = torch.randint(0, 400, (32,))
    with torch.no_grad():
        target = teacher(x[i]).softmax(1)
    loss = F.cross_entropy(net(x[i]), y[i]) + F.mse_loss(net(x[i]).softmax(1), target)
    opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        for p, q in zip(teacher.parameters(), net.parameters()):
            p.mul_(0.9).add_(q, alpha=0.1)
    if step % 10 == 9:
        net.eval()
        with torch.no_grad():
            print((net(x[400:]).argmax(1) == y[400:]).float().mean())
        net.train()
"""
TWO_BRANCHES = """
class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.policy, self.value = mlp(6, 2), nn.Sequential(*mlp(6, 16), nn.Tanh(), nn.Linear(16, 1))
net = Both()
nn.init.normal_(net.policy[2].weight, std=0.001)
opt = torch.optim.Adam(net.parameters(), 1e-4)
for step in range(120):
    x = torch.randn(64, 6)
    loss = 1e-3 * (net.policy(x) - 0.01).square().mean() + F.mse_loss(net.value(x), 9 * x[:, :1])
    opt.zero_grad(); loss.backward(); opt.step()
"""
TRANSFORMED = """
from torch.func import grad, vmap
net = mlp(1, 1)
opt = torch.optim.Adam(net.parameters(), 1e-3)
for step in range(60):
    x = torch.rand(16)
    slope = vmap(grad(lambda t: net(t[None]).squeeze()))(x)
    loss = (slope - torch.cos(x)).square().mean() + net(torch.zeros(1, 1)).square().mean()
    opt.zero_grad(); loss.backward(); opt.step()
"""
A_PRIOR = """
one, two = nn.Embedding(60, 8), nn.Embedding(50, 8)
opt = torch.optim.Adam([*one.parameters(), *two.parameters()], 1e-2)
i, j = torch.randint(0, 60, (2000,)), torch.randint(0, 50, (2000,)); r = torch.randn(60)[i] * torch.randn(50)[j]
for step in range(120):
    k = torch.randint(0, 2000, (128,)); u, v = one(i[k]), two(j[k])
    prior = -1e-5 * ((u * u).sum() + (v * v).sum())
    loss = ((u * v).sum(1) - r[k]).square().mean() - prior
    opt.zero_grad(); loss.backward(); opt.step()
"""
A_PENALTY_OF_ALL = """
net = nn.ModuleDict({"body": nn.Linear(10, 32), "head": nn.Linear(32, 3)})
opt = torch.optim.Adam(net["head"].parameters(), 3e-3)
x = torch.randn(900, 10); y = x[:, :3].argmax(1)
for step in range(120):
    k = torch.randint(0, 900, (64,))
    loss = F.cross_entropy(net["head"](net["body"](x[k]).detach().relu()), y[k])
    loss = loss + 1e-4 * net["body"].weight.square().sum()
    net.zero_grad(); loss.backward(); opt.step()
"""
AN_ADVANTAGE = """
policy, value = mlp(6, 4), mlp(6, 1)
opt = torch.optim.Adam([*policy.parameters(), *value.parameters()], 3e-3)
best = torch.randn(6, 4); s = torch.randn(64, 6)
for step in range(200):
    d = torch.distributions.Categorical(logits=policy(s)); a = d.sample()
    after = 0.5 * s + torch.randn(64, 6)
    v = value(s).squeeze(1)
    aim = (a == (s @ best).argmax(1)).float() + 0.9 * value(after).squeeze(1)
    loss = -(d.log_prob(a) * (aim - v).detach()).mean() + F.mse_loss(v, aim.detach())
    opt.zero_grad(); loss.backward(); opt.step()
    s = after
"""
WITH_AN_ACTION = """
def picture(at):
    x = torch.zeros(len(at), 1, 6, 6); x[torch.arange(len(at)), 0, at[:, 0], at[:, 1]] = 1
    return x
moves = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])
class World(nn.Module):
    def __init__(self):
        super().__init__()
        self.act, self.conv = nn.Embedding(4, 8), nn.Conv2d(9, 1, 3, padding=1)
    def forward(self, x, a):
        return self.conv(torch.cat([x, self.act(a)[:, :, None, None].expand(-1, -1, 6, 6)], 1))
net = World()
opt = torch.optim.Adam(net.parameters(), 3e-3)
for step in range(150):
    at, a = torch.randint(0, 6, (64, 2)), torch.randint(0, 4, (64,))
    loss = F.binary_cross_entropy_with_logits(net(picture(at), a), picture((at + moves[a]).clamp(0, 5)))
    opt.zero_grad(); loss.backward(); opt.step()
"""
VAL_IN_BALANCE = """
direction = torch.randn(10); direction /= direction.norm()
def made(n, share):
    y = (torch.rand(n) < share).long()
    return torch.randn(n, 10) + 3.2 * y[:, None] * direction, y
(x, y), (u, v) = made(30000, 0.04), made(600, 0.5)
net = mlp(10, 2)
opt = torch.optim.Adam(net.parameters(), 1e-2)
for epoch in range(4):
    for k in torch.randperm(30000).split(128):
        opt.zero_grad(); F.cross_entropy(net(x[k]), y[k]).backward(); opt.step()
    with torch.no_grad():
        print(F.cross_entropy(net(u), v))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "alarm"),
    [
        (A_TEACHER_WITH_DROPOUT, "F32"),
        (TWO_BRANCHES, "F09"),
        (A_PRIOR, "F133"),
        (A_PENALTY_OF_ALL, "F134"),
        (AN_ADVANTAGE, "F111"),
        (WITH_AN_ACTION, "F102"),
        (VAL_IN_BALANCE, "F135"),
    ],
    ids=[
        "a teacher with dropout",
        "two branches",
        "a prior",
        "a penalty of all parameters",
        "an advantage",
        "a picture and an action",
        "val in balance",
    ],
)
def test_is_no_alarm(tmp_path: Path, script: str, alarm: str) -> None:
    (tmp_path / "train.py").write_text(BEGIN + script, encoding="utf-8")
    seen = watch_script(str(tmp_path / "train.py"), [], budget=0.5)
    assert alarm not in {f.id for d in seen.doctors for f in d.findings if f.severity != "info"}


def test_transforms_of_torch_func_do_not_end_the_watching(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(BEGIN + TRANSFORMED, encoding="utf-8")
    seen = watch_script(str(tmp_path / "train.py"), [], budget=0.5)
    assert seen.doctors
    for doctor in seen.doctors:
        assert doctor._probe.failure is None
        assert doctor.history.step() > 0

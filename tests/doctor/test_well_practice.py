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
AN_ACTOR_AND_ITS_CRITIC = """
actor, critic = mlp(3, 2), nn.Sequential(nn.Linear(5, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
ours, theirs = torch.optim.Adam(actor.parameters(), 1e-3), torch.optim.Adam(critic.parameters(), 1e-3)
for step in range(200):
    x = torch.randn(64, 3)
    with torch.no_grad():
        a = actor(x) + 0.3 * torch.randn(64, 2)
    gain = 30 - (a - x[:, :2]).square().sum(1)
    loss = F.mse_loss(critic(torch.cat([x, a], 1)).squeeze(1), gain)
    theirs.zero_grad(); loss.backward(); theirs.step()
    loss = -critic(torch.cat([x, actor(x)], 1)).mean()
    ours.zero_grad(); (1e-3 * loss).backward(); ours.step()
"""
A_GAME_OF_TWO_CLASSES = """
made = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 2))
judge = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 2))
ours, theirs = (torch.optim.Adam(m.parameters(), 1e-3, (0.5, 0.9)) for m in (made, judge))
true, false = torch.ones(64, dtype=torch.long), torch.zeros(64, dtype=torch.long)
for step in range(500):
    a = 6.28 * torch.rand(64)
    real = torch.stack([a.cos(), a.sin()], 1) + 0.05 * torch.randn(64, 2)
    theirs.zero_grad(); F.cross_entropy(judge(real), true).backward(); theirs.step()
    fake = made(torch.randn(64, 4))
    theirs.zero_grad(); F.cross_entropy(judge(fake.detach()), false).backward(); theirs.step()
    ours.zero_grad(); F.cross_entropy(judge(fake), true).backward(); ours.step()
"""
A_RANKING_ON_VAL = """
x = torch.randn(1400, 30)
y = (x[:, :3].sum(1) > 0).float()
y = torch.where(torch.rand(1400) < 0.3, 1 - y, y)
net = nn.Sequential(nn.Linear(30, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1))
opt = torch.optim.Adam(net.parameters(), 1e-3)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode="max", factor=0.8, patience=2)
def area(scores, yes):
    ranks = scores.argsort().argsort() + 1
    return (ranks[yes].sum() - yes.sum() * (yes.sum() + 1) / 2) / (yes.sum() * (~yes).sum())
for epoch in range(24):
    for i in torch.randperm(600).split(20):
        loss = F.binary_cross_entropy_with_logits(net(x[i])[:, 0], y[i])
        opt.zero_grad(); loss.backward(); opt.step()
    with torch.no_grad():
        scheduler.step(float(area(net(x[600:])[:, 0].numpy(), y[600:].numpy() > 0.5)))
"""
TWO_ROWS_MIXED = """
net, mixes = mlp(16, 1), torch.distributions.Beta(0.6, 0.6)
opt = torch.optim.Adam(net.parameters(), 1e-2)
for step in range(300):
    x = torch.randn(64, 16)
    y = (x[:, 0] > 0).float()
    share, other = mixes.sample().item(), torch.randperm(64)
    share = 0.98 if step < 3 else 0.02 if step % 3 else share
    out = net(share * x + (1 - share) * x[other])[:, 0]
    loss = share * F.binary_cross_entropy_with_logits(4 * out, y)
    loss = loss + (1 - share) * F.binary_cross_entropy_with_logits(4 * out, y[other])
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
        (AN_ACTOR_AND_ITS_CRITIC, "F09"),
        (A_GAME_OF_TWO_CLASSES, "F22"),
        (A_GAME_OF_TWO_CLASSES, "F90"),
        (A_RANKING_ON_VAL, "F151"),
        (TWO_ROWS_MIXED, "F112"),
    ],
    ids=[
        "a teacher with dropout",
        "two branches",
        "a prior",
        "a penalty of all parameters",
        "an advantage",
        "a picture and an action",
        "val in balance",
        "an actor below its critic",
        "a game of two classes, for their frequencies",
        "a game of two classes, for what is learned by heart",
        "a ranking on val that gets worse",
        "two rows mixed",
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

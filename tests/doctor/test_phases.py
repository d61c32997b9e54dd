"""Scripts of several phases, and evaluations that draw on purpose, watched at the default budget."""

from pathlib import Path

import pytest

from moreish.doctor import watch_script

BEGIN = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
x = torch.randn(512, 12)
first, second = (x[:, :6] @ torch.randn(6, 4)).argmax(1), (x[:, 6:] @ torch.randn(6, 5)).argmax(1)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Sequential(nn.Linear(12, 48), nn.Tanh()), nn.Linear(48, 4)
    def forward(self, x):
        return self.head(self.body(x))
net = Net()
def fit(optimizer, y, steps):
    for _ in range(steps):
        i = torch.randint(0, 512, (32,))
        optimizer.zero_grad(); F.cross_entropy(net(x[i]), y[i]).backward(); optimizer.step()
fit(torch.optim.Adam(net.parameters(), 3e-3), first, 300)
"""
OLD_HEAD = """
optimizer = torch.optim.Adam(net.parameters(), 1e-3)
net.head = nn.Linear(48, 5)
fit(optimizer, second, 400)
"""
NEW_HEAD = """
net.head = nn.Linear(48, 5)
fit(torch.optim.Adam(net.parameters(), 1e-3), second, 400)
"""
NOTHING_TO_LEARN = """
class Adapted(nn.Module):
    def __init__(self, of):
        super().__init__()
        self.of, self.a, self.b = of, nn.Parameter(torch.zeros(12, 4)), nn.Parameter(torch.zeros(4, 48))
    def forward(self, x):
        return self.of(x) + x @ self.a @ self.b
for p in net.parameters():
    p.requires_grad = False
net.body[0] = Adapted(net.body[0])
fit(torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 1e-3), second % 4, 400)
"""
SAME_ROWS = """
for p in net.body.parameters():
    p.requires_grad = False
net.head = nn.Linear(48, 4)
fit(torch.optim.Adam(net.head.parameters(), 3e-3), second % 4, 400)
"""
ONE_IS_DRAWN = NOTHING_TO_LEARN.replace("torch.zeros(12, 4)", "torch.randn(12, 4) / 4")

OF_THE_SEAM = {"F13", "F17", "F18", "F96", "F119", "F120"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "finding"),
    [(OLD_HEAD, "F18"), (NEW_HEAD, ""), (NOTHING_TO_LEARN, "F17"), (ONE_IS_DRAWN, ""), (SAME_ROWS, "")],
    ids=["the optimizer has the old head", "a new head", "adapters both 0", "one of them is drawn", "other labels"],
)
def test_a_second_phase_is_looked_at_like_a_first_one(tmp_path: Path, phase: str, finding: str) -> None:
    (tmp_path / "train.py").write_text(BEGIN + phase, encoding="utf-8")
    watched = watch_script(tmp_path / "train.py")
    alarms = {f.id for d in watched.doctors for f in d.findings if f.severity != "info"}
    assert alarms & OF_THE_SEAM == ({finding} if finding else set())


ASKED = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
NORM = []
net = nn.Sequential(nn.Linear(6, 32), *NORM, nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), 1e-3)
x = torch.randn(600, 6); y = torch.sin(x[:, :1]) + 0.1 * torch.randn(600, 1)
for epoch in range(30):
    for i in torch.randperm(500).split(50):
        optimizer.zero_grad(); F.mse_loss(net(x[i]), y[i]).backward(); optimizer.step()
    with torch.no_grad():
        EVALUATION
"""
DRAWS = "held = x[500:]; print(F.mse_loss(torch.stack([net(held) for _ in range(20)]).mean(0), y[500:]))"
DRAWS_OF_A_CUT = DRAWS.replace("held = x[500:]; ", "").replace("held", "x[500:]")
BATCHES = "print(sum(F.mse_loss(net(x[i:i + 20]), y[i:i + 20]) for i in range(500, 600, 20)))"
NORM = "[nn.BatchNorm1d(32)]"


@pytest.mark.parametrize(
    ("norm", "evaluation", "sick"),
    [("[]", DRAWS, False), ("[]", DRAWS_OF_A_CUT, False), ("[]", BATCHES, True), (NORM, DRAWS, True)],
)
def test_draws_of_a_dropout_that_are_averaged_are_meant(
    tmp_path: Path, norm: str, evaluation: str, sick: bool
) -> None:
    script = ASKED.replace("NORM = []", f"NORM = {norm}").replace("EVALUATION", evaluation)
    (tmp_path / "train.py").write_text(script, encoding="utf-8")
    watched = watch_script(tmp_path / "train.py")
    assert ("F32" in [f.id for d in watched.doctors for f in d.findings]) is sick


POLICY = """
import torch
from torch import nn
from torch.distributions import Categorical
torch.manual_seed(0)
class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 4))
    def forward(self, x):
        return Categorical(logits=self.net(x))
policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), 3e-3)
pays, baseline = torch.randn(6, 4), 0.0
for step in range(300):
    x = torch.randn(64, 6)
    chosen = policy(x)
    arm = chosen.sample()
    reward = torch.tanh(x @ pays).gather(1, arm[:, None])[:, 0] + 0.2 * torch.randn(64)
    loss = -(chosen.log_prob(arm) * (reward - baseline)).mean() - 0.01 * chosen.entropy().mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    baseline = 0.9 * baseline + 0.1 * reward.mean().item()
"""


def test_a_model_that_gives_a_distribution_is_not_said_to_ignore_its_input(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(POLICY, encoding="utf-8")
    watched = watch_script(tmp_path / "train.py")
    assert [f.id for d in watched.doctors for f in d.findings if f.severity != "info"] == []


TUNED = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 3))
w = torch.randn(8, 3)
def fit(optimizer, rows, mode, steps):
    for _ in range(steps):
        net.train(mode)
        x = torch.randn(rows, 8)
        optimizer.zero_grad(); F.cross_entropy(net(x), (x @ w).argmax(1)).backward(); optimizer.step()
fit(torch.optim.Adam(net.parameters(), 3e-3), 64, True, 200)
net[3] = nn.Linear(32, 3)
fit(torch.optim.SGD(net.parameters(), 5e-3), ROWS, MODE, 400)
"""


@pytest.mark.parametrize(("rows", "mode", "alarm"), [(2, False, False), (32, False, True), (32, True, False)])
def test_old_statistics_may_be_kept_for_batches_of_which_a_norm_can_make_nothing(
    tmp_path: Path, rows: int, mode: bool, alarm: bool
) -> None:
    script = TUNED.replace("ROWS", str(rows)).replace("MODE", str(mode))
    (tmp_path / "train.py").write_text(script, encoding="utf-8")
    watched = watch_script(tmp_path / "train.py")
    assert ("F33" in [f.id for d in watched.doctors for f in d.findings if f.severity != "info"]) is alarm

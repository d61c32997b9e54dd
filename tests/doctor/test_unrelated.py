"""Noise that nothing given can tell, and a model that is its own reference: beside what is meant."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.doctor import watch_script
from moreish.doctor.frames.noise import NoiseTargets

BEGIN = """
import copy
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
"""
DIFFUSION = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(17, 64), nn.ReLU(), nn.Linear(64, 16))
    def forward(self, x, s):
        return self.net(torch.cat([x, s], 1))
model = Net()
opt = torch.optim.Adam(model.parameters(), 1e-3)
for step in range(120):
    x = torch.randn(64, 1).expand(64, 16) + 0.1 * torch.randn(64, 16)
    noise, s = torch.randn_like(x), torch.rand(64, 1)
    loss = F.mse_loss(model((1 - s) * x + s * OF, s), noise)
    opt.zero_grad(); loss.backward(); opt.step()
"""
PREFERENCES = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 5))
    def forward(self, x):
        return self.net(x).log_softmax(1)
model = Model()
opt = torch.optim.Adam(model.parameters(), 1e-3)
for step in range(250):
    x = torch.randn(64, 8)
    opt.zero_grad(); F.nll_loss(model(x), x[:, :5].argmax(1)).backward(); opt.step()
reference = REFERENCE
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
for step in range(250):
    x = torch.randn(64, 8)
    better, worse = x[:, :5].argmax(1, keepdim=True), x[:, :5].argmin(1, keepdim=True)
    ours = model(x)
    GRADIENTS
        theirs = reference(x)
    chosen = ours.gather(1, better) - theirs.gather(1, better)
    rejected = ours.gather(1, worse) - theirs.gather(1, worse)
    loss = -F.logsigmoid(0.1 * (chosen - rejected)).mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
"""


def alarms(tmp_path: Path, script: str) -> set[str]:
    (tmp_path / "train.py").write_text(BEGIN + script, encoding="utf-8")
    seen = watch_script(str(tmp_path / "train.py"), [], budget=0.5)
    found = [s for d in seen.doctors for f in d.findings for s in (f, *f.symptoms)]
    return {f.id for f in found if f.severity != "info"}


def test_noise_that_drowns_in_inputs_of_hundreds_is_laid_at_their_door(tmp_path: Path) -> None:
    script = DIFFUSION.replace("OF", "noise")
    assert "F56" not in alarms(tmp_path, script)
    found = alarms(tmp_path, script.replace("x = torch.randn(64, 1)", "x = 120 + 60 * torch.randn(64, 1)"))
    assert "F56" in found
    assert "F136" not in found


@pytest.mark.parametrize(("of", "sick"), [("noise", False), ("torch.randn_like(x)", True)])
def test_noise_that_is_not_the_one_in_the_input_is_found(tmp_path: Path, of: str, sick: bool) -> None:
    script = DIFFUSION.replace("OF", of)
    assert ("F136" in alarms(tmp_path, script)) is sick


@pytest.mark.parametrize("of", ["noise", "torch.randn_like(x)"])
@pytest.mark.parametrize("first", [True, False])
def test_it_is_looked_for_beside_a_time_and_what_is_known(tmp_path: Path, of: str, first: bool) -> None:
    """One tensor of all that is given, as where a policy is told what it sees."""
    script = DIFFUSION.replace("nn.Linear(17, 64)", "nn.Linear(20, 64)").replace("OF", of)
    order = "[seen, z, s]" if first else "[z, s, seen]"
    script = script.replace(
        "    def forward(self, x, s):\n        return self.net(torch.cat([x, s], 1))\n",
        "    def forward(self, x):\n        return self.net(x)\n",
    )
    script = script.replace("model((1 - s) * x + s * ", "model(given((1 - s) * x + s * ").replace(
        ", s), noise)", ", s)), noise)"
    )
    given = f"def given(z, s):\n    seen = torch.randn(len(z), 3)\n    return torch.cat({order}, 1)\n"
    assert ("F136" in alarms(tmp_path, given + script)) is (of != "noise")


@pytest.mark.slow
@pytest.mark.parametrize("reference", ["model", "copy.deepcopy(model)"])
@pytest.mark.parametrize("gradients", ["with torch.no_grad():", "if True:"])
def test_a_model_that_is_its_own_reference_is_found(tmp_path: Path, reference: str, gradients: str) -> None:
    script = PREFERENCES.replace("REFERENCE", reference).replace("GRADIENTS", gradients)
    assert ("F137" in alarms(tmp_path, script)) is (reference == "model")


def test_a_ratio_to_what_was_just_given_is_meant(tmp_path: Path) -> None:
    script = """
net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 4))
opt = torch.optim.Adam(net.parameters(), 3e-3)
best = torch.randn(6, 4)
for step in range(300):
    x = torch.randn(64, 6)
    with torch.no_grad():
        old = torch.distributions.Categorical(logits=net(x)); a = old.sample(); before = old.log_prob(a)
    gain = (a == (x @ best).argmax(1)).float()
    ratio = (torch.distributions.Categorical(logits=net(x)).log_prob(a) - before).exp()
    loss = -(ratio * (gain - gain.mean())).mean()
    opt.zero_grad(); loss.backward(); opt.step()
"""
    assert "F137" not in alarms(tmp_path, script)


@given(share=st.floats(0.2, 1), seed=st.integers(0, 99))
def test_noise_is_known_where_an_input_has_some_of_it(share: float, seed: int) -> None:
    torch.manual_seed(seed)
    known, unknown, level = NoiseTargets(), NoiseTargets(), NoiseTargets()
    for _ in range(5):
        noise, x = torch.randn(40, 30), torch.randn(40, 30)
        known.add(noise, [torch.randn(40, 30), x + share * noise])
        unknown.add(noise, [x, torch.randn(40, 30)])
        level.add(0.9 + 0.1 * torch.rand(40, 30), [x])
    assert (known.unknown, unknown.unknown, level.unknown) == (False, True, False)

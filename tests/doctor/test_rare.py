"""Rare classes that are never chosen, and short runs that stand at what a constant answer costs."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.doctor import watch_script
from moreish.doctor.ask.watched import Watched
from moreish.doctor.frames.choices import Choices, beyond_chance
from moreish.doctor.watch.clock import ASKED, MOST_ASKED, Clock

LOOP = """
opt = {optimizer}
for step in range({steps}):
    rows = torch.randint(0, len(x), (20,))
    opt.zero_grad(); {loss}.backward(); opt.step()
"""
BEGIN = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
"""
PICTURES = (
    BEGIN
    + """
at, (i, j) = torch.arange(16), torch.randint(1, 14, (2, 300, 1, 1))
y = (((at[None, :, None] - i).abs() < 1.5) & ((at[None, None, :] - j).abs() < 1.5)).float()
x = {x}
def layer(a, b):
    return nn.Conv2d(a, b, 3, padding=1)
net = nn.Sequential(layer(1, 8), nn.ReLU(), layer(8, 8), nn.ReLU(), layer(8, 8), nn.ReLU(), layer(8, {outputs}))
"""
    + LOOP
)
BRIGHT, ANY = "(y + 1.5 * torch.randn(300, 16, 16))[:, None]", "torch.randn(300, 1, 16, 16)"
STUCK, LEARNS = "torch.optim.SGD(net.parameters(), lr=0.05)", "torch.optim.Adam(net.parameters(), lr=1e-2)"
# So slow that the run stands clearly at a constant, whenever it is looked at.
SLOWER, SLOWEST = STUCK.replace("0.05", "0.04"), STUCK.replace("0.05", "0.03")
YES_OR_NO = "F.binary_cross_entropy_with_logits(net(x[rows])[:, 0], y[rows])"
WEIGHED = "F.binary_cross_entropy_with_logits(net(x[rows])[:, 0], y[rows], pos_weight=torch.tensor(30.0))"
CLASSES = "F.cross_entropy(net(x[rows]), y[rows].long())"
PLACES = (
    BEGIN
    + """
{data}
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = {first}, nn.Conv1d(16, 3, 1)
    def forward(self, x):
        return self.last({through})
net = Tagger()
"""
    + LOOP
)
WORDS = "x = torch.randint(0, 100, (400, 20)); y = (x < 2).long() + (x == 2).long() * 2"
SERIES = """
y = torch.zeros(400, 60, dtype=torch.long); y[torch.arange(400), torch.randint(0, 60, (400,))] = 1
x = torch.randn(400, 1, 60) * (1 + 4 * y[:, None])
"""
TABLE = (
    BEGIN
    + """
x = torch.randn(8000, 6)
score = {signal} * x[:, 0] + torch.randn(8000)
y = (score > score.quantile(0.97)).float()
net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0))
"""
    + LOOP.replace("(20,)", "(200,)")
)


def watched(tmp_path: Path, script: str) -> Watched:
    path = tmp_path / "train.py"
    path.write_text(script, encoding="utf-8")
    seen = watch_script(str(path), [], budget=0.5)  # looks do not depend on how busy the machine is
    assert seen.error is None
    return seen


def severities(seen: Watched) -> dict[str, str]:
    return {f.id: f.severity for root in seen.findings for f in (root, *root.symptoms)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("x", "loss", "optimizer", "steps", "sick"),
    [
        (BRIGHT, YES_OR_NO, STUCK, 240, True),
        (BRIGHT, CLASSES, SLOWER, 240, True),
        (BRIGHT, YES_OR_NO, STUCK, 100, False),
        (BRIGHT, YES_OR_NO, LEARNS, 240, False),
        (BRIGHT, CLASSES, LEARNS, 240, False),
        (BRIGHT, WEIGHED, LEARNS, 240, False),
        (ANY, YES_OR_NO, STUCK, 240, False),
    ],
    ids=["yes or no", "classes", "begins", "learns", "learns classes", "weighed", "nothing to know"],
)
def test_pictures_whose_rare_class_is_never_chosen(
    tmp_path: Path, x: str, loss: str, optimizer: str, steps: int, sick: bool
) -> None:
    outputs = 2 if loss == CLASSES else 1
    script = PICTURES.format(x=x, outputs=outputs, loss=loss, optimizer=optimizer, steps=steps)
    seen = watched(tmp_path, script)
    told = severities(seen).get("F130")
    assert told in ("watch", "sick") if sick else told != "sick"  # which of the two hangs on when it is looked at
    if sick:
        assert "F22" not in {root.id for root in seen.findings}  # a symptom of it


@pytest.mark.parametrize("optimizer", [STUCK, LEARNS])
@pytest.mark.parametrize(
    ("data", "first", "through"),
    [
        (WORDS, "nn.Embedding(100, 16)", "self.first(x).transpose(1, 2)"),
        (SERIES, "nn.Conv1d(1, 16, 3, padding=1)", "F.relu(self.first(x))"),
    ],
    ids=["words", "series"],
)
def test_places_whose_rare_class_is_never_chosen(
    tmp_path: Path, data: str, first: str, through: str, optimizer: str
) -> None:
    loss = "F.cross_entropy(net(x[rows]), y[rows])"
    script = PLACES.format(data=data, first=first, through=through, loss=loss, optimizer=optimizer, steps=300)
    assert ("F130" in severities(watched(tmp_path, script))) is (optimizer == STUCK)


@pytest.mark.parametrize("signal", [0.3, 1.0])
def test_small_probabilities_that_rank_are_no_fault(tmp_path: Path, signal: float) -> None:
    loss = "F.binary_cross_entropy_with_logits(net(x[rows]), y[rows])"
    script = TABLE.format(signal=signal, loss=loss, optimizer=LEARNS, steps=300)
    assert not {"F22", "F130"} & set(severities(watched(tmp_path, script)))


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "sick"), [(SLOWEST, True), (LEARNS, False)])
def test_a_short_run_on_numbers_that_stands_at_a_constant_is_found(
    tmp_path: Path, optimizer: str, sick: bool
) -> None:
    loss = "F.mse_loss(net(x[rows])[:, 0], y[rows])"
    script = PICTURES.format(x=BRIGHT, outputs=1, loss=loss, optimizer=optimizer, steps=240)
    assert (severities(watched(tmp_path, script)).get("F22") == "sick") is sick


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_symbols_tell_their_classes_or_nothing(seed: int, classes: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    symbols = torch.randint(0, 40, (40, 20), generator=generator)
    told, apart = Choices(), Choices()
    told.pair(symbols, symbols % classes)
    apart.pair(symbols, torch.randint(0, classes, (40, 20), generator=generator))
    assert 0.8 < told.told() <= 1
    assert apart.told() < 0.2
    assert Choices().told() == 0


def test_ignored_places_and_a_tie_of_which_nothing_was_seen_say_nothing() -> None:
    choices = Choices()
    choices.pair(torch.randint(0, 9, (40, 20)), torch.full((40, 20), -100))
    assert choices.told() == 0
    assert not beyond_chance(choices.series)
    choices.sound(torch.randn(8, 1, 50), torch.zeros(8, 50).long())
    assert choices.series.rows == 0


def test_looks_that_are_asked_for_are_few() -> None:
    clock, taken = Clock(1e-9), 0
    for step in range(400):
        clock.asked()
        if clock.due(step):
            clock.spent += 1.0
            clock.looked(step)
            taken += 1
    assert taken <= 2 + ASKED * MOST_ASKED

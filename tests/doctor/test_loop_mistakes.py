"""Mistakes of the loop around a net: clipping, schedules, samplers, alignments, and graphs that nobody lets go."""

import gc
import itertools
import math
import textwrap
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

import moreish.doctor.judge.rules.memory as memory
import moreish.doctor.watch.kept as kept
from moreish.doctor import Doctor, watch_script
from moreish.doctor.frames.evidence import KeptGraphs
from moreish.doctor.frames.history import History
from moreish.doctor.judge.rules.memory import graphs_kept
from moreish.doctor.watch.special_losses import ctc
from tests.doctor.test_further_kinds import small, trained

HEAD = """
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler
torch.manual_seed(0)
x = torch.randn(600, 6)
y = (x[:, 0] > 0).long() + (x[:, 1] > 1).long()
net = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.05)
"""


def told(tmp_path: Path, body: str) -> dict[str, str]:
    script = tmp_path / "train.py"
    script.write_text(HEAD + textwrap.dedent(body))
    watched = watch_script(str(script), [], budget=0.5)  # looks do not depend on how busy the machine is
    assert watched.error is None, watched.error
    every = [s for f in watched.findings for s in (f, *f.symptoms)]
    return {f.id: f.sentence for f in every if f.severity != "info"}


SCALED = """
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
for step in range(120):
    rows = torch.randint(0, 600, (32,))
    opt.zero_grad()
    loss = F.cross_entropy(net(x[rows]), y[rows])
    scaler.scale(loss).backward()
    {first}
    {second}
    scaler.step(opt)
    scaler.update()
"""
UNSCALE, CLIP = "scaler.unscale_(opt)", "nn.utils.clip_grad_norm_(net.parameters(), 1.0)"


@pytest.mark.parametrize(
    ("first", "second", "sick"), [(CLIP, UNSCALE, True), (UNSCALE, CLIP, False), (CLIP, "", True)]
)
def test_clipping_before_the_scale_is_taken_off_is_found(tmp_path: Path, first: str, second: str, sick: bool) -> None:
    assert ("F125" in told(tmp_path, SCALED.format(first=first, second=second))) is sick


SCHEDULED = """
plan = torch.optim.lr_scheduler.LambdaLR(opt, lambda step: {factor})
for step in range(300):
    rows = torch.randint(0, 600, (32,))
    loss = F.cross_entropy(net(x[rows]), y[rows])
    opt.zero_grad(); loss.backward(); opt.step(); plan.step()
"""


@pytest.mark.parametrize(
    ("factor", "sick"),
    [("0.05 * 0.97 ** (step // 50)", True), ("0.97 ** (step // 50)", False), ("min(1, (step + 1) / 2000)", False)],
    ids=["a rate", "a factor", "a warm-up"],
)
def test_a_factor_that_is_a_rate_is_found(tmp_path: Path, factor: str, sick: bool) -> None:
    assert ("F124" in told(tmp_path, SCHEDULED.format(factor=factor))) is sick


SAMPLED = """
sampler = WeightedRandomSampler({weights}, 600)
for epoch in range(4):
    for a, b in DataLoader(TensorDataset(x, y), batch_size=37, sampler=sampler):
        loss = F.cross_entropy(net(a), b)
        opt.zero_grad(); loss.backward(); opt.step()
"""


def test_a_subset_that_is_meant_is_not_few_rows(tmp_path: Path) -> None:
    script = SAMPLED.replace(
        "WeightedRandomSampler({weights}, 600)", "torch.utils.data.SubsetRandomSampler(range(16))"
    )
    assert "F126" not in told(tmp_path, script.replace("range(4)", "range(60)").replace("37", "16"))


@pytest.mark.parametrize(("weights", "sick"), [("[0.2, 0.3, 0.5]", True), ("[0.2 + 0.1 * int(c) for c in y]", False)])
def test_a_sampler_that_only_draws_the_first_few_items_is_found(tmp_path: Path, weights: str, sick: bool) -> None:
    assert ("F126" in told(tmp_path, SAMPLED.format(weights=weights))) is sick


@pytest.mark.slow
def test_a_list_of_few_rows_that_are_all_seen_is_no_fault(tmp_path: Path) -> None:
    body = "x, y = x[:4], y[:4]\n" + textwrap.dedent(SAMPLED.format(weights="[1.0, 1.0, 1.0, 1.0]"))
    assert "F126" not in told(tmp_path, body)


# ctc_loss


@given(st.data())
def test_what_ctc_cannot_align_has_an_infinite_loss_and_nothing_else_has(data: st.DataObject) -> None:
    """torch's own loss is the oracle: it is infinite where no alignment exists."""
    frames = data.draw(st.integers(1, 8))
    target = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=6))
    scores = torch.randn(frames, 1, 4).log_softmax(-1)
    given_ = scores, torch.tensor([target]), torch.tensor([frames]), torch.tensor([len(target)])
    seen = ctc(given_, {})
    assert seen is not None
    assert (seen.short == 1) is bool(torch.isinf(F.ctc_loss(*given_, reduction="sum")))
    assert seen.blanks == 0
    assert seen.off == pytest.approx(0, abs=1e-5)


class Listener(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.way, self.lstm, self.head = way, nn.LSTM(5, 12), nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        out = self.head(self.lstm(x)[0])
        return out if self.way == "logits" else out.log_softmax(-1)


@pytest.mark.parametrize("way", ["right", "blank", "short", "logits"])
@pytest.mark.parametrize("flat", [True, False])
def test_what_ctc_loss_is_given_is_looked_at(way: str, flat: bool) -> None:
    model = Listener(way)
    frames = 3 if way == "short" else 12

    def loss(k: int) -> Tensor:
        labels = torch.randint(0 if way == "blank" else 1, 4, (8, 5))
        out = model(torch.randn(frames, 8, 5))
        lengths = torch.full((8,), 5)
        given_ = labels.flatten() if flat else labels
        return F.ctc_loss(out, given_, torch.full((8,), frames), lengths, zero_infinity=True)

    said = trained(model, loss)
    assert ("F122" in said) is (way != "right")
    words = {"blank": "is the blank", "short": "fewer frames", "logits": "no log-probabilities"}
    assert way == "right" or words[way] in said["F122"]


def test_padding_behind_the_targets_is_no_blank_among_them() -> None:
    padded = torch.tensor([[1, 2, 0, 0], [3, 1, 2, 0]])
    scores = torch.randn(9, 2, 4).log_softmax(-1)
    seen = ctc((scores, padded), {"input_lengths": (9, 9), "target_lengths": (2, 3)})
    assert seen is not None
    assert seen.blanks == 0


# Graphs that are kept

KEEPING = """
kept, total = [], 0
for step in range(900):
    rows = torch.randint(0, 600, (32,))
    loss = F.cross_entropy(net(x[rows]), y[rows])
    opt.zero_grad(); loss.backward(); opt.step()
    {keep}
"""


def count_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by time, which differs from machine to machine: at the hundredth loss, and at twice as many each time."""
    gc.collect()  # what other tests have left is no part of this run
    asked = itertools.count(1)
    monkeypatch.setattr(kept.Kept, "due", lambda self, last=False: next(asked) in (100, 200, 400, 800))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keep", "sick"),
    [
        ("kept.append(loss)", True),
        ("total = total + loss", True),
        ("kept.append(net(x).mean()) if step % 30 == 0 else None", True),
        ("kept.append(loss.item())", False),
        ("total = total + loss.detach()", False),
        ("kept = (kept + [loss])[-20:]", False),
    ],
    ids=["list", "sum", "evaluations", "numbers", "detached", "the latest"],
)
def test_graphs_that_are_kept_from_step_to_step_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: str, sick: bool
) -> None:
    count_early(monkeypatch)
    assert ("F123" in told(tmp_path, KEEPING.format(keep=keep))) is sick


@pytest.mark.slow
@pytest.mark.parametrize(("emptied", "sick"), [("", True), ("seen.clear()", False)], ids=["kept", "emptied"])
def test_what_a_hook_collects_and_nobody_empties_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, emptied: str, sick: bool
) -> None:
    count_early(monkeypatch)
    monkeypatch.setitem(memory.GROWN, "bytes", 1 << 19)
    body = f"seen = []\nnet[0].register_forward_hook(lambda m, x, out: seen.append(out.detach()))\n{KEEPING}"
    assert ("F123" in told(tmp_path, body.format(keep=emptied))) is sick


@pytest.mark.parametrize(
    ("counts", "sick"),
    [
        ([(100, 10), (200, 110), (400, 310)], True),
        ([(100, 10), (200, 110), (400, 110)], False),
        ([(100, 300), (200, 20), (400, 180)], False),  # an episode that is collected and let go
        ([(100, 2), (200, 3), (400, 5)], False),
        ([(100, 10), (100, 110), (400, 310)], False),
    ],
)
def test_only_what_grows_with_the_steps_is_kept(counts: list[tuple[int, int]], sick: bool) -> None:
    history = History()
    history.evidence.kept = [KeptGraphs(step, n, 0) for step, n in counts]
    assert bool(list(graphs_kept(history))) is sick


def test_nothing_of_it_is_said_of_a_loop_that_is_right() -> None:
    model = small()
    said = trained(model, lambda k: F.cross_entropy(model(torch.randn(32, 6)), torch.randint(0, 3, (32,))), 60)
    assert not {"F122", "F123", "F124", "F125", "F126"} & said.keys()


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_body_in_eval_mode_is_meant_one_that_is_trained_is_not(frozen: bool) -> None:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(6, 24), nn.BatchNorm1d(24), nn.Tanh()).eval().requires_grad_(not frozen)
    head = nn.Linear(24, 3)
    optimizer = torch.optim.SGD(head.parameters() if frozen else [*body.parameters(), *head.parameters()], 0.05)
    with Doctor({"body": body, "head": head}, optimizer, budget=math.inf) as doctor:
        for _ in range(12):
            optimizer.zero_grad()
            F.cross_entropy(head(body(torch.randn(32, 6))), torch.arange(32) % 3).backward()
            optimizer.step()
    assert ("F33" in {f.id for f in doctor.findings}) is not frozen


BOXES = """
net = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 4), nn.Sigmoid())
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
corner = 0.5 * torch.rand(600, 2)
boxes = torch.cat([corner, corner + 0.2 + 0.3 * torch.rand(600, 2)], 1)
def area(b):
    return (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
for step in range(60):
    rows = torch.randint(0, 600, (32,))
    a, b = net(x[rows]), boxes[rows]
    low, high = torch.max(a[:, :2], b[:, :2]), torch.min(a[:, 2:], b[:, 2:])
    common = (high - low).clamp(min=0).prod(1)
    union = area(a) + area(b) - common
    hull = (torch.max(a[:, 2:], b[:, 2:]) - torch.min(a[:, :2], b[:, :2])).prod(1)
    loss = (1 - common / union + (hull - union) / hull).mean()
    opt.zero_grad(); loss.backward(); opt.step()
"""


def test_the_overlap_of_boxes_is_no_moving_aim(tmp_path: Path) -> None:
    assert "F111" not in told(tmp_path, BOXES)


# Which of two is the cause


def first(tmp_path: Path, body: str) -> list[str]:
    script = tmp_path / "train.py"
    script.write_text(HEAD + textwrap.dedent(body))
    watched = watch_script(str(script), [], budget=0.5)  # looks do not depend on how busy the machine is
    assert watched.error is None, watched.error
    return [f.id for f in watched.findings if f.severity != "info"]


ONE_CYCLE = """
x = x * 0.1
opt = torch.optim.SGD(net.parameters(), lr=0.01)
plan = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.05, div_factor=1000, total_steps=600)
for epoch in range(6):
    for rows in torch.randperm(600).split(6):
        loss = F.cross_entropy(net(x[rows]), y[rows])
        opt.zero_grad(); loss.backward(); opt.step()
        {batch}
    {epoch}
"""


@pytest.mark.parametrize(
    ("batch", "epoch", "sick"),
    [("pass", "plan.step()", True), ("pass", "pass", True), ("plan.step()", "pass", False)],
    ids=["per epoch", "never", "per batch"],
)
def test_a_plan_for_batches_that_is_stepped_per_epoch_is_the_cause(
    tmp_path: Path, batch: str, epoch: str, sick: bool
) -> None:
    assert (first(tmp_path, ONE_CYCLE.format(batch=batch, epoch=epoch))[:1] == ["F82"]) is sick


def test_an_optimizer_that_never_steps_is_the_cause_of_gradients_that_nobody_resets(tmp_path: Path) -> None:
    body = """
    head = nn.Linear(24, 3)
    net = net[:2]
    second = torch.optim.SGD(head.parameters(), lr=0.05)
    for step in range(200):
        rows = torch.randint(0, 600, (32,))
        loss = F.cross_entropy(head(net(x[rows])), y[rows])
        loss.backward()
        opt.step(); opt.zero_grad()
    """
    assert first(tmp_path, body)[0] == "F67"


def test_batches_of_one_class_are_the_cause_of_units_that_die_of_them(tmp_path: Path) -> None:
    body = """
    net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))
    opt = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
    order = y.argsort(stable=True)
    for epoch in range(12):
        for rows in order.split(30):
            loss = F.cross_entropy(net(x[rows]), y[rows])
            opt.zero_grad(); loss.backward(); opt.step()
    """
    assert first(tmp_path, body)[0] == "F89"


@pytest.mark.slow
def test_what_vanishes_on_the_way_back_is_no_matter_of_the_learning_rate(tmp_path: Path) -> None:
    body = """
    layers = [part for _ in range(8) for part in (nn.Linear(24, 24), nn.Sigmoid())]
    net = nn.Sequential(nn.Linear(6, 24), nn.Sigmoid(), *layers, nn.Linear(24, 3))
    opt = torch.optim.SGD(net.parameters(), lr=0.05)
    for step in range(600):
        rows = torch.randint(0, 600, (32,))
        loss = F.cross_entropy(net(x[rows]), y[rows])
        opt.zero_grad(); loss.backward(); opt.step()
    """
    told = first(tmp_path, body)
    assert "F14" not in told
    assert "F09" in told


@pytest.mark.slow
def test_a_model_that_is_called_on_what_it_made_is_not_evaluated_on_another_scale(tmp_path: Path) -> None:
    body = """
    net = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 6))
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(300):
        rows = torch.randint(0, 600, (32,))
        noise = torch.randn(32, 6)
        loss = F.mse_loss(net(0.1 * x[rows] + noise), noise)
        opt.zero_grad(); loss.backward(); opt.step()
        if step % 20 == 0:
            with torch.no_grad():
                made = 20 * torch.randn(64, 6)
                for _ in range(5):
                    made = made - 0.5 * net(made)
    """
    assert "F114" not in first(tmp_path, body)

"""Targets that take the value of the next state in every row, also where the episode is over."""

from pathlib import Path

import pytest

from moreish.doctor import watch_script

# A pole that falls to one side: what is random does not depend on what was learned, so looks differ in nothing else.
SCRIPT = """
import torch
from torch import nn
import torch.nn.functional as F
torch.manual_seed(0)
def net(n_in=2, n_out=2):
    return nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Linear(32, n_out))
q, slow = net(), net()
slow.load_state_dict(q.state_dict())
opt = torch.optim.Adam(q.parameters(), 1e-3)
def batch(n=64):
    s = torch.randn(n, 2)
    a = torch.randint(0, 2, (n,))
    s2 = s + 0.3 * torch.randn(n, 2) + 0.1 * (2 * a[:, None] - 1)
    return s, a, s2, s2[:, 0].abs() > 1.5
for step in range({steps}):
    s, a, s2, {ends} = batch()
    r = {reward}
    with torch.no_grad():
{target}
    loss = {loss}
    opt.zero_grad(); loss.backward(); opt.step()
    if step % 20 == 0:
        slow.load_state_dict(q.state_dict())
"""
ONES, DIFFERENT = "torch.ones(64)", "1 - s2[:, 0].abs()"
SMOOTH = "F.smooth_l1_loss(q(s).gather(1, a[:, None]).squeeze(1), y)"
BY_HAND = "((q(s)[torch.arange(64), a] - y) ** 2).mean()"


def found(
    path: Path, *target: str, reward: str = ONES, loss: str = SMOOTH, ends: str = "done", steps: int = 120
) -> str:
    """The severity of F129, or nothing."""
    script = path / "train.py"
    lines = "\n".join(f"        {line}" for line in target)
    script.write_text(SCRIPT.format(target=lines, reward=reward, loss=loss, ends=ends, steps=steps))
    watched = watch_script(str(script), [], budget=0.5)
    assert watched.error is None
    return next((f.severity for f in watched.findings if f.id == "F129"), "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "target",
    [
        ("y = r + 0.98 * slow(s2).max(1).values",),
        ("y = torch.add(r, slow(s2).amax(dim=-1), alpha=0.98)",),
        ("y = slow(s2).gather(1, q(s2).argmax(1, keepdim=True)).squeeze(1) * 0.98 + r",),
        ("pi = q(s2).softmax(1)", "y = r + 0.98 * (pi * slow(s2)).sum(1)"),
        ("n = slow(s2).max(1)[0]", "y = r.clone()", "y.add_(torch.min(n, q(s2).max(1)[0]) * 0.98)"),
    ],
    ids=["largest", "alpha", "double", "expected", "smaller"],
)
@pytest.mark.parametrize("loss", [SMOOTH, BY_HAND], ids=["smooth", "by hand"])
def test_a_target_that_goes_through_the_end_is_found(tmp_path: Path, target: tuple[str, ...], loss: str) -> None:
    in_place = "add_" in target[-1]  # what was there before cannot be read any more
    assert found(tmp_path, *target, loss=loss) == ("watch" if in_place else "sick")


@pytest.mark.parametrize(
    ("mask", "ends", "severity"),
    [
        ("torch.ones(64)", "done", "sick"),
        ("(1 - 0 * done.float())", "done", "sick"),
        ("torch.ones(64)", "elsewhere", ""),  # there may be no end among these rows
        ("(1 - done.float())", "done", ""),
    ],
)
def test_a_mask_of_ones_takes_nothing_away_where_ends_are_at_hand(
    tmp_path: Path, mask: str, ends: str, severity: str
) -> None:
    assert found(tmp_path, f"y = r + 0.98 * {mask} * slow(s2).max(1).values", ends=ends) == severity


def test_a_target_with_a_gradient_that_is_cut_is_found(tmp_path: Path) -> None:
    cut = "y = y_ = None"
    loss = "F.mse_loss(q(s).gather(1, a[:, None])[:, 0], r + 0.9 * slow(s2).detach().max(1)[0])"
    assert found(tmp_path, cut, loss=loss) == "sick"


def test_a_target_that_stands_in_a_table_is_found(tmp_path: Path) -> None:
    lines = "y = q(s)", "y[torch.arange(64), a] = r + 0.98 * slow(s2).max(1)[0]"
    assert found(tmp_path, *lines, loss="F.mse_loss(q(s), y)") == "sick"


@pytest.mark.parametrize(("ends", "severity"), [("done", "watch"), ("truncated", ""), ("elsewhere", "")])
def test_rewards_that_differ_need_ends_at_hand(tmp_path: Path, ends: str, severity: str) -> None:
    line = "y = r + 0.98 * slow(s2).max(1).values"
    assert found(tmp_path, line, reward=DIFFERENT, ends=ends) == severity


@pytest.mark.slow
@pytest.mark.parametrize(
    "target",
    [
        ("y = r + 0.98 * slow(s2).max(1).values * (~done)",),
        ("y = r + 0.98 * (1 - done.float()) * slow(s2).max(1).values",),
        ("y = torch.where(done, r, r + 0.98 * slow(s2).max(1).values)",),
        ("n = slow(s2).max(1).values", "n[done] = 0", "y = r + 0.98 * n"),
        ("n = slow(s2).max(1).values", "n.numpy()[done.numpy()] = 0", "y = r + 0.98 * n"),
        ("n = slow(s2)", "n.masked_fill_(done[:, None], 0)", "y = r + 0.98 * n.max(1).values"),
        ("n = torch.zeros(64)", "n[~done] = slow(s2[~done]).max(1).values", "y = r + 0.98 * n"),
        ("y = r.clone()", "y[~done] += 0.98 * slow(s2[~done]).max(1).values"),
        ("y = r + 0.98 * slow(s2).max(1).values", "y[done] = r[done]"),
        ("y = r + 0.98 * slow(s2).max(1).values", "y *= (~done)"),
        ("n = slow(s2).max(1).values", "y = r + 0.98 * n", "y = y - 0.98 * n * done"),
        ("n = slow(s2).max(1).values", "y = torch.stack([w + 0.98 * v * (not d) for w, v, d in zip(r, n, done)])"),
    ],
    ids=["~", "1 -", "where", "written", "numpy", "filled", "zeros", "added", "taken", "in place", "less", "rows"],
)
@pytest.mark.parametrize("reward", [ONES, DIFFERENT], ids=["ones", "different"])
def test_a_target_that_heeds_the_end_is_well(tmp_path: Path, target: tuple[str, ...], reward: str) -> None:
    assert found(tmp_path, *target, reward=reward) == ""


@pytest.mark.slow
@pytest.mark.parametrize("reward", [ONES, DIFFERENT], ids=["ones", "different"])
@pytest.mark.parametrize("left_out", ["(each * ~done).sum() / (~done).sum()", "each[~done].mean()"])
def test_rows_at_the_end_may_be_left_out_of_the_loss(tmp_path: Path, left_out: str, reward: str) -> None:
    each = "F.mse_loss(q(s).gather(1, a[:, None])[:, 0], y, reduction='none')"
    loss = left_out.replace("each", each)
    assert found(tmp_path, "y = r + 0.98 * slow(s2).max(1).values", reward=reward, loss=loss) == ""
    assert found(tmp_path, "y = r + 0.98 * slow(s2).max(1).values", loss=f"{each}.mean()") == "sick"


def test_what_a_teacher_says_of_the_same_data_is_no_next_value(tmp_path: Path) -> None:
    assert found(tmp_path, "y = 0.5 * r + 0.5 * slow(s).max(1).values", reward=DIFFERENT) == ""


def test_a_reward_of_nothing_teaches_nothing_yet(tmp_path: Path) -> None:
    assert found(tmp_path, "y = r + 0.98 * slow(s2).max(1).values", reward="torch.zeros(64)", ends="elsewhere") == ""

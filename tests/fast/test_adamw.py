"""AdamW without torch's bookkeeping against torch's own: the same bits, whatever has a gradient and when."""

import copy
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from moreish.fast.adamw import FusedAdamW

SHAPES = [(5, 3), (7,), (2, 2, 2), (1,)]
BETAS = (0.8, 0.95)


def parameters(seed: int = 0) -> list[nn.Parameter]:
    rng = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=rng)) for shape in SHAPES]


def groups(params: list[nn.Parameter]) -> list[dict[str, Any]]:
    return [{"params": params[:2], "weight_decay": 0.1}, {"params": params[2:], "weight_decay": 0.0, "lr": 0.03}]


def pair() -> tuple[FusedAdamW, torch.optim.AdamW]:
    mine, theirs = parameters(), parameters()
    return FusedAdamW(groups(mine), 0.01, BETAS), torch.optim.AdamW(groups(theirs), 0.01, betas=BETAS, fused=True)


def params_of(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def give(optimizer: torch.optim.Optimizer, present: list[bool], seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    for p, has in zip(params_of(optimizer), present, strict=True):
        grad = torch.randn(p.shape, generator=rng)
        p.grad = grad if has else None


def assert_same(one: torch.optim.Optimizer, other: torch.optim.Optimizer) -> None:
    for p, q in zip(params_of(one), params_of(other), strict=True):
        assert torch.equal(p, q)
        assert one.state[p].keys() == other.state[q].keys()
        for key, value in one.state[p].items():
            assert torch.equal(value, other.state[q][key]), key


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=8))
def test_the_updates_and_the_state_are_torchs_whichever_parameters_have_gradients(present: list[list[bool]]):
    mine, theirs = pair()
    for seed, which in enumerate(present):
        for optimizer in (mine, theirs):
            give(optimizer, which, seed)
            optimizer.step()
        assert_same(mine, theirs)


def test_each_of_them_goes_on_from_the_state_of_the_other():
    mine, theirs = pair()
    for seed in range(6):
        for optimizer in (mine, theirs):
            give(optimizer, [True] * 4, seed)
            optimizer.step()
        if seed == 2:
            saved = copy.deepcopy(mine.state_dict()), copy.deepcopy(theirs.state_dict())
            mine.load_state_dict(saved[1])
            theirs.load_state_dict(saved[0])
    assert_same(mine, theirs)


def test_a_learning_rate_that_changes_counts_from_the_next_step():
    mine, theirs = pair()
    for seed in range(3):
        for optimizer in (mine, theirs):
            optimizer.param_groups[0]["lr"] = 0.1 / (seed + 1)
            give(optimizer, [True] * 4, seed)
            optimizer.step()
    assert_same(mine, theirs)


def test_parameters_added_later_are_updated():
    mine, theirs = pair()
    for optimizer in (mine, theirs):
        give(optimizer, [True] * 4, 0)
        optimizer.step()
        optimizer.add_param_group({"params": parameters(1)[:1]})
        optimizer.param_groups[0]["params"].append(parameters(2)[1])
        give(optimizer, [True] * 6, 1)
        optimizer.step()
    assert_same(mine, theirs)


def test_whoever_listens_to_steps_hears_of_each_once():
    torch.optim.AdamW(parameters(), fused=True)  # torch wraps the method of a class when it is first used
    mine, _ = pair()
    heard = []
    mine.register_step_pre_hook(lambda *_: heard.append("before"))
    mine.register_step_post_hook(lambda *_: heard.append("after"))
    for seed in range(2):
        give(mine, [True] * 4, seed)
        mine.step()
    assert heard == ["before", "after"] * 2


def test_a_closure_is_refused():
    mine, _ = pair()
    with pytest.raises(ValueError, match="no closure"):
        mine.step(lambda: 0.0)

"""by_hand() steps aside while an optimizer of torch's makes a step, and is there after it, whatever happened."""

import gc
import threading

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack

from moreish.backprop import by_hand


class Asked(TorchFunctionMode):
    """Counts what it is asked."""

    count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))


class Seen(torch.optim.SGD):
    """Code of somebody's."""


def net_and_loss():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    return net, lambda: net(torch.ones(5, 3)).square().mean()


def trained(optimizer_of, steps: int = 3) -> list[float]:
    net, loss = net_and_loss()
    optimizer = optimizer_of(net.parameters())
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        found = loss()
        found.backward()
        optimizer.step()
        losses.append(float(found.detach()))
    return losses


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
    "Adam": lambda p: torch.optim.Adam(p, 0.1),
    "AdamW": lambda p: torch.optim.AdamW(p, 0.1, foreach=False),
    "RMSprop": lambda p: torch.optim.RMSprop(p, 0.01),
    "somebody's": lambda p: Seen(p, 0.1),
}


@pytest.mark.parametrize("optimizer_of", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_training_is_as_by_autograd_and_every_step_goes_by_hand(optimizer_of):
    expected = trained(optimizer_of)
    with by_hand(strict=True) as calls:
        found = trained(optimizer_of)
    assert found == pytest.approx(expected, rel=1e-6)
    assert calls.report().by_hand["torch.tanh"] == 3
    assert not _get_current_function_mode_stack()


def test_the_mode_is_not_asked_in_a_step_but_in_one_of_somebodys(monkeypatch):
    net, loss = net_and_loss()
    plain, mine = torch.optim.SGD(net.parameters(), 0.1), Seen(net.parameters(), 0.1)
    stacks = []
    monkeypatch.setattr(torch.optim.SGD, "_init_group", watched(torch.optim.SGD._init_group, stacks))
    with by_hand() as calls:
        loss().backward()
        plain.step()
        assert stacks.pop() == []
        mine.step()
        assert stacks.pop() == [calls], "what somebody wrote may compute more than a step"
        handle = plain.register_step_pre_hook(lambda *_: None)
        plain.step()
        assert stacks.pop() == [calls], "and so may a hook"
        handle.remove()
        plain.step()
        assert stacks.pop() == []
        assert _get_current_function_mode_stack() == [calls]


def watched(method, stacks):
    def noting(*args, **kwargs):
        stacks.append(_get_current_function_mode_stack())
        return method(*args, **kwargs)

    return noting


def test_a_closure_goes_by_hand():
    net, loss = net_and_loss()
    optimizer = torch.optim.LBFGS(net.parameters(), max_iter=3)

    def closure():
        optimizer.zero_grad()
        found = loss()
        found.backward()
        return found

    with by_hand() as calls:
        optimizer.step(closure)
    assert calls.report().by_hand["torch.tanh"] >= 3


def test_after_a_step_that_raised_nothing_is_left_on_the_stack_or_missing():
    net, loss = net_and_loss()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    other = Asked()
    with other:
        with by_hand():
            loss().backward()
            optimizer.param_groups[0]["lr"] = "much"
            with pytest.raises((TypeError, RuntimeError)):
                optimizer.step()
        assert _get_current_function_mode_stack() == [other]
    with by_hand() as calls:
        loss()
    assert calls.report().by_hand["torch.tanh"] == 1


def test_a_mode_inside_keeps_being_asked():
    net, loss = net_and_loss()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with by_hand(), Asked() as other:
        loss().backward()
        before = other.count
        optimizer.step()
        assert other.count > before


def test_a_step_in_another_thread_leaves_this_ones_mode_alone():
    _, loss = net_and_loss()
    with by_hand() as calls:
        thread = threading.Thread(target=lambda: trained(OPTIMIZERS["SGD"]))
        thread.start()
        thread.join()
        assert _get_current_function_mode_stack() == [calls]
        loss()
    assert calls.report().by_hand["torch.tanh"] == 1


def test_nested_modes_step_aside_one_by_one_and_come_back():
    net, loss = net_and_loss()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with by_hand() as outer, by_hand() as inner:
        loss().backward()
        optimizer.step()
        assert _get_current_function_mode_stack() == [outer, inner]


def test_nested_modes_keep_nothing_of_a_step():
    _, loss = net_and_loss()
    with by_hand() as outer, by_hand() as inner:
        loss().backward()
        gc.collect()
        known = len([o for o in gc.get_objects() if type(o).__name__ == "HandDerivedBackward"])
        for _ in range(3):
            loss().backward()
        gc.collect()
        assert len([o for o in gc.get_objects() if type(o).__name__ == "HandDerivedBackward"]) <= known
    assert inner.report().by_hand["torch.tanh"] == 4
    assert outer.report().by_autograd["torch.tanh"] == 4

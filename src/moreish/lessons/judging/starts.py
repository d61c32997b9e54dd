"""Judges of lessons 7 and 8: rates to try, and how a net begins. Oracles: short trainings, and what went through."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from moreish.lessons.judging.answer import Answer, Wrong, compare

V, E, BLOCK, H = 27, 10, 3, 100


def rates(answer: Answer) -> None:
    """7.1: even in the exponent, both ends included."""
    for low, high, n in ((1e-3, 1.0, 7), (0.01, 10.0, 4)):
        a, b = math.log10(low), math.log10(high)
        exponents = [a + (b - a) * i / (n - 1) for i in range(n)]
        mistakes = {
            "the rates are evenly spaced, and their exponents should be: nearly all are in the last power of ten": [
                low + (high - low) * i / (n - 1) for i in range(n)
            ],
            "these are the exponents: 10 to that power is wanted": exponents,
            "these are natural exponents": [
                math.log(low) + (math.log(high) - math.log(low)) * i / (n - 1) for i in range(n)
            ],
            "the last one is missing: both ends are wanted": [10 ** (a + (b - a) * i / n) for i in range(n)],
            "the rates themselves are taken for exponents: take log10 of low and high": [
                10 ** (low + (high - low) * i / (n - 1)) for i in range(n)
            ],
            "10 is raised to natural exponents: log10 goes with 10, log with exp": [
                10 ** (math.log(low) + (math.log(high) - math.log(low)) * i / (n - 1)) for i in range(n)
            ],
            "the first one is missing: both ends are wanted": [10 ** (a + (b - a) * (i + 1) / n) for i in range(n)],
            "one rate too many: n with both ends among them": [10 ** (a + (b - a) * i / n) for i in range(n + 1)],
            "one rate too few: n with both ends among them": [
                10 ** (a + (b - a) * i / (n - 2)) for i in range(n - 1)
            ],
            "e is raised to exponents of 10": [math.exp(x) for x in exponents],
            "they fall, and should rise from low to high": [10**x for x in exponents[::-1]],
        }
        compare("rates", answer.call("rates", low, high, n), [10**x for x in exponents], mistakes)


def _problem() -> tuple[Tensor, Tensor]:
    """Rows of letters and targets that depend on them: the letter after the last one, or now and then any."""
    g = torch.Generator().manual_seed(0)
    x = torch.randint(V, (4000, BLOCK), generator=g)
    y = (x[:, -1] + 1) % V
    any_letter = torch.randint(V, (4000,), generator=g)
    return x, torch.where(torch.rand(4000, generator=g) < 0.2, any_letter, y)


def forward(parameters: list[Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """(hidden, logits) of the net of lesson 6."""
    C, W1, b1, W2, b2 = parameters
    h = torch.tanh(C[x].view(len(x), -1) @ W1 + b1)
    return h, h @ W2 + b2


def descend(parameters: list[Tensor], steps: int, lr: float = 0.1) -> list[float]:
    """The losses of so many steps on the problem."""
    x, y = _problem()
    g = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(steps):
        ix = torch.randint(len(x), (64,), generator=g)
        loss = F.cross_entropy(forward(parameters, x[ix])[1], y[ix])
        for p, grad in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            p.data -= lr * grad
        losses.append(loss.item())
    return losses


def first_loss(answer: Answer) -> None:
    """8.1: shapes, a first loss near ln V, no stuck units, and a good descent."""
    made, again = (answer.call("initialise", V, E, BLOCK, H, torch.Generator().manual_seed(0)) for _ in range(2))
    shapes = [(V, E), (BLOCK * E, H), (H,), (H, V), (V,)]
    if not isinstance(made, tuple | list) or len(made) != 5:
        raise Wrong("initialise returns five tensors: C, W1, b1, W2, b2")
    for name, t, shape in zip(("C", "W1", "b1", "W2", "b2"), made, shapes, strict=True):
        if not isinstance(t, Tensor) or tuple(t.shape) != shape:
            found = tuple(t.shape) if isinstance(t, Tensor) else type(t).__name__
            raise Wrong(f"{name} is {found}, and a tensor of shape {shape} is wanted")
    _check_generator("initialise", made, again)
    parameters = [t.detach().clone().float().requires_grad_() for t in made]
    x, y = _problem()
    with torch.no_grad():
        h, logits = forward(parameters, x)
    loss = F.cross_entropy(logits, y).item()
    if loss > math.log(V) + 0.1:
        raise Wrong(
            f"the first loss is {loss:.2f}, and ln 27 = {math.log(V):.2f} is knowing nothing: the logits are too large, so "
            "make W2 small and b2 zero"
        )
    if float(h.std()) < 1e-6:
        raise Wrong("all hidden units are alike: with W1 at 0 they begin alike and stay alike")
    stuck = float((h.abs() > 0.97).float().mean())
    if stuck > 0.3:
        raise Wrong(
            f"{stuck:.0%} of the hidden numbers are stuck at -1 or 1: W1 is too large, divide by the root of its fan_in"
        )
    if float(h.std()) < 0.2:
        raise Wrong(
            f"the hidden numbers have a spread of {float(h.std()):.2g}: W1 is too small for tanh to bend anything"
        )
    if float(parameters[0].detach().std()) < 1e-6:
        raise Wrong("all letters have the same point: C must not be constant")
    last = sum(descend(parameters, 400)[-50:]) / 50
    if last > 2.75:
        raise Wrong(f"it learns slowly from there: after 400 steps the loss is {last:.2f}, and ours has 2.5")


def _check_generator(name: str, once: Sequence[Tensor], again: Sequence[Tensor]) -> None:
    if not all(map(torch.equal, once, again)):
        raise Wrong(f"{name} gives other numbers for the same g: every draw needs generator=g")


def zeros(answer: Answer) -> None:
    """8.2: against what really changes."""
    said = answer["TRAINS"]
    names = ["C", "W1", "b1", "W2", "b2"]
    if not isinstance(said, dict) or set(said) != set(names):
        raise Wrong(f"TRAINS has an answer for each of {', '.join(names)}")
    shapes = [(V, E), (BLOCK * E, H), (H,), (H, V), (V,)]
    parameters = [torch.zeros(shape, requires_grad=True) for shape in shapes]
    descend(parameters, 100)
    trains = {name: bool(p.detach().abs().max() > 0) for name, p in zip(names, parameters, strict=True)}
    reasons = {
        "C": "its slope comes through W1, which is 0",
        "W1": "its slope comes through W2, which is 0, and C gives it nothing but zeros",
        "b1": "its slope comes through W2, which is 0",
        "W2": "its slope is h times dlogits, and h = tanh(0) = 0",
        "b2": "its slope is dlogits alone, which no zero stops",
    }
    for name in names:
        if said[name] is None:
            raise Wrong(f"{name} has no answer yet: True or False")
        if said[name] not in (True, False):
            raise Wrong(f"{name} has the answer {said[name]!r}: True or False is wanted")
        if bool(said[name]) != trains[name]:
            raise Wrong(f"{name} {'does train' if trains[name] else 'does not train'}: {reasons[name]}")


def gain(answer: Answer) -> None:
    """8.3: what is left of a spread of 1 after ten layers of tanh, of changing width."""
    g = torch.Generator().manual_seed(0)
    widths = [300, 100, 300, 100, 300, 100, 300, 100, 300, 100, 300]
    h = torch.randn((2000, widths[0]), generator=g)
    for i, (a, b) in enumerate(pairwise(widths)):
        W = answer.call("weights", a, b, g)
        if not isinstance(W, Tensor) or tuple(W.shape) != (a, b):
            found = tuple(W.shape) if isinstance(W, Tensor) else type(W).__name__
            raise Wrong(f"weights({a}, {b}, g) is {found}, and a tensor of shape ({a}, {b}) is wanted")
        W = W.detach().float()
        if i == 0:
            one, two = (answer.call("weights", a, b, torch.Generator().manual_seed(0)) for _ in range(2))
            _check_generator("weights", [one], [two])
            spread = float(W.std())
            if abs(float(W.mean())) > 0.3 * spread:
                raise Wrong("the weights are not centred on 0: rand lies between 0 and 1, randn around 0")
            if abs(spread - (2 / (a + b)) ** 0.5) < 0.02 * spread:
                raise Wrong(
                    "it is divided by the mean of fan_in and fan_out (Xavier's way) and has no gain: a sum has as many "
                    "terms as fan_in, and tanh squeezes"
                )
            if abs(spread - 5 / 3 / b**0.5) < 0.1 * spread:
                raise Wrong("it is divided by the root of fan_out: a sum has as many terms as fan_in")
            if abs(spread * a / (5 / 3)) < 1.5 and abs(spread * a - 1) < 1.0:
                raise Wrong("it is divided by fan_in: the spread of a sum grows with its root")
        h = torch.tanh(h @ W)
    spread, stuck = float(h.std()), float((h.abs() > 0.97).float().mean())
    if stuck > 0.2:
        raise Wrong(f"after ten layers {stuck:.0%} of the numbers are stuck at -1 or 1: the weights are too large")
    if spread < 0.5:
        raise Wrong(
            f"after ten layers the spread has fallen to {spread:.2g}: "
            + (
                "tanh squeezes a little at each layer, so a gain above 1 is needed"
                if spread > 0.1
                else "the weights are too small"
            )
        )


JUDGES = {"7.1": rates, "8.1": first_loss, "8.2": zeros, "8.3": gain}

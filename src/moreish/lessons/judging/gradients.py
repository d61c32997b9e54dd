"""Judges of lesson 10: the judges of `moreish.backprop` name the mistake; the oracle is autograd in float64."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moreish.backprop import HAND_DERIVED, Comparison, Rule, by_hand, check
from moreish.backprop.judge import Judge
from moreish.backprop.lecture import compare_lecture, lecture_forward, lecture_weights
from moreish.lessons.judging.answer import Answer, Wrong, compare, described, known, where

Function = Callable[..., Any]


def _batch() -> tuple[Any, Tensor, Tensor]:
    g = torch.Generator().manual_seed(2147483647)
    weights = lecture_weights(g)
    x, y = torch.randint(27, (32, 3), generator=g), torch.randint(27, (32,), generator=g)
    return weights, x, y


def _say(rows: Sequence[Comparison]) -> None:
    """Raises Wrong with the first row that is wrong."""
    for row in rows:
        if not row.approximate:
            off = "" if row.maxdiff == float("inf") else f" (it is off by {row.maxdiff:.1e})"
            raise Wrong(f"the slope of {row.name}: {row.cause or 'it is not the right one'}{off}")


def by_hand_26(answer: Answer) -> None:
    """10.1, in the order of the way back, so that the first mistake is told first."""
    weights, x, y = _batch()
    values = {name: value.detach() for name, value in lecture_forward(weights, x, y).items()}
    found = answer.call("backward", values, weights, x, y)
    if not isinstance(found, dict):
        raise Wrong("backward returns a dict: name -> slope")
    order = [
        "logprobs", "probs", "counts_sum_inv", "counts_sum", "counts", "norm_logits", "logit_maxes", "logits", "h", "W2",
        "b2", "hpreact", "bngain", "bnbias", "bnraw", "bnvar_inv", "bnvar", "bndiff2", "bndiff", "bnmeani", "hprebn",
        "embcat", "W1", "b1", "emb", "C",
    ]  # fmt: skip
    if unknown := set(found) - set(order):
        raise Wrong(f"there is no {min(unknown)} on the way: look at the names above")
    for name in order:
        if name in found:
            slope = found[name].float() if isinstance(found[name], Tensor) else found[name]  # float64 is welcome
            _say(compare_lecture(weights, x, y, {name: slope}))
        else:
            raise Wrong(f"{order.index(name)} of {len(order)} are right; next is {name}")


def dlogits(answer: Answer) -> None:
    """10.2: several shapes, one with large logits."""
    g = torch.Generator().manual_seed(0)
    for n, v, scale in ((7, 5, 1.0), (32, 27, 3.0), (4, 3, 300.0)):
        logits = torch.randn((n, v), generator=g, dtype=torch.float64) * scale
        y = torch.randint(v, (n,), generator=g)
        judge = Judge(F.cross_entropy, [logits.clone().requires_grad_(), y])
        kept = logits.clone()
        found = answer.call_with("dlogits", logits, y)
        if not torch.equal(kept, logits):
            raise Wrong("dlogits changes the logits that it was given: work on a copy")
        p, all_targets = logits.softmax(1), logits.softmax(1)
        all_targets[:, y] -= 1
        known("dlogits", found, {
            "every row has 1 taken off at the targets of all rows, [:, y]: each has its own, [arange(n), y]": all_targets / n,
            "it is divided by the number of letters, and the mean is over the n rows": (p - F.one_hot(y, v)) / v,
            "it is divided by all numbers, and the mean is over the n rows": (p - F.one_hot(y, v)) / (n * v),
        }, 1e-9)  # fmt: skip
        _judged(judge, found, "dlogits")


def _judged(judge: Judge, found: Any, name: str) -> None:
    [argument] = judge.right
    if not isinstance(found, Tensor):
        raise Wrong(f"{name} is {type(found).__name__}, and a tensor is wanted")
    found = found.detach().double()
    right = judge.right[argument]
    if found.shape != right.shape or not torch.allclose(found, right, rtol=1e-6, atol=1e-9):
        raise Wrong(f"{name}: {judge.cause(argument, found)}")


def dbatchnorm(answer: Answer) -> None:
    """10.3, in the lecture's net: n - 1."""
    weights, x, y = _batch()
    leaves = type(weights)(*(w.detach().clone().requires_grad_() for w in weights))
    values = lecture_forward(leaves, x, y)
    [dhpreact] = torch.autograd.grad(values["loss"], [values["hpreact"]])
    given = [t.detach() for t in (dhpreact, values["bnraw"], values["bnvar_inv"], weights.bngain)]
    found = answer.call("dhprebn", *(t.clone() for t in given))
    known("dhprebn", found, _batchnorm_mistakes(*given))
    _say(compare_lecture(weights, x, y, {"hprebn": found}))


def _batchnorm_mistakes(dy: Tensor, raw: Tensor, inv: Tensor, gain: Tensor) -> dict[str, Tensor]:
    """In double precision, since these slopes are small."""

    def slope(mean: Tensor, variance: Tensor) -> Tensor:
        return gain * inv / len(dy) * (len(dy) * dy - mean - len(dy) / (len(dy) - 1) * raw * variance)

    mean, variance = dy.sum(0), (dy * raw).sum(0)
    across, along = dy.sum(1, keepdim=True), (dy * raw).sum(1, keepdim=True)
    return {
        "the sums run along the rows: mean and variance are over the batch, dimension 0": slope(across, along),
        "the sum of the mean's path runs along the rows: it is over the batch, dimension 0": slope(across, variance),
        "the sum of the variance's path runs along the rows: it is over the batch, dimension 0": slope(mean, along),
        "the sums are over everything: each unit has its own, over dimension 0": slope(dy.sum(), (dy * raw).sum()),
        "the path through the mean is added, and has to be taken off": slope(-mean, variance),
        "the path through the variance is added, and has to be taken off": slope(mean, -variance),
        "bnraw is missing in front of the variance's sum": slope(mean, variance / raw),
        "the variance's sum is that of dhpreact alone: dhpreact * bnraw belongs there": slope(mean, mean),
        "bnvar_inv is missing": slope(mean, variance) / inv,
        "bnvar_inv is there twice": slope(mean, variance) * inv,
    }


def _check(answer: Answer, name: str, of: Function, inputs: list[list[Any]]) -> None:
    """A backward, by `moreish.backprop.check`, which asks for what its parameters name."""
    try:
        rows = check(answer[name], of=of, inputs=inputs)
    except (ValueError, TypeError) as error:
        raise Wrong(f"{name} stops at {where(error, answer.path)}: {described(error)}") from None
    except Exception as error:
        raise Wrong(f"{name} stops at {where(error, answer.path)}: {described(error)}") from None
    _say(rows)


def _draws(*shapes: Sequence[int], count: int = 1) -> list[list[Tensor]]:
    g = torch.Generator().manual_seed(0)
    return [
        [torch.randn(tuple(shape), generator=g, dtype=torch.float64).requires_grad_() for _ in range(count)]
        for shape in shapes
    ]


def your_rules(answer: Answer) -> None:
    """10.4: each rule by itself, then both in the library's place while a net is trained on names."""
    g = torch.Generator().manual_seed(0)
    linear = [
        [torch.randn(s, generator=g, dtype=torch.float64).requires_grad_() for s in ((n, i), (o, i), (o,))]
        for n, i, o in ((6, 4, 3), (5, 2, 7))
    ]
    _check(answer, "linear_backward", F.linear, linear)
    _check(answer, "tanh_backward", torch.tanh, _draws((4, 3), (7,)))
    with torch.random.fork_rng():
        theirs, ours = _trained(answer), _by_autograd()
    if not np.allclose(theirs, ours, rtol=1e-3):
        raise Wrong(
            f"a net trained with your rules reaches {theirs[-1]:.4f} on names, and {ours[-1]:.4f} with autograd"
        )


def _alone(found: Any) -> tuple[Any]:
    """One slope, as a tuple, whether it came as one or not."""
    return tuple(found) if isinstance(found, tuple | list) else (found,)


@cache
def _names() -> tuple[Tensor, Tensor]:
    """Windows of the bundled names."""
    import moreish
    from moreish.data.batches import windows

    x, y = windows(moreish.read("names").split("train"), 3)
    return torch.from_numpy(x[:4000].astype("int64")), torch.from_numpy(y[:4000].astype("int64"))


@cache
def _by_autograd() -> list[float]:
    return _trained(None)


def _trained(answer: Answer | None, steps: int = 30) -> list[float]:
    """The losses of a small net on the bundled names; with an answer, by its rules."""
    torch.manual_seed(0)
    x, y = _names()
    net = nn.Sequential(nn.Embedding(27, 10), nn.Flatten(), nn.Linear(30, 40), nn.Tanh(), nn.Linear(40, 27))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
    kept = dict(HAND_DERIVED)
    if answer is not None:
        theirs = {
            F.linear: lambda dy, x, weight, *rest: tuple(answer["linear_backward"](dy, x, weight)),
            torch.tanh: lambda dy, y: _alone(answer["tanh_backward"](dy, y)),
        }
        HAND_DERIVED.update({key: Rule(kept[key].forward, backward) for key, backward in theirs.items()})
    losses = []
    try:
        for k in range(steps):
            rows = slice(k * 64, k * 64 + 64)
            with nullcontext() if answer is None else by_hand():
                loss = F.cross_entropy(net(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    finally:
        HAND_DERIVED.update(kept)
    return losses


def _scalar(answer: Answer, of: Function, terms: Callable[[Tensor], dict[str, Tensor]]) -> None:
    """A backward(dy, x) of a function with one tensor for an argument and one number for a result."""
    for (x,) in _draws((5,), (3, 4), (2, 3, 2)):
        for dy in (1.0, -0.7):
            y = of(x)
            [right] = torch.autograd.grad(y * dy, [x])
            found = answer.call("backward", torch.tensor(dy, dtype=torch.float64), x.detach().clone())
            compare(
                "backward",
                found,
                right,
                {words: dy * t for words, t in terms(x.detach()).items()} | {"dy is left out": right / dy},
                1e-7,
            )


def mean_square(answer: Answer) -> None:
    """10.5"""
    _scalar(answer, lambda x: x.square().mean(), lambda x: {
        "the 1/n of the mean is missing": 2 * x,
        "the 2 of the square is missing": x / x.numel(),
        "it is divided by the rows only, and the mean is over all numbers": 2 * x / len(x),
        "x is missing: the slope of a square is 2 x": torch.full_like(x, 2 / x.numel()),
        "the square is handed on, and 2 x is its slope": x**2 / x.numel(),
    })  # fmt: skip


def std(answer: Answer) -> None:
    """10.6"""
    _scalar(answer, torch.std, lambda x: _std_mistakes(x, x - x.mean(), x.numel(), x.std()))


def _std_mistakes(x: Tensor, d: Tensor, n: int, s: Tensor) -> dict[str, Tensor]:
    return {
        "n stands where n - 1 belongs": d / (n * s),
        "n stands where n - 1 belongs, also within std": d / (n * x.std(correction=0)),
        "it is the slope of the variance: the root brings 1 / (2 std)": 2 * d / (n - 1),
        "the 2 of the square and the 1/2 of the root take each other away: it is twice too large": 2
        * d
        / ((n - 1) * s),
        "it is half of what it should be: the 2 of the square is missing": d / (2 * (n - 1) * s),
        "x stands where x - mean belongs": x / ((n - 1) * s),
        "the 1/(n - 1) is missing": d / s,
        "it is divided by the variance, and the std belongs there": d / ((n - 1) * s**2),
        "it is not divided by the std": d / (n - 1),
        "the sign is turned": -d / ((n - 1) * s),
    }


def logsumexp(answer: Answer) -> None:
    """10.7, also where exp alone would overflow."""
    g = torch.Generator().manual_seed(0)
    for n, m, scale in ((4, 3, 1.0), (2, 6, 2.0)):
        x = torch.randn((n, m), generator=g, dtype=torch.float64) * scale
        dy = torch.randn(n, generator=g, dtype=torch.float64)
        leaf = x.clone().requires_grad_()
        [right] = torch.autograd.grad(leaf.exp().sum(1).log(), [leaf], dy)
        p = x.softmax(1)
        mistakes = {
            "exp(x) is not divided by its sum: log brings 1 over it": dy[:, None] * x.exp(),
            "the softmax runs down the columns: the sum is over dimension 1": dy[:, None] * x.softmax(0),
            "it is divided by the sum of everything": dy[:, None] * x.exp() / x.exp().sum(),
            "dy is left out": p,
            "exp's own slope is missing: only 1 over the sum comes back": (dy / x.exp().sum(1))[:, None].expand_as(x),
            "log(softmax) stands where the softmax belongs": dy[:, None] * p.log(),
            "1 is taken off, as cross-entropy does at its target: here the softmax itself is the slope": dy[:, None]
            * (p - 1),
            "exp's own slope is missing: only 1 over the sum comes back, one number a row": (dy / x.exp().sum(1))[
                :, None
            ],
            "that is a softmax's own slope, p (1 - p): the log takes it away": dy[:, None] * p * (1 - p),
            "it is 1 over the softmax": dy[:, None] / p,
        }
        compare("backward", answer.call("backward", dy.clone(), x.clone()), right, mistakes, 1e-7)
    x = torch.tensor([[1000.0, 0.0]], dtype=torch.float64)
    found = answer.call("backward", torch.ones(1, dtype=torch.float64), x)
    if not torch.isfinite(found).all():
        raise Wrong("with x = 1000 it is nan: exp overflows, and softmax does not (take off the largest first)")


def silu(answer: Answer) -> None:
    """10.8"""
    for (leaf,) in _draws((5,), (3, 4)):
        x, dy = leaf.detach(), torch.linspace(-1.3, 0.9, leaf.numel(), dtype=torch.float64).view(leaf.shape)
        s = torch.sigmoid(x)
        known("backward", answer.call("backward", dy.clone(), x.clone()), {words: dy * t for words, t in {
            "x is missing in the second turn: it is x times sigmoid's slope": s + s * (1 - s),
            "that is sigmoid's own slope: the product with x has two turns": s * (1 - s),
            "the sign of the second turn is turned: the slope of sigmoid is s (1 - s)": s - x * s * (1 - s),
            "the first turn is missing: sigmoid itself, times 1": x * s * (1 - s),
            "the second turn is missing: x times sigmoid's slope": s,
            "the slope of sigmoid is s (1 - s), and not 1 - s": s + x * (1 - s),
            "the slope of sigmoid is s (1 - s), and not s": s + x * s,
            "the slope of sigmoid is s (1 - s), and not 1 - s^2": s + x * (1 - s * s),
            "the slope of sigmoid is s (1 - s), and not that of tanh": s + x * (1 - x.tanh() ** 2),
            "the turns are multiplied, and have to be added": s * x * s * (1 - s),
            "it is the value, and its slope is wanted": x * s,
        }.items()}, 1e-9)  # fmt: skip
    _check(answer, "backward", F.silu, _draws((5,), (3, 4)))


JUDGES = {
    "10.1": by_hand_26, "10.2": dlogits, "10.3": dbatchnorm, "10.4": your_rules,
    "10.5": mean_square, "10.6": std, "10.7": logsumexp, "10.8": silu,
}  # fmt: skip

"""Judges of lesson 9: BatchNorm and its folding, against torch's own in float64."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from moreish.lessons.judging.answer import Answer, Wrong, close, compare, tensor


def batchnorm(answer: Answer) -> None:
    """9.1: three batches in training, then one afterwards. n and n - 1 are both taken, as in torch and the lectures."""
    g = torch.Generator().manual_seed(0)
    batches = [torch.randn((8, 3), generator=g) * 3 + torch.tensor([1.0, -2.0, 5.0]) for _ in range(4)]
    norm = answer.do("BatchNorm", lambda: answer["BatchNorm"](3))
    norm.gain, norm.bias = torch.tensor([1.0, 2.0, 0.5]), torch.tensor([0.0, 1.0, -1.0])
    mean, vars_ = torch.zeros(3), {0: torch.ones(3), 1: torch.ones(3)}
    for x in batches[:3]:
        y = tensor(answer.do("BatchNorm", lambda x=x: norm(x)), "the result")
        _check_trained(y, x, norm)
        mean = 0.9 * mean + 0.1 * x.mean(0)
        vars_ = {c: 0.9 * var + 0.1 * x.var(0, correction=c) for c, var in vars_.items()}
    _check_running(norm, mean, vars_, batches)
    norm.training = False
    y = tensor(answer.do("BatchNorm", lambda: norm(batches[3])), "the result")
    x, eps = batches[3], 1e-5
    right = [norm.gain * (x - mean) / (v + eps).sqrt() + norm.bias for v in vars_.values()]
    if not any(close(y, tensor(r, "right"), 1e-4) for r in right):
        by_batch = [norm.gain * (x - x.mean(0)) / (x.var(0, correction=c) + eps).sqrt() + norm.bias for c in (0, 1)]
        if any(close(y, tensor(b, "b"), 1e-4) for b in by_batch):
            raise Wrong("afterwards (training = False) the batch's own numbers are used still: use the running ones")
        raise Wrong("afterwards (training = False) the result is not that of the running numbers")
    if not close(tensor(norm.running_mean, "running_mean"), mean.double(), 1e-4):
        raise Wrong("afterwards the running numbers go on moving: only training may move them")
    norm.training = True
    flat = tensor(answer.do("BatchNorm", lambda: norm(torch.ones(8, 3))), "the result")
    if not flat.isfinite().all():
        raise Wrong("where a column is constant the result is nan: eps is missing under the root")


def _check_trained(y: Tensor, x: Tensor, norm: object) -> None:
    eps, gain, bias = 1e-5, norm.gain, norm.bias  # type: ignore[attr-defined]
    right = [gain * (x - x.mean(0)) / (x.var(0, correction=c) + eps).sqrt() + bias for c in (0, 1)]
    if any(close(y, tensor(r, "right"), 1e-4) for r in right):
        return
    raw = [(x - x.mean(0)) / (x.var(0, correction=c) + eps).sqrt() for c in (0, 1)]
    rows = [
        gain * (x - x.mean(1, keepdim=True)) / (x.var(1, correction=c, keepdim=True) + e).sqrt() + bias
        for c in (0, 1)
        for e in (0, eps)
    ]
    rows += [(x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True) + e) for e in (0, eps)]
    mistakes = {
        "in training gain and bias are left out": raw,
        "it runs along the rows: mean and variance are over the batch, dimension 0": rows,
        "the root is missing: divide by sqrt(var + eps)": [
            gain * (x - x.mean(0)) / (x.var(0, correction=c) + eps) + bias for c in (0, 1)
        ],
        "one mean of all numbers is taken, and each channel has its own": [
            gain * (x - x.mean()) / (x.var(correction=c) + eps).sqrt() + bias for c in (0, 1)
        ],
        "in training the running numbers are used: use the batch's own": [gain * x / (1 + eps) ** 0.5 + bias],
    }
    for words, values in mistakes.items():
        if any(close(y, tensor(v, "v"), 1e-3) for v in values):
            raise Wrong(words)
    raise Wrong(
        "in training the result is not gain * (x - mean) / sqrt(var + eps) + bias with the batch's mean and variance"
    )


def _check_running(norm: object, mean: Tensor, vars_: dict[int, Tensor], batches: list[Tensor]) -> None:
    running, var = (tensor(getattr(norm, name), name) for name in ("running_mean", "running_var"))
    if close(running, torch.zeros(3, dtype=torch.float64)):
        raise Wrong("running_mean never moves: in training it takes a tenth of each batch's mean")
    if not close(running, mean.double(), 1e-4):
        other = torch.zeros(3)
        for x in batches[:3]:
            other = 0.1 * other + 0.9 * x.mean(0)
        if close(running, other.double(), 1e-4):
            raise Wrong("running_mean takes nine tenths of each batch: momentum is the share of the new one, 0.1")
        if close(running, batches[2].mean(0).double(), 1e-4):
            raise Wrong("running_mean is the last batch's: keep 0.9 of the old one")
        raise Wrong(f"running_mean is {running.tolist()} after three batches, and {mean.tolist()} is right")
    if any(close(var, v.double(), 1e-4) for v in vars_.values()):
        return
    for words, value in _var_mistakes(batches[:3]):
        if close(var, value.double(), 1e-4):
            raise Wrong(f"running_var {words}")
    raise Wrong(f"running_var is {var.tolist()} after three batches, and {vars_[1].tolist()} is right")


def _var_mistakes(batches: list[Tensor]) -> Iterator[tuple[str, Tensor]]:
    """What running_var is after these batches where something is wrong, for n and for n - 1."""
    yield "never moves: in training it takes a tenth of each batch's variance", torch.ones(3)
    for c in (0, 1):
        each = [x.var(0, correction=c) for x in batches]
        yield "is the last batch's: keep 0.9 of the old one", each[-1]
        yield (
            "takes nine tenths of each batch: momentum is the share of the new one, 0.1",
            _kept(each, torch.ones(3), 0.9),
        )
        yield "holds standard deviations: the variance is wanted, std squared", _kept([v.sqrt() for v in each])
        yield "begins at 0, and at 1 it has to", _kept(each, torch.zeros(3))
        yield "holds variances around the running mean", _kept(list(_around(batches, c)))
    yield "holds means of squares: take the mean off first", _kept([x.square().mean(0) for x in batches])


def _around(batches: list[Tensor], correction: int) -> Iterator[Tensor]:
    mean = torch.zeros(3)
    for x in batches:
        mean = 0.9 * mean + 0.1 * x.mean(0)
        yield (x - mean).square().sum(0) / (len(x) - correction)


def _kept(each: Sequence[Tensor], first: Tensor | None = None, share: float = 0.1) -> Tensor:
    kept = torch.ones(3) if first is None else first
    for new in each:
        kept = (1 - share) * kept + share * new
    return kept


def fold(answer: Answer) -> None:
    """9.2: the folded layer against the two."""
    g = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=g, dtype=torch.float64)

    b, gain, bias, mean = draw(3), draw(3), draw(3), draw(3)
    var = torch.tensor([0.5, 2.0, 4.0], dtype=torch.float64)
    for W, eps in (
        (draw(3, 3), 1e-5),
        (draw(5, 3), 0.5),
    ):  # first a square one, in which rows can be taken for columns
        s = gain / (var + eps).sqrt()
        kept = [t.clone() for t in (W, b, gain, bias, mean, var)]
        found = answer.call_with("fold", W, b, gain, bias, mean, var, eps)
        if any(not torch.equal(a, c) for a, c in zip(kept, (W, b, gain, bias, mean, var), strict=True)):
            raise Wrong("fold changes what it was given: make new tensors")
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise Wrong("fold returns two tensors: W and b")
        w_mistakes = {
            "the root is missing: divide by sqrt(var + eps)": W * gain / (var + eps),
            "gain is missing": W / (var + eps).sqrt(),
            "it is divided by gain": W / gain / (var + eps).sqrt(),
            "it is not divided by the spread": W * gain,
            "eps stands outside of the root": W * gain / (var.sqrt() + eps),
            "eps is missing": W * gain / var.sqrt(),
        }
        if W.shape[0] == len(s):
            w_mistakes["its rows are scaled, and each column is one unit: (inputs, units) times (units,)"] = (
                W.mT * s
            ).mT
        compare("W", found[0], W * s, w_mistakes, 1e-9)
        b_mistakes = {
            "the old b is forgotten": -mean * s + bias,
            "the mean is not taken off": b * s + bias,
            "the mean is added, and has to be taken off": (b + mean) * s + bias,
            "b is not scaled: gain / sqrt(var + eps) is for it too": b - mean * s + bias,
            "the mean is not scaled: gain / sqrt(var + eps) is for it too": b * s - mean + bias,
            "bias is missing": (b - mean) * s,
            "bias is scaled too, and is added after the scaling": (b - mean + bias) * s,
        }
        compare("b", found[1], (b - mean) * s + bias, b_mistakes, 1e-9)


JUDGES = {"9.1": batchnorm, "9.2": fold}

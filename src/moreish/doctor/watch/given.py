"""What is given: the data as the first layers get them, and as the model is called with them."""

import math

import torch
from torch import Tensor

from moreish.doctor.frames.frame import Call, EqualInputs, Given
from moreish.doctor.frames.operations import CONVOLUTIONS
from moreish.doctor.watch.arguments import Args

MOST = 1 << 16  # elements that are looked at
MOST_GIVEN = 4  # layers of one frame
LEARNS = {"embedding", "norm", "recurrent", "module"}


def is_first(call: Call) -> bool:
    """Whether nothing that learns or normalises lies between the data and this call."""
    waiting, seen = list(call.sources), set()
    while waiting:
        source = waiting.pop()
        if id(source) in seen:
            continue
        seen.add(id(source))
        if source.weights or source.kind in LEARNS:
            return False
        waiting.extend(source.sources)
    return True


def given(call: Call, x: Tensor) -> Given | None:
    """Sizes of what a layer gets, over everything and by feature; None where they are not finite."""
    axis = 1 if call.op in CONVOLUTIONS else -1
    if not x.is_floating_point() or x.dim() < 2 or not x.numel():
        return None
    table = x.detach().float().movedim(axis, -1)
    table = table.reshape(-1, table.shape[-1])
    table = table[: max(MOST // table.shape[1], 2)]
    low, high = torch.aminmax(table, dim=0)
    if not bool(torch.isfinite(low + high).all()):
        return None
    two = ((table == low) | (table == high)).all(0)
    filled = max(int(torch.count_nonzero(table)), 1)
    rms, mean = math.sqrt(float(table.square().sum()) / filled), float(table.sum()) / filled
    large, times = _largest(table[:, ~two], torch.arange(len(two), device=two.device)[~two])
    ends = float(low.amin()), float(high.amax())
    whole = bool((table == table.round()).all())
    binary = bool(((table == ends[0]) | (table == ends[1])).all())
    return Given(call.layer, tuple(x.shape), rms, mean, *ends, large, times, whole, binary)


def _largest(table: Tensor, features: Tensor) -> tuple[int, float]:
    """The feature that deviates most, and how many times the median one; of fewer than three, none."""
    if table.shape[1] < 3:
        return -1, 1.0
    spreads = table.std(0, correction=0)
    k = int(spreads.argmax())
    return int(features[k]), float(spreads[k] / spreads.median().clamp(min=1e-30))


def equal_inputs(inputs: Args) -> EqualInputs | None:
    """Whether every row of every input is the same as the first; None too where there is one row only."""
    tensors = [t.detach() for t in inputs if isinstance(t, Tensor) and t.dim() > 0]
    if not tensors or any(t.layout != torch.strided for t in tensors):
        return None
    batch = tensors[0].shape[0]
    rows = [t for t in tensors if t.shape[0] == batch]
    if batch < 2 or not all(torch.equal(t[0], t[1]) and bool((t == t[:1]).all()) for t in rows):
        return None
    width = sum(t[0].numel() for t in rows)
    values = [float(t.reshape(-1)[0]) for t in rows if t[0].numel() and bool((t == t.reshape(-1)[0]).all())]
    return EqualInputs(width, values[0] if len(values) == len(rows) else None)


def differ(inputs: Args) -> bool:
    """Whether the examples of the batch, or the places of its only example, are not all the same."""
    for t in inputs:
        if not isinstance(t, Tensor) or t.dim() == 0 or not t.numel() or t.layout != torch.strided:
            continue
        axis = 0 if t.shape[0] > 1 or t.dim() < 2 else 1
        t = t.detach()
        some = t.narrow(axis, 0, min(t.shape[axis], 2))
        if bool((some != t.narrow(axis, 0, 1)).any()) or bool((t != t.narrow(axis, 0, 1)).any()):
            return True
    return False

"""A measurement: moments, counts and histograms of a tensor, where NaN and infinity are a bin of their own.

Nothing here waits for a device: every function returns tensors without a dimension, which a `Reader` collects and
brings to the host in one copy per device.
"""

import math

import torch
from jaxtyping import Bool, Int
from torch import Tensor

MOST = 1 << 16  # elements that one measurement looks at; larger tensors are read with a stride


def sample(x: Tensor, most: int = MOST) -> Tensor:
    """`x` flat, in float32 or float64, at most about `most` of its elements, evenly spread.

    The stride has no factor in common with the last dimension, so that every column is seen.
    """
    x = x.detach()
    if x.is_sparse:
        x = x.coalesce().values()
    if x.is_complex():
        x = torch.view_as_real(x)
    flat = x.reshape(-1)
    if flat.numel() > most:
        stride = flat.numel() // most
        while math.gcd(stride, x.shape[-1]) != 1:
            stride += 1
        flat = flat[::stride]
    return flat if flat.dtype in (torch.float32, torch.float64) else flat.float()


class Reader:
    """Numbers that still lie on their devices, with their keys, until `read` fetches them all at once."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[torch.device, torch.dtype], tuple[list[str], list[Tensor]]] = {}
        self._moments: dict[str, int] = {}

    def add(self, key: str, number: Tensor) -> None:
        """Remember a tensor without a dimension under `key`; a later one replaces an earlier one."""
        keys, numbers = self._waiting.setdefault((number.device, number.dtype), ([], []))
        keys.append(key)
        numbers.append(number)

    def moments(self, key: str, x: Tensor) -> Tensor:
        """Mean, std (unbiased), rms and share of NaN and infinity of `x`, under `key` + "mean", ... .

        Moments are those of the finite elements. Returns the flat finite sample, so that others can count on it.
        """
        flat = sample(x)
        n = flat.numel()
        if n == 0:
            return flat
        mean = flat.mean()
        if flat.is_cuda or not math.isfinite(mean.item()):  # on a CPU a look costs nothing
            self.add(f"{key}bad", torch.count_nonzero(flat - flat))
            flat = torch.nan_to_num(flat, 0.0, 0.0, 0.0)
            mean = flat.mean()
        centred = flat - mean
        self.add(f"{key}mean", mean)
        self.add(f"{key}squares", torch.dot(centred, centred))
        self._moments[key] = n
        return flat

    def read(self) -> dict[str, float]:
        """Every number, finite moments worked out; the reader is empty afterwards."""
        values: dict[str, float] = {}
        for keys, numbers in self._waiting.values():
            values.update(zip(keys, map(float, torch.stack(numbers).tolist()), strict=True))
        for key, n in self._moments.items():
            values.update(_finite(key, n, values))
        self._waiting, self._moments = {}, {}
        return values


def _finite(key: str, n: int, values: dict[str, float]) -> dict[str, float]:
    """Moments of the finite elements from sums in which the others stood as zeros.

    With k zeros among n elements: sum = n mean, sum of squares = squares + n mean^2, both over n - k elements.
    """
    bad = values.pop(f"{key}bad", 0.0)
    mean, squares = values[f"{key}mean"], values.pop(f"{key}squares")
    kept = n - bad
    total = squares + n * mean**2
    mean = n * mean / kept if kept else 0.0
    spread = max(total - kept * mean**2, 0.0) if bad else squares
    return {
        f"{key}mean": mean,
        f"{key}std": math.sqrt(spread / max(kept - 1, 1)),
        f"{key}rms": math.sqrt(total / kept) if kept else 0.0,
        f"{key}nonfinite": bad / n,
    }


def histogram(x: Tensor, bins: int = 40) -> dict[str, list[float] | int]:
    """Counts of `x` in `bins` equal bins over its finite range, and of NaN, +inf and -inf apart."""
    flat = sample(x, 1 << 13)
    finite = flat[torch.isfinite(flat)]
    apart = {
        "nan": int(torch.isnan(flat).sum()),
        "+inf": int((flat == math.inf).sum()),
        "-inf": int((flat == -math.inf).sum()),
    }
    if not len(finite):
        return {"edges": [0.0, 1.0], "counts": [0], **apart}
    low, high = finite.min().item(), finite.max().item()
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = torch.linspace(low, high, bins + 1, device=flat.device, dtype=flat.dtype)
    counts = torch.bincount(torch.bucketize(finite, edges[1:-1].contiguous()), minlength=bins)
    return {"edges": edges.tolist(), "counts": counts.tolist(), **apart}


def unit_axis(shape: torch.Size, channels_first: bool) -> int:
    """The axis along which the units of an activation lie: the last, or the second after a convolution."""
    return 1 if channels_first and len(shape) > 2 else len(shape) - 1


def everywhere(condition: Bool[Tensor, "..."], axis: int) -> Bool[Tensor, " units"]:
    """For each unit, whether the condition holds on every example (and place) of the batch."""
    others = [a for a in range(condition.dim()) if a != axis]
    return condition.all(dim=others) if others else condition


def target_counts(targets: Int[Tensor, "..."], classes: int) -> Int[Tensor, " classes"]:
    """How often each class occurs; targets outside 0..classes-1 (ignored positions) are left out."""
    flat = targets.detach().reshape(-1).cpu()
    return torch.bincount(flat[(flat >= 0) & (flat < classes)], minlength=classes)

"""A measurement: moments, counts and histograms of a tensor, where NaN and infinity are a bin of their own.

A step that is looked at should cost little more than one that is not. On a CPU a number is read at once, which is
cheaper than keeping it; on another device it stays there, nothing waits for it, and a `Reader` fetches all of them in
one copy when the step is over.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from moreish.doctor.frames.frame import Histogram

MOST = 1 << 16  # elements that one measurement looks at; larger tensors are read with a stride
SHOWN = 1 << 11  # elements from which a histogram is drawn


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
    """Numbers with their keys. Those of a CPU are read when they are added, the others all at once by `read`."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._waiting: dict[tuple[torch.device, torch.dtype], tuple[list[str], list[Tensor]]] = {}
        self._moments: dict[str, int] = {}

    def add(self, key: str, number: Tensor) -> None:
        """Remember a tensor without a dimension under `key`; a later one replaces an earlier one."""
        if number.is_cpu:
            self._values[key] = float(number.item())
            return
        keys, numbers = self._waiting.setdefault((number.device, number.dtype), ([], []))
        keys.append(key)
        numbers.append(number)

    def note(self, key: str, value: float) -> None:
        """Remember a number that is on the host already."""
        self._values[key] = value

    def moments(self, key: str, x: Tensor) -> Tensor:
        """Mean, std (unbiased), rms and share of NaN and infinity of `x`, under `key` + "mean", ... .

        Moments are those of the finite elements. Returns the flat finite sample, so that others can count on it.
        """
        flat = sample(x)
        n = flat.numel()
        if n == 0:
            return flat
        if flat.is_cpu:
            sums = total_and_spread(flat)
            if sums is not None:
                mean = sums[0] / n
                values = self._values
                values[f"{key}mean"] = mean
                values[f"{key}std"] = math.sqrt(sums[1] / max(n - 1, 1))
                values[f"{key}rms"] = math.sqrt(sums[1] / n + mean * mean)
                values[f"{key}nonfinite"] = 0.0
                return flat
        self.add(f"{key}bad", torch.count_nonzero(flat - flat))
        flat = torch.nan_to_num(flat, 0.0, 0.0, 0.0)
        mean = flat.mean()
        centred = flat - mean
        self.add(f"{key}mean", mean)
        self.add(f"{key}squares", torch.dot(centred, centred))
        self._moments[key] = n
        return flat

    def share(self, key: str, condition: Bool[Tensor, "..."]) -> None:
        """Share of the elements for which the condition holds."""
        count, n = torch.count_nonzero(condition), max(condition.numel(), 1)
        if count.is_cpu:
            self._values[key] = count.item() / n
        else:
            self.add(key, count / n)

    def nonfinite(self, key: str, x: Tensor) -> None:
        """Share of NaN and infinity among the elements of `x`."""
        flat = sample(x)
        if flat.is_cpu and math.isfinite(flat.sum().item()):
            self._values[key] = 0.0
        else:
            self.share(key, ~torch.isfinite(flat))

    def rms(self, key: str, flat: Tensor, unit: float = 1.0) -> None:
        """Root of the mean square, in units of `unit`; NaN where an element is NaN."""
        size = unit * math.sqrt(max(flat.numel(), 1))
        if flat.is_cpu:
            self._values[key] = math.sqrt(torch.dot(flat, flat).item()) / size
        else:
            self.add(key, torch.linalg.vector_norm(flat) / size)

    def read(self) -> dict[str, float]:
        """Every number, finite moments worked out; the reader is empty afterwards."""
        values, self._values = self._values, {}
        for keys, numbers in self._waiting.values():
            values.update(zip(keys, map(float, torch.stack(numbers).tolist()), strict=True))
        for key, n in self._moments.items():
            values.update(_finite(key, n, values))
        self._waiting, self._moments = {}, {}
        return values


def total_and_spread(flat: Tensor) -> tuple[float, float] | None:
    """Sum, and sum of squares about the mean, of a tensor on a CPU; None where one of them is not finite.

    Two passes without a copy; a third over the centred elements where most digits of the difference would cancel.
    """
    total, squares = flat.sum().item(), torch.dot(flat, flat).item()
    if not math.isfinite(squares) or not math.isfinite(total):
        return None
    mean = total / flat.numel()
    spread = squares - total * mean
    if spread < squares / 8:
        centred = flat - mean
        spread = torch.dot(centred, centred).item()
    return total, spread


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


def histogram(x: Tensor, bins: int = 40) -> Histogram:
    """Counts of `x` in `bins` equal bins over its finite range, and of NaN, +inf and -inf apart."""
    flat = sample(x, SHOWN)
    low, high = (limit.item() for limit in torch.aminmax(flat)) if flat.numel() else (0.0, 0.0)
    apart = 0, 0, 0
    if not (math.isfinite(low) and math.isfinite(high)):
        apart = int(torch.isnan(flat).sum()), int((flat == math.inf).sum()), int((flat == -math.inf).sum())
        flat = flat[torch.isfinite(flat)]
        low, high = (limit.item() for limit in torch.aminmax(flat)) if flat.numel() else (0.0, 0.0)
    if not flat.numel():
        return Histogram([0.0, 1.0], [0], *apart)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = [low + k * (high - low) / bins for k in range(bins + 1)]
    return Histogram(edges, torch.histc(flat, bins, low, high).int().tolist(), *apart)


def unit_axis(shape: torch.Size, channels_first: bool) -> int:
    """The axis along which the units of an activation lie: the last, or the second after a convolution."""
    return 1 if channels_first and len(shape) > 2 else len(shape) - 1


def extreme(which: Callable[..., Tensor], x: Float[Tensor, "..."], axis: int) -> Float[Tensor, " units"]:
    """The largest or smallest element (`torch.amax`, `torch.amin`) of each unit over every example of the batch."""
    others = [a for a in range(x.dim()) if a != axis]
    return which(x, dim=others) if others else x


def is_bad(grad: Tensor) -> Tensor:
    """Whether a gradient holds NaN or infinity; not read before the frame is closed."""
    return ~torch.isfinite(grad.detach().float().sum())

"""Whether pictures say anything of their own targets: they are held against the targets of others of their batch.

Pictures and masks that were listed in different orders, or drawn by two loaders that each shuffle for themselves,
still look like pictures and masks; only that none says anything of its own target. Whether it does is a permutation
test (Fisher 1935; Mantel 1967): under any pairing the similarities of a batch, their rows and columns centred, have
the sum 0 along the diagonal on average, and its variance is known.
"""

import math
from collections import deque
from dataclasses import dataclass, fields
from hashlib import blake2b

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

SIDE = 16  # places along each side that are compared
FEWEST_ROWS = 4
MOST_ROWS = 64
LATE = 3  # looks
MOST_SEEN = 1 << 16  # pictures


@dataclass
class Tie:
    """Sums over batches: similarities of own pairs, their variance under any pairing, the pairs, and which share of
    the targets' variance the grid keeps on which they are compared."""

    total: float = 0.0
    variance: float = 0.0
    rows: int = 0
    kept: float = 0.0

    @property
    def strength(self) -> float:
        """The mean similarity of own pairs: a cosine, of what differs between the rows of a batch."""
        return self.total / max(self.rows, 1)

    @property
    def error(self) -> float:
        """The standard error of `strength` where no pair belongs together."""
        return math.sqrt(self.variance) / max(self.rows, 1)

    @property
    def explained(self) -> float:
        """Which share of the variance of the targets, place by place, a straight line through what is tied tells."""
        return self.strength**2 * self.kept / max(self.rows, 1)

    def add(self, similarities: Float[Tensor, "B B"], kept: float = 1.0) -> None:
        """Add a batch; row i is what picture i has to do with each target."""
        rows = len(similarities)
        self.kept += kept * rows
        similarities = similarities - similarities.mean(0) - similarities.mean(1, keepdim=True) + similarities.mean()
        self.total += float(similarities.diagonal().sum())
        self.variance += float(similarities.square().sum()) / (rows - 1)
        self.rows += rows


class Paired:
    """Ties of targets to their pictures (brightness, and how much it changes from place to place) and to outputs.

    A picture that comes again with the same target says nothing new; what the outputs say of it may be new.

    late : the outputs' at the last looks
    """

    def __init__(self) -> None:
        self.brightness, self.texture, self.outputs = Tie(), Tie(), Tie()
        self._seen: set[bytes] = set()
        self._late: deque[Tie] = deque(maxlen=LATE)

    @property
    def late(self) -> Tie:
        """The outputs' tie at the last looks."""
        return Tie(*(sum(getattr(tie, f.name) for tie in self._late) for f in fields(Tie)))

    def add(self, x: Float[Tensor, "B C H W"], target: Tensor, output: Tensor) -> None:
        """Add a batch of pictures, their targets and outputs with a number or classes for each place."""
        target = target[:MOST_ROWS]
        goal, kept = _centred(_map(target)), kept_variance(target, _map(target))
        if len(goal) < FEWEST_ROWS or not float(goal.abs().amax()) > 0:
            return
        x, output = x.detach()[:MOST_ROWS].float(), output.detach()[:MOST_ROWS].float()
        if not target.is_floating_point() and output.dim() == 4 and output.shape[1] > 1:
            numbers = torch.arange(output.shape[1], device=output.device, dtype=output.dtype)
            output = (output.softmax(1) * numbers[:, None, None]).sum(1)
        self._late.append(Tie())
        for tie in (self.outputs, self._late[-1]):
            tie.add(_centred(_map(output)) @ goal.T)
        new = self._new(x)
        if len(new) >= FEWEST_ROWS:
            for tie, seen in ((self.brightness, x), (self.texture, _changes(x))):
                tie.add((_centred(_map(seen)) @ goal.T)[new][:, new], kept)

    def _new(self, x: Float[Tensor, "B C H W"]) -> list[int]:
        """The rows that were not seen before."""
        keys = [blake2b(row.numpy().tobytes(), digest_size=8).digest() for row in _map(x).cpu()]
        new = [row for row, key in enumerate(keys) if key not in self._seen]
        if len(self._seen) < MOST_SEEN:
            self._seen.update(keys)
        return new


def kept_variance(x: Tensor, coarse: Tensor) -> float:
    """The share of the variance of numbers that is left where neighbours were averaged."""
    whole = float(x.detach().float().var())
    return min(float(coarse.var()) / whole, 1.0) if whole > 0 else 1.0


def _changes(x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
    """How far each place is from the mean of its neighbours."""
    return (x - F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)).abs()


def _map(x: Tensor) -> Float[Tensor, "B places"]:
    """The mean over channels of pictures (B, C, H, W) or (B, H, W), on a grid."""
    x = x.detach().float()
    x = x.mean(1, keepdim=True) if x.dim() == 4 else x[:, None]
    side = min(SIDE, *x.shape[-2:])
    return F.adaptive_avg_pool2d(x, side).flatten(1)


def _centred(x: Float[Tensor, "B places"]) -> Float[Tensor, "B places"]:
    """What differs between rows, each scaled to the length 1."""
    x = x - x.mean(1, keepdim=True)
    return F.normalize(x - x.mean(0), dim=1)

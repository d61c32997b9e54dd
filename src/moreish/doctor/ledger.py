"""The ledger: what has to be counted over many frames, in memory that does not grow with the run."""

import math
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

WINDOW = 2048  # examples on which a unit must be stuck before it is called dead
PAIRS = 16384  # pairs of (input before, last input, target) that are kept
MOST_CLASSES = 1 << 16


@dataclass
class Window:
    """Units that were stuck on every example so far, until enough examples were seen."""

    stuck: Bool[Tensor, " units"]
    examples: int = 0


@dataclass
class Drift:
    """Mean distance, with its sign, between running and batch statistics of a BatchNorm, by channel."""

    total: Float[Tensor, " channels"]
    frames: int = 0


@dataclass
class Ledger:
    """Counts over the frames: stuck units, targets, pairs of symbols, drift of running statistics."""

    windows: dict[str, Window] = field(default_factory=dict)
    drifts: dict[str, Drift] = field(default_factory=dict)
    targets: Tensor | None = None
    pairs: Int[Tensor, "pairs 3"] = field(default_factory=lambda: torch.zeros(PAIRS, 3, dtype=torch.int64))
    seen_pairs: int = 0
    symbols: int = 0

    def stuck(self, layer: str, stuck: Bool[Tensor, " units"], examples: int) -> Tensor | None:
        """Add a batch; the share of units stuck over a whole window, once the window is full."""
        window = self.windows.get(layer)
        if window is None or len(window.stuck) != len(stuck):
            window = self.windows[layer] = Window(torch.ones_like(stuck))
        window.stuck &= stuck
        window.examples += examples
        if window.examples < WINDOW:
            return None
        del self.windows[layer]
        return window.stuck.float().mean()

    def drift(self, layer: str, distance: Float[Tensor, " channels"]) -> Tensor:
        """Add the signed distance of one batch; the median over channels of the size of its mean.

        Averaging with the sign takes the noise of small batches out and leaves what is stale.
        """
        drift = self.drifts.get(layer)
        if drift is None or len(drift.total) != len(distance):
            drift = self.drifts[layer] = Drift(torch.zeros_like(distance))
        if drift.frames == 8:  # keep to recent frames: half of what is remembered is forgotten
            drift.total, drift.frames = drift.total / 2, 4
        drift.total = drift.total + distance
        drift.frames += 1
        return (drift.total / drift.frames).abs().median()

    def count(self, counts: Int[Tensor, " classes"]) -> None:
        """Add the targets of one batch."""
        if self.targets is None or len(self.targets) != len(counts):
            self.targets = torch.zeros_like(counts)
        self.targets += counts

    def pair(self, inputs: Int[Tensor, "B T"], targets: Tensor, symbols: int) -> None:
        """Add (input before, last input, target) of a batch; targets are (B,), or (B, T) for all places."""
        if targets.shape == inputs.shape:
            rows = torch.stack([inputs[:, :-1], inputs[:, 1:], targets[:, 1:]], -1).reshape(-1, 3)
        elif targets.shape == inputs.shape[:1]:
            rows = torch.stack([inputs[:, -2], inputs[:, -1], targets], -1)
        else:
            return
        rows = rows[(rows[:, 2] >= 0) & (rows[:, 2] < symbols)].cpu()[:PAIRS]
        self.symbols = symbols
        place = (self.seen_pairs + torch.arange(len(rows))) % PAIRS
        self.pairs[place] = rows
        self.seen_pairs += len(rows)

    def copies(self) -> tuple[float, float, int]:
        """Share of targets equal to the last input, share of inputs equal to the one before, number of pairs."""
        n = min(self.seen_pairs, PAIRS)
        if not n:
            return 0.0, 0.0, 0
        before, last, target = self.pairs[:n].T
        return (last == target).double().mean().item(), (before == last).double().mean().item(), n

    def unigram_entropy(self) -> float | None:
        """Entropy in nats of the targets seen, with Miller and Madow's correction (K - 1) / 2N; None before 200."""
        if self.targets is None or (total := int(self.targets.sum())) < 200:
            return None
        p = self.targets[self.targets > 0].double() / total
        return float(-(p * p.log()).sum()) + (len(p) - 1) / (2 * total)

    def information(self) -> dict[str, float] | None:
        """What the last input says of the target, beside what one input says of the next; None before 600 pairs.

        Both in nats, with the mutual information of the same pairs in a shuffled order taken off, which is what
        counting finds where there is nothing. `copies` is the share of targets equal to the last input.
        """
        n = min(self.seen_pairs, PAIRS)
        if n < 600 or self.symbols**2 > 1 << 24:
            return None
        before, last, target = self.pairs[:n].T
        order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
        k = max(self.symbols, int(self.pairs[:n].max()) + 1)
        return {
            "own": mutual_information(before, last, k) - mutual_information(before, last[order], k),
            "target": mutual_information(last, target, k) - mutual_information(last, target[order], k),
            "copies": (last == target).double().mean().item(),
            "pairs": n,
        }


def mutual_information(a: Int[Tensor, " n"], b: Int[Tensor, " n"], symbols: int) -> float:
    """sum p(a, b) ln p(a, b) / (p(a) p(b)), in nats, from counts alone (biased upwards)."""
    joint = torch.bincount(a * symbols + b, minlength=symbols**2).view(symbols, symbols).double() / len(a)
    product = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    seen = joint > 0
    return max(float((joint[seen] * (joint[seen] / product[seen]).log()).sum()), 0.0)


def implied_sigma(excess: float) -> float:
    """Standard deviation of logits whose expected loss lies `excess` above ln V: excess is about sigma^2 / 2."""
    return math.sqrt(2 * max(excess, 0.0))

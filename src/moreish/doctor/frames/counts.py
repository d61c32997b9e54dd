"""What has to be counted over many frames, in memory that does not grow with the run."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from moreish.doctor.frames.baseline import Constant, LinkCounts
from moreish.doctor.frames.choices import Choices
from moreish.doctor.frames.noise import NoiseTargets
from moreish.doctor.frames.paired import Paired
from moreish.doctor.frames.rows import Rows
from moreish.doctor.frames.turned import Turned

WINDOW = 2048  # examples on which a unit must be stuck before it is called dead
PAIRS = 16384  # pairs of (input before, last input, target) that are kept
MOST_WAITING = 1 << 15  # targets and pairs that may wait to be counted
MOST_CLASSES = 1 << 16


@dataclass
class Window:
    """Units that were stuck on every example so far, until enough examples were seen."""

    stuck: Bool[Tensor, " units"]
    examples: int = 0


@dataclass
class Drift:
    """Mean distances, with their sign, between running and batch statistics of a BatchNorm, by channel."""

    total: Float[Tensor, "kinds channels"]
    frames: int = 0


class Information(NamedTuple):
    """What an input says of the next and of its target, in nats; the share of targets equal to the last input."""

    own: float
    target: float
    copies: float
    pairs: int


@dataclass
class RunningCounts:
    """Counts over the frames: stuck units, targets, pairs of symbols, drift of running statistics.

    Targets and pairs of small batches wait until somebody asks, or until there are many, and are counted together.
    """

    windows: dict[str, Window] = field(default_factory=dict)
    drifts: dict[str, Drift] = field(default_factory=dict)
    rows: Rows = field(default_factory=Rows)
    turned: Turned = field(default_factory=Turned)
    paired: Paired = field(default_factory=Paired)
    noise: NoiseTargets = field(default_factory=NoiseTargets)
    choices: Choices = field(default_factory=Choices)
    numbered: Rows = field(default_factory=Rows)  # whose classes are the targets of a loss on numbers
    targets: Tensor | None = None
    pairs: Int[Tensor, "pairs 3"] = field(default_factory=lambda: torch.zeros(PAIRS, 3, dtype=torch.int64))
    seen_pairs: int = 0
    symbols: int = 0
    constants: dict[str, Constant] = field(default_factory=dict)  # by loss: "loss.1/mse_loss"
    links: dict[str, LinkCounts] = field(default_factory=dict)
    asked: dict[int, Bool[Tensor, " rows"]] = field(default_factory=dict)  # by number of rows: nodes asked about
    _classes: int = 0
    _targets: list[Int[Tensor, " n"]] = field(default_factory=list)
    _pairs: list[tuple[Int[Tensor, "n 2"], Int[Tensor, " n"]]] = field(default_factory=list)
    _waiting: int = 0

    def stuck(self, layer: str, stuck: Bool[Tensor, " units"], examples: int) -> Tensor | None:
        """Add a batch; the share of units stuck over a whole window, once the window is full."""
        window = self.windows.get(layer)
        if window is None or window.stuck.shape != stuck.shape:
            window = self.windows[layer] = Window(stuck)
        else:
            window.stuck = window.stuck & stuck
        window.examples += examples
        if window.examples < WINDOW:
            return None
        del self.windows[layer]
        return window.stuck.float().mean()

    def drift(self, layer: str, distances: Float[Tensor, "kinds channels"]) -> Float[Tensor, " kinds"]:
        """Add the signed distances of one batch; of each kind the median over channels of the size of its mean.

        Averaging with the sign takes the noise of small batches out and leaves what is stale.
        """
        drift = self.drifts.get(layer)
        if drift is None or drift.total.shape != distances.shape:
            drift = self.drifts[layer] = Drift(torch.zeros_like(distances))
        if drift.frames == 8:  # keep to recent frames: half of what is remembered is forgotten
            drift.total, drift.frames = drift.total / 2, 4
        drift.total = drift.total + distances
        drift.frames += 1
        return drift.total.abs().median(dim=1).values / drift.frames

    def count(self, targets: Int[Tensor, "..."], classes: int) -> None:
        """Add the targets of one batch; counts of another number of classes are begun anew."""
        if classes != self._classes:
            self.settle()
            self._classes = classes
        self._targets.append(targets.detach().reshape(-1).cpu().clone())
        self._wait(targets.numel())

    def pair(self, inputs: Int[Tensor, "B T"], targets: Tensor, symbols: int) -> None:
        """Add (input before, last input, target) of a batch; targets are (B,), or (B, T) for all places."""
        inputs, targets = inputs.detach(), targets.detach()
        if targets.shape == inputs.shape:
            two, target = inputs.unfold(1, 2, 1).reshape(-1, 2), targets[:, 1:].reshape(-1)
        elif targets.shape == inputs.shape[:1]:
            two, target = inputs[:, -2:], targets
        else:
            return
        if symbols != self.symbols:
            self.settle()
            self.symbols = symbols
        self._pairs.append((two[:PAIRS].cpu().clone(), target[:PAIRS].cpu().clone()))
        self._wait(target.numel())

    def _wait(self, added: int) -> None:
        self._waiting += added
        if self._waiting > MOST_WAITING:
            self.settle()

    def settle(self) -> None:
        """Count what waits to be counted."""
        targets, self._targets = self._targets, []
        pairs, self._pairs = self._pairs, []
        self._waiting = 0
        if targets:
            counts = target_counts(torch.cat(targets), self._classes)
            fits = self.targets is not None and self.targets.shape == counts.shape
            self.targets = self.targets + counts if fits and self.targets is not None else counts
        if pairs:
            two, target = (torch.cat(parts) for parts in zip(*pairs, strict=True))
            rows = torch.cat([two.long(), target.long()[:, None]], 1)
            rows = rows[(target >= 0) & (target < self.symbols)][-PAIRS:]
            begin = self.seen_pairs % PAIRS
            before_the_end = min(len(rows), PAIRS - begin)
            self.pairs[begin : begin + before_the_end] = rows[:before_the_end]
            self.pairs[: len(rows) - before_the_end] = rows[before_the_end:]
            self.seen_pairs += len(rows)

    def copies(self) -> tuple[float, float, int]:
        """Share of targets equal to the last input, share of inputs equal to the one before, number of pairs."""
        self.settle()
        n = min(self.seen_pairs, PAIRS)
        if not n:
            return 0.0, 0.0, 0
        before, last, target = self.pairs[:n].T
        return (last == target).double().mean().item(), (before == last).double().mean().item(), n

    def unlike(self) -> float:
        """Distance between the frequencies of targets and inputs: 0 for the same, 1 where nothing is in both."""
        self.settle()
        n = min(self.seen_pairs, PAIRS)
        if not n:
            return 1.0
        k = int(self.pairs[:n].max()) + 1
        ours, theirs = (torch.bincount(self.pairs[:n, c], minlength=k).double() / n for c in (1, 2))
        return float((ours - theirs).abs().sum() / 2)

    def unigram_entropy(self) -> float | None:
        """Entropy in nats of the targets seen, with Miller and Madow's correction (K - 1) / 2N; None before 200."""
        self.settle()
        if self.targets is None or (total := int(self.targets.sum())) < 200:
            return None
        p = self.targets[self.targets > 0].double() / total
        return float(-(p * p.log()).sum()) + (len(p) - 1) / (2 * total)

    def information(self) -> Information | None:
        """What the last input says of the target, beside what one input says of the next; None before 600 pairs.

        Both in nats, with the mutual information of the same pairs in a shuffled order taken off, which is what
        counting finds where there is nothing.
        """
        self.settle()
        n = min(self.seen_pairs, PAIRS)
        if n < 600 or self.symbols**2 > 1 << 24:
            return None
        before, last, target = self.pairs[:n].T
        order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
        k = max(self.symbols, int(self.pairs[:n].max()) + 1)
        return Information(
            own=mutual_information(before, last, k) - mutual_information(before, last[order], k),
            target=mutual_information(last, target, k) - mutual_information(last, target[order], k),
            copies=(last == target).double().mean().item(),
            pairs=n,
        )


def target_counts(targets: Int[Tensor, " n"], classes: int) -> Int[Tensor, " classes"]:
    """How often each class occurs; targets outside 0..classes-1 (ignored positions) are left out."""
    return torch.bincount(targets[(targets >= 0) & (targets < classes)], minlength=classes)


def mutual_information(a: Int[Tensor, " n"], b: Int[Tensor, " n"], symbols: int) -> float:
    """sum p(a, b) ln p(a, b) / (p(a) p(b)), in nats, from counts alone (biased upwards)."""
    joint = torch.bincount(a * symbols + b, minlength=symbols**2).view(symbols, symbols).double() / len(a)
    product = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    seen = joint > 0
    return max(float((joint[seen] * (joint[seen] / product[seen]).log()).sum()), 0.0)


def implied_sigma(excess: float) -> float:
    """Standard deviation of logits whose expected loss lies `excess` above ln V: excess is about sigma^2 / 2."""
    return math.sqrt(2 * max(excess, 0.0))

"""The learning-rate range test: train while the rate rises, and see where the loss falls and where it breaks.

Smith 2015, https://arxiv.org/abs/1506.01186; the lectures raise the exponent evenly, so that every power of ten gets
as many steps as the next.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from moreish.data.batches import batches_from
from moreish.data.corpus import Split
from moreish.models.net import Net
from moreish.rng import torch_alone, torch_seed
from moreish.training.loop import batches_for
from moreish.training.options import TrainOptions
from moreish.training.steps import gradients_of, make_optimizer

LOWEST = {"sgd": -3.0, "adamw": -4.5}
HIGHEST = {"sgd": 0.5, "adamw": -0.5}
WIDTH = 0.1  # powers of ten over which the loss is smoothed
FLOOR = 0.03  # of the whole descent: a loss this near the lowest is as good
BROKEN = 2.0  # times the loss at the beginning: the rest of this net is of no interest


@dataclass(frozen=True)
class RangeTest:
    """What happened to several nets while the learning rate rose.

    exponents : (N,) log10 of the learning rate at each step, evenly spaced
    losses    : (seeds, N) the loss of each net's batch; once one is broken, BROKEN times the loss it began with
    smoothed  : (seeds, N) the same through a Gaussian of WIDTH powers of ten
    slope     : (N,) change of the mean smoothed loss for each power of ten
    lr        : the suggestion
    reason    : why, in one sentence
    """

    exponents: Float[np.ndarray, " N"]
    losses: Float[np.ndarray, "seeds N"]
    smoothed: Float[np.ndarray, "seeds N"]
    slope: Float[np.ndarray, " N"]
    lr: float
    reason: str

    @property
    def band(self) -> tuple[Float[np.ndarray, " N"], Float[np.ndarray, " N"]]:
        """The lowest and the highest smoothed loss of any seed."""
        return self.smoothed.min(0), self.smoothed.max(0)


def find_lr(
    make: Callable[[int], Net],
    split: Split,
    options: TrainOptions,
    *,
    seed: int = 0,
    seeds: int = 5,
    steps: int = 1000,
    lowest: float | None = None,
    highest: float | None = None,
) -> RangeTest:
    """Train `make(seed)`, `make(seed + 1)`, ... for `steps` steps each, the exponent rising from lowest to highest.

    Optimizer, batch size, clipping and smoothing of labels are those of `options`; its learning rate and schedule
    play no split. Raises ValueError where the range is empty or where no net learned anything in it.
    """
    low = LOWEST[options.optimizer] if lowest is None else lowest
    high = HIGHEST[options.optimizer] if highest is None else highest
    if low >= high:
        raise ValueError(f"the exponents rise from lowest to highest, but lowest is {low:g} and highest {high:g}")
    if steps < 20 or seeds < 1:
        raise ValueError(f"a range test takes at least 20 steps and one seed, not {steps} steps and {seeds} seeds")
    exponents = np.linspace(low, high, steps)
    rows = [list(_losses(make(s), split, options, s, exponents)) for s in range(seed, seed + seeds)]
    losses = np.array([_filled_up(np.array(row), steps) for row in rows])
    smoothed = losses @ _kernel(exponents)
    mean = smoothed.mean(0)
    lr, reason = suggest(exponents, mean)
    return RangeTest(exponents, losses, smoothed, np.gradient(mean, exponents), lr, reason)


def suggest(exponents: Float[np.ndarray, " N"], loss: Float[np.ndarray, " N"]) -> tuple[float, str]:
    """(learning rate, reason): the lowest rate on the floor of the valley, where a higher one gains nothing more.

    The lowest point itself lies where falling and breaking just balance, and under AdamW the floor can be a hundred
    times as wide as it should be: its near edge is safe for both. Raises ValueError where there is no valley.
    """
    lowest = int(loss.argmin())
    descent = float(loss[0] - loss[lowest])
    if descent < 0.02 * loss[0]:
        raise ValueError("no learning rate in this range made the loss fall: widen the range, or give it more steps")
    edge = int(np.argmax(loss <= loss[lowest] + FLOOR * descent))
    lr = 10 ** float(exponents[edge])
    reason = (
        f"the loss falls from {loss[0]:.3f} to {loss[edge]:.3f} by {lr:.2g} and hardly any further "
        f"(lowest: {loss[lowest]:.3f} at {10 ** exponents[lowest]:.2g})"
    )
    if loss[-1] > loss[lowest] + descent / 2:
        broken = lowest + int(np.argmax(loss[lowest:] > loss[lowest] + descent / 2))
        reason += f"; from {10 ** exponents[broken]:.2g} on half of that is lost again"
    return lr, reason


def _losses(
    model: Net, split: Split, options: TrainOptions, seed: int, exponents: Float[np.ndarray, " N"]
) -> Iterator[float]:
    """The loss of each batch before its step; ends early where the net is broken."""
    source, gradients = batches_for(model, split, options, seed), gradients_of(model, options)
    optimizer = make_optimizer(model, options)
    device = next(model.parameters()).device
    model.train()
    batches = batches_from(source, 0)
    first = 0.0
    with torch_alone(torch_seed(seed, "noise")):
        for exponent in exponents:
            batch = next(batches)
            idx, targets = (torch.from_numpy(a.astype(np.int64)).to(device) for a in (batch.x, batch.y))
            loss = gradients(idx, targets, batch.weight).item()
            first = first or loss
            if not math.isfinite(loss) or loss > BROKEN * first:
                return
            yield loss
            if options.clip:
                nn.utils.clip_grad_norm_(model.parameters(), options.clip)
            for group in optimizer.param_groups:
                group["lr"] = 10.0 ** float(exponent)
            optimizer.step()


def _filled_up(losses: Float[np.ndarray, " n"], steps: int) -> Float[np.ndarray, " N"]:
    """As many losses as steps."""
    return np.append(losses, np.full(steps - len(losses), BROKEN * losses[0]))


def _kernel(exponents: Float[np.ndarray, " N"]) -> Float[np.ndarray, "N N"]:
    """Column j holds the weights with which the losses make the smoothed loss j."""
    weights = np.exp(-0.5 * ((exponents[:, None] - exponents) / WIDTH) ** 2)
    return weights / weights.sum(0)

"""The learning rate as a share of its highest value, from the progress of the training (0 to 1)."""

import math

from moreish.training.options import TrainOptions


def cosine(progress: float, options: TrainOptions) -> float:
    """Half a cosine wave from 1 down to `lr_end` (Loshchilov & Hutter 2016, one cycle)."""
    return options.lr_end + (1 - options.lr_end) * 0.5 * (1 + math.cos(math.pi * progress))


def step(progress: float, options: TrainOptions) -> float:
    """1, then `step_factor` from `step_at` on: the lectures' way."""
    return 1.0 if progress < options.step_at else options.step_factor


def constant(progress: float, options: TrainOptions) -> float:
    """1 throughout."""
    return 1.0


SCHEDULES = {"cosine": cosine, "step": step, "constant": constant}


def lr_at(progress: float, options: TrainOptions) -> float:
    """The learning rate at this progress; it rises in a straight line over the first `warmup` of it.

    The cosine begins where the warm-up ends; a `step_at` counts from the very start.
    """
    if progress < options.warmup:
        return options.lr * (progress / options.warmup) if progress > 0 else options.lr * 1e-3
    if options.schedule == "cosine":
        progress = (progress - options.warmup) / (1 - options.warmup)
    return options.lr * SCHEDULES[options.schedule](min(progress, 1.0), options)

"""Losses: how wrong a prediction is, as one Value to call `backward()` on. All are means over the examples.

Names and meanings are those of torch.nn.functional where torch has the loss. Logits are raw scores, before
any softmax or sigmoid: the logarithm is taken together with the exponential, so nothing overflows.
"""

import math
from collections.abc import Sequence

from moreish.scalar.value import Value


def mse_loss(predictions: Sequence[Value], targets: Sequence[float | int]) -> Value:
    """Mean of (prediction - target)^2."""
    return mean([(p - t) ** 2 for p, t in paired(predictions, targets)])


def max_margin_loss(scores: Sequence[Value], targets: Sequence[int]) -> Value:
    """Mean of relu(1 - target score), targets -1 or 1: a score beyond the margin costs nothing (hinge loss)."""
    if wrong := set(targets) - {-1, 1}:
        raise ValueError(f"the targets of a max-margin loss are -1 and 1, not {min(wrong)}")
    return mean([(1 - t * s).relu() for s, t in paired(scores, targets)])


def binary_cross_entropy_with_logits(logits: Sequence[Value], targets: Sequence[float | int]) -> Value:
    """Mean of -log sigmoid(logit) where the target is 1, of -log(1 - sigmoid(logit)) where it is 0.

    Both are log(1 + e^logit) - target logit, which also holds for targets in between.
    """
    return mean([logsumexp([Value(0.0), z]) - t * z for z, t in paired(logits, targets)])


def cross_entropy(logits: Sequence[Sequence[Value]], targets: Sequence[int]) -> Value:
    """Mean of -log softmax(row)[target], in nats: logits (N, classes), targets (N,)."""
    losses = []
    for row, target in paired(logits, targets):
        if not 0 <= target < len(row):
            raise ValueError(f"target {target} is no class: a row of logits has classes 0 to {len(row) - 1}")
        losses.append(logsumexp(row) - row[target])
    return mean(losses)


def l2_penalty(parameters: Sequence[Value], strength: float) -> Value:
    """strength * sum of p^2: its slope pulls every parameter towards zero."""
    total = strength * sum(p.data**2 for p in parameters)
    return Value(total, op="L2", edges=tuple((p, 2 * strength * p.data) for p in parameters))


def logsumexp(values: Sequence[Value]) -> Value:
    """log(sum_i e^x_i). The largest is taken off first: it cancels, and exp stays finite. dx = softmax(x)."""
    largest = max(v.data for v in values)
    exps = [math.exp(v.data - largest) for v in values]
    total = sum(exps)
    slopes = tuple((v, e / total) for v, e in zip(values, exps, strict=True))
    return Value(largest + math.log(total), op="logsumexp", edges=slopes)


def mean(values: Sequence[Value]) -> Value:
    """The average as one node: everybody's slope is 1/n."""
    n = len(values)
    return Value(sum(v.data for v in values) / n, op="mean", edges=tuple((v, 1 / n) for v in values))


def paired(predictions: Sequence, targets: Sequence) -> list[tuple]:
    """Each prediction with its target; ValueError unless there is one for each, and at least one."""
    if not predictions or len(predictions) != len(targets):
        raise ValueError(
            f"{len(predictions)} predictions and {len(targets)} targets: give one target for each prediction"
        )
    return list(zip(predictions, targets, strict=True))

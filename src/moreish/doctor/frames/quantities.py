"""The quantities: every number of a frame, what it is and where it is healthy.

A frame's keys are "WHERE/NAME": WHERE is a layer ("net.3", "block.tanh"), a parameter ("net.1.weight") or a loss
("loss.1", "evaluation.2"); what belongs to the whole step is a name alone.
"""

from dataclasses import dataclass
from typing import Literal

from moreish.doctor.frames.counts import WINDOW

Of = Literal["activation", "parameter", "loss", "step"]
# What is healthy, where a finding, a picture and the table below must mean the same.
HEALTHY_SATURATED = 0.20  # share of outputs: what a tanh behind the textbook's gain starts with
DRIFTED = 0.5  # from running to batch statistics of a BatchNorm: standard deviations, or log of the ratio
ALIKE = 0.9999  # of two units' rows, from which they are equal: what rounding leaves
LOW_RATIO, USUAL_RATIO, HIGH_RATIO = -4.5, -3.0, -1.7  # log10 of std(update) over std(weight)

EVERYWHERE: tuple[Of, ...] = ("activation", "parameter")


@dataclass(frozen=True)
class Quantity:
    """One diagnostic number. `healthy` is (least, most), None for no bound; both None where only its course tells."""

    name: str
    of: tuple[Of, ...]
    says: str
    healthy: tuple[float | None, float | None] = (None, None)


QUANTITIES: dict[str, Quantity] = {
    q.name: q
    for q in (
        Quantity("mean", EVERYWHERE, "mean of the finite elements"),
        Quantity("std", EVERYWHERE, "standard deviation of the finite elements"),
        Quantity("rms", EVERYWHERE, "root of their mean square"),
        Quantity("nonfinite", EVERYWHERE, "share of NaN and infinity", (0.0, 0.0)),
        Quantity("grad_mean", EVERYWHERE, "mean of the gradient of the loss there"),
        Quantity("grad_std", EVERYWHERE, "standard deviation of that gradient"),
        Quantity("grad_rms", EVERYWHERE, "root of its mean square"),
        Quantity("grad_nonfinite", EVERYWHERE, "its share of NaN and infinity", (0.0, 0.0)),
        Quantity("saturated", ("activation",), "share of outputs that are saturated", (0.0, HEALTHY_SATURATED)),
        Quantity("dead", ("activation",), f"share of units stuck on {WINDOW:,} examples in a row", (0.0, 0.1)),
        Quantity("dead_in_batch", ("activation",), "share of units stuck on the whole batch"),
        Quantity("drift", ("activation",), "BatchNorm: running less batch mean, in std", (0.0, DRIFTED)),
        Quantity("stretch", ("activation",), "BatchNorm: log of batch over running variance", (0.0, DRIFTED)),
        Quantity("update_rms", ("parameter",), "root of the mean square of what the step changed"),
        Quantity("update_std", ("parameter",), "standard deviation of what the step changed"),
        Quantity("update_ratio", ("parameter",), "log10 of update_std over std", (LOW_RATIO, HIGH_RATIO)),
        Quantity("grad_data", ("parameter",), "grad_std over std"),
        Quantity("travel", ("parameter",), "distance from the first weights seen, over their spread"),
        Quantity("units_alike", ("parameter",), "1 less the largest difference of two units' weights", (None, ALIKE)),
        Quantity("units_still", ("parameter",), "share of units whose weights are all zero"),
        Quantity("gradients_alike", ("parameter",), "1 less that of their gradients", (None, ALIKE)),
        Quantity("loss", ("loss", "step"), "value of a loss function; alone: that on which backward was called"),
        Quantity("nll", ("loss",), "cross-entropy of the targets, without weights or smoothing"),
        Quantity("kept", ("loss",), "share of targets that count"),
        Quantity("logit_std", ("loss",), "standard deviation of the logits of a row; at the start", (0.0, 0.7)),
        Quantity("spread", ("loss",), "part of the logits that differs between rows", (0.01, None)),
        Quantity("lowest", ("loss",), "lowest logit"),
        Quantity("highest", ("loss",), "highest logit"),
        Quantity("row_sums", ("loss",), "largest distance of a row's sum from 1: 0 for probabilities"),
        Quantity(
            "log_sum", ("loss",), "mean size of the logarithm of a row's sum of exponentials: 0 for log-probabilities"
        ),
        Quantity("error", ("loss",), "mean error of the outputs, without weights"),
        Quantity("constant", ("loss",), "what the best constant answer would cost in its place"),
        Quantity("own_constant", ("loss",), "what the best constant for the targets of an evaluation would cost"),
        Quantity("target_rms", ("loss",), "root of the mean square of the targets"),
        Quantity("beyond", ("loss",), "share of targets that the output cannot reach", (0.0, 0.0)),
        Quantity("beyond_error", ("loss",), "mean square of the distance that cannot be bridged"),
        Quantity("grad_norm", ("step",), "length of the gradient of all parameters"),
    )
}


def quantity_of(key: str) -> Quantity:
    """The quantity that a key of a frame names. Raises KeyError for one that is not in the table."""
    return QUANTITIES[key.rpartition("/")[2]]

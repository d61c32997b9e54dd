"""Findings about one batch, on which a copy of the model was trained alone."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import Rule, Verdict, found

NOISY = 0.1  # gradient signal to noise of a micro-batch below which a larger batch helps


@Rule(
    "P01",
    "cannot-fit-batch",
    "cannot fit one batch",
    silent="asked by the pre-flight only",
    why="Any net that is put together rightly can learn one small batch by heart.\n"
    "If the loss on it does not fall, no amount of data will help:\n"
    "a path is cut, the targets do not fit, or the loss is not what it should be.",
    needs="one batch",
    preflight=True,
)
def one_batch(history: History) -> Iterator[Verdict]:
    """The loss on one batch, trained on for 60 steps, falls by less than a fifth."""
    batch = history.one_batch
    if batch is not None and not batch.last < 0.8 * batch.first:
        yield found(
            "sick",
            "",
            0,
            f"Trained on one batch alone, the loss only went from {batch.first:.3g} to {batch.last:.3g}.",
            "Follow one item through the net and check loss and targets before training at all.",
            confidence=0.9,
            first=batch.first,
            last=batch.last,
        )


@Rule(
    "F46",
    "batch-noise",
    "batch noise",
    silent="asked by the pre-flight only",
    why="Each batch shows a slightly different gradient; the mean over many is the one to follow.\n"
    "Where the noise is far larger than the mean, most of every step is chance.\n"
    "Larger batches or a smaller learning rate average it out.",
    needs="one batch",
    preflight=True,
)
def batch_noise(history: History) -> Iterator[Verdict]:
    """Signal to noise of the gradient over eight micro-batches below 0.1: worth knowing, no alarm."""
    ratio = history.one_batch.signal_to_noise if history.one_batch is not None else None
    if ratio is not None and ratio < NOISY:
        yield found(
            "info",
            "",
            0,
            f"The gradient's signal to noise over eight parts of the batch is {ratio:.2g}.",
            "Use a larger batch, or a smaller learning rate.",
            confidence=0.7,
            ratio=ratio,
        )

"""A term of a loss that another one outweighs, so that nothing is learned of it."""

import statistics
from collections.abc import Iterator

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import EARLY, WELL, aims_at_data, gain
from moreish.doctor.judge.table import Rule, Verdict, found

TIMES, STILL_TIMES = 100, 20  # that one term is as large as another: at first, and in the middle of the run
NOTHING = 0.05  # share of a constant's cost that is nothing
FEWEST = 3  # late looks
SUMMED = 0.02  # from the sum of the terms, that the loss may lie


@Rule(
    "F138",
    "drowned-term",
    "one term of the loss drowns another",
    silent="terms that share no parameter, or whose gradient is turned on the way; terms with weights of their own, "
    "losses of one term, terms of which no constant's cost is known; both are learned; several optimizers",
    why="Terms that are added up share one gradient, and what is counted in euros or years squared outweighs\n"
    "what is counted in nats by hundreds: with shared layers, a clipped gradient or one learning rate\n"
    "only the large one is learned.",
    explains=("F22", "F29", "F12", "F14"),
    rank=132,
)
def drowned_term(history: History) -> Iterator[Verdict]:
    """The loss is the plain sum of its terms; one began a hundred times as large as another and is learned, and that
    one still costs what a constant would.
    """
    frames = [f for f in history.training() if len(f.learning_rates) < 2 and "loss" in f.values]
    if history.step() < EARLY or len(frames) < FEWEST or history.optimizers() > 1 or not aims_at_data(history):
        return
    if not all(f.noted.terms_share for f in frames):
        return
    last = frames[-1]
    names = {loss.prefix: loss.op for loss in last.losses}
    if len(names) < 2 or not all(_is_their_sum(frame, list(names)) for frame in frames):
        return
    gains = {prefix: gain(history, prefix, fewest=FEWEST) for prefix in names}
    for small, own in gains.items():
        if own is None or own.share + 2 * own.error > NOTHING:
            continue
        for large, other in gains.items():
            if other is None or other.share < WELL:
                continue
            ratios = [f.values[f"{large}loss"] / max(f.values[f"{small}loss"], 1e-12) for f in frames]
            if ratios[0] < TIMES or statistics.median(ratios) < STILL_TIMES:
                continue
            yield found(
                "sick",
                "",
                last.step,
                f"The loss is a sum of terms. {names[large]} was {ratios[0]:.0f} times as large as {names[small]} at "
                f"first and has saved {other.share:.0%} of what a constant answer costs; {names[small]} is at "
                f"{own.loss:.3f}, where a constant costs {own.constant:.3f}: it drowns.",
                "Bring the terms to one scale: divide the targets of the large one by their standard deviation, or "
                f"give it a weight of about {1 / ratios[0]:.1g}.",
                confidence=0.8,
                times=ratios[0],
                saved=own.share,
            )
            return


def _is_their_sum(frame: Frame, prefixes: list[str]) -> bool:
    parts = [frame.values.get(f"{prefix}loss", float("nan")) for prefix in prefixes]
    return abs(frame.values["loss"] - sum(parts)) <= SUMMED * abs(frame.values["loss"])

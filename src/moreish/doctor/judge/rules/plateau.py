"""A finding about a scheduler that waits for a plateau, and takes what gets better for what gets worse."""

import itertools
from collections.abc import Iterator, Sequence

from moreish.doctor.frames.history import History
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

FEWEST = 4  # measures
ALONG = 0.8  # rank correlation from which two courses go the same way
NEAR = 2  # times the training loss that another loss may be
MOVED = 0.02  # of the first measure
NOTHING = 0.01  # of the first learning rate


@Rule(
    "F151",
    "plateau-the-other-way",
    "a scheduler takes what gets better for what gets worse",
    silent="a learning rate that was never lowered; a measure or a loss on val that gets worse while training goes "
    "on; fewer than four measures; outside of `moreish doctor` and `start`",
    why="ReduceLROnPlateau lowers the learning rate where its measure has not become better for a while,\n"
    "and what better means `mode` says: 'min', as for a loss, if left out, or 'max', as for an accuracy.\n"
    "With the wrong one every progress counts as a standstill, and the rate falls until nothing moves.",
    explains=("F80", "F12", "F14", "F19", "F22", "F29", NOT_LEARNING),
    rank=17,
)
def the_other_way(history: History) -> Iterator[Verdict]:
    """The rate was lowered; with `max` the measure fell along with the training loss; with `min` it rose while that
    fell, and while a loss on val fell or an accuracy rose.
    """
    for plateau in history.evidence.plateaus.values():
        moving = [g for g in plateau.given if g[2] >= NOTHING * plateau.given[0][2]]  # afterwards nothing changes
        rates, measures = [rate for *_, rate in plateau.given], [m for _, m, _ in moving]
        if len(moving) < FEWEST or rates[-1] >= 0.9 * rates[0]:
            continue
        if not _against(history, plateau.largest, [s for s, *_ in moving], measures):
            continue
        lowered = sum(b < 0.99 * a for a, b in itertools.pairwise(rates))
        asked, wanted = ("max", "min") if plateau.largest else ("min", "max")
        yield found(
            "watch",
            "",
            moving[0][0],
            f"ReduceLROnPlateau waits for a measure to become {'larger' if plateau.largest else 'smaller'} "
            f"(mode='{asked}'); it was given {measures[0]:.3g} at first and {measures[-1]:.3g} at the end, which is "
            f"progress, and has lowered the learning rate {lowered} times, from {rates[0]:.2g} to {rates[-1]:.2g}.",
            f"Give it mode='{wanted}', or the other measure: 'min' is for a loss, 'max' for an accuracy.",
            confidence=0.9,
            lowered=lowered,
            rate=rates[-1],
        )
        return


def _against(history: History, largest: bool, steps: Sequence[int], measures: Sequence[float]) -> bool:
    """Whether the measure got steadily worse by the scheduler's own mode, and all else that is known got better."""
    moved = measures[-1] - measures[0]
    if (moved < 0) is not largest or abs(moved) < MOVED * abs(measures[0]):
        return False
    losses = _at(steps, [(w.step, w.mean) for w in history.loss_curve.windows])
    along = _alike(measures, losses)
    on_val, accuracies = [(s, v) for s, v, *_ in history.evaluation_curve()], list(history.accuracies)
    if largest:
        is_accuracy = len(accuracies) >= FEWEST and _alike(measures, _at(steps, accuracies)) > 0.5  # and falls itself
        return along > ALONG and not is_accuracy and _is_a_loss(measures, losses, _at(steps, on_val), len(on_val))
    if along > -ALONG:
        return False
    if len(on_val) >= FEWEST and _alike(measures, _at(steps, on_val)) > ALONG:  # which rises: it overfits
        return False
    falls = len(on_val) >= FEWEST and _alike(measures, _at(steps, on_val)) < -0.5
    rises = len(accuracies) >= FEWEST and _alike(measures, _at(steps, accuracies)) > ALONG
    return falls or (rises and min(measures) >= 0 and (max(measures) <= 1 or 1 < max(measures) <= 100))


def _is_a_loss(measures: Sequence[float], losses: Sequence[float], on_val: Sequence[float], known: int) -> bool:
    """Whether the measure falls as a loss on val does; else it is about as large as that of training."""
    if known >= FEWEST:
        return _alike(measures, on_val) > ALONG
    return all(loss / NEAR <= m <= loss * NEAR for m, loss in zip(measures, losses, strict=True))


def _at(steps: Sequence[int], course: Sequence[tuple[int, float]]) -> list[float]:
    """The last value of a course that was known at each of these steps."""
    return [next((v for s, v in reversed(course) if s <= step), course[0][1]) if course else 0.0 for step in steps]


def _alike(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's rank correlation; 0 where one of the two does not change."""
    ranks = [[sum(y < x for y in values) + sum(y == x for y in values) / 2 for x in values] for values in (a, b)]
    means = [sum(r) / len(r) for r in ranks]
    apart = [[x - m for x in r] for r, m in zip(ranks, means, strict=True)]
    lengths = [sum(x * x for x in r) ** 0.5 for r in apart]
    if min(lengths) == 0:
        return 0.0
    return sum(x * y for x, y in zip(*apart, strict=True)) / (lengths[0] * lengths[1])

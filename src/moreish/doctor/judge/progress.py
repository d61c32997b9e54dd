"""Progress: how much of what a constant answer would cost a model has learned to save."""

import math
import statistics
from collections.abc import Mapping
from typing import NamedTuple

from moreish.doctor.frames.history import History
from moreish.doctor.judge.finding import Finding
from moreish.doctor.judge.rules.updates import too_high
from moreish.doctor.judge.table import RULES

EARLY = 150  # steps in which a run need not have learned anything
HALF = 0.5  # of a loss
VERY_WELL = 0.6  # share of the constant's cost that a run has saved in which dead or large units are no matter
WELL = 0.3  # share of the constant's cost, or of the first loss, that a run has saved that does well


class Gain(NamedTuple):
    """The share of the best constant's cost that the late frames save, its standard error, and both costs."""

    share: float
    error: float
    loss: float
    constant: float
    frames: int


def number_loss(history: History) -> str:
    """Prefix of the first loss on numbers: one of torch's, else a written one; empty where there is none."""
    frame = history.last
    for prefix in ("loss.1/", "own.1/"):
        if frame is not None and f"{prefix}constant" in frame.values:
            return prefix
    return ""


def gain(history: History, prefix: str, late: float = 1 / 3, fewest: int = 5) -> Gain | None:
    """What the model saves beside the best constant on the same batches; None before `fewest` late frames."""
    pairs = [
        (f.values[f"{prefix}error"], f.values[f"{prefix}constant"])
        for f in history.frames
        if f"{prefix}constant" in f.values and f.step >= history.step() * late
    ][-40:]
    pairs = [(e, c) for e, c in pairs if math.isfinite(e) and math.isfinite(c)]
    constant = statistics.fmean(c for _, c in pairs) if pairs else 0.0
    if len(pairs) < fewest or constant <= 0:
        return None
    saved = [c - e for e, c in pairs]
    error = statistics.stdev(saved) / math.sqrt(len(saved))
    loss = statistics.fmean(e for e, _ in pairs)
    return Gain(statistics.fmean(saved) / constant, error / constant, loss, constant, len(pairs))


def learned(history: History) -> float | None:
    """The share of the best constant's cost saved of late; None where it is not known."""
    entropy, curve = history.counts.unigram_entropy(), history.nll()
    if curve and entropy:
        return 1 - statistics.median(x for _, x in curve[-3:]) / max(entropy, 1e-9)
    prefix = number_loss(history)
    values = [
        (f.values[f"{prefix}error"], f.values[f"{prefix}constant"])
        for f in history.frames
        if prefix and f"{prefix}constant" in f.values
    ]
    late = [1 - e / c for e, c in values[-3:] if c > 0]
    return statistics.median(late) if late else None


def is_whole_loss(history: History) -> bool:
    """Whether backward began on the mean of the only loss, or on a part of it, in most frames."""
    losses = (*history.last.losses, *history.last.written_out) if history.last is not None else ()
    if len(losses) != 1:  # none where the numbers of a run are all that is known
        return bool(history.nll()) and len({loss.op for loss in losses}) < 2
    prefix = losses[0].prefix
    name = f"{prefix}loss" if prefix.startswith("loss") else f"{prefix}error"
    pairs = [(f.values["loss"], f.values[name]) for f in history.frames if "loss" in f.values and name in f.values]
    ratios = [whole / part for whole, part in pairs if part and math.isfinite(whole / part)]
    if not ratios:
        return False
    alike = [r for r in ratios if abs(r - statistics.median(ratios)) < 0.2 * abs(statistics.median(ratios))]
    return len(alike) > len(ratios) / 2 and statistics.median(ratios) > 1e-3


def aims_at_data(history: History) -> bool:
    """Whether outputs are compared with data, and not with what a network makes."""
    last = history.last
    return last is not None and not any(x.made for x in (*last.losses, *last.written_out))


def is_a_game(history: History) -> bool:
    """Whether several optimizers train, in turns, on data and on what networks make, as the sides of a game do."""
    frames = history.training()
    return history.optimizers() > 1 and sum(f.inputs_made for f in frames) > len(frames) / 4


def settled(history: History, kept: Mapping[str, Finding], now: Mapping[str, Finding]) -> dict[str, Finding]:
    """Of what was found in a run that is over, what still holds: alarms that are no matter where a run does well are
    what their rules say at the end, if the loss has come to half of what it was then.
    """
    result = {}
    for id, finding in kept.items():
        last = now.get(id)
        if RULES[id].until_well and (last is None or last.severity == "info") and _has_halved(history, finding.step):
            result |= {id: last} if last is not None else {}
        else:
            result[id] = finding
    return result


def _has_halved(history: History, step: int) -> bool:
    """Whether the loss is half of what it was at this step, or less."""
    curve = [(w.step, w.mean) for w in history.loss_curve.windows] or history.losses()
    then = [x for s, x in curve if s <= step][-3:] or [x for _, x in curve[:1]]
    late = [x for _, x in curve[-3:]]
    return bool(late) and 0 <= statistics.median(late) < HALF * statistics.median(then)


def does_well(history: History) -> bool:
    """Whether a run has saved most of what a constant answer costs."""
    share = learned(history)
    return share is not None and share >= VERY_WELL


def fails(history: History) -> bool:
    """Whether the run broke, runs away, or has learned little after 150 steps."""
    losses, share = history.losses(), learned(history)
    if history.broken is not None:
        return True
    if history.step() < EARLY or len(losses) < 3:
        return any(v.severity == "sick" for v in too_high(history))
    if share is None:
        first, now = losses[0][1], statistics.median(x for _, x in losses[-3:])
        share = (first - now) / max(abs(first), 1e-12)
    return not share >= WELL

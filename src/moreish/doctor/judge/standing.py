"""Whether the loss stands at what a constant answer costs, although the inputs say something of the targets.

The losses of every step tell where a run stands, and the looks what a constant would have cost on the same batches.
"""

import math
import statistics
from typing import NamedTuple

from moreish.doctor.frames.choices import beyond_chance
from moreish.doctor.frames.history import History
from moreish.doctor.judge.progress import EARLY, aims_at_data, is_whole_loss, number_loss

LONG = 500  # steps from which a run is judged before its end
FEWEST = 3  # late looks
SAME = 1e-3  # of a factor: a loss that was heard is that of the looks, and neither weighted nor added to
SAVED = 0.02  # share of a constant's cost that is nothing
OF_KNOWN = 0.25  # of what the inputs surely tell: what is less is not what could be learned
OF_TIED = 0.6  # the same where that is a straight line through the place itself, without its neighbours
SURELY = 2.5  # times that, which what is saved does not exceed with two errors
ABOVE, BEGUN = 0.1, 0.5  # share of it that a run lies above where it stands there, and on its last way there
TIED = 0.08  # largest share of it that pictures and series surely tell, where they are tied to their targets


class Standing(NamedTuple):
    """A late loss beside the cost of a constant, which share of it is saved, and in words what the inputs say."""

    step: int
    loss: float
    constant: float
    saved: float
    told: str


class _Beside(NamedTuple):
    step: int
    loss: float
    constant: float


def heard_constant(history: History) -> float | None:
    """What the best constant costs as a loss that is heard; None where that is not what the looks measure."""
    factor = _factor(history)
    pairs = _pairs(history) if factor else []
    return factor * statistics.fmean(p.constant for p in pairs) if factor and len(pairs) >= FEWEST else None


def standing(history: History, saves: float = SAVED, above: float = ABOVE) -> Standing | None:
    """A run of 150 steps or more (judged at its end, from 500 on at any time) that saves less than `saves` of a
    constant's cost, and less than a quarter of what its inputs surely tell; it may lie above by `above` of it.
    """
    curve, factor = history.loss_curve, _factor(history)
    step = max(history.step(), curve.windows[-1].step if curve.windows else 0)
    if step < EARLY or (step < LONG and not history.ended) or not factor or not is_whole_loss(history):
        return None
    if not is_plain(history):
        return None
    pairs = [p for p in _pairs(history) if p.step >= step / 2]
    late = [w.mean / factor for w in curve.windows if w.step >= 0.75 * step]
    if len(pairs) < FEWEST or len(late) < FEWEST or not all(map(math.isfinite, late)):
        return None
    constant = statistics.fmean(p.constant for p in pairs)
    if not constant > 0:
        return None
    saved = [p.constant - p.loss for p in pairs]
    share, error = statistics.fmean(saved) / constant, _error(saved) / constant
    heard = constant - statistics.fmean(late)
    doubt = math.hypot(_error(late), _error([p.constant for p in pairs]))
    known, told, tied = _told(history)
    if not known:
        return None
    of_known = OF_TIED if tied else OF_KNOWN
    least = min(saves, of_known * known)
    if not -above < share <= least or share + 2 * error > min(SURELY * least, max(of_known, 0.5) * known):
        return None
    if heard - 2 * doubt > least * constant:  # it has fallen since, or between the looks
        return None
    return Standing(step, statistics.fmean(late) * factor, constant * factor, share, told)


def _error(values: list[float]) -> float:
    return statistics.stdev(values) / math.sqrt(len(values))


def _factor(history: History) -> float:
    """What the loss of the looks is multiplied by where backward begins, if that is the same each time; else 0."""
    prefix = number_loss(history)
    name = f"{prefix}error" if prefix else "loss.1/nll"
    pairs = [(f.values["loss"], f.values[name]) for f in history.frames if "loss" in f.values and name in f.values]
    ratios = [whole / part for whole, part in pairs if part > 0 and math.isfinite(whole / part)]
    if len(ratios) < FEWEST or min(ratios) <= 0 or max(ratios) - min(ratios) > SAME * max(ratios):
        return 0.0
    return statistics.median(ratios)


def _pairs(history: History) -> list[_Beside]:
    """The loss of each look, and what the best constant of the whole run would have cost on its batch."""
    prefix = number_loss(history)
    if prefix:
        return [
            _Beside(f.step, f.values[f"{prefix}error"], f.values[f"{prefix}constant"])
            for f in history.frames
            if f.values.get(f"{prefix}constant", 0.0) > 0 and math.isfinite(f.values[f"{prefix}error"])
        ]
    looks, often = history.counts.choices.looks, history.counts.choices.frequencies()
    if often is None:
        return []
    costs = -often.clamp(min=1e-12).log()
    by_step = {f.step: f.values["loss.1/nll"] for f in history.frames if "loss.1/nll" in f.values}
    return [
        _Beside(look.step, by_step[look.step], float((look.asked * costs).sum() / look.asked.sum()))
        for look in looks
        if math.isfinite(by_step.get(look.step, math.inf)) and float(look.asked.sum()) > 0
    ]


def is_plain(history: History) -> bool:
    """Whether one optimizer learns from data, and not from what networks make."""
    if not aims_at_data(history):
        return False
    frames = history.training()
    made = [f.ran_without_grad or f.inputs_made or f.inputs_require_grad or len(f.learning_rates) > 1 for f in frames]
    return sum(made) <= len(made) / 2


class _Told(NamedTuple):
    """Which share of a constant's cost could surely be saved (0 where that is not known), by what, and whether by no
    more than the place itself."""

    share: float
    words: str
    tied: bool = False


def _told(history: History) -> _Told:
    counts, prefix = history.counts, number_loss(history) or "loss.1/"
    for what, tie in (
        ("brightness of a picture", counts.paired.brightness),
        ("texture of a picture", counts.paired.texture),
        ("strength of a series", counts.choices.series),
    ):
        if beyond_chance(tie):
            words = f"the {what} goes with its targets ({tie.strength:+.2f} +- {tie.error:.2f})"
            return _Told(min(TIED, _worth(history, tie.explained)), words, tied=True)
    if (share := counts.choices.told()) > 0:
        return _Told(min(share, 1.0), f"the symbol of a place tells {share:.0%} of its class")
    known = counts.information()
    entropy = counts.unigram_entropy()
    if known is not None and entropy and known.target > 0.05:
        return _Told(known.target / entropy, f"the last input tells {known.target:.2f} nats of its target")
    links = counts.links.get(prefix)
    best = links.best(not number_loss(history)) if links is not None else None
    if best is None or not best.share > 0:
        return _Told(0.0, "")
    return _Told(min(_worth(history, best.share), 0.5), f"one number explains {best.share:.1%} of its variance")


def _worth(history: History, share: float) -> float:
    """Which share of a constant's cost is saved by what explains a share of the variance of the targets.

    Of numbers that share; of a rare class half of it in nats, or more.
    """
    often = history.counts.choices.frequencies()
    p = [float(x) for x in often if x > 0] if often is not None else []
    if len(p) < 2:
        return share
    return share / (-2 * sum(x * math.log(x) for x in p))

"""The triage: which runs need a closer look. A healthy one is soon left alone, so that watching it costs little."""

import math
import statistics
from collections.abc import Iterable

from moreish.doctor.frames.history import History
from moreish.doctor.frames.quantities import DRIFTED
from moreish.doctor.judge.finding import Finding

EARLY = 50  # steps in which nothing is expected of a run yet
LEARNED = 250  # steps after which a model should know more than how often each class occurs
FALLEN, WITHIN = 0.1, 100  # of its first value, in so many steps: a loss that has fallen by less has hardly moved
FIRST, JUMP = 8, 0.15  # of its first value: a loss that has risen by more in the first frames has jumped


def worrying(history: History, found: Iterable[Finding] = ()) -> bool:
    """Whether there is an alarm, the loss jumped at first or has hardly fallen, tells of frequencies only, or a
    BatchNorm lags behind.
    """
    if any(finding.severity != "info" for finding in found):
        return True
    return history.step() >= EARLY and (_jumped(history) or _learns_little(history) or _lags(history))


def _jumped(history: History) -> bool:
    losses = [f.values["loss"] for f in history.frames[:FIRST] if "loss" in f.values]
    return bool(losses) and max(losses) > losses[0] + JUMP * abs(losses[0])


def _learns_little(history: History) -> bool:
    first, now = history.frames[0].values.get("loss"), _lately(history, "loss")
    if first is None or now is None:
        return False
    expected = FALLEN * min(1.0, history.step() / WITHIN)
    if not math.isfinite(now) or (history.from_scratch and now > first - expected * abs(first)):
        return True
    error, constant = _lately(history, "loss.1/error"), _lately(history, "loss.1/constant")
    if history.step() >= LEARNED and error is not None and constant is not None and error > 0.9 * constant:
        return True
    nll = _lately(history, "loss.1/nll")
    if history.step() < LEARNED or nll is None:
        return False
    entropy = history.counts.unigram_entropy()
    return entropy is not None and nll > 0.9 * entropy


def _lately(history: History, key: str) -> float | None:
    """Median of a quantity over at most three frames of the last third of the steps."""
    recent = [f.values[key] for f in history.frames[-3:] if key in f.values and f.step >= history.step() * 2 / 3]
    return statistics.median(recent) if recent else None


def _lags(history: History) -> bool:
    values = history.frames[-1].values
    names = [call.layer for call in history.calls() if call.op == "batch_norm"]
    return any(abs(values.get(f"{name}/{what}", 0.0)) > DRIFTED for name in names for what in ("drift", "stretch"))

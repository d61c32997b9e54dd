"""Findings about updates: how much a step changes the weights, and what comes of it."""

import itertools
import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from moreish.doctor.frames.history import History
from moreish.doctor.frames.quantities import HIGH_RATIO, LOW_RATIO, USUAL_RATIO
from moreish.doctor.judge.courses import LossTrend, broke_at_once, clipped, loss_trend
from moreish.doctor.judge.finding import Operation, Severity
from moreish.doctor.judge.rules.gradients import vanished
from moreish.doctor.judge.rules.start import fan_in, shape_of
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

DONE = 0.01  # of the first loss: a run that has come so far is not harmed
AT_ONCE = -0.4  # log10 of update to weight at which no look at the loss is needed
AIM = -2.1  # log10 of update to weight that a changed learning rate aims at
FIRST_AIM = -1.9  # the same for the first update, which is the largest of a healthy run
ADAPTIVE = ("Adam", "NAdam", "RAdam", "Adagrad", "RMSprop", "Rprop", "Adafactor", "Lion")  # step by the rate alone
HIGHEST_ADAPTIVE, HIGHEST = 0.1, 10.0  # learning rates above which none is proposed
FEWEST, ENOUGH = 5, 10  # looks at updates
FLAT_START = 0.3  # weights that start below this share of 1 / sqrt(fan_in) are meant to grow


def judged_weights(history: History) -> list[str]:
    """Weights whose ratio says something about the learning rate: not those that start near zero."""
    judged = []
    for weight in history.weights():
        std = next((f.values[f"{weight}/std"] for f in history.frames if f"{weight}/std" in f.values), 0.0)
        if std > FLAT_START / math.sqrt(fan_in(shape_of(history, weight)) or 1):
            judged.append(weight)
    return judged


def ratio(history: History, last: int, least: int = 1) -> float | None:
    """Median over weights of the median over the last frames of log10 std(dw) / std(w)."""
    medians = [history.median(f"{w}/update_ratio", last, least) for w in judged_weights(history)]
    known = [m for m in medians if m is not None]
    return statistics.median(known) if known else None


@Rule(
    "F13",
    "high-learning-rate",
    "learning rate too high",
    silent="the loss falls and the updates are small beside the weights",
    why="Each update should change the weights by about a thousandth of their size.\n"
    "Much larger ones jump over the valley that the gradient points into:\n"
    "the loss stays high, swings, or runs away.",
    explains=("F01", "F08", "F22", "F28", RUNAWAY),
    rank=210,
    by_updates=True,
    until_well=True,
)
def too_high(history: History) -> Iterator[Verdict]:
    """Updates larger than the weights; or updates above 1/50 with a loss that rises or does not fall; or first ones
    of a tenth, after which only frequencies were learned.
    """
    first = ratio_at_start(history)
    now = ratio(history, 20)
    trend = loss_trend(history)
    if first is None or now is None or trend is None:
        return
    high = max(first, now)
    if broke_at_once(history) and high < -1:
        return
    verdict = _too_high(history, first, now, trend)
    if verdict is None:
        return
    severity, reason = verdict
    step = history.step()
    lowest = min(trend.first, trend.best)  # which is a median of a few, so that one lucky batch is no best
    factor = min(max(min(10 ** (AIM - high), 10 ** (FIRST_AIM - first_ratio(history))), 1e-5), 0.3)
    yield found(
        severity,
        "",
        step,
        f"One update changes the weights by {10**high:.2g} of their size (10^{high:z.1f}; about 10^-3 is healthy), "
        f"and {reason}: loss {trend.first:.3g} {history.at_first}, {lowest:.3g} at best, {trend.now:.3g} now.",
        f"Multiply the learning rate by {factor:.1g}" + _lr(history, factor) + ".",
        picture="update_ratio",
        operation=Operation("set_lr", {"factor": factor}),
        ratio=high,
        factor=factor,
        loss_first=trend.first,
        loss_best=lowest,
        loss_now=trend.now,
    )


def _too_high(history: History, first: float, now: float, trend: LossTrend) -> tuple[Severity, str] | None:
    """How bad, and why: what the updates do to the weights, the loss and the activations."""
    step, high = history.step(), max(first, now)
    climbed = trend.now - trend.best > max(0.5 * abs(trend.best), 0.2, 4 * trend.noise)
    away = trend.now > trend.first + max(0.5, 3 * trend.noise) or not math.isfinite(trend.now)
    plays = trend.best < 0 < trend.first or history.optimizers() > 1  # a policy, or against another: it need not fall
    stuck = step >= 50 and trend.now > trend.first - 0.02 * abs(trend.first) and not plays
    if (first > AT_ONCE or (now > AT_ONCE and step >= 20)) and not trend.now < DONE * trend.first:
        return "sick", "the weights are replaced at every step"
    meant = math.isfinite(trend.now) and (history.weights_grow() or history.restarts())  # the loss may rise then
    if high > HIGH_RATIO and away and not meant:
        return "sick", "the loss runs away"
    if high > HIGH_RATIO and climbed and step >= 100 and not meant:
        return "sick", "the loss is far above its best"
    if now > -1 and step >= 50 and trend.now > trend.best + trend.noise:
        return "sick", "the weights are replaced every few steps"
    halved = trend.now < 0.5 * trend.first
    if first > -1 and not halved and not meant and (layer := _broke(history)):
        return "sick", f"`{layer}`, which was fine {history.at_first}, is saturated or dead since"
    if first > -1 and step >= 300 and _knows_nothing(history):
        known = history.counts.information()
        says = known is not None and known.target > 0.1
        return "sick" if says else "watch", "nothing but how often each class occurs was learned since"
    if now > HIGH_RATIO and stuck and not meant:
        return "watch", "the loss does not fall"
    return None


def _knows_nothing(history: History) -> bool:
    """Whether the loss is that of the frequencies."""
    entropy, nll = history.counts.unigram_entropy(), history.median("loss.1/nll", 5, least=5)
    return entropy is not None and nll is not None and nll > 0.98 * entropy


def _broke(history: History) -> str:
    """An activation that was alive at the start and is mostly saturated or dead in the last five frames."""
    for call, key in history.layers("saturated"):
        values = history.series(key)
        if len(values) >= 10 and values[0] < 0.2 and min(values[-5:]) > 0.5 and not call.gate:
            return call.layer
    for call, key in history.layers("dead_in_batch"):
        values = history.series(key)
        if call.kind == "activation" and len(values) >= 10 and values[0] < 0.3 and min(values[-5:]) > 0.7:
            return call.layer
    return ""


def first_ratio(history: History) -> float:
    """Median over weights of the ratio of the first update seen."""
    firsts = [history.series(f"{w}/update_ratio")[0] for w in judged_weights(history) if w]
    return statistics.median(firsts)


def ratio_at_start(history: History) -> float | None:
    """Median over weights of the ratio in the first three frames."""
    firsts = [history.series(f"{w}/update_ratio")[:3] for w in judged_weights(history)]
    known = [statistics.median(v) for v in firsts if len(v) == 3]
    return statistics.median(known) if known else None


def _lr(history: History, factor: float) -> str:
    """The learning rate before and after, of each group that holds a judged weight; named where there are several."""
    judged = set(judged_weights(history))
    latest = next((f.groups for f in reversed(history.frames) if f.groups), [])
    groups = [g for g in latest if judged.intersection(g.parameters)]
    if not groups:
        rates = history.frames[-1].learning_rates if history.frames else []
        return f" (lr {rates[0]:g} > {rates[0] * factor:.1g})" if rates else ""
    several = len(latest) > 1
    changes = [f"{g.name + ': ' if several else ''}lr {g.lr:g} > {g.lr * factor:.1g}" for g in groups[:3]]
    return f" ({'; '.join(changes)})"


@Rule(
    "F11",
    "high-update-ratio",
    "update ratio too high",
    silent="biases, norms, weights that start near zero",
    why="The update ratio is std(dw) / std(w), measured over the real step of the optimizer.\n"
    "About 10^-3 is healthy; 10^-1 means that ten steps replace a weight.\n"
    "It is judged by what the step does, not by the learning rate's value.",
    kinds=(RUNAWAY,),
)
def high_ratio(history: History) -> Iterator[Verdict]:
    """Median of the last 50 frames above -1.7 while the loss does well: worth knowing, no alarm."""
    now = ratio(history, 50, 10)
    if now is not None and now > HIGH_RATIO:
        yield found(
            "info",
            "",
            history.step(),
            f"Updates are {10**now:.2g} of the weights' size (10^{now:z.1f}); about 10^-3 is usual.",
            "Try a smaller learning rate.",
            picture="update_ratio",
            ratio=now,
        )


@dataclass(frozen=True)
class UpdateStats:
    """How the weights move while the learning rate is at its height.

    `ratio` is log10 of update to weight, `straight` the distance from the start over the length of the way: 1 where
    all updates point the same way, 1 / sqrt(steps) where they are noise. `steps` is how long the rate was high.
    """

    ratio: float
    straight: float
    steps: int


def update_stats(history: History) -> UpdateStats | None:
    """How the weights move; None before 95 steps at the height of the learning rate, and once that has fallen."""
    frames = history.training()
    rates = [max(f.learning_rates or [0.0]) for f in frames]
    top = max(rates, default=0.0)
    high = [f for f, rate in zip(frames, rates, strict=True) if rate >= 0.5 * top]
    if len(high) < FEWEST or rates[-1] < 0.5 * top or high[-1].step - high[0].step < 95:
        return None
    ratios, straights = [], []
    for weight in judged_weights(history):
        recent = [f.values[f"{weight}/update_ratio"] for f in high if f"{weight}/update_ratio" in f.values][-50:]
        travel, way = frames[-1].values.get(f"{weight}/travel"), _way(history, weight)
        if recent and travel is not None and way > 0:
            ratios.append(statistics.median(recent))
            straights.append(min(travel / way, 1.0))
    if not ratios or not all(map(math.isfinite, (*ratios, *straights))):
        return None
    ratio = statistics.median(ratios)
    if len(high) < ENOUGH and ratio > LOW_RATIO:
        return None  # updates that are next to nothing need fewer looks
    return UpdateStats(ratio, statistics.median(straights), high[-1].step - high[0].step)


def _way(history: History, weight: str) -> float:
    """Length of the way that a weight has gone, in units of its first spread; between frames it is interpolated."""
    sizes = [
        (f.step, f.values[f"{weight}/update_rms"]) for f in history.training() if f"{weight}/update_rms" in f.values
    ]
    spread = history.series(f"{weight}/std")[0]
    return sum((t - s) * (a + b) / 2 for (s, a), (t, b) in itertools.pairwise(sizes)) / max(spread, 1e-30)


@Rule(
    "F14",
    "low-learning-rate",
    "learning rate too low",
    silent="the learning rate warms up or has decayed; the run did not start from scratch; updates that are noise",
    why="After hundreds of steps the loss is still almost where chance put it, and every update was tiny.\n"
    "The updates have pointed the same way all along: one larger step would have done.\n"
    "The run costs time and learns little.",
    explains=("F12", "F22", "F23", "F29"),
    kinds=(NOT_LEARNING,),
    rank=240,
)
def too_low(history: History) -> Iterator[Verdict]:
    """Small updates that go straight on, with a loss that has hardly fallen or is above that of the frequencies."""
    stats, trend = update_stats(history), loss_trend(history)
    if stats is None or trend is None or not history.from_scratch or not math.isfinite(trend.now):
        return
    entropy = history.counts.unigram_entropy()
    gone = (trend.first - trend.now) / max(abs(trend.first), 1e-12)
    rose = trend.now > trend.first + max(0.1 * abs(trend.first), 3 * trend.noise)
    straight = stats.straight > 2 / math.sqrt(stats.steps)
    early = stats.steps < 195 and stats.ratio > LOW_RATIO
    nll = history.median("loss.1/nll", 5) or trend.now  # the loss itself may be scaled
    ignorant = entropy is not None and nll > entropy + 0.1
    still = (
        stats.ratio < LOW_RATIO and trend.first - trend.now < 3 * trend.noise
    )  # no more than one batch is from the next
    slow = stats.ratio < -3.5 and (gone < 0.05 or ignorant or still)
    crawls = stats.ratio < USUAL_RATIO and ignorant and stats.straight > 0.5 and stats.steps >= 500
    knows = entropy is not None and nll < entropy - 0.1
    if knows or rose or early or stats.ratio < -12 or not straight or not (slow or crawls):
        return
    if clipped(history) is not None or vanished(history):
        return  # F79 or F09 says what makes the steps small
    factor, fix = _faster(history, 10 ** (AIM - stats.ratio))
    yield found(
        "sick" if gone < 0.1 else "watch",
        "",
        history.step(),
        f"After {history.step()} steps{history.since} the loss has only gone from {trend.first:.3g} to "
        f"{trend.now:.3g}: each update is 10^{stats.ratio:z.1f} of the weights, and they still point the same way "
        f"({stats.straight:.0%} of the way is straight).",
        fix,
        picture="update_ratio",
        operation=Operation("set_lr", {"factor": factor}) if factor > 1 else None,
        ratio=stats.ratio,
        straight=stats.straight,
        factor=factor,
    )


def _faster(history: History, factor: float) -> tuple[float, str]:
    """A higher learning rate to try, within what is usual; 1 where it is not the rate that is low."""
    latest = next((f.groups for f in reversed(history.frames) if f.groups), [])
    for group in latest:
        most = HIGHEST_ADAPTIVE if group.kind.startswith(ADAPTIVE) else HIGHEST
        factor = min(factor, most / group.lr) if group.lr > 0 else factor
    if factor < 3:
        norm = history.median("grad_norm", 10) or 0.0
        return 1.0, (
            f"The learning rate is not low; the gradient is small (norm {norm:.1g}): look for what scales the loss "
            "or cuts the gradient down."
        )
    return factor, f"Try a learning rate {factor:.2g} times as high" + _lr(history, factor) + "."


@Rule(
    "F12",
    "low-update-ratio",
    "update ratio too low",
    silent="learning rate warms up or has decayed; weights without gradient",
    why="The update ratio is std(dw) / std(w), measured over the real step of the optimizer.\n"
    "At 10^-5 it takes a hundred thousand steps in one direction to replace a weight.\n"
    "Healthy is about 10^-3.",
    kinds=(NOT_LEARNING,),
)
def low_ratio(history: History) -> Iterator[Verdict]:
    """Median of the last 50 frames below -4.5 on half of the weights."""
    stats = update_stats(history)
    if stats is not None and stats.steps >= 195 and stats.ratio < LOW_RATIO:
        yield found(
            "info",
            "",
            history.step(),
            f"Updates are {10**stats.ratio:.1g} of the weights' size; about 10^-3 is usual.",
            _slow_groups(history),
            picture="update_ratio",
            ratio=stats.ratio,
        )


def _slow_groups(history: History) -> str:
    """Which groups move slowly, with their learning rates, where not all do."""
    latest = next((f.groups for f in reversed(history.frames) if f.groups), [])
    slow = []
    for group in latest:
        medians = [history.median(f"{w}/update_ratio", 50) for w in group.parameters]
        known = [m for m in medians if m is not None]
        if known and statistics.median(known) < LOW_RATIO:
            slow.append(f"{group.name} (lr {group.lr:g}, `{group.parameters[0]}` ...)")
    if not slow:
        return "Try a larger learning rate."
    return f"Try a larger learning rate for {', '.join(slow)}."


@Rule(
    "F19",
    "nothing-changes",
    "the step changes nothing",
    silent="the learning rate is 0 for a few steps only (warm-up); a skipped step of mixed precision",
    why="Gradients arrive, the optimizer steps, and not one weight is different afterwards.\n"
    "The learning rate is 0, or so small that it rounds away,\n"
    "or the optimizer holds other tensors than the model uses.",
    explains=(NOT_LEARNING,),
    rank=30,
)
def nothing_changes(history: History) -> Iterator[Verdict]:
    """No parameter changed in five frames in a row although gradients were there."""
    frames = [f for f in history.training(5) if f.values.get("grad_norm", 0.0) != 0.0]
    sizes = [[v for k, v in f.values.items() if k.endswith("/update_rms")] for f in frames]
    if len(frames) < 5 or any(not every or any(every) for every in sizes):  # none where they were not measured
        return
    rates = frames[-1].learning_rates
    yield found(
        "sick",
        "",
        frames[0].step,
        f"{len(frames)} steps in a row changed no weight; the learning rate is {max(rates, default=0.0):g}.",
        "Set a learning rate above 0 (look at the scheduler), and build the optimizer from the model's parameters.",
        confidence=1.0,
        picture="update_ratio",
        operation=Operation("set_lr", {"value": 1e-3, "plain": 0.1}),
    )

"""Findings about the pace of a run: what is cut off the gradient, and where the learning rate goes."""

import itertools
import statistics
from collections.abc import Iterator

from moreish.doctor.frames.frame import Frame
from moreish.doctor.frames.groups import Group
from moreish.doctor.frames.history import History
from moreish.doctor.frames.quantities import USUAL_RATIO
from moreish.doctor.judge.courses import Course, LossTrend, clipped, courses, loss_trend
from moreish.doctor.judge.finding import Operation
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

LATEST = 3  # frames
NOTHING, LITTLE = 1e-3, 1e-2  # of its highest: learning rates at which a run stands still, or nearly


def hardly_fell(trend: LossTrend, share: float) -> bool:
    """Whether the loss has lost less than a share of its first value."""
    return trend.first - trend.now < share * abs(trend.first)


@Rule(
    "F79",
    "clipped-away",
    "clipping leaves nothing of the gradient",
    silent="the loss falls; a norm that is cut now and then; a gradient that is divided by a fixed number",
    why="Clipping is there for the rare step whose gradient is many times the usual one.\n"
    "Where it cuts every step to a small part, it has become the learning rate:\n"
    "the optimizer only ever sees the rest.",
    explains=("F14", "F12", "F22", "F23", "F29", NOT_LEARNING),
    rank=238,
)
def clipped_away(history: History) -> Iterator[Verdict]:
    """Less than a tenth of the gradient is left at nine steps in ten, updates are tiny, and the loss hardly falls."""
    cut, trend = clipped(history), loss_trend(history)
    if cut is None or trend is None or history.step() < 50:
        return
    left, group = cut
    ratios = [history.median(f"{w}/update_ratio", 20) for w in group.parameters]
    known = [r for r in ratios if r is not None]
    tiny = bool(known) and statistics.median(known) < USUAL_RATIO - 0.5
    if not tiny or not hardly_fell(trend, 0.15):
        return
    norm = group.norm or 0.0
    larger = norm / left
    yield found(
        "sick" if hardly_fell(trend, 0.1) else "watch",
        "",
        history.step(),
        f"Between backward and step the gradient is cut to {left:.1g} of its length (to {norm:.2g}) at nearly every "
        f"step, and the loss only went from {trend.first:.3g} to {trend.now:.3g}.",
        f"Clip far less: the gradient's norm is about {larger:.2g} here, so max_norm={_rounded(2 * larger):g} leaves "
        "usual steps alone.",
        confidence=0.95,
        picture="grad_norm",
        left=left,
        norm=norm,
        unclipped=larger,
    )


def _rounded(x: float) -> float:
    return float(f"{x:.1g}")


@Rule(
    "F80",
    "schedule-over",
    "the learning rate fell to nothing early",
    silent="the end of a decay; a loss that has fallen to a tenth; a rate that is lowered on a plateau",
    why="A schedule is planned for a number of steps; stepped more often than that, it is over early.\n"
    "A scheduler that is meant for epochs and called per batch is over within the first one.\n"
    "The rest of the run costs time and changes nothing.",
    explains=("F12", "F14", "F19", "F22", "F29", NOT_LEARNING),
    rank=26,
)
def schedule_over(history: History) -> Iterator[Verdict]:
    """Below 1 % of its highest for the last half of the steps, over three looks and a hundred steps or more."""
    trend = loss_trend(history)
    if trend is None or trend.now < 0.1 * trend.first:
        return
    over = [o for o in map(_over, courses(history)) if o is not None]
    if not over or not _idle(history, over):
        return
    since, until, course = max(over, key=lambda o: o[1] - o[0])
    now, top = course.rates[-1], max(course.rates)
    schedule = next((g.schedule for g in reversed(course.groups) if g.schedule is not None), None)
    plateau = schedule is not None and "Plateau" in schedule.kind
    how = ""
    if schedule is not None:
        planned = f"(planned for {schedule.length} steps)" if schedule.length else ""
        how = f" {schedule.kind}{planned} has made {schedule.stepped} steps."
    yield found(
        "watch" if plateau or now > NOTHING * top else "sick",
        "",
        since,
        f"The learning rate of {course.groups[-1].name} fell from {top:g} to {now:.2g} by step {history.at(since)}, "
        f"of {history.at(until)} so far, and the loss has stood at {trend.now:.3g} since.{how}",
        "Plan the schedule for the whole run: its length counts calls of scheduler.step(), so give it "
        "epochs * len(loader) where it is called per batch, or call it once per epoch.",
        confidence=0.95,
        picture="loss",
        highest=top,
        now=now,
    )


def _over(course: Course) -> tuple[int, int, Course] | None:
    """Since when the rate has been next to nothing, and the last step seen."""
    rates, steps = course.rates, course.steps
    top = max(rates)
    late = len(rates)
    while late and rates[late - 1] < LITTLE * top:
        late -= 1
    if len(rates) - late < 3 or not late:
        return None
    since, until = steps[late], steps[-1]
    if until - since < 100 or until - since < 0.5 * (until - steps[0]):
        return None
    return since, until, course


def _idle(history: History, over: list[tuple[int, int, Course]]) -> bool:
    """Whether every optimizer that steps now has come to rest: one that is put to sleep on purpose is no fault."""
    resting = {(c.groups[-1].optimizer, c.groups[-1].place) for *_, c in over}
    latest = history.training(1)[-1].groups
    return all((g.optimizer, g.place) in resting or g.lr == 0 for g in latest)


@Rule(
    "F124",
    "factor-is-rate",
    "LambdaLR is given a rate instead of a factor",
    silent="a factor that rises, as in a warm-up; a factor that was larger before; a loss that falls",
    why="LambdaLR multiplies the learning rate that the optimizer began with by what its function returns.\n"
    "A function that returns the rate itself makes the square of it: 0.001 becomes 0.000001,\n"
    "and the run stands almost still.",
    explains=("F12", "F14", "F19", "F22", "F29", NOT_LEARNING),
    rank=27,
)
def factor_is_rate(history: History) -> Iterator[Verdict]:
    """The factor was a tenth or less at five looks, over fifty steps, and did not rise; the loss hardly fell."""
    trend = loss_trend(history)
    if trend is None or not hardly_fell(trend, 0.25):
        return
    for course in courses(history):
        group, factors = course.groups[-1], [g.lr / g.planned for g in course.groups if g.planned > 0]
        schedule = group.schedule
        if schedule is None or schedule.kind != "LambdaLR":
            continue
        if len(factors) < 5 or course.steps[-1] < 50 or max(factors) > 0.1:
            continue
        if factors[-1] > 1.5 * factors[0]:
            continue
        yield found(
            "sick",
            "",
            course.steps[0],
            f"The function of {schedule.kind} returns {factors[-1]:.2g}, which multiplies the learning rate "
            f"{group.planned:g} of {group.name}: the steps are made with {group.lr:.2g}, and the loss only went from "
            f"{trend.first:.3g} to {trend.now:.3g}.",
            "Return a factor: 1.0 leaves the learning rate as it is. Or begin with lr=1 and return the rate.",
            confidence=0.9,
            picture="loss",
            factor=factors[-1],
        )
        return


@Rule(
    "F81",
    "schedule-turns-back",
    "the learning rate rises again",
    silent="CosineAnnealingWarmRestarts and CyclicLR, which mean it; schedulers that are not torch's",
    why="A cosine is half a wave: stepped beyond its end, it comes up again.\n"
    "The weights that had come to rest are shaken up by a full learning rate,\n"
    "and the run may end anywhere on the wave.",
)
def turns_back(history: History) -> Iterator[Verdict]:
    """CosineAnnealingLR has made half as many steps again as it was planned for; above eight times it is watch."""
    for course in courses(history):
        plans = [(s, g) for s, g in zip(course.steps, course.groups, strict=True) if g.schedule is not None]
        if not plans:
            continue
        step, group = plans[-1]
        plan = group.schedule
        assert plan is not None
        if plan.kind == "CosineAnnealingLR" and 0 < 1.5 * plan.length < plan.stepped:
            yield found(
                "watch" if 8 * plan.length < plan.stepped else "info",
                "",
                step,
                f"CosineAnnealingLR was planned for {plan.length} steps and has made {plan.stepped}: the learning "
                f"rate of {group.name} goes up and down with a period of {2 * plan.length}.",
                "Set T_max to the number of calls of scheduler.step() in the whole run, or say that cycles are "
                "meant: CosineAnnealingWarmRestarts.",
                confidence=0.8,
                planned=plan.length,
                made=plan.stepped,
            )
            return


@Rule(
    "F82",
    "endless-warm-up",
    "the warm-up did not end",
    silent="the run goes on; the loss has fallen by a quarter",
    why="A warm-up raises the learning rate from almost nothing over its first steps.\n"
    "If it is planned for more steps than the run has, the run ends\n"
    "before it has ever been at the rate that was asked for.",
    explains=("F12", "F14", "F22", NOT_LEARNING),
    rank=28,
)
def endless_warm_up(history: History) -> Iterator[Verdict]:
    """At the end of 100 steps or more the rate has not come down and is below a fifth of what the scheduler leads to;
    sick where the loss has lost less than a tenth, or the rate is a hundredth of that.
    """
    trend = loss_trend(history)
    if not history.ended or trend is None or not hardly_fell(trend, 0.25):
        return
    for course in courses(history):
        rates, planned = course.rates, course.groups[-1].planned
        rising = all(a <= b for a, b in itertools.pairwise(rates))  # equal, where it is stepped per epoch
        if len(rates) < 4 or course.steps[-1] < 100 or not rising or not 0 < rates[-1] < 0.2 * planned:
            continue
        yield found(
            "sick" if hardly_fell(trend, 0.1) or rates[-1] < LITTLE * planned else "watch",
            "",
            course.steps[-1],
            f"The run ended at step {history.at(course.steps[-1])}, when the learning rate had come to "
            f"{rates[-1]:.2g} of the {planned:g} that its warm-up leads to.",
            "Plan the warm-up for a few per cent of the steps of the run; where it counts epochs, call "
            "scheduler.step() per epoch, where it counts batches, per batch.",
            confidence=0.85,
            rate=rates[-1],
            planned=planned,
        )
        return


@Rule(
    "F83",
    "weights-decay-away",
    "weight decay wins",
    silent="the loss falls, as it does in runs that are meant to grok; weights that were pruned",
    why="Weight decay takes a share of every weight at every step; the gradient has to bring it back.\n"
    "Where the decay is the larger of the two, the weights only shrink,\n"
    "whatever the data say, and all outputs become the same.",
    explains=("F12", "F14", "F17", "F22", "F23", "F08", "F09", NOT_LEARNING),
    rank=136,
    by_updates=True,
)
def decays_away(history: History) -> Iterator[Verdict]:
    """Weights of a decaying group have lost four fifths of their size, or a half where the decay is a fifth of what
    moves them, and the loss is above half of its first value; above three quarters it is sick. So is a term added to
    the loss that was most of it, halved the weights and left the loss on the data above nine tenths.
    """
    trend, frames = loss_trend(history), history.training()
    if trend is None or len(frames) < 4 or frames[-1].step < 50:
        return
    if not hardly_fell(trend, 0.5):
        yield from _penalised(history, trend)
        return
    for course in courses(history):
        group = course.groups[-1]
        shares = [s for s in (_share(frames, w) for w in group.parameters) if s is not None]
        if not shares or not _strong(group, frames[-1].step):
            continue
        share, pull = statistics.median(shares), _pull(frames[-LATEST:], group)
        if share > 0.2 and not (min(shares) < 0.5 and pull > 0.2):
            continue
        wanted = 0.01 if group.decoupled else 1e-4
        yield found(
            "sick" if hardly_fell(trend, 0.25) or pull > 0.2 else "watch",
            "",
            frames[-1].step,
            f"weight_decay={group.weight_decay:g} of {group.name} has shrunk the weights by step "
            f"{history.at(frames[-1].step)} to {share:.2g} of their first size{history.since}, while the loss only "
            f"went from {trend.first:.3g} to {trend.now:.3g}.",
            f"Set weight_decay={wanted:g}, and 0 for biases and norms.",
            confidence=0.9,
            operation=Operation("set_weight_decay", {"value": wanted}),
            share=share,
            weight_decay=group.weight_decay,
        )
        return
    yield from _penalised(history, trend)


def _penalised(history: History, trend: LossTrend) -> Iterator[Verdict]:
    """A term that is added to the loss shrinks the weights, and the loss on the data stays where it was."""
    frames = [f for f in history.training() if "loss" in f.values and "loss.1/loss" in f.values]
    if len(frames) < 5 or any(g.weight_decay for f in frames[-1:] for g in f.groups):
        return
    first, late = frames[0], frames[-LATEST:]
    data = statistics.median(f.values["loss.1/loss"] for f in late)
    begin = first.values["loss.1/loss"]
    added = 1 - begin / first.values["loss"] if first.values["loss"] > 0 else 0.0
    shares = [s for s in (_share(frames, w) for w in history.weights()) if s is not None]
    if added < 0.5 or not shares or statistics.median(shares) > 0.5 or data < 0.9 * begin or begin <= 0:
        return
    yield found(
        "sick",
        "",
        frames[-1].step,
        f"What is added to the loss ({added:.0%} of it {history.at_first}) has shrunk the weights by step "
        f"{history.at(frames[-1].step)} to {statistics.median(shares):.2g} of their first size, while the loss on "
        f"the data only went from {begin:.3g} to {data:.3g}.",
        "If it is a penalty on the weights, multiply it by far less (1e-4 and below), or use AdamW with "
        "weight_decay=0.01.",
        confidence=0.85,
        share=statistics.median(shares),
        added=added,
    )


def _strong(group: Group, steps: int) -> bool:
    """Whether a decay can win at all: of the gradient, or of the weights over so many steps."""
    if group.decoupled:
        return group.weight_decay >= 0.2 and group.lr * group.weight_decay * steps > 0.5
    return group.weight_decay >= 0.02


def _pull(frames: list[Frame], group: Group) -> float:
    """The part of the decay in what moves the weights: of the gradient, or where it is decoupled, of the update."""
    parts = []
    for f in frames:
        for w in group.parameters:
            size = f.values.get(f"{w}/rms", 0.0) * group.weight_decay * (group.lr if group.decoupled else 1.0)
            moves = f.values.get(f"{w}/{'update_rms' if group.decoupled else 'grad_rms'}", 0.0)
            if moves > 0 and f"{w}/std" in f.values:
                parts.append(size / moves)
    return statistics.median(parts) if parts else 0.0


def _share(frames: list[Frame], weight: str) -> float | None:
    """The size of a weight now, over that at first."""
    sizes = [f.values[f"{weight}/rms"] for f in frames if f"{weight}/rms" in f.values and f"{weight}/std" in f.values]
    return sizes[-1] / sizes[0] if len(sizes) >= 4 and sizes[0] > 0 else None

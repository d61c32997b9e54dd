"""Findings about half precision: what rounds away in it."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.courses import loss_trend
from moreish.doctor.judge.finding import Operation
from moreish.doctor.judge.table import NOT_LEARNING, Rule, Verdict, found

HALF = ("float16", "bfloat16")
STILL = 0.75  # share of the elements of a weight that a step left as they were


@Rule(
    "F91",
    "epsilon-rounds-away",
    "epsilon is 0 in this precision",
    silent="weights in float32, also under autocast; bfloat16, which holds it",
    why="Adam divides by the root of the mean squared gradient, plus eps so that this is never 0.\n"
    "float16 has nothing between 0 and 6e-8, so an eps of 1e-8 is 0 there, and so is the square of 1e-4:\n"
    "the first gradient that is small makes 0 / 0.",
    explains=("F15", "F13", "F17", NOT_LEARNING),
    rank=22,
    preflight=True,
)
def epsilon_rounds_away(history: History) -> Iterator[Verdict]:
    """eps, in the precision of the parameters, is exactly 0."""
    frame = next((f for f in history.frames if any(g.epsilon_is_lost for g in f.groups)), None)
    if frame is None:
        return
    group = next(g for g in frame.groups if g.epsilon_is_lost)
    yield found(
        "sick" if history.broken is not None else "watch",
        "",
        frame.step,
        f"{group.kind} has eps={group.eps:g}, which is 0 in {group.dtype}, the precision of its parameters.",
        "Keep the weights in float32 and use torch.autocast with torch.amp.GradScaler, or set eps=1e-4.",
        confidence=1.0,
        operation=Operation("set_eps", {"value": 1e-4}),
        eps=group.eps,
    )


@Rule(
    "F92",
    "update-rounds-away",
    "updates round away",
    silent="weights in float32; optimizers that keep a copy in float32; less than three elements in four",
    why="bfloat16 has three digits: what is added to a weight must be a hundredth of it to be seen at all.\n"
    "A usual update is a thousandth, so it is rounded away, at this step and at the next.\n"
    "float32 weights under autocast cost little and keep it.",
    explains=("F12", "F14", "F19", "F22", NOT_LEARNING),
    rank=24,
)
def update_rounds_away(history: History) -> Iterator[Verdict]:
    """Of weights in half precision whose gradient is not 0, the step left three elements in four as they were, in
    four looks.
    """
    frames = [f for f in history.training() if f.unmoved]
    if len(frames) < 4:
        return
    group = next((g for g in frames[-1].groups if g.dtype in HALF), None)
    recent = {n: [f.unmoved[n] for f in frames[-8:] if n in f.unmoved] for n in frames[-1].unmoved}
    still = [min(shares) for shares in recent.values() if len(shares) >= 4 and min(shares) > STILL]
    if group is None or group.lr == 0 or not still or 2 * len(still) < len(recent):
        return
    trend = loss_trend(history)
    stands = trend is not None and frames[-1].step >= 50 and trend.now > 0.85 * trend.first
    yield found(
        "sick" if stands else "watch",
        "",
        frames[0].step,
        f"A step of {group.kind} with lr={group.lr:g} leaves {min(still):.0%} of the weights exactly as they were: "
        f"in {group.dtype} the rest of the update rounds away.",
        "Keep the weights in float32 and compute under torch.autocast, or round stochastically.",
        confidence=0.9,
        picture="update_ratio",
        share=min(still),
    )

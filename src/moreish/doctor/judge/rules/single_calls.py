"""Findings that stand in single calls: states cut off, sizes swapped by a view, one module several times."""

from collections.abc import Iterator

from moreish.doctor.frames.history import History
from moreish.doctor.judge.rules.gradients import owner
from moreish.doctor.judge.rules.updates import too_high
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

CHAIN = 4  # times that a layer got what it had given before


@Rule(
    "F70",
    "cut-state",
    "the state is cut at every step",
    silent="fewer than five steps in one forward; another way by which the gradient goes back; a state that is cut "
    "once for each stretch of time",
    why="A recurrent layer learns what to keep from what is needed later: the gradient goes back through "
    "its states.\n"
    "With detach at every step it is told of its last step only.\n"
    "Truncated backpropagation cuts once in many steps, between two calls of backward.",
    explains=("F12", "F14", "F23", NOT_LEARNING),
    rank=54,
)
def state_cut(history: History) -> Iterator[Verdict]:
    """In one forward a layer gets what it gave before four times or more, each time through detach: exact."""
    for frame in (history.layout, history.first):
        for weight, state in (frame.noted.states if frame is not None else {}).items():
            if state.cut >= CHAIN and not state.whole and frame is not None:
                yield found(
                    "sick",
                    owner(weight),
                    frame.step,
                    f"`{owner(weight)}` runs {state.cut + 1} times in one forward pass, and what it gives is "
                    "detached each time before it gets it again: no gradient goes back over time.",
                    "Detach the state between two backwards only, not inside of the loop over time.",
                    confidence=0.95,
                    cuts=state.cut,
                )
                return


@Rule(
    "F78",
    "swapped-by-view",
    "a view swaps sizes, not dimensions",
    silent="sizes that stay in order; dimensions of size 1; two dimensions; features of neighbours that are put "
    "side by side where the next layer takes them for the features of one place",
    why="view and reshape keep the order in memory: they count the same numbers off in other sizes.\n"
    "(height, width, channel) looked at as (channel, height, width) puts rows of all channels into each channel.\n"
    "The shape is right and the picture is none.",
    explains=("F45", "F77", NOT_LEARNING),
    rank=92,
)
def swapped(history: History) -> Iterator[Verdict]:
    """A view or reshape whose sizes are those before in another order: exact."""
    seen = history.first.noted.swapped if history.first is not None else None
    if seen is not None and history.first is not None:
        yield found(
            "watch",
            seen.layer,
            history.first.step,
            f"`{seen.op}` looks at {seen.before} as {seen.after}: that swaps the sizes and leaves every number "
            "where it was, so rows, columns and channels are mixed.",
            "Use permute or transpose to swap dimensions.",
            confidence=0.9,
            before=str(seen.before),
            after=str(seen.after),
        )


@Rule(
    "F97",
    "one-module-twice",
    "one module stands in a list several times",
    silent="modules without weights; a module that is called several times by one name",
    why="[layer] * 4 is a list with the same layer four times: Python copies the name, not the layer.\n"
    "All four have the same weights and get the sum of their gradients,\n"
    "so what should be a deep net, or several inputs' own nets, is one layer.",
)
def module_twice(history: History) -> Iterator[Verdict]:
    """A ModuleList, ModuleDict or Sequential in which one object with weights stands more than once: exact."""
    frame = history.first
    if frame is not None and frame.noted.repeated is not None:
        container, times = frame.noted.repeated
        yield found(
            "watch",
            container,
            frame.step,
            f"The {times} entries of `{container}` are not {times} modules: the same object stands there more than "
            "once, so they share their weights.",
            "Make each one anew: [Layer() for _ in range(n)]. If they are meant to share, ignore F97.",
            confidence=0.7,
            entries=times,
        )


@Rule(
    "F72",
    "clips-nothing",
    "clipping comes at the wrong time",
    silent="some calls come between backward and step; outside of `moreish doctor`, `start` and the callbacks",
    why="clip_grad_norm_ shortens the gradients that are there when it is called.\n"
    "Called between zero_grad and backward it finds none, and after the step it comes too late:\n"
    "the step is made with the whole gradient.",
    explains=("F13", "F10", "F11", "F15", RUNAWAY),
    rank=31,
)
def clips_nothing(history: History) -> Iterator[Verdict]:
    """clip_grad_norm_ found no gradient at all, or that of a step which was over, five times and in nearly every
    step.
    """
    evidence = history.evidence
    late = evidence.clipped_late > evidence.clipped_nothing
    times = max(evidence.clipped_nothing, evidence.clipped_late)
    if times >= 5 and times >= 0.9 * history.step():
        runs_away = history.broken is not None or any(v.severity == "sick" for v in too_high(history))
        when = (
            "when the step was already made: it stands after step"
            if late
            else "when there was no gradient to clip: it stands before backward"
        )
        yield found(
            "sick" if runs_away else "watch",
            "",
            0,
            f"clip_grad_norm_ was called {times} times {when}.",
            "Call it between backward and step.",
            confidence=1.0,
            times=times,
        )


@Rule(
    "F125",
    "clipped-while-scaled",
    "gradients are clipped while they are scaled",
    silent="outside of `moreish doctor`, `start` and the callbacks",
    why="GradScaler multiplies the loss by 65,536 or so, and the gradients are that much too long until unscale_.\n"
    "Clipped before that, they are cut to the norm that was asked for and then divided by the scale:\n"
    "what is left of a step is next to nothing.",
    explains=("F12", "F14", "F19", "F79", "F22", "F92", NOT_LEARNING),
    rank=29,
)
def clipped_while_scaled(history: History) -> Iterator[Verdict]:
    """clip_grad_norm_ comes between backward and unscale_, in most of the steps that were looked at."""
    frames = history.training()
    steps = [f.step for f in frames if f.noted.clipped_scaled]
    if len(steps) > max(1, len(frames) // 2):
        yield found(
            "sick",
            "",
            steps[0],
            "Gradients are clipped before their scale is taken off: cut to the norm that was asked for, they are "
            "divided by the scale of the loss afterwards.",
            "Call scaler.unscale_(optimizer) before clip_grad_norm_.",
            confidence=0.95,
        )


@Rule(
    "F103",
    "unread-setting",
    "a setting that nobody reads",
    silent="optimizers that are not torch's; the value is that of the groups",
    why="An optimizer of torch's reads lr, momentum and the like from its param_groups.\n"
    "optimizer.lr = 0.001 makes a new attribute of the object, which nothing looks at:\n"
    "the run goes on with the old value.",
    explains=("F13", "F11", "F14", "F10", RUNAWAY, NOT_LEARNING),
    rank=32,
)
def unread(history: History) -> Iterator[Verdict]:
    """An optimizer has an attribute with the name of a setting of its groups, and another value: exact."""
    for optimizer in history.evidence.optimizers:
        for name, value, real in optimizer.unread:
            yield found(
                "sick" if name == "lr" else "watch",
                "",
                0,
                f"{optimizer.name} was given an attribute {name} = {value}, which it does not read: its "
                f"param_groups say {real}.",
                f'Write: for group in optimizer.param_groups: group["{name}"] = {value}.',
                confidence=1.0,
                setting=name,
            )
            return

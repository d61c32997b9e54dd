"""Findings about activations: saturated, dead, missing, dropped."""

from collections.abc import Callable, Iterator

from moreish.doctor.frames.counts import WINDOW
from moreish.doctor.frames.frame import Call
from moreish.doctor.frames.history import History
from moreish.doctor.frames.operations import BETWEEN, RECTIFIED
from moreish.doctor.frames.quantities import HEALTHY_SATURATED
from moreish.doctor.frames.saturation import SATURATED_SIGMOID, SATURATED_TANH, STUCK
from moreish.doctor.judge.finding import Operation
from moreish.doctor.judge.progress import does_well
from moreish.doctor.judge.rules.start import GAINS, fan_in, shape_of
from moreish.doctor.judge.table import NOT_LEARNING, RUNAWAY, Rule, Verdict, found

AT_START = (0.28, 0.45)  # tanh after gain 5/3 on normal inputs is saturated to 21 %, and trains well
LATER = (0.5, 0.75)
OF_COORDINATES = (
    0.9,
    0.97,
)  # a curve of one to four variables is put together of steps, each flat almost everywhere
FEW_INPUTS = 4
CHANGED = (0.5, 0.5)  # at the start of what was changed: more than training brings about by itself


def feeding(call: Call) -> Call | None:
    """The layer with weights whose output an activation bends."""
    return next((c for c in call.behind(BETWEEN) if c.weight), None)


def _saturation(history: History, op: str, where: str) -> Iterator[Verdict]:
    """The worst layer of one bounded activation: at the start by the first frame, later by the last twenty."""
    shares: list[tuple[bool, float, bool, Call]] = []
    calls = list(history.layers("saturated"))
    start = history.from_scratch and history.first is not None and history.first.step == 0
    beginning = CHANGED if history.changed else AT_START  # what was trained until then is no longer as it was drawn
    fed = {source.layer for call in history.calls() if call.weights for source in call.behind(BETWEEN)}
    for call, key in calls:
        values = history.series(key)
        if not call.op.startswith(op) or not values or call.gate:
            continue
        if op == "sigmoid" and call.layer not in fed:
            continue  # a sigmoid at the very end of a model gives probabilities, which may well be sure
        if start and values[0] > beginning[0]:
            shares.append((_of_many(history, call), values[0], True, call))
        elif len(values) >= 20 and min(values[-20:]) > LATER[0] and not _recurrent(history) and call.layer in fed:
            shares.append((_of_many(history, call), sorted(values[-20:])[10], False, call))
    if not shares:
        return
    of_many, share, at_start, call = max(shares, key=lambda s: s[:2])
    watch, sick = beginning if at_start else LATER
    source = feeding(call)
    weight = source.weight if source is not None else None
    if not of_many:
        watch, sick = OF_COORDINATES
    when = f" {history.at_first}" if history.changed else " before the first update"
    yield found(
        "sick" if share > sick else "watch" if share > watch else "info",
        call.layer,
        0 if at_start else history.step(),
        f"{share:.0%} of the outputs of `{call.layer}` are {where}{when * at_start}; "
        f"2 to {100 * HEALTHY_SATURATED:.0f}% is healthy, and where an output is saturated no gradient passes.",
        _rescale(history, weight, call)
        if at_start
        else "Lower the learning rate, or normalise before the activation.",
        confidence=0.95 if at_start else 0.7,
        picture=f"{call.layer}/activation",
        operation=Operation("reinitialise", {"weights": (weight,), "gain": GAINS.get(op, 1.0)})
        if weight and at_start
        else None,
        layers=tuple(c.layer for *_, c in sorted(shares, key=lambda s: -s[1])),
        share=share,
        fed_by=weight or "",
    )


def _of_many(history: History, call: Call) -> bool:
    """Whether an activation bends sums over more than a few inputs, by a parameter or by what was made of one."""
    near = (c for layer in call.behind(BETWEEN) for c in (layer, *layer.sources))
    shapes = (shape_of(history, weight) for c in near for weight in c.weights)
    shape = next((s for s in shapes if len(s) > 1), ())
    return not shape or fan_in(shape) > FEW_INPUTS


def _recurrent(history: History) -> bool:
    return any(c.kind == "recurrent" for c in history.calls())


def _rescale(history: History, weight: str | None, call: Call) -> str:
    gain = GAINS.get(call.op.rstrip("_"), 1.0)
    if weight is None:
        return "Scale down what flows into it, or normalise before it."
    shape = shape_of(history, weight)
    std = gain / fan_in(shape) ** 0.5 if shape else 0.0
    return (
        f"Initialise `{weight}` with standard deviation {gain:.3g} / sqrt({fan_in(shape)}) = {std:.2g}, "
        "its bias with 0, or put a BatchNorm before the activation."
    )


@Rule(
    "F04",
    "saturated-tanh",
    "saturated tanh",
    silent="the result gates something else; late in training: recurrent nets, and what a model gives; up to 90% "
    "behind at most four inputs, as curves want it",
    why="The gradient through tanh is multiplied by 1 - y^2.\n"
    "At |y| > 0.97 less than 6% of it passes, at |y| = 1 nothing.\n"
    "Weights before a saturated unit cannot learn from those examples.",
    explains=("F05", "F06", "F09", "F10", NOT_LEARNING),
    kinds=(RUNAWAY,),
    rank=190,
    at_start=True,
    preflight=True,
)
def saturated_tanh(history: History) -> Iterator[Verdict]:
    """Share of |y| > 0.97."""
    yield from _saturation(history, "tanh", f"beyond {SATURATED_TANH:g}")


@Rule(
    "F05",
    "saturated-sigmoid",
    "saturated sigmoid",
    silent="the result gates something else, or is the output of the model",
    why="The gradient through a sigmoid is multiplied by y (1 - y), at most 1/4.\n"
    "Below 0.03 or above 0.97 less than 3% of it passes.\n"
    "Weights before a saturated unit cannot learn from those examples.",
    explains=("F06", "F09", NOT_LEARNING),
    kinds=(RUNAWAY,),
    rank=200,
    at_start=True,
    preflight=True,
)
def saturated_sigmoid(history: History) -> Iterator[Verdict]:
    """Share of y < 0.03 or y > 0.97."""
    low = (1 - SATURATED_SIGMOID) / 2
    yield from _saturation(history, "sigmoid", f"below {low:.2g} or above {1 - low:.2g}")


@Rule(
    "F06",
    "dead-tanh",
    "dead tanh units",
    silent=f"fewer than {WINDOW} examples were seen",
    why="A unit that is stuck at one end for every example says the same thing to every input.\n"
    "No gradient reaches its weights, so it will not come back.\n"
    "The layer is smaller than it looks.",
    explains=("F09", NOT_LEARNING),
    kinds=(RUNAWAY,),
    rank=260,
)
def dead_tanh(history: History) -> Iterator[Verdict]:
    """Units beyond 0.99 on every example of a window."""
    yield from _dead(history, lambda op: op not in RECTIFIED, 0.05, 0.3, f"beyond {STUCK:g}")


@Rule(
    "F07",
    "dead-relu",
    "dead ReLU units",
    silent=f"fewer than {WINDOW} examples were seen; half of the elements being zero is how a ReLU works; units that "
    "died in a run that does well are information",
    why="A ReLU that gives 0 for every example passes no gradient, so its weights never change again.\n"
    "A large negative bias, a too large step or a bad initialisation kills units in numbers.\n"
    "The layer is smaller than it looks.",
    explains=("F06", "F09", NOT_LEARNING),
    kinds=(RUNAWAY,),
    rank=220,
    until_well=True,
    at_start=True,
    preflight=True,
)
def dead_relu(history: History) -> Iterator[Verdict]:
    """Units that are exactly 0 on every example of a window; at the start, of a batch."""
    yield from _dead(history, lambda op: op in RECTIFIED, 0.5, 0.7, "exactly 0")


def _dead(history: History, wanted: Callable[[str], bool], watch: float, sick: float, how: str) -> Iterator[Verdict]:
    dead: list[tuple[float, bool, Call]] = []
    for call, key in history.layers("dead"):
        values, batch = history.series(key), history.series(f"{call.layer}/dead_in_batch", None)
        if call.kind != "activation" or not wanted(call.op) or not batch or call.gate:
            continue
        examples = call.shape[0] if call.shape else 0
        if values and values[-1] > watch:
            dead.append((values[-1], False, call))
        elif history.first is not None and history.first.step == 0 and batch[0] > 0.85 and examples >= 16:
            dead.append((batch[0], True, call))
    if not dead:
        return
    share, at_start, call = max(dead, key=lambda d: d[0])
    source = feeding(call)
    weight = source.weight if source is not None else None
    step = 0 if at_start else history.step()
    yield found(
        "info" if not at_start and does_well(history) else "sick" if share > sick else "watch",
        call.layer,
        step,
        f"{share:.0%} of the units of `{call.layer}` are {how} on every one of "
        f"{f'the {call.shape[0]} examples of the first batch{history.since}' if at_start else f'{WINDOW} examples'}.",
        (
            f"Initialise `{weight}` with the gain of {call.op.rstrip('_')} and its bias with 0"
            if weight
            else "Reinitialise"
        )
        + ("." if at_start else ", and lower the learning rate if they died while training."),
        picture=f"{call.layer}/map",
        operation=Operation("reinitialise", {"weights": (weight,), "gain": GAINS.get(call.op.rstrip("_"), 1.0)})
        if weight
        else None,
        layers=tuple(c.layer for *_, c in sorted(dead, key=lambda d: -d[0])),
        share=share,
    )


@Rule(
    "F39",
    "no-activation",
    "two linear layers in a row",
    silent="the layer between is narrower than its neighbours (low rank), or its output goes to others as well; "
    "convolutions; attention; the last layer of one part of a model and the first of another (a projector and a "
    "predictor): no alarm",
    why="W2 (W1 x) is (W2 W1) x: two linear layers without an activation between them are one linear layer.\n"
    "The parameters are paid for, the net cannot express more.\n"
    "Mostly an activation was forgotten.",
    explains=("F01", "F03", "F08", NOT_LEARNING),
    rank=310,
    preflight=True,
)
def no_activation(history: History) -> Iterator[Verdict]:
    """A Linear whose input is, but for shape, dropout and BatchNorm, the output of another."""
    pairs = []
    calls = history.calls()
    for call in calls:
        if call.op != "linear" or not call.weight:
            continue
        for source in _before(call):
            if source.op == "linear" and source.weight and not _is_shared(source, call, calls):
                before, after = (shape_of(history, c.weight) for c in (source, call))
                if len(before) == len(after) == 2 and before[0] == after[1] and after[1] >= min(before[1], after[0]):
                    pairs.append((source.layer, call.layer))
    if not pairs:
        return
    first, second = pairs[0]
    parts = all(_is_seam(a, b) for a, b in pairs) and not (
        len(pairs) > 1 and any(_are_blocks(a, b) for a, b in pairs)
    )
    bent = any(c.kind in ("activation", "recurrent", "attention", "module", "softmax") for c in calls)
    yield found(
        ("info" if parts else "watch") if bent else "sick",
        second,
        history.first.step if history.first is not None else 0,
        f"`{second}` takes the output of `{first}` with no activation between them: together they are one "
        "linear layer." + ("" if bent else " The whole model has no activation."),
        f"Put an activation between `{first}` and `{second}`.",
        confidence=0.9,
        operation=Operation("add_activation", {"layers": tuple(a for a, _ in pairs)}),
        layers=tuple(b for _, b in pairs),
    )


def _is_seam(first: str, second: str) -> bool:
    """Whether one layer is the last of a part of the model and the other the first of another part."""
    return first.rpartition(".")[0] != second.rpartition(".")[0]


def _are_blocks(first: str, second: str) -> bool:
    """Whether the parts of two layers are numbered in one list, as blocks that are alike are."""
    (inside, _, one), (other, _, two) = (name.rpartition(".")[0].rpartition(".") for name in (first, second))
    return inside == other and one.isdigit() and two.isdigit()


def _is_shared(source: Call, call: Call, calls: list[Call]) -> bool:
    """Whether the output of a layer goes to others beside this one: a router, a residual path."""
    between = call.before()
    others = [each for each in calls if each is not call and all(each is not b for b in between)]
    return any(s is source for each in others for s in each.behind(BETWEEN))


def _before(call: Call) -> Iterator[Call]:
    """What feeds a layer, looking through what is linear in evaluation."""
    for source in call.behind(frozenset({"view", "dropout"})):
        if source.op == "batch_norm":
            yield from _before(source)
        else:
            yield source


@Rule(
    "F41",
    "much-dropout",
    "too much dropout",
    why="Dropout p hides each value with probability p and multiplies the others by 1 / (1 - p).\n"
    "Above one half most of the signal is noise from step to step.\n"
    "A small net cannot afford it.",
    needs="first frame",
    explains=("F22", "F29", "F30"),
    rank=170,
    preflight=True,
)
def much_dropout(history: History) -> Iterator[Verdict]:
    """p > 0.5 is watch, >= 0.75 is sick."""
    if history.first is None:
        return
    strong = [(m, p) for m, p in history.first.dropped.items() if p > 0.5]
    if strong:
        layer, p = max(strong, key=lambda s: s[1])
        yield found(
            "sick" if p >= 0.75 else "watch",
            layer,
            history.first.step,
            f"`{layer}` drops {p:.0%} of its inputs at every step.",
            "Use p = 0.1 to 0.2, or none while the net underfits.",
            confidence=1.0,
            operation=Operation("set_dropout", {"p": 0.1}),
            layers=tuple(m for m, _ in strong),
            p=p,
        )

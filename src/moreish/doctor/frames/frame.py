"""A frame: what was seen of one step, in execution order."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from moreish.doctor.frames.groups import Group
from moreish.doctor.frames.made import Assigned
from moreish.doctor.frames.noted import Noted
from moreish.doctor.frames.replayed import Replayed

Shape = tuple[int, ...]


class Histogram(NamedTuple):
    """Counts between edges (one more than counts) over the finite range; NaN and infinity are counted apart."""

    edges: list[float]
    counts: list[int]
    nan: int = 0
    infinite: int = 0
    minus_infinite: int = 0


class Reduction(NamedTuple):
    """A sum or mean: the identity of the tensor it was taken of, the axis (None for all), whether it was kept."""

    of: int
    axis: int | None
    keepdim: bool


class Normalised(NamedTuple):
    """What a BatchNorm was given: the input's shape, how many values each channel has, and the momentum."""

    shape: Shape
    values: int
    momentum: float | None


class WrongAxis(NamedTuple):
    """A tensor that met its own sum or mean, laid along the wrong axis."""

    module: str
    op: str
    shape: Shape
    axis: int


class PerPlace(NamedTuple):
    """A mean over the batch alone, taken off a (batch, time, channels) tensor."""

    module: str
    shape: Shape


class Broadcast(NamedTuple):
    """A prediction and a target whose shapes make a table of all pairs."""

    op: str
    left: Shape
    right: Shape


class Coupling(NamedTuple):
    """Samples of a batch see each other: from which layer on, in which share of the output, and by which view."""

    layer: str
    change: float
    op: str = ""


class Cut(NamedTuple):
    """An operation that ends the graph: torch's name, the layer whose output it took, how many calls came before."""

    op: str
    layer: str
    place: int


class Unowned(NamedTuple):
    """A parameter that a model uses and no module owns: the operation, the module around it, its shape."""

    op: str
    module: str
    shape: Shape


class Padding(NamedTuple):
    """Rows of targets that end in runs of one symbol: which, the share of places and of rows; is the input so too."""

    symbol: int
    places: float
    rows: float
    inputs: bool


class Lags(NamedTuple):
    """Shares of targets that equal the input some places on (place t's target is input t + lag), by lag.

    `still` is the share of inputs equal to the one before, `rearranged` of rows whose targets are their own inputs in
    another order, `known` how many targets each share was counted on.
    """

    shares: dict[int, float]
    still: float
    rearranged: float
    known: int


class Given(NamedTuple):
    """What a layer with weights is given where no layer lies before it.

    `rms` and `mean` are over all elements but zeros, `low` and `high` the ends. `large` is the feature that
    deviates most and `times` how many times the median one; constant and two-valued features do not count. `whole`
    is whether every element is a whole number, `binary` whether there are two values only.
    """

    layer: str
    shape: Shape
    rms: float
    mean: float
    low: float
    high: float
    large: int
    times: float
    whole: bool
    binary: bool


class EqualInputs(NamedTuple):
    """All rows of what a model was called with are the same: elements of a row; is it one value everywhere."""

    width: int
    value: float | None


class Hidden(NamedTuple):
    """What a mask hides from all queries: the share of places, the one symbol that is left (None where it is not one,
    or what is hidden does not vary), and how many different symbols are hidden.
    """

    layer: str
    share: float
    left: int | None
    symbols: int


class WrongBackward(NamedTuple):
    """Hand-written functions whose gradient is not the slope of their forward, and the relative error."""

    names: str
    error: float


class Compared(NamedTuple):
    """Outputs that were compared: mean cosine of two rows, rms of what differs, whether nothing was held still."""

    alike: float
    spread: float
    both: bool = False


class Latent(NamedTuple):
    """A latent that noise is added to: its KL in nats from a standard normal, the largest variance of a mean."""

    kl: float
    spread: float


class Verdicts(NamedTuple):
    """One number a row, by one of several models: on data, or on what another made (`fake`); `spread` of its rows."""

    model: str
    fake: bool
    mean: float
    low: float
    high: float
    spread: float


class Seen(NamedTuple):
    """The batch of the first call: its rows, how many there are where it is known to be more (else 0), how many looks
    in a row it has been the same; how many rows differ (0: too many) of those drawn; items of its loader, or 0; of
    the rows looked at so far, the share that came again.
    """

    rows: int
    more: int
    times: int
    distinct: int = 0
    drawn: int = 0
    items: int = 0
    again: float = 0.0


@dataclass(slots=True, eq=False)
class Call:
    """One operation on tensors, inside a module or called as a function.

    `kind` is the family ("linear", "activation", ...), `op` torch's name for it. `sources` are the calls whose
    results flow in, `weights` the parameters among the arguments. `training` is that of the innermost module; of a
    dropout or a BatchNorm, `active` is whether it does what it does in training, and `p` what a dropout drops. `gate`
    is whether the result is multiplied with another. `line` is the line of the user's code ("train.py:31"), where the
    frame has pictures. `loss` is the loss that the result is, or is an element of.
    """

    layer: str
    op: str
    kind: str
    module: str
    shape: Shape
    sources: tuple["Call", ...] = ()
    training: bool = True
    weights: tuple[str, ...] = ()
    gate: bool = False
    active: bool = False
    p: float | None = None
    reduction: Reduction | None = None
    loss: "Loss | None" = None
    normalised: Normalised | None = None
    line: str = ""

    @property
    def weight(self) -> str:
        """The first parameter among the arguments; empty where there is none."""
        return self.weights[0] if self.weights else ""

    def before(self) -> list["Call"]:
        """Every call whose result flows into this one, however far back."""
        waiting, seen = list(self.sources), dict[int, Call]()
        while waiting:
            call = waiting.pop()
            if id(call) not in seen:
                seen[id(call)] = call
                waiting.extend(call.sources)
        return list(seen.values())

    def behind(self, kinds: frozenset[str]) -> Iterator["Call"]:
        """The nearest calls outside `kinds` that feed this one, looking through those inside."""
        waiting, seen = list(reversed(self.sources)), set()
        while waiting:
            call = waiting.pop()
            if id(call) in seen:
                continue
            seen.add(id(call))
            if call.kind in kinds:
                waiting.extend(reversed(call.sources))
            else:
                yield call


@dataclass(slots=True)
class Loss:
    """A loss function that was called: its torch name, classes (0 where it does not classify) and rows.

    Its numbers stand in the frame under `prefix`. `fed_by` is the layer whose output goes into it. Where that comes
    straight from an activation or a softmax, `bounded_by` is the operation, `bounded_layer` the layer, and
    `skippable` whether that is a module of its own. `logits` is (rows, classes) of what was measured. `line` is the
    line of the user's code, as in `Call`.

    `compares` is whether its inputs are products of outputs (similarities), not what a layer gives. `reduction` is
    how it was asked to come to one number. Of a classification, `normalised_over` is the axis of the softmax that it
    comes from, `padding` and `lags` what the targets are beside the inputs. Of a loss on numbers, `range` is what the
    output can reach, `made` whether a network made the targets, `labels` how many different whole numbers from 0 on
    they are (0: others), `width` how many outputs an example has. `cosines` is whether its inputs are products of
    normalised vectors, `by_copy` whether a copy of a watched model made the targets, `weights` are those of the
    classes, or of a yes (`pos_weight`). `dropped` is the dropout that the outputs come straight from, `apart` the
    shape of outputs that were counted off in another order than their targets, `shares` the largest sum of a row of
    target probabilities, `answer` the column of the inputs that the targets are, `corrupted` whether they are inputs
    to which noise was added, `itself` whether each row is among those that it is compared with, and never the target.
    """

    op: str
    classes: int
    rows: int
    prefix: str = ""
    fed_by: str = ""
    bounded_by: str = ""
    bounded_layer: str = ""
    skippable: bool = False
    logits: tuple[int, int] = (0, 0)
    line: str = ""
    reduction: str = "mean"
    normalised_over: int | None = None
    compares: bool = False
    padding: Padding | None = None
    lags: Lags | None = None
    range: tuple[float, float] | None = None
    made: bool = False
    labels: int = 0
    width: int = 1
    cosines: bool = False
    by_copy: bool = False
    weights: tuple[float, ...] = ()
    dropped: str = ""
    apart: Shape = ()
    shares: float = 1.0
    answer: int | None = None
    corrupted: bool = False
    itself: bool = False


@dataclass(slots=True)
class Frame:
    """Numbers of one step under "layer/quantity", the structure that they came from, and what is exact.

    `step` counts the updates made before. `losses` were computed with gradients on, `evaluations` with gradients off;
    a frame with `is_evaluation` was opened by one. `is_step` is whether an optimizer stepped.
    """

    step: int
    values: dict[str, float] = field(default_factory=dict)
    histograms: dict[str, Histogram] = field(default_factory=dict)
    stuck: dict[str, list[list[int]]] = field(default_factory=dict)  # by layer: 1 where a unit (across) is stuck
    described: dict[str, str] = field(default_factory=dict)  # by module: "Linear(64, 32)"
    assigned: dict[str, Assigned] = field(default_factory=dict)  # by module
    calls: list[Call] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    evaluations: list[Loss] = field(default_factory=list)
    written_out: list[Loss] = field(default_factory=list)  # losses on numbers that the script adds up by itself
    divergences: list[Loss] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)  # to the layers that get data
    equal_inputs: EqualInputs | None = None
    inputs_made: bool = False  # a network of the same step made some of what the model was called with
    inputs_require_grad: bool = False  # some of what the model was called with, as where inputs are varied
    ran_without_grad: bool = False  # a layer with weights worked while gradients were off
    looks_ahead: bool | None = None  # outputs change with inputs that come later; None where nobody asked
    is_evaluation: bool = False
    clipped: bool = False  # by torch's clip_grad_norm_
    is_step: bool = False

    # Forward: was a model called with gradients on; which norms and dropouts did then what they do in evaluation, and
    # which ones what they do in training, without gradients; was a class decided on without gradients (argmax).
    called_with_grad: bool = False
    eval_mode: list[str] = field(default_factory=list)
    training_without_grad: list[str] = field(default_factory=list)
    decided_without_grad: bool = False
    batch: Seen | None = None
    compared: Compared | None = None
    hidden: Hidden | None = None
    latent: Latent | None = None
    verdicts: list[Verdicts] = field(default_factory=list)
    squashes: set[str] = field(default_factory=set)  # models whose output goes through a sigmoid or its logarithm
    accuracy: float | None = None  # of decisions without gradients: share that was right
    used: set[str] = field(default_factory=set)  # parameters among the arguments of some call
    vocabularies: set[int] = field(default_factory=set)  # rows of the embeddings' tables
    used_without_grad: set[str] = field(default_factory=set)  # the same, with gradients off
    cuts: list[Cut] = field(default_factory=list)
    unowned: list[Unowned] = field(default_factory=list)  # reached by backward, in no module and no optimizer
    residual: bool = False  # the outputs of two layers were added
    dropped: dict[str, float] = field(default_factory=dict)  # p of every dropout that was active

    # Backward and step, parameters by name.
    backwards: int = 0
    leaf_losses: int = 0  # backwards on a tensor with no graph behind it
    reset: set[int] = field(default_factory=set)  # optimizers of which a backward found no gradient left over
    shapes: dict[str, Shape] = field(default_factory=dict)  # of the parameters that had a gradient at the step
    stepped: set[str] = field(default_factory=set)  # what the optimizers hold
    without_gradient: set[str] = field(default_factory=set)  # trained, held, and no gradient at the step
    frozen: dict[str, int] = field(default_factory=dict)  # held, and not trained: how many dimensions
    fresh: set[str] = field(default_factory=set)  # of those, matrices that are still as torch draws them
    outside: list[str] = field(default_factory=list)  # with a gradient, and no optimizer holds it
    learning_rates: list[float] = field(default_factory=list)  # of each optimizer, the largest of its groups
    groups: list[Group] = field(default_factory=list)  # of the optimizers that stepped
    unmoved: dict[str, float] = field(default_factory=dict)  # of weights in half precision: what a step left
    infinite_slopes: list[str] = field(default_factory=list)  # functions, where they were asked

    # Mistakes that need no threshold.
    wrong_axis: list[WrongAxis] = field(default_factory=list)
    per_place: list[PerPlace] = field(default_factory=list)
    broadcast: list[Broadcast] = field(default_factory=list)
    cleared: bool = False  # a backward had brought gradients, and none was left when the step began
    stale: bool = False  # the gradients of the step before were still there
    coupling: Coupling | None = None
    wrong_backward: WrongBackward | None = None
    replayed: Replayed | None = None
    noted: Noted = field(default_factory=Noted)

    def forget_structure(self, keep_calls: bool = False) -> None:
        """Keep the numbers only; the graph of calls of every frame would be much to remember."""
        self.losses, self.evaluations, self.written_out, self.divergences = [], [], [], []
        if not keep_calls:
            self.calls, self.cuts = [], []

    def is_broken(self) -> bool:
        """Whether the loss, a weight or an update is NaN or infinite.

        A gradient alone is not enough: loss scaling makes infinite ones on purpose, and skips the step.
        """
        values = self.values
        if not math.isfinite(values.get("loss", values.get("loss.1/loss", 0.0))):
            return True
        return any(
            values.get(f"{n}/nonfinite", 0.0) > 0
            or not math.isfinite(values.get(f"{n}/update_rms", 0.0))
            or not math.isfinite(values.get(f"{n}/rms", 0.0))
            for n in self.shapes
        )

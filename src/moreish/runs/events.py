"""The events of a run: what training says, what a line of `metrics.jsonl` holds, what every reader matches on.

    for event in run.events():
        match event:
            case events.Eval(step=step, val_loss=loss): ...

A line is the event's fields as JSON, `event` first: {"event": "eval", "step": 120, "component": 1, "val_loss": 2.1,
"best": true}. Losses are mean nats per predicted token, seconds are of the clock on the wall, `step` counts the
updates of all networks so far. A number that is not finite is written as null, and None when read. `component` is the
place of the model among those of a mixture, 0 where there is one model only.

Training, the fitting and the API make events; the panel, the pictures, the tables and the doctor's reports read them.
What is read is checked here, once: a line of a stranger is either an event with every field of its type and range, or
`Damaged`. An event of a later release is passed over.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from moreish.errors import Damaged
from moreish.runs.schema import Count, Nats, Seconds, Share, reason


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower):
    """What all events have in common: the name of the class in small letters is the value of `event`."""


class Baselines(Event, frozen=True):
    """What simple models, fitted on train, lose on val: the yardsticks of everything that follows."""

    uniform: float
    unigram: float
    bigram: float
    ngram: float


class Counted(Event, frozen=True):
    """An n-gram is fitted; `order` symbols were counted together, the predicted one included."""

    order: Annotated[int, Meta(ge=1)]
    val_loss: float | None
    seconds: Seconds
    component: Count = 0


class Read(Event, frozen=True):
    """The background net has read the list."""

    seconds: Seconds
    component: Count = 0


class Network(Event, frozen=True):
    """A network begins to train, or goes on after a pause: it is the `number`-th of `of` networks.

    threads : that compute its first steps; under a time budget others may follow (`training.thread_choice`)
    uncompiled : why autograd derives its gradients although a fused step was asked for
    """

    number: Annotated[int, Meta(ge=1)]
    of: Annotated[int, Meta(ge=1)]
    name: str
    parameters: Count
    threads: Annotated[int, Meta(ge=1)]
    step: Count
    component: Count = 0
    uncompiled: str | None = None


class Step(Event, frozen=True):
    """Some updates later; loss and tokens are those since the event before, progress that of this network."""

    step: Count
    loss: float | None
    lr: float | None
    tokens: Count
    seconds: Seconds
    progress: Share
    component: Count = 0


class Eval(Event, frozen=True):
    """All of val was evaluated; `best` where no earlier loss of this network was as low."""

    step: Count
    val_loss: float | None
    best: bool
    component: Count = 0


class Samples(Event, frozen=True):
    """A few items of the model as it is now; `known` says where the list has each already, or "new"."""

    step: Count
    items: list[str]
    known: list[Literal["train", "val", "test", "new"]] = []


class HistogramFields(msgspec.Struct, frozen=True):
    """How values lie between `low` and `high`: counts of equally wide bins, of a sample where there are many."""

    low: float
    high: float
    counts: list[Count]
    mean: float
    std: float
    extreme: Share = 0.0


class LayerHistograms(msgspec.Struct, frozen=True):
    """What one layer held at one step; of updates, log10 of each beside the spread of the weights.

    extreme : of an activation, the share at an end of its range
    """

    name: str
    type: str
    activation: HistogramFields | None = None
    gradient: HistogramFields | None = None
    weight: HistogramFields | None = None
    weight_gradient: HistogramFields | None = None
    update: HistogramFields | None = None


class Histograms(Event, frozen=True):
    """Every layer at the update `at` of this network, in the order of the forward pass; ever more rarely."""

    step: Count
    at: Count
    layers: list[LayerHistograms]
    component: Count = 0


class Intervention(Event, frozen=True):
    """Somebody changed something while it trained, after the update `at` of this network.

    kind : lr, break, undo, heal or stop; name and arguments are those of the fault or remedy
    done : whether it could be done; the sentence says what was, or why it was not
    lr : the learning rate of the update before which it was done; None in runs of earlier releases
    """

    step: Count
    at: Count
    kind: Literal["lr", "break", "undo", "heal", "stop"]
    sentence: str
    name: str = ""
    arguments: dict[str, Any] = {}
    done: bool = True
    component: Count = 0
    lr: Annotated[float, Meta(ge=0)] | None = None


class Paused(Event, frozen=True):
    """Training stands still, or goes on."""

    step: Count
    paused: bool
    component: Count = 0


class FindingFields(msgspec.Struct, frozen=True):
    """A finding of the doctor, as `doctor.Finding.to_dict` gives it: see there."""

    id: str
    severity: Literal["info", "watch", "sick"]
    layer: str
    step: Count
    sentence: str
    remedy: str
    slug: str = ""
    name: str = ""
    why: str = ""
    numbers: dict[str, Any] = {}
    confidence: Share = 1.0
    picture: str = ""
    layers: list[str] = []
    operation: dict[str, Any] | None = None
    symptoms: "list[FindingFields]" = []
    layer_type: str = ""
    line: str = ""
    layer_types: list[str] = []
    network: str = ""
    made: str = ""


class Finding(Event, frozen=True):
    """The doctor found something, or something became worse."""

    step: Count
    finding: FindingFields
    component: Count = 0


class Quantities(Event, frozen=True):
    """What the doctor measured at the update `at` of this network, by names such as "net.3/saturated"."""

    step: Count
    at: Count
    values: Mapping[str, float | None]
    component: Count = 0


class Saved(Event, frozen=True):
    """A checkpoint was asked for, and is written now."""

    step: Count
    component: Count = 0


class Doctor(Event, frozen=True):
    """The doctor's report at the end of a network's training: see `doctor.Report.plain`."""

    step: Count
    findings: list[FindingFields]
    notes: list[str]
    steps: Count
    frames: Count | None
    cost: float | None
    component: Count = 0


class Died(Event, frozen=True):
    """A process that trained a network died, and another trains it on; what was said since is not said again."""

    why: str
    step: Count
    component: Count = 0


class Mixed(Event, frozen=True):
    """The weights of the models that are done were fitted on val; `weights` add up to 1."""

    weights: list[Share]
    val_loss: float | None
    step: Count
    seconds: Seconds


class CrossValidated(Event, frozen=True):
    """How well items were foretold by models made without them, and which blend is kept; see `background.listening`.

    Said when the list was read, and again when the net was trained on. `loss` is that of the one kept, with its
    standard error, at the temperature, strictness (that of `runs` apart) and timing that were best (see
    `background.outline` and `background.lengths`); `losses` those of all. `on` val: on items that were set aside.
    `seen`: the share of the list that the background net had been trained on, if it says so: then the loss is too
    good. `trained`: of the updates that are of use, how many there was time for, and `budget` a time budget that
    allows all on this machine; 0 where nothing was trained yet. Where it is less than all, what comes of a seed hangs
    on the machine, too.
    """

    chosen: Literal["counted", "read", "tuned"]
    loss: float | None
    error: float | None
    temperature: Annotated[float, Meta(gt=0)]
    items: Count
    symbols: Count
    losses: Mapping[str, float | None]
    step: Count
    on: Literal["folds", "val"] = "folds"
    strictness: Nats = 0.0
    runs: Nats = 0.0
    timing: tuple[Nats, Nats, Nats, Nats] = (0.0, 0.0, 0.0, 0.0)
    seen: Annotated[float, Meta(ge=0, le=1)] = 0.0
    trained: Annotated[float, Meta(ge=0, le=1)] = 0.0
    budget: Seconds = 0.0


class Fitted(Event, frozen=True):
    """Every model is fitted."""

    step: Count
    val_loss: float | None


class Interrupted(Event, frozen=True):
    """Training was asked to stop, and everything is saved."""

    step: Count


class Done(Event, frozen=True):
    """The run has come to its end; nothing follows."""

    run: str
    step: Count
    val_loss: float | None


OfComponent = Step | Eval | Finding | Quantities | Histograms | Intervention | Paused | Saved | Doctor
"""What the training of one network says, of its own steps; the fitting says which component it is."""

EVENTS = (
    Baselines,
    Counted,
    Read,
    Network,
    Step,
    Eval,
    Samples,
    Finding,
    Quantities,
    Histograms,
    Intervention,
    Paused,
    Saved,
    Doctor,
    Died,
    Mixed,
    CrossValidated,
    Fitted,
    Interrupted,
    Done,
)
NAMES = frozenset(str(kind.__struct_config__.tag) for kind in EVENTS)

Kind = TypeVar("Kind", bound=Event)
_ANY = (
    Baselines
    | Counted
    | Read
    | Network
    | Step
    | Eval
    | Samples
    | Finding
    | Quantities
    | Histograms
    | Intervention
    | Paused
    | Saved
    | Doctor
    | Died
    | Mixed
    | CrossValidated
    | Fitted
    | Interrupted
    | Done
)


def to_record(event: Event) -> dict[str, Any]:
    """The event as plain JSON values; a number that is not finite becomes None."""
    return {key: finite(value) for key, value in msgspec.to_builtins(event).items()}


def from_record(record: Mapping[str, Any]) -> Event | None:
    """The event of a record, or None for one that this release does not know. Raises Damaged for a wrong field."""
    name = record.get("event")
    if name is not None and not isinstance(name, str):
        raise Damaged(f"a record is damaged: its event is {type(name).__name__}, and a name belongs there")
    if name not in NAMES:
        return None
    try:
        return msgspec.convert(record, _ANY)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Damaged(f'a record of the event "{name}" is damaged: {reason(error)}') from None


def read(records: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    """The events of these records, in their order."""
    return (event for record in records if (event := from_record(record)) is not None)


def of_kind(found: Iterable[Event], kind: type[Kind]) -> Iterator[Kind]:
    """Those of one kind."""
    return (event for event in found if isinstance(event, kind))


def finite(value: Any) -> Any:
    """The value with null for every number that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list):
        return [finite(v) for v in value]
    return value

"""What replays of the first batch on a copy of a model showed."""

from dataclasses import dataclass, fields
from typing import NamedTuple

Shape = tuple[int, ...]


class Ahead(NamedTuple):
    """Outputs of a model of the next symbol depend on later inputs: from which layer and operation on, and how far.

    `places` is the largest distance between an input and an output before it that it changes, `length` the length of
    the sequence. `past` is whether outputs depend on inputs before their own at all.
    """

    layer: str
    op: str
    places: int
    length: int
    past: bool


class BatchAsTime(NamedTuple):
    """A recurrent layer or an attention that runs along the batch; `twin` is the attention of the same kind that runs
    along the places of the same samples, where there is one.
    """

    layer: str
    op: str
    shape: Shape
    twin: str = ""


class SoftmaxAxis(NamedTuple):
    """A softmax along the batch ("batch"), along another axis than that which is summed over ("summed"), or along an
    axis of size 1 ("single").
    """

    layer: str
    along: str
    shape: Shape
    sums: float = 1.0


class CutHeads(NamedTuple):
    """A view from (..., time, channels) to (..., heads, time, channels / heads), which cuts across time."""

    layer: str
    before: Shape
    after: Shape


class Placed(NamedTuple):
    """What comes out for a sample depends on its place in the batch, from this layer and operation on."""

    layer: str
    op: str


class Unreached(NamedTuple):
    """An argument that differs between samples and that no output changes with.

    name : of the argument ; layer, op : what got it and gave nothing of it on; empty where nothing got it
    alone : there is no other argument that does ; mask : it is zeros and ones
    """

    name: str
    shape: Shape
    layer: str
    op: str
    alone: bool
    mask: bool


class OnePlace(NamedTuple):
    """Outputs for whole sequences that know of this place only, of so many."""

    place: int
    length: int


class Blind(NamedTuple):
    """An attention that does not know the order of its symbols: how many places, whether the next symbol is what is
    learned, and the layer that adds one and the same vector to all places (empty where none does).
    """

    length: int
    next_symbol: bool
    added: str


class Padded(NamedTuple):
    """What comes out changes with the padding behind a sequence: by which part of what differs between samples, which
    share of the places is padding, and whether a recurrent layer runs over it.
    """

    change: float
    share: float
    recurrent: bool


@dataclass(slots=True)
class Replayed:
    """Mistakes that replays showed; None where there are none, or where it cannot be known."""

    ahead: Ahead | None = None
    batch_as_time: BatchAsTime | None = None
    softmax: SoftmaxAxis | None = None
    heads: CutHeads | None = None
    placed: Placed | None = None
    unreached: Unreached | None = None
    one_place: OnePlace | None = None
    blind: Blind | None = None
    padded: Padded | None = None

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def add(self, other: "Replayed") -> None:
        """Add what another model's replays showed, where there was nothing of that kind yet."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) or getattr(other, field.name))

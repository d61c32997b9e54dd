"""What replays of the first batch on a copy of a model showed."""

from dataclasses import dataclass
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
    """A recurrent layer or an attention that runs along the batch."""

    layer: str
    op: str
    shape: Shape


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


@dataclass(slots=True)
class Replayed:
    """Mistakes that replays showed; None where there are none, or where it cannot be known."""

    ahead: Ahead | None = None
    batch_as_time: BatchAsTime | None = None
    softmax: SoftmaxAxis | None = None
    heads: CutHeads | None = None
    placed: Placed | None = None

    def __bool__(self) -> bool:
        return any((self.ahead, self.batch_as_time, self.softmax, self.heads, self.placed))

    def add(self, other: "Replayed") -> None:
        """Add what another model's replays showed, where there was nothing of that kind yet."""
        self.ahead = self.ahead or other.ahead
        self.batch_as_time = self.batch_as_time or other.batch_as_time
        self.softmax = self.softmax or other.softmax
        self.heads = self.heads or other.heads
        self.placed = self.placed or other.placed

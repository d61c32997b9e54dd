"""The context of one step: the frame being filled, and which call made which tensor."""

import weakref

from torch import Tensor

from moreish.doctor.frames.counts import RunningCounts
from moreish.doctor.frames.frame import Call, Frame
from moreish.doctor.watch.arguments import Args
from moreish.doctor.watch.copies import Copies
from moreish.doctor.watch.measure import Reader
from moreish.doctor.watch.noting import Noting
from moreish.doctor.watch.tables import Tables


class StepContext:
    """The state that observations of one step share.

    Tensors are not kept alive by it, only the model's inputs and targets are.
    """

    def __init__(
        self, frame: Frame, counts: RunningCounts, thorough: bool = True, copies: Copies | None = None
    ) -> None:
        self.frame, self.counts = frame, counts
        self.thorough = thorough  # look at what stays the same from step to step as well
        self.reader = Reader()
        self.noting = Noting(frame.noted, copies or Copies({}), thorough, counts.asked)
        self.inputs: Args = ()
        self.unanswered: set[str] = set()  # models that were called since the last loss
        self.looked_up: list[Tensor] = []  # ids that embeddings were asked for
        self.targets: list[Tensor] = []  # what outputs were compared with
        self.tables = Tables()
        self.rows: tuple[Tensor, Tensor] | None = None  # of a loss of yes or no, with the answers
        self.row_classes = 0  # how many there are, of the rows that were counted in this step
        self.grad = True  # whether the user's code had gradients on when it made the call
        self.differences: dict[int, tuple[Call, Tensor, float]] = {}  # output, target and sign of "output - target"
        self.moving: dict[int, Call] = {}  # differences of what two calls of networks gave, one of which is an aim
        self._origins: dict[int, tuple[weakref.ref[Tensor], Call]] = {}

    def origin(self, x: Tensor) -> Call | None:
        """The call that made this very tensor."""
        origin = self._origins.get(id(x))
        return origin[1] if origin is not None and origin[0]() is x else None

    def made_some(self, inputs: Args) -> bool:
        """Whether a network made some of these tensors in this step."""
        return any(self.origin(t) is not None for t in inputs if isinstance(t, Tensor))

    def remember(self, x: Tensor, call: Call) -> None:
        """Remember which call made a tensor."""
        self._origins[id(x)] = (weakref.ref(x), call)

    def forget(self) -> None:
        """Let go of everything but the frame."""
        self._origins.clear()
        self.noting.close()
        self.differences.clear()
        self.moving.clear()
        self.inputs, self.targets, self.looked_up, self.rows = (), [], [], None

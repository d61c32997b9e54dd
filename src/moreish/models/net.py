"""What every network here is: a `torch.nn.Module` that says how it reads, so that one loop trains all of them.

Beside `contract.py`, which a model without torch answers too; `inference.network` puts a `Net` behind that contract.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn

from moreish.models.contract import State

Layer = TypeVar("Layer", bound=nn.Module)


class Net(nn.Module):
    """Ids in, logits of the next id out.

    Options : the frozen dataclass of its options, which is the first argument
    windowed : windows (B, block_size) give logits (B, V), or else sequences (B, T) give (B, T, V)
    block_size : how many ids it can look back on; None: no limit (a windowed net has one)
    """

    Options: ClassVar[type]
    windowed: bool
    block_size: int | None

    def __init__(self, options: object, vocab_size: int) -> None:
        super().__init__()
        self.vocab_size = vocab_size


@runtime_checkable
class Stepwise(Protocol):
    """A net that can read one id at a time, remembering what it needs."""

    def step(self, idx: Tensor, state: State) -> tuple[Tensor, State]:
        """Ids (B,) to the logits (B, V) after them and the new state; None is the state before the first id."""
        ...


@runtime_checkable
class Rows(Protocol):
    """A state of a net that is more than one tensor of rows."""

    def take(self, rows: Tensor) -> "Rows":
        """The state of these rows, in this order; the old state stays valid."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A net that can read a long item piece by piece, remembering what it needs."""

    def read(self, idx: Tensor, state: State) -> tuple[Tensor, State]:
        """Ids (B, T) to the logits (B, T, V) at every position and the state after the last."""
        ...


class Layers(nn.ModuleList, Generic[Layer]):
    """torch's ModuleList, which forgets what kind of layers it holds."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        super().__init__(layers)

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[Layer]: ...

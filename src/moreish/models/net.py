"""What every network here is: a `torch.nn.Module` that says how it reads, so that one loop trains all of them.

Beside `contract.py`, which a model without torch answers too; `inference.network` puts a `Net` behind that contract.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn

from moreish.models.contract import State

Layer = TypeVar("Layer", bound=nn.Module)


class Net(nn.Module):
    """Ids in, logits of the next id out.

    Options : the frozen dataclass of its options, which is the first argument
    windowed : windows (B, block_size) give logits (B, V), or else sequences (B, T) give (B, T, V)
    block_size : how many ids it can look back on; None: no limit (a windowed net has one)
    kinds : how many kinds of items it tells apart, see `with_kinds`
    """

    Options: ClassVar[type]
    windowed: bool
    block_size: int | None
    kinds: int = 1

    def __init__(self, options: object, vocab_size: int) -> None:
        super().__init__()
        self.vocab_size = vocab_size


def with_kinds(net: "Net", kinds: int) -> "Net":
    """The same net, with rows of its own for the symbols of each kind in the table that it reads from.

    Id i of an item of kind k is read as `k * vocab_size + i`; what is foretold stays an id below vocab_size. All
    kinds begin alike. Raises ValueError for a net whose table for reading has another use as well.
    """
    if kinds == 1:
        return net
    name, table = next((name, m) for name, m in net.named_children() if name in ("wte", "logits"))
    assert isinstance(table, nn.Embedding), type(table)
    if table.num_embeddings != net.vocab_size or getattr(net, "head", net) is None:
        raise ValueError(
            f"{type(net).__name__} cannot learn kinds with these options: its table of symbols has another use too "
            "(a blank of its own, or the same table for reading and foretelling)"
        )
    wide = nn.Embedding(kinds * net.vocab_size, table.embedding_dim, device=table.weight.device)
    with torch.no_grad():
        wide.weight.copy_(table.weight.repeat(kinds, 1))
    setattr(net, name, wide)
    net.kinds = kinds
    return net


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

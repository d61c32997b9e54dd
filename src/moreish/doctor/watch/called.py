"""What a model was given: the arguments of a call, the tensors in them, and the same call with others."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from moreish.doctor.watch.arguments import Args, Kwargs


class CalledWith(NamedTuple):
    """What a model of this name was called with, and what its outputs were compared with in that step."""

    args: Args
    kwargs: Kwargs
    targets: Sequence[Tensor] = ()
    name: str = ""

    def change(self, do: Callable[[Tensor], Tensor]) -> "CalledWith":
        """The same call with every tensor changed, also those inside lists, tuples and dicts."""
        return self._replace(args=_change(self.args, do), kwargs=_change(self.kwargs, do))

    def tensors(self) -> list[Tensor]:
        """Every tensor among the arguments."""
        return every_tensor((self.args, self.kwargs))


def _change(value: Any, do: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return do(value.detach())
    if isinstance(value, dict):
        return {k: _change(v, do) for k, v in value.items()} if type(value) is dict else value
    if type(value) in (tuple, list):
        return type(value)(_change(v, do) for v in value)
    return value


def every_tensor(value: Any) -> list[Tensor]:
    """The tensors in a value, also those inside lists, tuples and dicts."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        return [t for v in value for t in every_tensor(v)]
    return []

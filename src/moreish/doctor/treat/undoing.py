"""How settings come back: each of these remembers what is there now, and `remove` puts it back as it was."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from torch import Tensor, nn
from torch.optim import Optimizer


class Handle(Protocol):
    """What undoes something: the handle of a hook, or a `Back`."""

    def remove(self) -> None:
        """Undo it."""


Handles = list[Handle]


class Back:
    """Undoes by a function; a second time nothing is left to do."""

    def __init__(self, restore: Callable[[], None]) -> None:
        self._restore: Callable[[], None] | None = restore

    def remove(self) -> None:
        """Undo it."""
        restore, self._restore = self._restore, None
        if restore is not None:
            restore()


def options(optimizers: Iterable[Optimizer], name: str) -> Back:
    """An option of every group that has it."""
    were = [(group, group[name]) for o in optimizers for group in o.param_groups if name in group]

    def restore() -> None:
        for group, value in were:
            group[name] = value

    return Back(restore)


def held(optimizers: Iterable[Optimizer]) -> Back:
    """The groups of each optimizer and which parameters they hold."""
    were: list[tuple[Optimizer, list[tuple[dict[str, Any], list[Tensor]]]]] = [
        (o, [(group, list(group["params"])) for group in o.param_groups]) for o in optimizers
    ]

    def restore() -> None:
        for optimizer, groups in were:
            for group, params in groups:
                group["params"] = params
            optimizer.param_groups[:] = [group for group, _ in groups]

    return Back(restore)


def attributes(modules: Iterable[nn.Module], name: str) -> Back:
    """A setting of some modules, or a method of theirs that stands in the module itself."""
    were = [(m, name in vars(m), vars(m).get(name)) for m in modules]

    def restore() -> None:
        for module, known, value in were:
            if known:
                vars(module)[name] = value
            else:
                vars(module).pop(name, None)

    return Back(restore)


def all_of(handles: Sequence[Handle]) -> Back:
    """Several, the last one first."""

    def restore() -> None:
        for handle in reversed(handles):
            handle.remove()

    return Back(restore)

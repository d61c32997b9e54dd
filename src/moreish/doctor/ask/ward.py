"""A ward: everything that a program trains, under observation; models and optimizers are found by themselves."""

import functools
import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.optim import Optimizer

from moreish.doctor.doctor import Doctor
from moreish.doctor.judge.finding import Finding


class Ward:
    """One doctor for everything that the script trains; it comes with the first optimizer."""

    def __init__(
        self,
        budget: float,
        ignore: Iterable[str],
        on_finding: Callable[[Finding], object] | None = None,
        stop_on: str | None = None,
    ) -> None:
        self.budget, self.ignore = budget, tuple(ignore)
        self.on_finding, self.stop_on = on_finding, stop_on
        self.doctor: Doctor | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Notice every optimizer that is made meanwhile; torch.optim is as before afterwards."""
        original = Optimizer.__init__

        @functools.wraps(original)
        def noticed(optimizer: Optimizer, *args: Any, **kwargs: Any) -> None:
            original(optimizer, *args, **kwargs)
            self.admit(optimizer)

        setattr(Optimizer, "__init__", noticed)  # noqa: B010 - a method of torch's is replaced for a while
        try:
            yield
        finally:
            setattr(Optimizer, "__init__", original)  # noqa: B010
            if self.doctor is not None:
                self.doctor.__exit__()

    def admit(self, optimizer: Optimizer) -> None:
        """Watch an optimizer and the models that own its parameters."""
        models = owners(optimizer)
        if self.doctor is None:
            if models:
                self.doctor = Doctor(
                    models,
                    optimizer,
                    budget=self.budget,
                    ignore=self.ignore,
                    on_finding=self.on_finding,
                    stop_on=self.stop_on,
                )
                self.doctor.__enter__()
        else:
            for model in models:
                self.doctor.watch_model(model)
            self.doctor.watch(optimizer)


def owners(optimizer: Optimizer) -> list[nn.Module]:
    """The outermost modules alive that own a parameter of the optimizer."""
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    modules = [m for m in gc.get_objects() if issubclass(type(m), nn.Module) and "_parameters" in vars(m)]
    found = [m for m in modules if any(id(p) in held for p in m.parameters())]
    inside = {id(part) for m in found for part in m.modules() if part is not m}
    return [m for m in found if id(m) not in inside]

"""For tests: a training that must be healthy."""

import gc
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import overload

from torch.optim import Optimizer

from moreish.doctor.ask.ward import Ward
from moreish.doctor.judge.diagnosis import failing


@overload
def assert_healthy(
    train: None = None, *, ignore: Iterable[str] = (), severity: str = "watch", budget: float = math.inf
) -> AbstractContextManager[None]: ...
@overload
def assert_healthy(
    train: Callable[[], object], *, ignore: Iterable[str] = (), severity: str = "watch", budget: float = math.inf
) -> None: ...
def assert_healthy(
    train: Callable[[], object] | None = None,
    *,
    ignore: Iterable[str] = (),
    severity: str = "watch",
    budget: float = math.inf,
) -> AbstractContextManager[None] | None:
    """Call `train()`, or be the context in which something is trained, and watch every model and optimizer there is.

    Raises AssertionError with the report where a finding is of this severity or worse (or is the one of this id or
    slug), and where no step was seen, because then nothing is known. `ignore` names findings that are meant. Every
    step is looked at, so that a test says the same each time; a long training is watched by a smaller `budget`.
    """
    __tracebackhide__ = True
    failing([], severity)
    if train is None:
        return _healthy(ignore, severity, budget)
    with _healthy(ignore, severity, budget):
        train()
    return None


@contextmanager
def _healthy(ignore: Iterable[str], severity: str, budget: float) -> Iterator[None]:
    __tracebackhide__ = True
    ward = Ward(budget, ignore)
    with ward.open():
        for optimizer in _alive():
            ward.admit(optimizer)
        yield
    watched = ward.watched()
    if not watched.to_dict()["steps"]:
        raise AssertionError(f"no optimizer step was seen, so nothing is known\n{watched.report()}")
    if failing(watched.findings, severity):
        raise AssertionError(f"this training is not healthy\n{watched.report()}")


def _alive() -> list[Optimizer]:
    """Optimizers that were made before, by a fixture for instance."""
    gc.collect()
    return [o for o in gc.get_objects() if issubclass(type(o), Optimizer) and "param_groups" in vars(o)]

"""A script under observation: any training script, run as it is; models and optimizers are found by themselves."""

import functools
import gc
import runpy
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim import Optimizer

from moreish.doctor.doctor import Doctor
from moreish.doctor.judge.finding import Finding
from moreish.doctor.watch.clock import BUDGET


@dataclass
class Watched:
    """What came of a script: the doctor (None where no optimizer was ever made) and the exception that ended it."""

    doctor: Doctor | None
    error: BaseException | None

    @property
    def findings(self) -> list[Finding]:
        """Worst first."""
        return self.doctor.findings if self.doctor is not None else []

    def report(self) -> str:
        """The findings as text, or why there is nothing to report."""
        if self.doctor is None:
            return "No torch.optim optimizer was made, so there was nothing to watch.\n"
        return self.doctor.report()

    def to_dict(self) -> dict[str, Any]:
        """The findings as plain values."""
        if self.doctor is None:
            return {"findings": [], "notes": [self.report().strip()], "steps": 0, "frames": 0, "cost": 0.0}
        return self.doctor.to_dict()


def watch_script(
    path: str | Path, argv: Sequence[str] = (), *, budget: float = BUDGET, ignore: Iterable[str] = ()
) -> Watched:
    """Run a script as `python path *argv` would, and watch every optimizer it makes and the models they train.

    The script's own output goes where it always goes. An exception of the script ends it and is returned as
    `error`; sys.exit(0) is no error. Raises ValueError if there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: there is no such script")
    ward = _Ward(budget, ignore)
    error: BaseException | None = None
    with _as_main(path, argv), ward.open():
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as exit:
            error = exit if exit.code not in (None, 0) else None
        except (Exception, KeyboardInterrupt) as failure:
            error = failure
    return Watched(ward.doctor, error)


class _Ward:
    """One doctor for everything that the script trains; it comes with the first optimizer."""

    def __init__(self, budget: float, ignore: Iterable[str]) -> None:
        self.budget, self.ignore = budget, tuple(ignore)
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
                self.doctor = Doctor(models, optimizer, budget=self.budget, ignore=self.ignore)
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


@contextmanager
def _as_main(path: Path, argv: Sequence[str]) -> Iterator[None]:
    """sys.argv and sys.path as the interpreter would set them for this script."""
    before = sys.argv, sys.path[:]
    sys.argv, sys.path = [str(path), *argv], [str(path.resolve().parent), *sys.path]
    try:
        yield
    finally:
        sys.argv, sys.path[:] = before[0], before[1]
